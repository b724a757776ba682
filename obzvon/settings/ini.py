"""The lines of an .ini file, with their numbers: every bad line is reported and none stops the reading. Pure.

configparser stops at the first bad line and forgets the numbers of the good ones.
"""

import re

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say, say_many

MAX_BYTES = 1_000_000
"""More than this is no settings file."""

_SHOWN = 10
_HIDDEN = re.compile(r"(?i)(secret|url)\b.*")
"""A line that was to hold a password: only its key is repeated to the reader."""
_LINE = 4000
_SECTION = re.compile(r"\[([^\[\]]+)\]\s*(?:[;#].*)?")
_ENTRY = re.compile(r"([^=:\s][^=:]*?)\s*[=:]\s*(.*)")
_COMMENT = re.compile(r"(?:^|\s);.*")
_AS_KEY = say("write it as key = value, or put ; before a comment")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f]")


class IniEntry(msgspec.Struct, frozen=True):
    """One `key = value` as it was written, the value without a trailing comment."""

    line: int
    section: str
    key: str
    value: str


class IniFile(msgspec.Struct, frozen=True):
    """What an .ini file says: its section headings with their lines, its entries, and its lines that say nothing."""

    sections: list[tuple[int, str]]
    entries: list[IniEntry]
    bad: list[tuple[int, Message, Message]]


def decode_ini(data: bytes) -> str | None:
    """UTF-8 with or without a BOM, else Windows-1251; None when it is no text at all."""
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _NOT_TEXT.search(text) else text
    return None


def parse_ini(text: str) -> IniFile:
    """Splits the text; names are kept as written, whoever compares them ignores case."""
    ini = IniFile([], [], [])
    section = ""
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        line = raw.strip()
        if not line or line[0] in ";#":
            continue
        if len(line) > _LINE:
            ini.bad.append((number, say("the line is longer than {most} characters", most=_LINE), _AS_KEY))
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
                        say("{key} stands before the first [section]", key=entry[1]),
                        say("write the section that it belongs to above it, for example [CreateCallFiles]"),
                    )
                )
        else:
            ini.bad.append((number, say("neither a [section] nor a key = value: {line}", line=_short(line)), _AS_KEY))
    return ini


def bad_line_problems(file: str, ini: IniFile) -> list[Problem]:
    """The lines that say nothing, as problems; of a file that is all garbage only the first few."""
    problems = [Problem(f"{file}:{number}", what, remedy) for number, what, remedy in ini.bad[:_SHOWN]]
    if len(ini.bad) > _SHOWN:
        more = len(ini.bad) - _SHOWN
        problems.append(Problem(file, say_many("{n} more such line", "{n} more such lines", more)))
    return problems


def _short(line: str) -> str:
    line = _HIDDEN.sub(r"\1 …", line)
    return line if len(line) <= 60 else line[:59] + "…"
