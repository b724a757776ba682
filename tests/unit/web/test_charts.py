"""Bar charts: scale, bars, labels."""

from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from web.charts import PLOT_HEIGHT, PLOT_TOP, Bar, chart_days, chart_hours, round_up_scale, spans_days

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("most", "top"),
    [(1, 1), (2, 2), (3, 4), (9, 10), (10, 10), (11, 12), (4100, 5000), (100_000, 100_000), (100_001, 120_000)],
)
def test_the_scale_ends_with_a_round_number(most: int, top: int) -> None:
    assert round_up_scale(most) == top


def hour_of(bar: Bar) -> int:
    assert isinstance(bar.at, datetime)
    return bar.at.hour


def test_hours_are_by_the_clock_of_the_settings_and_quiet_ones_are_shown() -> None:
    tally = Counter(
        {
            ("2026-11-23 06:00", "answered"): 3,
            ("2026-11-23 06:45", "busy"): 1,
            ("2026-11-23 08:15", "unknown"): 2,
            ("", "skipped"): 9,
            ("2026-11-23 06:00", "withdrawn"): 5,
        }
    )
    chart = chart_hours({1: tally, 2: Counter({("2026-11-23 06:00", "answered"): 1})}, MOSCOW)
    assert chart is not None
    assert [hour_of(bar) for bar in chart.bars] == [9, 10, 11, 12, 13, 14, 15, 16]
    assert [bar.total for bar in chart.bars] == [5, 0, 2, 0, 0, 0, 0, 0]
    assert chart.bars[0].counts == {"answered": 4, "missed": 1}
    assert (chart.kinds, chart.total, chart.highest) == (("answered", "missed", "unknown"), 7, chart.bars[0])
    assert not spans_days(chart)


@pytest.mark.parametrize(("hour", "first"), [("13:30", 16), ("14:00", 16), ("17:45", 16), ("20:59", 16), ("12:00", 15)])
def test_the_hours_after_an_evening_call_end_with_the_day(hour: str, first: int) -> None:
    chart = chart_hours({1: Counter({(f"2026-11-23 {hour}", "busy"): 2})}, MOSCOW)
    assert chart is not None
    assert [hour_of(bar) for bar in chart.bars] == list(range(first, first + 8))
    assert {bar.at.date() for bar in chart.bars if isinstance(bar.at, datetime)} == {DAY}
    assert chart.total == 2
    assert not spans_days(chart)


def test_pieces_stand_on_one_another_and_the_highest_reaches_the_top() -> None:
    chart = chart_hours({1: Counter({("2026-11-23 06:00", "answered"): 6, ("2026-11-23 06:00", "busy"): 4})}, MOSCOW)
    assert chart is not None
    low, high = chart.bars[0].parts
    assert (low.kind, high.kind) == ("answered", "missed")
    assert low.y + low.height == PLOT_TOP + PLOT_HEIGHT
    assert high.y + high.height == pytest.approx(low.y)
    assert high.y == PLOT_TOP
    assert chart.grid_lines == ((0, PLOT_TOP + PLOT_HEIGHT), (5, PLOT_TOP + PLOT_HEIGHT / 2), (10, PLOT_TOP))


def test_a_single_call_among_many_can_still_be_seen() -> None:
    chart = chart_hours(
        {1: Counter({("2026-11-23 06:00", "answered"): 99_999, ("2026-11-23 06:00", "busy"): 1})}, MOSCOW
    )
    assert chart is not None
    assert chart.bars[0].parts[1].height == 1


def test_a_run_over_midnight_goes_on_into_another_day_and_over_a_pause_of_days_there_is_no_desert() -> None:
    chart = chart_hours({1: Counter({("2026-11-23 20:00", "busy"): 1, ("2026-11-23 22:00", "busy"): 1})}, MOSCOW)
    assert chart is not None
    assert spans_days(chart)
    chart = chart_hours({1: Counter({("2026-11-23 20:00", "busy"): 1, ("2026-11-29 22:00", "busy"): 1})}, MOSCOW)
    assert chart is not None
    assert len(chart.bars) == 2


def test_days_are_counted_up_to_the_last() -> None:
    tallies = [Counter({("2026-11-23 06:00", "answered"): 3}), Counter({("x", "busy"): 1, ("", "busy"): 7})]
    chart = chart_days({DAY: tallies}, DAY, 30)
    assert chart is not None
    assert [bar.total for bar in chart.bars] == [0] * 29 + [4]
    assert (chart.bars[0].at, chart.bars[-1].at) == (date(2026, 10, 25), DAY)
    assert sum(bar.label == "all" for bar in chart.bars) <= 5
    assert sum(bar.label != "" for bar in chart.bars) <= 9
    assert 0 < chart.bars[0].x < chart.bars[-1].x + chart.width < 100


def test_where_there_were_no_calls_there_is_no_chart() -> None:
    assert chart_hours({1: Counter({("", "skipped"): 2})}, UTC) is None
    assert chart_days({}, DAY, 30) is None
