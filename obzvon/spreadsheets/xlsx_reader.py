"""Reads XLSX as rows of text, within limits. Formulas are not computed: their saved value is taken."""

from collections.abc import Callable
from typing import IO

from obzvon.common.i18n import Message, say
from obzvon.spreadsheets.sheets import SheetSource, take_sheet
from obzvon.spreadsheets.table import MAX_CHARACTERS, RowCollector, Sheet, Table, TableRow, UnreadableTableError
from obzvon.spreadsheets.xlsx_package import Attributes, XlsxPackage, damaged_error, parse_xml, resolve_target
from obzvon.spreadsheets.xlsx_sheet import NumberFormat, SharedParts, SharedText, SheetReader, whole_number

#: Kinds of parts with texts outside the cells.
_COMMENTS = ("comments", "threadedComment", "drawing")
_COMMENT_ENDS = ("comment", "threadedComment", "sp")


class Workbook:
    """The sheets of a workbook and the texts and formats that they share."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.package = XlsxPackage(stream)
        self.sheets: list[Sheet] = []
        self.shared = SharedParts()
        self._parts: list[str] = []
        self._open()

    def part(self, sheet: int) -> str:
        """Return the name of a sheet's part."""
        return self._parts[sheet]

    def comments(self, sheet: int) -> list[str]:
        """Return the texts of the comments on the cells of a sheet, and of its text boxes."""
        folder, _, name = self._parts[sheet].rpartition("/")
        related = self._relations(f"{folder}/_rels/{name}.rels", folder)
        parts = [part for kind, _, part in related if kind in _COMMENTS and part in self.package]
        return [text for part in parts for text in _texts(self.package, part)]

    def _open(self) -> None:
        _refuse_relatives(self.package)
        main = next(
            (part for kind, _, part in self._relations("_rels/.rels", "") if kind == "officeDocument"),
            "xl/workbook.xml",
        )
        if main not in self.package:
            if self.package.has_lists():
                raise UnreadableTableError(say("it is an archive; unpack it and choose the file in it"))
            raise UnreadableTableError(say("it is not a workbook; choose an .xlsx or .csv file"))
        folder, _, name = main.rpartition("/")
        related = list(self._relations(f"{folder}/_rels/{name}.rels", folder))
        self._read_sheets(main, {key: part for kind, key, part in related if kind == "worksheet"})
        for kind, _, part in related:
            if kind == "styles" and part in self.package:
                self._read_formats(part)
            elif kind == "sharedStrings" and part in self.package:
                self._read_texts(part)

    def _read_sheets(self, main: str, parts: dict[str, str]) -> None:
        def start(element: str, attributes: Attributes) -> None:
            if element == "workbookPr":
                self.shared.since_1904 = attributes.get("date1904", "0") in ("1", "true")
            elif element == "sheet":
                key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                if key in parts:  # a sheet that is only a chart has no cells
                    self.sheets.append(
                        Sheet(attributes.get("name", ""), attributes.get("state", "visible") != "visible")
                    )
                    self._parts.append(parts[key])

        parse_xml(self.package.pieces(main), start)
        if not self.sheets:
            raise damaged_error()

    def _relations(self, part: str, folder: str) -> list[tuple[str, str, str]]:
        """Return kind, key and part of each relationship of a part."""
        found: list[tuple[str, str, str]] = []

        def start(element: str, attributes: Attributes) -> None:
            if element == "Relationship" and attributes.get("TargetMode") != "External":
                found.append(
                    (
                        attributes.get("Type", "").rpartition("/")[2],
                        attributes.get("Id", ""),
                        resolve_target(folder, attributes.get("Target", "")),
                    )
                )

        if part in self.package:
            parse_xml(self.package.pieces(part), start)
        return found

    def _read_formats(self, part: str) -> None:
        codes: dict[int, str] = {}
        inside = ""

        def start(element: str, attributes: Attributes) -> None:
            nonlocal inside
            if element in ("cellXfs", "cellStyleXfs", "numFmts", "dxfs"):
                inside = element
            elif element == "numFmt" and inside == "numFmts":
                codes[whole_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
            elif element == "xf" and inside == "cellXfs":
                key = whole_number(attributes.get("numFmtId"))
                self.shared.formats.append(NumberFormat(key, codes.get(key, "")))

        parse_xml(self.package.pieces(part), start)

    def _read_texts(self, part: str) -> None:
        text = SharedText()
        total = 0

        def end(element: str) -> None:
            nonlocal total
            text.end(element)
            if element == "si":
                whole = text.take()
                total += len(whole) + 50
                if total > MAX_CHARACTERS:
                    raise UnreadableTableError(
                        say("it has too much text; delete the sheets and columns that are not needed")
                    )
                self.shared.texts.append(whole)

        parse_xml(self.package.pieces(part), text.start, end, text.add)


def _texts(package: XlsxPackage, part: str) -> list[str]:
    """Return the text of each comment or text box of a part."""
    texts: list[str] = []
    pieces: list[str] = []
    is_text = False

    def start(element: str, _: Attributes) -> None:
        nonlocal is_text
        is_text = element in ("t", "text")

    def end(element: str) -> None:
        nonlocal is_text
        is_text = False
        if element in _COMMENT_ENDS:
            texts.append("".join(pieces))
            pieces.clear()

    def add(text: str) -> None:
        if is_text:
            pieces.append(text)

    parse_xml(package.pieces(part), start, end, add)
    return texts


def read_xlsx(
    stream: IO[bytes],
    keep: Callable[[TableRow], None],
    *,
    sheet: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Table:
    """Pass each row of a sheet to `keep` and return the table. Raises UnreadableTableError.

    Without `sheet`, the first sheet with phone numbers is read, visible ones first.
    """
    book = Workbook(stream)

    def source(place: int) -> SheetSource:
        def read(collector: RowCollector) -> list[Message]:
            reader = SheetReader(book.shared, collector)
            reader.run(book.package, book.part(place), progress)
            return reader.notes(book.comments(place))

        return SheetSource(book.sheets[place].name, read, book.sheets[place].hidden)

    return take_sheet(say("a workbook"), list(map(source, range(len(book.sheets)))), keep, sheet)


def _refuse_relatives(package: XlsxPackage) -> None:
    if package.head("mimetype", 100).startswith(b"application/vnd.oasis.opendocument"):
        raise UnreadableTableError(say("it is a file of LibreOffice; save it as .xlsx"))
    if "xl/workbook.bin" in package:
        raise UnreadableTableError(say("it is an .xlsb; save it as .xlsx"))
