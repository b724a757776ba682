"""Log lines about runs: their start, the calls handed over, how calls ended, why a scheduled start was missed."""

import logging
from collections.abc import Container, Iterable
from datetime import date, datetime

from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.calls import CallOutcome, Run
from obzvon.domain.labels import format_result_counts, result_label
from obzvon.domain.pacing import Pace
from obzvon.domain.phones import Candidate
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.service.handover import HandOver, HandOverResult
from obzvon.service.inputs import ScheduleWatch

log = logging.getLogger("obzvon")

#: A bundle up to this size is logged number by number.
_NUMBERS_LOGGED = 10
#: Rows and calls that get a line each; the report lists all.
_ROWS_LOGGED = 50
_UNKNOWN_LOGGED = 50


def log_start(run: Run, skipped: list[Candidate], pace: Pace, until: str) -> None:
    """Log the start of a run, with the time of its last call (`until`), and a line for each row that it skips."""
    calls = run.total - len(skipped)
    facts = {"run": run.id, "day": run.day, "calls": calls, "skipped": len(skipped), "until": until}
    if pace.is_bounded:
        begun = say(
            "run {run} of {day} starts; calls: {calls}, rows skipped: {skipped}; the last call goes "
            "no earlier than {until}",
            **facts,
        )
    else:
        begun = say(
            "run {run} of {day} starts; calls: {calls}, bundles: {bundles}, rows skipped: {skipped}; "
            "the last bundle goes at {until}",
            bundles=pace.count_bundles(calls),
            **facts,
        )
    log.info("%s", begun)
    for candidate in skipped[:_ROWS_LOGGED]:
        log.info(
            "%s",
            say(
                "row {row}, {number}: skipped, {reason}",
                row=candidate.phone.key,
                number=candidate.phone.number or "—",
                reason=candidate.skipped or Message(""),
            ),
        )
    if more := len(skipped[_ROWS_LOGGED:]):
        log.info("%s", say("further rows skipped: {n}; for all of them: obzvon report", n=more))


def log_dispatched(run_id: int, bundle: int, result: HandOverResult, *, is_retry: bool) -> None:
    """Log which calls of a bundle Asterisk has taken, and how many it has refused."""
    if result.refused:
        log.error(
            "%s",
            say_many(
                "run {run}: Asterisk refused {n} call: {reason}",
                "run {run}: Asterisk refused {n} calls: {reason}",
                len(result.refused),
                run=run_id,
                reason=result.refused[0].reason or Message(""),
            ),
        )
    if not (calls := result.accepted):
        return
    numbers = ", ".join(call.number for call in calls)
    if len(calls) > _NUMBERS_LOGGED:
        numbers = f"{calls[0].number} … {calls[-1].number}"
    if is_retry:
        line = say_many(
            "run {run}, bundle {bundle}: {n} call handed over again: {numbers}",
            "run {run}, bundle {bundle}: {n} calls handed over again: {numbers}",
            len(calls),
            run=run_id,
            bundle=bundle,
            numbers=numbers,
        )
    else:
        line = say_many(
            "run {run}, bundle {bundle}: {n} call handed over: {numbers}",
            "run {run}, bundle {bundle}: {n} calls handed over: {numbers}",
            len(calls),
            run=run_id,
            bundle=bundle,
            numbers=numbers,
        )
    log.info("%s", line)


def log_each_outcome(outcomes: Iterable[CallOutcome]) -> None:
    """Log how each call ended, for debugging."""
    for outcome in outcomes:
        log.debug(
            "%s",
            say(
                "run {run}, call {position}: {disposition}",
                run=outcome.run_id,
                position=outcome.position,
                disposition=result_label(outcome.disposition),
            ),
        )


def log_outcomes(outcomes: list[CallOutcome], journal: Journal, handover: HandOver, *, least: float = 0.0) -> None:
    """Log each call with an unknown result, and a summary of each run when its last outcome is known.

    `least` is how many seconds of a message count as delivered; 0 = delivery is not counted.
    """
    unknown = [outcome for outcome in outcomes if outcome.disposition is Disposition.UNKNOWN]
    for outcome in unknown[:_UNKNOWN_LOGGED]:
        log.warning(
            "%s",
            say(
                "run {run}, call {position}: unknown, {reason}",
                run=outcome.run_id,
                position=outcome.position,
                reason=outcome.reason or Message(""),
            ),
        )
    if more := len(unknown[_UNKNOWN_LOGGED:]):
        log.warning("%s", say("further calls with an unknown result: {n}; for all of them: obzvon report", n=more))
    for run_id in sorted({outcome.run_id for outcome in outcomes}):
        if not journal.runs.get(run_id).active and not handover.has_calls_of(run_id):
            counts = format_result_counts(
                journal.calls.count_results(run_id), journal.calls.count_deliveries(run_id, least) if least else None
            )
            log.info("%s", say("run {run}: all calls have ended: {counts}", run=run_id, counts=counts))


class MissedStartLog:
    """Logs once why a scheduled start begins no run.

    Once for all processes: from cron another one looks every minute, and what they all would say is not logged.
    """

    def __init__(self, schedule_watch: ScheduleWatch, journal: Journal) -> None:
        self._schedule_watch = schedule_watch
        self._journal = journal
        self._logged_day: date | None = None
        self._logged_start: datetime | None = None

    def log_missed_start(self, now: datetime, today: date, days_done: Container[date]) -> None:
        """Log a start of today that has passed without a run; `days_done` are the days that have had their run."""
        missed = self._schedule_watch.missed_start(now, days_done)
        if missed and self._logged_day != missed.date():
            self._logged_day = missed.date()
            if self._journal.seen_schedules.claim_missed_start("late", missed):
                log.warning(
                    "%s",
                    say(
                        "today's start at {time} was missed and will not be made up for: it was set after "
                        "its time, or late_start does not allow such a delay; to call today: obzvon start",
                        time=f"{missed:%H:%M}",
                    ),
                )
        start = self._schedule_watch.start_on(today) if today in days_done else None
        if start is not None and start != self._logged_start:
            self._logged_start = start
            self._log_already_done(start, today)

    def _log_already_done(self, start: datetime, today: date) -> None:
        run = next(
            (run for run in self._journal.runs.on_days(today) if run.kind == "week" or run.has_unknown_calls), None
        )
        is_passed_over = run is not None and start > run.started_at
        if is_passed_over and self._journal.seen_schedules.claim_missed_start("done", start):
            log.warning(
                "%s",
                say(
                    "today's start at {time} starts no run: the day has already had its run (run "
                    "{run}); to call again: obzvon start",
                    time=f"{start:%H:%M}",
                    run=run.id if run else 0,
                ),
            )
