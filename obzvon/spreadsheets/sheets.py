"""Take one sheet of a file that has several, and count what stands on the others."""

from collections.abc import Callable, Sequence

import msgspec

from obzvon.common.i18n import Message, say, say_many
from obzvon.spreadsheets.table import RowCollector, Sheet, Table, TableRow, UnreadableTableError

MAX_SHEETS = 255
_LISTED_ROWS = 10


class HiddenParts(msgspec.Struct):
    """Parts of a sheet that a reader of the rows does not see: hidden rows by line, and numbers of other parts."""

    rows: list[int] = []
    columns: int = 0
    merged: int = 0
    formulas: int = 0

    def notes(self) -> list[Message]:
        """Return what the operator should know about the sheet."""
        notes: list[Message] = []
        if self.rows:
            notes.append(
                say_many(
                    "{n} row is hidden in the file and is read nevertheless: {rows}",
                    "{n} rows are hidden in the file and are read nevertheless: {rows}",
                    len(self.rows),
                    rows=", ".join(map(str, self.rows[:_LISTED_ROWS])) + ", …" * (len(self.rows) > _LISTED_ROWS),
                )
            )
        if self.columns:
            notes.append(say("some columns are hidden in the file; they are shown here"))
        if self.merged:
            notes.append(say("some cells are merged: only the first of them has the value"))
        if self.formulas:
            notes.append(
                say_many(
                    "{n} cell is a formula: its value is the one saved in the file",
                    "{n} cells are formulas: their values are the ones saved in the file",
                    self.formulas,
                )
            )
        return notes


class SheetSource(msgspec.Struct, frozen=True):
    """A sheet that can be read. `read` passes its rows to a collector and returns notes for the operator."""

    name: str
    read: Callable[[RowCollector], list[Message]]
    hidden: bool = False


def take_sheet(
    form: Message, sources: Sequence[SheetSource], keep: Callable[[TableRow], None], sheet: int | None = None
) -> Table:
    """Pass each row of a sheet to `keep` and return the table. Raises UnreadableTableError.

    Without `sheet`, the first sheet that has rows is taken, visible ones first.
    """
    if len(sources) > MAX_SHEETS:
        raise UnreadableTableError(
            say("it has {given} sheets, and at most {most} are read", given=len(sources), most=MAX_SHEETS)
        )
    if sheet is not None and not 0 <= sheet < len(sources):
        raise UnreadableTableError(say("it has no such sheet"))
    collector = RowCollector(keep)
    places = [sheet] if sheet is not None else sorted(range(len(sources)), key=lambda at: sources[at].hidden)
    taken, notes = places[0], list[Message]()
    for place in places:
        collector.empty = 0
        found = sources[place].read(collector)
        if collector.rows or place == places[0]:
            taken, notes = place, found
        if collector.rows:
            break
    sheets = [
        Sheet(source.name, source.hidden, *((collector.rows, collector.phones) if place == taken else _count(source)))
        for place, source in enumerate(sources)
    ]
    return Table(form, collector.rows, collector.columns, collector.empty, notes, sheets, taken)


def _count(source: SheetSource) -> tuple[int | None, int | None]:
    """Return the number of rows of a sheet and of its cells that look like phone numbers; None if it is unreadable."""
    collector = RowCollector(lambda _: None)
    try:
        source.read(collector)
    except UnreadableTableError:
        return None, None
    return collector.rows, collector.phones
