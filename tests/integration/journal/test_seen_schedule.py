"""What the service remembers of the schedule it saw last."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from obzvon.cli import demo
from obzvon.domain.schedule import Schedule
from obzvon.journal.journal import Journal
from obzvon.journal.seen_schedule import SeenSchedules

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
WRITTEN = datetime(2026, 1, 5, 7, tzinfo=UTC)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def daily(hour: int, **dates: time | None) -> Schedule:
    return Schedule(
        (time(hour),) * 7, {date.fromisoformat(f"2026-01-{day[1:]}"): start for day, start in dates.items()}
    )


@pytest.fixture
def seen(journal: Journal) -> SeenSchedules:
    return journal.seen_schedules


def since(seen: SeenSchedules, week: Schedule, today: date, changed: datetime) -> datetime | None:
    """From when the week has said what it says for today, as it is kept for the next time."""
    asked = seen.changes(week, today, changed)
    assert seen.remember(week, today, changed) == asked
    return asked.get(today)


def test_the_first_schedule_ever_seen_counts_as_always_in_force(seen: SeenSchedules) -> None:
    assert since(seen, daily(9), MONDAY, WRITTEN) is None


def test_an_unchanged_schedule_stays_in_force_since_the_same_moment(seen: SeenSchedules, journal: Journal) -> None:
    since(seen, daily(8), MONDAY, WRITTEN)
    assert since(seen, daily(9), MONDAY, WRITTEN) == WRITTEN
    assert since(seen, daily(9), MONDAY, WRITTEN) == WRITTEN
    assert since(journal.seen_schedules, daily(9), MONDAY, NOON) == WRITTEN  # a file that was only written anew


def test_a_start_that_was_changed_is_in_force_since_the_change(seen: SeenSchedules) -> None:
    since(seen, daily(9), MONDAY, WRITTEN)
    assert since(seen, daily(10), MONDAY, NOON) == NOON
    later = NOON + timedelta(hours=1)
    assert since(seen, daily(9), MONDAY, later) == later


def test_an_edit_of_another_day_leaves_todays_start_as_old_as_it_was(seen: SeenSchedules) -> None:
    since(seen, daily(8), MONDAY, WRITTEN)
    since(seen, daily(9), MONDAY, WRITTEN)
    assert since(seen, daily(9, _07=None), MONDAY, NOON) == WRITTEN
    assert since(seen, daily(9, _05=time(9)), MONDAY, NOON) == WRITTEN


def test_a_date_that_overrides_today_counts_as_a_change(seen: SeenSchedules) -> None:
    since(seen, daily(9), MONDAY, WRITTEN)
    assert since(seen, daily(9, _05=time(10)), MONDAY, NOON) == NOON


def test_on_the_next_day_a_known_schedule_counts_as_always_in_force(seen: SeenSchedules) -> None:
    since(seen, daily(9), MONDAY, NOON)
    assert since(seen, daily(9), TUESDAY, NOON) is None
    assert since(seen, daily(9), TUESDAY, NOON) is None


def test_a_schedule_changed_while_no_service_ran_is_in_force_since_it_was_written(seen: SeenSchedules) -> None:
    since(seen, daily(9), MONDAY, WRITTEN)
    tuesday = datetime(2026, 1, 6, 8, tzinfo=UTC)
    assert since(seen, daily(8), TUESDAY, tuesday) == tuesday


def test_an_edit_of_yesterdays_start_after_midnight_counts_as_a_change_of_yesterday(seen: SeenSchedules) -> None:
    seen.remember(daily(23), MONDAY, WRITTEN)
    night = datetime(2026, 1, 6, 0, 30, tzinfo=UTC)
    assert seen.remember(daily(23), TUESDAY, WRITTEN) == {}
    assert seen.remember(daily(23, _05=time(22)), TUESDAY, night) == {MONDAY: night}
    assert seen.remember(daily(23, _05=time(22)), date(2026, 1, 7), night) == {}


def test_asking_changes_nothing_that_is_remembered(seen: SeenSchedules) -> None:
    seen.remember(daily(9), MONDAY, WRITTEN)
    assert seen.changes(daily(10), MONDAY, NOON)[MONDAY] == NOON
    assert seen.changes(daily(9), MONDAY, NOON) == {}


def test_a_demonstration_after_nine_makes_up_for_no_start(tmp_path: Path) -> None:
    shown = demo.Demo(tmp_path, lambda _: None)
    try:
        assert shown.journal.seen_schedules.has_any()
    finally:
        shown.journal.close()
