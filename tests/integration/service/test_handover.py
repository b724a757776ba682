"""Between the journal and the spool: nobody twice and nobody forgotten, wherever the service was stopped."""

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from obzvon.asterisk.spool import ReleaseError, Spool
from obzvon.asterisk.transport.failover import TransportSelector
from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.domain.calls import CallState, PendingCall, Run
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.journal.schema import calls as call_table
from obzvon.service.handover import CollectResult, HandOver, RecoveryResult
from tests.support.faults import InterruptedProcess
from tests.support.mounts import in_memory
from tests.support.profile import often
from tests.support.workshop import Workshop, at, begin_call, dead_pid, end_call, numbers, tell_status

NINE = at("09:00:00")
SECOND = timedelta(seconds=1)
PEOPLE = numbers(5)


class Bench:
    """A run of five calls, its hand-over, and the folders."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.settings = workshop.settings
        self.journal: Journal = workshop.journal()
        self.spool: Spool = workshop.spool()
        self.handover = self.fresh()

    def fresh(self) -> HandOver:
        self.transport = SpoolTransport(self.spool, self.settings.ordinary, self.settings.coded)
        return HandOver(self.journal, TransportSelector(self.transport))

    def stage(self, calls: Sequence[PendingCall]) -> None:
        """Put the files of these calls into the store, as a hand-over does first."""
        self.spool.stage(self.transport.files.render(calls))

    def cut_off(self, bundle: Sequence[PendingCall]) -> None:
        """Leave the journal as a service does that ends before it has written that the calls are handed over."""
        positions = [call.position for call in bundle]
        statement = update(call_table).where(call_table.c.position.in_(positions)).values(state=CallState.HANDING.value)
        with self.journal.write_transaction() as connection:
            connection.execute(statement)

    def claim(self) -> Run:
        run = self.journal.runs.begin(
            "20260105-abcdef",
            NINE.date(),
            "week",
            [Candidate(Phone(str(n), one), one) for n, one in enumerate(PEOPLE)],
            at=NINE,
        )
        assert run is not None
        return run

    def waiting(self) -> list[PendingCall]:
        return self.journal.calls.waiting(1)

    def hand(self, count: int = 5) -> list[PendingCall]:
        calls = self.waiting()[:count]
        self.handover.dispatch(calls, 1, now=NINE)
        return calls

    def restart(self) -> RecoveryResult:
        """Another service finds what this one left."""
        self.spool = self.workshop.spool()
        self.handover = self.fresh()
        return self.handover.recover(now=NINE)

    def collect(self, seconds: float = 60) -> CollectResult:
        return self.handover.collect(now=NINE + seconds * SECOND)

    def results(self) -> dict[str, str]:
        return {line.number: line.result for line in self.journal.calls.records_on(NINE.date())}

    def file(self, position: int) -> Path:
        return next(self.workshop.spool_folder.glob(f"*-{position:06d}-1.call"))

    def finish(self, position: int, status: str = "") -> None:
        end_call(
            self.file(position), status, done=self.workshop.done_folder if self.settings.ordinary.archive else None
        )


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(Workshop(tmp_path, **getattr(request, "param", {})))
    bench.claim()
    yield bench
    bench.handover.close()
    bench.journal.close()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    with in_memory(tmp_path) as folder:
        yield folder


with_archive = pytest.mark.parametrize("bench", [{"archive": "yes"}], indirect=True)


# -- the way there


def test_calls_that_are_handed_over_are_in_the_spool_and_in_the_journal(bench: Bench) -> None:
    bench.hand(3)
    assert bench.workshop.in_spool() == PEOPLE[:3]
    assert bench.workshop.in_store() == []
    assert bench.results() == dict(zip(PEOPLE, ["handed"] * 3 + ["waiting"] * 2, strict=True))
    assert [line.handed_at for line in bench.journal.calls.records_on(NINE.date())] == [NINE] * 3 + [None] * 2
    assert bench.handover.outstanding == 3


def test_what_goes_next_is_written_meanwhile_and_taken_as_it_is(bench: Bench) -> None:
    calls = bench.waiting()
    bench.handover.dispatch(calls[:2], 1, now=NINE, following=calls[2:4])
    bench.handover.dispatch(calls[2:4], 2, now=NINE, following=calls[4:])
    assert bench.workshop.in_spool() == PEOPLE[:4]
    bench.handover.close()
    assert bench.workshop.in_store() == []
    bench.handover.dispatch(calls[4:], 3, now=NINE)
    assert bench.workshop.in_spool() == PEOPLE


def test_what_was_written_meanwhile_for_others_than_those_who_go_is_deleted(bench: Bench) -> None:
    calls = bench.waiting()
    bench.handover.dispatch(calls[:2], 1, now=NINE, following=calls[2:4])
    bench.handover.dispatch(calls[4:], 2, now=NINE)
    assert bench.workshop.in_spool() == [*PEOPLE[:2], PEOPLE[4]]
    assert bench.workshop.in_store() == []


def test_when_the_spool_refuses_those_who_are_not_in_it_wait_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def refusing(source: str, target: str, **folders: int) -> None:
        if "-000003-" in target:
            raise PermissionError(13, "Permission denied")
        rename(source, target, **folders)

    calls = bench.waiting()
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", refusing)
        with pytest.raises(ReleaseError, match=re.escape(str(bench.workshop.spool_folder))):
            bench.handover.dispatch(calls[:4], 1, now=NINE, following=calls[4:])
    assert bench.workshop.in_spool() == PEOPLE[:2]
    assert bench.results() == dict(zip(PEOPLE, ["handed"] * 2 + ["waiting"] * 3, strict=True))
    assert bench.handover.outstanding == 2
    bench.handover.dispatch(bench.waiting(), 2, now=NINE)
    assert bench.workshop.in_spool() == PEOPLE


def test_a_store_that_cannot_be_written_changes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            bench.hand()
    assert set(bench.results().values()) == {"waiting"}
    assert bench.workshop.in_spool() == bench.workshop.in_store() == []


# -- stopped at every step


def leaves(file: Path) -> None:
    """Asterisk makes calls, and does not end them."""


def swallows(file: Path) -> None:
    """Asterisk rings, and is through at once."""
    end_call(file)


def archives(file: Path) -> None:
    """Asterisk rings, is through at once and tells how it was."""
    end_call(file, "Completed", done=file.parent.with_name("outgoing_done"))


def hand_all(handover: HandOver, journal: Journal) -> None:
    """All that wait, two at a time, the next two written meanwhile."""
    while calls := journal.calls.waiting(1, limit=2):
        handover.dispatch(calls, 1, now=NINE, following=journal.calls.waiting(1, after=calls[-1].position, limit=2))


@pytest.mark.slow
@pytest.mark.parametrize(("asterisk", "archive"), [(leaves, "no"), (swallows, "no"), (archives, "yes")])
@pytest.mark.parametrize("after", [False, True], ids=["before the step", "after the step"])
def test_a_stop_at_any_step_calls_nobody_twice_and_forgets_nobody(
    memory: Path, asterisk: Callable[[Path], None], archive: str, after: bool
) -> None:
    first = Workshop(memory / "first", archive=archive)
    bench = Bench(first)
    bench.claim()
    bench.journal.close()
    stride = often(fast=12, commit=3, long=1)
    step = (1 if after else 0) % stride
    unknown = 0
    whole = False
    while not whole:
        step += stride
        workshop = Workshop(shutil.copytree(first.folder, memory / str(step)), archive=archive)
        bench = Bench(workshop)
        life = InterruptedProcess(workshop.spool_folder, step, after=after, asterisk=asterisk)
        with life:
            bench.handover.recover(now=NINE)
            hand_all(bench.handover, bench.journal)
            bench.handover.collect(now=NINE)
            whole = True
        bench.journal.close()
        came = life.came
        where = f"stopped {'after' if after else 'before'} step {step}, {life.steps[-1]}"

        bench = Bench(workshop)
        recovered = bench.restart()
        assert_each_call_is_in_one_place(bench, came, where, asterisk)
        unknown += recovered.unknown
        with InterruptedProcess(workshop.spool_folder, asterisk=asterisk) as life:
            hand_all(bench.handover, bench.journal)
        came += life.came
        for file in list(workshop.spool_folder.iterdir()):
            end_call(file)
        bench.handover.collect(now=NINE)
        assert sorted(came.values()) == [1] * len(PEOPLE), where
        expected = {"yes": {"answered"}, "no": {"handed", "unknown"} if asterisk is swallows else {"handed"}}[archive]
        assert set(bench.results().values()) <= expected, where
        assert bench.workshop.in_store() == [], where
        bench.handover.close()
        bench.journal.close()
        shutil.rmtree(workshop.folder)
    assert step > 50
    assert bool(unknown) == (asterisk is swallows), "only a call that Asterisk has finished with leaves no trace"


def assert_each_call_is_in_one_place(
    bench: Bench, came: Counter[str], where: str, asterisk: Callable[[Path], None]
) -> None:
    """Waiting and nowhere, handed over and there, or ended: and in the spool once if it does not wait, else never."""
    called = Counter({int(name.split("-")[3]): times for name, times in came.items()})
    spool, store = bench.spool.files_in_spool(), bench.workshop.in_store()
    done = [path.name for path in bench.spool.done.iterdir()] if bench.spool.done.exists() else []
    for state in (CallState.WAITING, CallState.HANDING, CallState.HANDED):
        calls = bench.waiting() if state is CallState.WAITING else bench.journal.calls.in_transit(state)
        for call in calls:
            name = f"obzvon-{call.token}-{call.position:06d}-1.call"
            assert state is not CallState.HANDING, where
            assert called.pop(call.position, 0) == (state is CallState.HANDED), where
            assert name not in store, where
            if state is CallState.WAITING:
                assert name not in spool, where
            elif asterisk is not swallows:
                assert name in spool + done, where
    ended = [line.position for line in bench.journal.calls.records_on(NINE.date()) if line.disposition]
    assert sorted(called) == ended, where
    assert set(called.values()) <= {1}, where


# -- after a stop


def test_a_call_whose_file_is_still_in_the_store_goes_again(bench: Bench) -> None:
    calls = bench.waiting()[:2]
    bench.stage(calls)
    bench.journal.transitions.begin_handing(calls, 1)
    assert bench.restart() == RecoveryResult(again=2)
    assert set(bench.results().values()) == {"waiting"}
    assert bench.workshop.in_store() == []


def test_a_call_whose_file_is_in_the_spool_is_in_progress(bench: Bench) -> None:
    calls = bench.hand(2)
    bench.cut_off(calls)
    assert bench.restart() == RecoveryResult(handed=2)
    assert [bench.results()[one] for one in PEOPLE] == ["handed"] * 2 + ["waiting"] * 3
    assert bench.handover.outstanding == 2


def test_a_call_whose_file_is_nowhere_is_unknown_and_not_made_again(bench: Bench) -> None:
    calls = bench.waiting()[:2]
    bench.journal.transitions.begin_handing(calls, 1)
    assert bench.restart() == RecoveryResult(unknown=2)
    assert [bench.results()[one] for one in PEOPLE] == ["unknown"] * 2 + ["waiting"] * 3
    assert [call.number for call in bench.waiting()] == PEOPLE[2:]


def test_a_call_swept_out_of_the_spool_after_it_began_is_not_made_again(bench: Bench) -> None:
    calls = bench.hand(2)
    bench.cut_off(calls)
    begin_call(bench.file(1), dead_pid())
    bench.spool.sweep()
    assert bench.restart() == RecoveryResult(again=1, handed=1)
    bench.collect()
    assert [bench.results()[one] for one in PEOPLE] == ["unknown"] + ["waiting"] * 4
    assert bench.workshop.in_store() == []


@with_archive
def test_a_call_that_ended_while_nobody_looked_is_read_in_the_archive(bench: Bench) -> None:
    calls = bench.hand(3)
    bench.cut_off(calls[:1])
    for position, status in ((1, "Completed"), (2, "Expired")):
        bench.finish(position, status)
    assert bench.restart() == RecoveryResult(handed=1)
    bench.collect()
    assert [bench.results()[one] for one in PEOPLE] == ["answered", "not answered", "handed", "waiting", "waiting"]


def test_what_lies_in_the_store_for_calls_that_wait_is_cleared_away(bench: Bench) -> None:
    bench.stage(bench.waiting())
    (bench.workshop.store_folder / "0" / "notes.txt").write_text("not ours")
    assert bench.restart() == RecoveryResult()
    assert bench.workshop.in_store() == ["notes.txt"]


def test_a_start_can_be_stopped_and_repeated(bench: Bench) -> None:
    calls = bench.hand(2)
    bench.cut_off(calls)
    bench.journal.transitions.begin_handing(bench.waiting()[:1], 2)
    bench.stage(bench.waiting())
    assert bench.restart() == RecoveryResult(handed=2, unknown=1)
    assert bench.restart() == RecoveryResult()
    assert [bench.results()[one] for one in PEOPLE] == ["handed", "handed", "unknown", "waiting", "waiting"]


# -- outcomes


def test_without_an_archive_a_call_that_asterisk_has_finished_with_is_handed_over_and_no_more(bench: Bench) -> None:
    bench.hand(2)
    bench.finish(1)
    (outcome,) = bench.collect().ended
    assert (outcome.position, outcome.disposition) == (1, Disposition.HANDED)
    assert bench.handover.outstanding == 1
    assert bench.collect().ended == []


@with_archive
@pytest.mark.parametrize(
    ("status", "result"),
    [("Completed", "answered"), ("Expired", "not answered"), ("Failed", "failed"), ("Strange", "unknown")],
)
def test_with_an_archive_a_call_ends_as_its_status_says(bench: Bench, status: str, result: str) -> None:
    bench.hand(1)
    bench.finish(1, status)
    bench.collect()
    assert bench.results()[PEOPLE[0]] == result


@with_archive
def test_a_status_that_comes_late_is_waited_for(bench: Bench) -> None:
    bench.hand(2)
    bench.finish(1)
    bench.finish(2)
    assert bench.collect(60).ended == []
    tell_status(next(bench.workshop.done_folder.glob("*-000001-1.call")), "Completed")
    assert [outcome.disposition for outcome in bench.collect(61).ended] == [Disposition.ANSWERED]
    assert bench.collect(69).ended == []
    (outcome,) = bench.collect(71).ended
    assert outcome.disposition is Disposition.UNKNOWN
    assert str(outcome.reason) == "Asterisk's archive has no status"


@with_archive
def test_a_late_status_is_not_waited_for_for_ever_when_the_clock_is_set_back(bench: Bench) -> None:
    bench.hand(1)
    bench.finish(1)
    assert bench.collect(3600).ended == []
    assert bench.collect(0).ended == []
    assert [outcome.disposition for outcome in bench.collect(11).ended] == [Disposition.UNKNOWN]


@with_archive
def test_a_file_that_vanished_although_it_should_be_archived_is_unknown(bench: Bench) -> None:
    bench.hand(1)
    bench.file(1).unlink()
    (outcome,) = bench.collect().ended
    assert outcome.disposition is Disposition.UNKNOWN
    assert str(outcome.reason) == "the file is not in Asterisk's archive"


@pytest.mark.parametrize("bench", [{"pid_file": "asterisk.pid"}], indirect=True)
def test_a_file_that_a_dead_asterisk_left_behind_is_taken_out_and_its_call_unknown(bench: Bench) -> None:
    (bench.workshop.folder / "asterisk.pid").write_text(str(os.getpid()))
    bench.hand(3)
    begin_call(bench.file(1), dead_pid())
    begin_call(bench.file(2), os.getpid())
    begin_call(bench.file(3), os.getpid())
    (outcome,) = bench.collect().ended
    assert (outcome.position, outcome.disposition) == (1, Disposition.UNKNOWN)
    assert "is not called again" in str(outcome.reason)
    assert bench.workshop.in_spool() == PEOPLE[1:3]
    assert bench.workshop.in_store() == []


@pytest.mark.parametrize("bench", [{"pid_file": "asterisk.pid"}], indirect=True)
def test_no_file_is_read_again_while_the_same_asterisk_runs_and_all_are_when_another_does(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = bench.workshop.folder / "asterisk.pid"
    pid_file.write_text(str(os.getpid()))
    read: list[str] = []
    is_orphaned = Spool.is_orphaned

    def counted(spool: Spool, name: str, running: Any) -> bool:
        read.append(name)
        return is_orphaned(spool, name, running)

    monkeypatch.setattr(Spool, "is_orphaned", counted)
    bench.hand(3)
    begin_call(bench.file(1), os.getpid())
    for second in range(3):
        assert bench.handover.collect(now=NINE + second * SECOND).ended == []
    assert len(read) == 3
    pid_file.write_text(str(os.getppid()))
    (outcome,) = bench.handover.collect(now=NINE + 3 * SECOND).ended
    assert (outcome.position, outcome.disposition) == (1, Disposition.UNKNOWN)


def test_files_that_were_swept_out_before_they_were_begun_come_back_and_go_again_once(bench: Bench) -> None:
    bench.hand(3)
    begin_call(bench.file(1), dead_pid())
    bench.spool.sweep()
    collected = bench.collect()
    assert [(outcome.position, outcome.disposition) for outcome in collected.ended] == [(1, Disposition.UNKNOWN)]
    assert [call.number for call in collected.returned] == PEOPLE[1:3]
    bench.handover.requeue(collected.returned)
    assert bench.workshop.in_store() == []
    assert [call.number for call in bench.waiting()] == PEOPLE[1:]
    assert bench.collect() == CollectResult([], [])
    bench.handover.dispatch(bench.waiting(), 2, now=NINE)
    assert bench.workshop.in_spool() == PEOPLE[1:]


def test_files_that_came_back_when_their_day_was_over_are_withdrawn(bench: Bench) -> None:
    bench.hand(2)
    bench.spool.sweep()
    bench.handover.withdraw_returned(bench.collect().returned, now=NINE)
    assert [bench.results()[one] for one in PEOPLE] == ["withdrawn"] * 2 + ["waiting"] * 3
    assert bench.workshop.in_store() == []
    assert bench.handover.outstanding == 0
    assert bench.journal.calls.called_on(NINE.date()) == set()


# -- withdrawing


def test_withdrawing_takes_out_what_asterisk_has_not_begun_and_says_what_goes_on(bench: Bench) -> None:
    bench.hand(3)
    begin_call(bench.file(2), os.getpid())
    assert bench.handover.withdraw(now=NINE + 5 * SECOND) == (2, 1)
    assert bench.workshop.in_spool() == [PEOPLE[1]]
    assert [bench.results()[one] for one in PEOPLE[:3]] == ["withdrawn", "handed", "withdrawn"]
    bench.finish(2)
    bench.collect()
    assert bench.results()[PEOPLE[1]] == "handed"


@pytest.mark.parametrize("restarted", [False, True])
def test_a_file_that_has_just_come_into_the_spool_is_not_withdrawn_as_asterisk_may_be_beginning_it(
    bench: Bench, restarted: bool
) -> None:
    bench.hand(2)
    if restarted:
        bench.restart()
    assert bench.handover.withdraw(now=NINE + 0.5 * SECOND) == (0, 2)
    assert bench.workshop.in_spool() == PEOPLE[:2]
    assert bench.handover.withdraw(now=NINE + SECOND) == (2, 0)


def test_a_clock_set_back_does_not_keep_files_from_being_withdrawn(bench: Bench) -> None:
    bench.hand(2)
    assert bench.handover.withdraw(now=NINE - 3600 * SECOND) == (2, 0)


def test_a_call_that_asterisk_begins_while_its_file_is_taken_out_is_unknown(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.hand(1)
    file = bench.file(1)
    rename = os.rename

    def late(source: Path, target: Path) -> None:
        begin_call(file, os.getpid())
        rename(source, target)

    monkeypatch.setattr(os, "rename", late)
    assert bench.handover.withdraw(now=NINE + 5 * SECOND) == (0, 0)
    assert bench.results()[PEOPLE[0]] == "unknown"
    assert bench.workshop.in_spool() == bench.workshop.in_store() == []
