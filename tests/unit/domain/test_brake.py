"""The brake: when a run is held, which of its calls are a probe, and whose phone certainly did not ring."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.domain.brake import AttemptEnd, Brake, RunHold, Verdict, judge_attempt, never_rang, replay
from obzvon.domain.calls import CallRecord
from obzvon.domain.results import Disposition

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
FAULTS = ["congestion", "refused", "unreachable trunk", "wrong dialplan", "failed", "not played"]


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def ended(position: int, result: str = "congestion", *, at: float = 1, **fields: object) -> AttemptEnd:
    return AttemptEnd(
        position=position,
        at=after(at),
        disposition=Disposition(result),
        **{"tries": 1, **fields},  # type: ignore[arg-type]
    )


def brake_with(calls: int, limit: int = 10) -> Brake:
    brake = Brake(limit)
    for position in range(1, calls + 1):
        brake.begin(position, NINE)
    return brake


@pytest.mark.parametrize("result", FAULTS)
def test_ten_failures_that_are_nobodys_choice_hold_the_run(result: str) -> None:
    brake = brake_with(10)
    for position in range(1, 10):
        brake.end(ended(position, result))
        assert not brake.is_held
    brake.end(ended(10, result, at=3))
    assert brake.held_since == after(3)
    assert (brake.failures, brake.last_result, brake.is_probing) == (10, result, False)


@pytest.mark.parametrize(
    ("result", "fields"),
    [
        ("answered", {}),
        ("busy", {}),
        ("no answer", {"has_rung": True}),
        ("refused", {"has_rung": True}),
        ("no answer", {}),
        ("not answered", {"at": 20}),
    ],
)
def test_one_that_may_have_got_somewhere_keeps_the_run_going(result: str, fields: dict[str, object]) -> None:
    brake = brake_with(19)
    for position in [*range(1, 10), *range(11, 20)]:
        brake.end(ended(position))
    assert not brake.is_held
    brake.end(ended(10, result, **fields))  # type: ignore[arg-type]
    assert not brake.is_held


@pytest.mark.parametrize("result", ["unknown", "withdrawn", "no such number"])
def test_what_says_nothing_neither_counts_nor_lets_the_run_go_on(result: str) -> None:
    brake = brake_with(11)
    brake.end(ended(5, result))
    for position in (1, 2, 3, 4, 6, 7, 8, 9, 10):
        brake.end(ended(position))
    assert not brake.is_held
    brake.end(ended(11))
    assert brake.is_held


def test_a_few_bad_numbers_among_many_calls_in_progress_hold_nothing() -> None:
    """Show a thousand calls at once, of which those that fail end first."""
    brake = brake_with(1000)
    for position in range(1, 1000, 20):
        brake.end(ended(position))
    assert not brake.is_held
    assert brake.room(after(1)) is None


def test_the_order_in_which_attempts_end_does_not_matter() -> None:
    brake = brake_with(11)
    for position in (10, 3, 7, 1, 9, 2, 8, 4, 6):
        brake.end(ended(position))
    brake.end(ended(11, "answered"))
    brake.end(ended(5))
    assert not brake.is_held


def test_someone_who_was_called_before_the_failures_does_not_end_the_hold() -> None:
    brake = brake_with(11)
    for position in range(2, 12):
        brake.end(ended(position, at=2))
    brake.end(ended(1, "answered", at=60))
    assert brake.held_since == after(2)


@pytest.mark.parametrize(
    "fields", [{"result": "answered"}, {"result": "busy"}, {"result": "no answer", "has_rung": True}]
)
def test_a_probe_that_gets_through_lets_the_run_go_on(fields: dict[str, object]) -> None:
    brake = brake_with(10)
    for position in range(1, 11):
        brake.end(ended(position))
    brake.begin(11, after(60))
    assert brake.is_held
    assert brake.is_probing
    brake.end(ended(11, at=90, **fields))  # type: ignore[arg-type]
    assert not brake.is_held


@pytest.mark.parametrize("result", ["congestion", "no answer", "unknown"])
def test_a_probe_that_does_not_get_through_leaves_it_held(result: str) -> None:
    brake = brake_with(10)
    for position in range(1, 11):
        brake.end(ended(position))
    brake.begin(11, after(60))
    brake.end(ended(11, result, at=61))
    assert brake.held_since == after(1)
    assert not brake.is_probing


def test_an_operator_lets_the_run_go_on_and_the_count_begins_again() -> None:
    brake = brake_with(10)
    for position in range(1, 11):
        brake.end(ended(position))
    brake.release()
    assert not brake.is_held
    for position in range(1, 11):
        assert not brake.is_held
        brake.begin(position, after(30))
        brake.end(ended(position, at=31))
    assert brake.is_held


def test_numbers_that_fail_again_after_somebody_was_reached_do_not_hold_the_run() -> None:
    """At the end of a run only those are left that always fail."""
    brake = brake_with(10)
    for position in range(1, 10):
        brake.end(ended(position))
    brake.end(ended(10, "answered"))
    for position in range(1, 10):
        brake.begin(position, after(600))
    brake.begin(11, after(600))
    for position in [*range(1, 10), 11]:
        brake.end(ended(position, at=601))
    assert not brake.is_held
    assert len(brake.failed()) == 10


def test_zero_never_holds() -> None:
    brake = brake_with(1000, limit=0)
    for position in range(1, 1001):
        brake.end(ended(position))
    assert not brake.is_held
    assert brake.room(after(1)) is None
    assert not brake.could_hold(after(9))


def test_after_three_failures_side_by_side_only_a_few_more_go_unheard() -> None:
    brake = brake_with(2)
    brake.end(ended(1))
    brake.end(ended(2))
    assert brake.room(after(1)) is None
    brake.begin(3, after(1))
    brake.end(ended(3, at=2))
    assert brake.room(after(2)) == 12
    for position in range(4, 16):
        brake.begin(position, after(2))
    assert brake.room(after(3)) == 0
    assert brake.room(after(7)) is None  # what lasts longer than a refusal got somewhere


def test_a_held_run_has_room_for_one() -> None:
    brake = brake_with(10)
    for position in range(1, 11):
        brake.end(ended(position))
    assert brake.room(after(60)) == 1


def test_it_waits_for_the_last_calls_of_a_run_only_where_they_may_matter() -> None:
    brake = brake_with(12)
    assert not brake.could_hold(after(9))
    brake.end(ended(1))
    assert brake.could_hold(after(9))
    for position in (2, 3, 4):
        brake.end(ended(position, "answered"))
    assert not brake.could_hold(after(9))


@pytest.mark.parametrize(
    ("end", "certain"),
    [
        (ended(1), True),
        (ended(1, "refused", at=4.9), True),
        (ended(1, "refused", at=20), False),  # a ringing that the carrier did not report
        (ended(1, "unreachable trunk", at=32), True),
        (ended(1, "unreachable trunk", at=4.9), True),
        (ended(1, "unreachable trunk", at=20), False),  # accepted in silence, given up by OBZVON_RING
        (ended(1, "wrong dialplan", at=32), True),
        (ended(1, has_rung=True), False),
        (ended(1, "not played", has_answered=True), False),
        (ended(1, "not played"), False),
        (ended(1, tries=2), False),  # the earlier attempts of Asterisk's may have reached a phone
        (ended(1, tries=None), False),  # events may have been missed
        (ended(1, "wrong dialplan", tries=None, was_refused=True), True),
        (ended(1, "not answered"), False),
        (ended(1, "busy"), False),
        (ended(1, "unknown"), False),
        (ended(1, "answered"), False),
    ],
)
def test_only_who_certainly_was_not_rung_may_go_again(end: AttemptEnd, certain: bool) -> None:
    assert never_rang(end, NINE) is certain


@pytest.mark.parametrize(("seconds", "verdict"), [(0.5, "failed"), (3, "unclear"), (5, "through"), (300, "through")])
@pytest.mark.parametrize("result", ["not answered", "handed"])
def test_without_events_the_time_that_a_call_took_decides(result: str, seconds: float, verdict: str) -> None:
    assert judge_attempt(ended(1, result, at=seconds), NINE) is Verdict(verdict)


@given(st.lists(st.sampled_from(["congestion", "answered", "no answer", "unknown", None]), max_size=60))
def test_it_holds_exactly_where_ten_failed_side_by_side_with_nobody_reached_behind(results: list[str | None]) -> None:
    brake = Brake(10)
    for position, result in enumerate(results):
        brake.begin(position, NINE)
        if result is not None:
            brake.end(ended(position, result))
    text = "".join({"congestion": "F", "answered": "A", "no answer": "u", "unknown": "", None: "o"}[r] for r in results)
    behind = text.rpartition("A")[2]
    # Once held, only somebody who is reached ends it.
    assert brake.is_held is ("F" * 10 in behind)


def record(position: int, result: str | None, *, state: str = "ended", at: float = 0, **more: object) -> CallRecord:
    return CallRecord(
        **{
            "run_id": 1,
            "kind": "week",
            "day": date(2026, 1, 5),
            "position": position,
            "row": str(position),
            "number": "89161111111",
            "code": "",
            "name": "",
            "state": state,
            "disposition": result,
            "reason": None,
            "attempt": 1,
            "bundle": 1,
            "handed_at": after(at),
            "ended_at": after(at + 1),
            "tries": 1,
            **more,
        }  # type: ignore[arg-type]
    )


@given(
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["congestion", "answered", "unknown"])), max_size=80),
    st.integers(1, 5),
)
def test_what_it_remembers_of_its_attempts_is_what_it_would_find(ops: list[tuple[int, str]], limit: int) -> None:
    brake, recounted = Brake(limit), Brake(limit)
    in_progress: set[int] = set()
    for position, result in ops:  # each call is begun, ended, begun again, ...
        for one in (brake, recounted):
            if position in in_progress:
                one.end(ended(position, result))
            else:
                one.begin(position, NINE)
        in_progress ^= {position}
        recounted.forget_lost(in_progress)  # forgets nothing, and looks through all of them
        assert brake.room(after(1)) == recounted.room(after(1))
        assert brake.could_hold(after(1)) == recounted.could_hold(after(1))
        assert (brake.held_since, brake.is_probing) == (recounted.held_since, recounted.is_probing)


def test_a_restart_finds_the_run_held_by_its_calls() -> None:
    calls = [record(position, "congestion", at=position) for position in range(1, 11)]
    brake = replay(10, reversed(calls))
    assert brake.held_since == after(11)
    assert [one.position for one in brake.failed()] == list(range(1, 11))
    assert all(one.never_rang for one in brake.failed())
    assert not replay(10, [*calls, record(11, "busy", at=20)]).is_held
    assert replay(10, [*calls, record(11, None, state="handed", at=70)]).is_probing


def test_a_restart_remembers_that_an_operator_let_the_run_go_on() -> None:
    calls = [record(position, "congestion", at=position) for position in range(1, 11)]
    assert not replay(10, calls, after(60)).is_held


def test_orders_that_were_refused_have_no_time_of_hand_over() -> None:
    calls = [record(n, "wrong dialplan", handed_at=None, tries=None, via="ami") for n in range(1, 11)]
    assert all(one.never_rang for one in replay(10, calls).failed())


def test_calls_that_go_again_still_count() -> None:
    calls = [record(n, "congestion", state="waiting", attempt=2) for n in range(1, 11)]
    assert replay(10, calls).is_held


def test_the_reason_names_run_number_and_result() -> None:
    hold = RunHold(7, NINE, 12, "refused")
    assert (
        hold.describe().in_language("en") == "run 7 is held: the last 12 calls all failed, the last one: call refused"
    )


def test_numbers_that_failed_before_do_not_keep_others_from_going() -> None:
    brake = Brake(10)
    for position in range(1, 16):
        brake.begin(position, NINE)
        brake.end(ended(position))
        brake.begin(100 + position, NINE)
        brake.end(ended(100 + position, "busy"))
    for position in range(201, 204):
        brake.begin(position, NINE)
        brake.end(ended(position))
    for position in range(1, 16):
        brake.begin(position, NINE)
        brake.end(ended(position))
    assert not brake.is_held
    assert brake.room(NINE)


@pytest.mark.parametrize("result", ["congestion", "refused", "unreachable trunk", "failed"])
def test_an_attempt_that_ended_before_it_began_by_the_clock_may_have_rung(result: str) -> None:
    assert not never_rang(ended(1, result, at=-30), NINE)


@pytest.mark.parametrize("result", ["not answered", "handed"])
def test_a_clock_that_was_set_back_says_nothing_of_how_long_a_call_lasted(result: str) -> None:
    assert judge_attempt(ended(1, result, at=-30, tries=None), NINE) is None


def test_calls_that_came_back_do_not_count_as_in_progress() -> None:
    brake = brake_with(10)
    brake.forget_lost({10})
    assert not brake.could_hold(after(9))
    for position in range(1, 10):
        brake.begin(position, NINE)
        brake.end(ended(position))
    assert brake.could_hold(after(9))
    brake.end(ended(10))
    assert not brake.could_hold(after(9))


def test_each_failure_is_reported_as_one_that_never_rang_once() -> None:
    brake = brake_with(10)
    for position in range(1, 11):
        brake.end(ended(position))
    brake.note_called_again()
    assert [one.never_rang for one in brake.failed()] == [False] * 10
