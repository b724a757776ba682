"""How long until the next bundle, and when a run will be through."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.pacing import HANDFUL, Pace

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


@pytest.mark.parametrize(("since", "wait"), [(0, 10), (0.25, 9.75), (9.999, 0.001), (10, 0), (11, 0), (86_400, 0)])
def test_the_next_bundle_waits_for_the_rest_of_the_delay(since: float, wait: float) -> None:
    assert Pace(2, 10).wait(after(since), NINE) == pytest.approx(wait)


def test_the_first_bundle_waits_for_nothing() -> None:
    assert Pace(2, 10).wait(NINE, None) == 0


def test_a_clock_set_back_delays_nothing() -> None:
    assert Pace(2, 10).wait(after(-1), NINE) == 0
    assert Pace(2, 10).wait(after(-86_400), NINE) == 0


def test_without_a_delay_nothing_is_waited_for() -> None:
    assert Pace(2, 0).wait(NINE, NINE) == 0


@pytest.mark.parametrize(("bundle", "calls", "bundles", "seconds"), [
    (2, 0, 0, 0), (2, 1, 1, 0), (2, 2, 1, 0), (2, 3, 2, 10), (2, 5, 3, 20), (1, 100, 100, 990), (1000, 999, 1, 0)])
def test_a_run_is_as_many_bundles_as_it_takes_with_a_delay_between_them_only(
        bundle: int, calls: int, bundles: int, seconds: float) -> None:
    pace = Pace(bundle, 10)
    assert pace.bundles(calls) == bundles
    assert pace.lasts(calls) == timedelta(seconds=seconds)


@given(st.integers(1, 100_000), st.floats(0, 3600), st.integers(0, 1_000_000))
def test_what_is_foretold_is_what_the_waits_add_up_to(bundle: int, delay: float, calls: int) -> None:
    pace = Pace(bundle, delay)
    bundles = pace.bundles(calls)
    assert 0 <= bundles * bundle - calls < bundle
    assert pace.lasts(calls).total_seconds() == pytest.approx(max(0, bundles - 1) * pace.wait(NINE, NINE), abs=1e-3)


def test_a_handful_is_small_enough_to_be_waited_for() -> None:
    assert 0 < HANDFUL <= 1000
