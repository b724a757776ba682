"""Current status: the run in progress or the last one, and whether the service is alive."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

import msgspec

from obzvon.common.i18n import Message, current_language
from obzvon.domain.brake import RunHold
from obzvon.domain.calls import Run
from obzvon.domain.forecast import forecast_handover, format_json
from obzvon.domain.line_usage import LineUsage, decode_line_usage
from obzvon.domain.pacing import Pace
from obzvon.domain.results import DeliveryCounts
from obzvon.domain.schedule import closing_instant
from obzvon.journal.heartbeat import Heartbeat
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings

#: A service whose last heartbeat is older than this is not alive.
_MAX_HEARTBEAT_AGE = timedelta(seconds=60)


class ServiceStatus(msgspec.Struct, frozen=True):
    """The service on this journal. `problems` keep it from handing over; they are empty if it is not alive."""

    alive: bool
    problems: tuple[Message, ...] = ()
    pid: int | None = None
    host: str = ""
    started: datetime | None = None
    seen: datetime | None = None
    stopped: datetime | None = None
    #: It ran for one look, as from cron: the next one comes by itself.
    once: bool = False
    #: The lines in use as it measured them last; None if it is not alive or has not reported any.
    line_usage: LineUsage | None = None

    def hold_of(self, run: Run) -> RunHold | None:
        """Return why the run is held; None if it is not, or if the service is not alive."""
        hold = self.line_usage.hold if self.line_usage else None
        return hold if hold and hold.run == run.id and run.state == "running" else None


class RunStatus(msgspec.Struct, frozen=True):
    """Progress of one run, and when its last bundle goes if nothing delays it."""

    run: Run
    counts: Mapping[str, int]
    bundles_done: int
    bundles: int
    last_bundle: datetime | None = None
    ends: datetime | None = None
    cut_off: int = 0
    #: None if `[AMI] delivered` is 0, so that every answered call counts.
    delivery: DeliveryCounts | None = None
    #: Whether `ends` depends on how long the calls last, because a ceiling bounds them.
    depends_on_talk: bool = False
    #: Why it is held; None if it is not.
    hold: RunHold | None = None

    @property
    def calls(self) -> int:
        """Return how many numbers the run calls."""
        return self.run.total - self.counts.get("skipped", 0)

    @property
    def waiting(self) -> int:
        """Return how many calls are not handed over yet."""
        return self.counts.get("waiting", 0)

    @property
    def progress(self) -> float:
        """Return the share of calls that are handed over, from 0 to 1."""
        return 1 - self.waiting / self.calls if self.calls else 1.0


class CurrentStatus(msgspec.Struct, frozen=True):
    """The status at `now`. `others` are the other runs of the run's day and of today, including test calls."""

    now: datetime
    zone: tzinfo
    service: ServiceStatus
    run: RunStatus | None = None
    others: tuple[RunStatus, ...] = ()

    def as_dict(self, language: str | None = None) -> dict[str, object]:
        """Return the status with the keys of `to_json`; moments and days are still datetimes and dates.

        Sentences are in `language`, else in the language of this process.
        """
        service, language = self.service, language or current_language()
        return {
            "now": self._local(self.now),
            "time_zone": str(self.zone),
            "service": {
                "alive": service.alive,
                "pid": service.pid,
                "host": service.host,
                "started_at": self._local(service.started),
                "seen_at": self._local(service.seen),
                "stopped_at": self._local(service.stopped),
                "once": service.once,
                "trouble": [one.in_language(language) for one in service.problems],
            },
            "lines": service.line_usage.lines_as_dict(language) if service.line_usage else None,
            "ami": self._ami(service.line_usage, language) if service.line_usage else None,
            "run": self._run(self.run, language) if self.run else None,
            "other_runs": [self._run(other, language) for other in self.others],
        }

    def to_json(self) -> str:
        """Return the status as one JSON document with these keys.

        - `now`, and whatever ends in `_at`: ISO 8601 with the offset of `time_zone`, or null.
        - `service`: `alive`, `pid`, `host`, `started_at`, `seen_at`, `stopped_at`, `once` (a new process for each
          look, as from cron), `trouble` (sentences in the language of this process).
        - `lines` (null if the service is not alive): `pacing` ("fixed", "throttled", "adaptive"), `pace` (a
          sentence); lines in use in calls, `ours`, `others` (other people's as counted last, null if nobody
          counts them) and `in_use`; the ceiling where it counts, `lines`, `reserve`, `limit` (null = none), and how
          many calls are `free` (null = nothing bounds them); `counted_by` ("spool", "trunk", "group", "pbx").
        - `ami` (null if the service is not alive): `state` ("none" is configured, "up", "down"), `since_at`,
          `problem` (a sentence, or "").
        - `run` (or null) and each of `other_runs`: `id`, `day`, `kind` ("week", "manual", "test", "former"), `state`
          ("running", "paused", "done", "stopped"), `started_at`, `ended_at`, `started_by`, `note`, `total` (rows),
          `calls` (rows that are called), `counts` (how many have each result), `delivery` (null if `[AMI] delivered`
          is 0; else `least`, those seconds, and of how many answered calls the message was `delivered`,
          `not_delivered`, or that is `not_known`), `progress` (0 to 1), `bundles_done`, `bundles`, `last_bundle_at`
          (the latest that went), `ends_at` (when the last one will go; null unless the run is in progress and the
          service is alive), `depends_on_talk` (whether that depends on how long the calls last), `cut_off` (calls that
          it will not get to before `latest`), `hold` (null, or why it is held: `since_at`, the `failures`, the
          `result` of the last, and whether a call is `probing` now).
        """
        return format_json(self.as_dict())

    def _local(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(self.zone)

    def _ami(self, line_usage: LineUsage, language: str) -> dict[str, object]:
        ami = line_usage.ami
        return {
            "state": ami.state if ami else "none",
            "since_at": self._local(ami.since if ami else None),
            "problem": ami.problem.in_language(language) if ami and ami.problem else "",
        }

    def _hold(self, hold: RunHold) -> dict[str, object]:
        return {
            "since_at": self._local(hold.since),
            "failures": hold.failures,
            "result": hold.result,
            "probing": hold.is_probing,
        }

    def _run(self, status: RunStatus, language: str) -> dict[str, object]:
        run = status.run
        return {
            "id": run.id,
            "day": run.day,
            "kind": run.kind,
            "state": run.state,
            "started_at": self._local(run.started_at),
            "ended_at": self._local(run.ended_at),
            "started_by": run.started_by,
            "note": run.note.in_language(language) if run.note else "",
            "total": run.total,
            "calls": status.calls,
            "counts": dict(status.counts),
            "delivery": status.delivery.as_dict() if status.delivery else None,
            "progress": round(status.progress, 4),
            "bundles_done": status.bundles_done,
            "bundles": status.bundles,
            "last_bundle_at": self._local(status.last_bundle),
            "ends_at": self._local(status.ends),
            "depends_on_talk": status.depends_on_talk,
            "cut_off": status.cut_off,
            "hold": self._hold(status.hold) if status.hold else None,
        }


def current_status(settings: Settings, journal: Journal, now: datetime) -> CurrentStatus:
    """Return the status from the journal and the last heartbeat of the service."""
    zone, least = settings.zone, settings.delivered
    service = service_status(journal.heartbeats.latest(), now)
    run = journal.runs.active() or journal.runs.latest()
    days = {now.astimezone(zone).date()} | ({run.day} if run else set())
    others = [other for day in sorted(days) for other in journal.runs.on_days(day) if run is None or other.id != run.id]

    def status_of(run: Run) -> RunStatus:
        return run_status(
            run,
            journal.calls.count_results(run.id),
            journal.calls.last_bundle(run.id),
            now,
            pace=current_pace(settings, service),
            closing=closing_instant(run.day, settings.latest, zone),
            alive=service.alive,
            delivery=journal.calls.count_deliveries(run.id, least) if least else None,
            hold=service.hold_of(run),
        )

    return CurrentStatus(
        now, zone, service, status_of(run) if run else None, tuple(status_of(other) for other in others)
    )


def current_pace(settings: Settings, service: ServiceStatus) -> Pace:
    """Return the pace of the service, which may differ from the settings' until it reads them again."""
    return service.line_usage.pace if service.line_usage else settings.pace()


def service_status(heartbeat: Heartbeat | None, now: datetime) -> ServiceStatus:
    """Return the status of the service: alive if its heartbeat is at most a minute from `now`.

    The distance counts in both directions, because the clock may have been set.
    """
    if heartbeat is None:
        return ServiceStatus(alive=False)
    alive = heartbeat.stopped_at is None and abs(now - heartbeat.seen_at) <= _MAX_HEARTBEAT_AGE
    reported = heartbeat.problem if alive or heartbeat.once else ""
    problems = msgspec.json.decode(reported, type=tuple[Message, ...]) if reported else ()
    return ServiceStatus(
        alive,
        problems,
        heartbeat.pid,
        heartbeat.host,
        heartbeat.started_at,
        heartbeat.seen_at,
        heartbeat.stopped_at,
        heartbeat.once,
        decode_line_usage(heartbeat.line_usage) if alive else None,
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
    hold: RunHold | None = None,
) -> RunStatus:
    """Return the progress of a run.

    `last_bundle` is its number and time; nothing is handed over at `closing` or later.
    """
    done, last = last_bundle
    waiting = counts.get("waiting", 0) if run.active else 0
    ends, cut_off = None, 0
    if run.state == "running" and alive and waiting and hold is None:
        handover = forecast_handover(
            waiting, pace, now + timedelta(seconds=pace.seconds_until_next(now, last)), closing
        )
        ends, cut_off = handover.last or closing, handover.cut_off
        if pace.is_bounded and ends is not None:  # assume that the ceiling delays the rest as it has until now
            ends = max(ends, now + _time_per_call(run, counts, now) * waiting)
            ends = min(ends, closing) if closing else ends
    return RunStatus(
        run, counts, done, done + pace.count_bundles(waiting), last, ends, cut_off, delivery, pace.is_bounded, hold
    )


def _time_per_call(run: Run, counts: Mapping[str, int], now: datetime) -> timedelta:
    """Return how long the run has needed for each call that was handed over."""
    handed = run.total - counts.get("skipped", 0) - counts.get("waiting", 0)
    return max(timedelta(), now - run.started_at) / handed if handed else timedelta()
