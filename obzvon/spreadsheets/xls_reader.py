"""Reads the workbooks of Excel up to 2003 (.xls) as rows of text.

xlrd knows formats and errors, so 0007 keeps its zeros and #N/A is seen. It trusts a file; the process that reads has
limits on memory and time.
"""

import io
from collections.abc import Callable
from typing import Any

import xlrd

from obzvon.common.i18n import Message, say
from obzvon.spreadsheets.sheets import HiddenParts, SheetSource, take_sheet
from obzvon.spreadsheets.table import RowCollector, Table, TableRow, UnreadableTableError
from obzvon.spreadsheets.xlsx_package import damaged_error
from obzvon.spreadsheets.xlsx_sheet import NumberFormat, format_number

_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PASSWORD = say("it is protected by a password; save it without one")


def is_xls(head: bytes) -> bool:
    """Return whether a file of Office up to 2003 begins so, or one protected by a password."""
    return head.startswith(_MARK)


def read_xls(data: bytes, keep: Callable[[TableRow], None], *, sheet: int | None = None) -> Table:
    """Pass each row of a sheet to `keep` and return the table. Raises UnreadableTableError."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise UnreadableTableError(_PASSWORD)
    try:
        book = xlrd.open_workbook(
            file_contents=data, formatting_info=True, ragged_rows=True, on_demand=True, logfile=io.StringIO()
        )
        formats = _Formats(book)
        sources = [
            SheetSource(name, _reader(book, place, formats), book.sheet_by_index(place).visibility > 0)
            for place, name in enumerate(book.sheet_names())
        ]
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # xlrd raises whatever a damaged file leads to
        raise _refusal(error) from error
    if not sources:
        raise damaged_error()
    return take_sheet(say("a workbook of Excel 97–2003"), sources, keep, sheet)


class _Formats:
    """The formats of the numbers of a workbook, by the index of a cell's style."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._found: dict[int, NumberFormat] = {}

    def text(self, cell: Any) -> str:
        """Return the text of a cell with a number or a date."""
        form = self._found.get(cell.xf_index)
        if form is None:
            code = self._book.format_map[self._book.xf_list[cell.xf_index].format_key].format_str
            form = self._found[cell.xf_index] = NumberFormat(0, code)
            form.date = cell.ctype == xlrd.XL_CELL_DATE
        return format_number(repr(cell.value), form, since_1904=bool(self._book.datemode))


def _reader(book: Any, place: int, formats: _Formats) -> Callable[[RowCollector], list[Message]]:
    def read(collector: RowCollector) -> list[Message]:
        try:
            return _read_sheet(book.sheet_by_index(place), collector, formats)
        except (MemoryError, RecursionError, UnreadableTableError):
            raise
        except Exception as error:
            raise _refusal(error) from error

    return read


def _read_sheet(sheet: Any, collector: RowCollector, formats: _Formats) -> list[Message]:
    parts = HiddenParts(comments=[note.text for note in sheet.cell_note_map.values()])
    for first, after, left, right in sheet.merged_cells:
        parts.merged += right > left + 1
        parts.merged_rows += after > first + 1
        collector.merge_rows(left, first + 1, after)
    parts.columns = sum(column.hidden for column in sheet.colinfo_map.values())
    for place in range(sheet.nrows):
        before = collector.rows
        collector.add(place + 1, [_cell_text(cell, formats) for cell in sheet.row(place)])
        row = sheet.rowinfo_map.get(place)
        if row is not None and row.hidden and collector.rows > before:
            parts.rows.append(place + 1)
    return parts.notes()


def _cell_text(cell: Any, formats: _Formats) -> str:
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        return formats.text(cell)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(int(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#N/A"))
    return str(cell.value)


def _refusal(error: Exception) -> UnreadableTableError:
    if isinstance(error, xlrd.XLRDError) and "encrypted" in str(error):
        return UnreadableTableError(_PASSWORD)
    if isinstance(error, xlrd.XLRDError) and "Can't find workbook" in str(error):
        return UnreadableTableError(say("it is not a workbook; choose an .xlsx or .csv file"))
    return damaged_error()
