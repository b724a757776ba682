"""A day's report and the changes, for programs."""

import io
from datetime import timedelta

import msgspec
import pytest
from openpyxl import load_workbook

from obzvon.common.i18n import say
from obzvon.domain.calls import CallOutcome
from obzvon.domain.phones import Phone, list_candidates
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from tests.support.editor import SUNDAY, Browser
from web.api.schemas.reports import Report

REPORT = "/api/v1/report"


@pytest.fixture
def a_day(journal: Journal, settings: Settings) -> None:
    run = journal.runs.begin(
        "t",
        SUNDAY.date(),
        "week",
        list_candidates(
            [Phone("0", "89161111111", name="=1+1"), Phone("1", "777")], settings.numbering_plan(), SUNDAY.date()
        ),
        at=SUNDAY,
    )
    assert run
    journal.transitions.end_calls([CallOutcome(run.id, 1, Disposition.ANSWERED, SUNDAY)])


def test_a_days_report_is_the_commands_document(operator: Browser, a_day: None) -> None:
    answer = operator.send("GET", REPORT)
    found = msgspec.json.decode(answer.data, type=Report)
    assert [(call.number, call.result) for call in found.calls] == [("89161111111", "answered"), ("777", "skipped")]
    assert found.calls[1].reason == "too short: 3 digits where 11 are expected"
    assert answer.content_length == len(answer.data)
    assert answer.mimetype == "application/json"
    assert "слишком короткий" in operator.send("GET", REPORT, Accept_Language="ru").get_json()["calls"][1]["reason"]
    assert operator.send("GET", REPORT + "?date=2026-11-22").get_json() == answer.get_json()
    assert operator.send("GET", REPORT + "?date=2026-11-21").get_json()["calls"] == []


def test_a_report_comes_as_csv_and_as_a_workbook(operator: Browser, a_day: None) -> None:
    answer = operator.send("GET", REPORT + "?format=csv")
    assert "'=1+1" in answer.data.decode("utf-8-sig")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == "attachment; filename=obzvon-2026-11-22.csv"
    answer = operator.send("GET", REPORT + "?format=xlsx")
    book = load_workbook(io.BytesIO(answer.data))
    assert book["Calls"]["C2"].value == "8 916 111-11-11"


def test_an_invalid_day_or_format_is_reported(operator: Browser) -> None:
    answer = operator.send("GET", REPORT + "?date=yesterday&format=pdf")
    assert answer.status_code == 400
    assert {fault["parameter"]: fault["detail"] for fault in answer.get_json()["errors"]} == {
        "date": "Write the date as 2026-12-31",
        "format": "One of these is expected: csv, json, xlsx",
    }


def test_where_there_is_no_journal_yet_a_report_is_empty(operator: Browser, settings: Settings) -> None:
    assert operator.send("GET", REPORT).get_json()["counts"] == {}
    assert operator.send("GET", "/api/v1/changes").get_json() == {"changes": [], "next": None}
    assert settings.journal.path
    assert not settings.journal.path.exists()


def test_changes_are_read_page_by_page(operator: Browser, journal: Journal) -> None:
    changes = journal.audit
    for place in range(5):
        changes.record("anna", say("the list: added {phone}", phone=place), at=SUNDAY + timedelta(minutes=place))
    first = operator.send("GET", "/api/v1/changes?limit=3").get_json()
    assert [change["what"] for change in first["changes"]] == [f"the list: added {place}" for place in (4, 3, 2)]
    assert first["changes"][0]["who"] == "anna"
    rest = operator.send("GET", f"/api/v1/changes?limit=3&before={first['next']}").get_json()
    assert [change["what"] for change in rest["changes"]] == ["the list: added 1", "the list: added 0"]
    assert rest["next"] is None
    assert operator.send("GET", "/api/v1/changes?limit=0&before=x").status_code == 400
