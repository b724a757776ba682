from datetime import UTC, date, datetime, timedelta

from obzvon.campaign import Candidate, Disposition, Phone
from obzvon.journal import Ending, Journal, State
from obzvon.language import say
from obzvon.results import Results

DAY = date(2026, 11, 23)
NINE = datetime(2026, 11, 23, 6, tzinfo=UTC)


def test_the_latest_calls_are_those_that_something_happened_to_last(journal_url: str) -> None:
    journal = Journal(journal_url)
    rows = [Candidate(Phone(str(key), f"8916000000{key}"), f"8916000000{key}") for key in range(4)]
    rows.append(Candidate(Phone("9", "777"), skipped=say("paused")))
    run = journal.claim("20261123-abc", DAY, "manual", rows, at=NINE)
    assert run
    assert Results(journal).latest(run.id, 10) == []
    assert Results(journal).going(run.id) == 0
    journal.begin_handing(journal.waiting(run.id, limit=3), 1)
    assert Results(journal).going(run.id) == 3
    journal.end_handing(journal.on_the_way(State.HANDING), at=NINE + timedelta(seconds=1))
    journal.end_calls([Ending(run.id, 2, Disposition.ANSWERED, NINE + timedelta(seconds=9))])
    assert Results(journal).going(run.id) == 2
    found = Results(journal).latest(run.id, 2)
    assert [(line.position, line.result) for line in found] == [(2, "answered"), (3, "handed")]
    journal.close()


def test_a_test_call_that_went_counts_whatever_came_of_later_ones(journal_url: str) -> None:
    journal = Journal(journal_url)
    results = Results(journal)
    one = Candidate(Phone("", "89161111111"), "89161111111")

    def call(token: str, kind: str, how: Disposition | None) -> None:
        run = journal.claim(token, DAY, kind, [one], at=NINE, state="done")
        assert run
        if how:
            journal.end_calls([Ending(run.id, 1, how, NINE)])

    call("a", "manual", Disposition.ANSWERED)
    assert results.test_call() is None
    call("b", "test", None)
    call("c", "test", Disposition.NOT_ANSWERED)
    found = results.test_call()
    assert found
    assert found.result == "not answered"
    call("d", "test", Disposition.HANDED)
    call("e", "test", Disposition.FAILED)
    found = results.test_call()
    assert found
    assert found.result == "handed"
    journal.close()
