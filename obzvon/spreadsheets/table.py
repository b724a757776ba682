"""A table from outside as rows of text, and how much of one is taken at most."""

from collections.abc import Callable

import msgspec

from obzvon.common.errors import ObzvonError
from obzvon.common.i18n import Message, say
from obzvon.spreadsheets.cell_text import CELL, ROWS

UPLOAD = 20_000_000
"""Bytes of a file; a list of 100,000 rows has 2 to 5 millions."""
COLUMNS = 256
CELLS = 10_000_000
CHARACTERS = 100_000_000


class UnreadableTableError(ObzvonError):
    """A file that is no table, or one that asks for more than is given; with the reason for the operator."""

    def __init__(self, reason: Message) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return str(self.reason)


class TableRow(msgspec.Struct, array_like=True, gc=False):
    """A row that has something in it: its number in the file, its cells, and which of them could not be computed."""

    line: int
    cells: list[str]
    uncomputed: list[int] = []


class Sheet(msgspec.Struct, frozen=True):
    """A sheet of a workbook."""

    name: str
    hidden: bool = False


class Table(msgspec.Struct):
    """What is told of a table beside its rows."""

    form: Message
    """What it is: a workbook; text in UTF-8 with semicolons."""
    rows: int = 0
    columns: int = 0
    empty: int = 0
    """Rows of the file with nothing in them."""
    notes: list[Message] = []
    sheets: list[Sheet] = []
    sheet: int = 0


class RowCollector:
    """Takes the rows of a table one after another, as long as they stay within the limits."""

    def __init__(self, keep: Callable[[TableRow], None]) -> None:
        self._keep = keep
        self.rows = 0
        self.columns = 0
        self.empty = 0
        self._cells = 0
        self._characters = 0

    def add(self, line: int, cells: list[str], uncomputed: list[int] | None = None) -> None:
        """One more row; raises Unreadable for one too many."""
        while cells and not cells[-1] and not (uncomputed and uncomputed[-1] == len(cells) - 1):
            cells.pop()
        if not any(cells) and not uncomputed:
            self.empty += 1
            return
        check_place(line, len(cells))
        self.rows += 1
        self.columns = max(self.columns, len(cells))
        self._cells += len(cells)
        self._characters += sum(map(len, cells))
        if max(map(len, cells)) > CELL:
            raise UnreadableTableError(say("row {line}: a cell has more than {most} characters", line=line, most=CELL))
        if self._cells > CELLS or self._characters > CHARACTERS:
            raise UnreadableTableError(
                say(
                    "there is too much in it, the limit is reached in row {line}; delete the columns that "
                    "are not needed, or divide it",
                    line=line,
                )
            )
        self._keep(TableRow(line, cells, uncomputed or []))


def check_place(line: int, columns: int) -> None:
    """Raises Unreadable for a cell that lies too far down or to the right."""
    if line > ROWS:
        raise UnreadableTableError(
            say(
                "something stands in row {line}; {most} rows are taken at most: delete what stands below",
                line=line,
                most=ROWS,
            )
        )
    if columns > COLUMNS:
        raise UnreadableTableError(
            say(
                "row {line} has {given} columns; {most} are taken at most: delete what stands to the right",
                line=line,
                given=columns,
                most=COLUMNS,
            )
        )
