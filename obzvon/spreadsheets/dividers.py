"""Find what divides the columns of a text, and divide its lines. Pure."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.phone_text import extension_code_end
from obzvon.spreadsheets.cell_text import looks_like_phone

SEMICOLON, SPACES, AT_PHONES = ";", "  ", "phone"
_CHARACTERS = ("\t", SEMICOLON, ",", "|")
DIVIDERS: dict[str, Message] = {
    "\t": say("separated by tabs"),
    SEMICOLON: say("separated by semicolons"),
    ",": say("separated by commas"),
    "|": say("separated by vertical bars"),
    SPACES: say("separated by spaces"),
    AT_PHONES: say("a phone number and words in each line"),
}
_SAMPLE = 60_000
_SAMPLED_ROWS = 100
#: The share of lines that spaces, or a phone number among words, have to divide.
_MIN_SHARE = 0.6
#: A character that divides fewer lines is punctuation, where a phone number divides most of them.
_MIN_CHARACTER_SHARE = 0.4
_LINE_END = re.compile(r"\r\n?|\n")
_GAP = re.compile(r" {2,}")
#: A phone number in a line: ten to fifteen digits with the usual marks between them.
_PHONE = re.compile(r"(?<![\d+])[+(\[]{0,2}\d(?:[ \xa0()\[\].\-_\u2010-\u2015]{0,3}\d){9,14}(?!\d)")
_EDGES = " \t\xa0-\u2010\u2011\u2012\u2013\u2014\u2015:|=,;"
#: A line that a program draws between rows: |---|---| or +----+----+
_RULE = re.compile(r"[\s|+:=-]*[-=][\s|+:=-]*")


class Divider(msgspec.Struct, frozen=True):
    """Divider of the columns of a text; `name` is a key of DIVIDERS."""

    name: str

    @property
    def is_character(self) -> bool:
        """Return whether a single character divides the columns."""
        return len(self.name) == 1


def find_divider(text: str) -> Divider:
    """Return what divides most lines of the text in the same way."""
    sample = text[:_SAMPLE]
    lines = [line for line in _LINE_END.split(sample)[:_SAMPLED_ROWS] if line.strip()]
    best, share = _best_character(sample)
    if share >= _MIN_CHARACTER_SHARE or not lines:
        return Divider(best)
    if _share_of_most(len(_GAP.split(line.strip())) for line in lines) >= _MIN_SHARE:
        return Divider(SPACES)
    if sum(_has_phone_and_words(line) for line in lines) / len(lines) >= _MIN_SHARE:
        return Divider(AT_PHONES)
    return Divider(best)


def divide(text: str, divider: Divider, *, pasted: bool = False) -> Iterator[list[str]]:
    """Yield the cells of each line. By the rules of CSV if the text keeps them; else unclosed quotes are text.

    `pasted`: a spreadsheet has quoted only the cells that need it.
    """
    if divider.name == SPACES:
        return (_GAP.split(line.strip()) for line in _LINE_END.split(text))
    if divider.name == AT_PHONES:
        return _divide_at_phones(_LINE_END.split(text))
    if divider.name == "|":
        return (_divide_at_bars(cells) for cells in _divide_quoted(text, "|", bare=pasted))
    if pasted or not _keeps_the_rules(text, divider.name):
        return _divide_quoted(text, divider.name, bare=pasted)
    return csv.reader(io.StringIO(text, newline=""), delimiter=divider.name)


def lines_of_one_row(text: str) -> str | None:
    """Return the phone numbers of a text that has all of them in one line, a line each; None for other texts."""
    line = text.strip()
    if "\n" in line or "\r" in line or len(line) > _SAMPLE * 10:
        return None
    for mark in _CHARACTERS:
        cells = [cell.strip() for cell in line.split(mark)]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > 1 and all(map(looks_like_phone, cells)):
            return "\n".join(cells)
    return None


def _best_character(sample: str) -> tuple[str, float]:
    """Return the character that splits most rows into the same number of columns, and the share of those rows."""
    scores = []
    for place, character in enumerate(_CHARACTERS):
        counts: Counter[int] = Counter()
        rows = 0
        for cells in islice(_divide_quoted(sample, character), _SAMPLED_ROWS):
            rows += any(cells)
            counts[len(cells)] += len(cells) > 1
        columns, times = max(counts.items(), key=lambda found: found[1], default=(1, 0))
        scores.append((times, columns if times else 0, -place, character, sum(counts.values()) / max(1, rows)))
    best = max(scores)
    return (best[3], best[4]) if best[0] else (SEMICOLON, 0.0)


def _share_of_most(counts: Iterable[int]) -> float:
    """Return the share of the most frequent number of columns, 0 if that is one column."""
    found = Counter(counts)
    columns, times = found.most_common(1)[0]
    return times / found.total() if columns > 1 else 0.0


def _has_phone_and_words(line: str) -> bool:
    found = _PHONE.search(line)
    return bool(found) and any(map(str.isalpha, line))


def _divide_at_phones(lines: list[str]) -> Iterator[list[str]]:
    """Yield the words before the numbers of each line, the numbers, and the words after them.

    The code of the last number stays with it. Where no line has words before its number, the first column is left out.
    """
    places = [_phone_place(line) for line in lines]
    before = any(place and lines[at][: place[0]].strip(_EDGES) for at, place in enumerate(places))
    for line, place in zip(lines, places, strict=True):
        if place is None:
            yield [line.strip()]
        else:
            start, end = place
            after = [line[start:end].rstrip(), line[end:].strip(_EDGES)]
            yield [line[:start].strip(_EDGES), *after] if before else after


def _phone_place(line: str) -> tuple[int, int] | None:
    found = list(_PHONE.finditer(line))
    return (found[0].start(), extension_code_end(line, found[-1].end())) if found else None


def _divide_at_bars(cells: list[str]) -> list[str]:
    """Return the cells of a drawn table without its outer bars; none for a line between two rows."""
    if all(_RULE.fullmatch(cell) or not cell.strip() for cell in cells):
        return []
    if len(cells) > 2 and not cells[0].strip() and not cells[-1].strip():
        cells = cells[1:-1]
    return [cell.strip() for cell in cells]


def _keeps_the_rules(text: str, delimiter: str) -> bool:
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        return False
    return True


def _divide_quoted(text: str, delimiter: str, *, bare: bool = False) -> Iterator[list[str]]:
    """Yield records in which only a whole field between quotes counts as quoted.

    With `bare` it counts only if it needs the quotes: a spreadsheet copies the cell "Груз" unchanged and quotes a cell
    with a line break or a tab.
    """
    field = re.escape(delimiter)
    quoted = re.compile(rf'"((?:[^"]++|"")*+)"(?={field}|\r|\n|\Z)')
    plain = re.compile(rf"[^{field}\r\n]*")
    end = re.compile(r"\r\n?|\n")
    cells: list[str] = []
    at = 0
    while at < len(text):
        found = quoted.match(text, at) if text[at] == '"' else None
        if found and bare and not ('""' in found[1] or any(char in found[1] for char in "\t\r\n")):
            found = None
        if found:
            cells.append(found[1].replace('""', '"'))
        else:
            found = plain.match(text, at)
            cells.append(found[0] if found else "")
        at = found.end() if found else at
        if at < len(text) and text[at] == delimiter:
            at += 1
            if at == len(text):
                cells.append("")
            continue
        if broken := end.match(text, at):
            at = broken.end()
        yield cells
        cells = []
    if cells:
        yield cells
