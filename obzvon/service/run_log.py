"""What the day's log tells of a run besides its own steps: who is skipped, how calls ended, why a start began none."""

import logging
from collections.abc import Container, Iterable
from datetime import date, datetime

from obzvon.common.i18n import Message, say
from obzvon.domain.calls import CallOutcome, Run
from obzvon.domain.labels import format_result_counts
from obzvon.domain.pacing import Pace
from obzvon.domain.phones import Candidate
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.service.handover import HandOver
from obzvon.service.inputs import ScheduleWatch

log = logging.getLogger("obzvon")
watch = logging.getLogger("obzvon.watch")

_SKIPPED_TOLD = 50
_UNKNOWN_TOLD = 50
"""So many have a line each; the report has them all."""


def log_start(run: Run, calls: int, skipped: list[Candidate], pace: Pace, until: str) -> None:
    """That a run begins, with how many calls and until when by the clock, and a line for each row that it skips."""
    if pace.is_bounded:
        log.info(
            "%s",
            say(
                "run {run} of {day} begins; calls: {calls}, rows skipped: {skipped}; the last call goes not "
                "before {until}",
                run=run.id,
                day=run.day,
                calls=calls,
                skipped=len(skipped),
                until=until,
            ),
        )
    else:
        log.info(
            "%s",
            say(
                "run {run} of {day} begins; calls: {calls}, bundles: {bundles}, rows skipped: {skipped}; "
                "the last bundle goes at {until}",
                run=run.id,
                day=run.day,
                calls=calls,
                bundles=pace.count_bundles(calls),
                skipped=len(skipped),
                until=until,
            ),
        )
    for one in skipped[:_SKIPPED_TOLD]:
        log.info(
            "%s",
            say(
                "row {row}, {number}: skipped, {reason}",
                row=one.phone.key,
                number=one.phone.number or "—",
                reason=one.skipped or Message(""),
            ),
        )
    if more := len(skipped[_SKIPPED_TOLD:]):
        log.info("%s", say("rows skipped besides these: {n}; obzvon report has them all", n=more))


def log_outcomes(endings: Iterable[CallOutcome], journal: Journal, handover: HandOver, *, least: float = 0.0) -> None:
    """A line for each call whose outcome nobody knows, and one when the last outcome of a run is known.

    `least` is how many seconds of a message have to be listened to.
    """
    endings = list(endings)
    unknown = [ending for ending in endings if ending.disposition is Disposition.UNKNOWN]
    for ending in unknown[:_UNKNOWN_TOLD]:
        log.warning(
            "%s",
            say(
                "run {run}, call {position}: unknown, {reason}",
                run=ending.run_id,
                position=ending.position,
                reason=ending.reason or Message(""),
            ),
        )
    if more := len(unknown[_UNKNOWN_TOLD:]):
        log.warning("%s", say("calls unknown besides these: {n}; obzvon report has them all", n=more))
    for run_id in sorted({ending.run_id for ending in endings}):
        if not journal.runs.get(run_id).active and not handover.has_calls_of(run_id):
            log.info(
                "%s",
                say(
                    "run {run}: all its calls have ended: {counts}",
                    run=run_id,
                    counts=format_result_counts(
                        journal.calls.count_results(run_id),
                        journal.calls.count_deliveries(run_id, least) if least else None,
                    ),
                ),
            )


class MissedStartLog:
    """Why a start of the week begins no run: each said once."""

    def __init__(self, schedule_watch: ScheduleWatch, journal: Journal) -> None:
        self._schedule_watch = schedule_watch
        self._journal = journal
        self._passed: date | None = None
        self._had: datetime | None = None

    def log_missed_start(self, now: datetime, today: date, done: Container[date]) -> None:
        """What there is to say at that moment; `done` are the days that have had their run."""
        passed = self._schedule_watch.missed_start(now, done)
        if passed and self._passed != passed.date():
            self._passed = passed.date()
            watch.warning(
                "%s",
                say(
                    "today's start at {time} has passed and is not made up for: it was set after its "
                    "time, or is later than late_start allows; to ring today: obzvon start",
                    time=f"{passed:%H:%M}",
                ),
            )
        start = self._schedule_watch.start_on(today) if today in done else None
        if start is not None and start != self._had:
            self._had = start
            self._tell_had(start, today)

    def _tell_had(self, start: datetime, today: date) -> None:
        run = next((run for run in self._journal.runs.on_days(today) if run.kind in ("week", "former")), None)
        if run is not None and start > run.started_at:
            watch.warning(
                "%s",
                say(
                    "today's start at {time} begins no run: the run of the day was already (run "
                    "{run}); once more: obzvon start",
                    time=f"{start:%H:%M}",
                    run=run.id,
                ),
            )
