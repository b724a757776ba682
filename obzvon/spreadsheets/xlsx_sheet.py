"""Reads one sheet of a workbook, element by element, as rows of text."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.spreadsheets.cell_text import MAX_CELL_UNITS, looks_like_phone, unquote_formula
from obzvon.spreadsheets.cell_text import unescape_xml_text as unescaped
from obzvon.spreadsheets.sheets import HiddenParts
from obzvon.spreadsheets.table import RowCollector, UnreadableTableError, check_position
from obzvon.spreadsheets.xlsx_package import Attributes, XlsxPackage, damaged_error, parse_xml

#: The built-in formats of dates and times; they have a number and no text.
_DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NOT_A_DATE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_DATE = re.compile(r"[dmyhs]", re.IGNORECASE)
_ZEROS = re.compile(r"0+")
_MAX_EXACT_INTEGER = 2**53
#: Days until the year 10000, where a spreadsheet's calendar ends.
_MAX_DAYS = 2_958_466


class NumberFormat:
    """The format of a cell's number."""

    def __init__(self, number: int = 0, code: str = "") -> None:
        self.date = number in _DATE_FORMATS or bool(_DATE.search(_NOT_A_DATE.sub("", code)))
        #: With the format 00000 the number 42 is shown as 00042.
        self.digits = len(code) if _ZEROS.fullmatch(code) else 0


GENERAL = NumberFormat()


def format_number(raw: str, form: NumberFormat, *, since_1904: bool = False) -> str:
    """Return the text of a numeric cell. A number that has lost digits stays as it is written."""
    if form.date:
        return _date(raw, since_1904=since_1904)
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= 15):
        raw = _whole(raw)
    return raw.zfill(form.digits) if form.digits and raw.isdecimal() else raw


def _whole(raw: str) -> str:
    try:
        value = Decimal(raw)
    except InvalidOperation:
        return raw
    if (
        value.is_finite()
        and value.adjusted() < 17
        and abs(value) < _MAX_EXACT_INTEGER
        and value == value.to_integral_value()
    ):
        return str(int(value))
    return raw


def _date(raw: str, *, since_1904: bool) -> str:
    try:
        days = float(raw)
    except ValueError:
        return raw
    if not 0 <= days < _MAX_DAYS:
        return raw
    if since_1904:
        days += 1462
    moment = datetime(1899, 12, 30) + timedelta(days=days, milliseconds=500)  # noqa: DTZ001 - a cell has no zone
    if days < 1:
        return f"{moment:%H:%M}"
    return f"{moment:%Y-%m-%d}" if days == int(days) else f"{moment:%Y-%m-%d %H:%M}"


_MERGED = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})", re.ASCII)
_MERGE_TAG = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})"')
_TAG_BYTES = 200
#: A larger sheet is not looked through for merged cells: its parts may be unpacked only so far.
_MAX_SCANNED_BYTES = 50_000_000
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)


class SharedParts(msgspec.Struct):
    """Texts, formats and the start of the calendar, which the sheets of a workbook share."""

    texts: list[str] = []
    formats: list[NumberFormat] = []
    since_1904: bool = False


class SharedText:
    """Collects the text of `t` elements without the phonetic readings of Japanese text."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._in_text = False
        self._in_reading = False

    def start(self, element: str, _: Attributes) -> None:
        """Note that an element begins."""
        if element == "t":
            self._in_text = not self._in_reading
        elif element == "rPh":
            self._in_reading = True

    def end(self, element: str) -> None:
        """Note that an element ends."""
        if element == "t":
            self._in_text = False
        elif element == "rPh":
            self._in_reading = False

    def add(self, text: str) -> None:
        """Add text if it belongs to the cell."""
        if self._in_text:
            self._length += len(text)
            if self._length > 8 * MAX_CELL_UNITS:  # each character may be written as _x0000_
                raise UnreadableTableError(say("a cell has more than {most} characters", most=MAX_CELL_UNITS))
            self._pieces.append(text)

    def take(self) -> str:
        """Return the text so far and begin the next one."""
        whole = self._pieces[0] if len(self._pieces) == 1 else "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        return unescaped(whole)


class SheetReader:
    """Turns the elements of one sheet into rows."""

    def __init__(self, shared: SharedParts, collector: RowCollector) -> None:
        self._shared = shared
        self._collector = collector
        self._line = 0
        self._column = -1
        self._cells: dict[int, str] = {}
        self._uncomputed: list[int] = []
        self._kind = "n"
        self._style = ""
        self._text = SharedText()
        self._value: list[str] = []
        self._formula: list[str] | None = None
        self._computed = False
        self._collecting: list[str] | None = None
        self._collected = 0
        self._in_data = False
        self._parts = HiddenParts()
        self._hidden_now = False

    def run(self, package: XlsxPackage, part: str, progress: Callable[[float], None]) -> None:
        """Pass the rows to the collector. Raises UnreadableTableError."""
        size = package.size(part) or 1
        for column, first, last in _merged_rows(package, part):
            self._collector.merge_rows(column, first, last)

        def pieces() -> Iterator[bytes]:
            done = 0
            for piece in package.pieces(part):
                done += len(piece)
                progress(min(1.0, done / size))
                yield piece

        parse_xml(pieces(), self._start, self._end, self._add)

    def notes(self, comments: list[str]) -> list[Message]:
        """Return what the operator should know about the sheet and the comments on its cells."""
        self._parts.comments = comments
        return self._parts.notes()

    def _start(self, element: str, attributes: Attributes) -> None:
        if element == "c":
            self._start_cell(attributes)
        elif element == "v":
            self._value.clear()
            self._computed = self._kind == "str"  # the empty text is a value too
            self._collecting = self._value
            self._collected = 0
        elif element in {"t", "rPh"}:
            self._text.start(element, attributes)
        elif element == "row":
            self._start_row(attributes)
        elif element == "f":
            self._formula = self._collecting = []
            self._collected = 0
        elif element == "sheetData":
            self._in_data = True
        elif element == "mergeCell":
            self._note_merged(attributes.get("ref", ""))
        elif element == "col":
            self._parts.columns += is_true(attributes.get("hidden"))

    def _note_merged(self, cells: str) -> None:
        if found := _MERGED.fullmatch(cells):
            self._parts.merged += found[1] != found[3]
            self._parts.merged_rows += found[2] != found[4]

    def _start_row(self, attributes: Attributes) -> None:
        given = attributes.get("r")
        line = whole_number(given) if given else self._line + 1
        if line <= self._line or not self._in_data:
            raise damaged_error()
        self._line = line
        self._column = -1
        self._cells.clear()
        self._uncomputed.clear()
        self._hidden_now = "hidden" in attributes and is_true(attributes["hidden"])

    def _start_cell(self, attributes: Attributes) -> None:
        place = attributes.get("r")
        if place is None:
            self._column += 1
        else:
            found = _PLACE.fullmatch(place)
            if not found:
                raise damaged_error()
            self._column = _column(found[1])
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "")
        self._formula = None
        self._computed = False
        self._value.clear()

    def _add(self, text: str) -> None:
        if self._collecting is not None:
            self._collected += len(text)
            if self._collected > 8 * MAX_CELL_UNITS:
                raise UnreadableTableError(say("a cell has more than {most} characters", most=MAX_CELL_UNITS))
            self._collecting.append(text)
        else:
            self._text.add(text)

    def _end(self, element: str) -> None:
        if element == "c":
            self._end_cell()
        elif element in {"v", "f"}:
            self._collecting = None
        elif element in {"t", "rPh"}:
            self._text.end(element)
        elif element == "row":
            self._end_row()
        elif element == "sheetData":
            self._in_data = False

    def _end_cell(self) -> None:
        text = self._cell_text()
        if self._formula is not None:
            formula = "=" + "".join(self._formula)
            link = unquote_formula(formula)
            if link != formula and not looks_like_phone(text):
                text = link  # a link needs no computing
            if text or self._computed:
                self._parts.formulas += 1
            else:
                self._uncomputed.append(self._column)
                text = formula
        if text:
            check_position(self._line, self._column + 1)
            self._cells[self._column] = text

    def _cell_text(self) -> str:
        inline = self._text.take()
        if self._kind == "inlineStr":
            return inline
        raw = "".join(self._value)
        if not raw:
            return ""
        if self._kind == "n":
            style = whole_number(self._style) if self._style else 0
            formats = self._shared.formats
            return format_number(
                raw.strip(), formats[style] if style < len(formats) else GENERAL, since_1904=self._shared.since_1904
            )
        if self._kind == "s":
            place = whole_number(raw)
            if place >= len(self._shared.texts):
                raise damaged_error()
            return self._shared.texts[place]
        return unescaped(raw) if self._kind == "str" else raw

    def _end_row(self) -> None:
        cells = [""] * (max(self._cells) + 1) if self._cells else []
        for column, text in self._cells.items():
            cells[column] = text
        before = self._collector.rows
        self._collector.add(self._line, cells, sorted(set(self._uncomputed)))
        if self._hidden_now and self._collector.rows > before:
            self._parts.rows.append(self._line)


def _merged_rows(package: XlsxPackage, part: str) -> Iterator[tuple[int, int, int]]:
    """Yield column, first and last row of the cells that are merged over rows. They stand behind the rows."""
    if package.size(part) > _MAX_SCANNED_BYTES:
        return
    before = b""
    for piece in package.pieces(part):
        text = before + piece
        for found in _MERGE_TAG.finditer(text):
            yield _column(found[1].decode()), int(found[2]), int(found[3])
        start = text.rfind(b"<", -_TAG_BYTES)
        before = text[start:] if start >= 0 and text.find(b">", start) < 0 else b""


def _column(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def whole_number(text: str | None) -> int:
    """Return the integer in an attribute, 0 if it is empty. Raises UnreadableTableError for another text."""
    text = (text or "").strip()
    if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise damaged_error()
    return int(text or 0)


def is_true(text: str | None) -> bool:
    """Return whether a boolean attribute is set."""
    return text in ("1", "true")
