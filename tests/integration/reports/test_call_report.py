"""A day's calls as CSV, XLSX, JSON and in the terminal, whatever stands in the list."""

import csv
import gc
import io
import json
import os
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import msgspec
import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from obzvon.cli import rendering, workspace
from obzvon.cli.main import cli
from obzvon.cli.report_table import show_report
from obzvon.common.errors import UserError
from obzvon.common.i18n import Message, say, set_language
from obzvon.common.text import group_digits
from obzvon.domain.calls import CallOutcome, CallRecord
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.reports import call_report
from obzvon.reports.call_report import write_calls_csv, write_calls_json, write_calls_xlsx
from obzvon.spreadsheets.cell_text import to_one_line
from tests.support.profile import thinned

MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY = date(2026, 1, 5)
NINE = datetime(2026, 1, 5, 6, 0, 1, 250_000, tzinfo=UTC)
PLAIN = CallRecord(
    3,
    "week",
    MONDAY,
    1,
    "0",
    "89161111111",
    "",
    "Иванов И. И.",
    "ended",
    "answered",
    None,
    1,
    2,
    NINE,
    NINE + timedelta(seconds=40),
)
SKIPPED = CallRecord(
    3,
    "week",
    MONDAY,
    2,
    "1",
    "777",
    "context 22",
    "Отдел",
    "ended",
    "skipped",
    say("too short: {given} digits where {wanted} are expected", given=3, wanted=11),
    1,
    None,
    None,
    NINE,
)
WAITING = CallRecord(4, "manual", MONDAY, 1, "0", "89502222222", "1", "", "waiting", None, None, 1, None, None, None)
LINES = [PLAIN, SKIPPED, WAITING]
HEADINGS = [
    "Handed over",
    "Ended",
    "Number",
    "Extension code",
    "Name",
    "Result",
    "Reason",
    "Run",
    "Bundle",
    "Attempt",
    "Kind of run",
    "Answered at",
    "Seconds heard",
    "Delivered",
    "Key",
    "Hangup cause",
]
HEARD = CallRecord(
    4,
    "manual",
    MONDAY,
    2,
    "1",
    "89161111111",
    "",
    "",
    "ended",
    "answered",
    None,
    1,
    1,
    NINE,
    NINE + timedelta(seconds=40),
    rang_at=NINE + timedelta(seconds=2),
    answered_at=NINE + timedelta(seconds=5),
    listened=12.4,
    cause=16,
    key="1",
    tries=2,
)

FORMULAS = [
    "=1+1",
    "+7 916",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u200f=1",
    "\ufeff=1",
    "\u00a0=1",
    "\x00=1",
    "＝1",
    '=HYPERLINK("http://x","y")',
    "=cmd|' /C calc'!A0",
]
HOSTILE = [
    *FORMULAS,
    "a\nb",
    "a\r\nb",
    "a;b",
    'a"b',
    '";=1',
    "a\x00b",
    "\x1b[31mred\x1b[2J",
    "[bold]x[/bold]",
    "[/]",
    "a\u202eb",
    "a\u2066b",
    "שלום",
    "\ud800",
    "a\ufffeb",
    "x" * 40_000,
    "😀" * 40_000,
    "#N/A",
    "#REF!",
    "_x000D_",
    "<a>&amp;",
    "2026-01-05",
    "'=1",
    "",
    " ",
    "\u2028",
]


pytestmark = pytest.mark.usefixtures("english")


def line(**fields: object) -> CallRecord:
    return msgspec.structs.replace(PLAIN, **fields)


def as_csv(lines: list[CallRecord], least: float = 0.0) -> list[list[str]]:
    stream = io.BytesIO()
    write_calls_csv(lines, stream, zone=MOSCOW, least=least)
    return list(csv.reader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline=""), delimiter=";"))


def as_xlsx(lines: list[CallRecord], least: float = 0.0) -> openpyxl.Workbook:
    stream = io.BytesIO()
    write_calls_xlsx(lines, stream, zone=MOSCOW, least=least)
    return openpyxl.load_workbook(stream)


def shown(lines: list[CallRecord], width: int = 80, *, terminal: bool = False, least: float = 0.0) -> str:
    out = io.StringIO()
    show_report(
        Console(file=out, width=width, force_terminal=terminal, color_system=None),
        lines,
        day=MONDAY,
        zone=MOSCOW,
        least=least,
    )
    return out.getvalue()


# -- CSV


def test_a_csv_has_a_byte_order_mark_semicolons_and_a_line_for_each_phone() -> None:
    stream = io.BytesIO()
    counts = write_calls_csv(LINES, stream, zone=MOSCOW)
    assert stream.getvalue().startswith(b"\xef\xbb\xbfHanded over;Ended;Number;")
    assert as_csv(LINES) == [
        HEADINGS,
        [
            "2026-01-05 09:00:01",
            "2026-01-05 09:00:41",
            "89161111111",
            "",
            "Иванов И. И.",
            "answered",
            "",
            "3",
            "2",
            "1",
            "by the week",
            "",
            "",
            "",
            "",
            "",
        ],
        [
            "",
            "2026-01-05 09:00:01",
            "777",
            "context 22",
            "Отдел",
            "skipped",
            "too short: 3 digits where 11 are expected",
            "3",
            "",
            "1",
            "by the week",
            "",
            "",
            "",
            "",
            "",
        ],
        ["", "", "89502222222", "1", "", "waiting", "", "4", "", "1", "by hand", "", "", "", "", ""],
    ]
    assert counts == {"answered": 1, "skipped": 1, "waiting": 1}


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_take_for_a_formula_gets_an_apostrophe(text: str) -> None:
    fields = as_csv([line(name=text, number=text, code=text, disposition="skipped", reason=say("{it}", it=text))])[1]
    assert all(fields[column].startswith("'") for column in (2, 3, 4, 6))
    assert fields[4].endswith(to_one_line(text))


@given(st.text())
def test_no_text_begins_a_formula_or_a_second_line(text: str) -> None:
    rows = as_csv([line(name=text)])
    assert len(rows) == 2
    seen = rows[1][4].lstrip().lstrip("\u200e\u200f\ufeff")
    assert not seen.startswith(("=", "+", "-", "@"))
    assert not set(rows[1][4]) & set("\r\n\t\x00")


def test_the_stream_stays_open_and_lines_end_as_excel_ends_them(tmp_path: Path) -> None:
    with (tmp_path / "report.csv").open("wb") as stream:
        write_calls_csv(LINES, stream, zone=MOSCOW)
        assert not stream.closed
    assert (tmp_path / "report.csv").read_bytes().count(b"\r\n") == 4


def test_a_reader_who_breaks_off_leaves_the_stream_open() -> None:
    def broken() -> Iterator[CallRecord]:
        yield PLAIN
        raise OSError("the database is gone")

    stream = io.BytesIO()
    with pytest.raises(OSError, match="gone"):
        write_calls_csv(broken(), stream, zone=MOSCOW)
    assert not stream.closed


def test_a_workbook_that_could_not_be_finished_is_none_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[CallRecord]:
        yield PLAIN
        raise OSError("the database is gone")

    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError("no room")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stream = io.BytesIO()
    with pytest.raises(OSError, match="gone"):
        write_calls_xlsx(broken(), stream, zone=MOSCOW)
    assert stream.getvalue() == b""
    with pytest.raises(OSError, match="no room"):
        write_calls_xlsx(LINES, Full(), zone=MOSCOW)
    write_calls_xlsx(LINES, stream, zone=MOSCOW)
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_can_be_written_to_a_pipe() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise OSError("a pipe does not go back")

        def tell(self) -> int:
            raise OSError("a pipe does not know where it is")

    pipe = Pipe()
    write_calls_xlsx(LINES, pipe, zone=MOSCOW)
    assert openpyxl.load_workbook(io.BytesIO(pipe.getvalue()))["Calls"].max_row == 4


# -- XLSX


def test_a_workbook_has_numbers_as_text_times_as_times_and_a_bold_header_that_stays() -> None:
    book = as_xlsx(LINES)
    sheet = book["Calls"]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == HEADINGS
    assert rows[1] == [
        datetime(2026, 1, 5, 9, 0, 1),  # noqa: DTZ001 - Excel's own
        datetime(2026, 1, 5, 9, 0, 41),  # noqa: DTZ001 - Excel's own
        "8 916 111-11-11",
        None,
        "Иванов И. И.",
        "answered",
        None,
        3,
        2,
        1,
        "by the week",
        None,
        None,
        None,
        None,
        None,
    ]
    assert rows[2][2:7] == ["777", "context 22", "Отдел", "skipped", "too short: 3 digits where 11 are expected"]
    assert rows[3][2:8] == ["8 950 222-22-22", "1", None, "waiting", None, 4]
    assert all(cell.font.bold for cell in sheet[1])
    assert not sheet["C2"].font.bold
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["E"].width == 32
    assert sheet.auto_filter.ref == "A1:P4"


def test_a_workbook_sums_the_results_up() -> None:
    rows = list(as_xlsx([PLAIN, PLAIN, SKIPPED])["Summary"].iter_rows(values_only=True))
    assert rows == [("Result", "Calls"), ("answered", 2), ("skipped", 1), ("All", 3)]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_stands_in_a_name_is_text_in_a_workbook(text: str) -> None:
    sheet = as_xlsx(
        [line(name=text, number=text, code=text, disposition="failed", reason=say("{it}", it=text)), PLAIN]
    )["Calls"]
    for column in "CDEG":
        cell = sheet[f"{column}2"]
        assert (cell.value or "") == to_one_line(text)
        assert cell.data_type == ("s" if to_one_line(text) else "n")
        assert len((cell.value or "").encode("utf-16-le")) // 2 <= 32_767
    assert sheet["E3"].value == "Иванов И. И."


def test_a_workbook_holds_no_formula(tmp_path: Path) -> None:
    with (tmp_path / "report.xlsx").open("wb") as stream:
        write_calls_xlsx([line(name=text) for text in HOSTILE], stream, zone=MOSCOW)
    with ZipFile(tmp_path / "report.xlsx") as archive:
        texts = [archive.read(name).decode() for name in archive.namelist() if "sheet" in name]
    assert not any("<f>" in text or "<f " in text for text in texts)


def test_what_does_not_fit_into_one_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_report, "MAX_ROWS", 2)
    assert [(sheet.title, sheet.max_row) for sheet in as_xlsx([PLAIN] * 5)] == [
        ("Calls", 3),
        ("Calls 2", 3),
        ("Calls 3", 2),
        ("Summary", 3),
    ]


def test_a_day_without_calls_is_an_empty_table_and_no_error() -> None:
    assert as_csv([]) == [HEADINGS]
    assert as_xlsx([])["Calls"].max_row == 1
    assert as_json([]) == {
        "day": "2026-01-05",
        "time_zone": "Europe/Moscow",
        "calls": [],
        "counts": {},
        "delivery": {"least": 0.0, "delivered": 0, "not_delivered": 0, "not_known": 0},
    }
    assert "no calls on that day" in shown([])


# -- JSON


def as_json(lines: list[CallRecord], least: float = 0.0) -> dict[str, Any]:
    stream = io.BytesIO()
    write_calls_json(lines, stream, day=MONDAY, zone=MOSCOW, least=least)
    document: dict[str, Any] = json.loads(stream.getvalue())
    return document


def test_the_json_has_these_keys_and_iso_times() -> None:
    unheard = {
        "rang_at": None,
        "answered_at": None,
        "listened": None,
        "delivered": None,
        "key": "",
        "cause": None,
        "tries": None,
    }
    assert as_json(LINES) == {
        "day": "2026-01-05",
        "time_zone": "Europe/Moscow",
        "calls": [
            {
                "run": 3,
                "kind": "week",
                "row": "0",
                "number": "89161111111",
                "code": "",
                "name": "Иванов И. И.",
                "result": "answered",
                "reason": "",
                "bundle": 2,
                "attempt": 1,
                "handed_at": "2026-01-05T09:00:01.250000+03:00",
                "ended_at": "2026-01-05T09:00:41.250000+03:00",
                **unheard,
            },
            {
                "run": 3,
                "kind": "week",
                "row": "1",
                "number": "777",
                "code": "context 22",
                "name": "Отдел",
                "result": "skipped",
                "reason": "too short: 3 digits where 11 are expected",
                "bundle": None,
                "attempt": 1,
                "handed_at": None,
                "ended_at": "2026-01-05T09:00:01.250000+03:00",
                **unheard,
            },
            {
                "run": 4,
                "kind": "manual",
                "row": "0",
                "number": "89502222222",
                "code": "1",
                "name": "",
                "result": "waiting",
                "reason": "",
                "bundle": None,
                "attempt": 1,
                "handed_at": None,
                "ended_at": None,
                **unheard,
            },
        ],
        "counts": {"answered": 1, "skipped": 1, "waiting": 1},
        "delivery": {"least": 0.0, "delivered": 0, "not_delivered": 0, "not_known": 1},
    }


def test_event_details_are_in_every_format() -> None:
    assert as_csv([HEARD])[1][6] == "confirmed; listened for 12 s"
    assert as_csv([HEARD])[1][11:] == ["2026-01-05 09:00:06", "12", "yes", "1", "16"]
    assert [cell.value for cell in as_xlsx([HEARD])["Calls"][2]][12:] == [12, "yes", "1", 16]
    call = as_json([HEARD])["calls"][0]
    assert (call["listened"], call["key"], call["cause"], call["tries"]) == (12.4, "1", 16, 2)
    assert call["rang_at"] == "2026-01-05T09:00:03.250000+03:00"
    assert "confirmed" in shown([HEARD])


def test_a_message_heard_too_briefly_is_reported_as_not_delivered() -> None:
    lines = [HEARD, msgspec.structs.replace(HEARD, listened=3.0, key=None), PLAIN, WAITING]
    table = as_csv(lines, least=10)[1:]
    assert [row[13] for row in table] == ["yes", "no", "", ""]
    assert table[1][6] == "not delivered: 3 s"
    document = as_json(lines, least=10)
    assert [call["delivered"] for call in document["calls"]] == [True, False, None, None]
    assert document["delivery"] == {"least": 10.0, "delivered": 1, "not_delivered": 1, "not_known": 1}
    book = as_xlsx(lines, least=10)
    assert [row[13].value for row in book["Calls"].iter_rows(min_row=2)] == ["yes", "no", None, None]
    assert [row[0].value for row in book["Summary"].iter_rows(min_row=2)] == [
        "answered",
        "    delivered",
        "    not delivered",
        "waiting",
        "All",
    ]
    assert shown(lines, least=10).splitlines()[-1] == ("4 calls: answered 3 (delivered 1, not delivered 1), waiting 1")
    assert shown(lines).splitlines()[-1] == "4 calls: answered 3, waiting 1"


@pytest.mark.parametrize(
    ("key", "says"),
    [("9", "asked not to be called today"), ("0", "asked for the operator"), ("5", "pressed 5"), (None, "")],
)
def test_a_pressed_key_is_shown_by_its_meaning(key: str | None, says: str) -> None:
    assert as_csv([line(key=key)])[1][6] == says


def test_the_json_keeps_names_as_they_are() -> None:
    names = [text for text in HOSTILE if text != "\ud800"]
    calls = as_json([line(name=name) for name in names])["calls"]
    assert isinstance(calls, list)
    assert [call["name"] for call in calls] == names


# -- the terminal


def test_in_a_file_each_call_is_one_plain_line() -> None:
    text = shown([PLAIN, line(name="И" * 90, code="12"), SKIPPED, WAITING], 40)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[1] == "Run Handed over Ended Number Code Name Bundle Attempt Result"
    assert lines[2] == "3 09:00:01 09:00:41 8 916 111-11-11 Иванов И. И. 2 1 answered"
    assert lines[3] == f"3 09:00:01 09:00:41 8 916 111-11-11 12 {'И' * 90} 2 1 answered"
    assert lines[4] == "3 09:00:01 777 context 22 Отдел 1 skipped: too short: 3 digits where 11 are expected"
    assert text.splitlines()[-1] == "4 calls: answered 2, waiting 1, skipped 1"
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_in_a_terminal_no_line_is_wider_than_it(width: int) -> None:
    long = line(
        name="Очень длинное имя " * 9,
        number="7" * 60,
        code="1" * 32,
        disposition="unknown",
        reason=say("Asterisk was restarted during the call; taken out so that it is not rung again"),
    )
    text = shown([PLAIN, long, SKIPPED, line(name="名" * 60), line(name="😀" * 60)], width, terminal=True)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "rung again" in text


def test_in_a_terminal_each_run_has_its_heading() -> None:
    text = shown(LINES, terminal=True)
    assert "Run 3, by the week\n" in text
    assert "Run 4, by hand\n" in text
    assert "09:00:01     8 916 111-11-11" in text


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_stands_in_a_name_neither_colours_nor_moves_anything(text: str, terminal: bool) -> None:
    ordinary = shown([PLAIN], terminal=terminal)
    hostile = shown([line(name=text, number=text, code=text, reason=say("{it}", it=text))], terminal=terminal)
    assert all(char.isprintable() or char == "\n" for char in hostile)
    assert terminal or hostile.count("\n") == ordinary.count("\n")


def test_markup_in_names_is_shown_as_it_stands() -> None:
    assert "[bold]x[/bold]" in shown([line(name="[bold]x[/bold]")])
    assert ":smile:" in shown([line(name=":smile:")])


# -- all of them


@pytest.mark.parametrize(
    ("number", "read"),
    [
        ("89161111111", "8 916 111-11-11"),
        ("80291234567", "8 029 123-45-67"),
        ("101", "101"),
        ("", ""),
        ("7916838933", "7916838933"),
        ("+79161111111", "+79161111111"),
        ("8916111111x", "8916111111x"),
        ("8916111111١", "8916111111١"),
        ("810441234567", "810441234567"),
    ],
)
def test_numbers_are_grouped_as_people_read_them(number: str, read: str) -> None:
    assert group_digits(number) == read


def test_the_words_are_those_of_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Message, "in_language", lambda self, language: f"{language}:{self.text}")
    stream = io.BytesIO()
    write_calls_csv([SKIPPED], stream, zone=MOSCOW, language="ru")
    text = stream.getvalue().decode("utf-8-sig")
    assert text.startswith("ru:Handed over;ru:Ended;")
    assert ";ru:skipped;ru:too short" in text
    set_language("ru")
    stream = io.BytesIO()
    write_calls_csv([SKIPPED], stream, zone=MOSCOW)
    assert stream.getvalue().decode("utf-8-sig") == text


def test_the_report_is_the_journals_lines_of_that_day(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path}/journal.db")
    listed = [
        Candidate(Phone("0", "8 916 111-11-11", name="Иванов"), "89161111111"),
        Candidate(Phone("1", "777"), skipped=say("paused")),
    ]
    run = journal.runs.begin("t", MONDAY, "week", listed, at=NINE)
    assert run is not None
    journal.transitions.begin_handing(calls := journal.calls.waiting(run.id), 1)
    journal.transitions.end_handing(calls, at=NINE)
    journal.transitions.end_calls([CallOutcome(run.id, 1, Disposition.BUSY, NINE)])
    assert [row[2:7] for row in as_csv(list(journal.calls.records_on(MONDAY)))[1:]] == [
        ["89161111111", "", "Иванов", "busy", ""],
        ["777", "", "", "skipped", "paused"],
    ]
    assert as_csv(list(journal.calls.records_on(MONDAY + timedelta(days=1)))) == [HEADINGS]
    journal.close()


@pytest.mark.parametrize("there", [True, False], ids=["a file is there", "none is"])
def test_a_report_that_cannot_be_finished_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    def broken(_: object, stream: io.BytesIO, **__: object) -> None:
        stream.write(b"half")
        stream.flush()
        raise OSError("the database is gone")

    monkeypatch.setattr(call_report, "write_calls_csv", broken)
    settings, out = workspace.create_folder(tmp_path / "office"), tmp_path / "out"
    out.mkdir()
    if there:
        (out / "day.csv").write_bytes(b"yesterday's")
    arguments = ["--settings", str(settings), "report", "--format", "csv", "--output", str(out / "day.csv")]
    assert isinstance(CliRunner().invoke(cli, arguments).exception, UserError)
    assert [(file.name, file.read_bytes()) for file in out.iterdir()] == [("day.csv", b"yesterday's")] * there


def test_a_pipe_is_written_into_and_not_replaced(tmp_path: Path) -> None:
    settings = workspace.create_folder(tmp_path / "office")
    os.mkfifo(pipe := tmp_path / "pipe")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    arguments = ["--settings", str(settings), "report", "--format", "csv", "--output", str(pipe)]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    assert os.read(reader, 100).startswith(b"\xef\xbb\xbf")
    assert pipe.is_fifo()
    os.close(reader)


class Nowhere(io.RawIOBase):
    """A stream of which nothing is kept."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return len(data)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("form", thinned(["csv", pytest.param("xlsx", marks=pytest.mark.long), "json", "table"], 4))
def test_the_memory_does_not_grow_with_the_lines(form: str) -> None:
    def peak(count: int) -> int:
        lines = (line(position=n, row=str(n), name=f"name {n % 9}") for n in range(count))
        tracemalloc.start()
        stream = io.BufferedWriter(Nowhere())
        if form == "csv":
            counts = write_calls_csv(lines, stream, zone=MOSCOW)
        elif form == "xlsx":
            counts = write_calls_xlsx(lines, stream, zone=MOSCOW)
        elif form == "json":
            counts = write_calls_json(lines, stream, day=MONDAY, zone=MOSCOW)
        else:
            counts = show_report(Console(file=io.TextIOWrapper(stream)), lines, day=MONDAY, zone=MOSCOW)
        assert counts == Counter({"answered": count})
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(1_000)
    assert peak(6_000) < peak(1_000) + 500_000


def test_a_test_call_can_be_told_from_a_run_in_every_form() -> None:
    one = line(kind="test")
    assert "3, test call  09:00:01" in shown([one])
    csv_file, workbook = io.BytesIO(), io.BytesIO()
    write_calls_csv([one], csv_file, zone=UTC)
    assert csv_file.getvalue().decode("utf-8-sig").splitlines()[1].endswith(";test call;;;;;")
    write_calls_xlsx([one], workbook, zone=UTC)
    assert [cell.value for cell in openpyxl.load_workbook(workbook).worksheets[0]["K"]] == ["Kind of run", "test call"]


def test_where_there_was_no_call_nothing_stands_behind_the_nought() -> None:
    assert str(rendering.format_counts(0, {}, None)) == "0 calls"
