"""Phone numbers of a table that stand where no number is taken: in other columns and above the headings. Pure."""

import re
from collections.abc import Collection, Sequence

import msgspec

from obzvon.domain.numbering import InvalidNumberError, NumberingPlan
from obzvon.domain.phone_text import find_phones
from obzvon.spreadsheets.cell_text import integer_digits
from obzvon.spreadsheets.column_roles import NUMBER, ColumnRoles
from obzvon.spreadsheets.headings import OTHER, heading_hint
from obzvon.spreadsheets.table import TableRow

_SAMPLES = 3
#: A sum of money. A spreadsheet makes such a text of a phone number only with more digits.
_AMOUNT = re.compile(r"\s*-?\d{1,9}[.,]\d+\s*")


class UntakenColumn(msgspec.Struct):
    """The numbers of one column that are in no row of the import. `is_above` marks those above the headings."""

    column: int
    is_above: bool
    count: int = 0
    #: The first of them, as the file has them, with their lines.
    samples: list[tuple[int, str]] = []


class UntakenPhones:
    """Collects the phone-shaped texts of the columns that are not taken.

    Under the heading of something else, such as a tax number, only numbers that exist are phone numbers.
    """

    def __init__(self, roles: ColumnRoles, headings: Sequence[str], plan: NumberingPlan) -> None:
        self._head = roles.head
        self._others = frozenset(place for place, text in enumerate(headings) if heading_hint(text) == OTHER)
        self._taken = frozenset(roles.columns_of(NUMBER))
        self._plan = plan
        self._found: list[tuple[int, int, str, str]] = []

    def add(self, row: TableRow) -> None:
        """Look through the cells of a row."""
        is_above = row.line <= self._head
        for place, text in enumerate(row.cells):
            if (is_above or place not in self._taken) and len(text) > 6 and not _AMOUNT.fullmatch(text):
                for found in find_phones(text, self._plan).phones:
                    if place not in self._others or is_above or self._plan.recognizes(integer_digits(found.number)):
                        self._found.append((place, row.line, self._dialled(found.number), found.number))

    def columns(self, taken: Collection[str]) -> list[UntakenColumn]:
        """Return the columns with numbers that are not among those that are taken."""
        columns: dict[tuple[int, bool], UntakenColumn] = {}
        for place, line, dialled, text in self._found:
            if dialled in taken and dialled:
                continue
            key = place, line <= self._head
            found = columns.setdefault(key, UntakenColumn(*key))
            found.count += 1
            if len(found.samples) < _SAMPLES:
                found.samples.append((line, text))
        return sorted(columns.values(), key=lambda found: (found.is_above, found.column))

    def _dialled(self, number: str) -> str:
        try:
            return self._plan.normalize(integer_digits(number))
        except InvalidNumberError:
            return ""
