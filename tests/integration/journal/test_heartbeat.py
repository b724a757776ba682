"""What the service remembers of the week, and its sign of life."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from obzvon.cli import demo
from obzvon.domain.schedule import Schedule
from obzvon.journal.heartbeat import Heartbeats
from obzvon.journal.runs import Journal

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
WRITTEN = datetime(2026, 1, 5, 7, tzinfo=UTC)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def daily(hour: int, **dates: time | None) -> Schedule:
    return Schedule(
        (time(hour),) * 7, {date.fromisoformat(f"2026-01-{day[1:]}"): start for day, start in dates.items()}
    )


@pytest.fixture
def journal(journal_url: str) -> Iterator[Journal]:
    journal = Journal(journal_url)
    yield journal
    journal.close()


@pytest.fixture
def presence(journal: Journal) -> Heartbeats:
    return Heartbeats(journal)


def since(presence: Heartbeats, week: Schedule, today: date, changed: datetime) -> datetime | None:
    """From when the week has said what it says for today, as it is kept for the next time."""
    asked = presence.week_since(week, today, changed)
    assert presence.remember_week(week, today, changed) == asked
    return asked.get(today)


def test_the_first_week_of_all_has_been_in_force_from_before_anyone_looked(presence: Heartbeats) -> None:
    assert since(presence, daily(9), MONDAY, WRITTEN) is None


def test_the_same_week_stays_in_force_since_the_same_moment(presence: Heartbeats, journal: Journal) -> None:
    since(presence, daily(8), MONDAY, WRITTEN)
    assert since(presence, daily(9), MONDAY, WRITTEN) == WRITTEN
    assert since(presence, daily(9), MONDAY, WRITTEN) == WRITTEN
    assert since(Heartbeats(journal), daily(9), MONDAY, NOON) == WRITTEN  # a file that was only written anew


def test_a_start_that_was_changed_is_in_force_since_the_change(presence: Heartbeats) -> None:
    since(presence, daily(9), MONDAY, WRITTEN)
    assert since(presence, daily(10), MONDAY, NOON) == NOON
    later = NOON + timedelta(hours=1)
    assert since(presence, daily(9), MONDAY, later) == later


def test_an_edit_of_another_day_leaves_todays_start_as_old_as_it_was(presence: Heartbeats) -> None:
    since(presence, daily(8), MONDAY, WRITTEN)
    since(presence, daily(9), MONDAY, WRITTEN)
    assert since(presence, daily(9, _07=None), MONDAY, NOON) == WRITTEN
    assert since(presence, daily(9, _05=time(9)), MONDAY, NOON) == WRITTEN


def test_a_date_that_overrides_today_counts_as_a_change(presence: Heartbeats) -> None:
    since(presence, daily(9), MONDAY, WRITTEN)
    assert since(presence, daily(9, _05=time(10)), MONDAY, NOON) == NOON


def test_on_the_next_day_a_week_that_is_known_has_always_been_in_force(presence: Heartbeats) -> None:
    since(presence, daily(9), MONDAY, NOON)
    assert since(presence, daily(9), TUESDAY, NOON) is None
    assert since(presence, daily(9), TUESDAY, NOON) is None


def test_a_week_changed_while_nobody_looked_is_in_force_since_it_was_written(presence: Heartbeats) -> None:
    since(presence, daily(9), MONDAY, WRITTEN)
    tuesday = datetime(2026, 1, 6, 8, tzinfo=UTC)
    assert since(presence, daily(8), TUESDAY, tuesday) == tuesday


def test_an_edit_of_yesterdays_start_after_midnight_counts_as_a_change_of_yesterday(presence: Heartbeats) -> None:
    presence.remember_week(daily(23), MONDAY, WRITTEN)
    night = datetime(2026, 1, 6, 0, 30, tzinfo=UTC)
    assert presence.remember_week(daily(23), TUESDAY, WRITTEN) == {}
    assert presence.remember_week(daily(23, _05=time(22)), TUESDAY, night) == {MONDAY: night}
    assert presence.remember_week(daily(23, _05=time(22)), date(2026, 1, 7), night) == {}


def test_asking_changes_nothing_that_is_remembered(presence: Heartbeats) -> None:
    presence.remember_week(daily(9), MONDAY, WRITTEN)
    assert presence.week_since(daily(10), MONDAY, NOON)[MONDAY] == NOON
    assert presence.week_since(daily(9), MONDAY, NOON) == {}


def test_the_service_gives_signs_of_life_from_its_start_to_its_end(presence: Heartbeats) -> None:
    assert presence.sign() is None
    presence.begin(at=NOON)
    sign = presence.sign()
    assert sign is not None
    assert (sign.pid, sign.host, sign.started_at, sign.seen_at) == (os.getpid(), socket.gethostname(), NOON, NOON)
    assert (sign.stopped_at, sign.trouble) == (None, "")
    later = NOON + timedelta(minutes=1)
    presence.beat(at=later, trouble="[]", readout="{}")
    sign = presence.sign()
    assert sign is not None
    assert (sign.started_at, sign.seen_at, sign.trouble, sign.readout) == (NOON, later, "[]", "{}")
    presence.beat(at=later)
    presence.end(at=later)
    sign = presence.sign()
    assert sign is not None
    assert (sign.stopped_at, sign.trouble) == (later, "")


def test_a_service_that_was_killed_has_not_said_so_and_the_next_takes_its_place(presence: Heartbeats) -> None:
    presence.begin(at=NOON)
    presence.beat(at=NOON, readout="{}")
    later = NOON + timedelta(hours=1)
    presence.begin(at=later)
    sign = presence.sign()
    assert sign is not None
    assert (sign.started_at, sign.stopped_at, sign.readout) == (later, None, "")


def test_a_demonstration_after_nine_makes_up_for_no_start(tmp_path: Path) -> None:
    shown = demo.Demo(tmp_path, lambda _: None)
    try:
        assert Heartbeats(shown.journal).has_seen_a_week()
    finally:
        shown.journal.close()
