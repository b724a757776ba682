"""Turn tables that lie on their side: each person is a column, the names above the numbers. Pure.

"Ivanov | Petrov" in one row and their numbers in the next; or a table whose headings are in its first column.
"""

from collections.abc import Sequence
from itertools import zip_longest

from obzvon.common.i18n import say
from obzvon.spreadsheets.cell_text import looks_like_phone
from obzvon.spreadsheets.headings import IGNORED, NUMBER, heading_hint
from obzvon.spreadsheets.table import TableRow

#: The note for the page.
TURNED = say("the table lies on its side, a person in each column: it is read as one with a person in each row")
_MOST_ROWS = 60
_MIN_PEOPLE = 2
_MAX_NAME = 60


def turn_sideways(rows: Sequence[TableRow]) -> list[TableRow] | None:
    """Return the rows with each person in a row; None for a table that does not lie on its side.

    A row keeps the line of the file in which its number is.
    """
    if not 1 < len(rows) <= _MOST_ROWS:
        return None
    headed = all(row.cells[0] for row in rows) and any(heading_hint(row.cells[0]) == NUMBER for row in rows)
    if headed and not any(looks_like_phone(row.cells[0]) for row in rows):
        return _turn_headed(rows)
    return _turn_blocks(rows)


def _turn_headed(rows: Sequence[TableRow]) -> list[TableRow] | None:
    """Turn one table that has its headings in the first column."""
    with_phones = [row for row in rows if _phones(row)]
    if len(with_phones) != 1 or _phones(with_phones[0]) < _MIN_PEOPLE:
        return None
    (numbers,) = with_phones
    hints = [heading_hint(row.cells[0]) for row in rows]
    if hints[rows.index(numbers)] != NUMBER or not {*hints} - {IGNORED, NUMBER}:
        return None
    columns = list(zip_longest(*(row.cells for row in rows), fillvalue=""))
    head, *people = columns
    return [
        TableRow(rows[0].line, list(head)),
        *(TableRow(numbers.line, list(cells)) for cells in people if any(cells)),
    ]


def _turn_blocks(rows: Sequence[TableRow]) -> list[TableRow] | None:
    """Turn rows of names and rows of numbers that alternate."""
    found: list[TableRow] = []
    block: list[TableRow] = []
    for row in rows:
        if not _phones(row):
            block.append(row)
            continue
        if not _is_block(block, row):
            return None
        found += [TableRow(title.line, [" ".join(filter(None, title.cells))]) for title in block[:-1]]
        found += _people(block[-1], row)
        block = []
    return found if found and not block else None


def _people(names: TableRow, numbers: TableRow) -> list[TableRow]:
    pairs = zip_longest(names.cells, numbers.cells, fillvalue="")
    return [TableRow(numbers.line, [name, number]) for name, number in pairs if number or name]


def _is_block(block: Sequence[TableRow], numbers: TableRow) -> bool:
    """Return whether a row has only numbers, and the row above it only names of just these columns."""
    if not block or _phones(numbers) < _MIN_PEOPLE:
        return False
    if any(text and not looks_like_phone(text) for text in numbers.cells):
        return False
    names = block[-1]
    filled = [text for text in names.cells if text]
    places = [place for place, text in enumerate(numbers.cells) if text]
    named = sum(place < len(names.cells) and bool(names.cells[place]) for place in places)
    is_named = named >= _MIN_PEOPLE and named >= len(places) - named
    return is_named and all(map(_is_name, filled))


def _is_name(text: str) -> bool:
    is_word = any(map(str.isalpha, text)) and len(text) <= _MAX_NAME and not any(map(str.isdigit, text))
    return is_word and heading_hint(text) == IGNORED


def _phones(row: TableRow) -> int:
    return sum(map(looks_like_phone, row.cells))
