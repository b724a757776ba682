"""The run page when today was called from another journal: what it says, and what an operator decides there."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from obzvon.journal.day_record import DayRecord
from obzvon.reports.day_conflict import open_day_record
from tests.support.editor_with_service import NOON, PEOPLE, Office, plain
from tests.support.workshop import Shift


@pytest.fixture
def office(tmp_path: Path, users_text: str) -> Iterator[Office]:
    """An office in which another journal called today, and a service that has just found that out."""
    made = Office(tmp_path, users_text)
    settings = made.workshop.settings
    settings.store.mkdir(exist_ok=True)
    open_day_record(settings).save(DayRecord("another", 7, "/old/journal.db", {NOON.date(): NOON}))
    made.shift = Shift(made.workshop)
    made.shift.heartbeats.begin(at=made.now)
    made.shift.dialer.step(made.now)
    yield made
    made.ends()


def test_it_says_that_nobody_is_called_and_asks(office: Office) -> None:
    text = office.page()
    assert "Nobody is called today until you decide" in text
    assert "The last calls were at 12:00" in text
    assert "Call nobody else today" in text
    assert "Call all the same" in text


def test_nobody_else_is_called_if_an_operator_says_so(office: Office) -> None:
    assert "Accepted: nobody else is called today" in plain(office.post("/run/accept", whom="nobody").text)
    office.works(60)
    assert "until you decide" not in office.page()
    assert office.workshop.in_spool() == []
    start = office.page("/run/start")
    assert "Calls were made today outside this journal" in start
    assert "Call again: 5 numbers" in start
    assert "decided about the calls of another journal" in office.changes()[0]


def test_where_it_is_not_known_whom_the_rest_is_not_offered(office: Office) -> None:
    assert "so it is not known who is left" in office.page()


def test_only_those_who_are_left_are_called_if_an_operator_says_so(office: Office) -> None:
    record = open_day_record(office.workshop.settings)
    record.append_called(NOON.date(), [(number, "") for number in PEOPLE[:3]])
    record.save(DayRecord("another", 7, "/old/journal.db", {NOON.date(): NOON}, {NOON.date(): 3}))
    office.works(60)
    page = office.page()
    assert "Call only those who are left: 2 numbers" in page
    assert "3 numbers were already called today and are not called again" in page
    refused = plain(office.post("/run/accept", whom="rest", left=3).text)
    assert "The list or the calls have changed in the meantime" in refused
    said = plain(office.post("/run/accept", whom="rest", left=2).text)
    assert "3 numbers were handed over today and are not called again; 2 numbers are left" in said
    office.works(60)
    assert sorted(office.workshop.in_spool()) == sorted(PEOPLE[3:])
    assert "decided to call only those whom no journal called today" in " ".join(office.changes())


def test_those_who_wait_are_called_if_an_operator_says_so(office: Office) -> None:
    assert "Accepted: everybody who waits" in plain(office.post("/run/accept", whom="waiting").text)
    office.works(60)
    assert sorted(office.workshop.in_spool()) == sorted(PEOPLE)


def test_at_night_calling_needs_a_tick_and_calling_nobody_does_not(office: Office) -> None:
    office.now = office.now.replace(hour=23, minute=58)
    assert office.shift
    office.shift.heartbeats.beat(at=office.now)
    assert "Yes, call them at 23:58" in office.page()
    refused = plain(office.post("/run/accept", whom="waiting").text)
    assert "Tick the box to call people at this hour" in refused
    assert "Nobody is called today until you decide" in office.page()
    assert "Accepted: everybody who waits" in plain(office.post("/run/accept", whom="waiting", night="1").text)


def test_at_night_nobody_else_is_called_without_a_tick(office: Office) -> None:
    office.now = office.now.replace(hour=23, minute=58)
    assert office.shift
    office.shift.heartbeats.beat(at=office.now)
    assert "Accepted: nobody else is called today" in plain(office.post("/run/accept", whom="nobody").text)


def test_it_is_asked_today_only(office: Office) -> None:
    """A service that was off over night decides about the day before by itself, at its next start."""
    office.now += timedelta(days=1)
    assert "until you decide" not in office.page()


def test_no_start_is_offered_before_the_decision(office: Office) -> None:
    text = office.page()
    assert "as soon as you have decided about today's calls" in text.replace("&#39;", "'")
    assert "Start now" not in text
