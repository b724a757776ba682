"""Forecast of a run: how many calls it makes, whom it skips and when it ends. Pure.

It decides by the very functions that the run uses.
"""

import enum
from collections.abc import Container, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from obzvon.common.i18n import Message, current_language
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.pacing import Pace
from obzvon.domain.phones import Phone, list_candidates
from obzvon.domain.schedule import Schedule, closing_instant, find_due_day, list_next_starts, start_instant

NEXT_STARTS_SHOWN = 7

#: Numbers with their codes that were called on a day. On a day that is missing nobody was called.
CalledByDay = Mapping[date, Container[tuple[str, str]]]


class SkipReason(enum.StrEnum):
    """Reason why a row is skipped. The JSON interfaces show these values."""

    PAUSED = "paused"
    #: The number cannot be called.
    REFUSED = "refused"
    #: Another row has the same number and code.
    DUPLICATE = "duplicate"
    CALLED_TODAY = "rung"


class CutOffReason(enum.StrEnum):
    """Reason why a run ends with calls left: the time after which nothing is handed over, or the next day's run."""

    LATEST = "latest"
    NEXT_START = "next start"


class RunInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a forecast depends on. `now` is aware.

    `done`, `lateness` and `since` are those of `schedule.find_due_day`; `latest` is the time of day after which nothing
    is handed over.
    """

    phones: Iterable[Phone]
    schedule: Schedule
    now: datetime
    zone: tzinfo
    numbering: NumberingPlan
    pace: Pace
    done: Container[date] = ()
    called: CalledByDay = {}
    latest: time | None = None
    lateness: timedelta | None = None
    since: Mapping[date, datetime] | None = None

    @property
    def today(self) -> date:
        """Return the date in the time zone."""
        return self.now.astimezone(self.zone).date()

    def next_starts(self) -> tuple[datetime, ...]:
        """Return the next starts, one more than are shown."""
        starts = list_next_starts(self.schedule, self.now, self.done, zone=self.zone, count=NEXT_STARTS_SHOWN + 1)
        return tuple(starts)


class SkippedPhone(msgspec.Struct, frozen=True, gc=False):
    """A row that the run would skip; `number` and `code` as the operator wrote them."""

    row: str
    number: str
    code: str
    name: str
    why: SkipReason
    reason: Message


class HandoverForecast(msgspec.Struct, frozen=True):
    """Forecast of a hand-over: `calls` go in `bundles`, the last of them at `last`; `cut_off` calls are left."""

    calls: int
    bundles: int
    last: datetime | None
    cut_off: int


class RunForecast(msgspec.Struct, frozen=True):
    """Forecast of the next run as of `now`. Moments are aware, in the time zone of the settings.

    `start` is None if the schedule has none within a year: then `calls`, `bundles` and `skipped` are those of a run
    started manually now. `overdue`: the start has passed, and the run begins as soon as the service works.
    """

    now: datetime
    zone: str
    day: date | None
    start: datetime | None
    overdue: bool
    calls: int
    bundles: int
    bundle: int
    delay: float
    first_bundle: datetime | None
    last_bundle: datetime | None
    until: datetime | None
    until_because: CutOffReason | None
    cut_off: int
    skipped: tuple[SkippedPhone, ...]
    starts: tuple[datetime, ...]
    pace: Pace

    def count_skipped(self) -> dict[SkipReason, int]:
        """Return how many rows are skipped for each reason that occurs."""
        counts = dict.fromkeys(SkipReason, 0)
        for phone in self.skipped:
            counts[phone.why] += 1
        return {why: count for why, count in counts.items() if count}

    def as_dict(self, language: str | None = None) -> dict[str, object]:
        """Return the forecast with the keys of `to_json`; moments and days are still datetimes and dates.

        Sentences are in `language`, else in the language of this process.
        """
        language = language or current_language()
        return {
            "now": self.now,
            "time_zone": self.zone,
            "day": self.day,
            "start": self.start,
            "overdue": self.overdue,
            "calls": self.calls,
            "bundles": self.bundles,
            "bundle": self.bundle,
            "delay": self.delay,
            "pacing": self.pace.mode,
            "pace": self.pace.describe().in_language(language),
            "ceiling": self.pace.ceiling.max_ours if self.pace.is_bounded else None,
            "depends_on_talk": self.pace.is_bounded,
            "first_bundle_at": self.first_bundle,
            "last_bundle_at": self.last_bundle,
            "until": self.until,
            "until_because": self.until_because,
            "cut_off": self.cut_off,
            "skipped": len(self.skipped),
            "skipped_by": self.count_skipped(),
            "skipped_rows": [_skipped_row(phone, language) for phone in self.skipped],
            "next_starts": self.starts,
        }

    def to_json(self) -> str:
        """Return the forecast as one JSON document with these keys.

        - `now`, `start`, `first_bundle_at`, `last_bundle_at`, `until`: ISO 8601 with the offset of `time_zone`, or
          null; `next_starts`: up to seven of them; `day`: the date of the run, or null.
        - `overdue`: true if `start` has passed and the run begins as soon as the service works.
        - `calls`: how many numbers the run would call; `cut_off`: how many of them it would not get to before `until`,
          which is there because of (`until_because`) "latest" or the "next start".
        - `bundles`: how many bundles would be handed over, of `bundle` calls each, `delay` seconds apart.
        - `pacing`: "fixed", "throttled" or "adaptive"; `pace`: the same as a sentence; `ceiling`: the most calls of
          ours at once, or null; `depends_on_talk`: true if there is a ceiling: then `last_bundle_at` is the earliest,
          and how long the calls last decides.
        - `skipped`: how many rows; `skipped_by`: how many of them for each value of `SkipReason`; `skipped_rows`: each
          with `row` (its key in the list), `number`, `code`, `name`, `why` (a value of `SkipReason`) and `reason` (a
          sentence in the language of this process).
        """
        return format_json(self.as_dict())


class _RunTimes(msgspec.Struct, frozen=True):
    """Start and end of the run of a forecast. `begins` is the first hand-over: now if the run is overdue."""

    day: date | None
    start: datetime | None
    begins: datetime | None
    starts: tuple[datetime, ...]
    until: datetime | None = None
    because: CutOffReason | None = None
    overdue: bool = False


def forecast_scheduled_run(inputs: RunInputs) -> RunForecast:
    """Forecast the next run of the schedule."""
    starts = inputs.next_starts()
    day = find_due_day(
        inputs.schedule,
        inputs.now,
        inputs.done,
        zone=inputs.zone,
        lateness=inputs.lateness,
        since=inputs.since,
    )
    overdue = day is not None
    start = start_instant(inputs.schedule, day, inputs.zone) if day else next(iter(starts), None)
    if start is not None and not overdue:
        day = start.astimezone(inputs.zone).date()
    begins = inputs.now if overdue else start
    until, because = _end(inputs, day, starts) if day else (None, None)
    return _forecast(inputs, _RunTimes(day, start, begins, starts, until, because, overdue))


def forecast_manual_run(inputs: RunInputs) -> RunForecast:
    """Forecast a run that an operator would start now; phones in `called` are skipped."""
    starts = inputs.next_starts()
    until, because = _end(inputs, inputs.today, starts)
    return _forecast(inputs, _RunTimes(inputs.today, inputs.now, inputs.now, starts, until, because))


def forecast_handover(calls: int, pace: Pace, begins: datetime, until: datetime | None) -> HandoverForecast:
    """Forecast how `calls` are handed over from `begins` on, if nothing is handed over at `until` or later."""
    bundles = pace.count_bundles(calls)
    if until is not None:
        room, interval = until - begins, timedelta(seconds=pace.interval)
        if room <= timedelta(0):
            bundles = 0
        elif interval:
            bundles = min(bundles, -(-room // interval))
    handed = min(calls, bundles * pace.bundle_size)
    last = begins.astimezone(UTC) + pace.duration(handed) if handed else None
    return HandoverForecast(handed, bundles, last, calls - handed)


def format_json(document: Mapping[str, object]) -> str:
    """Return one JSON document for people and programs: indented, moments in ISO 8601."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _forecast(inputs: RunInputs, times: _RunTimes) -> RunForecast:
    calls, skipped = _sort_out(inputs, times.day or inputs.today)
    handover = forecast_handover(calls, inputs.pace, times.begins or inputs.now, times.until)

    def local(moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(inputs.zone)

    return RunForecast(
        now=inputs.now.astimezone(inputs.zone),
        zone=str(inputs.zone),
        day=times.day,
        start=local(times.start),
        overdue=times.overdue,
        calls=calls,
        bundles=handover.bundles,
        bundle=inputs.pace.bundle_size,
        delay=inputs.pace.interval,
        first_bundle=local(times.begins) if handover.bundles else None,
        last_bundle=local(handover.last) if times.begins else None,
        until=local(times.until),
        until_because=times.because,
        cut_off=handover.cut_off,
        skipped=skipped,
        starts=times.starts[:NEXT_STARTS_SHOWN],
        pace=inputs.pace,
    )


def _sort_out(inputs: RunInputs, day: date) -> tuple[int, tuple[SkippedPhone, ...]]:
    """Return how many rows are called on that day, and each row that is skipped."""
    calls = 0
    seen: set[tuple[str, str]] = set()
    skipped: list[SkippedPhone] = []
    for candidate in list_candidates(inputs.phones, inputs.numbering, day, inputs.called.get(day, ())):
        call, phone = (candidate.number, candidate.code), candidate.phone
        if candidate.skipped is None:
            calls += 1
        else:
            why = (
                SkipReason.PAUSED
                if candidate.is_paused
                else SkipReason.REFUSED
                if not candidate.number
                else SkipReason.DUPLICATE
                if call in seen
                else SkipReason.CALLED_TODAY
            )
            skipped.append(SkippedPhone(phone.key, phone.number, phone.code, phone.name, why, candidate.skipped))
        if not candidate.is_paused:
            seen.add(call)
    return calls, tuple(skipped)


def _skipped_row(phone: SkippedPhone, language: str) -> dict[str, object]:
    return {
        "row": phone.row,
        "number": phone.number,
        "code": phone.code,
        "name": phone.name,
        "why": phone.why,
        "reason": phone.reason.in_language(language),
    }


def _end(inputs: RunInputs, day: date, starts: Iterable[datetime]) -> tuple[datetime | None, CutOffReason | None]:
    """Return the moment after which nothing of that day's run is handed over, and the reason."""
    ends = [(start, CutOffReason.NEXT_START) for start in starts if start.astimezone(inputs.zone).date() > day][:1]
    closing = closing_instant(day, inputs.latest, inputs.zone)
    if closing is not None:
        ends.append((closing, CutOffReason.LATEST))
    return min(ends, default=(None, None))
