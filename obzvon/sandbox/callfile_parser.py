"""Parser of call files as the stand-in for Asterisk reads them, and its simulated carrier. Pure."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from obzvon.domain.results import Disposition

#: Result of a call by the last digit of its number; 5 is a long talk.
RESULT_BY_LAST_DIGIT = (
    *(Disposition.ANSWERED,) * 6,
    Disposition.BUSY,
    Disposition.NO_ANSWER,
    Disposition.CONGESTION,
    Disposition.FAILED,
)

_LONG_TALK = "5"
_DIGITS = frozenset("0123456789")


class CallFile(msgspec.Struct, frozen=True):
    """A call file as pbx_spool reads it; the defaults are those of pbx_spool. Times in seconds.

    `retries` counts the attempts by the notes in the file; `calling_pid` is the Asterisk that is calling it now, 0 if
    none; `problems` are the remarks that pbx_spool leaves in its log.
    """

    tech: str = ""
    destination: str = ""
    extension: str = ""
    application: str = ""
    variables: dict[str, str] = {}
    max_retries: int = 0
    retry_time: int = 300
    wait_time: int = 45
    retries: int = 0
    calling_pid: int = 0
    archive: bool = False
    always_delete: bool = True
    problems: tuple[str, ...] = ()

    @property
    def callable(self) -> bool:
        """Return whether it says whom to call and what to do then; if not, pbx_spool discards it."""
        return bool(self.tech and self.destination and (self.application or self.extension))

    @property
    def number(self) -> str:
        """Return the dialled number: NUM of ``Local/NUM@context``; empty for any other channel."""
        return self.destination.partition("@")[0] if self.tech.lower() == "local" else ""


class SimulatedOutcome(msgspec.Struct, frozen=True, gc=False):
    """Outcome of an attempt, and how long it keeps its line, in seconds."""

    disposition: Disposition
    lasts: float

    @property
    def answered(self) -> bool:
        """Return whether somebody answered."""
        return self.disposition is Disposition.ANSWERED


class SimulatedCarrier(msgspec.Struct, frozen=True):
    """Times of the simulated subscribers, in seconds: to talk, to ring out, to reject a call."""

    talk: float = 1.0
    long_talk: float = 10.0
    ring: float = 3.0
    busy: float = 0.2

    def simulate(self, number: str, wait_time: float) -> SimulatedOutcome:
        """Return the outcome of one attempt at that number; nobody rings longer than `wait_time`."""
        disposition = RESULT_BY_LAST_DIGIT[int(number[-1])] if ends_with_digit(number) else Disposition.FAILED
        match disposition:
            case Disposition.ANSWERED:
                return SimulatedOutcome(disposition, self.long_talk if number.endswith(_LONG_TALK) else self.talk)
            case Disposition.NO_ANSWER:
                return SimulatedOutcome(disposition, min(self.ring, wait_time))
            case Disposition.FAILED:
                return SimulatedOutcome(disposition, 0.0)
            case _:
                return SimulatedOutcome(disposition, min(self.busy, wait_time))


def ends_with_digit(number: str) -> bool:
    """Return whether the carrier gets to see the number: it ends with an ASCII digit."""
    return number[-1:] in _DIGITS


def parse_call_file(data: bytes) -> CallFile:
    """Parse a call file as pbx_spool does, with every oddity that decides whether and whom it calls.

    pbx_spool.c: names of keys in any case, a byte before them hides them; the last of two equal keys wins; what cannot
    be a number falls back to the default; Retry, EndRetry and AbortRetry each count one attempt.
    """
    reader = _CallFileParser()
    for place, line in _lines(data):
        if line is None:
            reader.problems.append(f"line {place} is too long and skipped")
        elif line:
            reader.take(place, line)
    return CallFile(
        **reader.fields, variables=reader.variables, retries=reader.retries, problems=tuple(reader.problems)
    )


_BLANKS = bytes(range(33))
_CHUNK = re.compile(rb"[^\n]{0,1022}\n|[^\n]{1,1023}")  # what fgets puts into pbx_spool's 1,024 bytes
_HASH = re.compile(rb"(?:\A|(?<=[ \t]))#")
_SEMICOLON = re.compile(rb"(?<!\\);")
_INTEGER = re.compile(rb"[+-]?[0-9]{1,30}")
_ANY = -(2**31)

_TEXTS = {b"extension": "extension", b"application": "application"}
_FLAGS = {b"archive": "archive", b"alwaysdelete": "always_delete"}
_NUMBERS = {  # the field, its least value, its default
    b"maxretries": ("max_retries", _ANY, 0),
    b"retrytime": ("retry_time", 1, 300),
    b"waittime": ("wait_time", 1, 45),
    b"startretry": ("calling_pid", _ANY, 0),
}
_ATTEMPTS = frozenset({b"retry", b"endretry", b"abortretry"})
_UNUSED = frozenset(
    {b"callerid", b"context", b"priority", b"data", b"account", b"codecs", b"early_media", b"delayedretry"}
)
_TRUE = frozenset({b"yes", b"true", b"y", b"t", b"1", b"on"})


class _CallFileParser:
    """State of the parser after the lines so far."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.variables: dict[str, str] = {}
        self.retries = 0
        self.problems: list[str] = []

    def take(self, place: int, line: bytes) -> None:
        """Parse one line without comments and trailing blanks."""
        name, colon, value = line.partition(b":")
        key, value = name.lower(), value.lstrip(_BLANKS)
        if not colon:
            self.problems.append(f"line {place} has no colon")
        elif key in _TEXTS:
            self.fields[_TEXTS[key]] = _text(value)
        elif key in _NUMBERS:
            self._number(place, key, value)
        elif key in _FLAGS:
            self.fields[_FLAGS[key]] = value.lower() in _TRUE
        elif key in {b"setvar", b"set"}:
            self._variable(place, value)
        elif key == b"channel":
            self._channel(place, value)
        elif key in _ATTEMPTS:
            self.retries += 1
            if key != b"retry":
                self.fields["calling_pid"] = 0
        elif key not in _UNUSED:
            self.problems.append(f"line {place}: unknown keyword {_text(name)!r}")

    def _number(self, place: int, key: bytes, value: bytes) -> None:
        field, least, default = _NUMBERS[key]
        found = _INTEGER.match(value)
        number = _as_c_int(int(found.group())) if found else None
        if number is None or number < least:
            self.problems.append(f"line {place}: {_text(value)!r} is no {_text(key)}")
            number = default
        self.fields[field] = number

    def _variable(self, place: int, value: bytes) -> None:
        name, equals, content = value.partition(b"=")
        if equals:
            self.variables[_text(name)] = _text(content)
        else:
            self.problems.append(f"line {place}: a variable wants name=value")

    def _channel(self, place: int, value: bytes) -> None:
        tech, slash, destination = value.partition(b"/")
        if slash:
            self.fields["tech"], self.fields["destination"] = _text(tech), _text(destination)
        else:
            self.problems.append(f"line {place}: a channel is technology/destination")


def _lines(data: bytes) -> Iterator[tuple[int, bytes | None]]:
    """Yield the number of each line and the line without comments; None for one that is too long for pbx_spool.

    pbx_spool.c: a line ends for it at the first NUL, so one with a NUL seems unfinished and takes the next with it.
    """
    place, skipping = 0, False
    for found in _CHUNK.finditer(data):
        chunk = found.group()
        line = chunk.partition(b"\0")[0]
        at_end = found.end() == len(data) and len(chunk) < 1023 and not chunk.endswith(b"\n")
        complete = line.endswith(b"\n") or at_end
        if skipping:
            skipping = not complete
            continue
        place += 1
        skipping = not complete
        yield place, _without_comment(line) if complete else None


def _without_comment(line: bytes) -> bytes:
    if b"#" in line:
        line = _HASH.split(line, maxsplit=1)[0]
    if b";" in line:
        line = _SEMICOLON.split(line, maxsplit=1)[0].replace(b"\\;", b";")
    return line.rstrip(_BLANKS)


def _as_c_int(number: int) -> int:
    """Return the value that C's sscanf stores: too big for 64 bits is the biggest, then the low 32 bits are kept."""
    number = max(-(2**63), min(number, 2**63 - 1))
    return (number + 2**31) % 2**32 - 2**31


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
