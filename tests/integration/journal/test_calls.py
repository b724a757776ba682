"""Calls in the journal: handed over, ended, counted, and listed by day."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select, update
from sqlalchemy.exc import IntegrityError

from obzvon.common.i18n import say, say_many
from obzvon.domain.calls import CallOutcome, CallState, PendingCall
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal import database
from obzvon.journal.journal import Journal
from obzvon.journal.schema import calls, runs
from obzvon.journal.sqlite import sqlite_engine
from obzvon.journal.transitions import JournalConflictError
from tests.support.journal import MINUTE, MONDAY, NINE, TUESDAY, begin, end, hand, numbers, results

# Handed over


def test_calls_wait_in_the_order_of_the_list(journal: Journal) -> None:
    run = begin(journal, 5)
    everybody = journal.calls.waiting(run.id)
    assert everybody[0] == PendingCall(run.id, run.token, 1, "89160000000", "", 1, None)
    assert [call.position for call in everybody] == [1, 2, 3, 4, 5]
    assert journal.calls.waiting(run.id, limit=2) == everybody[:2]
    assert journal.calls.waiting(run.id, after=2, limit=2) == everybody[2:4]
    assert journal.calls.waiting(run.id, after=5) == []
    assert journal.calls.waiting(run.id, limit=0) == []


def test_another_runs_calls_do_not_wait_in_this_one(journal: Journal) -> None:
    first, second = begin(journal, 2), begin(journal, 3, kind="manual")
    hand(journal, journal.calls.waiting(first.id))
    assert len(journal.calls.waiting(second.id)) == 3
    assert journal.calls.count_results(second.id) == Counter(waiting=3)


def test_a_bundle_goes_from_waiting_to_handing_to_handed(journal: Journal) -> None:
    run = begin(journal, 5)
    assert journal.calls.last_bundle(run.id) == (0, None)
    bundle = journal.calls.waiting(run.id, limit=2)
    journal.transitions.begin_handing(bundle, 1)
    assert journal.calls.in_transit(CallState.HANDING) == bundle
    assert journal.calls.last_bundle(run.id) == (1, None)
    assert [call.position for call in journal.calls.waiting(run.id)] == [3, 4, 5]
    journal.transitions.end_handing(bundle, at=NINE)
    assert journal.calls.in_transit(CallState.HANDING) == []
    assert [(call.position, call.handed_at) for call in journal.calls.in_transit(CallState.HANDED)] == [
        (1, NINE),
        (2, NINE),
    ]
    hand(journal, journal.calls.waiting(run.id, limit=1), 2, NINE + MINUTE)
    assert journal.calls.last_bundle(run.id) == (2, NINE + MINUTE)
    assert journal.calls.count_results(run.id) == Counter(handed=3, waiting=2)
    assert [line.bundle for line in journal.calls.records_on(MONDAY)] == [1, 1, 2, None, None]


def test_calls_go_on_together_though_they_do_not_stand_together(journal: Journal) -> None:
    run = begin(journal, 8)
    everybody = journal.calls.waiting(run.id)
    journal.transitions.begin_handing([everybody[0], everybody[2], everybody[7]], 1)
    assert [call.position for call in journal.calls.waiting(run.id)] == [2, 4, 5, 6, 7]
    journal.transitions.begin_handing([everybody[n] for n in (6, 1, 3)], 2)
    journal.transitions.return_to_waiting([everybody[2], everybody[3]], CallState.HANDING)
    journal.transitions.end_handing([everybody[7], everybody[0]], at=NINE)
    assert results(journal) == ["handed", "handing", "waiting", "waiting", "waiting", "waiting", "handing", "handed"]


def test_no_call_at_all_is_moved_on_as_easily(journal: Journal) -> None:
    journal.transitions.begin_handing([], 1)
    journal.transitions.end_handing([], at=NINE)
    journal.transitions.return_to_waiting([], CallState.HANDED)
    assert journal.transitions.end_calls([]) == 0


def test_a_call_that_was_changed_meanwhile_stops_the_whole_bundle(journal: Journal) -> None:
    run = begin(journal, 4)
    bundle = journal.calls.waiting(run.id)
    end(journal, bundle[1], Disposition.WITHDRAWN)
    with pytest.raises(JournalConflictError, match="calls that were waiting a moment ago no longer are"):
        journal.transitions.begin_handing(bundle, 1)
    assert results(journal) == ["waiting", "withdrawn", "waiting", "waiting"]
    rest = journal.calls.waiting(run.id)
    journal.transitions.begin_handing(rest, 1)
    end(journal, rest[2], Disposition.UNKNOWN)
    with pytest.raises(JournalConflictError, match="calls that were being handed over a moment ago no longer are"):
        journal.transitions.end_handing(rest, at=NINE)
    with pytest.raises(JournalConflictError):
        journal.transitions.return_to_waiting(rest, CallState.HANDING)
    assert results(journal) == ["handing", "withdrawn", "handing", "unknown"]


@pytest.mark.parametrize("bundle", [[0, 0], [0, 1, 1]])
def test_a_call_stands_in_a_bundle_once(journal: Journal, bundle: list[int]) -> None:
    waiting = journal.calls.waiting(begin(journal, 3).id)
    with pytest.raises(JournalConflictError):
        journal.transitions.begin_handing([waiting[n] for n in bundle], 1)
    assert results(journal) == ["waiting"] * 3


def test_two_services_that_hand_over_the_same_calls_are_an_error(journal: Journal, journal_url: str) -> None:
    run = begin(journal, 3)
    bundle = journal.calls.waiting(run.id)
    with contextlib.closing(Journal(journal_url)) as other:
        also = other.calls.waiting(run.id)
        journal.transitions.begin_handing(bundle, 1)
        with pytest.raises(JournalConflictError, match="second service"):
            other.transitions.begin_handing(also, 1)


def test_calls_that_were_given_back_wait_as_if_nothing_had_been(journal: Journal) -> None:
    run = begin(journal, 3)
    before = journal.calls.waiting(run.id)
    journal.transitions.begin_handing(before, 1)
    journal.transitions.return_to_waiting(before[1:], CallState.HANDING)
    journal.transitions.end_handing(before[:1], at=NINE)
    journal.transitions.return_to_waiting(before[:1], CallState.HANDED)
    assert journal.calls.waiting(run.id) == before
    assert journal.calls.last_bundle(run.id) == (0, None)
    assert journal.calls.called_on(MONDAY) == set()
    hand(journal, before, 1)
    assert journal.calls.count_results(run.id) == Counter(handed=3)


def test_who_gives_back_says_from_where(journal: Journal) -> None:
    bundle = journal.calls.waiting(begin(journal, 2).id)
    hand(journal, bundle)
    with pytest.raises(JournalConflictError):
        journal.transitions.return_to_waiting(bundle, CallState.HANDING)
    assert results(journal) == ["handed", "handed"]


# Ended


def test_a_call_ends_with_its_disposition_its_reason_and_its_time(journal: Journal) -> None:
    bundle = journal.calls.waiting(begin(journal, 2).id)
    hand(journal, bundle)
    reason = say("why: {what}", what=say("a thing"))
    assert end(journal, bundle[0], Disposition.BUSY, NINE + MINUTE) == 1
    assert end(journal, bundle[1], Disposition.UNKNOWN, NINE + MINUTE, reason) == 1
    first, second = journal.calls.records_on(MONDAY)
    assert (first.state, first.disposition, first.result, first.reason) == ("ended", "busy", "busy", None)
    assert (first.handed_at, first.ended_at) == (NINE, NINE + MINUTE)
    assert (second.result, second.reason) == ("unknown", reason)


def test_a_call_ends_once(journal: Journal) -> None:
    bundle = journal.calls.waiting(begin(journal, 3).id)
    hand(journal, bundle)
    assert end(journal, bundle[0], Disposition.ANSWERED) == 1
    assert end(journal, bundle[0], Disposition.UNKNOWN, NINE + MINUTE, say("later")) == 0
    both = [CallOutcome(call.run_id, call.position, Disposition.BUSY, NINE + MINUTE) for call in bundle[:2]]
    assert journal.transitions.end_calls(both) == 1
    again = CallOutcome(bundle[2].run_id, bundle[2].position, Disposition.FAILED, NINE)
    other = CallOutcome(bundle[2].run_id, bundle[2].position, Disposition.BUSY, NINE)
    assert journal.transitions.end_calls([again, other]) == 1
    first, second, third = journal.calls.records_on(MONDAY)
    assert (first.disposition, first.reason, first.ended_at) == ("answered", None, NINE)
    assert (second.disposition, third.disposition) == ("busy", "failed")


def test_a_call_that_has_ended_is_not_handed_over_again(journal: Journal) -> None:
    bundle = journal.calls.waiting(begin(journal, 2).id)
    end(journal, bundle[0], Disposition.WITHDRAWN)
    for move in (
        lambda: journal.transitions.begin_handing(bundle[:1], 1),
        lambda: journal.transitions.end_handing(bundle[:1], at=NINE),
        lambda: journal.transitions.return_to_waiting(bundle[:1], CallState.HANDING),
        lambda: journal.transitions.return_to_waiting(bundle[:1], CallState.HANDED),
    ):
        with pytest.raises(JournalConflictError):
            move()
    assert results(journal) == ["withdrawn", "waiting"]


def test_an_ending_of_a_call_that_is_not_there_changes_nothing(journal: Journal) -> None:
    run = begin(journal, 1)
    assert (
        journal.transitions.end_calls(
            [CallOutcome(run.id, 99, Disposition.BUSY, NINE), CallOutcome(99, 1, Disposition.BUSY, NINE)]
        )
        == 0
    )
    assert results(journal) == ["waiting"]


def test_a_thousand_calls_end_together(journal: Journal) -> None:
    run = begin(journal, 3000)
    bundle = journal.calls.waiting(run.id, limit=2500)
    hand(journal, bundle)
    assert (
        journal.transitions.end_calls(CallOutcome(run.id, call.position, Disposition.ANSWERED, NINE) for call in bundle)
        == 2500
    )
    assert journal.calls.count_results(run.id) == Counter(answered=2500, waiting=500)


def test_only_calls_that_wait_are_withdrawn(journal: Journal) -> None:
    run, other = begin(journal, 5), begin(journal, 2, kind="manual")
    first, second, third, *_ = journal.calls.waiting(run.id)
    journal.transitions.begin_handing([first, second, third], 1)
    journal.transitions.end_handing([second, third], at=NINE)
    end(journal, third)
    assert journal.transitions.withdraw_waiting(run.id, say("stopped by {who}", who="Anna"), at=NINE + MINUTE) == 2
    assert journal.transitions.withdraw_waiting(run.id, say("again"), at=NINE) == 0
    lines = [line for line in journal.calls.records_on(MONDAY) if line.run_id == run.id]
    assert [line.result for line in lines] == ["handing", "handed", "answered", "withdrawn", "withdrawn"]
    assert (str(lines[4].reason), lines[4].ended_at) == ("stopped by Anna", NINE + MINUTE)
    assert journal.calls.count_results(other.id) == Counter(waiting=2)


def test_counts_are_of_dispositions_and_of_how_far_the_rest_has_come(journal: Journal) -> None:
    skipped = [Candidate(Phone("x", "777"), skipped=say("too short"))] * 2
    run = journal.runs.begin("a", MONDAY, "week", [*numbers(7), *skipped], at=NINE)
    assert run is not None
    bundle = journal.calls.waiting(run.id, limit=5)
    journal.transitions.begin_handing(bundle, 1)
    journal.transitions.end_handing(bundle[:4], at=NINE)
    for call, how in zip(bundle, (Disposition.ANSWERED, Disposition.ANSWERED, Disposition.NO_ANSWER), strict=False):
        end(journal, call, how)
    expected = {"answered": 2, "no answer": 1, "handed": 1, "handing": 1, "waiting": 2, "skipped": 2}
    assert journal.calls.count_results(run.id) == Counter(expected)


# Called that day


@pytest.mark.parametrize(
    ("kind", "fate", "rung"),
    [
        ("week", "waiting", False),
        ("week", "handing", True),
        ("week", "handed", True),
        ("week", Disposition.ANSWERED, True),
        ("week", Disposition.BUSY, True),
        ("week", Disposition.UNKNOWN, True),
        ("week", Disposition.FAILED, True),
        ("week", Disposition.HANDED, True),
        ("week", Disposition.WITHDRAWN, False),
        ("week", "withdrawn before its turn", False),
        ("week", "skipped", False),
        ("week", "given back", False),
        ("manual", Disposition.ANSWERED, True),
        ("manual", "waiting", False),
        ("test", "handed", False),
        ("test", Disposition.ANSWERED, False),
        ("former", Disposition.ANSWERED, True),  # learnt of another journal
    ],
)
def test_numbers_that_may_have_been_called_count_as_called(journal: Journal, kind: str, fate: str, rung: bool) -> None:
    skipped = say("paused") if fate == "skipped" else None
    one = Candidate(Phone("0", "8 916 111 11 11", "1"), "89161111111", "1", skipped)
    run = journal.runs.begin("a", MONDAY, kind, [one], at=NINE)
    assert run is not None
    bundle = journal.calls.waiting(run.id)
    if fate == "withdrawn before its turn":
        journal.transitions.withdraw_waiting(run.id, say("stopped"), at=NINE)
    elif fate not in ("waiting", "skipped"):
        journal.transitions.begin_handing(bundle, 1)
        if fate == "given back":
            journal.transitions.return_to_waiting(bundle, CallState.HANDING)
        elif fate != "handing":
            journal.transitions.end_handing(bundle, at=NINE)
        if isinstance(fate, Disposition):
            end(journal, bundle[0], fate)
    assert journal.calls.called_on(MONDAY) == ({("89161111111", "1")} if rung else set())
    assert journal.calls.called_on(TUESDAY) == set()


def test_a_number_called_in_any_run_of_the_day_counts_as_called(journal: Journal) -> None:
    week, manual = begin(journal, 3), begin(journal, 5, kind="manual")
    hand(journal, journal.calls.waiting(week.id, limit=2))
    hand(journal, journal.calls.waiting(manual.id, after=1, limit=2))
    assert journal.calls.called_on(MONDAY) == {("89160000000", ""), ("89160000001", ""), ("89160000002", "")}


def test_a_run_is_settled_when_it_has_ended_and_nothing_of_it_is_on_its_way(journal: Journal) -> None:
    def settled() -> dict[int, bool]:
        with journal.read_transaction() as connection:
            return {run: bool(is_settled) for run, is_settled in connection.execute(select(runs.c.id, runs.c.settled))}

    first, second = begin(journal, 2), begin(journal, 1, kind="manual")
    bundle = journal.calls.waiting(first.id)
    hand(journal, bundle)
    journal.runs.settle()
    assert settled() == {first.id: False, second.id: False}
    journal.runs.set_state(first.id, "done", at=NINE)
    end(journal, bundle[0])
    journal.runs.settle()
    assert settled() == {first.id: False, second.id: False}
    assert [call.position for call in journal.calls.in_transit(CallState.HANDED)] == [2]
    end(journal, bundle[1])
    journal.runs.settle()
    assert settled() == {first.id: True, second.id: False}
    assert journal.calls.in_transit(CallState.HANDED) == []


def test_calls_on_the_way_are_of_every_run_in_their_order(journal: Journal) -> None:
    yesterday, today = begin(journal, 2), begin(journal, 2, TUESDAY)
    hand(journal, journal.calls.waiting(today.id))
    hand(journal, journal.calls.waiting(yesterday.id)[1:])
    journal.runs.set_state(yesterday.id, "stopped", at=NINE)
    assert [(call.run_id, call.position) for call in journal.calls.in_transit(CallState.HANDED)] == [
        (yesterday.id, 2),
        (today.id, 1),
        (today.id, 2),
    ]


# The records of a day


def test_lines_are_in_the_order_of_runs_and_list(journal: Journal) -> None:
    begin(journal, 1200)
    begin(journal, 1, TUESDAY)
    begin(journal, 2, kind="manual")
    found = [(line.run_id, line.kind, line.position) for line in journal.calls.records_on(MONDAY)]
    assert found == [*((1, "week", n) for n in range(1, 1201)), (3, "manual", 1), (3, "manual", 2)]
    assert [line.run_id for line in journal.calls.records_on(TUESDAY)] == [2]


def test_a_reason_is_kept_as_a_sentence_to_be_worded_when_it_is_read(journal: Journal) -> None:
    reasons = [
        say("plain"),
        say("the same number as in row {key}", key="7"),
        say("{n} of {share}", n=3, share=0.5),
        say_many("{n} call", "{n} calls", 2),
        say("inside: {why}", why=say("“{text}”", text="a\0\n\"'{}Ж")),
    ]
    rows = [Candidate(Phone(str(n), "777"), skipped=reason) for n, reason in enumerate(reasons)]
    assert journal.runs.begin("a", MONDAY, "week", rows, at=NINE)
    assert [line.reason for line in journal.calls.records_on(MONDAY)] == reasons
    assert [line.reason.in_language("en") for line in journal.calls.records_on(MONDAY) if line.reason] == [
        "plain",
        "the same number as in row 7",
        "3 of 0.5",
        "2 calls",
        "inside: “a\0\n\"'{}Ж”",
    ]


def test_who_reads_some_lines_only_holds_nothing_up(journal: Journal) -> None:
    run = begin(journal, 3000)
    lines = journal.calls.records_on(MONDAY)
    assert next(lines).position == 1
    hand(journal, journal.calls.waiting(run.id, limit=3000))
    assert isinstance(lines, Generator)
    lines.close()
    assert set(results(journal)) == {"handed"}


def test_who_reads_sees_one_state_of_the_journal(journal: Journal) -> None:
    run = begin(journal, 3)
    waiting = select(func.count()).where(calls.c.run_id == run.id, calls.c.state == "waiting")
    with journal.read_transaction() as connection:
        assert connection.execute(waiting).scalar() == 3
        hand(journal, journal.calls.waiting(run.id))
        assert connection.execute(waiting).scalar() == 3
    with journal.read_transaction() as connection:
        assert connection.execute(waiting).scalar() == 0


def test_what_is_written_in_part_is_not_written_at_all(journal: Journal) -> None:
    run = begin(journal, 3)
    everything = update(calls).where(calls.c.run_id == run.id)

    def write() -> None:
        with journal.write_transaction() as connection:
            assert connection.execute(everything.values(state="ended")).rowcount == 3
            connection.execute(everything.values(position=None))

    with pytest.raises(IntegrityError):
        write()
    assert results(journal) == ["waiting"] * 3


def test_a_call_keeps_the_boot_under_which_it_was_handed_over_last(journal: Journal) -> None:
    run = begin(journal, 2)
    bundle = journal.calls.waiting(run.id, limit=2)
    assert [call.boot for call in bundle] == [None, None]
    journal.transitions.begin_handing(bundle[:1], 1, boot="0123456789ab")
    journal.transitions.begin_handing(bundle[1:], 1)
    assert [call.boot for call in journal.calls.in_transit(CallState.HANDING)] == ["0123456789ab", None]


# Attempts after the first


def test_a_call_that_asterisk_did_not_make_and_nobody_wants_any_more_is_withdrawn(journal: Journal) -> None:
    run = begin(journal, 2)
    hand(journal, bundle := journal.calls.waiting(run.id))
    journal.transitions.wait_for_next_attempt(bundle)
    journal.transitions.cancel_retries(run.id, [1], say("paused"), at=NINE + MINUTE)
    first, second = journal.calls.records_on(MONDAY)
    assert (first.result, first.ended_at, str(first.reason)) == ("withdrawn", NINE + MINUTE, "paused")
    assert second.result == "waiting"


def test_a_call_that_asterisk_did_not_make_was_not_called_that_day(journal: Journal) -> None:
    run = begin(journal, 2)
    hand(journal, bundle := journal.calls.waiting(run.id))
    journal.transitions.wait_for_next_attempt(bundle)
    assert journal.calls.called_on(MONDAY) == set()
    journal.transitions.withdraw_waiting(run.id, say("stopped"), at=NINE)
    assert results(journal) == ["withdrawn"] * 2
    assert journal.calls.called_on(MONDAY) == set()


def test_a_further_attempt_that_may_go_at_once_comes_before_those_that_wait(journal: Journal) -> None:
    run = begin(journal, 2)
    hand(journal, bundle := journal.calls.waiting(run.id))
    busy = CallOutcome(run.id, 1, Disposition.BUSY, NINE)
    journal.transitions.schedule_retries([(busy, NINE + MINUTE)])
    journal.transitions.wait_for_next_attempt(bundle[1:])
    assert [call.position for call in journal.calls.waiting_retries(run.id)] == [2, 1]


def test_a_further_attempt_that_is_taken_back_leaves_the_result_of_the_one_before(journal: Journal) -> None:
    run = begin(journal, 2)
    hand(journal, bundle := journal.calls.waiting(run.id))
    busy = CallOutcome(run.id, 1, Disposition.BUSY, NINE)
    journal.transitions.schedule_retries([(busy, NINE + MINUTE)])
    hand(journal, [retry := journal.calls.waiting_retries(run.id)[0]], 2, NINE + MINUTE)
    journal.transitions.withdraw_handed([retry, bundle[1]], say("taken out"), at=NINE + 2 * MINUTE)
    first, second = journal.calls.records_on(MONDAY)
    assert (first.result, str(first.reason)) == ("busy", "no further attempt: taken out")
    assert (second.result, str(second.reason)) == ("withdrawn", "taken out")
    assert first.ended_at == second.ended_at == NINE + 2 * MINUTE
    assert journal.calls.called_on(MONDAY) == {(retry.number, "")}


def test_a_further_attempt_has_no_time_of_hand_over_until_it_is_handed_over(journal: Journal) -> None:
    run = begin(journal, 1)
    hand(journal, journal.calls.waiting(run.id))
    journal.transitions.schedule_retries([(CallOutcome(run.id, 1, Disposition.BUSY, NINE), NINE)])
    journal.transitions.begin_handing(journal.calls.waiting_retries(run.id), 2)
    [line] = journal.calls.records_on(MONDAY)
    assert line.handed_at is None


@pytest.mark.parametrize("given_up", [False, True])
def test_only_an_attempt_that_was_made_is_made_again(journal: Journal, given_up: bool) -> None:
    run = begin(journal, 1)
    hand(journal, journal.calls.waiting(run.id))
    failed = CallOutcome(run.id, 1, Disposition.CONGESTION, NINE)
    journal.transitions.schedule_retries([(failed, NINE + MINUTE)])
    if given_up:
        journal.transitions.cancel_retries(run.id, [1], say("paused"), at=NINE)
    else:
        hand(journal, journal.calls.waiting_retries(run.id), 2, NINE + MINUTE)
        end(journal, journal.calls.in_transit(CallState.HANDED)[0], Disposition.CONGESTION, NINE + MINUTE)
    assert journal.transitions.call_again(run.id, [1], say("again"), at=NINE + 2 * MINUTE) == (not given_up)


def test_any_number_of_calls_can_be_made_again_or_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement of SQLite takes 32,766 values; here it takes 40."""

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 40)

    monkeypatch.setattr(database, "sqlite_engine", lambda url, busy_timeout: limited(sqlite_engine(url, busy_timeout)))

    def limited(engine: Engine) -> Engine:
        event.listen(engine, "connect", limit)
        return engine

    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    run = begin(journal, 90)
    hand(journal, bundle := journal.calls.waiting(run.id))
    for call in bundle[::2]:
        end(journal, call, Disposition.CONGESTION)
    positions = [call.position for call in bundle[::2]]
    assert journal.transitions.call_again(run.id, positions, say("again"), at=NINE) == 45
    journal.transitions.cancel_retries(run.id, positions, say("paused"), at=NINE)
    journal.transitions.withdraw_handed(bundle[1::2], say("taken out"), at=NINE)
    assert journal.calls.count_results(run.id) == Counter(congestion=45, withdrawn=45)
    journal.close()
