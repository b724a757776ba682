"""Parsers of the values in settings.ini. Each returns the checked value or raises InvalidValueError."""

import contextlib
import grp
import math
import pwd
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS

from obzvon.common.i18n import Message, say
from obzvon.domain.pacing import PaceMode
from obzvon.domain.retries import RetryRule

#: A line of a call file may have 1000 bytes, the key included.
_MAX_LINE_BYTES = 990
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,79}")
#: Names of users, of a machine or of Asterisk.
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?")
_DURATION = re.compile(r"(?:(?P<hours>\d{1,3}) ?[hч])?\s*(?:(?P<minutes>\d{1,4}) ?(?:min|мин|m|м))?", re.IGNORECASE)
_WORDS = {
    "yes": True,
    "да": True,
    "on": True,
    "true": True,
    "1": True,
    "no": False,
    "нет": False,
    "off": False,
    "false": False,
    "0": False,
}


class InvalidValueError(Exception):
    """The text is not a valid value: `what` is wrong with it, `remedy` says what to write."""

    def __init__(self, what: Message, remedy: Message) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy


def parse_text(text: str) -> str:
    """Return the text, which must have visible characters only."""
    if "\0" in text or not text.isprintable():
        raise InvalidValueError(say("it has invisible characters"), say("type it again"))
    return text


def integer_parser(least: int, most: int) -> Callable[[str], int]:
    """Return a parser of integers from `least` to `most`."""

    def read(text: str) -> int:
        if re.fullmatch(r"[0-9]{1,12}", text) and least <= int(text) <= most:
            return int(text)
        raise InvalidValueError(
            say("{value} is not allowed here", value=text),
            say("write a whole number from {least} to {most}", least=least, most=most),
        )

    return read


def parse_seconds(text: str) -> float:
    """Return a number of seconds, up to a day. The decimal sign is a point or a comma."""
    value = _number(text)
    if 0 <= value <= 86_400:
        return value
    raise InvalidValueError(
        say("{value} is not a number of seconds", value=text),
        say("write a number of seconds from 0 to {most}, for example 10", most=86_400),
    )


def parse_rate(text: str) -> float:
    """Return a number of calls per second."""
    value = _number(text)
    if 0.01 <= value <= 1000:
        return value
    raise InvalidValueError(
        say("{value} is not a number of calls per second", value=text),
        say("write a number from {least} to {most}, for example 10", least=0.01, most=1000),
    )


def _number(text: str) -> float:
    try:
        return math.nan if "_" in text else float(text.replace(",", "."))
    except ValueError:
        return math.nan


def parse_pace_mode(text: str) -> PaceMode:
    """Return the mode in which the next bundle is chosen."""
    return PaceMode(choice_parser(*PaceMode)(text))


def parse_flag(text: str) -> bool:
    """Return a boolean, written in English or Russian."""
    if (value := _WORDS.get(text.lower())) is not None:
        return value
    raise InvalidValueError(say("{value} is neither yes nor no", value=text), say("write yes or no"))


def choice_parser(*words: str) -> Callable[[str], str]:
    """Return a parser of these words, in any case."""

    def read(text: str) -> str:
        for word in words:
            if word.lower() == text.lower():
                return word
        raise InvalidValueError(
            say("{value} is not one of the words allowed here", value=text),
            say("write one of: {words}", words=", ".join(words)),
        )

    return read


def parse_date(text: str) -> date:
    """Return a date, written as 2022-01-24 or 24.01.2022."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise InvalidValueError(say("{value} is not a date", value=text), say("write it as 2022-01-24"))


def parse_time(text: str) -> time:
    """Return a time of day, written as 21:00 or 21-00."""
    found = re.fullmatch(r"([0-9]{1,2})[:-]([0-9]{2})", text)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    raise InvalidValueError(say("{value} is not a time of day", value=text), say("write it as 21:00"))


def parse_duration(text: str) -> timedelta:
    """Return a duration of at most a day, written as 2:00, 90m or 4h."""
    if text == "0":
        return timedelta()
    hours_minutes = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])", text)
    words = None if text.isascii() and text.isdigit() else _DURATION.fullmatch(text)
    if hours_minutes:
        duration = timedelta(hours=int(hours_minutes[1]), minutes=int(hours_minutes[2]))
    elif words:
        duration = timedelta(hours=int(words["hours"] or 0), minutes=int(words["minutes"] or 0))
    else:
        raise InvalidValueError(
            say("{value} is not a length of time", value=text),
            say("write it as 2:00, 90m or 4h; 0 = never; empty = the rest of the day"),
        )
    if duration > timedelta(days=1):
        raise InvalidValueError(say("{value} is more than a day", value=text), say("write 24h or less"))
    return duration


def parse_retry_rule(text: str) -> RetryRule:
    """Return how often a call is made again and after how long, written as 2 x 5m."""
    found = re.fullmatch(r"([0-9]{1,3}) ?[x×х*] ?(.+)", text, re.IGNORECASE)
    if text == "0":
        return RetryRule(0, timedelta())
    with contextlib.suppress(InvalidValueError):
        if found and int(found[1]) <= 100 and (after := parse_duration(found[2])):
            return RetryRule(int(found[1]), after)
    raise InvalidValueError(
        say("{value} does not say how often and after how long", value=text),
        say("write it as 2 x 5m: two more times, each 5 minutes later; 0 = never"),
    )


def parse_dialplan_name(text: str) -> str:
    """Return a name of the dialplan, as a call file can have it."""
    if _NAME.fullmatch(text):
        return text
    raise InvalidValueError(
        say("{value} is not allowed here in a call file", value=text),
        say("use Latin letters, digits, and the signs _ . - only, 79 at most"),
    )


def parse_caller_id(text: str) -> str:
    """Return a caller ID that fits into one line of a call file."""
    if len(text.encode()) > _MAX_LINE_BYTES:
        raise InvalidValueError(say("it is longer than {most} bytes", most=_MAX_LINE_BYTES), say("shorten it"))
    if not text.isprintable() or any(char in text for char in ";#"):
        raise InvalidValueError(
            say("{value} is not allowed in a call file", value=ascii(text)[1:-1]),
            say("leave out ; and # and invisible characters"),
        )
    return text


def parse_region(text: str) -> str:
    """Return the two letters of a country."""
    if text.upper() in SUPPORTED_REGIONS:
        return text.upper()
    raise InvalidValueError(
        say("{value} is not a country", value=text), say("write the two letters of a country, for example RU")
    )


def parse_countries(text: str) -> bool | frozenset[str]:
    """Return the countries by their two letters or calling codes, True for all and False for none."""
    if (value := _WORDS.get(text.lower())) is not None:
        return value
    names = frozenset(text.upper().replace(",", " ").split())
    for name in sorted(names):
        if name not in SUPPORTED_REGIONS and not (
            name[0] == "+" and name[1:] in {str(code) for code in COUNTRY_CODE_TO_REGION_CODE}
        ):
            raise InvalidValueError(
                say("{value} is neither a country nor a calling code", value=name),
                say("write yes, no, or countries by their two letters or calling codes, for example KZ, BY, +995"),
            )
    return names


def parse_pattern(text: str) -> str:
    """Return a regular expression."""
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidValueError(
            say("{value} is not a regular expression: {why}", value=text, why=error),
            say("write one that the whole number matches, for example [1-7][0-9]{{2}}"),
        ) from error
    return text


def parse_file_mode(text: str) -> int:
    """Return a file mode. The owner must read and write; execution and writing by others are refused."""
    remedy = say("write 0640, or 0660 where the group must write too")
    if not re.fullmatch(r"(0o?)?[0-7]{3}", text):
        raise InvalidValueError(say("{value} is not a file mode", value=text), remedy)
    mode = int(text[-3:], 8)
    if mode & 0o600 != 0o600:
        raise InvalidValueError(
            say("with {value} Asterisk, which owns call files, cannot write to them", value=text), remedy
        )
    if mode & 0o113:
        raise InvalidValueError(
            say("{value} allows too much: anyone who can write a call file can run programs as Asterisk", value=text),
            remedy,
        )
    return mode


def parse_owner(text: str) -> tuple[int, int]:
    """Return uid and gid of `user` or `user:group`. Without a group it is the user's own, or -1 if that is unknown."""
    user, colon, group = text.partition(":")
    if not USER.fullmatch(user) or (colon and not USER.fullmatch(group)):
        raise InvalidValueError(say("{value} is not the owner of a file", value=text), say("write user or user:group"))
    uid, gid = _user(user)
    return (uid, _group(group)) if colon else (uid, gid)


def _user(name: str) -> tuple[int, int]:
    try:
        found = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except (KeyError, OverflowError):
        if name.isdigit() and int(name) < 2**32 - 1:
            return int(name), -1
        raise InvalidValueError(
            say("this machine has no user {name}", name=name),
            say("write the user that Asterisk runs as, or leave the line out"),
        ) from None
    return found.pw_uid, found.pw_gid


def _group(name: str) -> int:
    if name.isdigit() and int(name) < 2**32 - 1:
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise InvalidValueError(
            say("this machine has no group {name}", name=name), say("write an existing group, or the user alone")
        ) from None
