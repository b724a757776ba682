"""Phone numbers outside the cells of a sheet are named, and a title sheet is not taken for the list."""

import io

import openpyxl
import pytest
from openpyxl.comments import Comment

from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError
from obzvon.spreadsheets.worker import read_stream
from tests.support.profile import often
from tests.support.workbooks import ods_book

NAMED = "1 comment on a cell or text box has a phone number, which is not taken: жена 8 916 111-11-12"


def read(data: bytes) -> tuple[Table, list[TableRow]]:
    """The table and its rows."""
    rows: list[TableRow] = []
    return read_stream(io.BytesIO(data), rows.append), rows


def saved(book: openpyxl.Workbook) -> bytes:
    """The workbook as a file."""
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_number_in_a_comment_of_excel_is_named() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Сомов", "89161111111"])
    sheet["B1"].comment = Comment("жена 8 916 111-11-12", "диспетчер")
    sheet["A1"].comment = Comment("рейс 512", "диспетчер")
    table, rows = read(saved(book))
    assert [row.cells for row in rows] == [["Сомов", "89161111111"]]
    assert [str(note) for note in table.notes] == [NAMED]


def test_a_number_in_a_comment_of_libreoffice_is_named() -> None:
    note = "<office:annotation><text:p>жена 8 916 111-11-12</text:p></office:annotation>"
    cell = f"<table:table-cell office:value-type='string'>{note}<text:p>89161111111</text:p></table:table-cell>"
    row = f"<table:table-row>{cell}</table:table-row>"
    table, rows = read(ods_book(row))
    assert [one.cells for one in rows] == [["89161111111"]]
    assert [str(note) for note in table.notes] == [NAMED]


@pytest.mark.parametrize(
    ("sheets", "taken"),
    [
        ([("Итоги", "Людей", "visible"), ("Список", "89161111111", "visible")], 1),
        ([("Список", "89161111111", "visible"), ("Ещё", "89161111112", "visible")], 0),
        ([("Итоги", "Людей", "visible"), ("Прошлый год", "89161111111", "hidden")], 0),
        ([("Итоги", None, "visible"), ("Прошлый год", "89161111111", "hidden")], 1),
    ],
)
def test_the_first_sheet_with_numbers_is_taken(sheets: list[tuple[str, str | None, str]], taken: int) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, text, state in sheets:
        sheet = book.create_sheet(name)
        sheet["A1"] = text
        sheet.sheet_state = state
    assert read(saved(book))[0].sheet == taken


def test_cells_merged_over_rows_have_their_text_in_each_of_them_whatever_the_size() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    count = often(fast=400, commit=4000, long=4000)
    for line in range(1, count + 1, 2):
        sheet.append([f"Сомов {line}", f"8916{line:07}"])
        sheet.append([None, f"8917{line:07}"])
        sheet.merge_cells(start_row=line, end_row=line + 1, start_column=1, end_column=1)
    table, rows = read(saved(book))
    assert [row.cells[0] for row in rows] == [f"Сомов {line - (line + 1) % 2}" for line in range(1, count + 1)]
    assert [str(note) for note in table.notes] == [
        "some cells are merged over several rows: each of these rows has their value here"
    ]


@pytest.mark.parametrize("data", [b'{"0": {"0": "89161111111"}}', b'[{"phone": "89161111111"}]\n'])
def test_json_is_no_table(data: bytes) -> None:
    with pytest.raises(UnreadableTableError, match="it is JSON"):
        read(data)
