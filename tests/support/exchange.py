"""An Asterisk whose clock the test sets: it takes call files as pbx_spool.c does, and keeps the carrier's ledger."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from obzvon.asterisk.process import AsteriskIdentity, AsteriskState, RunningAsterisk
from obzvon.asterisk.spool import Spool
from tests.support.workshop import begin_call, end_call, number_in

#: After a restart Asterisk repeats the calls whose files were left, when their mtime has passed: 2 × RetryTime.
_AGAIN_AFTER = timedelta(seconds=120)
#: More than any process id of Linux.
_FIRST_PID = 1 << 23


class CarrierCall(msgspec.Struct, frozen=True):
    """A call that the carrier saw: the name of its file, its number and its time."""

    name: str
    number: str
    at: datetime


class Exchange:
    """An Asterisk on a spool, with restarts. `ledger` has every call that the carrier saw, `up` those in progress."""

    def __init__(self, spool: Path, done: Path | None, seed: int) -> None:
        self.ledger: list[CarrierCall] = []
        self.up: dict[str, float] = {}
        self.most = 0
        self.is_running = True
        self._spool, self._done = spool, done
        self._random = random.Random(seed)
        self._starts = 1
        self._delayed: dict[str, datetime] = {}

    @property
    def pid(self) -> int:
        """The process id of the running Asterisk; it changes with each restart."""
        return _FIRST_PID + self._starts

    def show_to(self, patched: pytest.MonkeyPatch) -> None:
        """Let the service see this Asterisk's process, which is none of this machine's."""
        patched.setattr(
            Spool, "asterisk_state", lambda _: AsteriskState.RUNNING if self.is_running else AsteriskState.DOWN
        )
        patched.setattr(
            Spool, "asterisk_identity", lambda _: (self.pid, self._starts, 0.0) if self._running() else None
        )
        patched.setattr(Spool, "is_watched", lambda _: True)
        patched.setattr(Spool, "running_asterisks", lambda _: self._running())

    def _identity(self) -> AsteriskIdentity | None:
        return (self.pid, self._starts, 0.0) if self.is_running else None

    def _running(self) -> list[RunningAsterisk]:
        return [RunningAsterisk(frozenset({self.pid}), 0.0)] if self.is_running else []

    def tick(self, now: datetime, uptime: float) -> None:
        """End the calls that are over, and begin those whose files have come. Calls last by `uptime`, in seconds."""
        if not self.is_running:
            return
        for name in [name for name, ends_at in self.up.items() if ends_at <= uptime]:
            self._end(name)
        for file in sorted(self._spool.iterdir()):
            if file.name not in self.up and self._delayed.get(file.name, now) <= now:
                self._begin(file, now, uptime)
        self.most = max(self.most, len(self.up))

    def crash(self) -> None:
        """End as a crash does: the calls are cut, and their files stay."""
        self.is_running = False
        self.up.clear()

    def start(self, now: datetime) -> None:
        """Start again: call the files in the spool, and in two minutes repeat the calls that were in progress."""
        self.is_running = True
        self._starts += 1
        self._delayed = {
            file.name: now + _AGAIN_AFTER for file in self._spool.iterdir() if "StartRetry" in file.read_text()
        }

    def _begin(self, file: Path, now: datetime, uptime: float) -> None:
        self._delayed.pop(file.name, None)
        self.ledger.append(CarrierCall(file.name, number_in(file), now))
        begin_call(file, self.pid)
        self.up[file.name] = uptime + self._random.choice((1, 2, 5, 12, 30))

    def _end(self, name: str) -> None:
        del self.up[name]
        file = self._spool / name
        if file.exists():  # the service may have taken it out, which does not end the call
            end_call(file, self._random.choice(("Completed", "Expired")), done=self._done)
