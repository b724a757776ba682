"""Reads the tables of a web page that a program called .xls: HTML, MHTML, and the XML of Excel 2003. Pure."""

import contextlib
import email
import re
from collections.abc import Callable, Iterator
from html import escape
from html.parser import HTMLParser

from obzvon.common.i18n import Message, say
from obzvon.spreadsheets.cell_text import MAX_ROWS
from obzvon.spreadsheets.sheets import HiddenParts, SheetSource, take_sheet
from obzvon.spreadsheets.table import MAX_COLUMNS, RowCollector, Table, TableRow, UnreadableTableError, check_position
from obzvon.spreadsheets.text_encoding import decode_table

_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|!--|html|head|meta|body|table|\?xml|\?mso|(?:ss:)?workbook)\b", re.IGNORECASE
)
_ARCHIVE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:[\w-]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){0,20}content-type:\s*multipart/",
    re.IGNORECASE,
)
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
#: Encodings that a page may name. Python knows others that are no encodings of text.
_ENCODING = re.compile(
    r"utf-?8|us-ascii|(?:windows-|cp)125\d|(?:cp|ibm)866|koi8-[ru]|iso-?8859-\d{1,2}|mac-?cyrillic", re.IGNORECASE
)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
#: Conditions for a version of Excel: <![if !supportMisalignedColumns]>
_MARKED = re.compile(r"<!\[[^>\n]{0,200}>?")
_HEAD_BYTES = 4_000
#: Cells of a row, empty ones at its end included, above which it is not collected further.
_WIDEST = 4 * MAX_COLUMNS
_LOST_DIGITS = re.compile(r"[0-9.,]+[eEеЕ]\+[0-9]+|#+")
_ROWS, _CELLS, _BREAKS = ("tr", "row"), ("td", "th", "cell"), ("br", "p", "div", "li")
_UNSEEN = ("script", "style", "title")


def is_page(head: bytes) -> bool:
    """Return whether a file that begins so is a web page, also one in two bytes a letter."""
    return bool(_PAGE.match(_narrow(head)) or _ARCHIVE.match(head))


def read_html(data: bytes, keep: Callable[[TableRow], None], *, sheet: int | None = None) -> Table:
    """Pass each row of the tables of a page to `keep` and return the table. Raises UnreadableTableError.

    Each page of an archive, and each worksheet of the XML of Excel, is a sheet.
    """
    pages: list[_HtmlPage] = []
    for name, text in _pages(data):
        parser = _TableParser(name)
        parser.feed(_MARKED.sub("", _CDATA.sub(lambda found: escape(found[1]), text)))
        parser.close()
        parser.end()
        pages += [page for page in parser.pages if page.rows]
    if not pages:
        raise UnreadableTableError(
            say("it is a web page without a table, whatever its name says; open it in Excel and save it as .xlsx")
        )
    sources = [SheetSource(page.name or f"{place}", page.read) for place, page in enumerate(pages, 1)]
    table = take_sheet(say("a web page"), sources, keep, sheet)
    if len(pages) == 1:
        table.sheets, table.sheet = [], 0
    return table


def _pages(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page."""
    if not _ARCHIVE.match(data[:_HEAD_BYTES]):
        yield "", _decoded(data)
        return
    for part in email.message_from_bytes(data.lstrip()).walk():
        content = part.get_payload(decode=True)
        if part.get_content_type() in ("text/html", "application/xhtml+xml", "text/xml") and isinstance(content, bytes):
            name = str(part.get("Content-Location", "")).replace("\\", "/").rpartition("/")[2]
            yield name.rpartition(".")[0] or name, _decoded(content, part.get_content_charset())


def _decoded(data: bytes, charset: str | None = None) -> str:
    named = _CHARSET.search(_narrow(data[:_HEAD_BYTES]))
    for encoding in (charset, named[1].decode("ascii") if named else None):
        if encoding and _ENCODING.fullmatch(encoding):
            with contextlib.suppress(LookupError, UnicodeDecodeError):
                return data.decode("utf-8-sig" if encoding.lower().startswith("utf") else encoding)
    return decode_table(data)[0]


def _narrow(head: bytes) -> bytes:
    """Return the first bytes of a text in two bytes a letter as ASCII, and others unchanged."""
    return head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"") if b"\0" in head[:20] else head


class _HtmlPage:
    """The rows of one page."""

    def __init__(self, name: str) -> None:
        self.name = name
        #: Each row with its place in the sheet.
        self.rows: list[tuple[int, list[str]]] = []
        self.line = 0
        #: Cells merged across columns, and over rows: those with column, first and last line.
        self.merged = 0
        self.merged_rows: list[tuple[int, int, int]] = []

    def read(self, collector: RowCollector) -> list[Message]:
        """Pass the rows to the collector and return notes for the operator."""
        for merged in self.merged_rows:
            collector.merge_rows(*merged)
        for line, cells in self.rows:
            collector.add(line, list(cells))
        return HiddenParts(merged=self.merged, merged_rows=len(self.merged_rows)).notes()


class _TableParser(HTMLParser):
    """Collects the cells of all tables of a page, row by row."""

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pages = [_HtmlPage(name)]
        self._row: list[str] | None = None
        self._pieces: list[str] | None = None
        self._number = ""
        self._span = 1
        self._unseen = 0
        #: Columns that a cell of an earlier row covers, with the number of rows to come.
        self._covered: dict[int, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row or a cell, which ends those that are open."""
        tag = tag.rpartition(":")[2]
        given = {name: value or "" for name, value in attrs}
        if tag == "worksheet":
            self._end_row()
            self.pages.append(_HtmlPage(given.get("ss:name", "")))
        elif tag == "table":
            self._end_row()
            self._covered.clear()
        elif tag in _ROWS:
            self._begin_row(given)
        elif tag in _CELLS:
            self._begin_cell(given)
        elif tag in _BREAKS and self._pieces:
            self._pieces.append("\n")
        elif tag in _UNSEEN:
            self._unseen += 1

    def handle_endtag(self, tag: str) -> None:
        """End a row or a cell."""
        tag = tag.rpartition(":")[2]
        if tag in _CELLS:
            self._end_cell()
        elif tag in (*_ROWS, "table", "worksheet"):
            self._end_row()
        elif tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)

    def handle_data(self, data: str) -> None:
        """Collect the text of a cell."""
        if self._pieces is not None and not self._unseen:
            self._pieces.append(data.replace("\n", " ").replace("\r", " "))

    def end(self) -> None:
        """End what is still open."""
        self._end_row()

    def _begin_row(self, given: dict[str, str]) -> None:
        self._end_row()
        self._row = []
        page = self.pages[-1]
        page.line = max(page.line + 1, _integer(given.get("ss:index", ""), 0, most=MAX_ROWS + 1))

    def _begin_cell(self, given: dict[str, str]) -> None:
        self._end_cell()
        if self._row is None:
            self._begin_row({})
        row = self._row = self._row or []
        while self._covered.get(len(row), 0) > 0:
            row.append("")
        place = _integer(given.get("ss:index", ""), 0)
        if len(row) > _WIDEST:
            check_position(self.pages[-1].line, len(row))
        row += [""] * (place - 1 - len(row))
        across = _integer(given.get("colspan", ""), 1) - 1 + _integer(given.get("ss:mergeacross", ""), 0)
        down = _integer(given.get("rowspan", ""), 1) - 1 + _integer(given.get("ss:mergedown", ""), 0)
        self._span = 1 + max(0, across)
        page = self.pages[-1]
        page.merged += across > 0
        if down > 0:
            page.merged_rows.append((len(row), page.line, page.line + down))
            for column in range(len(row), len(row) + self._span):
                self._covered[column] = down + 1
        self._number = given.get("x:num", "")
        self._pieces = []

    def _end_cell(self) -> None:
        if self._pieces is None or self._row is None:
            return
        lines = (" ".join(line.split()) for line in "".join(self._pieces).split("\n"))
        text = "\n".join(filter(None, lines))
        if self._number and _LOST_DIGITS.fullmatch(text):
            text = self._number  # Excel shows 8,9E+10 and keeps the digits beside it
        self._row += [text, *[""] * (self._span - 1)]
        self._pieces = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is None:
            return
        self._covered = {column: left - 1 for column, left in self._covered.items() if left > 1}
        self.pages[-1].rows.append((self.pages[-1].line, self._row))
        self._row = None


def _integer(text: str, default: int, most: int = MAX_COLUMNS) -> int:
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 8 else default
