"""The day's work, one step at a time: begins runs, hands calls over at their pace, obeys the operators.

`step(now)` does what is to be done at that moment and says when there will be more; it never sleeps.
"""

import logging
import math
from datetime import date, datetime, timedelta
from itertools import groupby

from obzvon.asterisk.spool import Spool, write_problem
from obzvon.asterisk.transport.base import TransportUnavailableError
from obzvon.asterisk.transport.failover import TransportSelector
from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.calls import PendingCall, Run
from obzvon.domain.labels import format_result_counts, result_label, run_state_label
from obzvon.domain.pacing import RECHECK_SECONDS, Pace
from obzvon.domain.redial import RedialRequest
from obzvon.domain.schedule import closing_instant
from obzvon.journal.journal import Journal
from obzvon.service import run_log
from obzvon.service.active_run import ActiveRun
from obzvon.service.handover import HandOver
from obzvon.service.inputs import PaceWatch, ScheduleWatch
from obzvon.service.line_monitor import LineCounter
from obzvon.service.run_starter import RunNotStartedError, RunStarter
from obzvon.settings.model import Settings

log = logging.getLogger("obzvon")

_RETRY = 10.0
"""Seconds until something that went wrong is tried again."""
_MOMENT = 0.5
"""Seconds until something is tried again that will most likely have passed by then."""
_LOOK = 1.0
"""Seconds between two looks at what Asterisk has finished with; longer where there is much to look at."""
_LOOKED_THROUGH = 2000
"""Files that may be looked through in a second without being felt."""
_HASTE = 0.25
"""So much of that is waited where Asterisk's events have told of ends: there is something to be found."""


class Dialer:
    """One campaign's runs; `now` is always aware."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        spool: Spool,
        schedule_watch: ScheduleWatch,
        *,
        line_counter: LineCounter | None = None,
        transports: TransportSelector | None = None,
    ) -> None:
        self.journal = journal
        self.transports = transports or TransportSelector(SpoolTransport(spool, settings.ordinary, settings.coded))
        self.handover = HandOver(journal, self.transports, rounds=settings.rounds)
        self.plan = settings.numbering_plan()
        self.line_counter = line_counter or LineCounter(self.transports.calls_in_progress)
        self._run_starter = RunStarter(settings, journal, schedule_watch, self.plan)
        self._pace_watch = PaceWatch(settings)
        self._settings = settings
        self._schedule_watch = schedule_watch
        self._active_run: ActiveRun | None = None
        self._is_ready = False
        self._days_done: set[date] = set()
        self._problems: tuple[Problem, ...] = ()
        self._retry_at: datetime | None = None
        self._collected_at: datetime | None = None
        self._missed_starts = run_log.MissedStartLog(schedule_watch, journal)
        self._held_up: date | None = None

    @property
    def run(self) -> Run | None:
        """The run in progress or paused."""
        return self._active_run.run if self._active_run else None

    @property
    def pace(self) -> Pace:
        """The pace of the next bundle."""
        return self._pace_watch.refresh()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What keeps the dialer from its work at the moment."""
        return self._problems

    @property
    def is_ready(self) -> bool:
        """Whether everything has been looked through since the start, and since the last trouble."""
        return self._is_ready

    @property
    def days_done(self) -> set[date]:
        """The days of late that have had their run of the week."""
        return self._days_done

    @property
    def delivered(self) -> float:
        """Seconds for which a message must be listened to if it is to count as delivered."""
        return self._settings.delivered

    def prepare(self, now: datetime) -> None:
        """Makes ready and goes on where the last service stopped; raises UserError or OSError."""
        self.handover.close()
        self.transports.prepare(self._settings.file.parent)
        for other in self.transports.other_services(self.journal.address):
            log.warning(
                "%s",
                say(
                    "another service works with the same store, by the journal {journal}: unless it is "
                    "another campaign, both ring the same people",
                    journal=other,
                ),
            )
        self._run_starter.record_former_run(self.today(now), now=now)
        recovered = self.handover.recover(now=now)
        self.journal.transitions.withdraw_stranded(say("its run had ended before it could be handed over"), at=now)
        self._days_done = self.journal.runs.scheduled_days(self.today(now) - timedelta(days=7))
        self._follow(self.journal.runs.active())
        self._is_ready = True
        if self.run is not None and not self._problems:
            log.info(
                "%s",
                say(
                    "run {run} goes on where it was; calls not handed over, which go again: {again}, "
                    "handed over: {handed}, unknown: {unknown}; state: {state}",
                    run=self.run.id,
                    again=recovered.again,
                    handed=recovered.handed,
                    unknown=recovered.unknown,
                    state=run_state_label(self.run.state),
                ),
            )

    def step(self, now: datetime) -> float:
        """Does what is to be done now; returns in how many seconds there will be more, infinity if nobody knows.

        After something went wrong everything is looked through anew before the work goes on, as after a start.
        """
        try:
            self._schedule_watch.refresh(now)
            if wait := self._pause_after_trouble(now):
                return min(wait, self._collect(now, busy=False)) if self._is_ready else wait
            if not self._is_ready:
                self.prepare(now)
            self._begin_due(now)
            wait = self._advance(now)
            wait = min(wait, self._collect(now, busy=wait == 0.0))
        except OSError as error:
            return self.report_problems(now, (write_problem(error),))
        except TransportUnavailableError as held:
            return self.report_problems(now, held.problems, look_anew=False)
        except UserError as error:
            return self.report_problems(now, error.problems)
        self._tell_recovered()
        return wait

    def report_problems(self, now: datetime, problems: tuple[Problem, ...], *, look_anew: bool = True) -> float:
        """Something is in the way: told once, tried again after a while; nothing is lost meanwhile."""
        if problems != self._problems:
            self._problems = problems
            for problem in problems:
                log.error("%s", problem)
        self._is_ready = self._is_ready and not look_anew
        self._retry_at = now + timedelta(seconds=_RETRY)
        return _RETRY

    def has_work(self, now: datetime) -> bool:
        """Whether there are calls to be made, or the ends of some to be heard."""
        self._schedule_watch.refresh(now)
        return (
            self.run is not None
            or self.handover.outstanding > 0
            or self._schedule_watch.due_day(now, self._days_done) is not None
        )

    def require_recheck(self) -> None:
        """Has everything looked through anew before the work goes on."""
        self._is_ready = False

    # -- runs

    def start_run(
        self,
        day: date,
        kind: str,
        *,
        now: datetime,
        by: str = "",
        again: bool = False,
        only: RedialRequest | None = None,
        list_revision: str | None = None,
    ) -> Run | None:
        """Begins a run with the list as it is now, or of some of it `only`, rung today or not.

        None if the day's run of the week was begun before. With `list_revision` only if the list is still that one.
        """
        if self._is_closed(day, now):
            if kind == "manual":
                raise RunNotStartedError(
                    say("it is past {time}, after which nothing is handed over", time=f"{self._settings.latest:%H:%M}"),
                    say("see [Day] latest"),
                )
            log.warning(
                "%s",
                say(
                    "the run of {day} begins after {time} and can ring nobody any more",
                    day=day,
                    time=f"{self._settings.latest:%H:%M}",
                ),
            )
        claimed = self._run_starter.start(
            day, kind, now=now, by=by, again=again, only=only, list_revision=list_revision
        )
        if claimed is None or kind == "week":
            self._days_done.add(day)
        if claimed is None:
            return None
        calls = claimed.run.total - len(claimed.skipped)
        run_log.log_start(claimed.run, calls, claimed.skipped, self.pace, self._clock(now + self.pace.duration(calls)))
        self._follow(claimed.run, list_revision=claimed.list_revision)
        return claimed.run

    def change_state(self, state: str, now: datetime) -> None:
        """Holds the hand-over (paused; what Asterisk has goes on), or goes on with it (running)."""
        assert self._active_run is not None  # noqa: S101 - the callers have looked
        self._active_run.change_state(state, now)
        log.info("%s", say("run {run} is {state}", run=self._active_run.run.id, state=run_state_label(state)))

    def stop_run(self, now: datetime, reason: Message) -> int:
        """Ends the run: what still waits is withdrawn for `reason`; returns how many calls that were."""
        assert self._active_run is not None  # noqa: S101 - the callers have looked
        withdrawn = self._withdraw(self._active_run.run, now, reason)
        self._finish(self._active_run.run, now, "stopped")
        return withdrawn

    def test_call(self, number: str, code: str, *, now: datetime, by: str) -> None:
        """Hands one call over at once, outside any run of the list; `number` and `code` are already checked.

        Raises UserError or OSError where it does not go, NotStarted also where Asterisk refuses it.
        """
        self.handover.ensure_available(now)
        run = self._run_starter.start_test_call(self.today(now), number, code, now=now, by=by)
        try:
            handed = self.handover.dispatch(self.journal.calls.waiting(run.id), 1, now=now)
        except (OSError, UserError):
            self.journal.transitions.withdraw_waiting(run.id, say("it could not be handed over"), at=now)
            self.journal.runs.set_state(run.id, "stopped", at=now)
            raise
        if handed.refused:
            raise RunNotStartedError(handed.refused[0].reason or result_label(handed.refused[0].disposition))

    def _begin_due(self, now: datetime) -> None:
        day = self._schedule_watch.due_day(now, self._days_done) or self._day_held_up(now)
        if day is None:
            self._missed_starts.log_missed_start(now, self.today(now), self._days_done)
            return
        if self.run is not None:
            if self.run.day >= day:
                # Begun by hand today: the week's run comes when it has ended, however late, and rings who is left.
                self._held_up = day
                return
            self.stop_run(now, say("the run of {day} began", day=day))
        self.start_run(day, "week", now=now)

    def _day_held_up(self, now: datetime) -> date | None:
        """Today, if its start came during a run by hand; lateness is for a start that nobody was there for."""
        today = self.today(now)
        waits = (
            self._held_up == today
            and today not in self._days_done
            and self._schedule_watch.schedule.start_on(today) is not None
        )
        return today if waits else None

    def _advance(self, now: datetime) -> float:
        active = self._active_run
        if active is None:
            return math.inf
        if self._is_over(active, now) or active.run.state == "paused":
            return math.inf
        active.pace = self.pace
        if wait := active.wait(now):
            return wait
        try:
            return self._dispatch_next(active, now)
        except TransportUnavailableError as held:
            if held.is_transient:
                return _MOMENT
            raise

    def _dispatch_next(self, active: ActiveRun, now: datetime) -> float:
        self.handover.ensure_available(now)
        if not active.is_based_on(self._schedule_watch.list_revision):
            active.withdraw_removed(self._schedule_watch.current_phones(), self.plan, now)
        if not (room := active.room()):
            return RECHECK_SECONDS
        if not active.dispatch_next(now, room):
            self._finish(active.run, now, "done")
            return math.inf
        return active.wait(now)

    def _is_over(self, active: ActiveRun, now: datetime) -> bool:
        """Ends a run for which it is too late: past `latest`, or left over from another day."""
        if self._is_closed(active.run.day, now):
            time = f"{self._settings.latest:%H:%M}"
            self._withdraw(active.run, now, say("it was {time}, after which nothing is handed over", time=time))
            self._finish(active.run, now, "done")
            return True
        if active.run.state == "running" and active.run.day < self.today(now) and active.is_stale(now):
            # Who switches a machine on at night rings nobody by that.
            self._withdraw(
                active.run, now, say("the run was cut off, and the work could not go on before its day was over")
            )
            self._finish(active.run, now, "stopped")
            return True
        return False

    def _withdraw(self, run: Run, now: datetime, reason: Message) -> int:
        withdrawn = self.journal.transitions.withdraw_waiting(run.id, reason, at=now)
        log.warning(
            "%s",
            say_many("{n} call is withdrawn: {reason}", "{n} calls are withdrawn: {reason}", withdrawn, reason=reason),
        )
        return withdrawn

    def _finish(self, run: Run, now: datetime, state: str) -> None:
        self.journal.runs.set_state(run.id, state, at=now)
        self.journal.runs.settle()
        log.info(
            "%s",
            say(
                "run {run} has ended: {counts}",
                run=run.id,
                counts=format_result_counts(self.journal.calls.count_results(run.id)),
            ),
        )
        self.handover.close()
        self._follow(None)

    def _follow(self, run: Run | None, *, list_revision: str = "") -> None:
        """Makes a run the one in progress."""
        before, self._active_run = self._active_run, None
        if run is not None:
            self._active_run = ActiveRun(
                run, self.journal, self.handover, self.pace, self.line_counter, list_revision=list_revision
            )
            if before is not None and before.run.id == run.id:
                self._active_run.carry_activity_over(before)

    # -- outcomes

    def _collect(self, now: datetime, *, busy: bool) -> float:
        outstanding = self.handover.outstanding
        if not outstanding:
            return math.inf
        pause = max(_LOOK, outstanding / _LOOKED_THROUGH)
        if busy:
            pause *= 10
        elif self.handover.has_new_outcomes:
            pause *= _HASTE
        since = (now - self._collected_at).total_seconds() if self._collected_at else math.inf
        if 0 <= since < pause:
            return pause - since
        self._collected_at = now
        collected = self.handover.collect(now=now, goes_on=lambda run_id: self._goes_on(run_id, now))
        if collected.retried and self._active_run is not None:
            self._active_run.reload_retries(now)
        for ending in (*collected.endings, *collected.retried):
            log.debug(
                "%s",
                say(
                    "run {run}, call {position}: {disposition}",
                    run=ending.run_id,
                    position=ending.position,
                    disposition=result_label(ending.disposition),
                ),
            )
        run_log.log_outcomes(collected.endings, self.journal, self.handover, least=self.delivered)
        for run_id, calls in groupby(collected.returned, lambda call: call.run_id):
            self._requeue(run_id, list(calls), now)
        return pause

    def _goes_on(self, run_id: int, now: datetime) -> bool:
        """Whether calls of that run may still be handed over."""
        run = self.run
        return run is not None and run.id == run_id and not self._is_closed(run.day, now)

    def _requeue(self, run_id: int, calls: list[PendingCall], now: datetime) -> None:
        """Calls that Asterisk never began go again while their run can still ring anybody."""
        run = self.journal.runs.get(run_id)
        ended_today = run.state == "done" and run.kind != "test" and run.day == self.today(now)
        if run.active or (ended_today and self._active_run is None and not self._is_closed(run.day, now)):
            if not run.active:  # first, so that calls never wait in a run that has ended
                self.journal.runs.set_state(run.id, "running", at=now)
            self.handover.requeue(calls)
            self._follow(self.journal.runs.get(run_id))
            log.info(
                "%s",
                say_many(
                    "{n} call came back from the spool un-begun and goes again",
                    "{n} calls came back from the spool un-begun and go again",
                    len(calls),
                ),
            )
        else:
            self.handover.withdraw_returned(calls, now=now)

    # -- the rest

    def _pause_after_trouble(self, now: datetime) -> float:
        if self._retry_at is None or not timedelta(0) < self._retry_at - now <= timedelta(seconds=_RETRY):
            return 0.0
        return (self._retry_at - now).total_seconds()

    def _tell_recovered(self) -> None:
        if self._problems:
            log.info("%s", say("the work goes on"))
        self._problems = ()
        self._retry_at = None

    def _is_closed(self, day: date, now: datetime) -> bool:
        closing = closing_instant(day, self._settings.latest, self._settings.zone)
        return closing is not None and now >= closing

    def today(self, now: datetime) -> date:
        """The date at that moment, by the clock of the settings' time zone."""
        return now.astimezone(self._settings.zone).date()

    def _clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._settings.zone):%H:%M:%S}"
