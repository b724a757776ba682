"""Find what divides the columns of a text, and divide its lines. Pure."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.spreadsheets.messages import are_names_above, divide_at_phones, divide_below_names, has_phone_and_words

SEMICOLON, SPACES, AT_PHONES, BELOW_NAMES = ";", "  ", "phone", "below"
_CHARACTERS = ("\t", SEMICOLON, ",", "|")
DIVIDERS: dict[str, Message] = {
    "\t": say("separated by tabs"),
    SEMICOLON: say("separated by semicolons"),
    ",": say("separated by commas"),
    "|": say("separated by vertical bars"),
    SPACES: say("separated by spaces"),
    AT_PHONES: say("a phone number and words in each line"),
    BELOW_NAMES: say("each name above its phone numbers"),
}
_SAMPLE = 60_000
_SAMPLED_ROWS = 100
#: The share of lines that spaces, or a phone number among words, have to divide.
_MIN_SHARE = 0.6
#: A character that divides fewer lines is punctuation, where a phone number divides most of them.
_MIN_CHARACTER_SHARE = 0.4
_LINE_END = re.compile(r"\r\n?|\n")
_GAP = re.compile(r" {2,}")
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
    if sum(has_phone_and_words(line) for line in lines) / len(lines) >= _MIN_SHARE:
        return Divider(AT_PHONES)
    return Divider(BELOW_NAMES if not share and are_names_above(lines) else best)


def divide(text: str, divider: Divider, *, pasted: bool = False) -> Iterator[list[str]]:
    """Yield the cells of each line. By the rules of CSV if the text keeps them; else unclosed quotes are text.

    `pasted`: a spreadsheet has quoted only the cells that need it.
    """
    if divider.name == SPACES:
        return (_GAP.split(line.strip()) for line in _LINE_END.split(text))
    if divider.name == AT_PHONES:
        return divide_at_phones(_LINE_END.split(text))
    if divider.name == BELOW_NAMES:
        return divide_below_names(_LINE_END.split(text))
    if divider.name == "|":
        return (_divide_at_bars(cells) for cells in _divide_quoted(text, "|", bare=pasted))
    if pasted or not _keeps_the_rules(text, divider.name):
        return _divide_quoted(text, divider.name, bare=pasted)
    return csv.reader(io.StringIO(text, newline=""), delimiter=divider.name)


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
