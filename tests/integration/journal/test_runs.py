"""The journal, in SQLite and in PostgreSQL: what it promises to whoever is stopped, and whenever."""

import contextlib
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from obzvon.common.errors import UserError
from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.calls import CallOutcome, CallRecord, CallState, PendingCall, Run
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal.database import JournalUnavailableError
from obzvon.journal.journal import Journal
from obzvon.journal.lock import JournalBusyError
from obzvon.journal.schema import SCHEMA, calls, commands, meta, runs
from obzvon.journal.transitions import JournalConflictError
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer

MONDAY = date(2026, 1, 5)
TUESDAY = date(2026, 1, 6)
NINE = datetime(2026, 1, 5, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def journal(journal_url: str) -> Iterator[Journal]:
    journal = Journal(journal_url)
    yield journal
    journal.close()


def numbers(count: int, first: int = 0) -> list[Candidate]:
    return [
        Candidate(Phone(str(n), f"8916{n:07d}", name=f"name {n}"), f"8916{n:07d}") for n in range(first, first + count)
    ]


def begin(
    journal: Journal, count: int = 5, day: date = MONDAY, *, kind: str = "week", token: str = "", at: datetime = NINE
) -> Run:
    run = journal.runs.begin(token or f"{day:%Y%m%d}-{kind}", day, kind, numbers(count), at=at)
    assert run is not None
    return run


def hand(journal: Journal, bundle: list[PendingCall], number: int = 1, at: datetime = NINE) -> None:
    journal.transitions.begin_handing(bundle, number)
    journal.transitions.end_handing(bundle, at=at)


def end(
    journal: Journal,
    call: PendingCall,
    disposition: Disposition = Disposition.ANSWERED,
    at: datetime = NINE,
    reason: Message | None = None,
) -> int:
    return journal.transitions.end_calls([CallOutcome(call.run_id, call.position, disposition, at, reason)])


def results(journal: Journal, day: date = MONDAY) -> list[str]:
    return [line.result for line in journal.calls.records_on(day)]


@contextlib.contextmanager
def process(journal_url: str, program: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, `journal` open in it; it is killed in the end."""
    start = "import sys\nfrom tests.integration.journal.test_runs import *\njournal = Journal(sys.argv[1])\n"
    running = subprocess.Popen(
        [sys.executable, "-c", start + textwrap.dedent(program), journal_url],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


# -- a run is begun once


def test_a_run_is_begun_with_the_whole_list(journal: Journal) -> None:
    skipped = Candidate(Phone("7", "777", "x", "Пётр"), skipped=say("too short"))
    run = journal.runs.begin(
        "20260105-1a", MONDAY, "week", [*numbers(2), skipped], at=NINE, by="the week", note=say("note {n}", n=1)
    )
    assert run == Run(1, "20260105-1a", MONDAY, "week", "running", NINE, None, "the week", say("note {n}", n=1), 3)
    assert run.active
    assert journal.runs.get(run.id) == run
    assert list(journal.calls.records_on(MONDAY)) == [
        CallRecord(1, "week", MONDAY, 1, "0", "89160000000", "", "name 0", "waiting", None, None, 1, None, None, None),
        CallRecord(1, "week", MONDAY, 2, "1", "89160000001", "", "name 1", "waiting", None, None, 1, None, None, None),
        CallRecord(
            1, "week", MONDAY, 3, "7", "777", "x", "Пётр", "ended", "skipped", say("too short"), 1, None, None, NINE
        ),
    ]


def test_a_day_has_one_run_of_the_week(journal: Journal) -> None:
    assert journal.runs.begin("a", MONDAY, "week", numbers(3), at=NINE)
    assert journal.runs.begin("b", MONDAY, "week", numbers(3), at=NINE + MINUTE) is None
    assert journal.runs.begin("c", TUESDAY, "week", numbers(3), at=NINE + MINUTE)
    assert [run.token for run in journal.runs.on_days(MONDAY)] == ["a"]
    assert len(list(journal.calls.records_on(MONDAY))) == 3


@pytest.mark.parametrize("state", ["stopped", "done"])
def test_a_day_whose_run_has_ended_has_no_other(journal: Journal, state: str) -> None:
    journal.runs.set_state(begin(journal).id, state, at=NINE)
    assert journal.runs.begin("again", MONDAY, "week", numbers(3), at=NINE) is None


def test_a_day_that_the_former_script_ran_has_no_other(journal: Journal) -> None:
    run = journal.runs.begin("former", MONDAY, "former", [], at=NINE, state="done")
    assert run is not None
    assert (run.state, run.started_at, run.ended_at, run.total, run.active) == ("done", NINE, NINE, 0, False)
    assert journal.runs.begin("week", MONDAY, "week", numbers(3), at=NINE) is None


def test_runs_by_hand_and_test_calls_are_as_many_as_one_likes(journal: Journal) -> None:
    for token, kind in (("a", "manual"), ("b", "manual"), ("c", "test"), ("d", "week"), ("e", "test")):
        assert journal.runs.begin(token, MONDAY, kind, numbers(1), at=NINE)
    assert [run.kind for run in journal.runs.on_days(MONDAY)] == ["manual", "manual", "test", "week", "test"]


def test_a_run_that_cannot_be_written_for_another_reason_is_no_day_done(journal: Journal) -> None:
    begin(journal, token="a")
    for token, kind in (("a", "manual"), ("b", "carnival")):
        with pytest.raises(IntegrityError):
            journal.runs.begin(token, MONDAY, kind, numbers(1), at=NINE)
    with pytest.raises(IntegrityError):
        journal.runs.begin("a", TUESDAY, "week", numbers(1), at=NINE)
    assert journal.runs.scheduled_days(MONDAY) == {MONDAY}


def test_of_several_processes_that_begin_the_same_day_one_does(journal_url: str, journal: Journal) -> None:
    program = """
        print("ready", flush=True)
        token = sys.stdin.readline().strip()
        print("begun" if journal.runs.begin(token, MONDAY, "week", numbers(3000), at=NINE) else "not")
    """
    with contextlib.ExitStack() as stack:
        racing = [stack.enter_context(process(journal_url, program)) for _ in range(4)]
        for one in racing:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"
        for number, one in enumerate(racing):
            assert one.stdin
            one.stdin.write(f"token-{number}\n")
            one.stdin.flush()
        said = [one.communicate(timeout=60)[0] for one in racing]
    assert sorted(said) == ["begun\n", "not\n", "not\n", "not\n"]
    [run] = journal.runs.on_days(MONDAY)
    assert (run.token, run.total) == (f"token-{said.index('begun' + chr(10))}", 3000)
    assert journal.calls.count_results(run.id) == Counter(waiting=3000)


def test_of_several_threads_that_begin_the_same_days_each_day_has_one(journal_url: str, journal: Journal) -> None:
    days = [MONDAY + timedelta(days=n) for n in range(10)]
    together = threading.Barrier(3)

    def race(name: int) -> list[bool]:
        with contextlib.closing(Journal(journal_url)) as own:
            together.wait()
            return [own.runs.begin(f"{name}-{day}", day, "week", numbers(5), at=NINE) is not None for day in days]

    with ThreadPoolExecutor(3) as pool:
        begun = list(pool.map(race, range(3)))
    assert [sum(day) for day in zip(*begun, strict=True)] == [1] * 10
    assert all(len(list(journal.calls.records_on(day))) == 5 for day in days)


def test_a_list_that_breaks_off_leaves_no_run(journal: Journal) -> None:
    def breaking(count: int) -> Iterator[Candidate]:
        yield from numbers(count)
        raise RuntimeError("the list broke off")

    for count in (0, 3, 25_000):
        with pytest.raises(RuntimeError, match="broke off"):
            journal.runs.begin("a", MONDAY, "week", breaking(count), at=NINE)
        assert journal.runs.is_empty()
        assert list(journal.calls.records_on(MONDAY)) == []
    assert begin(journal, 3, token="a").total == 3


def test_a_process_that_is_killed_while_it_begins_a_run_leaves_none(journal_url: str, journal: Journal) -> None:
    program = """
        def endless():
            yield from numbers(12_000)
            print("half way", flush=True)
            time.sleep(600)
        journal.runs.begin("killed", MONDAY, "week", endless(), at=NINE)
    """
    with process(journal_url, program) as killed:
        assert killed.stdout
        assert killed.stdout.readline() == "half way\n"
        assert journal.runs.is_empty()
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert journal.runs.is_empty()
    assert begin(journal, 12_000).total == 12_000


def test_a_snapshot_is_longer_than_a_chunk_and_in_the_lists_order(journal: Journal) -> None:
    mixed = [one if n % 3 else Candidate(one.phone, skipped=say("paused")) for n, one in enumerate(numbers(20_500))]
    run = journal.runs.begin("a", MONDAY, "week", mixed, at=NINE)
    assert run is not None
    assert run.total == 20_500
    assert [(line.position, line.row, line.result) for line in journal.calls.records_on(MONDAY)] == [
        (n + 1, str(n), "waiting" if n % 3 else "skipped") for n in range(20_500)
    ]


def test_an_empty_list_is_a_run_of_nobody(journal: Journal) -> None:
    run = begin(journal, 0)
    assert (run.total, journal.calls.count_results(run.id), journal.calls.waiting(run.id)) == (0, Counter(), [])


def test_one_odd_row_does_not_keep_a_day_from_beginning(journal: Journal) -> None:
    odd = [
        Candidate(Phone("0\0", "8916\0", "\0", "a\0b"), skipped=say("“{number}”", number="8916\0")),
        Candidate(Phone("1", "89161111111", name="\0"), "89161111111"),
        Candidate(
            Phone("2", "8" * 5000, name="🙂 \N{RIGHT-TO-LEFT OVERRIDE}\r\n\t\N{BYTE ORDER MARK}" + "ж" * 5000),
            skipped=say("too long"),
        ),
    ]
    assert journal.runs.begin("a", MONDAY, "week", odd, at=NINE)
    first, second, third = journal.calls.records_on(MONDAY)
    assert (first.row, first.number, first.code, first.name) == ("0�", "8916�", "�", "a�b")
    assert (second.number, second.name) == ("89161111111", "�")
    assert (third.number, third.name) == (odd[2].phone.number, odd[2].phone.name)


# -- what there was


def test_an_empty_journal_has_nothing(journal: Journal) -> None:
    assert journal.runs.is_empty()
    assert journal.runs.active() is None
    assert journal.runs.latest() is None
    assert journal.runs.on_days(MONDAY) == []
    assert journal.runs.scheduled_days(MONDAY) == set()
    assert journal.runs.latest_time() is None
    assert list(journal.calls.records_on(MONDAY)) == []
    assert journal.calls.called_on(MONDAY) == set()
    assert journal.calls.in_transit(CallState.HANDED) == []


def test_the_days_done_are_those_that_had_their_run_of_the_week(journal: Journal) -> None:
    for n, kind in enumerate(("week", "former", "manual", "test", "week")):
        begin(journal, 1, MONDAY + timedelta(days=n), kind=kind)
    assert journal.runs.scheduled_days(MONDAY) == {MONDAY, TUESDAY, MONDAY + timedelta(days=4)}
    assert journal.runs.scheduled_days(TUESDAY) == {TUESDAY, MONDAY + timedelta(days=4)}
    assert journal.runs.scheduled_days(MONDAY + timedelta(days=5)) == set()


def test_the_active_run_is_the_oldest_that_has_not_ended(journal: Journal) -> None:
    first, second = begin(journal), begin(journal, kind="manual")
    assert journal.runs.active() == first
    journal.runs.set_state(first.id, "paused", at=NINE)
    paused = journal.runs.active()
    assert paused is not None
    assert (paused.id, paused.state, paused.active, paused.ended_at) == (first.id, "paused", True, None)
    journal.runs.set_state(first.id, "done", at=NINE + MINUTE)
    assert (journal.runs.get(first.id).active, journal.runs.get(first.id).ended_at) == (False, NINE + MINUTE)
    assert journal.runs.active() == second
    journal.runs.set_state(second.id, "stopped", at=NINE + MINUTE)
    assert journal.runs.active() is None


def test_the_last_run_is_no_test_call_and_not_the_former_scripts(journal: Journal) -> None:
    begin(journal, kind="former")
    assert journal.runs.latest() is None
    week, manual = begin(journal, day=TUESDAY), begin(journal, kind="manual")
    begin(journal, 1, kind="test")
    assert journal.runs.latest() == manual
    assert journal.runs.on_days(TUESDAY) == [week]


def test_the_latest_moment_is_that_of_any_start_or_end(journal: Journal) -> None:
    run = begin(journal)
    assert journal.runs.latest_time() == NINE
    journal.runs.set_state(run.id, "done", at=NINE + 5 * MINUTE)
    begin(journal, kind="manual", at=NINE + 2 * MINUTE)
    assert journal.runs.latest_time() == NINE + 5 * MINUTE


@pytest.mark.parametrize(
    "moment",
    [
        NINE,
        datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=ZoneInfo("Europe/Moscow")),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=12))),
        datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_a_moment_is_kept_to_the_microsecond_and_comes_back_in_utc(journal: Journal, moment: datetime) -> None:
    run = begin(journal, at=moment)
    assert run.started_at == moment.astimezone(UTC)
    assert run.started_at.tzinfo is UTC
    latest = journal.runs.latest_time()
    assert latest == moment.astimezone(UTC)
    assert latest is not None
    assert latest.tzinfo is UTC


def test_moments_are_in_order_whatever_zone_they_were_given_in(journal: Journal) -> None:
    begin(journal, kind="manual", token="a", at=datetime(2026, 1, 5, 9, tzinfo=ZoneInfo("Europe/Moscow")))
    begin(journal, kind="manual", token="b", at=datetime(2026, 1, 5, 8, tzinfo=UTC))
    assert journal.runs.latest_time() == datetime(2026, 1, 5, 8, tzinfo=UTC)


# -- calls on their way


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
    with pytest.raises(JournalConflictError, match="calls that were waiting a moment ago are not any more"):
        journal.transitions.begin_handing(bundle, 1)
    assert results(journal) == ["waiting", "withdrawn", "waiting", "waiting"]
    rest = journal.calls.waiting(run.id)
    journal.transitions.begin_handing(rest, 1)
    end(journal, rest[2], Disposition.UNKNOWN)
    with pytest.raises(JournalConflictError, match="calls that were being handed over a moment ago are not any more"):
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


def test_two_that_hand_over_the_same_calls_are_told(journal: Journal, journal_url: str) -> None:
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


# -- how calls end


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


# -- who was rung


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
        ("former", Disposition.ANSWERED, False),
    ],
)
def test_rung_is_who_may_have_been_and_no_test_call(journal: Journal, kind: str, fate: str, rung: bool) -> None:
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


def test_who_was_rung_in_any_of_a_days_runs_was_rung(journal: Journal) -> None:
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


# -- a day's lines


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


# -- opening


def test_a_journal_that_is_opened_again_is_the_same(journal: Journal, journal_url: str) -> None:
    run = begin(journal, 4)
    bundle = journal.calls.waiting(run.id, limit=2)
    hand(journal, bundle)
    end(journal, bundle[0])
    before = list(journal.calls.records_on(MONDAY))
    journal.close()
    for create in (True, False):
        with contextlib.closing(Journal(journal_url, create=create)) as again:
            assert list(again.calls.records_on(MONDAY)) == before
            assert again.runs.get(run.id) == run
            assert again.calls.in_transit(CallState.HANDED)[0].position == 2
            assert again.runs.begin("b", MONDAY, "week", [], at=NINE) is None


def test_what_a_killed_process_has_written_is_there(journal_url: str, journal: Journal) -> None:
    program = """
        run = begin(journal, 100)
        hand(journal, journal.calls.waiting(run.id, limit=10))
        print("handed", flush=True)
        time.sleep(600)
    """
    with process(journal_url, program) as killed:
        assert killed.stdout
        assert killed.stdout.readline() == "handed\n"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    [run] = journal.runs.on_days(MONDAY)
    assert journal.calls.count_results(run.id) == Counter(handed=10, waiting=90)


def test_several_that_open_a_new_journal_at_once_all_can(journal_url: str) -> None:
    together = threading.Barrier(6)

    def open_and_close(_: int) -> bool:
        together.wait()
        with contextlib.closing(Journal(journal_url)) as journal:
            return journal.runs.is_empty()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_and_close, range(6))) == [True] * 6


def test_a_journal_of_a_newer_version_is_refused_and_left_as_it_is(journal: Journal, journal_url: str) -> None:
    with journal.write_transaction() as connection:
        connection.execute(update(meta).values(value=str(SCHEMA + 1)))
        commands.drop(connection)
    for create in (True, False):
        with pytest.raises(UserError, match="the journal was written by a newer version of obzvon"):
            Journal(journal_url, create=create)
    with journal.read_transaction() as connection, pytest.raises(Exception, match="commands"):
        connection.execute(select(commands))


def test_asking_about_a_journal_makes_none(journal_url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no journal yet|the journal cannot be opened"):
        Journal(journal_url, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_commit_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    with (
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal,
        journal.read_transaction() as connection,
    ):
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


@pytest.mark.parametrize(
    ("address", "where", "why"),
    [
        ("sqlite:////nonexistent/journal.db", "/nonexistent/journal.db", "No such file or directory"),
        ("sqlite:///{folder}", "{folder}", "unable to open database file"),
        ("sqlite:///{folder}/list.txt", "{folder}/list.txt", "file is not a database"),
        (
            "postgresql+psycopg://obzvon:sEcret@127.0.0.1:1/x",
            "postgresql+psycopg://obzvon:***@127.0.0.1:1/x",
            "refused",
        ),
        ("postgresql+psycopg://obzvon:sEcret@/x?host=/nonexistent", "obzvon:***@/x", "/nonexistent/.s.PGSQL.5432"),
        ("postgresql+psycopg://obzvon:sEcret@127.0.0.1:port/x", "[Journal] url", "its address is wrong"),
        ("nosuch://obzvon:sEcret@127.0.0.1/x", "[Journal] url", "its address is wrong"),
        ("sEcret", "[Journal] url", "its address is wrong"),
        ("oracle+nosuch://obzvon:sEcret@127.0.0.1/x", "[Journal] url", "its address is wrong"),
        ("mssql+pyodbc://obzvon:sEcret@127.0.0.1/x", "[Journal] url", "pip install"),
    ],
)
def test_a_journal_that_cannot_be_opened_is_told_without_its_password(
    tmp_path: Path, address: str, where: str, why: str
) -> None:
    (tmp_path / "list.txt").write_text("a list of phones\n" * 1000)
    with pytest.raises(UserError, match="the journal cannot be opened") as caught:
        Journal(address.format(folder=tmp_path))
    told = str(caught.value)
    assert where.format(folder=tmp_path) in told.splitlines()[0]
    assert why in told
    assert "sEcret" not in told
    assert "→" in told


def test_a_wrong_password_is_told_without_it(postgres: "PostgresServer") -> None:
    with pytest.raises(UserError, match="password authentication failed") as caught:
        Journal(f"postgresql+psycopg://obzvon:sEcret@127.0.0.1:{postgres.port}/postgres")
    assert "obzvon:***@127.0.0.1" in str(caught.value)
    assert "sEcret" not in str(caught.value)


def test_a_journal_that_fails_in_the_middle_of_the_work_is_told_too(journal: Journal) -> None:
    begin(journal, 2)
    with journal.write_transaction() as connection:
        connection.execute(text("DROP TABLE calls"))
    for work in (
        lambda: list(journal.calls.records_on(MONDAY)),
        lambda: begin(journal, 2, TUESDAY),
        lambda: journal.transitions.withdraw_waiting(1, say("stopped"), at=NINE),
    ):
        with pytest.raises(UserError, match=r"the journal cannot be used: .*calls"):
            work()
    assert [run.day for run in journal.runs.on_days(MONDAY)] == [MONDAY]
    assert journal.runs.on_days(TUESDAY) == []


def overwrite(file: Path, *pages: int) -> None:
    """As a bad disk leaves it."""
    with file.open("r+b") as stream:
        for page in pages:
            stream.seek((page - 1) * 4096)
            stream.write(b"\xa5" * 4096)


@pytest.mark.parametrize("page", [1, 4])
def test_a_damaged_file_is_told_with_what_it_needs_at_the_opening(tmp_path: Path, page: int) -> None:
    file = tmp_path / "journal.db"
    Journal(f"sqlite:///{file}").close()
    overwrite(file, page)
    with (
        pytest.raises(UserError, match=r"start only tomorrow.*docs/en/how-to/damaged-journal\.md"),
        contextlib.closing(Journal(f"sqlite:///{file}")) as journal,
    ):
        journal.runs.active()


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the program sqlite3 is not installed")
def test_what_can_be_read_of_a_damaged_file_is_saved_as_the_guide_says(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    with contextlib.closing(Journal(f"sqlite:///{file}")) as journal:
        begin(journal, 5000)
    (tmp_path / "damaged").mkdir()
    file.rename(tmp_path / "damaged" / "journal.db")
    overwrite(tmp_path / "damaged" / "journal.db", *range(60, 70))
    with (
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/damaged/journal.db")) as damaged,
        pytest.raises(UserError, match=r"malformed\n.*save what can still be read"),
    ):
        list(damaged.calls.records_on(MONDAY))
    guide = (ROOT / "docs" / "en" / "how-to" / "damaged-journal.md").read_text(encoding="utf-8")
    [command] = [line for line in guide.splitlines() if ".dump" in line]
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    with contextlib.closing(Journal(f"sqlite:///{file}")) as saved:
        lines = list(saved.calls.records_on(MONDAY))
    assert 1000 < len(lines) < 5000


@pytest.mark.parametrize("create", [True, False])
def test_a_pipe_is_no_journal_that_was_cut_to_nothing(tmp_path: Path, create: bool) -> None:
    os.mkfifo(tmp_path / "journal.db")
    with pytest.raises(UserError, match="the journal cannot be opened: disk I/O error"):
        Journal(f"sqlite:///{tmp_path}/journal.db", create=create)


def test_a_link_to_where_no_journal_is_yet_gets_a_whole_one_there(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "journal.db").symlink_to(tmp_path / "there" / "real.db")
    with contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal:
        assert journal.runs.is_empty()
    assert (tmp_path / "journal.db").is_symlink()
    assert stat.S_IMODE((tmp_path / "there" / "real.db").stat().st_mode) == 0o660


def test_a_journals_name_has_no_password(tmp_path: Path) -> None:
    with contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal:
        assert journal.address == f"{tmp_path}/journal.db"
        assert journal.is_sqlite


# -- one service


def test_a_journal_has_one_service(journal: Journal, journal_url: str) -> None:
    lock = journal.acquire_lock()
    with pytest.raises(JournalBusyError, match="another obzvon service is using this journal"):
        journal.acquire_lock()
    with contextlib.closing(Journal(journal_url)) as other, pytest.raises(JournalBusyError):
        other.acquire_lock()
    lock.release()
    journal.acquire_lock().release()


def test_a_lock_that_is_released_twice_is_released(journal: Journal) -> None:
    first = journal.acquire_lock()
    first.release()
    second = journal.acquire_lock()
    first.release()
    with pytest.raises(JournalBusyError):
        journal.acquire_lock()
    second.release()


def test_a_lock_keeps_nobody_from_reading_and_writing(journal: Journal, journal_url: str) -> None:
    lock = journal.acquire_lock()
    with contextlib.closing(Journal(journal_url)) as other:
        assert begin(other, 2).total == 2
    assert begin(journal, 2, TUESDAY).total == 2
    lock.release()


def test_a_journal_in_a_sqlite_that_is_too_old_is_refused_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    with pytest.raises(UserError, match=r"version 3\.34\.1 is too old") as refused:
        Journal(f"sqlite:///{tmp_path}/journal.db")
    assert not isinstance(refused.value, JournalUnavailableError)  # a service does not wait for it
    assert list(tmp_path.iterdir()) == []


def test_a_journal_has_one_service_by_whatever_link_it_is_found(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("journal.db")
    with (
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal,
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/link.db")) as linked,
    ):
        lock = journal.acquire_lock()
        with pytest.raises(JournalBusyError):
            linked.acquire_lock()
        lock.release()
        linked.acquire_lock().release()


def test_another_journals_service_is_in_nobodys_way(journal: Journal, tmp_path: Path) -> None:
    lock = journal.acquire_lock()
    with contextlib.closing(Journal(f"sqlite:///{tmp_path}/another.db")) as other:
        other.acquire_lock().release()
    lock.release()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_of_a_service_that_is_gone_is_free(journal_url: str, journal: Journal, how: signal.Signals) -> None:
    program = """
        lock = journal.acquire_lock()
        print("locked", flush=True)
        time.sleep(600)
    """
    with process(journal_url, program) as service:
        assert service.stdout
        assert service.stdout.readline() == "locked\n"
        with pytest.raises(JournalBusyError):
            journal.acquire_lock()
        service.send_signal(how)
        service.wait()
    until = time.monotonic() + (0 if journal.is_sqlite else 30)  # PostgreSQL has yet to see that the session is gone
    while True:
        try:
            journal.acquire_lock().release()
        except JournalBusyError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            break


def test_of_several_services_that_start_at_once_one_does(journal_url: str, journal: Journal) -> None:
    together = threading.Barrier(4)

    def start(_: int) -> bool:
        with contextlib.closing(Journal(journal_url)) as own:
            together.wait()
            try:
                lock = own.acquire_lock()
            except JournalBusyError:
                together.wait()
                return False
            together.wait()
            lock.release()
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(start, range(4))) == [False, False, False, True]
