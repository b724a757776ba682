"""Workbooks of LibreOffice and of Excel 97: texts, numbers as they are shown, sheets, and what is hidden."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.spreadsheets.ods_reader import is_ods, read_ods
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError
from obzvon.spreadsheets.xls_reader import is_xls, read_xls
from tests.support.workbooks import OPEN_DOCUMENT, ods_book, ods_cell, ods_of, ods_row

EXCEL_97 = Path(__file__).parents[2] / "support" / "excel97.xls"


def read(data: bytes, sheet: int | None = None) -> tuple[Table, list[TableRow]]:
    assert is_ods(data[:2_000])
    rows: list[TableRow] = []
    return read_ods(io.BytesIO(data), rows.append, sheet=sheet), rows


def cells(*inside: str) -> list[list[str]]:
    return [row.cells for row in read(ods_book(*inside))[1]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (ods_cell("Сомов"), "Сомов"),
        (ods_cell("две\nстроки"), "две\nстроки"),
        (ods_cell("8916<text:s text:c='2'/>111<text:tab/>1<text:line-break/>2"), "8916  111\t1\n2"),
        (ods_cell("<text:span>Со</text:span><text:a>мов</text:a>"), "Сомов"),
        (ods_cell("89161111111", "float", value="89161111111"), "89161111111"),
        (ods_cell("8,91611E+10", "float", value="89161111111"), "89161111111"),
        (ods_cell("8,91611E+10", "float", value="8.9161111111E10"), "89161111111"),
        (ods_cell("0007", "float", value="7"), "0007"),
        (ods_cell("7 916", "float", value="7916"), "7916"),
        (ods_cell("1 500,50 ₽", "currency", value="1500.5"), "1500.5"),
        (ods_cell("05.12.26", "date", date="2026-12-05"), "2026-12-05"),
        (ods_cell("05.12.26", "date", date="2026-12-05T09:30:00"), "2026-12-05 09:30"),
        (ods_cell("05.12.26", "date", date="2026-12-05T00:00:00"), "2026-12-05"),
        (ods_cell("ИСТИНА", "boolean", true="true"), "1"),
        (ods_cell("#Н/Д", "string", error="error"), "#Н/Д"),
        (ods_cell("#ССЫЛКА!", "float", value="0", error="error"), "#ССЫЛКА!"),
        (ods_cell("1<office:annotation><text:p>заметка</text:p></office:annotation>"), "1"),
    ],
)
def test_a_cell_of_libreoffice_has_the_text_that_is_shown(cell: str, text: str) -> None:
    assert cells(ods_row(cell)) == [[text]]


def test_repeated_rows_and_cells_stand_where_they_belong() -> None:
    table, rows = read(
        ods_book(
            ods_row(ods_cell("a"), ods_cell("", "", repeated="2"), ods_cell("b"), ods_cell("", "", repeated="16380")),
            ods_row(ods_cell("", "", repeated="16384"), repeated=3),
            ods_row(ods_cell("c", repeated="2"), repeated=2),
            ods_row(ods_cell("", "", repeated="16384"), repeated=1_048_570),
        )
    )
    assert rows == [TableRow(1, ["a", "", "", "b"]), TableRow(5, ["c", "c"]), TableRow(6, ["c", "c"])]
    assert table.rows == 3


def test_errors_formulas_and_hidden_parts_are_told() -> None:
    hidden = '<style:style style:name="Тверь"><style:table-properties table:display="false"/></style:style>'
    table, rows = read(
        ods_book(
            ods_row(ods_cell("#Н/Д", error="error", formula="of:=A1"), ods_cell("", "", formula="of:=B2")),
            ods_row(ods_cell("2", "float", value="2", formula="of:=1+1"), visibility="collapse"),
            styles=hidden,
            Тверь=ods_row(ods_cell("89161111111")),
        )
    )
    assert rows == [TableRow(1, ["#Н/Д", "=B2"], [1], [0]), TableRow(2, ["2"])]
    notes = "\n".join(map(str, table.notes))
    assert "1 row is hidden in the file and is read nevertheless: 2" in notes
    assert "2 cells are formulas" in notes
    assert [(sheet.name, sheet.hidden, sheet.phones) for sheet in table.sheets] == [
        ("Лист1", False, 0),
        ("Тверь", True, 1),
    ]


def test_another_sheet_of_libreoffice_can_be_taken_and_a_damaged_one_stops_none() -> None:
    data = ods_book(
        ods_row(ods_cell("a")), Тверь=ods_row(ods_cell("b")), Широкий=ods_row(ods_cell("c", repeated="300"))
    )
    assert read(data, 1)[1] == [TableRow(1, ["b"])]
    assert [sheet.rows for sheet in read(data)[0].sheets] == [1, 1, None]
    with pytest.raises(UnreadableTableError, match="at most 256 are read"):
        read(data, 2)


def test_the_flat_file_of_libreoffice_is_read() -> None:
    inside = "<office:body><office:spreadsheet><table:table table:name='a'>{}</table:table></office:spreadsheet>"
    flat = OPEN_DOCUMENT.format(inside.format(ods_row(ods_cell("89161111111"))) + "</office:body>")
    assert read(flat.encode())[1] == [TableRow(1, ["89161111111"])]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (ods_of("", "<manifest:encryption-data/>"), "password"),
        (ods_of(""), "damaged"),
        (ods_of("<a>"), "damaged"),
        (ods_book()[:300], "damaged"),
    ],
)
def test_what_is_no_workbook_of_libreoffice_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableTableError, match=reason):
        read(data)


@given(st.lists(st.lists(st.sampled_from(["", "Сомов", "0012", "8 916 111-11-11", "а\nб"]), max_size=5), max_size=9))
def test_any_texts_come_back_from_libreoffice(rows: list[list[str]]) -> None:
    made = [ods_row(*(ods_cell(text) if text else ods_cell("", "") for text in row)) for row in rows]
    expected = []
    for row in rows:
        while row and not row[-1]:
            row.pop()
        expected += [row] if row else []
    assert cells(*made) == expected


def test_a_workbook_of_excel_97_keeps_zeros_dates_errors_and_sheets() -> None:
    data = EXCEL_97.read_bytes()
    assert is_xls(data[:8])
    rows: list[TableRow] = []
    table = read_xls(data, rows.append)
    assert rows == [
        TableRow(1, ["ФИО", "Телефон", "Код", "Дата", "Ошибка", "Да"]),
        TableRow(2, ["Сомов", "89161111111", "0007", "2026-12-05", "#N/A", "1"], [], [4]),
        TableRow(3, ["Щукин", "8 916 222-22-22", "0012", "2026-12-05 09:30"]),
        TableRow(4, ["слито"]),
    ]
    assert [str(note) for note in table.notes] == [
        "1 row is hidden in the file and is read nevertheless: 3",
        "some cells are merged: only the first of them has the value",
    ]
    assert [(sheet.name, sheet.hidden, sheet.rows, sheet.phones) for sheet in table.sheets] == [
        ("Москва", False, 4, 3),
        ("Тверь", True, 1, 1),
        ("Пусто", False, 0, 0),
    ]
    rows.clear()
    read_xls(data, rows.append, sheet=1)
    assert rows == [TableRow(1, ["89163333333"])]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (EXCEL_97.read_bytes()[:3_000], "damaged"),
    ],
)
def test_what_is_no_workbook_of_excel_97_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableTableError, match=reason):
        read_xls(data, lambda _: None)
