"""A line that fails: the run is held, one call a minute probes, and those whose phone did not ring go again."""

import itertools
import json
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from obzvon.asterisk.ami.originate import ActionReply, ReplyStatus
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.domain.results import Disposition
from obzvon.journal.transitions import CallTransitions
from obzvon.reports.status import current_status
from obzvon.service.command_handlers import execute
from obzvon.service.heartbeat_sender import HeartbeatSender
from obzvon.service.line_monitor import LineMonitor
from tests.support.failing_line import LINE, PHONES, Carrier, between, make_workshop, play
from tests.support.ordered_calls import Far, Pbx
from tests.support.workshop import Workshop, at, end_call, shift


@pytest.fixture
def pbx() -> Pbx:
    return Pbx()


@pytest.fixture
def far(tmp_path: Path, pbx: Pbx) -> Iterator[Far]:
    working = Far(make_workshop(tmp_path), pbx)
    working.dialer.prepare(at("08:59"))
    yield working
    working.end()


@pytest.mark.parametrize(
    "result", [Disposition.CONGESTION, Disposition.REFUSED, Disposition.NO_TRUNK, Disposition.WRONG_DIALPLAN]
)
def test_a_line_that_is_dead_for_half_a_minute_costs_nobody_their_call(far: Far, pbx: Pbx, result: Disposition) -> None:
    carrier = Carrier(pbx, between("09:00:05", "09:00:35"), result)
    play(far, carrier, at("09:00"), at("09:06"))
    assert far.dialer.run is None
    assert len(carrier.refused) <= 20
    assert carrier.answered == Counter(PHONES)
    assert set(far.todays_results().values()) == {"answered"}


def test_a_dead_line_gets_one_call_a_minute_and_no_more(far: Far, pbx: Pbx) -> None:
    carrier = Carrier(pbx, lambda _: True)
    play(far, carrier, at("09:00"), at("09:30"))
    times = [at for at, _ in carrier.refused]
    burst = [moment for moment in times if moment < at("09:00:30")]
    assert 10 <= len(burst) <= 20
    probes = times[len(burst) :]
    assert len(probes) == 29
    assert all(later - earlier >= timedelta(seconds=60) for earlier, later in itertools.pairwise(probes))
    assert Counter(far.todays_results().values()) == {"waiting": len(PHONES)}


def test_calls_whose_hand_over_the_journal_could_not_confirm_count_as_failures_too(
    far: Far, pbx: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_handing, failures = CallTransitions.end_handing, iter(range(3))

    def fail_at_first(*args: Any, **keys: Any) -> None:
        if next(failures, None) is not None:
            raise UserError([Problem("journal.db", say("the disk is full"))])
        end_handing(*args, **keys)

    carrier = Carrier(pbx, lambda _: True)
    monkeypatch.setattr(CallTransitions, "end_handing", fail_at_first)
    play(far, carrier, at("09:00"), at("09:00:45"))
    run = far.dialer.runs.active
    assert run is not None
    assert run.brake.hold is not None
    assert run.brake.hold.failures == len(carrier.refused)


def test_it_says_why_in_the_log_the_status_and_the_heartbeat(
    far: Far, pbx: Pbx, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "obzvon")
    play(far, Carrier(pbx, lambda _: True, Disposition.REFUSED), at("09:00"), at("09:00:20"))
    run = far.dialer.run
    assert run is not None
    said = f"run {run.id} is held: the last 10 calls all failed, the last one: call refused"
    assert caplog.text.count(said) == 1
    sender = HeartbeatSender(
        far.heartbeats,
        far.dialer,
        far.schedule_watch,
        ami=None,
        line_monitor=LineMonitor(far.dialer.runs.line_counter),
        now=lambda: at("09:00:20"),
    )
    sender.send()
    status = current_status(far.workshop.settings, far.journal, at("09:00:20"))
    assert said.split(": the last", maxsplit=1)[0] in str(status.service.problems[0])
    found = json.loads(status.to_json())["run"]["hold"]
    assert (found["failures"], found["result"], found["probing"]) == (len(pbx.orders), "refused", False)
    assert found["since_at"].startswith("2026-01-05T09:00:0")


def test_a_restart_finds_the_run_held_and_does_not_begin_again(far: Far, pbx: Pbx) -> None:
    play(far, Carrier(pbx, lambda _: True), at("09:00"), at("09:01:30"))
    used = len(pbx.orders)
    far.end()
    again = Far(far.workshop, pbx)
    again.dialer.prepare(at("09:01:31"))
    carrier = Carrier(pbx, lambda _: True)
    play(again, carrier, at("09:01:31"), at("09:05"))
    assert len(carrier.refused) == len(pbx.orders) - used <= 4
    again.end()


def test_an_operator_lets_it_go_on_at_once(far: Far, pbx: Pbx) -> None:
    carrier = Carrier(pbx, between("09:00", "09:00:30"))
    play(far, carrier, at("09:00"), at("09:00:30"))
    assert far.ask("resume", at("09:00:31")).ok
    play(far, carrier, at("09:00:31"), at("09:02"))
    assert far.dialer.run is None
    assert carrier.answered == Counter(PHONES)


def test_what_an_operator_said_outlasts_a_restart(far: Far, pbx: Pbx) -> None:
    play(far, Carrier(pbx, lambda _: True), at("09:00"), at("09:00:30"))
    command = far.commands.submit("resume", by="anna", at=at("09:00:31"))
    taken = far.commands.take_next(at=at("09:00:31"))
    assert taken is not None
    far.commands.complete(command, execute(far.dialer, taken, at("09:00:31")))
    far.end()
    again = Far(far.workshop, pbx)
    again.dialer.prepare(at("09:00:32"))
    assert again.dialer.runs.hold is None
    again.end()


def test_somebody_whose_phone_rang_is_not_called_again(far: Far, pbx: Pbx) -> None:
    """A probe that rings lets the run go on; its call is over."""
    is_dead = between("09:00", "09:00:50")
    carrier = Carrier(pbx, is_dead)
    play(far, carrier, at("09:00"), at("09:00:50"))
    [first] = far.journal.calls.waiting(far.dialer.run.id, limit=1)  # type: ignore[union-attr]
    now = at("09:00:50")
    while not pbx.calls:
        far.dialer.step(now)
        now += timedelta(seconds=1)
    pbx.end(first.number, Disposition.REFUSED, rang=now)
    far.dialer.step(now + timedelta(seconds=1))
    assert far.dialer.runs.hold is None
    play(far, carrier, now + timedelta(seconds=2), at("09:05"))
    assert pbx.orders.count(first.number) == 1
    assert far.todays_results()[first.number] == "refused"


def test_orders_that_asterisk_refuses_stop_within_a_few(far: Far, pbx: Pbx) -> None:
    pbx.answer = lambda _: ActionReply(ReplyStatus.REFUSED, "Extension does not exist.")
    play(far, Carrier(pbx, lambda _: False), at("09:00"), at("09:00:30"))
    assert len(pbx.orders) <= 15
    assert set(far.todays_results().values()) == {"waiting"}


def test_a_big_bundle_of_refused_orders_is_cut_short(tmp_path: Path, pbx: Pbx) -> None:
    working = Far(make_workshop(tmp_path, pacing="fixed", bundle=len(PHONES), timeout=1), pbx)
    working.dialer.prepare(at("08:59"))
    pbx.answer = lambda _: ActionReply(ReplyStatus.REFUSED, "Extension does not exist.")
    play(working, Carrier(pbx, lambda _: False), at("09:00"), at("09:00:30"))
    assert len(pbx.orders) <= 15
    assert set(working.todays_results().values()) == {"waiting"}
    working.end()


def test_nothing_goes_after_latest_however_long_the_run_was_held(tmp_path: Path, pbx: Pbx) -> None:
    working = Far(make_workshop(tmp_path, latest="09:10"), pbx)
    working.dialer.prepare(at("08:59"))
    carrier = Carrier(pbx, lambda _: True)
    play(working, carrier, at("09:00"), at("09:20"))
    assert working.dialer.run is None
    assert max(moment for moment, _ in carrier.refused) < at("09:10")
    assert Counter(working.todays_results().values())["waiting"] == 0
    assert any(
        reason.startswith("it was 09:10, after which nothing is handed over; run 1 is held: the last ")
        for reason in working.reasons(at("09:00")).values()
    )
    working.end()


def test_a_run_that_is_still_held_when_its_day_is_over_ends(far: Far, pbx: Pbx) -> None:
    carrier = Carrier(pbx, lambda _: True)
    play(far, carrier, at("09:00"), at("09:01"))
    far.dialer.step(at("23:59"))
    assert far.dialer.run is not None
    far.workshop.write_week("00:00")
    far.dialer.step(at("00:01", "2026-01-06"))
    assert far.dialer.run is None
    reasons = {reason.partition(": run")[0].partition(": the last")[0] for reason in far.reasons(at("09:00")).values()}
    assert "the day of the run was over; run 1 is held" in reasons


def test_zero_turns_it_off(tmp_path: Path, pbx: Pbx) -> None:
    working = Far(make_workshop(tmp_path, hold_after=0), pbx)
    working.dialer.prepare(at("08:59"))
    play(working, Carrier(pbx, lambda _: True), at("09:00"), at("09:02"))
    assert Counter(working.todays_results().values()) == {"congestion": len(PHONES)}
    working.end()


def test_the_attempts_of_who_goes_again_have_names_of_their_own(far: Far, pbx: Pbx) -> None:
    carrier = Carrier(pbx, between("09:00", "09:00:30"))
    play(far, carrier, at("09:00"), at("09:06"))
    failed = Counter(number for _, number in carrier.refused)
    lines = far.lines()
    assert all(lines[number].attempt == failed[number] + 1 for number in PHONES)


def test_without_events_a_run_is_held_and_who_may_have_been_reached_is_not_called_again(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path / "office", phones=PHONES, archive="yes", **LINE)
    with shift(workshop, at("08:59")) as working:
        now, used = at("09:00"), 0
        while now < at("09:10"):
            for file in list(workshop.spool_folder.iterdir()):
                used += 1
                end_call(file, "Expired", done=workshop.done_folder)
            now += timedelta(seconds=max(0.01, min(working.dialer.step(now), 0.5)))
        assert working.dialer.runs.hold is not None
        assert used <= 20 + 10
        assert Counter(working.results(at("09:00")).values()) == {"not answered": used, "waiting": len(PHONES) - used}
