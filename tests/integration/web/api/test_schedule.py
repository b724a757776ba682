"""The week, for programs."""

import json
from typing import Any

import pytest
from flask import Flask

from obzvon.settings.model import Settings
from tests.support.editor import Browser

WEEK = "/api/v1/week"
USUAL = {**dict.fromkeys("12345", "09:00"), "6": "00:00", "7": "00:00", "dates": {}}


def on_disk(settings: Settings) -> Any:
    return json.loads(settings.schedule.read_text())


def test_the_schedule_that_was_read_can_be_saved_unchanged(operator: Browser, settings: Settings) -> None:
    before = settings.schedule.read_bytes()
    answer = operator.send("GET", WEEK)
    assert answer.get_json() == USUAL
    assert operator.send("PUT", WEEK, answer.get_json(), If_Match=answer.headers["ETag"]).status_code == 200
    assert settings.schedule.read_bytes() == before


def test_a_changed_schedule_is_saved_and_recorded(app: Flask, operator: Browser, settings: Settings) -> None:
    etag = operator.send("GET", WEEK).headers["ETag"]
    wanted = {**USUAL, "1": "10:30", "6": "11:00", "dates": {"2026-12-31": "00:00", "2026-11-30": "08:00"}}
    answer = operator.send("PUT", WEEK, wanted, If_Match=etag)
    assert answer.status_code == 200
    assert answer.get_json() == {**wanted, "dates": {"2026-11-30": "08:00", "2026-12-31": "00:00"}}
    assert answer.headers["ETag"] == operator.send("GET", WEEK).headers["ETag"] != etag
    assert on_disk(settings) == wanted
    assert operator.send("PUT", WEEK, {**wanted, "dates": {}}, If_Match="*").status_code == 200
    said = [change.what.in_language("en") for change in app.extensions["obzvon"].journal().audit.latest(5)]
    assert said == [
        "schedule: 30 November 2026: 08:00 → as its weekday; 31 December 2026: no calls → as its weekday",
        (
            "schedule: Monday: 09:00 → 10:30; Saturday: no calls → 11:00; 30 November 2026: as its weekday → 08:00; "
            "31 December 2026: as its weekday → no calls"
        ),
    ]


def test_all_errors_are_reported_at_once(operator: Browser, settings: Settings) -> None:
    before = settings.schedule.read_bytes()
    answer = operator.send(
        "PUT",
        WEEK,
        {
            "1": "9:00",
            "2": "24:00",
            "3": None,
            "4": "09:00\n",
            "5": "09:00",
            "7": 0,
            "8": "09:00",
            "dates": {"2026-02-30": "09:00", "31.12.2026": "00:00", "2026-12-31": "soon"},
        },
        If_Match="*",
    )
    assert answer.status_code == 422
    assert {fault["pointer"]: fault["detail"] for fault in answer.get_json()["errors"]} == {
        **dict.fromkeys(("#/1", "#/2", "#/3", "#/4", "#/7", "#/dates/2026-12-31"), "Write it as 09:00"),
        "#/6": "It is missing",
        "#/8": "There is no such field; there are: 1, 2, 3, 4, 5, 6, 7, dates",
        **dict.fromkeys(("#/dates/2026-02-30", "#/dates/31.12.2026"), "Write the date as 2026-12-31"),
    }
    assert settings.schedule.read_bytes() == before
    many = {f"{year}-01-{day:02}": "00:00" for year in range(2027, 2047) for day in range(1, 32)}
    answer = operator.send("PUT", WEEK, {**USUAL, "dates": many}, If_Match="*")
    assert answer.get_json()["errors"][0]["detail"] == "At most 500 of them are accepted"


def test_a_change_names_the_revision_that_it_is_based_on(operator: Browser, settings: Settings) -> None:
    stale = operator.send("GET", WEEK).headers["ETag"]
    assert operator.send("PUT", WEEK, USUAL).status_code == 428
    operator.send("PUT", WEEK, {**USUAL, "1": "10:00"}, If_Match=stale)
    answer = operator.send("PUT", WEEK, {**USUAL, "1": "11:00"}, If_Match=stale)
    assert answer.status_code == 412
    assert answer.headers["ETag"] == operator.send("GET", WEEK).headers["ETag"]
    assert on_disk(settings)["1"] == "10:00"


@pytest.mark.parametrize("text", [None, "{nonsense"])
def test_a_missing_or_broken_schedule_is_replaced_only_by_its_etag(
    operator: Browser, settings: Settings, text: str | None
) -> None:
    settings.schedule.unlink()
    if text:
        settings.schedule.write_text(text)
    found = operator.send("GET", WEEK)
    assert found.status_code == (500 if text else 404)
    assert operator.send("PUT", WEEK, USUAL, If_Match='"0"').status_code == 412
    condition = {"If_Match": found.headers["ETag"]} if text else {"If_None_Match": "*"}
    assert operator.send("PUT", WEEK, USUAL, **condition).status_code == 200
    assert on_disk(settings)["1"] == "09:00"
