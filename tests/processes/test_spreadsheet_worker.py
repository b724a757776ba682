"""Files of every kind to rows, in a process with limits; and files that would do harm."""

import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from obzvon.common.limited_process import child_environment
from obzvon.spreadsheets import subprocess_reader, worker
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError
from tests.support import workbooks as books
from tests.support.profile import often
from tests.support.workbooks import OFFICE, PHONE, active_sheet, cell, package

LINES = "Имя;Номер\r\nИванов;89161111111\r\n"
CELLS = [["Имя", "Номер"], ["Иванов", "89161111111"]]


def read(data: bytes, folder: Path, **options: Any) -> tuple[Table, list[TableRow]]:
    """What this very process reads, with the rows."""
    (folder / "upload").write_bytes(data)
    rows: list[TableRow] = []
    return worker.read_table(folder / "upload", rows.append, **options), rows


def cells(data: bytes, folder: Path, **options: object) -> list[list[str]]:
    return [row.cells for row in read(data, folder, **options)[1]]


# -- text


@pytest.mark.parametrize(
    "data",
    [
        LINES.encode(),
        LINES.encode("utf-8-sig"),
        LINES.encode("cp1251"),
        LINES.encode("utf-16"),
        LINES.replace(";", "\t").encode("utf-16"),
        LINES.replace(";", ",").encode(),
        LINES.replace("\r\n", "\n").encode(),
        LINES.replace("\r\n", "\r").encode(),
        LINES.replace(";", ",").replace("Имя", '"Имя"').encode("cp1251"),
        b"\xfe\xff" + LINES.encode("utf-16-be"),
        ("sep=;\r\n" + LINES).encode(),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_text_is_read_in_any_usual_encoding_with_any_usual_delimiter(tmp_path: Path, data: bytes) -> None:
    assert cells(data, tmp_path) == CELLS


def test_line_breaks_quotes_and_the_other_delimiter_stand_in_cells(tmp_path: Path) -> None:
    assert cells('"Груз; ""склад""\nкорпус 2";1,5\nb;2'.encode(), tmp_path) == [
        ['Груз; "склад"\nкорпус 2', "1,5"],
        ["b", "2"],
    ]


def test_a_quotation_mark_that_nobody_closed_swallows_no_rows(tmp_path: Path) -> None:
    assert cells('"Иванов;1\nПетров;2\n"Груз" ООО;3\n'.encode(), tmp_path) == [
        ['"Иванов', "1"],
        ["Петров", "2"],
        ['"Груз" ООО', "3"],
    ]


def test_what_is_copied_out_of_a_spreadsheet_keeps_the_quotes_that_stand_in_a_cell(tmp_path: Path) -> None:
    pasted = '"Груз"\t1\n"две\nстроки"\t2\nООО "Груз"\t3\n"он ""сам"""\t4\n'
    assert cells(pasted.encode(), tmp_path, pasted=True) == [
        ['"Груз"', "1"],
        ["две\nстроки", "2"],
        ['ООО "Груз"', "3"],
        ['он "сам"', "4"],
    ]
    assert cells(b"89161111111\n8916 222 22 22", tmp_path, pasted=True) == [["89161111111"], ["8916 222 22 22"]]


def test_rows_are_counted_as_the_spreadsheet_counts_them(tmp_path: Path) -> None:
    table, rows = read(b'a;1\n\n"b\nb";2\n;;\nc;3', tmp_path)
    assert [row.line for row in rows] == [1, 3, 5]
    assert (table.rows, table.empty, table.columns) == (3, 2, 2)


def test_the_apostrophe_before_a_formula_is_taken_back_from_a_csv_alone(tmp_path: Path) -> None:
    assert cells(b"'=1;'x\n", tmp_path) == [["=1", "'x"]]
    assert cells(b"'=1\t'x\n", tmp_path, pasted=True) == [["'=1", "'x"]]
    assert cells(books.book(["'=1", "'x"]), tmp_path) == [["'=1", "'x"]]


# -- workbooks


def test_a_workbooks_cells_are_text_and_numbers_are_whole(tmp_path: Path) -> None:
    data = books.book(
        [
            79161234567,
            79161234567.0,
            8.5,
            "0012",
            True,
            date(2026, 11, 22),
            datetime.fromisoformat("2026-11-22 09:30"),
            None,
            "x",
        ]
    )
    assert cells(data, tmp_path) == [
        ["79161234567", "79161234567", "8.5", "0012", "1", "2026-11-22", "2026-11-22 09:30", "", "x"]
    ]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("7.9161234567E10", "79161234567"),
        ("7.9161234567E+10", "79161234567"),
        ("79161234567.0", "79161234567"),
        ("9007199254740991", "9007199254740991"),
        ("9007199254740993", "9007199254740993"),
        ("9.007199254740993E15", "9.007199254740993E15"),
        ("1E300", "1E300"),
        ("1E999999999", "1E999999999"),
        ("-5", "-5"),
        ("0.1", "0.1"),
        ("nan", "nan"),
        ("INF", "INF"),
        ("x", "x"),
    ],
)
def test_a_number_is_taken_as_an_integer_only_where_it_is_one_exactly(tmp_path: Path, raw: str, text: str) -> None:
    assert cells(package(cell("A1", raw)), tmp_path) == [[text]]


def test_a_number_shown_with_leading_zeros_has_them(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    active_sheet(made).append([7])
    active_sheet(made)["A1"].number_format = "0000"
    made.save(tmp_path / "book.xlsx")
    assert cells((tmp_path / "book.xlsx").read_bytes(), tmp_path) == [["0007"]]


def test_texts_of_every_kind_are_read(tmp_path: Path) -> None:
    inside = (
        '<row><c t="s"><v>0</v></c><c t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c>'
        '<c t="str"><f>A1</f><v>com_x0041_</v></c><c t="e"><v>#N/A</v></c></row>'
    )
    shared = (
        '<x:sst xmlns:x="y"><x:si><x:r><x:t>sha</x:t></x:r><x:r><x:t>red_x000D_</x:t></x:r>'
        "<x:rPh><x:t>reading</x:t></x:rPh></x:si></x:sst>"
    )
    data = package(inside, parts={"xl/sharedStrings.xml": shared})
    assert cells(data, tmp_path) == [["shared\r", "inline", "comA", "#N/A"]]


def test_parts_are_found_in_another_case_as_1c_writes_them(tmp_path: Path) -> None:
    data = package(cell("A1", "0", "s"), parts={"xl/SharedStrings.xml": "<sst><si><t>89161111111</t></si></sst>"})
    assert cells(data, tmp_path) == [["89161111111"]]


def test_a_formulas_last_value_is_taken_and_one_without_a_value_is_marked(tmp_path: Path) -> None:
    inside = (
        '<row r="2"><c r="A2"><f>B2</f><v>79161111111</v></c><c r="B2" t="str"><f>""</f><v></v></c>'
        '<c r="D2"><f>1+1</f><v/></c></row>'
    )
    table, rows = read(package(inside), tmp_path)
    assert rows == [TableRow(2, ["79161111111", "", "", "=1+1"], [3])]
    assert "2 cells are formulas" in str(table.notes[0])


def test_hidden_rows_hidden_columns_and_merged_cells_are_told(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    for number in range(4):
        active_sheet(made).append([number, "x"])
    active_sheet(made).row_dimensions[2].hidden = True
    active_sheet(made).column_dimensions["B"].hidden = True
    active_sheet(made).merge_cells("A3:A4")
    made.save(tmp_path / "book.xlsx")
    table, rows = read((tmp_path / "book.xlsx").read_bytes(), tmp_path)
    assert len(rows) == 4
    told = "\n".join(map(str, table.notes))
    assert "1 row is hidden in the file and is read nevertheless: 2" in told
    assert "columns are hidden" in told
    assert "merged" in told


def test_the_first_sheet_with_anything_in_it_is_read_and_another_one_when_it_is_named(tmp_path: Path) -> None:
    data = books.book(Второй=[["a"]], Третий=[["b"]])
    table, rows = read(data, tmp_path)
    assert [sheet.name for sheet in table.sheets] == ["Лист1", "Второй", "Третий"]
    assert (table.sheet, rows[0].cells) == (1, ["a"])
    table, rows = read(data, tmp_path, sheet=2)
    assert (table.sheet, rows[0].cells) == (2, ["b"])
    with pytest.raises(UnreadableTableError, match="no such sheet"):
        read(data, tmp_path, sheet=7)
    assert read(books.book(), tmp_path)[0].rows == 0


def test_the_sheets_that_are_not_taken_are_counted(tmp_path: Path) -> None:
    data = books.book(
        ["Сомов", "89161111111"], Тверь=[["x", 89162222222], ["+7 (916) 333-33-33"]], Пусто=[], Цены=[[1]]
    )
    table, _ = read(data, tmp_path)
    assert [(sheet.rows, sheet.phones) for sheet in table.sheets] == [(1, 1), (2, 2), (0, 0), (1, 0)]
    assert [sheet.name for sheet in table.other_sheets()] == ["Тверь", "Цены"]
    too_wide = package(PHONE, cell("XFD1", "1"))
    table, _ = read(too_wide, tmp_path)
    assert [(sheet.name, sheet.rows) for sheet in table.other_sheets()] == [("S2", None)]


def test_errors_of_formulas_are_told_from_texts(tmp_path: Path) -> None:
    lines = "Сомов;#Н/Д\n#ССЫЛКА!;#5\n#ЗНАЧ!;#н/д \n"
    assert [row.errors for row in read(lines.encode(), tmp_path)[1]] == [[1], [0], [0, 1]]
    rows = read(package('<row r="1"><c t="e"><v>#N/A</v></c><c t="str"><v>#REF</v></c></row>'), tmp_path)[1]
    assert rows == [TableRow(1, ["#N/A", "#REF"], [], [0])]


def test_a_hidden_sheet_comes_after_those_in_sight(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    active_sheet(made).append(["hidden"])
    active_sheet(made).sheet_state = "hidden"
    made.create_sheet("x").append(["seen"])
    made.save(tmp_path / "book.xlsx")
    table, rows = read((tmp_path / "book.xlsx").read_bytes(), tmp_path)
    assert rows[0].cells == ["seen"]
    assert [sheet.hidden for sheet in table.sheets] == [True, False]


def test_the_same_row_a_hundred_thousand_times_is_no_bomb(tmp_path: Path) -> None:
    inside = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 100_001))
    assert read(package(inside), tmp_path)[0].rows == 100_000


def test_a_chart_is_no_sheet_and_what_lies_outside_is_not_asked_for(tmp_path: Path) -> None:
    related = (
        f'<Relationships><Relationship Id="r1" Type="{OFFICE}/chartsheet" Target="chartsheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{OFFICE}/worksheet" Target="/xl/worksheets/../worksheets/sheet2.xml"/>'
        f'<Relationship Id="r3" Type="{OFFICE}/worksheet" Target="http://127.0.0.1:9/" TargetMode="External"/>'
        "</Relationships>"
    )
    table, rows = read(package("", PHONE, "", parts={"xl/_rels/workbook.xml.rels": related}), tmp_path)
    assert [sheet.name for sheet in table.sheets] == ["S2"]
    assert rows[0].cells == ["79161111111"]


# -- what would do harm


@pytest.fixture(scope="module")
def hostile() -> dict[str, Callable[[], bytes]]:
    return books.hostile()


@pytest.mark.parametrize("name", sorted(books.hostile())[:: often(commit=3, long=1)])
def test_a_hostile_file_is_refused_with_a_reason_within_the_limits(
    tmp_path: Path, hostile: dict[str, Callable[[], bytes]], name: str
) -> None:
    (tmp_path / "upload").write_bytes(hostile[name]())
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with pytest.raises(UnreadableTableError) as refused:
        subprocess_reader.read_upload(tmp_path / "upload", tmp_path)
    assert str(refused.value) != str(worker.limits_exceeded())  # it knows why, and was not just cut off
    assert subprocess_reader.load_table(tmp_path) is None
    grown = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert grown <= max(before, worker.MAX_MEMORY_BYTES // 1024)


def test_the_reasons_say_what_to_do(tmp_path: Path, hostile: dict[str, Callable[[], bytes]]) -> None:
    for name, reason in {
        "sparse": "there is something in row 1048576",
        "far to the right": "has 16384 columns",
        "zip bomb": "too large when unpacked",
        "billion laughs": "document type",
        "external entity": "document type",
        "old xls": "the workbook is damaged",
        "encrypted xlsx": "password",
        "ods": "the workbook is damaged",
        "ods with endless rows": "at most 1000000 rows",
        "ods with endless columns": "at most 256 are read",
        "ods with an endless cell": "a cell has more than 32767",
        "encrypted ods": "password",
        "encrypted": "password",
        "zero bytes": "zero byte in line 1",
        "pdf": "it is a PDF",
        "html called xls": "web page",
        "many sheets": "400 sheets",
        "a zip": "it is an archive",
        "a zip of other files": "not a workbook",
        "rar": "it is an archive",
        "table of 1C": "save it in 1C",
        "picture": "it is a picture",
        "damaged UTF-8": "a letter in line 4 is damaged",
    }.items():
        with pytest.raises(UnreadableTableError, match=reason):
            read(hostile[name](), tmp_path)


def test_the_sparse_file_is_as_small_as_they_come(hostile: dict[str, Callable[[], bytes]]) -> None:
    assert len(hostile["sparse"]()) < 1_400


def test_a_reading_that_takes_too_much_memory_or_time_is_ended_and_the_reason_told(tmp_path: Path) -> None:
    def read_with(act: str) -> "subprocess.CompletedProcess[str]":
        program = f"from obzvon.spreadsheets import worker; worker.read_table = lambda *_, **__: {act}; worker.main()"
        command = [sys.executable, "-c", program, str(tmp_path / "upload"), str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=True)

    for spend in ("bytearray(2_000_000_000)", "[0] * 10 ** 10"):
        assert "more memory or time" in read_with(spend).stdout
    failed = read_with("1 / 0")
    assert "a kind of file that is not known" in failed.stdout
    assert "ZeroDivisionError" in failed.stderr
    (tmp_path / "upload").write_bytes(b"89161111111\n" * 300_000)
    with pytest.raises(UnreadableTableError, match="more memory or time"):
        subprocess_reader.read_upload(tmp_path / "upload", tmp_path, timeout=0.001)


def test_the_process_gets_no_modules_from_the_working_folder_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "csv.py").write_text("raise SystemExit(1)")
    (tmp_path / "upload").write_bytes(b"1;2")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OBZVON_SETTINGS", "/secret")
    assert subprocess_reader.read_upload(tmp_path / "upload", tmp_path).rows == 1
    assert "OBZVON_SETTINGS" not in child_environment()


def test_the_rows_are_left_in_the_folder_and_how_far_it_is_is_told(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(books.book(["a", "1"], ["b", "2"]))
    told: list[float] = []
    table = subprocess_reader.read_upload(tmp_path / "upload", tmp_path, progress=told.append)
    assert subprocess_reader.load_table(tmp_path) == table
    assert subprocess_reader.load_rows(tmp_path) == [TableRow(1, ["a", "1"]), TableRow(2, ["b", "2"])]
    assert told[-1] == 1.0
    assert not (tmp_path / "rows").stat().st_mode & 0o007


def test_a_table_cut_off_by_a_restart_is_none(tmp_path: Path) -> None:
    assert subprocess_reader.load_table(tmp_path) is None
    (tmp_path / "table").write_bytes(b'{"form"')
    assert subprocess_reader.load_table(tmp_path) is None
