"""`journal accept --rest` where no service runs: what it says before it decides, and what the journal then knows."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from obzvon.cli.main import cli
from obzvon.journal.day_record import DayRecord
from obzvon.reports.day_conflict import open_day_record
from tests.support.workshop import Workshop, numbers, zone_where_it_is

PEOPLE = numbers(5)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    zone = zone_where_it_is(12, datetime.now(UTC))
    made = Workshop(tmp_path, phones=PEOPLE, time_zone=zone, language="en")
    made.journal().close()
    return made


def record_calls(workshop: Workshop, people: list[str], recorded: int) -> datetime:
    settings, now = workshop.settings, datetime.now(UTC)
    day = now.astimezone(settings.zone).date()
    settings.store.mkdir(exist_ok=True)
    record = open_day_record(settings)
    record.append_called(day, [(number, "") for number in people])
    record.save(DayRecord("another", 7, "/old/journal.db", {day: now}, {day: recorded}))
    return now.astimezone(settings.zone)


def accept(workshop: Workshop) -> Result:
    return CliRunner().invoke(cli, ["--settings", str(workshop.folder / "settings.ini"), "journal", "accept", "--rest"])


def test_it_says_with_counts_what_it_does_and_the_journal_then_knows_those_calls(workshop: Workshop) -> None:
    now = record_calls(workshop, PEOPLE[:3], 3)
    done = accept(workshop)
    assert done.exit_code == 0, done.output
    assert "3 numbers were handed over today and are not called again; 2 numbers are left" in done.output
    assert "obzvon start --rest" in done.output
    journal = workshop.journal()
    assert journal.calls.called_on(now.date()) == {(number, "") for number in PEOPLE[:3]}
    assert not journal.runs.scheduled_days(now.date())
    journal.close()


def test_calls_that_are_recorded_in_part_are_no_ground_to_call_the_rest(workshop: Workshop) -> None:
    record_calls(workshop, PEOPLE[:2], 3)
    refused = accept(workshop)
    assert "it is not known of all who were called today" in str(refused.exception)


def test_without_a_conflict_there_is_nothing_to_decide(workshop: Workshop) -> None:
    assert "there is nothing to decide" in str(accept(workshop).exception)
