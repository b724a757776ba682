"""The weekly schedule: when a run is due, and when the next ones begin. Pure."""

from collections.abc import Container, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

PROMPT_START = timedelta(minutes=1)
"""Who looks at the week at a start looks a moment after it; from cron, up to a minute."""


class Schedule(msgspec.Struct, frozen=True):
    """The start time of each weekday, Monday first, `None` = no run; `dates` overrides single days."""

    times: tuple[time | None, ...] = (None,) * 7
    dates: Mapping[date, time | None] = {}

    def start_on(self, day: date) -> time | None:
        """The time at which that day's run begins, or None."""
        if day in self.dates:
            return self.dates[day]
        return self.times[day.weekday()]


def start_instant(week: Schedule, day: date, zone: tzinfo) -> datetime | None:
    """The moment (UTC) at which that day's run begins.

    A time that the clocks skip begins as much later, a time that comes twice begins at its first coming (PEP 495).
    """
    start = week.start_on(day)
    return None if start is None else datetime.combine(day, start, zone).astimezone(UTC)


def find_due_day(
    week: Schedule,
    now: datetime,
    done: Container[date],
    *,
    zone: tzinfo,
    lateness: timedelta | None = None,
    since: Mapping[date, datetime] | None = None,
) -> date | None:
    """The day whose run should begin at `now` (aware), or None.

    `done` are the days that have had their run. A start that was missed is made up for during `lateness`, which may
    reach past midnight, but not past the next start, whose run would ring the same people again at once; None = the
    rest of its day, 0 = never: who looks within a minute has not missed it. A start time that was set only when it had
    passed (`since`: from which moment the week has said so for a day) is not a missed one: nobody is rung because of an
    edit.
    """
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        if day in done:
            return None
        start = start_instant(week, day, zone)
        if start is None or now < start:
            continue
        in_time = day == today if lateness is None else now - start <= max(lateness, PROMPT_START)
        if in_time and (not since or day not in since or since[day] <= start):
            return day
    return None


def list_next_starts(
    week: Schedule, now: datetime, done: Container[date], *, zone: tzinfo, count: int = 7
) -> list[datetime]:
    """The next `count` moments (in `zone`) at which a run begins, at most a year ahead."""
    today = now.astimezone(zone).date()
    starts: list[datetime] = []
    for ahead in range(366):
        day = today + timedelta(days=ahead)
        start = start_instant(week, day, zone)
        if start is not None and start > now and day not in done:
            starts.append(start.astimezone(zone))
            if len(starts) == count:
                break
    return starts


def closing_instant(day: date, latest: time | None, zone: tzinfo) -> datetime | None:
    """The moment (UTC) after which nothing of that day's run is handed over; None = none."""
    return None if latest is None else datetime.combine(day, latest, zone).astimezone(UTC)
