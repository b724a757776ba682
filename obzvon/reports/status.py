"""How things stand: the run in progress or the last one, and whether the service lives."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo

import msgspec

from obzvon.common.i18n import Message, current_language
from obzvon.domain.calls import Run
from obzvon.domain.forecast import forecast_handover, format_json
from obzvon.domain.line_usage import LineUsage, decode_line_usage
from obzvon.domain.pacing import Pace
from obzvon.domain.results import DeliveryCounts
from obzvon.domain.schedule import closing_instant
from obzvon.journal.heartbeat import Heartbeat
from obzvon.journal.journal import Journal

_SILENT = timedelta(seconds=60)
"""A service that has given no sign of life for longer does not live."""


class ServiceStatus(msgspec.Struct, frozen=True):
    """The service on this journal; `trouble` is what keeps it from handing over, empty where it does not live."""

    alive: bool
    trouble: tuple[Message, ...] = ()
    pid: int | None = None
    host: str = ""
    started: datetime | None = None
    seen: datetime | None = None
    stopped: datetime | None = None
    once: bool = False
    """It was one look, as from cron: the next one comes by itself."""
    readout: LineUsage | None = None
    """What it read last of the lines in use; None where it does not live, or has not said."""


class RunStatus(msgspec.Struct, frozen=True):
    """One run: how far it has come, and when its last bundle goes if nothing holds it up."""

    run: Run
    counts: Mapping[str, int]
    bundles_done: int
    bundles: int
    last_bundle: datetime | None = None
    ends: datetime | None = None
    cut_off: int = 0
    delivery: DeliveryCounts | None = None
    """None where it is not told apart: `[AMI] delivered` is 0."""
    depends_on_talk: bool = False
    """Whether `ends` depends on how long the calls last: a ceiling bounds them."""

    @property
    def calls(self) -> int:
        """How many numbers the run is to ring, or was."""
        return self.run.total - self.counts.get("skipped", 0)

    @property
    def waiting(self) -> int:
        """How many calls are not handed over yet."""
        return self.counts.get("waiting", 0)

    @property
    def progress(self) -> float:
        """How much of the run is done, from 0 to 1."""
        return 1 - self.waiting / self.calls if self.calls else 1.0


class CurrentStatus(msgspec.Struct, frozen=True):
    """How things stand at `now`; `others` are the other runs of the run's day and of today, test calls too."""

    now: datetime
    zone: tzinfo
    service: ServiceStatus
    run: RunStatus | None = None
    others: tuple[RunStatus, ...] = ()

    def as_dict(self, language: str | None = None) -> dict[str, object]:
        """The status as `format_json` writes it; moments and days are still datetimes and dates.

        Sentences are in that language, else in the one of this process.
        """
        service, language = self.service, language or current_language()
        return {
            "now": self._here(self.now),
            "time_zone": str(self.zone),
            "service": {
                "alive": service.alive,
                "pid": service.pid,
                "host": service.host,
                "started_at": self._here(service.started),
                "seen_at": self._here(service.seen),
                "stopped_at": self._here(service.stopped),
                "once": service.once,
                "trouble": [one.in_language(language) for one in service.trouble],
            },
            "lines": service.readout.lines_as_dict(language) if service.readout else None,
            "ami": self._ami(service.readout, language) if service.readout else None,
            "run": self._run(self.run, language) if self.run else None,
            "other_runs": [self._run(other, language) for other in self.others],
        }

    def to_json(self) -> str:
        """The status as one JSON document, with these keys.

        - `now`, and whatever ends in `_at`: ISO 8601 with the offset of `time_zone`, or null.
        - `service`: `alive`, `pid`, `host`, `started_at`, `seen_at`, `stopped_at`, `once` (it is called
          anew each time, as from cron), `trouble` (sentences in the language of this process).
        - `lines` (null where the service does not live): `pacing` ("fixed", "throttled", "adaptive"), `pace` (a
          sentence); lines in use in calls, `ours`, `others` (other people's as they were told last, null where nobody
          tells of them) and `in_use`; the ceiling where it counts, `lines`, `reserve`, `limit` (null = none), and how
          many calls are `free` (null = nothing bounds them); `counted_by` ("spool", "trunk", "group", "pbx").
        - `ami` (null where the service does not live): `state` ("none" is configured, "up", "down"), `since_at`,
          `problem` (a sentence, or "").
        - `run` (or null) and each of `other_runs`: `id`, `day`, `kind` ("week", "manual", "test", "former"), `state`
          ("running", "paused", "done", "stopped"), `started_at`, `ended_at`, `started_by`, `note`, `total` (rows),
          `calls` (rows that are rung), `counts` (how many have each result), `delivery` (null where `[AMI] delivered`
          is 0; else `least`, those seconds, and of how many answered calls the message was `delivered`,
          `not_delivered`, or that is `not_known`), `progress` (0 to 1), `bundles_done`, `bundles`, `last_bundle_at`
          (the latest that went), `ends_at` (when the last one will go; null unless the run is in progress and the
          service lives), `depends_on_talk` (whether that depends on how long the calls last), `cut_off` (calls that it
          will not get to before `latest`).
        """
        return format_json(self.as_dict())

    def _here(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(self.zone)

    def _ami(self, readout: LineUsage, language: str) -> dict[str, object]:
        ami = readout.ami
        return {
            "state": ami.state if ami else "none",
            "since_at": self._here(ami.since if ami else None),
            "problem": ami.problem.in_language(language) if ami and ami.problem else "",
        }

    def _run(self, status: RunStatus, language: str) -> dict[str, object]:
        run = status.run
        return {
            "id": run.id,
            "day": run.day,
            "kind": run.kind,
            "state": run.state,
            "started_at": self._here(run.started_at),
            "ended_at": self._here(run.ended_at),
            "started_by": run.started_by,
            "note": run.note.in_language(language) if run.note else "",
            "total": run.total,
            "calls": status.calls,
            "counts": dict(status.counts),
            "delivery": status.delivery.as_dict() if status.delivery else None,
            "progress": round(status.progress, 4),
            "bundles_done": status.bundles_done,
            "bundles": status.bundles,
            "last_bundle_at": self._here(status.last_bundle),
            "ends_at": self._here(status.ends),
            "depends_on_talk": status.depends_on_talk,
            "cut_off": status.cut_off,
        }


def current_status(
    journal: Journal,
    sign: Heartbeat | None,
    now: datetime,
    *,
    zone: tzinfo,
    pace: Pace,
    latest: time | None = None,
    least: float = 0.0,
) -> CurrentStatus:
    """The status by the journal and the service's last sign of life; `least` is `delivery.is_delivered`'s."""
    service = service_status(sign, now)
    pace = service.readout.pace if service.readout else pace
    run = journal.runs.active() or journal.runs.latest()
    days = {now.astimezone(zone).date()} | ({run.day} if run else set())
    others = [other for day in sorted(days) for other in journal.runs.on_days(day) if run is None or other.id != run.id]

    def status(one: Run) -> RunStatus:
        closing = closing_instant(one.day, latest, zone)
        return run_status(
            one,
            journal.calls.count_results(one.id),
            journal.calls.last_bundle(one.id),
            now,
            pace=pace,
            closing=closing,
            alive=service.alive,
            delivery=journal.calls.count_deliveries(one.id, least) if least else None,
        )

    return CurrentStatus(now, zone, service, status(run) if run else None, tuple(status(other) for other in others))


def service_status(sign: Heartbeat | None, now: datetime) -> ServiceStatus:
    """Whether the service lives, by its last sign: at most a minute old, on either side of a clock that was set."""
    if sign is None:
        return ServiceStatus(alive=False)
    alive = sign.stopped_at is None and abs(now - sign.seen_at) <= _SILENT
    told = sign.problem if alive or sign.once else ""
    trouble = msgspec.json.decode(told, type=tuple[Message, ...]) if told else ()
    return ServiceStatus(
        alive,
        trouble,
        sign.pid,
        sign.host,
        sign.started_at,
        sign.seen_at,
        sign.stopped_at,
        sign.once,
        decode_line_usage(sign.line_usage) if alive else None,
    )


def run_status(
    run: Run,
    counts: Mapping[str, int],
    last_bundle: tuple[int, datetime | None],
    now: datetime,
    *,
    pace: Pace,
    closing: datetime | None = None,
    alive: bool = True,
    delivery: DeliveryCounts | None = None,
) -> RunStatus:
    """How far a run has come; `last_bundle` is the journal's, `closing` is when nothing is handed over any more."""
    done, last = last_bundle
    waiting = counts.get("waiting", 0) if run.active else 0
    ends, cut_off = None, 0
    if run.state == "running" and alive and waiting:
        way = forecast_handover(waiting, pace, now + timedelta(seconds=pace.seconds_until_next(now, last)), closing)
        ends, cut_off = way.last or closing, way.cut_off
        if pace.is_bounded and ends is not None:  # a ceiling holds it up as it has until now
            ends = max(ends, now + _at_the_speed_so_far(run, counts, now) * waiting)
            ends = min(ends, closing) if closing else ends
    return RunStatus(
        run, counts, done, done + pace.count_bundles(waiting), last, ends, cut_off, delivery, pace.is_bounded
    )


def _at_the_speed_so_far(run: Run, counts: Mapping[str, int], now: datetime) -> timedelta:
    """How long the run has needed for each call that was handed over."""
    handed = run.total - counts.get("skipped", 0) - counts.get("waiting", 0)
    return max(timedelta(), now - run.started_at) / handed if handed else timedelta()
