"""The page that asks until when the chosen rows are not called."""

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec
import pytest
from flask import Flask

from obzvon.domain.absence import Absence
from obzvon.domain.phones import Phone
from obzvon.settings.model import Settings
from tests.support.editor import PASSWORD, Browser, rows, write
from web.list_diff import diff_lists

ROWS = {
    "0": {"0": "89161111111", "1": "", "name": "Иванов"},
    "1": {"0": "89162222222", "1": "", "paused": True},
    "2": {"0": "89163333333", "1": "", "paused_until": "2026-11-30"},
    "3": {"0": "89164444444", "1": ""},
}
THREE: dict[str, object] = {"key": ["0", "1", "2"]}
#: A minute before and after midnight in Moscow: 22 November ends, a Sunday.
BEFORE = datetime(2026, 11, 22, 20, 59, tzinfo=UTC)
AFTER = BEFORE + timedelta(minutes=2)
FIELDS = {"sure": "1", "count": "3", "tomorrow": "2026-11-23", "first": "", "until": ""}


@pytest.fixture(autouse=True)
def _the_list(app: Flask, settings: Settings) -> None:
    write(settings, ROWS)
    at(app, BEFORE)


def at(app: Flask, moment: datetime) -> None:
    app.extensions["obzvon"].clock = lambda: moment


def save(browser: Browser, **fields: object) -> str:
    return browser.post("/phones/pause-until", THREE | FIELDS | fields).text


def dates(settings: Settings, key: str = "0") -> tuple[object, object, object]:
    row = rows(settings)[key]
    return row.get("paused_from"), row.get("paused_until"), row.get("paused")


def test_the_page_says_who_is_concerned_and_saves_nothing(operator: Browser, settings: Settings) -> None:
    asked = operator.post("/phones/pause-until", THREE)
    assert asked.status_code == 200
    assert "Until when are 3 numbers not called?" in asked.text
    assert "2 of them already have a pause" in asked.text
    assert "only tomorrow, Monday, 23\u00a0November" in asked.text
    assert 'name="tomorrow" value="2026-11-23"' in asked.text
    assert json.loads(settings.phones.read_bytes()) == ROWS


@pytest.mark.parametrize(
    ("fields", "saved", "notice"),
    [
        (
            {"choice": "until", "until": "2026-12-05"},
            (None, "2026-12-05", None),
            "Not to be called until 5 December, called again from 5 December: 3 numbers",
        ),
        (
            {"choice": "until", "until": "2027-01-11", "first": "2026-12-28"},
            ("2026-12-28", "2027-01-11", None),
            "Not to be called from 28 December until 11 January 2027, called again from 11 January 2027: 3 numbers",
        ),
        (
            {"choice": "tomorrow"},
            ("2026-11-23", "2026-11-24", None),
            "Not to be called from 23 November until 24 November, called again from 24 November: 3 numbers",
        ),
        ({"choice": "paused"}, (None, None, True), "Paused: 3 numbers"),
    ],
)
def test_each_choice_replaces_the_pause_of_the_chosen_rows_alone(
    operator: Browser,
    settings: Settings,
    fields: dict[str, str],
    saved: tuple[object, object, object],
    notice: str,
) -> None:
    assert notice in save(operator, **fields)
    assert [dates(settings, key) for key in "012"] == [saved] * 3
    assert rows(settings)["3"] == ROWS["3"]
    assert rows(settings)["0"]["name"] == "Иванов"


def test_the_notice_is_said_as_a_dispatcher_says_it(app: Flask) -> None:
    text = save(Browser(app, "operator", language="ru"), choice="until", until="2026-12-05")
    assert "Не звонить до 5 декабря, звоним снова с 5 декабря: 3 номера" in text


def test_tomorrow_is_the_day_that_the_page_showed(app: Flask, operator: Browser, settings: Settings) -> None:
    page = operator.post("/phones/pause-until", THREE).text
    at(app, AFTER)
    assert 'name="tomorrow" value="2026-11-23"' in page
    assert "Not to be called until 24 November" in save(operator, choice="tomorrow")
    assert dates(settings) == ("2026-11-23", "2026-11-24", None)


def test_a_date_that_begins_at_midnight_is_refused_after_it(app: Flask, operator: Browser, settings: Settings) -> None:
    at(app, AFTER)
    refused = save(operator, choice="until", until="2026-11-23")
    assert "23 November has already begun. Choose a later day" in refused
    assert 'name="tomorrow" value="2026-11-24"' in refused
    assert json.loads(settings.phones.read_bytes()) == ROWS
    at(app, BEFORE)
    save(operator, choice="until", until="2026-11-23")
    assert dates(settings) == (None, "2026-11-23", None)


def test_today_is_the_day_in_the_time_zone_of_the_settings(app: Flask, operator: Browser) -> None:
    context = app.extensions["obzvon"]
    watch = context.settings_watch
    east = msgspec.structs.replace(watch.current(), zone=timezone(timedelta(hours=12)))
    context.settings_watch = type("Watch", (), {"current": lambda _self: east})()
    page = operator.post("/phones/pause-until", THREE).text
    context.settings_watch = watch
    assert 'name="tomorrow" value="2026-11-24"' in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"choice": "until"}, "Choose the day on which they are called again"),
        ({"choice": "until", "until": "soon"}, "This is not a date"),
        ({"choice": "until", "until": "2026-11-22"}, "22 November has already begun"),
        ({"choice": "until", "until": "2025-12-05"}, "5 December 2025 has already begun"),
        ({"choice": "until", "until": "2026-12-05", "first": "2026-11-21"}, "21 November is over"),
        ({"choice": "until", "until": "2026-12-05", "first": "31.11"}, "This is not a date"),
        ({"choice": "until", "until": "2026-12-05", "first": "2026-12-05"}, "It has to be before the day"),
        ({"choice": "until", "until": "2026-12-05", "first": "2026-12-06"}, "It has to be before the day"),
        ({"choice": "paused", "until": "2026-12-05"}, "A date is filled in, but"),
        ({"choice": "tomorrow", "first": "2026-12-05"}, "A date is filled in, but"),
        ({"choice": "tomorrow", "tomorrow": "2026-11-21"}, "The page is from another day"),
        ({"choice": "tomorrow", "tomorrow": "9999-12-31"}, "The page is from another day"),
        ({"choice": "tomorrow", "tomorrow": ""}, "The page is from another day"),
        ({}, "Choose one of these"),
        ({"choice": "until", "until": "2026-12-05", "count": "2"}, "The numbers that are concerned have changed"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words_and_kept_in_the_form(
    operator: Browser, settings: Settings, fields: dict[str, object], sentence: str
) -> None:
    refused = operator.post("/phones/pause-until", THREE | FIELDS | fields)
    assert refused.status_code == 422
    assert sentence in refused.text
    for name in ("first", "until"):
        assert f'name="{name}" value="{fields.get(name, "")}"' in refused.text
    assert json.loads(settings.phones.read_bytes()) == ROWS


def test_a_single_row_shows_the_dates_that_it_has(operator: Browser) -> None:
    assert 'name="until" value="2026-11-30"' in operator.post("/phones/pause-until", one="2").text


def test_nothing_chosen_and_nothing_changed_are_said(operator: Browser, settings: Settings) -> None:
    assert "Nothing was selected" in operator.post("/phones/pause-until", FIELDS).text
    again = operator.post("/phones/pause-until", FIELDS | {"one": "1", "count": "1", "choice": "paused"})
    assert "nothing has been changed" in again.text
    assert json.loads(settings.phones.read_bytes()) == ROWS


def test_who_when_and_what_is_in_the_log_and_can_be_undone(operator: Browser, settings: Settings) -> None:
    save(operator, choice="until", until="2026-12-05")
    operator.post("/phones/pause-until", FIELDS | {"one": "3", "count": "1", "choice": "tomorrow"})
    log = operator.get("/changes").text
    assert "list: 3 numbers, not to be called until 5 December 2026" in log
    assert "list: 89164444444, not to be called from 23 November 2026 until 24 November 2026" in log
    for _step in range(2):
        operator.post("/phones/undo")
    assert rows(settings) == ROWS
    assert "undone: list: 3 numbers, not to be called until 5 December 2026" in operator.get("/changes").text
    operator.post("/phones/redo")
    assert dates(settings) == (None, "2026-12-05", None)


def test_an_earlier_version_says_whom_it_takes_an_absence_from(operator: Browser) -> None:
    fields = FIELDS | {"key": ["0", "2"], "count": "2", "choice": "until", "until": "2026-12-05"}
    operator.post("/phones/pause-until", fields)
    [version] = re.findall(r'href="(/versions/phones/\d+)"', operator.get("/versions/phones").text)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", operator.get(version).text)).replace("\xa0", " ")
    assert "Lose their pause and are called again: 1 8 916 111\u201111\u201111 Иванов the pause ends" in text
    assert "Become as they were: 1 8 916 333\u201133\u201133 not to be called until 30 November 2026" in text


def test_a_changed_list_is_asked_about_again(operator: Browser, settings: Settings) -> None:
    fields = THREE | FIELDS | {"choice": "until", "until": "2026-12-05"}
    stale = operator.post("/phones/pause-until", fields, revision="old")
    assert stale.status_code == 409
    assert 'name="until" value="2026-12-05"' in stale.text
    assert json.loads(settings.phones.read_bytes()) == ROWS


def test_a_viewer_and_a_form_of_another_site_are_refused(app: Flask, operator: Browser, settings: Settings) -> None:
    fields = THREE | FIELDS | {"choice": "paused"}
    viewer = Browser(app, "viewer", PASSWORD)
    assert viewer.post("/phones/pause-until", fields).status_code == 403
    assert "Pause until" not in viewer.get("/phones").text
    assert operator.post("/phones/pause-until", fields, token="made up").status_code == 400
    assert json.loads(settings.phones.read_bytes()) == ROWS


def test_the_sentence_about_an_absence_names_it() -> None:
    before, absence = Phone("0", "89161111111"), Absence(None, date(2026, 12, 5))
    after = msgspec.structs.replace(before, absence=absence)
    sentence = diff_lists([before], [after]).message().in_language("en")
    assert sentence == "list: 89161111111, not to be called until 5 December 2026"
    assert diff_lists([after], [before]).message().in_language("en") == "list: called again 89161111111"
