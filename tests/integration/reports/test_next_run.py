"""The plan by what is on the disk says what the service will do."""

from pathlib import Path

from obzvon.reports.next_run import next_run_forecast
from obzvon.service import factory
from tests.support.workshop import LONG_AGO, Workshop, at, numbers, shift


def overdue(workshop: Workshop, clock: str) -> bool:
    known, journal = workshop.settings, workshop.journal()
    week = factory.open_schedule(known).load()
    plan = next_run_forecast(known, factory.open_phones(known).load().data, week, journal, at(clock))
    journal.close()
    return plan.overdue


def test_an_old_schedule_copied_in_after_its_start_is_no_missed_start(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=numbers(2), start="00:00")
    with shift(workshop, at("14:59")) as working:
        working.work(at("14:59"), at("14:59:05"))
        working.heartbeats.begin(at=at("14:59"))
        working.heartbeats.beat(at=at("14:59:05"))
    workshop.write_week("09:00", changed=LONG_AGO)  # as cp -p does
    assert not overdue(workshop, "15:00")
    with shift(workshop, at("15:00")) as working:
        assert working.work(at("15:00"), at("15:05")) == []


def test_one_that_was_missed_because_nobody_was_there_is_overdue_and_made_up_for(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=numbers(2), start="09:00")
    journal = workshop.journal()
    journal.heartbeats.begin(at=at("08:00"))
    journal.heartbeats.end(at=at("08:30"))
    journal.close()
    assert overdue(workshop, "15:00")
    with shift(workshop, at("15:00")) as working:
        assert [came for _, came in working.work(at("15:00"), at("15:00:05"))] == [numbers(2)]
