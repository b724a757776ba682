"""XLSX to rows of text, within limits. What a formula came to is taken, not computed."""

from collections.abc import Callable
from typing import IO

from obzvon.common.i18n import say
from obzvon.spreadsheets.table import CHARACTERS, RowCollector, Sheet, Table, TableRow, UnreadableTableError
from obzvon.spreadsheets.xlsx_package import Attributes, XlsxPackage, broken, parse, target
from obzvon.spreadsheets.xlsx_sheet import NumberFormat, SharedParts, SharedText, SheetReader, whole_number

SHEETS = 255


class Workbook:
    """The sheets of a workbook, its shared texts and formats."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.package = XlsxPackage(stream)
        self.sheets: list[Sheet] = []
        self.common = SharedParts()
        self._parts: list[str] = []
        self._open()

    def part(self, sheet: int) -> str:
        """The name of a sheet's part."""
        return self._parts[sheet]

    def _open(self) -> None:
        _refuse_relatives(self.package)
        main = next(
            (part for kind, _, part in self._relations("_rels/.rels", "") if kind == "officeDocument"),
            "xl/workbook.xml",
        )
        if main not in self.package:
            raise UnreadableTableError(say("it is no workbook; choose a file .xlsx or .csv"))
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
                self.common.since_1904 = attributes.get("date1904", "0") in ("1", "true")
            elif element == "sheet":
                key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                if key in parts:  # a sheet with a chart alone has no cells
                    self.sheets.append(
                        Sheet(attributes.get("name", ""), attributes.get("state", "visible") != "visible")
                    )
                    self._parts.append(parts[key])

        parse(self.package.pieces(main), start)
        if not self.sheets:
            raise broken()
        if len(self.sheets) > SHEETS:
            raise UnreadableTableError(
                say("it has {given} sheets; {most} are taken at most", given=len(self.sheets), most=SHEETS)
            )

    def _relations(self, part: str, folder: str) -> list[tuple[str, str, str]]:
        """Kind, key and part of what a part names."""
        found: list[tuple[str, str, str]] = []

        def start(element: str, attributes: Attributes) -> None:
            if element == "Relationship" and attributes.get("TargetMode") != "External":
                found.append(
                    (
                        attributes.get("Type", "").rpartition("/")[2],
                        attributes.get("Id", ""),
                        target(folder, attributes.get("Target", "")),
                    )
                )

        if part in self.package:
            parse(self.package.pieces(part), start)
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
                self.common.formats.append(NumberFormat(key, codes.get(key, "")))

        parse(self.package.pieces(part), start)

    def _read_texts(self, part: str) -> None:
        text = SharedText()
        total = 0

        def end(element: str) -> None:
            nonlocal total
            text.end(element)
            if element == "si":
                whole = text.take()
                total += len(whole) + 50
                if total > CHARACTERS:
                    raise UnreadableTableError(
                        say("there is too much text in it; delete the sheets and columns that are not needed")
                    )
                self.common.texts.append(whole)

        parse(self.package.pieces(part), text.start, end, text.add)


def read(
    stream: IO[bytes],
    keep: Callable[[TableRow], None],
    *,
    sheet: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Table:
    """Gives each row of a sheet to `keep`, without one named of the first that has any; raises Unreadable."""
    book = Workbook(stream)
    keeper = RowCollector(keep)
    if sheet is not None and not 0 <= sheet < len(book.sheets):
        raise UnreadableTableError(say("there is no such sheet in it"))
    places = [sheet] if sheet is not None else sorted(range(len(book.sheets)), key=lambda at: book.sheets[at].hidden)
    reader = None
    for place in places:
        keeper.empty = 0
        reader = SheetReader(book.common, keeper)
        reader.run(book.package, book.part(place), progress)
        sheet = place
        if keeper.rows:
            break
    if not keeper.rows and len(places) > 1:
        sheet = places[0]
    return Table(
        say("a workbook"),
        keeper.rows,
        keeper.columns,
        keeper.empty,
        reader.notes() if reader else [],
        book.sheets,
        sheet or 0,
    )


def _refuse_relatives(package: XlsxPackage) -> None:
    if package.head("mimetype", 100).startswith(b"application/vnd.oasis.opendocument"):
        raise UnreadableTableError(say("it is a file of LibreOffice; save it as .xlsx"))
    if "xl/workbook.bin" in package:
        raise UnreadableTableError(say("it is an .xlsb; save it as .xlsx"))
