"""Runs in the journal: begun once, looked up, ended and settled."""

import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError

from obzvon.common.i18n import say
from obzvon.domain.calls import CallRecord, CallState, Run
from obzvon.domain.phones import Candidate, Phone
from obzvon.journal.journal import Journal
from tests.support.journal import MINUTE, MONDAY, NINE, TUESDAY, begin, numbers, process

# Begun once


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


# Looked up


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
