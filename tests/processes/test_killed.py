"""The service killed at random instants, and started again each time: nobody twice, nobody missing.

What counts is the ledger of the stand-in for Asterisk, which lives in a process of its own.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from obzvon.domain.calls import CallRecord, Run
from obzvon.journal.journal import Journal
from obzvon.sandbox.ledger import read_ledger
from tests.support.mounts import in_memory
from tests.support.paths import ROOT
from tests.support.profile import often
from tests.support.programs import Program
from tests.support.waiting import until
from tests.support.workshop import Workshop, numbers, service, zone_of_noon

OVER = 600
"""Seconds after which a hunt is given up."""


class Hunt:
    """A service that is killed again and again, and what the stand-in saw of it."""

    def __init__(self, folder: Path, *, people: int, seed: int, within: float, **keys: object) -> None:
        self.people = numbers(people)
        self.workshop = Workshop(
            folder, phones=self.people, start="00:01", time_zone=zone_of_noon(), hold_after=0, **keys
        )
        self.ledger = folder / "ledger"
        self.kills = 0
        self.in_the_middle = 0
        self._random = random.Random(seed)
        self._within = within
        self._ready = 0.4
        self._journal: Journal | None = None

    @property
    def journal(self) -> Journal:
        self._journal = self._journal or self.workshop.journal()
        return self._journal

    @contextmanager
    def asterisk(self) -> Iterator[None]:
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "obzvon.sandbox.pbx",
            self.workshop.spool_folder,
            "--ledger",
            self.ledger,
            "--talk",
            "0.05",
            "--long-talk",
            "0.1",
            "--ring",
            "0.05",
            "--busy",
            "0.02",
        ]
        with (self.workshop.folder / "asterisk").open("wb") as said:
            stand_in = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
        try:
            yield
            assert stand_in.poll() is None
        finally:
            stand_in.terminate()
            stand_in.wait(180)
            if self._journal:
                self._journal.close()

    def one_run(self, kills: int) -> Run:
        """Has a run done whole by a service that is killed, if there are kills left; every call is accounted for."""
        before = len(self.runs())
        latest = time.monotonic() + OVER
        while not self._lives_through(kills) or len(self.runs()) == before:
            assert time.monotonic() < latest, "the run does not come to its end"
            if len(self.runs()) == before > 0:  # who took the command was killed before it began
                self.journal.commands.submit("start", by="hunter", at=datetime.now(UTC), again=True)
        until(lambda: not any(self.workshop.spool_folder.iterdir()), "the end of the last calls")
        assert self._live().wait(180) == 0, self.said()
        return self.runs()[-1]

    def until_killed(self, kills: int) -> tuple[int, Counter[str]]:
        """Run after run until it has been killed so often; how many runs, and how many calls ended how."""
        runs = 0
        while self.kills < kills:
            if runs:
                self.journal.commands.submit("start", by="hunter", at=datetime.now(UTC), again=True)
            assert self.one_run(kills).state == "done"
            runs += 1
        return runs, self.check(runs)

    def runs(self) -> list[Run]:
        """The day's runs."""
        last = self.journal.runs.latest()
        return self.journal.runs.on_days(last.day) if last else []

    def lines(self) -> list[CallRecord]:
        run = self.journal.runs.latest()
        assert run is not None
        return list(self.journal.calls.records_on(run.day))

    def said(self) -> str:
        return (self.workshop.folder / "said").read_text()

    def _live(self) -> Program:
        return service(self.workshop, "--once")

    def _lives_through(self, kills: int) -> bool:
        """Run one life of the service. Return whether it finished by itself."""
        began = time.monotonic()
        touched = self._touched()
        with self._live() as process:
            if self.kills < kills:
                asleep = self._random.random() < 0.2
                wait = self._random.uniform(0, self._ready if asleep else self._within)
                while process.poll() is None and time.monotonic() - began < OVER:
                    if asleep or self._touched() != touched:
                        if not asleep:
                            self._ready = time.monotonic() - began
                        break
                    time.sleep(0.0005)
                then = time.monotonic() + wait
                while process.poll() is None and time.monotonic() < then:
                    time.sleep(0.0002)
                if process.poll() is None:
                    os.kill(process.pid, signal.SIGKILL)
                    self.kills += 1
            if process.wait(OVER) == -signal.SIGKILL:
                run = self.journal.runs.active()
                self.in_the_middle += run is not None
                return False
            assert process.returncode == 0, self.said()
            return True

    def _touched(self) -> list[int]:
        """Changes with the first file that a life of the service stages or clears away."""
        return [
            half.stat().st_mtime_ns
            for half in (self.workshop.store_folder / "0", self.workshop.store_folder / "1")
            if half.exists()
        ]

    def check(self, runs: int) -> Counter[str]:
        """Compare the journal with the ledger of that many runs. Return how many calls ended how."""
        called = Counter(attempt.number for attempt in read_ledger(self.ledger))
        assert called == dict.fromkeys(self.people, runs), self._summary(called, runs)
        lines = self.lines()
        assert Counter(line.number for line in lines) == dict.fromkeys(self.people, runs)
        assert all(line.disposition for line in lines), Counter(line.result for line in lines)
        assert all(line.bundle for line in lines)
        assert self.workshop.in_store() == []
        return Counter(line.result for line in lines)

    def _summary(self, called: Counter[str], runs: int) -> str:
        wrong = {number: called[number] for number in self.people if called[number] != runs}
        return f"of {runs} runs: called {wrong}; journal: {[line for line in self.lines() if line.number in wrong]}"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    with in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture
def seed() -> int:
    seed = int(os.environ.get("OBZVON_SEED") or random.randrange(1_000_000))
    print(f"OBZVON_SEED={seed}")
    return seed


@pytest.mark.parametrize(
    ("archive", "timeout", "within"), [("yes", 0.05, 0.3), ("no", 0.05, 0.3), ("yes", 0, 0.06), ("no", 0, 0.06)]
)
def test_a_service_killed_at_random_instants_rings_each_of_200_numbers_once_in_each_run(
    memory: Path, seed: int, archive: str, timeout: float, within: float
) -> None:
    hunt = Hunt(memory, people=200, seed=seed, within=within, archive=archive, bundle=5, timeout=timeout)
    began = time.monotonic()
    with hunt.asterisk():
        runs, counts = hunt.until_killed(often(commit=4, long=25))
        answered = {attempt.number for attempt in read_ledger(hunt.ledger) if attempt.answered}
        lines = hunt.lines()
    print(
        f"archive={archive} timeout={timeout}: {hunt.kills} kills, {hunt.in_the_middle} of them in a run, "
        f"{runs} runs, {dict(counts)}, {time.monotonic() - began:.1f} s"
    )
    if archive == "yes":
        assert {line.number for line in lines if line.result == "answered"} == answered
        assert set(counts) == {"answered", "not answered"}
    else:
        assert set(counts) <= {"handed", "unknown"}


@pytest.mark.parametrize("bundle", [1000, 20_000])
def test_a_service_killed_in_the_middle_of_big_bundles_rings_each_number_once(
    memory: Path, seed: int, bundle: int
) -> None:
    hunt = Hunt(memory, people=often(commit=6_000, long=20_000), seed=seed, within=0.3, bundle=bundle, timeout=0)
    began = time.monotonic()
    with hunt.asterisk():
        runs, counts = hunt.until_killed(often(commit=2, long=8))
    print(
        f"bundle={bundle}: {hunt.kills} kills, {hunt.in_the_middle} of them in a run, {runs} runs, {dict(counts)}, "
        f"{time.monotonic() - began:.1f} s"
    )
    assert set(counts) <= {"handed", "unknown"}
