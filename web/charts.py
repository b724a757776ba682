"""Geometry of bar charts for SVG: widths in per cent of the available width, heights in pixels. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise

import msgspec

from obzvon.domain.results import CHART_GROUPS, result_group
from obzvon.journal.tallies import Tally

#: Height of the highest bar, and the space above it.
PLOT_HEIGHT, PLOT_TOP = 132, 14

#: How many labels fit side by side on a wide and on a narrow page.
_LABELS_WIDE, _LABELS_NARROW = 9, 5
_MIN_HOURS = 8
_MAX_HOURS = 48
_HOUR = timedelta(hours=1)


def result_class(result: str) -> str:
    """Return the CSS class of a result's mark: `r-` and its group, or the name of what is no call's own result."""
    return f"r-{result_group(result) or result.replace(' ', '-')}"


class BarPart(msgspec.Struct, frozen=True):
    """Part of a bar: the calls of one group of results."""

    kind: str
    y: float
    height: float


class Bar(msgspec.Struct, frozen=True):
    """Bar of one hour or day; `center` is its middle, `x` its left edge, in per cent."""

    at: datetime | date
    counts: Mapping[str, int]
    parts: tuple[BarPart, ...]
    x: float
    center: float
    #: Where the label has room: 'all' pages, only on a 'wide' one, or '' on none.
    label: str

    @property
    def total(self) -> int:
        """Return the number of its calls."""
        return sum(self.counts.values())


class Chart(msgspec.Struct, frozen=True):
    """Bars, the width of each (per cent), the groups of results in them, and the grid lines with their values."""

    bars: tuple[Bar, ...]
    width: float
    kinds: tuple[str, ...]
    grid_lines: tuple[tuple[int, float], ...]

    @property
    def total(self) -> int:
        """Return the number of calls in it."""
        return sum(bar.total for bar in self.bars)

    @property
    def highest(self) -> Bar:
        """Return the bar with the most calls."""
        return max(self.bars, key=lambda bar: bar.total)


def chart_hours(tallies: Mapping[int, Tally], zone: tzinfo) -> Chart | None:
    """Return the chart of calls by the hour of their hand-over; None if there were none."""
    found: dict[datetime, Counter[str]] = {}
    for tally in tallies.values():
        for (quarter, result), many in tally.items():
            if quarter and (kind := result_group(result)) in CHART_GROUPS:
                moment = datetime.fromisoformat(quarter + "+00:00").astimezone(zone)
                found.setdefault(moment.replace(minute=0), Counter())[kind] += many
    if not found:
        return None
    hours = sorted(found)
    span = hours[-1] - hours[0]
    if span < _MAX_HOURS * _HOUR:  # the quiet hours between are shown too; of a night between two days they are not
        first, count = hours[0], max(_MIN_HOURS, round(span / _HOUR) + 1)
        if hours[-1].date() == first.date():  # a late call must not drag the chart into the next day
            first = first.replace(hour=min(first.hour, 24 - count))
        hours = [(first + _HOUR * number) for number in range(count)]
    return _chart([(hour, found.get(hour, Counter())) for hour in hours])


def chart_days(tallied: Mapping[date, Sequence[Tally]], last: date, count: int) -> Chart | None:
    """Return the chart of calls on each of `count` days up to `last`; None if there were none."""
    days = []
    for ahead in range(count):
        day = last - timedelta(days=count - 1 - ahead)
        counts: Counter[str] = Counter()
        for tally in tallied.get(day, ()):
            for (quarter, result), many in tally.items():
                if quarter and (kind := result_group(result)) in CHART_GROUPS:
                    counts[kind] += many
        days.append((day, counts))
    return _chart(days) if any(counts for _, counts in days) else None


def _chart(columns: Sequence[tuple[datetime | date, Counter[str]]]) -> Chart:
    top = round_up_scale(max(counts.total() for _, counts in columns))
    slot = 100 / len(columns)
    width = slot * 0.72
    wide, narrow = -(-len(columns) // _LABELS_WIDE), -(-len(columns) // _LABELS_NARROW)
    narrow = -(-narrow // wide) * wide
    bars = []
    for number, (at, counts) in enumerate(columns):
        parts, y = [], float(PLOT_TOP + PLOT_HEIGHT)
        for kind in CHART_GROUPS:
            if height := counts[kind] / top * PLOT_HEIGHT:
                height = max(height, 1.0)
                y -= height
                parts.append(BarPart(kind, round(y, 2), round(height, 2)))
        label = "" if number % wide else "wide" if number % narrow else "all"
        bars.append(
            Bar(
                at,
                {kind: counts[kind] for kind in CHART_GROUPS if counts[kind]},
                tuple(parts),
                round(slot * number + (slot - width) / 2, 3),
                round(slot * (number + 0.5), 3),
                label,
            )
        )
    kinds = tuple(kind for kind in CHART_GROUPS if any(counts[kind] for _, counts in columns))
    marks = sorted({0, top // 2, top} if top % 2 == 0 else {0, top})
    lines = tuple((value, round(PLOT_TOP + PLOT_HEIGHT - value / top * PLOT_HEIGHT, 2)) for value in marks)
    return Chart(tuple(bars), round(width, 3), kinds, lines)


def round_up_scale(most: int) -> int:
    """Return the number at the top of the scale: a round one, not below `most`."""
    power = 1
    while power * 10 < most:
        power *= 10
    steps = (1, 2, 4, 6, 8, 10) if power == 1 else (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10)
    return next(round(power * step) for step in steps if power * step >= most)


def spans_days(chart: Chart) -> bool:
    """Return whether the hours reach into another day."""
    return any(one.at.day != other.at.day for one, other in pairwise(chart.bars))
