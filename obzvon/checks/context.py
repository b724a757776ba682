"""Input of a check, and the findings that it yields."""

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from obzvon.asterisk.ami.reconnect import LoginState
from obzvon.asterisk.spool import Spool
from obzvon.common.boot import boot_id, uptime
from obzvon.common.errors import Problem
from obzvon.common.i18n import Message
from obzvon.common.text import escape_controls, escape_values
from obzvon.journal.findings import Finding, Level
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings

_ERROR = 5
#: struct timex is 208 bytes on 64-bit Linux; `modes`, its first field, stays 0, so nothing is changed.
_TIMEX_BYTES = 512


def is_synchronised() -> bool | None:
    """Return whether adjtimex(2) calls the clock synchronised: TIME_ERROR is a clock that no NTP client keeps.

    None if the kernel does not say, as in some containers.
    """
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else bool(state != _ERROR)


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of this machine and our own user, which tests replace."""

    as_root: bool = msgspec.field(default_factory=lambda: os.geteuid() == 0)
    #: The program that queries a running Asterisk.
    asterisk: str = "asterisk"
    asterisk_conf: Path = Path("/etc/asterisk/asterisk.conf")
    #: Users that web servers run as; none of them may write call files.
    editors: tuple[str, ...] = ("obzvon-web", "www-data", "apache", "nginx")
    #: What the service knows of its own login to Asterisk's manager interface. A refused one is not tried again.
    ami_login: LoginState = LoginState.UNKNOWN
    #: Whether the service that asks for the check keeps the journal open and writes it all the time. A check of low
    #: priority must not take its lock: on a busy machine it would be suspended with it, and the service would wait.
    journal_in_use: bool = False
    #: Whether a time service keeps this machine's clock right; None = unknown.
    is_synchronised: Callable[[], bool | None] = is_synchronised
    #: The id of this boot, and the seconds since then.
    boot: str | None = msgspec.field(default_factory=boot_id)
    uptime: Callable[[], float] = uptime


class CheckContext(msgspec.Struct):
    """Input of the checks of one run, and results of the earlier ones that later ones need.

    `calls` is how many calls a run of the list makes, `coded` how many of them have an extension code; `journal` is
    None if there is none or it cannot be opened.
    """

    settings: Settings
    spool: Spool
    now: datetime
    machine: Machine
    journal: Journal | None = None
    calls: int = 0
    coded: int = 0
    #: Whether our own login to Asterisk's manager interface was taken: only then is there another one.
    is_login_taken: bool = False

    def service_uid(self) -> int:
        """Return the user that the service should run as: the owner of call files, or our own user if none is set."""
        try:
            uid = self.spool.file_owner()[0]
        except OSError:
            uid = -1
        return os.geteuid() if uid == -1 else uid


Check = Callable[[CheckContext], Iterator[Finding]]


def good(where: object, what: Message, hint: Message | None = None) -> Finding:
    """Return a finding that all is well."""
    return _finding(Level.OK, where, what, hint or Message(""))


def warning(where: object, what: Message, remedy: Message) -> Finding:
    """Return a finding that may keep calls from being made properly."""
    return _finding(Level.WARNING, where, what, remedy)


def error(where: object, what: Message, remedy: Message) -> Finding:
    """Return a finding that keeps calls from being made properly."""
    return _finding(Level.ERROR, where, what, remedy)


def finding_from(problem: Problem, level: Level) -> Finding:
    """Return a finding for a problem from elsewhere."""
    return _finding(level, problem.where, problem.what, problem.remedy)


def _finding(level: Level, where: object, what: Message, remedy: Message) -> Finding:
    """Return a finding with control characters escaped: file names and rows may hold anything, and go to terminals."""
    return Finding(level, escape_controls(str(where)), escape_values(what), escape_values(remedy))


def join_messages(messages: Iterable[Message]) -> Message:
    """Return several messages as one line."""
    values = {f"item{number}": message for number, message in enumerate(messages)}
    return Message("; ".join(f"{{{name}}}" for name in values), dict(values))
