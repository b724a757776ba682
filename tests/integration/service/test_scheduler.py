"""The service loop: one check, and work until a stop."""

import logging
import math
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from obzvon.cli import tables
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.domain.line_usage import LineUsage, decode_line_usage
from obzvon.journal.journal import Journal
from obzvon.reports.status import service_status
from obzvon.service.line_monitor import LineCounter, LineMonitor
from obzvon.service.scheduler import Scheduler, stop_on_signals
from tests.support.workshop import MOSCOW, Shift, Workshop, at, numbers

PEOPLE = numbers(5)
NINE = at("09:00:00")
DEADLINE = 30


class Clock:
    """A clock that advances by the given seconds whenever somebody looks at it."""

    def __init__(self, now: datetime, tick: float = 0.0) -> None:
        self.now = now
        self.tick = timedelta(seconds=tick)

    def __call__(self) -> datetime:
        self.now += self.tick
        return self.now


@contextmanager
def working_on(workshop: Workshop, clock: Callable[[], datetime]) -> Iterator[Scheduler]:
    life = Shift(workshop)
    try:
        yield Scheduler(life.dialer, life.schedule_watch, life.commands, life.heartbeats, now=clock)
    finally:
        life.end()


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=0)


def results(workshop: Workshop, day: datetime = NINE) -> Counter[str]:
    journal = workshop.journal()
    try:
        return Counter(line.result for line in journal.calls.records_on(day.date()))
    finally:
        journal.close()


# -- one check


def test_one_check_does_a_due_run_whole(workshop: Workshop) -> None:
    with working_on(workshop, lambda: NINE) as working:
        steps: list[int] = []
        assert working.run_once(lambda: steps.append(len(workshop.in_spool())))
        assert steps == [2, 4, 5]
    assert workshop.in_spool() == PEOPLE


def test_one_check_before_the_start_or_after_the_run_does_nothing(workshop: Workshop) -> None:
    with working_on(workshop, lambda: at("08:59:59")) as working:
        assert working.run_once()
    assert workshop.in_spool() == []
    for _ in range(3):
        with working_on(workshop, lambda: NINE) as working:
            assert working.run_once()
    assert workshop.in_spool() == PEOPLE
    assert results(workshop) == {"handed": 5}


def test_one_check_waits_between_bundles(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=0.05)
    clock = Clock(NINE, 0.02)
    with working_on(workshop, clock) as working:
        assert working.run_once()
    with_bundles = workshop.journal()
    moments = sorted({line.handed_at for line in with_bundles.calls.records_on(NINE.date()) if line.handed_at})
    with_bundles.close()
    assert len(moments) == 3
    assert all(later - earlier >= timedelta(seconds=0.05) for earlier, later in pairwise(moments))


def test_one_check_goes_on_with_a_run_that_was_cut_off(workshop: Workshop) -> None:
    with working_on(workshop, lambda: NINE) as working:
        working.dialer.prepare(NINE)
        working.step()
    assert workshop.in_spool() == PEOPLE[:2]
    with working_on(workshop, lambda: at("09:01:00")) as working:
        assert working.run_once()
    assert workshop.in_spool() == PEOPLE
    assert results(workshop) == {"handed": 5}


def test_a_single_check_stays_with_a_paused_run_until_its_day_is_over(workshop: Workshop) -> None:
    with working_on(workshop, lambda: NINE) as working:
        working.dialer.prepare(NINE)
        working.step()
        assert working.dialer.runs.active is not None
        working.dialer.runs.change_state(working.dialer.runs.active, "paused", NINE)
    moments = iter([at("09:01:00")] * 6)
    with working_on(workshop, lambda: next(moments, at("00:00:01", "2026-01-06"))) as working:
        assert working.run_once()
        assert next(moments, None) is None
    assert workshop.in_spool() == PEOPLE[:2]


def test_one_check_that_cannot_finish_says_so_at_once_and_a_later_one_finishes(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=10, pid_file="asterisk.pid")
    with working_on(workshop, lambda: NINE) as working:
        assert not working.run_once()
    (tmp_path / "asterisk.pid").write_text(str(os.getpid()))
    with working_on(workshop, Clock(at("09:01:00"), 10)) as working:
        assert working.run_once()
    assert results(workshop) == {"handed": 5}


def test_one_check_that_cannot_begin_raises_what_is_wrong(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE)
    workshop.spool_folder.rmdir()
    workshop.spool_folder.write_text("no folder")
    with working_on(workshop, lambda: NINE) as working, pytest.raises(UserError, match="outgoing"):
        working.run_once()


def test_one_check_does_what_was_asked_meanwhile(workshop: Workshop) -> None:
    journal = workshop.journal()
    number = journal.commands.submit("start", by="anna", at=at("08:00:00"))
    with working_on(workshop, lambda: at("08:00:10")) as working:
        assert working.run_once()
    answer = journal.commands.result(number)
    journal.close()
    assert answer is not None
    assert answer.ok
    assert workshop.in_spool() == PEOPLE


def test_one_check_that_is_stopped_midway_says_that_it_is_not_through(workshop: Workshop) -> None:
    with working_on(workshop, lambda: NINE) as working:
        assert not working.run_once(working.stop)
    assert workshop.in_spool() == PEOPLE[:2]


def test_one_check_leaves_the_sign_that_it_was_one(workshop: Workshop) -> None:
    early = at("08:00:00")
    with working_on(workshop, lambda: early) as working:
        assert working.run_once()
        found = service_status(working.dialer.journal.heartbeats.latest(), early)
    assert (found.once, found.alive, found.stopped) == (True, False, early)
    assert "from cron; last check on Monday, 5 January 2026, 08:00:00" in str(tables.service_text(found, MOSCOW))


# -- until a stop


def test_it_works_until_it_is_stopped_and_leaves_its_signs(workshop: Workshop) -> None:
    with working_on(workshop, lambda: NINE) as working:

        def each() -> None:
            if working.dialer.run is None and workshop.in_spool() == PEOPLE:
                working.stop()

        working.run_forever(each)
    journal = workshop.journal()
    heartbeat = journal.heartbeats.latest()
    journal.close()
    assert heartbeat is not None
    assert (heartbeat.started_at, heartbeat.stopped_at) == (NINE, NINE)
    assert results(workshop) == {"handed": 5}


def test_a_stop_wakes_it_from_its_sleep(workshop: Workshop) -> None:
    workshop.write_week("00:00")
    with working_on(workshop, lambda: NINE) as working:
        asleep = threading.Event()
        ended: list[float] = []

        def stop() -> None:
            asleep.wait(DEADLINE)
            time.sleep(0.05)
            ended.append(time.monotonic())
            working.stop()

        stopper = threading.Thread(target=stop)
        stopper.start()
        sleep = working.waker.sleep
        working.waker.sleep = lambda seconds: sleep(DEADLINE)  # type: ignore[method-assign]
        working.run_forever(asleep.set)
        stopper.join()
        assert time.monotonic() - ended[0] < DEADLINE / 2


def test_whoever_has_news_wakes_it_from_its_sleep(workshop: Workshop) -> None:
    workshop.write_week("00:00")
    with working_on(workshop, lambda: NINE) as working:
        slept: list[float] = []
        sleep = working.waker.sleep

        def long_sleep(seconds: float) -> None:
            threading.Timer(0.05, working.waker.wake).start()
            slept.append(time.monotonic())
            sleep(DEADLINE)
            slept.append(time.monotonic())
            if len(slept) == 6:
                working.stop()

        working.waker.sleep = long_sleep  # type: ignore[method-assign]
        working.run_forever()
        assert slept[-1] - slept[0] < DEADLINE / 2
        for _ in range(100_000):  # more than the pipe holds
            working.waker.wake()
        working.stop()
        working.run_forever()


def test_a_stop_before_it_begins_does_nothing(workshop: Workshop) -> None:
    with working_on(workshop, lambda: NINE) as working:
        working.stop()
        working.run_forever()
    assert workshop.in_spool() == []


SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_it_and_the_handlers_of_before_come_back(workshop: Workshop, number: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    with working_on(workshop, lambda: NINE) as working:
        with stop_on_signals(working):
            working.run_forever(lambda: os.kill(os.getpid(), number))
        assert [signal.getsignal(one) for one in SIGNALS] == before
    assert workshop.in_spool() == PEOPLE[:2]


def test_a_service_under_nohup_outlives_its_terminal(workshop: Workshop) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with working_on(workshop, lambda: NINE) as working, stop_on_signals(working):
            os.kill(os.getpid(), signal.SIGHUP)
            assert working.run_once()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert workshop.in_spool() == PEOPLE


def test_a_signal_is_logged_after_the_step_and_not_while_a_lock_is_held(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "obzvon")
    with working_on(workshop, lambda: NINE) as working, stop_on_signals(working):
        os.kill(os.getpid(), signal.SIGTERM)
        assert not caplog.messages
        working.run_forever()
    assert "SIGTERM received" in caplog.messages


def test_what_is_in_the_way_at_the_start_does_not_end_the_service(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=5)
    workshop.spool_folder.rmdir()
    workshop.spool_folder.write_text("no folder")
    problems: list[bool] = []
    with working_on(workshop, Clock(NINE, 4)) as working:
        never_asleep(working)

        def each() -> None:
            problems.append(bool(working.dialer.problems))
            if len(problems) == 3:
                workshop.spool_folder.unlink()
            elif len(problems) > 3 and (working.dialer.days_done or len(problems) > 100):
                working.stop()

        working.run_forever(each)
    assert problems[:3] == [True, True, True]
    assert not problems[-1]
    assert workshop.in_spool() == PEOPLE


def never_asleep(working: Scheduler) -> None:
    """Its clock advances by itself."""
    working.waker.sleep = lambda seconds: None  # type: ignore[method-assign]


def test_a_journal_that_fails_for_a_while_does_not_end_the_service(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 6
    read = Journal.read_transaction

    def failing(self: Journal) -> object:
        nonlocal failures
        if failures:
            failures -= 1
            raise UserError([Problem("journal", say("it cannot be used"))])
        return read(self)

    with working_on(workshop, Clock(NINE, 4)) as working:
        never_asleep(working)
        monkeypatch.setattr(Journal, "read_transaction", failing)
        looks = iter(range(200))

        def each() -> None:
            if next(looks) == 199 or workshop.in_spool() == PEOPLE:
                working.stop()

        working.run_forever(each)
    monkeypatch.undo()
    assert results(workshop) == {"handed": 5}


def test_its_heartbeats_show_the_problems(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, pid_file="asterisk.pid")
    with working_on(workshop, lambda: NINE) as working:
        working.dialer.prepare(NINE)
        working.step()
        working.dialer.journal.heartbeats.begin(at=NINE)
        working.heartbeat.send()
        heartbeat = working.dialer.journal.heartbeats.latest()
    assert heartbeat is not None
    assert "Asterisk is not running" in heartbeat.problem


class Beats:
    """Heartbeats that are kept with their time, by the monotonic clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.beats: list[tuple[float, LineUsage | None]] = []

    def begin(self, *, at: datetime, once: bool) -> None:
        pass

    def beat(self, *, at: datetime, problem: str = "", line_usage: str = "") -> None:
        self.beats.append((self._clock(), decode_line_usage(line_usage)))


def test_what_the_instruments_show_is_left_at_most_once_a_second_and_when_idle_only_with_signs_of_life(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    present: list[str] = []
    clock = Clock(NINE)
    with working_on(workshop, clock) as working:
        dialer = working.dialer
        seconds = 1000.0
        monkeypatch.setattr("obzvon.service.heartbeat_sender.time.monotonic", lambda: seconds)
        beats = Beats(lambda: seconds)
        monkeypatch.setattr(working.heartbeat, "_heartbeats", beats)
        monkeypatch.setattr(working.heartbeat, "_line_monitor", LineMonitor(LineCounter(lambda: present)))
        monkeypatch.setattr(working, "_is_serving", True)
        monkeypatch.setattr(dialer, "step", lambda now: math.inf)
        monkeypatch.setattr(dialer.handover, "_handed", {})
        for tenth in range(300):  # idle: something changes, and nobody writes it down before the next sign of life
            seconds = 1000 + tenth / 10
            present = ["a"] * (tenth % 10 == 5)
            working.step()
        assert [at for at, _ in beats.beats] == [1000, 1015.1]
        beats.beats.clear()
        monkeypatch.setattr(dialer.handover, "_handed", {"a": None})
        for tenth in range(100):
            seconds = 1030 + tenth / 10
            present = ["a"] * (1 + tenth // 25)
            working.step()
        assert [(at, usage.ours) for at, usage in beats.beats if usage] == [
            (1030, 1),
            (1033, 2),
            (1035, 3),
            (1038, 4),
        ]
        monkeypatch.setattr(dialer.handover, "_handed", {})
        present, seconds = [], 1040.5
        working.step()
        assert beats.beats[-1][1] == LineUsage(pace=dialer.pace)  # and the end of the last calls is reported, too


def test_its_heartbeats_show_a_broken_document_while_calls_continue(workshop: Workshop) -> None:
    with working_on(workshop, lambda: NINE) as working:
        working.dialer.prepare(NINE)
        working.step()
        workshop.write_text("todo.json", '{"0": ')
        working.step()
        assert not working.dialer.problems
        working.dialer.journal.heartbeats.begin(at=NINE)
        working.heartbeat.send()
        heartbeat = working.dialer.journal.heartbeats.latest()
    assert heartbeat is not None
    assert "todo.json" in heartbeat.problem
