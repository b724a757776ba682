"""The lines of an .ini file, with their numbers. A bad line is reported and does not stop the parsing. Pure.

configparser stops at the first bad line and drops the numbers of the good ones.
"""

import re

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say, say_many
from obzvon.common.text import UndecodableTextError, decode_text

#: A larger file is not a settings file.
MAX_BYTES = 1_000_000

_MAX_BAD_LINES = 10
#: A bad line that may hold a password: only its key is repeated in the problem.
_HIDDEN = re.compile(r"(?i)([\w-]*(?:secret|url|pass|pwd|парол)\w*).*")
_CREDENTIALS = re.compile(r"\S*:\S*@.*|\S+://.*")
#: Sections whose keys include a password: a line of theirs that cannot be read is not repeated.
_SECTIONS_WITH_PASSWORDS = frozenset({"ami", "journal"})
_WORD = re.compile(r"[A-Za-z_-]{1,20}")
_MAX_LINE = 4000
_SECTION = re.compile(r"\[([^\[\]]+)\]\s*(?:[;#].*)?")
_ENTRY = re.compile(r"([^=:\s][^=:]*?)\s*[=:]\s*(.*)")
_COMMENT = re.compile(r"(?:^|\s);.*")
_AS_KEY = say("write it as key = value, or put ; before a comment")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f]")


class IniEntry(msgspec.Struct, frozen=True):
    """A `key = value` as written, the value without a trailing comment."""

    line: int
    section: str
    key: str
    value: str


class IniFile(msgspec.Struct, frozen=True):
    """A parsed .ini file: section headings with their lines, entries, and bad lines as (number, what, remedy)."""

    sections: list[tuple[int, str]]
    entries: list[IniEntry]
    bad: list[tuple[int, Message, Message]]


def decode_ini(data: bytes) -> str | None:
    """Return the text in UTF-8 with or without a BOM, else in Windows-1251; None if it is not text."""
    try:
        text, _ = decode_text(data, refuse_damaged=False)
    except UndecodableTextError:
        return None
    return None if _NOT_TEXT.search(text) else text


def parse_ini(text: str) -> IniFile:
    """Split the text into sections, entries and bad lines. Names keep their case; callers ignore it."""
    ini = IniFile([], [], [])
    section = ""
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        line = raw.strip()
        if not line or line[0] in ";#":
            continue
        if len(line) > _MAX_LINE:
            ini.bad.append((number, say("the line is longer than {most} characters", most=_MAX_LINE), _AS_KEY))
        elif heading := _SECTION.fullmatch(line):
            section = heading[1].strip()
            ini.sections.append((number, section))
        elif entry := _ENTRY.fullmatch(line):
            if section:
                ini.entries.append(IniEntry(number, section, entry[1], _COMMENT.sub("", entry[2], count=1).strip()))
            else:
                ini.bad.append(
                    (
                        number,
                        say("{key} is before the first [section]", key=_short(entry[1])),
                        say("write the section that it belongs to above it, for example [CreateCallFiles]"),
                    )
                )
        else:
            ini.bad.append((number, _bad_line(line, section), _AS_KEY))
    return ini


def bad_line_problems(file: str, ini: IniFile) -> list[Problem]:
    """Return the bad lines as problems, at most the first few."""
    problems = [Problem(f"{file}:{number}", what, remedy) for number, what, remedy in ini.bad[:_MAX_BAD_LINES]]
    if len(ini.bad) > _MAX_BAD_LINES:
        more = len(ini.bad) - _MAX_BAD_LINES
        problems.append(Problem(file, say_many("{n} more such line", "{n} more such lines", more)))
    return problems


def _bad_line(line: str, section: str) -> Message:
    """Return what is wrong with a line that is no entry. A line that may be a password is not repeated."""
    if section.lower() in _SECTIONS_WITH_PASSWORDS and not _HIDDEN.match(line):
        return say("neither a [section] nor a key = value")
    return say("neither a [section] nor a key = value: {line}", line=_short(line))


def unknown_key(key: str, section: str) -> str:
    """Return an unknown key as a problem may show it. What may be a password with = in it is not repeated."""
    if section.lower() in _SECTIONS_WITH_PASSWORDS and not (_HIDDEN.match(key) or _WORD.fullmatch(key)):
        return "…"
    return _short(key)


def _short(line: str) -> str:
    line = _CREDENTIALS.sub("…", _HIDDEN.sub(r"\1 …", line))
    return line if len(line) <= 60 else line[:59] + "…"
