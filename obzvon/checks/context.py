"""How a check says what it found, good or bad, and what it is given to find it."""

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from obzvon.asterisk.spool import Spool
from obzvon.common.errors import Problem
from obzvon.common.i18n import Message
from obzvon.common.text import escape_controls, escape_values
from obzvon.journal.findings import Finding, Level
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings

_ERROR = 5
_TIMEX = 512
"""Bytes: struct timex is 208 on 64-bit Linux; `modes`, its first field, stays 0, so nothing is changed."""


def is_synchronised() -> bool | None:
    """By adjtimex(2): TIME_ERROR is a clock that no NTP client keeps.

    None where the kernel does not tell, as in some containers.
    """
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else bool(state != _ERROR)


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are on this machine, and who we are; what a test puts in their place."""

    as_root: bool = msgspec.field(default_factory=lambda: os.geteuid() == 0)
    asterisk: str = "asterisk"
    """The program that asks a running Asterisk."""
    asterisk_conf: Path = Path("/etc/asterisk/asterisk.conf")
    editors: tuple[str, ...] = ("obzvon-web", "www-data", "apache", "nginx")
    """Users that web pages run as; none of them may write call files."""
    ami_refused: bool = False
    """Whether Asterisk is known to refuse our login to its manager interface: it is not tried once more then."""
    is_synchronised: Callable[[], bool | None] = is_synchronised
    """Whether something keeps this machine's clock right; None = it cannot be told."""


class CheckContext(msgspec.Struct):
    """One examination: what the checks look at, and what the later ones need of the earlier.

    `calls` is how many calls a run of the list makes, `coded` how many of them have an extension code; `journal` is
    None where there is none or it cannot be opened.
    """

    settings: Settings
    spool: Spool
    now: datetime
    machine: Machine
    journal: Journal | None = None
    calls: int = 0
    coded: int = 0

    def service_uid(self) -> int:
        """The user that the service is to run as: whose the call files are to be, or our own where nobody says."""
        try:
            uid = self.spool.file_owner()[0]
        except OSError:
            uid = -1
        return os.geteuid() if uid == -1 else uid


Check = Callable[[CheckContext], Iterator[Finding]]


def good(where: object, what: Message, hint: Message | None = None) -> Finding:
    """It was looked at, and it is as it should be."""
    return _finding(Level.OK, where, what, hint or Message(""))


def warning(where: object, what: Message, remedy: Message) -> Finding:
    """It may keep calls from being made as they should."""
    return _finding(Level.WARNING, where, what, remedy)


def error(where: object, what: Message, remedy: Message) -> Finding:
    """It keeps calls from being made as they should."""
    return _finding(Level.ERROR, where, what, remedy)


def finding_from(problem: Problem, level: Level) -> Finding:
    """A problem that another room has found."""
    return _finding(level, problem.where, problem.what, problem.remedy)


def _finding(level: Level, where: object, what: Message, remedy: Message) -> Finding:
    """Names of files and rows of the list, which are in it, may hold anything; it goes to terminals and into JSON."""
    return Finding(level, escape_controls(str(where)), escape_values(what), escape_values(remedy))


def join_messages(messages: Iterable[Message]) -> Message:
    """Several messages in one line."""
    values = {f"item{number}": message for number, message in enumerate(messages)}
    return Message("; ".join(f"{{{name}}}" for name in values), dict(values))
