"""Reads workbooks of LibreOffice (.ods, .fods) as rows of text, within limits. The text of a cell is what is shown."""

from collections.abc import Callable, Iterator
from typing import IO

from obzvon.common.i18n import Message, say
from obzvon.spreadsheets.cell_text import MAX_CELL_UNITS
from obzvon.spreadsheets.sheets import HiddenParts, SheetSource, take_sheet
from obzvon.spreadsheets.table import RowCollector, Table, TableRow, UnreadableTableError, check_position
from obzvon.spreadsheets.xlsx_package import Attributes, XlsxPackage, damaged_error, parse_xml
from obzvon.spreadsheets.xlsx_sheet import GENERAL, format_number, whole_number

_PACKED, _FLAT = b"opendocument.spreadsheet", b"urn:oasis:names:tc:opendocument"
_CELLS = ("table-cell", "covered-table-cell")
#: Elements inside a cell whose text is not the cell's.
_ASIDE = ("annotation", "ruby-text")
_PIECE_BYTES = 65_536


def is_ods(head: bytes) -> bool:
    """Return whether a file that begins so is a workbook of LibreOffice."""
    if head.startswith(b"PK"):
        return head[30:38] == b"mimetype" and _PACKED in head[:200]
    return head.lstrip().startswith(b"<?xml") and _FLAT in head and b"office:document" in head


def read_ods(
    stream: IO[bytes],
    keep: Callable[[TableRow], None],
    *,
    sheet: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Table:
    """Pass each row of a sheet to `keep` and return the table. Raises UnreadableTableError."""
    reader = _ContentReader()
    parse_xml(_pieces(stream, progress), reader.start, reader.end, reader.add)
    if not reader.sheets:
        raise damaged_error()
    sources = [SheetSource(found.name, found.read, found.hidden) for found in reader.sheets]
    return take_sheet(say("a workbook of LibreOffice"), sources, keep, sheet)


def _pieces(stream: IO[bytes], progress: Callable[[float], None]) -> Iterator[bytes]:
    packed = stream.read(2) == b"PK"
    stream.seek(0)
    if packed:
        package = XlsxPackage(stream)
        if any(b"encryption-data" in piece for piece in package.pieces("META-INF/manifest.xml")):
            raise UnreadableTableError(say("it is protected by a password; save it without one"))
        size, pieces = package.size("content.xml") or 1, package.pieces("content.xml")
    else:
        size = stream.seek(0, 2)
        stream.seek(0)
        pieces = iter(lambda: stream.read(_PIECE_BYTES), b"")
    done = 0
    for piece in pieces:
        done += len(piece)
        progress(min(1.0, done / size))
        yield piece


class _OdsSheet:
    """The rows of one sheet. An error that ends its reading does not end that of the others."""

    def __init__(self, name: str, *, hidden: bool) -> None:
        self.name = name
        self.hidden = hidden
        self.rows: list[TableRow] = []
        self.line = 0
        self.parts = HiddenParts()
        self._collector = RowCollector(self.rows.append)
        self._error: UnreadableTableError | None = None

    def add(self, cells: list[str], uncomputed: list[int], repeated: int, *, hidden: bool) -> None:
        """Add a row as many times as it is repeated. Empty ones only move the following rows down."""
        if self._error is not None:
            return
        if not any(cells):
            self.line += repeated
            return
        for _ in range(repeated):
            self.line += 1
            try:
                self._collector.add(self.line, list(cells), uncomputed)
            except UnreadableTableError as error:
                self._error = error
                return
            if hidden:
                self.parts.rows.append(self.line)

    def merge_rows(self, column: int, rows: int) -> None:
        """Give the text of the cell to each of the rows over which it is merged."""
        self._collector.merge_rows(column, self.line + 1, self.line + rows)

    def refuse(self, error: UnreadableTableError) -> None:
        """End the reading of this sheet."""
        self._error = self._error or error

    def read(self, collector: RowCollector) -> list[Message]:
        """Pass the rows to the collector and return notes for the operator."""
        if self._error is not None:
            raise self._error
        for row in self.rows:
            collector.add(row.line, list(row.cells), row.uncomputed)
        return self.parts.notes()


class _ContentReader:
    """Turns the elements of the content into sheets."""

    def __init__(self) -> None:
        self.sheets: list[_OdsSheet] = []
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._depth = 0
        self._row: list[str] | None = None
        self._uncomputed: list[int] = []
        self._repeated = 1
        self._hidden = False
        self._cell: Attributes | None = None
        self._lines: list[list[str]] = []
        self._length = 0
        self._aside = 0
        #: The pieces of a comment on a cell.
        self._note: list[str] | None = None

    def start(self, element: str, attributes: Attributes) -> None:
        """Note that an element begins."""
        if element == "table":
            self._start_table(attributes)
        elif element == "style":
            self._style = attributes.get("style:name", "")
        elif element == "table-properties" and attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style)
        elif element in _ASIDE:
            self._aside += 1
            self._note = [] if element == "annotation" else None
        elif self._depth != 1 or self._aside:
            return
        elif element == "table-column":
            self.sheets[-1].parts.columns += attributes.get("table:visibility", "visible") != "visible"
        elif element == "table-row":
            self._row, self._uncomputed = [], []
            self._repeated = max(1, whole_number(attributes.get("table:number-rows-repeated", "1")))
            self._hidden = attributes.get("table:visibility", "visible") != "visible"
        elif element in _CELLS and self._row is not None:
            self._cell, self._lines, self._length = attributes, [], 0
        elif self._cell is not None:
            self._start_text(element, attributes)

    def end(self, element: str) -> None:
        """Note that an element ends."""
        if element == "table":
            self._depth -= 1
        elif element in _ASIDE:
            self._aside -= 1
            if element == "annotation" and self._note and self.sheets:
                self.sheets[-1].parts.comments.append("".join(self._note)[:MAX_CELL_UNITS])
            self._note = None
        elif self._depth != 1 or self._aside:
            return
        elif element in _CELLS:
            self._end_cell()
        elif element == "table-row" and self._row is not None:
            self.sheets[-1].add(self._row, self._uncomputed, self._repeated, hidden=self._hidden)
            self._row = None

    def add(self, text: str) -> None:
        """Add text if it belongs to a cell."""
        if self._note is not None and len(self._note) < MAX_CELL_UNITS:
            self._note.append(text)
        if self._cell is None or not self._lines or self._aside:
            return
        self._length += len(text)
        if self._length > 2 * MAX_CELL_UNITS:
            self.sheets[-1].refuse(
                UnreadableTableError(say("a cell has more than {most} characters", most=MAX_CELL_UNITS))
            )
        else:
            self._lines[-1].append(text)

    def _start_table(self, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth == 1:
            hidden = attributes.get("table:style-name", "") in self._hidden_styles
            self.sheets.append(_OdsSheet(attributes.get("table:name", ""), hidden=hidden))

    def _start_text(self, element: str, attributes: Attributes) -> None:
        if element == "p":
            self._lines.append([])
        elif element == "line-break":
            self.add("\n")
        elif element == "tab":
            self.add("\t")
        elif element == "s":
            self.add(" " * min(whole_number(attributes.get("text:c", "1")), MAX_CELL_UNITS))

    def _end_cell(self) -> None:
        if self._cell is None or self._row is None:
            return
        text = _cell_text(self._cell, "\n".join(map("".join, self._lines)))
        repeated = max(1, whole_number(self._cell.get("table:number-columns-repeated", "1")))
        sheet = self.sheets[-1]
        across, down = (
            whole_number(self._cell.get(f"table:number-{what}-spanned", "1")) for what in ("columns", "rows")
        )
        sheet.parts.merged += across > 1
        sheet.parts.merged_rows += down > 1
        sheet.merge_rows(len(self._row), down)
        if "table:formula" in self._cell:
            if text or "office:value-type" in self._cell:
                sheet.parts.formulas += 1
            else:
                self._uncomputed.append(len(self._row))
                text = self._cell["table:formula"].removeprefix("of:")
        if text:
            try:
                check_position(sheet.line + 1, len(self._row) + repeated)
            except UnreadableTableError as error:
                sheet.refuse(error)
                repeated = 1
        elif len(self._row) + repeated > 2 * MAX_CELL_UNITS:
            repeated = 0  # the empty rest of the row
        self._row += [text] * repeated
        self._cell = None


def _cell_text(cell: Attributes, shown: str) -> str:
    """Return the text of a cell: a number with all its digits, and with the zeros before it that are shown."""
    kind = cell.get("office:value-type", "")
    if cell.get("calcext:value-type") == "error":
        return shown
    if kind in ("float", "percentage", "currency"):
        number = format_number(cell.get("office:value", "").strip(), GENERAL)
        return shown if shown.isdecimal() and shown.lstrip("0") == number.lstrip("0") else number
    if kind == "date":
        day, _, time = cell.get("office:date-value", shown).partition("T")
        return f"{day} {time[:5]}" if time.strip("0:.") else day
    if kind == "boolean":
        return "1" if cell.get("office:boolean-value") == "true" else "0"
    if kind == "string":
        return cell.get("office:string-value", shown)
    return shown
