"""Every key of settings.ini and what it takes: text in, checked value out, or Refused with what would be right."""

import contextlib
import grp
import ipaddress
import math
import os
import pwd
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from phonenumbers import SUPPORTED_REGIONS

from obzvon.language import Message, say
from obzvon.pacing import Mode
from obzvon.rounds import REPEATABLE, Round
from obzvon.settings_ami import Secret

_LINE = 990
"""Bytes; with the word before it a call file's line has up to 1000."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,79}")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_CHANNEL = re.compile(r"[A-Za-z0-9_]{2,20}/[A-Za-z0-9_./:@+-]{0,79}")
_GROUP = re.compile(r"[A-Za-z0-9_.-]{1,79}(@[A-Za-z0-9_.-]{1,79})?")
_SECRET = 200
_DRIVE = re.compile(r"[A-Za-z]:([\\/]|$)|\\\\")
_SPAN = re.compile(r"(?:(?P<hours>\d{1,3}) ?[hч])?\s*(?:(?P<minutes>\d{1,4}) ?(?:min|мин|m|м))?", re.IGNORECASE)
_WORDS = {"yes": True, "да": True, "on": True, "true": True, "1": True,
          "no": False, "нет": False, "off": False, "false": False, "0": False}


class Refused(Exception):
    """The text is no value for this key: what is wrong with it, and what would be right."""

    def __init__(self, what: Message, remedy: Message) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy


class Key(msgspec.Struct, frozen=True):
    """One key: where it stands, the field of Settings it sets (`group` names a struct in it), how its text is read."""

    section: str
    name: str
    field: str
    read: Callable[[str], object]
    meaning: Message
    group: str = ""
    may_be_empty: bool = False
    """An empty value is a value; else it is the same as no such key."""


def masked(url: str) -> str:
    """An address without its password."""
    scheme, found, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if found and at and ":" in credentials and scheme != "sqlite":
        url = f"{scheme}://{credentials.partition(':')[0]}:***@{host}"
    return re.sub(r"(?i)(pass\w*=)[^&]*", r"\1***", url)


def is_windows_path(text: str) -> bool:
    r"""Whether it begins with a drive's letter or a Windows machine's name: `Z:\www`, `\\server\www`."""
    return _DRIVE.match(text) is not None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def machine_zone(environ: Mapping[str, str] = os.environ, etc: Path = Path("/etc")) -> tzinfo | None:
    """The time zone of the machine by $TZ, /etc/localtime or /etc/timezone; None where none of them tells it."""
    names = [environ.get("TZ", "").removeprefix(":")]
    localtime = etc / "localtime"
    _, found, name = os.path.realpath(localtime).partition("/zoneinfo/")
    if found:
        names.append(re.sub(r"^(posix|right)/", "", name))
    with contextlib.suppress(OSError):
        names.append((etc / "timezone").read_text(encoding="ascii", errors="replace").strip())
    for name in names:
        if zone := _zone_or_none(name):
            return zone
    try:
        with localtime.open("rb") as stream:
            return ZoneInfo.from_file(stream, "localtime")
    except (OSError, ValueError):
        return None


def _zone_or_none(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name and not name.startswith("/") else None
    except (OSError, ValueError, KeyError):  # the name of a folder, a path, no such name
        return None


def _any(text: str) -> str:
    if "\0" in text or not text.isprintable():
        raise Refused(say("there are characters in it that cannot be seen"), say("type it anew"))
    return text


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if re.fullmatch(r"[0-9]{1,12}", text) and least <= int(text) <= most:
            return int(text)
        raise Refused(say("{value} is not right here", value=text),
                      say("write a whole number from {least} to {most}", least=least, most=most))
    return read


def _seconds(text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if 0 <= value <= 86_400 and "_" not in text:
        return value
    raise Refused(say("{value} is no number of seconds", value=text),
                  say("write a number of seconds from 0 to {most}, for example 10", most=86_400))


def _rate(text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if 0.01 <= value <= 1000 and "_" not in text:
        return value
    raise Refused(say("{value} is no number of calls per second", value=text),
                  say("write a number from {least} to {most}, for example 10", least=0.01, most=1000))


def _pace_mode(text: str) -> Mode:
    return Mode(_one_of(*Mode)(text))


def _flag(text: str) -> bool:
    if (value := _WORDS.get(text.lower())) is not None:
        return value
    raise Refused(say("{value} is neither yes nor no", value=text), say("write yes or no"))


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        for word in words:
            if word.lower() == text.lower():
                return word
        raise Refused(say("{value} is not known here", value=text),
                      say("write one of: {words}", words=", ".join(words)))
    return read


def _date(text: str) -> date:
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise Refused(say("{value} is no date", value=text), say("write it as 2022-01-24"))


def _clock(text: str) -> time:
    found = re.fullmatch(r"([0-9]{1,2})[:-]([0-9]{2})", text)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    raise Refused(say("{value} is no time of day", value=text), say("write it as 21:00"))


def _span(text: str) -> timedelta:
    if text == "0":
        return timedelta()
    clock = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])", text)
    words = None if text.isascii() and text.isdigit() else _SPAN.fullmatch(text)
    if clock:
        span = timedelta(hours=int(clock[1]), minutes=int(clock[2]))
    elif words:
        span = timedelta(hours=int(words["hours"] or 0), minutes=int(words["minutes"] or 0))
    else:
        raise Refused(say("{value} is no length of time", value=text),
                      say("write it as 2:00, 90m or 4h; 0 = never; empty = the rest of the day"))
    if span > timedelta(days=1):
        raise Refused(say("{value} is more than a day", value=text), say("write 24h or less"))
    return span


def _round(text: str) -> Round:
    found = re.fullmatch(r"([0-9]{1,3}) ?[x×х*] ?(.+)", text, re.IGNORECASE)
    if text == "0":
        return Round(0, timedelta())
    with contextlib.suppress(Refused):
        if found and int(found[1]) <= 100 and (after := _span(found[2])):
            return Round(int(found[1]), after)
    raise Refused(say("{value} does not say how often and after how long", value=text),
                  say("write it as 2 x 5m: two more times, each 5 minutes later; 0 = never"))


def _zone(text: str) -> tzinfo:
    if zone := _zone_or_none(text):
        return zone
    raise Refused(say("{value} is no time zone", value=text),
                  say("write its name as in: {example}", example="Europe/Moscow, Asia/Yekaterinburg"))


def _name(text: str) -> str:
    if _NAME.fullmatch(text):
        return text
    raise Refused(say("{value} cannot stand in a call file here", value=text),
                  say("use Latin letters, digits, and the signs _ . - only, 79 at most"))


def _caller_id(text: str) -> str:
    if len(text.encode()) > _LINE:
        raise Refused(say("it is longer than {most} bytes", most=_LINE), say("shorten it"))
    if not text.isprintable() or any(sign in text for sign in ";#"):
        raise Refused(say("{value} cannot stand in a call file", value=ascii(text)[1:-1]),
                      say("leave out ; and # and characters that cannot be seen"))
    return text


def _region(text: str) -> str:
    if text.upper() in SUPPORTED_REGIONS:
        return text.upper()
    raise Refused(say("{value} is no country", value=text), say("write the two letters of a country, for example RU"))


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise Refused(say("{value} is no regular expression: {why}", value=text, why=error),
                      say("write one that the whole number matches, for example [1-7][0-9]{{2}}")) from error
    return text


def _mode(text: str) -> int:
    remedy = say("write 0640, or 0660 where the group must write too")
    if not re.fullmatch(r"(0o?)?[0-7]{3}", text):
        raise Refused(say("{value} are no rights of a file", value=text), remedy)
    mode = int(text[-3:], 8)
    if mode & 0o600 != 0o600:
        raise Refused(say("with {value} Asterisk, their owner, cannot write to call files", value=text), remedy)
    if mode & 0o113:
        raise Refused(say("{value} gives too much: whoever writes a call file runs programs as Asterisk", value=text),
                      remedy)
    return mode


def _owner(text: str) -> tuple[int, int]:
    user, colon, group = text.partition(":")
    if not _USER.fullmatch(user) or (colon and not _USER.fullmatch(group)):
        raise Refused(say("{value} is no owner of a file", value=text), say("write user or user:group"))
    uid, gid = _user(user)
    return (uid, _group(group)) if colon else (uid, gid)


def _user(name: str) -> tuple[int, int]:
    try:
        found = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except (KeyError, OverflowError):
        if name.isdigit() and int(name) < 2**32 - 1:
            return int(name), -1
        raise Refused(say("this machine has no user {name}", name=name),
                      say("write the user that Asterisk runs as, or leave the line out")) from None
    return found.pw_uid, found.pw_gid


def _group(name: str) -> int:
    if name.isdigit() and int(name) < 2**32 - 1:
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise Refused(say("this machine has no group {name}", name=name),
                      say("write a group that there is, or the user alone")) from None


def _journal(text: str) -> str:
    scheme, found, rest = text.partition("://")
    remedy = say("write the path of a file, sqlite:///path or postgresql+psycopg://user:password@host/base")
    if not found:
        return _any(text)
    if scheme == "sqlite":
        if not rest.startswith("/") or not rest.strip("/") or rest == "/:memory:":
            raise Refused(say("it names no file"), remedy)
    elif scheme != "postgresql+psycopg":
        raise Refused(say("{scheme} is no kind of journal", scheme=scheme), remedy)
    elif not rest.isprintable() or " " in rest:
        raise Refused(say("the address {url} has characters that cannot stand in it", url=ascii(masked(text))[1:-1]),
                      remedy)
    return text


def _host(text: str) -> str:
    if _HOST.fullmatch(text):
        return text
    raise Refused(say("{value} is no address of this machine", value=text),
                  say("write 127.0.0.1, or the address that the editor is to be reached at"))


def _far_host(text: str) -> str:
    if _HOST.fullmatch(text):
        return text
    raise Refused(say("{value} is no address of a machine", value=text),
                  say("write the address or name of the machine that Asterisk runs on, for example 127.0.0.1"))


def _manager_user(text: str) -> str:
    if _USER.fullmatch(text):
        return text
    raise Refused(say("{value} cannot be the name of a manager user", value=text),
                  say("write the name that stands in brackets in Asterisk's manager.conf"))


def _secret(text: str) -> Secret:
    """What is wrong with it is told without showing it."""
    if len(text) > _SECRET or not (text.isascii() and text.isprintable()):
        raise Refused(say("it is too long, or there are characters in it that Asterisk would not take"),
                      say("make one of Latin letters and digits: openssl rand -hex 16"))
    return Secret(text)


def _fingerprint(text: str) -> str:
    plain = text.partition("=")[2] or text
    if re.fullmatch(r"[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}", plain):
        return plain.replace(":", "").lower()
    raise Refused(say("{value} is no fingerprint of a certificate", value=text),
                  say("write what this prints: {command}",
                      command="openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE"))


def _channel(text: str) -> str:
    if _CHANNEL.fullmatch(text):
        return text
    raise Refused(say("{value} is no beginning of a channel's name", value=text),
                  say("write it as Asterisk shows it, without the part after the last dash: {example}",
                      example="PJSIP/mytrunk, SIP/mytrunk, DAHDI/i1"))


def _channel_group(text: str) -> str:
    if _GROUP.fullmatch(text):
        return text
    raise Refused(say("{value} is no group of channels", value=text),
                  say("write it as the dialplan sets it: {example}", example="trunk@obzvon"))


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise Refused(say("{value} is no address of a machine", value=text),
                      say("write the address that the proxy comes from, for example 127.0.0.1")) from None


def _call_form(section: str, group: str) -> tuple[Key, ...]:
    return (
        Key(section, "context", "context", _name, say("the dialplan context in which the number is rung"), group),
        Key(section, "caller_id", "caller_id", _caller_id, say("the number that is shown to who is rung"), group,
            may_be_empty=True),
        Key(section, "max_retries", "max_retries", _whole(0, 100),
            say("how many more times Asterisk itself tries an unanswered call"), group),
        Key(section, "retry_time", "retry_time", _whole(1, 86_400), say("seconds before such a retry"), group),
        Key(section, "wait_time", "wait_time", _whole(1, 86_400), say("seconds to wait for the answer"), group),
        Key(section, "extension", "extension", _name, say("where in the context the answered call goes"), group),
        Key(section, "priority", "priority", _whole(1, 10_000), say("and at which priority"), group),
        Key(section, "archive", "archive", _flag,
            say("whether Asterisk keeps finished call files, which tell who answered"), group),
    )


KEYS = (
    Key("Dirs", "dir_source", "source", _any, say("the folder of the list and the week")),
    Key("Dirs", "dir_store", "store", _any, say("the folder where call files are made ready")),
    Key("Dirs", "dir_target", "target", _any, say("Asterisk's folder: call files in it are rung")),
    Key("Dirs", "dir_logs", "logs", _any, say("the folder of the logs")),
    Key("Dirs", "file_phones", "phones", _any, say("the file of the list")),
    Key("Dirs", "file_sch", "schedule", _any, say("the file of the week")),
    Key("CreateCallFiles", "status", "former_status", _one_of("Off", "Working"), say("left by the old script")),
    Key("CreateCallFiles", "start", "former_start", _date, say("the date of the old script's last run")),
    Key("CreateCallFiles", "bundle", "bundle", _whole(1, 100_000), say("how many calls are handed over together")),
    Key("CreateCallFiles", "timeout", "timeout", _seconds, say("seconds between two bundles")),
    Key("Pace", "pacing", "pace_mode", _pace_mode, say("how the next bundle is chosen: fixed, throttled or adaptive")),
    Key("Pace", "calls_per_second", "rate", _rate, say("adaptive: how many calls a second are begun at the most")),
    Key("Pace", "lines", "lines", _whole(1, 100_000), say("how many calls the trunk or the PBX carries in all"),
        "ceiling"),
    Key("Pace", "reserve", "reserve", _whole(0, 100_000), say("how many lines stay free for the office"), "ceiling"),
    Key("Pace", "limit", "limit", _whole(1, 100_000), say("the most calls that may be ours at once"), "ceiling"),
    *(Key("Rounds", disposition.value.replace(" ", "_"), disposition.value, _round,
          say("how often, and after how long, such a call is made once more"), "rounds") for disposition in REPEATABLE),
    *_call_form("Calls", "ordinary"),
    *_call_form("CodeCalls", "coded"),
    Key("Day", "time_zone", "zone", _zone, say("the time zone of the week, the logs and the reports")),
    Key("Day", "late_start", "late_start", _span,
        say("how long a missed start is made up for; empty = the rest of the day")),
    Key("Day", "latest", "latest", _clock, say("the time of day after which nothing is handed over")),
    Key("Numbers", "region", "region", _region, say("the country by whose plan numbers are read")),
    Key("Numbers", "foreign", "foreign", _flag, say("whether numbers of other countries are rung")),
    Key("Numbers", "premium", "premium", _flag, say("whether premium-rate numbers are rung")),
    Key("Numbers", "internal", "internal", _pattern, say("what internal numbers look like, a regular expression")),
    Key("Spool", "owner", "owner", _owner, say("the owner of call files; empty = that of dir_target")),
    Key("Spool", "mode", "mode", _mode, say("the rights of call files")),
    Key("Spool", "pid_file", "pid_file", _any, say("Asterisk's pid file; while it is down nothing is handed over")),
    Key("Journal", "url", "journal", _journal, say("where runs and calls are kept, a file or a database")),
    Key("AMI", "host", "host", _far_host, say("where Asterisk's manager interface is; empty = none is used"), "ami"),
    Key("AMI", "port", "port", _whole(1, 65_535), say("its port"), "ami"),
    Key("AMI", "user", "user", _manager_user, say("who logs in there"), "ami"),
    Key("AMI", "secret", "secret", _secret, say("the password of that user"), "ami"),
    Key("AMI", "tls", "tls", _flag, say("whether it is reached encrypted"), "ami"),
    Key("AMI", "tls_ca", "tls_ca", _any, say("the file of the certificates that are trusted"), "ami"),
    Key("AMI", "tls_fingerprint", "tls_fingerprint", _fingerprint, say("the one certificate that is trusted"), "ami"),
    Key("AMI", "trunk", "trunk", _channel, say("the beginning of the names of the trunk's channels"), "ami"),
    Key("AMI", "group", "group", _channel_group, say("the GROUP whose channels are counted"), "ami"),
    Key("AMI", "delivered", "delivered", _seconds,
        say("seconds for which a message must be listened to if it is to count as delivered; 0 = every answered one")),
    Key("Log", "level", "log_level", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), say("how much the log tells")),
    Key("Log", "keep_days", "keep_days", _whole(0, 36_500), say("days for which log files are kept; 0 = for ever")),
    Key("Log", "language", "language", _one_of("auto", "ru", "en"), say("the language of service and commands")),
    Key("Web", "host", "host", _host, say("the address that the editor listens on"), "web"),
    Key("Web", "port", "port", _whole(1, 65_535), say("the editor's port"), "web"),
    Key("Web", "users", "users", _any, say("the file of the editor's users"), "web"),
    Key("Web", "plain_http", "plain_http", _flag,
        say("whether the editor may listen unencrypted on an address that other machines reach"), "web"),
    Key("Web", "proxy", "proxy", _address, say("the address of the proxy in front of the editor"), "web"),
)
