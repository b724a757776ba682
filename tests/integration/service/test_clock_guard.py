"""A day's work by a clock that is wrong for a while: no other day begins, none ends, nobody is called twice."""

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from obzvon.asterisk.callfile import parse_call_file_name
from obzvon.asterisk.process import RunningAsterisk
from obzvon.service import clock_guard
from tests.support import profile
from tests.support.workshop import Shift, Workshop, at, begin_call, dead_pid, number_in, shift

PEOPLE = [f"8916111111{digit}" for digit in range(4)]
BOOTED = at("00:00:00")


class Machine:
    """A machine with a true time, a clock that may be wrong, and the ledger of who was called on which true day."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.workshop = Workshop(folder, phones=PEOPLE, bundle=2, timeout=10)
        self.true = BOOTED - timedelta(hours=1)
        self.wrong = timedelta()
        self.boots = 0
        self.booted = self.true - timedelta(days=1)
        self.ledger: Counter[tuple[date, date, str]] = Counter()
        monkeypatch.setattr(clock_guard, "boot_id", lambda: f"{self.boots:012x}")
        self.service = self._begin()

    @property
    def clock(self) -> datetime:
        return self.true + self.wrong

    def reboot(self) -> None:
        self.boots, self.booted = self.boots + 1, self.true
        self.restart()

    def restart(self) -> None:
        self.service.end()
        self.service = self._begin()

    def pass_time(self, seconds: float, every: float = 10) -> None:
        """Let the service work, and Asterisk make its calls at once."""
        for _ in range(max(1, round(seconds / every))):
            self.service.dialer.step(self.clock)
            for file in sorted(self.workshop.spool_folder.iterdir()):
                name = parse_call_file_name(file.name)
                assert name is not None
                day = datetime.strptime(name.token.partition("-")[0], "%Y%m%d").date()  # noqa: DTZ007 - a day
                self.ledger[self.true.astimezone(self.service_zone).date(), day, number_in(file)] += 1
                file.unlink()
            self.true += timedelta(seconds=every)

    def skip_to(self, moment: datetime) -> None:
        self.true = moment

    @property
    def service_zone(self) -> tzinfo:
        return self.workshop.settings.zone

    def _begin(self) -> Shift:
        return Shift(self.workshop, self._uptime)

    def _uptime(self) -> float:
        return (self.true - self.booted).total_seconds()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def called(machine: Machine) -> list[str]:
    return sorted(number for _, _, number in machine.ledger.elements())


def test_one_look_a_day_ahead_begins_no_run_and_ends_none(machine: Machine) -> None:
    machine.skip_to(at("09:00:00"))
    machine.pass_time(5, every=5)
    machine.wrong = timedelta(days=1)
    machine.pass_time(30)
    assert [str(problem.what) for problem in machine.service.dialer.problems] != []
    machine.wrong = timedelta()
    machine.pass_time(60)
    assert called(machine) == PEOPLE
    results = machine.service.results(at("09:00"))
    assert set(results.values()) == {"handed"}
    assert machine.service.journal.runs.on_days(date(2026, 1, 6)) == []


@pytest.mark.parametrize("wrong", ["1970-01-01", "2000-01-01", "2025-06-01"])
def test_a_machine_that_comes_up_in_the_past_calls_nobody_for_that_day(machine: Machine, wrong: str) -> None:
    machine.skip_to(at("09:00:00"))
    machine.pass_time(60)
    before = machine.ledger.copy()
    machine.skip_to(at("11:00:00"))
    machine.wrong = datetime.fromisoformat(wrong).replace(hour=10, tzinfo=UTC) - machine.true
    machine.reboot()
    machine.pass_time(600)
    assert machine.ledger == before
    assert "the clock shows less than 5 January 2026, 09:00" in str(machine.service.dialer.problems[0].what)
    refused = machine.service.ask("start", machine.clock, again=True)
    assert not refused.ok
    machine.wrong = timedelta()
    machine.pass_time(300)
    assert machine.service.dialer.problems == ()
    assert machine.ledger == before


def test_a_clock_that_was_wrong_for_long_is_waited_for_until_somebody_decides(machine: Machine) -> None:
    machine.wrong = timedelta(days=365)
    machine.skip_to(at("08:55:00"))
    machine.pass_time(60)
    machine.skip_to(at("09:00:00"))
    machine.pass_time(240)
    assert called(machine) == PEOPLE
    machine.ledger.clear()
    machine.wrong = timedelta()
    machine.skip_to(at("09:00:00", "2026-01-06"))
    machine.pass_time(300)
    assert called(machine) == []
    assert machine.service.ask("accept", machine.clock, clock=True).ok
    machine.pass_time(120)
    assert called(machine) == PEOPLE
    assert not machine.service.ask("accept", machine.clock, clock=True).ok


def test_a_step_within_the_day_does_not_interrupt_its_run(machine: Machine) -> None:
    machine.skip_to(at("09:00:00"))
    machine.pass_time(10)
    machine.wrong = timedelta(hours=1)
    machine.pass_time(20)
    assert called(machine) == PEOPLE


def _faults(machine: Machine) -> list[Callable[[], None]]:
    """What may happen to a clock; each is over within two minutes."""

    def show(wrong: timedelta, seconds: float) -> None:
        machine.wrong = wrong
        machine.pass_time(seconds)
        machine.wrong = timedelta()

    def come_up(clock: datetime, seconds: float) -> None:
        machine.wrong = clock - machine.true
        machine.reboot()
        machine.pass_time(seconds)
        machine.wrong = timedelta()

    def restart_ahead() -> None:
        show(day, 10)
        machine.restart()
        show(-day, 10)

    day = timedelta(days=1)
    return [
        lambda: show(day, 10),
        lambda: show(-day, 10),
        lambda: show(31 * day, 100),
        lambda: show(timedelta(hours=16), 110),
        lambda: show(timedelta(hours=-16), 110),
        lambda: show(datetime(1970, 1, 1, tzinfo=UTC) - machine.true, 100),
        lambda: come_up(datetime(1970, 1, 1, 9, tzinfo=UTC), 300),
        lambda: come_up(datetime(2000, 1, 1, 9, tzinfo=UTC), 300),
        lambda: come_up(datetime(2025, 6, 1, 9, tzinfo=UTC), 300),
        lambda: come_up(machine.true + day, 60),
        lambda: come_up(machine.true - day, 300),
        restart_ahead,
    ]


def test_whatever_happens_to_the_clock_everybody_is_called_once_a_day(machine: Machine) -> None:
    chance = random.Random(20260105)
    days = profile.often(fast=6, commit=25, long=100)
    machine.skip_to(at("09:00:00"))
    machine.pass_time(60)
    for number in range(1, days + 1):
        day = BOOTED + timedelta(days=number)
        moment = timedelta(seconds=chance.choice([32290, 32400, 32410, 43200, 86390]) + chance.randrange(10))
        for due in sorted([timedelta(hours=9), moment]):
            machine.skip_to(max(day + due, machine.true))
            if due == moment:
                chance.choice(_faults(machine))()
            machine.pass_time(180)
    machine.skip_to(BOOTED + timedelta(days=days, hours=23))
    machine.pass_time(300)
    twice = {key: count for key, count in machine.ledger.items() if count > 1}
    assert twice == {}
    assert {true for true, day, _ in machine.ledger if true != day} == set()
    assert len(machine.ledger) == len(PEOPLE) * (days + 1)


def test_a_service_that_may_not_work_takes_out_what_asterisk_would_call_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = [RunningAsterisk(frozenset({os.getpid()}), 0.0)]
    monkeypatch.setattr("obzvon.asterisk.spool.Spool.running_asterisks", lambda _: running)
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2)
    with shift(workshop, at("08:59")) as working:
        working.work(at("09:00"), at("09:00:01"))
    lost, waits = sorted(workshop.spool_folder.iterdir())
    begin_call(lost, dead_pid())
    working = Shift(workshop)
    working.dialer.step(at("07:00"))
    assert "the clock shows less" in str(working.dialer.problems[0].what)
    assert waits.exists()
    assert not lost.exists()
    working.work(at("09:02"), at("09:05"))
    assert Counter(working.results(at("09:00")).values()) == {"handed": 3, "unknown": 1}
    working.end()
