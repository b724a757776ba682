"""A journal that no service has made yet reads as an empty one, and is never written."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest

from obzvon.common.errors import UserError
from obzvon.domain.labels import COMMAND_NOT_TAKEN
from obzvon.domain.schedule import Schedule
from obzvon.journal.commands import CommandOutcome, CommandStatus
from obzvon.journal.journal import AbsentJournal, Journal
from obzvon.journal.queries import CallFilter

DAY = date(2026, 1, 5)
NINE = datetime(2026, 1, 5, 6, tzinfo=UTC)


def read_everything(journal: Journal) -> list[object]:
    queries = journal.queries(10)
    shown = CallFilter(DAY, text="8916")
    return [
        journal.runs.active(),
        journal.runs.latest(),
        journal.runs.on_days(DAY),
        journal.runs.first_day(),
        journal.runs.scheduled_days(DAY),
        journal.runs.tokens(),
        journal.calls.called_on(DAY),
        list(journal.calls.records_on(DAY)),
        journal.heartbeats.latest(),
        journal.heartbeats.is_process_alive(),
        journal.seen_schedules.has_any(),
        journal.seen_schedules.changes(Schedule((None,) * 7), DAY, NINE),
        journal.commands.find("form"),
        journal.findings.latest(),
        journal.findings.latest_summary(),
        journal.audit.latest(10),
        queries.page(shown),
        queries.count(shown),
        list(queries.iterate(shown)),
        queries.last_test_call(),
    ]


@pytest.mark.slow
def test_it_reads_as_an_empty_one_in_every_thread() -> None:
    journal = AbsentJournal()
    assert journal.is_absent
    assert journal.runs.is_empty()
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: read_everything(journal), range(20)):
            assert not any(found)


def test_a_transaction_within_another_reads_too() -> None:
    journal = AbsentJournal()
    with journal.read_transaction():
        assert not any(read_everything(journal))


def test_a_write_says_that_there_is_no_journal_yet() -> None:
    journal = AbsentJournal()
    with pytest.raises(UserError, match="there is no journal yet"):
        journal.heartbeats.begin(at=NINE)
    with pytest.raises(UserError, match="there is no journal yet"):
        journal.commands.submit("start", by="anna", at=NINE)


def test_no_service_takes_a_command_and_nobody_waits_for_one() -> None:
    def sleep(_: float) -> None:
        pytest.fail("nobody can answer")

    outcome = AbsentJournal().commands.submit_and_wait("start", by="anna", at=NINE, sleep=sleep)
    assert outcome == CommandOutcome(CommandStatus.NOT_TAKEN, COMMAND_NOT_TAKEN)
