"""What the next run would do and when it would end. Pure; it decides by the very functions that the run uses."""

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
"""How many of the next starts a plan names."""

CalledByDay = Mapping[date, Container[tuple[str, str]]]
"""The numbers, with their codes, that were rung on a day; a day that is not in it is one on which nobody was."""


class SkipReason(enum.StrEnum):
    """Why a row is skipped."""

    PAUSED = "paused"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    RUNG = "rung"


class CutOffReason(enum.StrEnum):
    """What ends a run that is not through: the time after which nothing is handed over, or the next day's run."""

    LATEST = "latest"
    NEXT_START = "next start"


class SkippedPhone(msgspec.Struct, frozen=True, gc=False):
    """A row that the run would skip; `number` and `code` as the operator wrote them."""

    row: str
    number: str
    code: str
    name: str
    why: SkipReason
    reason: Message


class HandoverForecast(msgspec.Struct, frozen=True):
    """How a hand-over goes: `calls` are handed over in `bundles`, the last of them at `last`; `cut_off` are left."""

    calls: int
    bundles: int
    last: datetime | None
    cut_off: int


class RunForecast(msgspec.Struct, frozen=True):
    """What the next run would do, as things are at `now`; moments are aware, in the settings' time zone.

    `start` is None where the week has none within a year: then `calls`, `bundles` and `skipped` are those of a run
    begun by hand now. `overdue`: the start has passed and is made up for as soon as the service works.
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
        """How many rows are skipped for each kind of reason there is."""
        counts = dict.fromkeys(SkipReason, 0)
        for one in self.skipped:
            counts[one.why] += 1
        return {why: count for why, count in counts.items() if count}

    def as_dict(self, language: str | None = None) -> dict[str, object]:
        """The plan as `format_json` writes it; moments and days are still datetimes and dates.

        Sentences are in that language, else in the one of this process.
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
            "skipped_rows": [
                {
                    "row": one.row,
                    "number": one.number,
                    "code": one.code,
                    "name": one.name,
                    "why": one.why,
                    "reason": one.reason.in_language(language),
                }
                for one in self.skipped
            ],
            "next_starts": self.starts,
        }

    def to_json(self) -> str:
        """The plan as one JSON document, with these keys.

        - `now`, `start`, `first_bundle_at`, `last_bundle_at`, `until`: ISO 8601 with the offset of `time_zone`, or
          null; `list_next_starts`: up to seven of them; `day`: the date whose run it is, or null.
        - `overdue`: true if `start` has passed and the run begins as soon as the service works.
        - `calls`: how many numbers the run would ring; `cut_off`: how many of them it would not get to before `until`,
          which is there because of (`until_because`) "latest" or the "next start".
        - `bundles`: how many bundles would be handed over, of `bundle` calls each, `delay` seconds apart.
        - `pacing`: "fixed", "throttled" or "adaptive"; `pace`: the same in words; `ceiling`: the most calls that are
          ours at once, or null; `depends_on_talk`: true where there is a ceiling: then `last_bundle_at` is the
          earliest, and how long the calls last decides.
        - `skipped`: how many rows; `skipped_by`: how many of them are "paused", "refused", "duplicate" (of another
          row) or "rung" (today already); `skipped_rows`: each with `row` (its key in the list), `number`, `code`,
          `name`, `why` (one of those four) and `reason` (a sentence in the language of this process).
        """
        return format_json(self.as_dict())


def forecast_scheduled_run(
    phones: Iterable[Phone],
    week: Schedule,
    now: datetime,
    *,
    done: Container[date],
    zone: tzinfo,
    numbering: NumberingPlan,
    pace: Pace,
    rung: CalledByDay | None = None,
    latest: time | None = None,
    lateness: timedelta | None = None,
    since: Mapping[date, datetime] | None = None,
) -> RunForecast:
    """The next run of the week; `done`, `lateness` and `since` are those of `campaign.due`."""
    starts = tuple(list_next_starts(week, now, done, zone=zone, count=NEXT_STARTS_SHOWN + 1))
    today = now.astimezone(zone).date()
    day: date | None = find_due_day(week, now, done, zone=zone, lateness=lateness, since=since)
    overdue = day is not None
    start = start_instant(week, day, zone) if day else next(iter(starts), None)
    if start is not None and not overdue:
        day = start.astimezone(zone).date()
    begins = now if overdue else start
    until, because = _end(day, latest, starts, zone) if day else (None, None)
    return _plan(
        phones,
        now,
        day or today,
        begins,
        zone=zone,
        numbering=numbering,
        pace=pace,
        rung=rung,
        until=until,
        because=because,
        day=day,
        start=start,
        overdue=overdue,
        starts=starts,
    )


def forecast_manual_run(
    phones: Iterable[Phone],
    week: Schedule,
    now: datetime,
    *,
    done: Container[date],
    zone: tzinfo,
    numbering: NumberingPlan,
    pace: Pace,
    rung: CalledByDay | None = None,
    latest: time | None = None,
) -> RunForecast:
    """A run that an operator would begin now; without `rung` it rings those again who were rung today."""
    starts = tuple(list_next_starts(week, now, done, zone=zone, count=NEXT_STARTS_SHOWN + 1))
    today = now.astimezone(zone).date()
    until, because = _end(today, latest, starts, zone)
    return _plan(
        phones,
        now,
        today,
        now,
        zone=zone,
        numbering=numbering,
        pace=pace,
        rung=rung,
        until=until,
        because=because,
        day=today,
        start=now,
        overdue=False,
        starts=starts,
    )


def forecast_handover(calls: int, pace: Pace, begins: datetime, until: datetime | None) -> HandoverForecast:
    """How that many calls are handed over from `begins` on, if nothing is handed over at `until` or later."""
    bundles = pace.count_bundles(calls)
    if until is not None:
        room, step = until - begins, timedelta(seconds=pace.interval)
        if room <= timedelta(0):
            bundles = 0
        elif step:
            bundles = min(bundles, -(-room // step))
    handed = min(calls, bundles * pace.bundle_size)
    last = begins.astimezone(UTC) + pace.duration(handed) if handed else None
    return HandoverForecast(handed, bundles, last, calls - handed)


def format_json(document: Mapping[str, object]) -> str:
    """One JSON document for people and programs: indented, moments in ISO 8601."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _plan(
    phones: Iterable[Phone],
    now: datetime,
    rung_day: date,
    begins: datetime | None,
    *,
    zone: tzinfo,
    numbering: NumberingPlan,
    pace: Pace,
    rung: CalledByDay | None,
    until: datetime | None,
    because: CutOffReason | None,
    day: date | None,
    start: datetime | None,
    overdue: bool,
    starts: tuple[datetime, ...],
) -> RunForecast:
    calls, skipped = _sifted(phones, numbering, (rung or {}).get(rung_day, ()))
    way = forecast_handover(calls, pace, begins or now, until)

    def here(moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(zone)

    return RunForecast(
        now=now.astimezone(zone),
        zone=str(zone),
        day=day,
        start=here(start),
        overdue=overdue,
        calls=calls,
        bundles=way.bundles,
        bundle=pace.bundle_size,
        delay=pace.interval,
        first_bundle=here(begins) if way.bundles else None,
        last_bundle=here(way.last) if begins else None,
        until=here(until),
        until_because=because,
        cut_off=way.cut_off,
        skipped=skipped,
        starts=starts[:NEXT_STARTS_SHOWN],
        pace=pace,
    )


def _sifted(
    phones: Iterable[Phone], numbering: NumberingPlan, rung: Container[tuple[str, str]]
) -> tuple[int, tuple[SkippedPhone, ...]]:
    """How many rows are called, and each that is not."""
    called = 0
    seen: set[tuple[str, str]] = set()
    skipped: list[SkippedPhone] = []
    for one in list_candidates(phones, numbering, rung):
        call, phone = (one.number, one.code), one.phone
        if one.skipped is None:
            called += 1
        else:
            why = (
                SkipReason.PAUSED
                if phone.paused
                else SkipReason.REFUSED
                if not one.number
                else SkipReason.DUPLICATE
                if call in seen
                else SkipReason.RUNG
            )
            skipped.append(SkippedPhone(phone.key, phone.number, phone.code, phone.name, why, one.skipped))
        if not phone.paused:
            seen.add(call)
    return called, tuple(skipped)


def _end(
    day: date, latest: time | None, starts: Iterable[datetime], zone: tzinfo
) -> tuple[datetime | None, CutOffReason | None]:
    """The moment after which nothing of that day's run is handed over, and what it is."""
    ends = [(start, CutOffReason.NEXT_START) for start in starts if start.astimezone(zone).date() > day][:1]
    closing = closing_instant(day, latest, zone)
    if closing is not None:
        ends.append((closing, CutOffReason.LATEST))
    return min(ends, default=(None, None))
