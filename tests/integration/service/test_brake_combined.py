"""The brake beside what else may happen: a pause, a removed phone, a clock set back, a journal that fails, a sweep."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from obzvon.asterisk.ami.originate import ActionReply, ReplyStatus, channel_id
from obzvon.domain.results import Disposition
from tests.support.failing_line import LINE, make_workshop
from tests.support.faults import fail_journal
from tests.support.ordered_calls import TAKEN, Far, Pbx
from tests.support.workshop import Shift, Workshop, at, end_call, numbers, shift

PEOPLE = numbers(12)
SECOND = timedelta(seconds=1)


@pytest.fixture
def pbx() -> Pbx:
    return Pbx()


@pytest.fixture
def far(tmp_path: Path, pbx: Pbx) -> Iterator[Far]:
    working = Far(make_workshop(tmp_path, PEOPLE, limit=10, calls_per_second=100), pbx)
    working.dialer.prepare(at("08:59"))
    yield working
    working.end()


def step(working: Shift, now: datetime, seconds: int = 2) -> datetime:
    """Step at once and in each of the next seconds; return the moment after them."""
    for _ in range(seconds):
        while working.dialer.step(now) <= 0:
            pass
        now += SECOND
    return now


def fail_all(far: Far, now: datetime) -> datetime:
    """All twelve are called, and each call fails at once."""
    far.dialer.step(now)
    while far.pbx.calls:
        for number in list(far.pbx.calls.values()):
            far.pbx.end(number, Disposition.CONGESTION)
        now = step(far, now + SECOND, 1)
    assert far.dialer.runs.hold is not None
    return now


def probe(far: Far, now: datetime, *, lasts: int = 1) -> tuple[str, datetime]:
    """A minute later one call goes, and fails; return its number, and the moment after."""
    now = step(far, now + timedelta(minutes=1), lasts)
    [number] = far.pbx.calls.values()
    far.pbx.end(number, Disposition.CONGESTION)
    return number, step(far, now)


def test_those_who_failed_during_a_pause_go_again_when_it_is_over(far: Far, pbx: Pbx) -> None:
    step(far, at("09:00"), 1)
    assert far.ask("pause", at("09:00:01")).ok
    for number in list(pbx.calls.values()):
        pbx.end(number, Disposition.CONGESTION)
    step(far, at("09:00:02"))
    assert far.dialer.runs.hold is not None
    assert far.ask("resume", at("09:00:10")).ok
    assert set(far.todays_results().values()) == {"waiting"}
    step(far, at("09:00:10"), 1)
    assert len(pbx.calls) == 10


def test_those_who_failed_in_the_moment_of_the_order_to_continue_go_again(far: Far, pbx: Pbx) -> None:
    step(far, at("09:00"), 1)
    for number in list(pbx.calls.values()):
        pbx.end(number, Disposition.CONGESTION)
    far.dialer.step(at("09:00:02"))
    assert far.dialer.runs.hold is not None
    assert far.ask("resume", at("09:00:02")).ok
    assert Counter(far.todays_results().values()) == {"waiting": 10, "handed": 2}


def test_a_clock_that_is_set_back_does_not_let_everybody_probe(far: Far, pbx: Pbx) -> None:
    fail_all(far, at("09:00"))
    before = len(pbx.orders)
    now = at("08:30")
    for _ in range(30):
        for number in list(pbx.calls.values()):
            pbx.end(number, Disposition.CONGESTION)
        now = step(far, now, 1)
    assert len(pbx.orders) - before == 1


def test_those_who_failed_go_again_though_the_journal_could_not_be_written(
    far: Far, pbx: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_journal(monkeypatch, "transitions.call_again", done=False, fails=lambda call: call == 1)
    now = step(far, fail_all(far, at("09:00")), 15)
    assert Counter(far.todays_results().values())["waiting"] == 10
    assert far.ask("resume", now).ok
    step(far, now, 1)
    assert len(pbx.calls) == 10


def test_who_is_taken_off_the_list_while_the_run_is_held_stays_off_it(
    far: Far, pbx: Pbx, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "obzvon")
    now = fail_all(far, at("09:00"))
    far.workshop.write_list(PEOPLE[1:], changed=now)
    for _ in range(3):
        _, now = probe(far, now)
        line = far.lines()[PEOPLE[0]]
        assert (line.result, line.attempt) == ("congestion", 2)
        assert "taken off the list" in str(line.reason)
    again = [message for message in caplog.messages if "will be made again" in message]
    assert [message.split(" ", 1)[0] for message in again] == ["10", "2", "1", "1", "1"]
    far.end()
    later = Far(far.workshop, pbx)
    later.dialer.prepare(now)
    later.dialer.step(now)
    assert later.lines()[PEOPLE[0]].result == "congestion"


@pytest.mark.parametrize("restarted", [False, True])
def test_few_people_and_a_line_that_stays_dead_use_up_nobody(far: Far, pbx: Pbx, restarted: bool) -> None:
    """Each probe counts from its own hand-over, not from that of the attempt before it."""
    now = fail_all(far, at("09:00"))
    working = far
    for _ in range(20):
        if restarted:
            working.end()
            working = Far(far.workshop, pbx)
            working.dialer.prepare(now)
        _, now = probe(working, now)
    assert Counter(working.todays_results().values()) == {"waiting": 12}
    assert working.dialer.run is not None
    if restarted:
        working.end()


def test_a_second_attempt_that_lasted_may_have_rung_and_is_not_made_again(far: Far) -> None:
    number, _ = probe(far, fail_all(far, at("09:00")), lasts=20)
    assert far.lines()[number].result == "congestion"
    assert Counter(far.todays_results().values()) == {"waiting": 11, "congestion": 1}


ARCHIVE: dict[str, Any] = {**LINE, "archive": "yes", "limit": 10, "calls_per_second": 100}


def expire_all(workshop: Workshop) -> int:
    files = sorted(workshop.spool_folder.iterdir())
    for file in files:
        end_call(file, "Expired", done=workshop.done_folder)
    return len(files)


def test_a_second_attempt_without_events_that_fails_at_once_lets_no_run_continue(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE[:10], not_answered="5 x 1m", **ARCHIVE)
    with shift(workshop, at("08:59")) as working:
        step(working, at("09:00"), 1)
        assert expire_all(workshop) == 10
        now = step(working, at("09:00:01"))
        for _ in range(4):
            assert working.dialer.runs.hold is not None
            now = step(working, now + timedelta(minutes=1), 1)
            assert expire_all(workshop) == 1
            now = step(working, now)


def test_a_run_whose_files_came_back_once_ends_all_the_same(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE[:10], **ARCHIVE)
    with shift(workshop, at("08:59")) as working:
        step(working, at("09:00"), 1)
        assert workshop.spool().sweep() == 10
        now = step(working, at("09:00:02"))
        assert expire_all(workshop) == 10
        step(working, now)
        step(working, at("09:02"))
        assert working.dialer.run is None
        assert set(working.results(now).values()) == {"not answered"}


def test_a_call_that_was_found_late_may_have_rung_before(far: Far, pbx: Pbx) -> None:
    number = PEOPLE[0]
    pbx.answer = lambda one: ActionReply(ReplyStatus.UNANSWERED) if one == number else TAKEN
    far.dialer.step(at("09:00"))
    assert far.dialer.run is not None
    pbx.calls[channel_id(far.dialer.run.token, 1, 1)] = number
    now = step(far, at("09:00:20"), 1)
    assert far.lines()[number].result == "handed"
    pbx.end(number, Disposition.CONGESTION)
    step(far, now, 1)
    assert (far.lines()[number].result, far.lines()[number].tries) == ("congestion", None)
