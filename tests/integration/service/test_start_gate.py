"""A run that is held while no call of it could work."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from obzvon.asterisk.spool import Spool
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.phones import Phone
from obzvon.service.start_gate import CallPathCheck, StartGate
from tests.support.workshop import Workshop, at, numbers, shift

PEOPLE = numbers(4)
EIGHT, NINE = at("08:00:00"), at("09:00:00")
DEAD = Problem("PJSIP/carrier", say("Asterisk is not running"), say("start it: systemctl start asterisk"))


class Judge:
    """What is against a run, until a test changes its mind."""

    def __init__(self) -> None:
        self.against: list[Problem] = [DEAD]
        self.asked = 0

    def __call__(self, phones: Sequence[Phone], now: datetime) -> Sequence[Problem]:
        self.asked += 1
        return self.against


def test_a_run_waits_until_calls_can_work_and_says_why_once(tmp_path: Path, logged: Callable[[str], int]) -> None:
    judge = Judge()
    with shift(Workshop(tmp_path, phones=PEOPLE, bundle=10), EIGHT) as working:
        working.dialer.runs.gate = StartGate(judge)
        assert working.work(at("08:59:50"), at("09:05:00")) == []
        assert working.dialer.run is None
        assert working.dialer.journal.runs.latest() is None
        assert "the run does not start: Asterisk is not running" in str(working.dialer.problems[0])
        assert logged("the run does not start") == 1
        judge.against = []
        assert [gone for _, gone in working.work(at("09:05:01"), at("09:06:00"))] == [PEOPLE]
        assert not working.dialer.problems
        assert logged("work continues") == 1


def test_a_run_that_is_held_longer_than_late_start_does_not_begin(tmp_path: Path) -> None:
    judge = Judge()
    with shift(Workshop(tmp_path, phones=PEOPLE, late_start="30m"), EIGHT) as working:
        working.dialer.runs.gate = StartGate(judge)
        assert working.work(at("08:59:50"), at("09:31:00")) == []
        judge.against = []
        assert working.work(at("09:31:01"), at("09:40:00")) == []


def test_a_start_by_hand_is_refused_with_the_reason(tmp_path: Path) -> None:
    judge = Judge()
    with shift(Workshop(tmp_path, phones=PEOPLE), EIGHT) as working:
        working.dialer.runs.gate = StartGate(judge)
        answer = working.ask("start", EIGHT)
        assert not answer.ok
        assert "the run does not start: Asterisk is not running" in str(answer.text)
        assert working.ask("call", EIGHT, number=PEOPLE[0]).ok, "a test call is how one finds out"
        judge.against = []
        assert working.ask("start", EIGHT, rest=True).ok


def test_a_run_in_progress_is_not_asked_about(tmp_path: Path) -> None:
    judge = Judge()
    judge.against = []
    with shift(Workshop(tmp_path, phones=PEOPLE, bundle=1, timeout=10), EIGHT) as working:
        working.dialer.runs.gate = StartGate(judge)
        working.work(at("08:59:50"), at("09:00:05"))
        judge.against = [DEAD]
        assert len(working.work(at("09:00:06"), at("09:01:00"))) == 3
        assert judge.asked == 1


def test_of_several_judges_each_is_heard(tmp_path: Path) -> None:
    with shift(Workshop(tmp_path, phones=PEOPLE), EIGHT) as working:
        working.dialer.runs.gate = StartGate(Judge(), Judge())
        working.work(at("08:59:50"), at("09:00:05"))
        assert len(working.dialer.problems) == 2


def test_without_anything_to_ask_a_run_is_never_held(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE)
    settings = workshop.settings
    judge = CallPathCheck(settings, Spool.from_settings(settings), None)
    assert list(judge([Phone("0", PEOPLE[0])], NINE)) == []
    assert list(judge([], NINE)) == []
    off = CallPathCheck(msgspec.structs.replace(settings, hold_start=False), Spool.from_settings(settings), None)
    assert list(off([Phone("0", PEOPLE[0])], NINE)) == []
