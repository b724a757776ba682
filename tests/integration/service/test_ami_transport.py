"""Calls as Originate actions, the service given its time and Asterisk played by hand: each is ordered once."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from obzvon.asterisk.ami.originate import ActionReply, ReplyStatus
from obzvon.asterisk.ami.reconnect import ConnectionStatus
from obzvon.asterisk.transport.ami import AmiTransport
from obzvon.asterisk.transport.outcome_matcher import OutcomeMatcher
from obzvon.domain.results import Disposition
from obzvon.service.scheduler import Scheduler
from tests.support.faults import every_other, fail_journal
from tests.support.ordered_calls import TAKEN, Far, Pbx
from tests.support.profile import thinned
from tests.support.workshop import Shift, Workshop, at, numbers

if TYPE_CHECKING:
    from obzvon.asterisk.ami.client import AmiClient

PHONES = numbers(6)
LOST = ActionReply(ReplyStatus.UNANSWERED)


class Died(BaseException):
    """The service is killed here."""


class ConnectedClient:
    """A client that is connected, as far as the scheduler asks."""

    def __init__(self) -> None:
        self.calls = SimpleNamespace(on_outcomes=None)

    def start(self) -> None:
        """Do nothing: it is connected."""

    def stop(self) -> None:
        """Do nothing."""

    def status(self) -> ConnectionStatus:
        return ConnectionStatus(up=True, since=at("08:00"))


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(
        tmp_path / "office",
        phones=PHONES,
        bundle=2,
        timeout=10,
        dir_target=tmp_path / "outgoing",
        dir_store=tmp_path / "store",
    )


@pytest.fixture
def pbx() -> Pbx:
    return Pbx()


@pytest.fixture
def far(workshop: Workshop, pbx: Pbx) -> Iterator[Far]:
    workshop.spool_folder.rmdir()
    working = Far(workshop, pbx)
    working.dialer.prepare(at("08:59"))
    yield working
    working.end()


def lose_the_answer_to(pbx: Pbx, number: str, now: datetime, *, is_made: bool) -> None:
    """The connection is cut when that call has been ordered."""

    def answer(one: str) -> ActionReply:
        if one != number:
            return TAKEN
        pbx.cut(now)
        if is_made:
            pbx.calls["obzvon-" + "x"] = one
        return LOST

    pbx.answer = answer


def made(pbx: Pbx, far: Far, number: str) -> None:
    """The call of a lost order is up."""
    line = far.lines()[number]
    token = far.journal.runs.get(line.run_id).token
    pbx.calls[f"obzvon-{token}-{line.position:06d}-1"] = number


# -- a run


def test_each_number_is_ordered_once_at_the_pace_and_ends_as_its_events_show(far: Far, pbx: Pbx) -> None:
    far.work(at("08:59"), at("09:00:05"))
    assert pbx.orders == PHONES[:2]
    assert {far.lines()[number].via for number in PHONES[:2]} == {"ami"}
    far.work(at("09:00:06"), at("09:00:25"))
    assert pbx.orders == PHONES
    pbx.end(PHONES[0])
    pbx.end(PHONES[1], Disposition.BUSY)
    far.work(at("09:00:26"), at("09:00:30"))
    assert list(far.todays_results().values()) == ["answered", "busy", "handed", "handed", "handed", "handed"]
    assert far.dialer.handover.outstanding == 4


def test_no_folder_of_asterisks_is_needed_or_made(far: Far, pbx: Pbx, workshop: Workshop) -> None:
    far.work(at("08:59"), at("09:01"))
    assert pbx.orders == PHONES
    assert not workshop.spool_folder.exists()
    assert workshop.in_store() == []  # the day record, which these settings have there, is none of Asterisk's files


def test_a_refused_call_was_not_made_and_says_why(far: Far, pbx: Pbx, caplog: pytest.LogCaptureFixture) -> None:
    words = {PHONES[1]: "Extension does not exist.", PHONES[2]: "Originate failed"}
    pbx.answer = lambda number: ActionReply(ReplyStatus.REFUSED, words[number]) if number in words else TAKEN
    far.work(at("08:59"), at("09:01"))
    assert list(far.todays_results().values()) == ["handed", "wrong dialplan", "failed", "handed", "handed", "handed"]
    assert far.reasons(at("09:00"))[PHONES[2]] == "Asterisk refused the call: Originate failed"
    assert pbx.orders == PHONES
    assert "Asterisk refused 1 call: Asterisk refused the call: Originate failed" in caplog.text


def test_without_the_permission_all_calls_wait_and_it_is_logged_once(
    far: Far, pbx: Pbx, caplog: pytest.LogCaptureFixture
) -> None:
    pbx.answer = lambda _: ActionReply(ReplyStatus.REFUSED, "Permission denied")
    far.work(at("08:59"), at("09:02:30"))
    assert set(far.todays_results().values()) == {"waiting"}
    assert caplog.text.count("may not originate calls") == 1
    assert "may not originate calls" in str(far.dialer.problems[0])
    assert 10 <= len(pbx.orders) <= 20
    assert set(pbx.orders) == {PHONES[0]}
    assert pbx.renewed == 3
    pbx.answer = lambda _: TAKEN
    pbx.orders.clear()
    far.work(at("09:02:31"), at("09:04"))
    assert pbx.orders == PHONES
    assert far.dialer.problems == ()


def test_while_asterisk_shuts_down_all_calls_wait(far: Far, pbx: Pbx, caplog: pytest.LogCaptureFixture) -> None:
    pbx.answer = lambda _: ActionReply(ReplyStatus.REFUSED, "Originate failed: Asterisk is shutting down")
    far.work(at("08:59"), at("09:02"))
    assert set(far.todays_results().values()) == {"waiting"}
    assert caplog.text.count("Asterisk is shutting down and takes no more calls") == 1
    assert set(pbx.orders) == {PHONES[0]}
    pbx.answer = lambda _: TAKEN
    pbx.orders.clear()
    far.work(at("09:02:01"), at("09:04"))
    assert pbx.orders == PHONES


def test_until_a_new_asterisk_has_loaded_its_dialplan_all_calls_wait(far: Far, pbx: Pbx) -> None:
    pbx.away_since = at("09:00")  # connected since then
    pbx.answer = lambda _: ActionReply(ReplyStatus.REFUSED, "Extension does not exist.")
    far.work(at("08:59"), at("09:00:02"))
    assert set(far.todays_results().values()) == {"waiting"}
    pbx.answer = lambda _: TAKEN
    pbx.orders.clear()
    far.work(at("09:00:03"), at("09:01"))
    assert pbx.orders == PHONES


# -- an answer that is lost


def test_a_call_whose_answer_was_lost_is_not_sent_again_and_is_unknown(far: Far, pbx: Pbx) -> None:
    lose_the_answer_to(pbx, PHONES[0], at("09:00"), is_made=False)
    far.work(at("08:59"), at("09:00:01"))
    assert pbx.orders == PHONES[:1]
    assert far.todays_results()[PHONES[0]] == "handing"
    assert far.todays_results()[PHONES[1]] == "waiting"
    pbx.since = at("09:00:02")
    far.work(at("09:00:02"), at("09:02"))
    assert pbx.orders == PHONES
    assert far.todays_results()[PHONES[0]] == "unknown"
    assert "not sent again" in far.reasons(at("09:00"))[PHONES[0]]
    assert far.todays_results()[PHONES[1]] == "handed"


def test_one_that_is_up_when_the_connection_is_back_has_been_made(far: Far, pbx: Pbx) -> None:
    lose_the_answer_to(pbx, PHONES[0], at("09:00"), is_made=False)
    far.work(at("08:59"), at("09:00:01"))
    made(pbx, far, PHONES[0])
    pbx.since = at("09:00:02")
    far.work(at("09:00:02"), at("09:01"))
    assert far.todays_results()[PHONES[0]] == "handed"
    pbx.end(PHONES[0], Disposition.NO_ANSWER)
    far.work(at("09:01:01"), at("09:01:04"))
    assert far.todays_results()[PHONES[0]] == "no answer"
    assert pbx.orders == PHONES


def test_one_whose_events_come_has_been_made(far: Far, pbx: Pbx) -> None:
    lose_the_answer_to(pbx, PHONES[0], at("09:00"), is_made=False)
    far.work(at("08:59"), at("09:00:01"))
    made(pbx, far, PHONES[0])
    pbx.since = at("09:00:02")
    pbx.end(PHONES[0], Disposition.BUSY)
    far.work(at("09:00:02"), at("09:00:08"))
    assert far.todays_results()[PHONES[0]] == "busy"
    assert pbx.orders.count(PHONES[0]) == 1


def test_if_the_connection_never_comes_back_a_doubt_ends_in_an_hour(far: Far, pbx: Pbx) -> None:
    lose_the_answer_to(pbx, PHONES[0], at("09:00"), is_made=False)
    far.work(at("08:59"), at("09:00:30"))
    far.work(at("09:50"), at("09:50:30"))
    assert far.todays_results()[PHONES[0]] == "handing"
    far.work(at("10:00:10"), at("10:00:30"))
    assert far.todays_results()[PHONES[0]] == "unknown"


def test_a_call_in_doubt_counts_as_a_line_in_use(workshop: Workshop, pbx: Pbx) -> None:
    keys: dict[str, Any] = {"pacing": "adaptive", "lines": 2, "calls_per_second": 10}
    office = Workshop(workshop.folder.parent / "ceiling", phones=PHONES, **keys)
    far = Far(office, pbx)
    far.dialer.prepare(at("08:59"))
    lose_the_answer_to(pbx, PHONES[0], at("09:00"), is_made=False)
    far.work(at("08:59"), at("09:00:01"))
    pbx.answer = lambda _: TAKEN
    pbx.since = at("09:00:02")
    far.work(at("09:00:02"), at("09:00:03"))
    assert pbx.orders == PHONES[:2]
    far.work(at("09:00:04"), at("09:00:06"))  # now nobody doubts that it was not made
    assert pbx.orders == PHONES[:3]
    pbx.end(PHONES[1])
    far.work(at("09:00:07"), at("09:00:08"))
    assert pbx.orders == PHONES[:4]
    far.end()


def test_a_test_call_whose_answer_is_lost_says_so(far: Far, pbx: Pbx) -> None:
    lose_the_answer_to(pbx, "89161234567", at("08:30"), is_made=False)
    answer = far.ask("call", at("08:30"), number="89161234567")
    assert not answer.ok
    assert "the connection was lost" in str(answer.text)
    pbx.since = at("08:31")
    far.work(at("08:31"), at("08:31:10"))
    assert far.todays_results()["89161234567"] == "unknown"
    assert pbx.orders == ["89161234567"]


def test_a_test_call_that_asterisk_refuses_is_not_said_to_be_handed_over(far: Far, pbx: Pbx) -> None:
    pbx.answer = lambda _: ActionReply(ReplyStatus.REFUSED, "Extension does not exist.")
    answer = far.ask("call", at("08:30"), number="89161234567")
    assert not answer.ok
    assert "dialplan has no" in str(answer.text)
    assert far.todays_results() == {"89161234567": "wrong dialplan"}


@pytest.mark.parametrize("back", ["heard before it", "heard since"])
def test_a_clock_set_back_does_not_keep_a_call_in_doubt_till_it_shows_that_time_again(
    workshop: Workshop, pbx: Pbx, back: str
) -> None:
    far = Far(workshop, pbx)
    far.dialer.prepare(at("09:00"))
    lose_the_answer_to(pbx, PHONES[0], at("09:00"), is_made=False)
    far.work(at("09:00"), at("09:00:01"))
    pbx.since = at("09:00:02")
    if back == "heard since":
        far.work(at("09:00:02"), at("09:00:02"))
    pbx.answer = lambda _: TAKEN
    far.work(at("08:00:02"), at("08:00:15"))
    assert far.todays_results()[PHONES[0]] == "unknown"
    assert pbx.orders.count(PHONES[0]) == 1
    far.end()


# -- killed and started again


@pytest.mark.parametrize("place", thinned(range(6), 3))
@pytest.mark.parametrize("is_made", [True, False])
def test_a_service_killed_at_an_order_sends_none_again_and_forgets_nobody(
    workshop: Workshop, pbx: Pbx, place: int, is_made: bool
) -> None:
    def dies(number: str) -> ActionReply:
        if number == PHONES[place]:
            raise Died
        return TAKEN

    first = Far(workshop, pbx)
    first.dialer.prepare(at("08:59"))
    pbx.answer = dies
    with pytest.raises(Died):
        first.work(at("08:59"), at("09:01"))
    if is_made:
        made(pbx, first, PHONES[place])
    first.journal.close()
    pbx.since, pbx.answer = None, lambda _: TAKEN
    second = Far(workshop, pbx)
    second.dialer.prepare(at("09:01:01"))
    pbx.since = at("09:01:02")
    second.work(at("09:01:01"), at("09:03"))
    bundle = PHONES[place - place % 2 : place - place % 2 + 2]
    together = bundle[1:] if place % 2 == 0 else []  # on its way with it, by the journal
    assert pbx.orders == [number for number in PHONES if number != PHONES[place] and number not in together]
    unknown = {*together} if is_made else {PHONES[place], *together}
    assert second.todays_results() == {number: "unknown" if number in unknown else "handed" for number in PHONES}
    second.end()


def test_calls_that_ended_while_the_service_was_away_are_unknown_and_those_that_are_up_go_on(
    workshop: Workshop, pbx: Pbx
) -> None:
    first = Far(workshop, pbx)
    first.dialer.prepare(at("08:59"))
    first.work(at("08:59"), at("09:01"))
    assert pbx.orders == PHONES
    first.end()
    pbx.since = None
    for number in PHONES[:4]:
        pbx.end(number)
    second = Far(workshop, pbx)
    second.dialer.prepare(at("09:02"))
    second.work(at("09:02"), at("09:02:10"))
    assert set(second.todays_results().values()) == {"handed"}  # nobody can tell yet
    pbx.since = at("09:02:11")
    second.work(at("09:02:11"), at("09:02:20"))
    assert list(second.todays_results().values()) == ["unknown"] * 4 + ["handed"] * 2
    for number in PHONES[4:]:
        pbx.end(number)
    second.work(at("09:02:21"), at("09:02:25"))
    assert list(second.todays_results().values()) == ["unknown"] * 4 + ["answered"] * 2
    assert pbx.orders == PHONES
    second.end()


@pytest.mark.parametrize(
    "method",
    [
        "transitions.begin_handing",
        "transitions.end_handing",
        "transitions.end_calls",
        "runs.settle",
        "runs.set_state",
        "transitions.return_to_waiting",
        "calls.waiting_retries",
        "calls.in_transit",
    ],
)
@pytest.mark.parametrize("done", thinned([True, False], 2), ids=lambda done: "done" if done else "undone")
def test_a_journal_that_fails_at_whatever_point_orders_nobody_twice_and_forgets_nobody(
    far: Far, pbx: Pbx, monkeypatch: pytest.MonkeyPatch, method: str, done: bool
) -> None:
    fail_journal(monkeypatch, method, done=done, fails=every_other)
    far.work(at("08:59:59"), at("09:04:00"))
    monkeypatch.undo()
    for number in list(pbx.calls.values()):
        pbx.end(number)
    far.work(at("09:04:01"), at("09:05:00"))
    assert len(pbx.orders) == len(set(pbx.orders))
    assert pbx.orders == PHONES
    assert set(far.todays_results().values()) == {"answered"}
    assert [run.state for run in far.journal.runs.on_days(at("09:00").date())] == ["done"]


@pytest.mark.parametrize("method", ["transitions.schedule_retries", "transitions.end_calls", "runs.settle"])
@pytest.mark.parametrize("done", [False, True], ids=["undone", "done"])
def test_outcomes_survive_while_the_journal_cannot_be_written(
    far: Far, pbx: Pbx, monkeypatch: pytest.MonkeyPatch, method: str, done: bool
) -> None:
    far.work(at("08:59:59"), at("09:01"))
    fail_journal(monkeypatch, method, done=done, fails=lambda call: call <= 2)
    pbx.end(PHONES[0], Disposition.BUSY)
    for number in PHONES[1:]:
        pbx.end(number)
    far.work(at("09:01:01"), at("09:03"))
    assert far.todays_results() == dict.fromkeys(PHONES, "answered") | {PHONES[0]: "busy"}


# -- the connection is away


def test_with_no_spool_the_calls_wait_and_go_when_it_is_back(
    far: Far, pbx: Pbx, caplog: pytest.LogCaptureFixture
) -> None:
    pbx.cut(at("08:59:30"))
    with caplog.at_level(logging.INFO, "obzvon"):
        far.work(at("08:59"), at("09:05"))
        assert set(far.todays_results().values()) == {"waiting"}
        assert caplog.text.count("no calls can be handed over: the connection was lost") == 1
        pbx.since = at("09:05:01")
        far.work(at("09:05:01"), at("09:06"))
    assert pbx.orders == PHONES
    assert "work continues" in caplog.text


def test_a_moment_without_it_is_not_worth_a_word(far: Far, pbx: Pbx, caplog: pytest.LogCaptureFixture) -> None:
    pbx.cut(at("08:59:58"))
    far.work(at("08:59"), at("09:00:02"))
    pbx.since = at("09:00:02")
    far.work(at("09:00:02"), at("09:01"))
    assert pbx.orders == PHONES
    assert "handed over: the connection" not in caplog.text


def test_what_still_waits_when_the_day_is_over_is_withdrawn(tmp_path: Path, pbx: Pbx) -> None:
    far = Far(Workshop(tmp_path / "closing", phones=PHONES, latest="09:30"), pbx)
    far.dialer.prepare(at("08:59"))
    pbx.cut(at("08:59"))
    far.work(at("08:59"), at("09:01"))
    far.work(at("09:29:50"), at("09:30:20"))
    assert set(far.todays_results().values()) == {"withdrawn"}
    pbx.since = at("09:31")
    far.work(at("09:31"), at("09:32"))
    assert pbx.orders == []
    far.end()


@pytest.fixture
def near(workshop: Workshop, pbx: Pbx) -> Iterator[Far]:
    """With a spool to fall back on."""
    working = Far(workshop, pbx, spool=True)
    working.dialer.prepare(at("08:59"))
    yield working
    working.end()


def test_the_spool_stands_in_and_that_is_said(
    near: Far, pbx: Pbx, workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    pbx.cut(at("08:59:30"))
    near.work(at("08:59"), at("09:00:05"))
    assert workshop.in_spool() == PHONES[:2]
    assert "calls go through the spool" in str(near.dialer.transports.degraded_by)
    assert caplog.text.count("calls go through the spool") == 1
    pbx.since = at("09:00:06")
    near.work(at("09:00:06"), at("09:01"))
    assert pbx.orders == PHONES[2:]
    assert near.dialer.transports.degraded_by is None
    assert [near.lines()[number].via for number in PHONES] == [None, None, "ami", "ami", "ami", "ami"]


def test_a_spool_that_cannot_be_used_does_not_stand_in(near: Far, pbx: Pbx, workshop: Workshop) -> None:
    workshop.spool_folder.rmdir()
    pbx.cut(at("08:59:30"))
    near.work(at("08:59"), at("09:01"))
    assert set(near.todays_results().values()) == {"waiting"}
    assert not workshop.spool_folder.exists()
    assert "no calls can be handed over" in str(near.dialer.problems[0])


def test_without_the_right_the_spool_does_not_stand_in(near: Far, pbx: Pbx, workshop: Workshop) -> None:
    pbx.answer = lambda _: ActionReply(ReplyStatus.REFUSED, "Permission denied")
    near.work(at("08:59"), at("09:00:15"))
    pbx.cut(at("09:00:16"))
    near.work(at("09:00:16"), at("09:01"))
    assert workshop.in_spool() == []
    assert set(near.todays_results().values()) == {"waiting"}


def test_an_order_whose_answer_was_lost_does_not_go_through_the_spool(near: Far, pbx: Pbx, workshop: Workshop) -> None:
    lose_the_answer_to(pbx, PHONES[0], at("09:00"), is_made=False)
    near.work(at("08:59"), at("09:01"))
    assert pbx.orders == PHONES[:1]
    assert workshop.in_spool() == PHONES[1:]
    pbx.since = at("09:01:01")
    near.work(at("09:01:02"), at("09:01:10"))
    assert near.todays_results()[PHONES[0]] == "unknown"


def test_a_killed_service_finds_by_the_journal_which_way_each_call_went(workshop: Workshop, pbx: Pbx) -> None:
    first = Far(workshop, pbx, spool=True)
    first.dialer.prepare(at("08:59"))
    pbx.cut(at("08:59:30"))
    first.work(at("08:59"), at("09:00:05"))
    pbx.since = at("09:00:06")
    first.work(at("09:00:06"), at("09:01"))
    first.end()
    for file in workshop.spool_folder.iterdir():
        file.unlink()
    second = Far(workshop, pbx, spool=True)
    second.dialer.prepare(at("09:01:01"))
    pbx.since = at("09:01:02")
    second.work(at("09:01:02"), at("09:01:20"))
    assert list(second.todays_results().values()) == ["unknown"] * 2 + ["handed"] * 4
    second.end()


# -- orders


def test_a_pause_and_a_stop_leave_alone_what_was_ordered(far: Far, pbx: Pbx) -> None:
    far.work(at("08:59"), at("09:00:05"))
    assert "already with Asterisk: 2" in str(far.ask("pause", at("09:00:06")).text)
    far.work(at("09:00:07"), at("09:00:40"))
    assert pbx.orders == PHONES[:2]
    answer = far.ask("stop", at("09:00:41"), withdraw=True)
    assert str(answer.text) == "stopped; calls withdrawn: 4, still with Asterisk: 2"
    pbx.end(PHONES[0])
    pbx.end(PHONES[1])
    far.work(at("09:00:42"), at("09:00:50"))
    assert list(far.todays_results().values()) == ["answered", "answered", *["withdrawn"] * 4]


def test_a_second_round_is_another_order(tmp_path: Path, pbx: Pbx) -> None:
    far = Far(Workshop(tmp_path / "rounds", phones=PHONES[:2], bundle=2, busy="1 x 1m"), pbx)
    far.dialer.prepare(at("08:59"))
    far.work(at("08:59"), at("09:00:05"))
    first = set(pbx.calls)
    pbx.end(PHONES[0], Disposition.BUSY)
    pbx.end(PHONES[1])
    far.work(at("09:00:06"), at("09:01:30"))
    assert pbx.orders == [*PHONES[:2], PHONES[0]]
    assert not first & set(pbx.calls)
    pbx.end(PHONES[0])
    far.work(at("09:01:31"), at("09:01:40"))
    assert set(far.todays_results().values()) == {"answered"}
    far.end()


def test_an_interrupted_second_round_goes_on_with_who_was_not_ordered(tmp_path: Path, pbx: Pbx) -> None:
    far = Far(Workshop(tmp_path / "rounds", phones=PHONES[:4], bundle=4, busy="1 x 1m"), pbx)
    far.dialer.prepare(at("08:59"))
    far.work(at("08:59"), at("09:00:05"))
    for number in PHONES[:4]:
        pbx.end(number, Disposition.BUSY)
    pbx.orders.clear()
    lose_the_answer_to(pbx, PHONES[1], at("09:01:06"), is_made=False)
    far.work(at("09:00:06"), at("09:01:08"))
    assert pbx.orders == PHONES[:2]
    pbx.answer, pbx.since = (lambda _: TAKEN), at("09:01:09")
    far.work(at("09:01:09"), at("09:02"))
    assert pbx.orders == PHONES[:4]
    far.end()


def test_one_check_as_from_cron_waits_for_the_last_call(workshop: Workshop, pbx: Pbx) -> None:
    far, moments = Far(workshop, pbx), iter(at("09:00") + timedelta(seconds=n) for n in range(10_000))

    def each() -> None:
        if len(pbx.orders) == len(PHONES) and far.dialer.run is None:
            for number in list(pbx.calls.values())[:1]:
                pbx.end(number)

    scheduler = Scheduler(
        far.dialer,
        far.schedule_watch,
        far.commands,
        far.heartbeats,
        now=lambda: next(moments),
        ami=cast("AmiClient", ConnectedClient()),
    )
    scheduler.waker.sleep = lambda seconds: None  # type: ignore[method-assign]
    assert scheduler.run_once(each)
    assert set(far.todays_results().values()) == {"answered"}
    far.end()


# -- the gauge


def test_what_was_ordered_is_in_use_until_it_is_over(workshop: Workshop, pbx: Pbx) -> None:
    transport = AmiTransport(pbx, pbx, workshop.settings.ordinary, workshop.settings.coded, OutcomeMatcher(pbx))
    far = Far(workshop, pbx)
    far.dialer.prepare(at("08:59"))
    far.work(at("08:59"), at("09:00:30"))
    assert len(far.dialer.transports.calls_in_progress()) == 6
    pbx.end(PHONES[0])
    assert len(far.dialer.transports.calls_in_progress()) == 5  # before anybody has asked how it ended
    assert transport.calls_in_progress() == []
    far.end()


def test_whose_settings_have_lost_ami_learns_that_nobody_hears_of_those_calls(workshop: Workshop, pbx: Pbx) -> None:
    first = Far(workshop, pbx)
    first.dialer.prepare(at("08:59"))
    first.work(at("08:59"), at("09:00:30"))
    first.end()
    second = Shift(workshop)
    second.dialer.prepare(at("09:01"))
    second.work(at("09:01"), at("09:01:10"))
    assert set(second.results(at("09:00")).values()) == {"unknown"}
    assert all("no longer in the settings" in reason for reason in second.reasons(at("09:00")).values())
    assert workshop.in_spool() == []
    second.end()
