"""The work of a campaign, one step at a time: starts due runs, hands calls over at their pace, collects outcomes.

`step(now)` does what is due at that moment and returns when there will be more. It never sleeps.
"""

import contextlib
import logging
import math
from collections.abc import Callable
from datetime import date, datetime, timedelta

from obzvon.asterisk.spool import Spool, write_problem
from obzvon.asterisk.store_lock import describe_copy
from obzvon.asterisk.transport.base import TransportUnavailableError
from obzvon.asterisk.transport.failover import TransportSelector
from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.domain.calls import Run
from obzvon.domain.labels import run_state_label
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.pacing import RECHECK_SECONDS, Pace
from obzvon.journal.journal import Journal
from obzvon.service.active_run import ActiveRun
from obzvon.service.clock_guard import ClockGuard, ClockHeldError
from obzvon.service.day_guard import DayGuard
from obzvon.service.handover import HandOver, RecoveryResult
from obzvon.service.inputs import ScheduleWatch
from obzvon.service.line_monitor import LineCounter
from obzvon.service.number_check import NumberCheck
from obzvon.service.outcome_collector import OutcomeCollector
from obzvon.service.run_control import RunControl
from obzvon.settings.model import Settings

log = logging.getLogger("obzvon")

#: Seconds until something that failed is tried again.
_RETRY_SECONDS = 10.0
#: Seconds until something is tried again that will most likely work by then.
_QUICK_RETRY_SECONDS = 0.5


class Dialer:
    """The dialer of one campaign; `now` is always aware."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        spool: Spool,
        schedule_watch: ScheduleWatch,
        *,
        line_counter: LineCounter | None = None,
        transports: TransportSelector | None = None,
        uptime: Callable[[], float] | None = None,
    ) -> None:
        self.journal = journal
        self.transports = transports or TransportSelector(SpoolTransport(spool, settings.ordinary, settings.coded))
        self.day_guard = DayGuard(settings, journal)
        self.clock_guard = ClockGuard(settings, journal, uptime)
        plan = settings.numbering_plan()
        self.handover = HandOver(
            journal,
            self.transports,
            retry_policy=settings.rounds,
            day_guard=self.day_guard,
            number_check=NumberCheck(plan),
        )
        self.runs = RunControl(
            settings,
            journal,
            self.handover,
            schedule_watch,
            line_counter or LineCounter(self.transports.calls_in_progress),
            plan=plan,
            clock_guard=self.clock_guard,
        )
        #: Seconds of a message that must be heard for it to count as delivered.
        self.delivered = settings.delivered
        self._home, self._store = settings.file.parent, settings.store
        self._schedule_watch = schedule_watch
        self._outcomes = OutcomeCollector(self.handover, journal, self.runs, least=settings.delivered)
        self._is_ready = False
        self._problems: tuple[Problem, ...] = ()
        self._retry_at: datetime | None = None

    @property
    def run(self) -> Run | None:
        """The run in progress or paused."""
        return self.runs.run

    @property
    def plan(self) -> NumberingPlan:
        """The numbering plan of the settings."""
        return self.runs.plan

    @property
    def pace(self) -> Pace:
        """The pace of the next bundle."""
        return self.runs.pace

    @property
    def days_done(self) -> set[date]:
        """The recent days that have had their scheduled run."""
        return self.runs.days_done

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems that keep the dialer from its work at the moment."""
        return self._problems

    @property
    def is_ready(self) -> bool:
        """True if everything has been checked since the start, and since the last problem."""
        return self._is_ready

    @property
    def is_idle(self) -> bool:
        """True if no run is in progress and Asterisk has no call of ours, as far as is known."""
        return self._is_ready and self.run is None and not self.handover.outstanding

    def prepare(self, now: datetime) -> None:
        """Recover what the last service left, and continue its run. Raise UserError or OSError."""
        self.clock_guard.ensure_steady(now)
        self.clock_guard.ensure_not_set_back(now)
        self.handover.close()
        self.transports.prepare_folders(self._home)
        self._refuse_copy()
        self.day_guard.ensure_known(now)
        self.runs.record_former_run(now)
        recovered = self.handover.recover(now=now)
        self.runs.restore(now)
        self.day_guard.record_known_days(now)
        self._is_ready = True
        if self.run is not None and not self._problems:
            self._log_continued(self.run, recovered)

    def _refuse_copy(self) -> None:
        """Raise UserError if a service works with the journal of which ours is a copy; warn of one with another."""
        identity = self.journal.identity.key
        for other in self.transports.other_services(self.journal.address, identity):
            if identity and other.identity == identity:
                raise UserError([Problem(f"dir_store {self._store}", *describe_copy(other))])
            log.warning(
                "%s",
                say(
                    "another service uses the same store, with the journal {journal}: unless it runs "
                    "another campaign, both call the same people",
                    journal=other.journal,
                ),
            )

    def step(self, now: datetime) -> float:
        """Do what is due now. Return the seconds until there is more to do, infinity if that is unknown.

        After a failure everything is checked again before the work continues, as after a start.
        """
        try:
            self.ensure_clock(now)
            self._schedule_watch.refresh(now)
            if wait := self._retry_wait(now):
                return min(wait, self._outcomes.collect(now, is_busy=False)) if self._is_ready else wait
            if not self._is_ready:
                self.prepare(now)
            self.runs.start_due(now)
            wait = self._advance(now)
            wait = min(wait, self._outcomes.collect(now, is_busy=wait == 0.0))
        except OSError as error:
            return self.report_problems(now, (write_problem(error),))
        except ClockHeldError as held:
            wait = self.report_problems(now, held.problems, needs_recheck=False)
            return min(wait, self._collect_held(now)) if self._is_ready else wait
        except TransportUnavailableError as unavailable:
            return self.report_problems(now, unavailable.problems, needs_recheck=False)
        except UserError as error:
            return self.report_problems(now, error.problems)
        self._clear_problems()
        return wait

    def report_problems(self, now: datetime, problems: tuple[Problem, ...], *, needs_recheck: bool = True) -> float:
        """Log problems once and schedule another try; nothing is lost meanwhile. Return the seconds until then."""
        if problems != self._problems:
            self._problems = problems
            for problem in problems:
                log.error("%s", problem)
        self._is_ready = self._is_ready and not needs_recheck
        self._retry_at = now + timedelta(seconds=_RETRY_SECONDS)
        if not self._is_ready:
            self._take_out_orphaned()
        return _RETRY_SECONDS

    def _take_out_orphaned(self) -> None:
        """Take out the files of calls whose Asterisk has ended, which the next one would make again meanwhile."""
        with contextlib.suppress(OSError, UserError):  # what is wrong is reported already
            self.transports.take_out_orphaned(self.journal.runs.tokens())

    def ensure_clock(self, now: datetime) -> None:
        """Raise ClockHeldError while the clock is not believed, unless a run of today may continue all the same."""
        is_ready = self._is_ready
        self.clock_guard.ensure_steady(now, lambda moment: is_ready and self.runs.is_in_its_day(moment))

    def has_work(self, now: datetime) -> bool:
        """Return whether there are calls to make, or outcomes to wait for."""
        self._schedule_watch.refresh(now)
        return (
            self.run is not None
            or self.handover.outstanding > 0
            or self._schedule_watch.due_day(now, self.days_done) is not None
        )

    def require_recheck(self) -> None:
        """Check everything again before the work continues."""
        self._is_ready = False

    def _collect_held(self, now: datetime) -> float:
        try:
            return self._outcomes.collect(now, is_busy=False, is_held=True)
        except OSError as error:
            return self.report_problems(now, (write_problem(error),))
        except UserError as error:
            return self.report_problems(now, error.problems)

    def _advance(self, now: datetime) -> float:
        """Hand over what is due. Return the seconds until there is more."""
        active = self.runs.active
        if active is None:
            return math.inf
        if self.runs.end_if_over(active, now):
            return math.inf
        active.apply_brake(now)
        if active.run.state == "paused":
            return math.inf
        active.pace = self.pace
        if wait := active.wait(now):
            return wait
        try:
            return self._dispatch_next(active, now)
        except TransportUnavailableError as unavailable:
            if unavailable.is_transient:
                return _QUICK_RETRY_SECONDS
            raise

    def _dispatch_next(self, active: ActiveRun, now: datetime) -> float:
        self.handover.ensure_available(now)
        if not active.is_based_on(self._schedule_watch.list_revision):
            active.withdraw_removed(self._schedule_watch.current_phones(), self.plan, now)
        if not (room := active.room(now)):
            return RECHECK_SECONDS
        if not active.dispatch_next(now, room):
            self.runs.finish(active.run, now, "done")
            return math.inf
        return active.wait(now)

    def _retry_wait(self, now: datetime) -> float:
        """Return the seconds until the next try after a failure; 0 if there is none to wait for."""
        if self._retry_at is None or not timedelta(0) < self._retry_at - now <= timedelta(seconds=_RETRY_SECONDS):
            return 0.0
        return (self._retry_at - now).total_seconds()

    def _clear_problems(self) -> None:
        if self._problems:
            log.info("%s", say("work continues"))
        self._problems = ()
        self._retry_at = None

    def _log_continued(self, run: Run, recovered: RecoveryResult) -> None:
        log.info(
            "%s",
            say(
                "run {run} continues where it stopped; calls not handed over, to go again: {again}, "
                "handed over: {handed}, unknown: {unknown}; state: {state}",
                run=run.id,
                again=recovered.again,
                handed=recovered.handed,
                unknown=recovered.unknown,
                state=run_state_label(run.state),
            ),
        )
