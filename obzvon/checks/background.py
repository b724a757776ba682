"""Self-check as the service runs it: in a separate process, which delays no bundle and no stop.

With 100,000 rows in the list it takes a second of a core and 100 MB, which are free again when it ends.
"""

import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from obzvon.asterisk.ami.reconnect import LoginState
from obzvon.checks.context import error
from obzvon.common.errors import UserError, os_error_reason
from obzvon.common.i18n import Message, say, say_many
from obzvon.journal.commands import CommandQueue, CommandResult
from obzvon.journal.findings import CHECK_INTERVAL, Finding, FindingsStore, Level

log = logging.getLogger("obzvon")

#: How long a check may take: a folder on a dead server never answers.
_TIMEOUT_SECONDS = 120.0
#: How long a check may take to end when the service stops.
_STOP_SECONDS = 1.0
_BY_HAND = say("run obzvon check as the service's user; it says where it comes to a stop")


class BackgroundCheck:
    """Runs one self-check at a time. `request` asks for one, `poll` starts it and collects its findings. Neither waits.

    `login_state`: what is known of the service's own login to AMI. Where it is refused, a check that nobody asked for
    does not try it again.
    """

    #: -P: the working folder is the editor's to write, and nothing of it may be imported here.
    program: Sequence[str] = (sys.executable, "-P", "-m", "obzvon.checks")

    def __init__(
        self,
        settings: Path,
        findings: FindingsStore,
        commands: CommandQueue,
        *,
        login_state: Callable[[], LoginState] | None = None,
        program: Sequence[str] | None = None,
        patience: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._settings = settings
        self._findings = findings
        self._commands = commands
        self._login_state = login_state
        self._program = program or self.program
        self._patience = patience
        self._wanted = False
        self._asked: list[int] = []
        self._answering: list[int] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._complained: IO[bytes] | None = None
        self._began = 0.0
        self._logged: tuple[int, int] | None = None
        #: Whether the service was started by cron.
        self.once = False

    @property
    def busy(self) -> bool:
        """Return whether a check is requested or running."""
        return self._wanted or self.process is not None

    def request(self, command: int | None = None) -> None:
        """Request a check. If one is running, another follows it, so that it sees the fixes made meanwhile."""
        self._wanted = True
        if command is not None:
            self._asked.append(command)

    def request_if_due(self, now: datetime) -> None:
        """Request a check if the last one is older than an hour. Raises UserError."""
        last = self._findings.latest_summary()
        if last is None or abs(now - last.at) >= CHECK_INTERVAL:
            self.request()

    def poll(self, now: datetime) -> None:
        """Start a requested check, and write the findings of a finished one to the journal."""
        if self.process is None:
            if self._wanted:
                self._begin(now)
            return
        if self.process.poll() is None:
            if time.monotonic() - self._began < self._patience:
                return
            self.process.kill()
            self.process.wait()
            seconds = int(self._patience)
            self._leave([_failed(say("it was not done after {seconds} seconds", seconds=seconds))], now)
        else:
            self._leave(self._heard(self.process.returncode), now)

    def stop(self) -> None:
        """End a running check, because the service stops."""
        self._wanted = False
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self._close()

    def _begin(self, now: datetime) -> None:
        self._wanted = False
        self._answering, self._asked = self._asked, []
        state = self._login_state() if self._login_state else LoginState.UNKNOWN
        if state is LoginState.REFUSED and self._answering:
            # An operator who asks for a check has fixed something and wants to see whether it helped.
            state = LoginState.UNKNOWN
        try:
            # In memory: a full disk is one of the things that it reports.
            self._said = os.fdopen(os.memfd_create("said"), "w+b")
            self._complained = os.fdopen(os.memfd_create("complained"), "w+b")
            self.process = subprocess.Popen(  # noqa: S603 - this very program, by this very Python
                [*self._program, str(self._settings), str(os.getpid()), state],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._complained,
                start_new_session=True,
            )
        except OSError as failed:
            self._leave([_failed(os_error_reason(failed))], now)
        else:
            self._began = time.monotonic()

    def _heard(self, status: int) -> list[Finding]:
        assert self._said is not None  # noqa: S101 - `_begin` has opened both
        assert self._complained is not None  # noqa: S101 - as above
        self._said.seek(0)
        if status == 0:
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                return msgspec.json.decode(self._said.read(), type=list[Finding])
        self._complained.seek(0)
        lines = self._complained.read().decode(errors="replace").strip().splitlines()
        return [_failed(lines[-1] if lines else str(status))]

    def _leave(self, found: list[Finding], now: datetime) -> None:
        answering, self._answering = self._answering, []
        self._close()
        errors, warnings = (sum(one.level is level for one in found) for level in (Level.ERROR, Level.WARNING))
        try:
            self._findings.replace(found, at=now, once=self.once)
            for command in answering:
                self._commands.complete(command, CommandResult.done(_summary(errors)))
        except UserError as failed:  # the next one comes in an hour, and the dialer has more to say of this
            log.warning("%s", failed)
            return
        if (errors, warnings) != self._logged:
            self._logged = errors, warnings
            log.log(
                logging.WARNING if errors else logging.INFO,
                "%s",
                say(
                    "self-check; errors: {errors}, warnings: {warnings}; see: obzvon check",
                    errors=errors,
                    warnings=warnings,
                ),
            )

    def _close(self) -> None:
        for stream in (self._said, self._complained):
            if stream is not None:
                stream.close()
        self.process = self._said = self._complained = None


def _summary(errors: int) -> Message:
    if errors:
        return say_many("everything has been checked: {n} error", "everything has been checked: {n} errors", errors)
    return say("everything has been checked: no errors")


def _failed(reason: Message | str) -> Finding:
    return error("", say("the self-check has failed: {why}", why=reason), _BY_HAND)
