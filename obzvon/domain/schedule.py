"""Weekly schedule: when a run is due, and when the next ones begin. Pure."""

from collections.abc import Container, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

#: A service checks the schedule a moment after a start; from cron, up to a minute after it.
PROMPT_START = timedelta(minutes=1)
#: Local time from which, and until which, calls by hand need a confirmation.
NIGHT = (time(21), time(8))


class Schedule(msgspec.Struct, frozen=True):
    """Start time of each weekday, Monday first, `None` = no run; `dates` overrides single days."""

    times: tuple[time | None, ...] = (None,) * 7
    dates: Mapping[date, time | None] = {}

    def start_on(self, day: date) -> time | None:
        """Return the time at which that day's run begins, or None."""
        if day in self.dates:
            return self.dates[day]
        return self.times[day.weekday()]


def is_night(local_time: datetime) -> bool:
    """Return whether people are usually not called at this hour."""
    evening, morning = NIGHT
    return local_time.time() >= evening or local_time.time() < morning


def start_instant(schedule: Schedule, day: date, zone: tzinfo) -> datetime | None:
    """Return the moment (UTC) at which that day's run begins, or None.

    A time that the clocks skip is shifted by the skipped hour; of a time that comes twice the first counts (PEP 495).
    """
    start = schedule.start_on(day)
    return None if start is None else datetime.combine(day, start, zone).astimezone(UTC)


def find_due_day(
    schedule: Schedule,
    now: datetime,
    done: Container[date],
    *,
    zone: tzinfo,
    lateness: timedelta | None = None,
    since: Mapping[date, datetime] | None = None,
) -> date | None:
    """Return the day whose run should begin at `now` (aware), or None.

    `done` are the days that have had their run. A missed start is made up for during `lateness`, which may reach past
    midnight, but not past the next start, whose run would call the same people again at once. None = the rest of the
    day; 0 = never, where a start that is a minute old is not missed yet. A start time that was set after it had passed
    is not a missed one: nobody is called because of an edit (`since`: when the schedule got its time for a day).
    """
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        if day in done:
            return None
        start = start_instant(schedule, day, zone)
        if start is None or now < start:
            continue
        in_time = day == today if lateness is None else now - start <= max(lateness, PROMPT_START)
        if in_time and (not since or day not in since or since[day] <= start):
            return day
    return None


def list_next_starts(
    schedule: Schedule, now: datetime, done: Container[date], *, zone: tzinfo, count: int = 7
) -> list[datetime]:
    """Return the next `count` moments (in `zone`) at which a run begins, at most a year ahead."""
    today = now.astimezone(zone).date()
    starts: list[datetime] = []
    for ahead in range(366):
        day = today + timedelta(days=ahead)
        start = start_instant(schedule, day, zone)
        if start is not None and start > now and day not in done:
            starts.append(start.astimezone(zone))
            if len(starts) == count:
                break
    return starts


def closing_instant(day: date, latest: time | None, zone: tzinfo) -> datetime | None:
    """Return the moment (UTC) after which nothing of that day's run is handed over; None = no such time."""
    return None if latest is None else datetime.combine(day, latest, zone).astimezone(UTC)
