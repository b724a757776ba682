"""Take one sheet of a file that has several, and count what stands on the others."""

from collections.abc import Callable, Sequence

import msgspec

from obzvon.common.i18n import Message, say, say_many
from obzvon.spreadsheets.cell_text import looks_like_phone
from obzvon.spreadsheets.table import RowCollector, Sheet, Table, TableRow, UnreadableTableError

MAX_SHEETS = 255
_LISTED_ROWS = 10
_LISTED_COMMENTS = 5


#: The rows and the phone numbers of a sheet, None where they are not known.
_Size = tuple[int | None, int | None]


class HiddenParts(msgspec.Struct):
    """Parts of a sheet that a reader of the rows does not see: hidden rows by line, and numbers of other parts."""

    rows: list[int] = []
    columns: int = 0
    #: Cells that are merged across columns, and over rows.
    merged: int = 0
    merged_rows: int = 0
    formulas: int = 0
    #: The texts of comments on cells and of text boxes.
    comments: list[str] = []

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
        if self.merged_rows:
            notes.append(say("some cells are merged over several rows: each of these rows has their value here"))
        if found := [text for text in self.comments if looks_like_phone(text)]:
            notes.append(
                say_many(
                    "{n} comment on a cell or text box has a phone number, which is not taken: {texts}",
                    "{n} comments on cells or text boxes have phone numbers, which are not taken: {texts}",
                    len(found),
                    texts="; ".join(" ".join(text.split())[:60] for text in found[:_LISTED_COMMENTS]),
                )
            )
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

    Without `sheet`, the first sheet with phone numbers is taken, visible ones first.
    """
    if len(sources) > MAX_SHEETS:
        raise UnreadableTableError(
            say("it has {given} sheets, and at most {most} are read", given=len(sources), most=MAX_SHEETS)
        )
    if sheet is not None and not 0 <= sheet < len(sources):
        raise UnreadableTableError(say("it has no such sheet"))
    if len(sources) == 1:
        counted: list[_Size] = [(None, None)]
    else:
        counted = list(map(_count, sources))
    taken = _likely_sheet(sources, counted) if sheet is None else sheet
    collector = RowCollector(keep)
    notes = sources[taken].read(collector)
    counted[taken] = collector.rows, collector.phones
    sheets = [Sheet(source.name, source.hidden, *size) for source, size in zip(sources, counted, strict=True)]
    return Table(form, collector.rows, collector.columns, collector.empty, notes, sheets, taken)


def _likely_sheet(sources: Sequence[SheetSource], counted: Sequence[_Size]) -> int:
    """Return the first sheet with phone numbers, else the first with rows, visible ones before hidden ones."""
    places = range(len(sources))
    for is_hidden in (False, True):
        for wanted in (1, 0):
            for place in places:
                if sources[place].hidden is is_hidden and counted[place][wanted]:
                    return place
    return min(places, key=lambda place: sources[place].hidden)


def _count(source: SheetSource) -> _Size:
    """Return the number of rows of a sheet and of its cells that look like phone numbers; None if it is unreadable."""
    collector = RowCollector(lambda _: None)
    try:
        source.read(collector)
    except UnreadableTableError:
        return None, None
    return collector.rows, collector.phones
