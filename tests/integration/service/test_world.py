"""A service, its journal and its folders in a world in which anything happens; the carrier's ledger is the judge.

One thread, one given clock, one seed: whatever hypothesis finds, it makes smaller and prints as a list of steps.
"""

import contextlib
import os
import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import URL, Engine

from obzvon.asterisk.callfile import call_file_name, parse_call_file_name
from obzvon.domain.calls import CallState, Run
from obzvon.journal import database
from obzvon.journal.sqlite import sqlite_engine
from tests.support.exchange import Exchange
from tests.support.faults import DISK_FAULTS, FaultyDisk, InterruptedProcess, every_other, fail_journal
from tests.support.profile import often
from tests.support.workshop import Shift, Workshop, at, numbers

PEOPLE = numbers(8)
LINES = 3
SECOND = timedelta(seconds=1)
FAILING = ("transitions.begin_handing", "transitions.end_handing", "transitions.end_calls", "runs.settle", "runs.begin")


ENGINES: dict[str, Engine] = {}


class World(RuleBasedStateMachine):
    """A Monday from 08:59:50 on, with a start at 09:00.

    All worlds have one folder and so one engine, which compiles each statement once.
    """

    folder = Path(tempfile.gettempdir()) / f"obzvon-world-{os.getpid()}"
    #: Services that were started.
    lives = 0

    def __init__(self) -> None:
        super().__init__()
        self.patched = pytest.MonkeyPatch()
        self.patched.setattr(database, "sqlite_engine", self.engine)
        self.now, self.up_for = at("08:59:50"), 1000.0
        self.working: Shift | None = None
        self.life: InterruptedProcess | None = None
        self.disk: FaultyDisk | None = None
        self.test_calls = 0

    @initialize(archive=st.sampled_from(["yes", "no"]), seed=st.integers(0, 1000), by_lines=st.booleans())
    def open(self, archive: str, seed: int, by_lines: bool) -> None:
        pace = {"pacing": "adaptive", "lines": LINES} if by_lines else {"bundle": 2, "timeout": 3}
        self.limit = LINES if by_lines else None
        self.workshop = Workshop(self.folder, phones=PEOPLE, archive=archive, **pace)
        self.exchange = Exchange(
            self.workshop.spool_folder, self.workshop.done_folder if archive == "yes" else None, seed
        )
        self.exchange.show_to(self.patched)
        self.listed = dict(enumerate(PEOPLE))
        self.working = self.another()

    @staticmethod
    def engine(url: URL, busy_timeout: float) -> Engine:
        if str(url) not in ENGINES:
            ENGINES[str(url)] = sqlite_engine(url, busy_timeout)
        return ENGINES[str(url)]

    def another(self) -> Shift:
        World.lives += 1
        return Shift(self.workshop, uptime=lambda: self.up_for)

    def end_life(self) -> None:
        assert self.working is not None
        self.working.end()
        self.working = None

    def pass_time(self, seconds: int, step: int = 1) -> None:
        for _ in range(0, seconds, step):
            self.now += step * SECOND
            self.up_for += step
            self.let_asterisk_work()
            if self.working is not None:
                while self.working.dialer.step(self.now) <= 0:
                    pass
                self.let_asterisk_work()

    def let_asterisk_work(self) -> None:
        with self.life.others() if self.life else self.disk.others() if self.disk else contextlib.nullcontext():
            self.exchange.tick(self.now, self.up_for)

    # -- what happens

    @rule(seconds=st.sampled_from([1, 2, 5, 20]))
    def wait(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(place=st.integers(0, len(PEOPLE) - 1), removed=st.booleans())
    def edit(self, place: int, removed: bool) -> None:
        if removed:
            self.listed.pop(place, None)
        else:
            self.listed[place] = PEOPLE[place]
        self.workshop.write_list({str(key): number for key, number in self.listed.items()}, changed=self.now)

    @precondition(lambda self: self.working is not None)
    @rule(
        name=st.sampled_from(["start", "pause", "resume", "stop", "call"]), again=st.booleans(), withdraw=st.booleans()
    )
    def order(self, name: str, again: bool, withdraw: bool) -> None:
        assert self.working is not None
        params: dict[str, str | int | bool] = {"again": again} if name == "start" else {"withdraw": withdraw}
        if name == "call":
            params = {"number": PEOPLE[0]}
            self.test_calls += 1
        self.working.ask(name, self.now, **params)

    @precondition(lambda self: self.working is not None)
    @rule(step=st.integers(1, 40), after=st.booleans(), absence=st.sampled_from([0, 1, 10, 40]), begins=st.booleans())
    def die_and_come_back(self, step: int, after: bool, absence: int, begins: bool) -> None:
        """End the service at a step, most likely of a hand-over, and start another; meanwhile Asterisk goes on."""
        assert self.working is not None
        if begins:
            self.working.ask("start", self.now, again=True)
        with InterruptedProcess(self.workshop.spool_folder, step, after=after) as self.life:
            self.pass_time(5)
        self.live_again(absence, crashes=False)

    @precondition(lambda self: self.working is not None)
    @rule(place=st.integers(1, 3), absence=st.sampled_from([1, 40]), crashes=st.booleans())
    def die_after_a_rename(self, place: int, absence: int, crashes: bool) -> None:
        """End the service when the n-th file is in the spool; Asterisk ends the calls meanwhile, or crashes too."""
        assert self.working is not None
        self.working.ask("start", self.now, again=True)
        with InterruptedProcess(self.workshop.spool_folder, place, after=True, only="rename") as self.life:
            self.pass_time(5)
        self.live_again(absence, crashes=crashes)

    def live_again(self, absence: int, *, crashes: bool) -> None:
        """Start another service after so many seconds; what a crashed Asterisk has left is swept before its start."""
        self.life = None
        self.end_life()
        self.let_asterisk_work()
        if crashes and self.exchange.is_running:
            self.exchange.crash()
            self.workshop.spool().sweep()
            self.exchange.start(self.now)
        self.pass_time(absence)
        self.working = self.another()
        self.pass_time(1)

    @precondition(lambda self: self.working is not None)
    @rule(
        kind=st.sampled_from(DISK_FAULTS), step=st.integers(1, 30), seconds=st.sampled_from([5, 15]), dies=st.booleans()
    )
    def disk_fails(self, kind: str, step: int, seconds: int, dies: bool) -> None:
        """Let a step on the disk fail from the n-th on, for some time; the service may die of a torn write."""
        with FaultyDisk(kind, step) as self.disk:
            self.pass_time(seconds)
        self.disk = None
        if dies:
            self.end_life()
            self.working = self.another()

    @precondition(lambda self: self.exchange.is_running)
    @rule(seconds=st.integers(0, 4))
    def crash(self, seconds: int) -> None:
        self.pass_time(seconds)
        self.exchange.crash()

    @precondition(lambda self: not self.exchange.is_running)
    @rule(is_swept=st.booleans())
    def restart(self, is_swept: bool) -> None:
        if is_swept or self.working is None:  # before Asterisk's start, as its unit says
            self.workshop.spool().sweep()
        self.exchange.start(self.now)
        if self.working is not None:  # without the sweep, the service has to live until it has looked
            self.pass_time(30)

    @precondition(lambda self: self.working is not None)
    @rule(method=st.sampled_from(FAILING), done=st.booleans(), seconds=st.sampled_from([1, 15]))
    def journal_fails(self, method: str, done: bool, seconds: int) -> None:
        with pytest.MonkeyPatch.context() as failing:
            fail_journal(failing, method, done=done, fails=every_other)
            self.pass_time(seconds)

    @rule(minutes=st.sampled_from([-60, -5, 5, 60]))
    def set_clock(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # -- what holds after each

    @invariant()
    def nobody_is_called_twice_in_a_run(self) -> None:
        if self.working is None and not hasattr(self, "exchange"):
            return
        calls = Counter(self.exchange_key(ring.name) for ring in self.exchange.ledger)
        assert {key: count for key, count in calls.items() if count > 1} == {}

    @invariant()
    def the_ceiling_is_kept(self) -> None:
        if hasattr(self, "exchange") and self.limit is not None:
            assert self.exchange.most <= self.limit + self.test_calls  # those are made at once

    @staticmethod
    def exchange_key(name: str) -> tuple[str, int]:
        found = parse_call_file_name(name)
        assert found is not None
        return found.token, found.position

    def teardown(self) -> None:
        try:
            if hasattr(self, "exchange"):
                self.finish()
        finally:
            if self.working is not None:
                self.working.end()
            self.patched.undo()
            shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self) -> None:
        """Let everything work again until the day's runs are over: each call has one result, and it is true."""
        if self.working is None:
            self.working = self.another()
        if not self.exchange.is_running:
            self.exchange.start(self.now)
        for _ in range(40):
            self.pass_time(150, 5)
            self.working.ask("resume", self.now)
            self.working.ask("accept", self.now, clock=True)  # where it was set back by hours, a person has to say so
            dialer = self.working.dialer
            if dialer.run is None and not dialer.handover.outstanding and not dialer.problems:
                break
        assert self.working.dialer.problems == ()
        assert self.working.dialer.run is None
        assert self.working.dialer.handover.outstanding == 0
        self.nobody_is_called_twice_in_a_run()
        called = {ring.name for ring in self.exchange.ledger}
        tokens = {run.id: run.token for run in self.runs()}
        for line in self.working.journal.calls.records_on(self.now.date()):
            name = call_file_name(tokens[line.run_id], line.position, 1)
            told = (line.result, line.number, name, str(line.reason))
            assert line.state == CallState.ENDED, told
            if line.result in ("handed", "answered", "not answered"):
                assert name in called, told
            elif line.result in ("withdrawn", "skipped"):
                assert name not in called, told
            else:
                assert line.result == "unknown", told

    def runs(self) -> list[Run]:
        assert self.working is not None
        return self.working.journal.runs.on_days(self.now.date())


@pytest.mark.slow
def test_whatever_happens_nobody_is_called_twice_and_nobody_forgotten() -> None:
    run_state_machine_as_test(
        World,
        settings=settings(
            max_examples=often(commit=40, long=1000),
            stateful_step_count=50,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
