"""The run page when the clock shows less than the journal: what it says, and what an administrator decides there."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.editor import Browser
from tests.support.editor_with_service import NOON, Office, plain
from tests.support.workshop import Shift

NIGHT = NOON + timedelta(hours=11)


@pytest.fixture
def office(tmp_path: Path, users_text: str) -> Iterator[Office]:
    """An office whose journal has a run that began three hours later than its clock shows."""
    made = Office(tmp_path, users_text)
    made.shift = Shift(made.workshop)
    made.shift.heartbeats.begin(at=made.now)
    made.shift.journal.runs.begin(
        "20260105-abcdef", NOON.date(), "week", [], at=NOON + timedelta(hours=3), state="done"
    )
    yield made
    made.ends()


def administrator(office: Office) -> Browser:
    office.operator = Browser(office.app, "administrator")
    return office.operator


def test_the_page_says_that_nobody_is_called_and_an_administrator_has_the_button(office: Office) -> None:
    text = office.page()
    assert "Nobody is called: the clock shows an earlier time than the journal" in text
    assert "An administrator decides." in text
    assert "The clock is right now" not in text
    assert "The clock is right now" in office.page(browser=administrator(office))


def test_an_administrator_says_that_the_clock_is_right(office: Office) -> None:
    administrator(office)
    assert "Accepted: the clock is right" in plain(office.post("/run/accept-clock").text)
    assert "earlier time than the journal" not in office.page()
    assert office.shift is not None
    office.shift.dialer.runs.start_due(office.now)  # raises nothing any more
    assert "decided that the clock is right" in office.changes()[0]


def test_others_may_not(office: Office) -> None:
    assert office.post("/run/accept-clock", follow=False).status_code == 403
    assert "earlier time than the journal" in office.page()


def test_at_night_it_needs_a_tick(office: Office) -> None:
    administrator(office)
    office.now = NIGHT
    assert office.shift is not None
    office.shift.journal.runs.begin(
        "20260105-fedcba", NIGHT.date(), "manual", [], at=NIGHT + timedelta(hours=3), state="done"
    )
    office.shift.heartbeats.beat(at=NIGHT)
    assert "People are usually not called at this hour" in office.page()
    assert "Tick the box" in plain(office.post("/run/accept-clock").text)
    assert "earlier time than the journal" in office.page()
    assert "Accepted: the clock is right" in plain(office.post("/run/accept-clock", night=1).text)
