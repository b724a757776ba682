"""A table from outside as rows of text, and the limits on its size."""

from collections.abc import Callable

import msgspec

from obzvon.common.errors import ObzvonError
from obzvon.common.i18n import Message, say
from obzvon.spreadsheets.cell_text import MAX_CELL_UNITS, MAX_ROWS, is_error_value, looks_like_phone

#: A list of 100,000 rows has 2 to 5 million bytes.
MAX_UPLOAD_BYTES = 20_000_000
MAX_COLUMNS = 256
MAX_CELLS = 10_000_000
MAX_CHARACTERS = 100_000_000


class UnreadableTableError(ObzvonError):
    """A file that is not a table or exceeds a limit. `reason` is for the operator."""

    def __init__(self, reason: Message) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return str(self.reason)


class TableRow(msgspec.Struct, array_like=True, gc=False):
    """A row that is not empty: its line in the file, its cells, and the columns of formulas without a value.

    `errors` has the columns whose cell is an error of a formula, such as #N/A.
    """

    line: int
    cells: list[str]
    uncomputed: list[int] = []
    errors: list[int] = []


class Sheet(msgspec.Struct, frozen=True):
    """A sheet of a workbook, with the number of its rows and of its cells that look like phone numbers.

    Both are None for a sheet that could not be read to its end.
    """

    name: str
    hidden: bool = False
    rows: int | None = None
    phones: int | None = None


class Table(msgspec.Struct):
    """A table without its rows."""

    #: The kind of file, as "a workbook" or "text in UTF-8, separated by semicolons".
    form: Message
    rows: int = 0
    columns: int = 0
    #: Rows of the file with nothing in them.
    empty: int = 0
    notes: list[Message] = []
    sheets: list[Sheet] = []
    sheet: int = 0

    def other_sheets(self) -> list[Sheet]:
        """Return the sheets that were not taken and hold rows, or could not be read to their end."""
        return [sheet for place, sheet in enumerate(self.sheets) if place != self.sheet and sheet.rows != 0]


class RowCollector:
    """Takes the rows of a table one after another while they stay within the limits."""

    def __init__(self, keep: Callable[[TableRow], None]) -> None:
        self._keep = keep
        self.rows = 0
        self.columns = 0
        self.empty = 0
        #: Cells that look like phone numbers.
        self.phones = 0
        self._cells = 0
        self._characters = 0
        #: By the first line: the column and the last line of cells that are merged over several rows.
        self._merged: dict[int, list[tuple[int, int]]] = {}
        #: By column: the last line and the text of those that began in an earlier row.
        self._begun: dict[int, tuple[int, str]] = {}

    def merge_rows(self, column: int, first: int, last: int) -> None:
        """Give the text of a cell to each of the rows over which it is merged. Its first row has not been added yet."""
        if last > first:
            self._merged.setdefault(first, []).append((column, last))

    def add(self, line: int, cells: list[str], uncomputed: list[int] | None = None) -> None:
        """Add a row. Raises UnreadableTableError when a limit is exceeded."""
        while cells and not cells[-1] and not (uncomputed and uncomputed[-1] == len(cells) - 1):
            cells.pop()
        if not any(cells) and not uncomputed:
            self.empty += 1
            return
        if self._merged or self._begun:
            self._fill_merged(line, cells)
        check_position(line, len(cells))
        self.rows += 1
        self.columns = max(self.columns, len(cells))
        self._cells += len(cells)
        self._characters += sum(map(len, cells))
        if max(map(len, cells)) > MAX_CELL_UNITS:
            raise UnreadableTableError(
                say("row {line}: a cell has more than {most} characters", line=line, most=MAX_CELL_UNITS)
            )
        if self._cells > MAX_CELLS or self._characters > MAX_CHARACTERS:
            raise UnreadableTableError(
                say(
                    "it is too large, the limit is reached in row {line}; delete the columns that "
                    "are not needed, or split it",
                    line=line,
                )
            )
        self.phones += sum(map(looks_like_phone, cells))
        errors = [place for place, text in enumerate(cells) if text[:1] == "#" and is_error_value(text)]
        self._keep(TableRow(line, cells, uncomputed or [], errors))

    def _fill_merged(self, line: int, cells: list[str]) -> None:
        for column, (last, text) in list(self._begun.items()):
            if line > last:
                del self._begun[column]
                continue
            cells += [""] * (column + 1 - len(cells))
            cells[column] = cells[column] or text
        for column, last in self._merged.pop(line, ()):
            if column < len(cells) and cells[column]:
                self._begun[column] = last, cells[column]


def check_position(line: int, columns: int) -> None:
    """Raise UnreadableTableError for a cell too far down or to the right."""
    if line > MAX_ROWS:
        raise UnreadableTableError(
            say(
                "there is something in row {line}, and at most {most} rows are read: delete what is below",
                line=line,
                most=MAX_ROWS,
            )
        )
    if columns > MAX_COLUMNS:
        raise UnreadableTableError(
            say(
                "row {line} has {given} columns, and at most {most} are read: delete what is to the right",
                line=line,
                given=columns,
                most=MAX_COLUMNS,
            )
        )
