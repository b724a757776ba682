"""The week's page: what it shows, what it saves, and what it warns of."""

import contextlib
import json
import os
import re
from datetime import date
from typing import Any

import pytest
from flask import Flask

from obzvon.domain.schedule import Schedule
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings, load_settings
from tests.support.editor import SUNDAY, WORKWEEK, Browser, value, write
from web.app import create_app
from web.schedule import holidays


def saved(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(settings.schedule.read_text(encoding="utf-8"))
    return found


def post(browser: Browser, **fields: object) -> str:
    answer = browser.post("/week", {**WORKWEEK, **fields}, page="/week")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_schedule_and_its_next_starts_are_shown(operator: Browser) -> None:
    text = operator.get("/week").text
    assert len(re.findall(r'role="switch" id="on-\d" [^>]* checked', text)) == 5
    assert "12:00, Europe/Moscow (UTC+03:00)" in re.sub(r"\s+", " ", text)
    assert "Tomorrow, Monday, 23\xa0November" in text
    assert len(re.findall(r'<strong class="num">09:00</strong>', text)) == 7
    assert "3 rows are skipped" in text
    assert "too short: 3 digits" in text
    assert "1 bundle of 2" in text


def test_the_page_is_russian_for_a_russian(app: Flask) -> None:
    text = Browser(app, "operator", language="ru").get("/week").text
    for words in ("Понедельник", "Завтра, понедельник, 23\xa0ноября", "Праздники", "Рождество Христово", "не звонить"):
        assert words in text


def test_a_time_and_a_day_without_calls_are_saved_as_the_old_script_reads_them(
    operator: Browser, settings: Settings
) -> None:
    before = saved(settings)
    fields = {**WORKWEEK, "at-1": "10:30", "on-6": "1", "at-6": "8:05"}
    fields.pop("on-5")
    answer = operator.post("/week", fields, page="/week")
    assert "The schedule is saved" in answer.text
    assert saved(settings) == {**before, "1": "10:30", "5": "00:00", "6": "08:05"}
    operator.post("/week/undo", page="/week")
    assert saved(settings) == before
    assert "Redone: Monday: 09:00 → 10:30" in operator.post("/week/redo", page="/week").text
    assert saved(settings)["1"] == "10:30"


def test_mondays_time_is_copied_to_the_workdays_and_saved_only_when_it_is_meant(
    operator: Browser, settings: Settings
) -> None:
    before = settings.schedule.read_bytes()
    text = post(operator, **{"at-1": "11:11", "action": "copy"})
    assert len(re.findall(r'name="at-\d" value="11:11"', text)) == 5
    assert settings.schedule.read_bytes() == before


def test_a_single_date_is_added_changed_and_removed(operator: Browser, settings: Settings) -> None:
    post(operator, **{"new-date": "2026-12-25", "on-new": "1", "at-new": "12:00", "action": "add"})
    post(operator, **{"date": "2026-12-25", "on-2026-12-25": "1", "at-2026-12-25": "12:00", "new-date": "2026-12-24"})
    assert saved(settings)["dates"] == {"2026-12-24": "00:00", "2026-12-25": "12:00"}
    dates = {"date": ["2026-12-24", "2026-12-25"], "on-2026-12-25": "1", "at-2026-12-25": "13:00"}
    post(operator, **dates, remove="2026-12-24")
    assert saved(settings)["dates"] == {"2026-12-25": "13:00"}


def test_more_dates_than_the_page_would_add_are_kept(operator: Browser, settings: Settings) -> None:
    days = [f"{year}-{month:02}-{day:02}" for year in (2027, 2028) for month in range(1, 13) for day in range(1, 29)]
    week = json.loads(settings.schedule.read_text())
    settings.schedule.write_text(json.dumps({**week, "dates": dict.fromkeys(days, "10:00")}))
    text = operator.get("/week").text
    dates = re.findall(r'name="date" value="([^"]*)"', text)
    assert len(dates) > 500
    operator.post(
        "/week",
        {**{f"on-{day}": "1" for day in dates}, **{f"at-{day}": "11:00" for day in dates}},
        page="/week",
        date=dates,
    )
    assert json.loads(settings.schedule.read_text())["dates"] == dict.fromkeys(days, "11:00")


def test_a_holiday_that_is_ticked_is_a_day_without_calls_and_unticked_it_is_a_usual_one(
    operator: Browser, settings: Settings
) -> None:
    assert 'value="2027-01-01/2027-01-08"' in operator.get("/week").text
    text = post(operator, off=["2027-01-01", "2027-01-07"])
    assert saved(settings)["dates"] == {"2027-01-01": "00:00", "2027-01-07": "00:00"}
    assert re.search(r'value="2027-01-01" form="week" checked', text)
    post(operator)
    assert "dates" not in saved(settings)


def test_holidays_that_follow_each_other_are_one_tick(operator: Browser, settings: Settings) -> None:
    text = operator.get("/week").text
    assert "1–8 January" in text
    assert text.count('name="off"') < 20
    text = post(operator, off="2027-01-01/2027-01-08")
    assert saved(settings)["dates"] == {f"2027-01-0{day}": "00:00" for day in range(1, 9)}
    assert 'value="2027-01-01/2027-01-08" form="week" checked' in text
    text = post(operator, off="2027-01-01/2027-01-03")  # what is set unlike its neighbours has a tick of its own
    assert 'value="2027-01-01/2027-01-03" form="week" checked' in text
    assert 'value="2027-01-04/2027-01-08" form="week">' in text


@pytest.mark.parametrize(
    "text", ["2027-01-01/", "/2027-01-08", "2027-01-08/2027-01-01", "2027-01-01/x", "x/2027-01-01", "//"]
)
def test_a_range_that_is_none_sets_nothing_else(operator: Browser, settings: Settings, text: str) -> None:
    post(operator, off=text)
    assert set(saved(settings).get("dates", {})) <= {"2027-01-01"}


def test_a_holiday_with_a_time_of_its_own_stands_among_the_dates(operator: Browser, settings: Settings) -> None:
    text = post(operator, **{"new-date": "2027-01-01", "on-new": "1", "at-new": "15:00", "off": "2027-01-01"})
    assert saved(settings)["dates"] == {"2027-01-01": "15:00"}
    assert "listed among the single dates" in text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"at-1": ""}, "Set a time"),
        ({"at-1": "00:00"}, "00:00 means"),
        ({"at-1": "25:00"}, "Write a time"),
        ({"at-1": "<script>"}, "Write a time"),
        ({"at-1": "\0" * 10}, "Write a time"),
        ({"at-1": "٠٩:٠٠"}, "Write a time"),
        ({"at-1": "9" * 100_000}, "Write a time"),
        ({"new-date": "31.12.2026"}, "Choose a date"),
        ({"action": "add"}, "Choose a date"),
        ({"new-date": "2026-12-25", "on-new": "1"}, "Set a time"),
        ({"date": "2026-12-25", "on-2026-12-25": "1"}, "Set a time"),
    ],
)
def test_an_invalid_time_or_date_is_shown_at_its_field_and_not_saved(
    operator: Browser, settings: Settings, fields: dict[str, str], says: str
) -> None:
    before = settings.schedule.read_bytes()
    answer = operator.post("/week", {**WORKWEEK, **fields}, page="/week")
    assert answer.status_code == 422
    assert says in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "<script>" not in re.sub(r'<script src="[^"]*"', "", answer.text)
    assert settings.schedule.read_bytes() == before


def test_of_two_who_save_the_second_sees_both_versions_and_chooses(operator: Browser, settings: Settings) -> None:
    old = value(operator.get("/week").text, "revision")
    post(operator, **{"at-1": "10:00", "off": "2027-01-01"})
    answer = operator.post("/week", {**WORKWEEK, "at-1": "11:00", "revision": old}, page="/week")
    assert answer.status_code == 409
    line = re.search(r'<tr class="differs"><th scope="row">Monday</th><td>10:00</td><td>11:00</td>', answer.text)
    assert line
    assert "as its weekday" in answer.text
    assert saved(settings)["1"] == "10:00"
    post(operator, **{"at-1": "11:00", "revision": value(answer.text, "revision")})
    assert saved(settings)["1"] == "11:00"
    assert operator.post("/week/undo", page="/week", revision=old).text.count("Nothing has been undone") == 1


def seen_by_a_service(settings: Settings) -> None:
    with contextlib.closing(Journal(settings.journal.reveal())) as journal:
        journal.seen_schedules.remember(Schedule(), SUNDAY.date(), SUNDAY)


def test_where_no_service_has_been_a_start_that_has_passed_is_made_up_for(operator: Browser) -> None:
    text = post(operator, **{"on-7": "1", "at-7": "11:00"})  # it is Sunday, noon
    assert "Overdue since 11:00" in text
    assert "has passed already" not in text
    assert "takes effect the next time" not in text


def test_a_start_that_the_former_script_has_done_is_not_due(app: Flask, settings: Settings) -> None:
    settings.schedule.write_text('{"7": "11:00"}')
    assert "Overdue" in Browser(app, "operator").get("/week").text
    settings.file.write_text(f"{settings.file.read_text()}[CreateCallFiles]\nstart = 2026-11-22\n")
    after = create_app(load_settings(settings.file), clock=lambda: SUNDAY)
    assert "Overdue" not in Browser(after, "operator").get("/week").text


def test_a_start_earlier_today_says_that_it_calls_nobody_today(operator: Browser, settings: Settings) -> None:
    seen_by_a_service(settings)
    assert "has passed already" not in post(operator, **{"on-7": "1", "at-7": "12:30"})
    text = post(operator, **{"on-7": "1", "at-7": "11:00"})  # it is Sunday, noon
    assert "11:00 has passed already" in text
    os.utime(settings.schedule, (SUNDAY.timestamp(),) * 2)
    assert "Overdue" not in operator.get("/week").text
    os.utime(settings.schedule, (SUNDAY.timestamp() - 7200,) * 2)  # it was set before
    assert "Overdue since 11:00" in operator.get("/week").text


def test_a_broken_schedule_is_shown_as_such_and_can_be_restored(operator: Browser, settings: Settings) -> None:
    post(operator, **{"at-1": "10:00"})
    good = settings.schedule.read_bytes()
    settings.schedule.write_text('{"1": "9 o\'clock"}')
    page = operator.get("/week")
    assert page.status_code == 500
    assert "is not a time of day" in page.text
    assert operator.post("/week", WORKWEEK, page="/week").status_code == 500
    operator.post("/week/undo", page="/week")
    assert settings.schedule.read_bytes() == good


def test_a_missing_schedule_can_be_created(operator: Browser, settings: Settings) -> None:
    settings.schedule.unlink()
    assert "is missing" in operator.get("/week").text
    text = operator.post("/week/new", page="/week").text
    assert saved(settings)["1"] == "00:00"
    assert "No run is set" in text


def test_the_schedule_can_be_edited_while_the_list_is_broken(operator: Browser, settings: Settings) -> None:
    write(settings, "{")
    text = post(operator, **{"at-1": "10:00"})
    assert "No forecast is possible" in text
    assert saved(settings)["1"] == "10:00"


def test_holidays_are_those_to_come_of_this_and_next_year() -> None:
    found = holidays.upcoming_holidays("RU", date(2026, 5, 10), "ru")
    assert date(2026, 6, 12) in found
    assert found[date(2027, 5, 9)] == "День Победы"
    assert date(2026, 5, 9) not in found
    assert holidays.upcoming_holidays("RU", date(2026, 5, 10), "en")[date(2027, 5, 9)] == "Victory Day"
    assert holidays.upcoming_holidays("ZZ", date(2026, 5, 10), "ru") == {}
    assert holidays.upcoming_holidays("DE", date(2026, 5, 10), "ru")
