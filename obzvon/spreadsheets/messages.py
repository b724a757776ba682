"""Lists as people send them in messengers: times before lines, names above numbers, all in one line. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from obzvon.domain.phone_text import DATE, extension_code_end
from obzvon.domain.phone_words import kind_and_words
from obzvon.spreadsheets.cell_text import looks_like_phone

#: A phone number in a line: ten to fifteen digits with the usual marks between them.
_PHONE = re.compile(r"(?<![\d+])[+(\[]{0,2}\d(?:[ \xa0()\[\].\-_\u2010-\u2015]{0,3}\d){9,14}(?!\d)")
_EDGES = " \t\xa0-\u2010\u2011\u2012\u2013\u2014\u2015\u2022\u00b7:|=,;*"
_ORDINAL = re.compile(r"\s*\d{1,4}[.)]\s+(?=\D)")
#: [05.12.2026, 12:30] or 05.12.2026 12:30 - at the beginning of a message.
_STAMP = re.compile(
    r"^\u200e?\[?\d{1,2}[./]\d{1,2}[./]\d{2,4},? +\d{1,2}:\d{2}(?::\d{2})?(?: [AP]M)?\]?(?: [-\u2013])? +", re.MULTILINE
)
#: A name, which begins with a capital letter, perhaps behind the number of its entry.
_PERSON = re.compile(r"(?:№?\s?\d{1,3}\s)?[A-ZА-ЯЁ]")
_MARKS = ("\t", ";", ",", "|")
_MIN_SHARE = 0.6
_MAX_PHONES_OF_A_NAME = 3


def remove_stamps(text: str) -> str | None:
    """Return the text without the time of each message, None if most lines have none."""
    lines = sum(bool(line.strip()) for line in text.splitlines())
    found = len(_STAMP.findall(text))
    return _STAMP.sub("", text) if lines and found / lines >= _MIN_SHARE else None


def lines_of_one_row(text: str) -> str | None:
    """Return the phone numbers of a text that has all of them in one line, a line each; None for other texts."""
    line = text.strip()
    if "\n" in line or "\r" in line:
        return None
    for mark in _MARKS:
        if not looks_like_phone(line.partition(mark)[0]):
            continue
        cells = [cell.strip() for cell in line.split(mark)]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > 1 and all(map(looks_like_phone, cells)):
            return "\n".join(cells)
    return None


def has_phone_and_words(line: str) -> bool:
    """Return whether a line has a phone number and words beside it."""
    return _phone_place(line) is not None and any(map(str.isalpha, line))


def divide_at_phones(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the words before the numbers of each line, the numbers, and the words after them.

    The code of the last number stays with it. Where no line has words before its number, the first column is left out.
    A line with several people stays in one cell: each name belongs to the number beside it.
    """
    places = [_phone_place(line) for line in lines]
    are_people = [_has_several_people(line) for line in lines]
    names = [
        _name(line[: place[0]]) if place and not several else ""
        for line, place, several in zip(lines, places, are_people, strict=True)
    ]
    for line, place, several, name in zip(lines, places, are_people, names, strict=True):
        if place is None:
            yield [line.strip()]
        elif several:
            yield [*[""] * any(names), line.strip(), ""]
        else:
            start, end = place
            after = [line[start:end].rstrip(), line[end:].strip(_EDGES)]
            yield [name, *after] if any(names) else after


def are_names_above(lines: Sequence[str]) -> bool:
    """Return whether a line with a name, without a number, stands above each one to three lines with numbers."""
    phones = [_phone_place(line) is not None for line in lines if line.strip()]
    while phones and not phones[-1]:
        phones.pop()
    names = phones.count(False)
    if names < 2 or phones[0] or len(phones) - names > _MAX_PHONES_OF_A_NAME * names:
        return False
    return not any(not one and not other for one, other in pairwise(phones))


def divide_below_names(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the name above each line with numbers together with it, and nothing for the line of the name."""
    name, is_used = "", True
    for line in lines:
        if _phone_place(line) is not None:
            yield [name, line.strip()]
            is_used = True
        elif line.strip():
            yield [] if is_used else [name]  # a name without a number is a person, too
            name, is_used = _name(line), False
        else:
            yield []
    if not is_used:
        yield [name]


def _has_several_people(line: str) -> bool:
    """Return whether a name stands between two numbers of the line. "жена" is none, and neither is "моб."."""
    found = _find_numbers(line)
    between = (line[one.end() : other.start()] for one, other in pairwise(found))
    return any(_PERSON.match(kind_and_words([text])[1]) for text in between)


def _name(text: str) -> str:
    return _ORDINAL.sub("", text, count=1).strip(_EDGES) if _ORDINAL.match(text) else text.strip(_EDGES)


def _find_numbers(line: str) -> list[re.Match[str]]:
    return list(_PHONE.finditer(DATE.sub(lambda date: "x" * len(date[0]), line)))


def _phone_place(line: str) -> tuple[int, int] | None:
    """Return the beginning and the end of the phone numbers of a line. A date is none."""
    found = _find_numbers(line)
    return (found[0].start(), extension_code_end(line, found[-1].end())) if found else None
