"""Pace: time to the next bundle, and the length of a run."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.domain.pacing import MAX_BATCH, Capacity, LinesInUse, Pace, PaceMode

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


@pytest.mark.parametrize(("since", "wait"), [(0, 10), (0.25, 9.75), (9.999, 0.001), (10, 0), (11, 0), (86_400, 0)])
def test_the_next_bundle_waits_for_the_rest_of_the_delay(since: float, wait: float) -> None:
    assert Pace(2, 10).seconds_until_next(after(since), NINE) == pytest.approx(wait)


def test_the_first_bundle_waits_for_nothing() -> None:
    assert Pace(2, 10).seconds_until_next(NINE, None) == 0


def test_a_clock_set_back_delays_nothing() -> None:
    assert Pace(2, 10).seconds_until_next(after(-1), NINE) == 0
    assert Pace(2, 10).seconds_until_next(after(-86_400), NINE) == 0


def test_without_a_delay_nothing_is_waited_for() -> None:
    assert Pace(2, 0).seconds_until_next(NINE, NINE) == 0


@pytest.mark.parametrize(
    ("bundle", "calls", "bundles", "seconds"),
    [(2, 0, 0, 0), (2, 1, 1, 0), (2, 2, 1, 0), (2, 3, 2, 10), (2, 5, 3, 20), (1, 100, 100, 990), (1000, 999, 1, 0)],
)
def test_a_run_is_as_many_bundles_as_it_takes_with_a_delay_between_them_only(
    bundle: int, calls: int, bundles: int, seconds: float
) -> None:
    pace = Pace(bundle, 10)
    assert pace.count_bundles(calls) == bundles
    assert pace.duration(calls) == timedelta(seconds=seconds)


@given(st.integers(1, 100_000), st.floats(0, 3600), st.integers(0, 1_000_000))
def test_what_is_foretold_is_what_the_waits_add_up_to(bundle: int, delay: float, calls: int) -> None:
    pace = Pace(bundle, delay)
    bundles = pace.count_bundles(calls)
    assert 0 <= bundles * bundle - calls < bundle
    assert pace.duration(calls).total_seconds() == pytest.approx(
        max(0, bundles - 1) * pace.seconds_until_next(NINE, NINE), abs=1e-3
    )


def test_a_handful_is_small_enough_to_be_waited_for() -> None:
    assert 0 < MAX_BATCH <= 1000


@pytest.mark.parametrize(
    ("ceiling", "ours", "others", "room"),
    [
        (Capacity(), 5000, 5000, MAX_BATCH),
        (Capacity(lines=30), 0, 0, 30),
        (Capacity(lines=30), 12, 10, 8),
        (Capacity(lines=30, reserve=5), 12, 10, 3),
        (Capacity(lines=30, reserve=5), 12, 18, 0),
        (Capacity(lines=30, limit=20), 12, 0, 8),
        (Capacity(lines=30, limit=20), 12, 15, 3),
        (Capacity(limit=20), 12, 500, 8),
        (Capacity(limit=20), 25, 0, 0),
    ],
)
def test_there_is_room_for_what_lines_reserve_and_limit_leave(
    ceiling: Capacity, ours: int, others: int, room: int
) -> None:
    assert ceiling.batch_room(LinesInUse(ours, others)) == room


@given(
    st.integers(1, 500), st.integers(0, 500), st.none() | st.integers(1, 500), st.integers(0, 600), st.integers(0, 600)
)
def test_whoever_fills_the_room_is_never_over_the_ceiling(
    lines: int, reserve: int, limit: int | None, ours: int, others: int
) -> None:
    ceiling = Capacity(lines, reserve, limit)
    room = ceiling.batch_room(LinesInUse(ours, others))
    assert room >= 0
    if room:
        assert ours + room + others <= lines - reserve
        assert limit is None or ours + room <= limit
    most = ceiling.max_ours
    assert most is not None
    assert ceiling.batch_room(LinesInUse(0)) == most


def test_a_fixed_pace_looks_at_nothing_and_the_others_only_where_there_is_a_ceiling() -> None:
    assert not Pace(2, 10, ceiling=Capacity(lines=30)).is_bounded
    assert not Pace(2, 10, PaceMode.THROTTLED).is_bounded
    assert Pace(2, 10, PaceMode.ADAPTIVE, ceiling=Capacity(limit=3)).is_bounded


@pytest.mark.parametrize(("rate", "size", "step"), [(10, 1, 0.1), (100, 10, 0.1), (0.5, 1, 2), (25, 2, 0.08)])
def test_an_adaptive_pace_goes_in_small_bundles_at_its_rate(rate: float, size: int, step: float) -> None:
    pace = Pace(200, 60, PaceMode.ADAPTIVE, rate)
    assert pace.bundle_size == size
    assert pace.interval == pytest.approx(step)
    assert pace.duration(1000).total_seconds() == pytest.approx(1000 / rate, abs=2 * step)


def test_a_bundle_that_was_cut_is_waited_for_as_much_less_in_the_adaptive_mode_only() -> None:
    assert Pace(2, 10, PaceMode.ADAPTIVE, 100).seconds_until_next(NINE, NINE, 3) == pytest.approx(0.03)
    assert Pace(20, 10, PaceMode.THROTTLED).seconds_until_next(NINE, NINE, 3) == 10


def test_a_pace_says_what_it_is() -> None:
    assert str(Pace(2, 10).describe()) == "bundles of 2 calls, 10 s apart"
    assert str(Pace(2, 10, PaceMode.ADAPTIVE, 12.5, Capacity(lines=30, reserve=4)).describe()) == (
        "as soon as there is room, up to 12.5 calls a second, at most 26 calls at once"
    )
