"""Runs as they enter the journal: whom each is to ring, the test call, and the former script's day."""

from collections.abc import Callable
from pathlib import Path

import pytest

from obzvon.documents.store import LoadedDocument
from obzvon.domain.phones import Phone
from obzvon.service.run_starter import RunNotStartedError, RunRequest, RunStarter
from tests.support.workshop import Shift, Workshop, at, day_of, numbers, shift

PEOPLE = numbers(5)
NINE, TEN = at("09:00:00"), at("10:00:00")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Five numbers at nine."""
    return Workshop(tmp_path, phones=PEOPLE, bundle=5)


def starter_of(working: Shift) -> RunStarter:
    return RunStarter(working.workshop.settings, working.journal, working.dialer.plan)


def phones_of(working: Shift) -> LoadedDocument[list[Phone]]:
    return working.schedule_watch.current_phones()


def test_a_day_has_one_scheduled_run_and_a_run_by_hand_has_its_own_token(workshop: Workshop) -> None:
    with shift(workshop, NINE) as working:
        starter = starter_of(working)
        first = starter.start(NINE.date(), RunRequest("week"), phones_of(working), now=NINE)
        assert first is not None
        assert (first.run.total, first.skipped, first.list_revision) == (
            5,
            [],
            phones_of(working).revision,
        )
        assert starter.start(NINE.date(), RunRequest("week"), phones_of(working), now=NINE) is None
        working.journal.runs.set_state(first.run.id, "done", at=NINE)
        second = starter.start(NINE.date(), RunRequest("manual", again=True), phones_of(working), now=TEN)
        assert second is not None
        assert second.run.token != first.run.token


def test_a_run_by_hand_that_would_ring_nobody_is_not_entered(workshop: Workshop) -> None:
    with shift(workshop, NINE) as working:
        starter = starter_of(working)
        with pytest.raises(RunNotStartedError, match="the list was changed in the meantime"):
            starter.start(NINE.date(), RunRequest("manual", list_revision="an older one"), phones_of(working), now=NINE)
        workshop.write_list(["8916"])
        working.schedule_watch.refresh(NINE)
        with pytest.raises(RunNotStartedError, match="the list has 1 row, and it is skipped"):
            starter.start(NINE.date(), RunRequest("manual"), phones_of(working), now=NINE)
        workshop.write_list([])
        working.schedule_watch.refresh(NINE)
        with pytest.raises(RunNotStartedError, match="the list is empty"):
            starter.start(NINE.date(), RunRequest("manual"), phones_of(working), now=NINE)
        assert working.journal.runs.is_empty()


def test_a_test_call_is_a_run_that_has_ended_and_claims_no_day(workshop: Workshop) -> None:
    with shift(workshop, NINE) as working:
        starter = starter_of(working)
        run = starter.start_test_call(NINE.date(), PEOPLE[0], "5", now=NINE, by="anna")
        assert (run.kind, run.state, run.total, run.started_by) == ("test", "done", 1, "anna")
        assert starter.start(NINE.date(), RunRequest("week"), phones_of(working), now=NINE) is not None


def test_the_former_scripts_day_is_honoured_once(tmp_path: Path, logged: Callable[[str], int]) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=5, status="Off", start="08:00")
    workshop.write_settings(
        dir_source=".", dir_target="outgoing", time_zone="Europe/Moscow", bundle=5, status="Off", start="2026-01-05"
    )
    assert day_of(workshop, NINE, TEN, every=60) == []
    assert logged("the old script has already run today") == 1
    assert day_of(workshop, TEN, TEN) == []
    assert logged("the old script has already run today") == 1
    tomorrow = "2026-01-06"
    assert day_of(workshop, at("09:00:00", tomorrow), at("09:00:00", tomorrow)) == [("09:00:00", PEOPLE)]


@pytest.mark.parametrize(
    ("status", "start", "rings"),
    [("Working", "2026-01-05", False), ("Off", "2026-01-04", True), ("Working", "04.01.2026", True), ("Off", "", True)],
)
def test_the_former_scripts_status_matters_only_on_its_day(
    tmp_path: Path, logged: Callable[[str], int], status: str, start: str, rings: bool
) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=5)
    workshop.write_settings(
        dir_source=".", dir_target="outgoing", time_zone="Europe/Moscow", bundle=5, status=status, start=start
    )
    assert bool(day_of(workshop, NINE, NINE)) == rings
    assert logged("run was cut off today") == (not rings)


def test_the_former_scripts_day_is_not_looked_at_once_there_has_been_a_run(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=5)
    sunday = "2026-01-04"
    day_of(workshop, at("09:00:00", sunday), at("09:00:00", sunday))
    workshop.write_settings(
        dir_source=".", dir_target="outgoing", time_zone="Europe/Moscow", bundle=5, status="Off", start="2026-01-05"
    )
    with shift(workshop, NINE) as working:
        working.came()
        assert working.work(NINE, NINE) == [("09:00:00", PEOPLE)]
