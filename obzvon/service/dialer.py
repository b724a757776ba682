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
from obzvon.journal.runs import Journal
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
        agenda: ScheduleWatch,
        *,
        gauge: LineCounter | None = None,
        ways: TransportSelector | None = None,
    ) -> None:
        self.journal = journal
        self.ways = ways or TransportSelector(SpoolTransport(spool, settings.ordinary, settings.coded))
        self.handover = HandOver(journal, self.ways, rounds=settings.rounds)
        self.plan = settings.numbering_plan()
        self.gauge = gauge or LineCounter(self.ways.calls_in_progress)
        self._claims = RunStarter(settings, journal, agenda, self.plan)
        self._speed = PaceWatch(settings)
        self._settings = settings
        self._agenda = agenda
        self._course: ActiveRun | None = None
        self._ready = False
        self._done: set[date] = set()
        self._trouble: tuple[Problem, ...] = ()
        self._retry_at: datetime | None = None
        self._collected_at: datetime | None = None
        self._starts = run_log.MissedStartLog(agenda, journal)
        self._held_up: date | None = None

    @property
    def run(self) -> Run | None:
        """The run in progress or paused."""
        return self._course.run if self._course else None

    @property
    def pace(self) -> Pace:
        """The pace of the next bundle."""
        return self._speed.look()

    @property
    def trouble(self) -> tuple[Problem, ...]:
        """What keeps the dialer from its work at the moment."""
        return self._trouble

    @property
    def ready(self) -> bool:
        """Whether everything has been looked through since the start, and since the last trouble."""
        return self._ready

    @property
    def done(self) -> set[date]:
        """The days of late that have had their run of the week."""
        return self._done

    @property
    def delivered(self) -> float:
        """Seconds for which a message must be listened to if it is to count as delivered."""
        return self._settings.delivered

    def start(self, now: datetime) -> None:
        """Makes ready and goes on where the last service stopped; raises UserError or OSError."""
        self.handover.close()
        self.ways.prepare(self._settings.file.parent)
        for other in self.ways.other_services(self.journal.name):
            log.warning(
                "%s",
                say(
                    "another service works with the same store, by the journal {journal}: unless it is "
                    "another campaign, both ring the same people",
                    journal=other,
                ),
            )
        self._claims.former(self.today(now), now=now)
        recovered = self.handover.recover(now=now)
        self.journal.withdraw_stranded(say("its run had ended before it could be handed over"), at=now)
        self._done = self.journal.days_done(self.today(now) - timedelta(days=7))
        self._follow(self.journal.active_run())
        self._ready = True
        if self.run is not None and not self._trouble:
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
            self._agenda.look(now)
            if wait := self._pause_after_trouble(now):
                return min(wait, self._collect(now, busy=False)) if self._ready else wait
            if not self._ready:
                self.start(now)
            self._begin_due(now)
            wait = self._advance(now)
            wait = min(wait, self._collect(now, busy=wait == 0.0))
        except OSError as error:
            return self.stumble(now, (write_problem(error),))
        except TransportUnavailableError as held:
            return self.stumble(now, held.problems, look_anew=False)
        except UserError as error:
            return self.stumble(now, error.problems)
        self._tell_recovered()
        return wait

    def stumble(self, now: datetime, problems: tuple[Problem, ...], *, look_anew: bool = True) -> float:
        """Something is in the way: told once, tried again after a while; nothing is lost meanwhile."""
        if problems != self._trouble:
            self._trouble = problems
            for problem in problems:
                log.error("%s", problem)
        self._ready = self._ready and not look_anew
        self._retry_at = now + timedelta(seconds=_RETRY)
        return _RETRY

    def expects_calls(self, now: datetime) -> bool:
        """Whether there are calls to be made, or the ends of some to be heard."""
        self._agenda.look(now)
        return (
            self.run is not None or self.handover.outstanding > 0 or self._agenda.due_day(now, self._done) is not None
        )

    def doubt(self) -> None:
        """Has everything looked through anew before the work goes on."""
        self._ready = False

    # -- runs

    def begin(
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
        claimed = self._claims.run(day, kind, now=now, by=by, again=again, only=only, list_revision=list_revision)
        if claimed is None or kind == "week":
            self._done.add(day)
        if claimed is None:
            return None
        calls = claimed.run.total - len(claimed.skipped)
        run_log.tell_begun(claimed.run, calls, claimed.skipped, self.pace, self._clock(now + self.pace.duration(calls)))
        self._follow(claimed.run, list_revision=claimed.list_revision)
        return claimed.run

    def change(self, state: str, now: datetime) -> None:
        """Holds the hand-over (paused; what Asterisk has goes on), or goes on with it (running)."""
        assert self._course is not None  # noqa: S101 - the callers have looked
        self._course.change(state, now)
        log.info("%s", say("run {run} is {state}", run=self._course.run.id, state=run_state_label(state)))

    def stop(self, now: datetime, reason: Message) -> int:
        """Ends the run: what still waits is withdrawn for `reason`; returns how many calls that were."""
        assert self._course is not None  # noqa: S101 - the callers have looked
        withdrawn = self._withdraw(self._course.run, now, reason)
        self._finish(self._course.run, now, "stopped")
        return withdrawn

    def test_call(self, number: str, code: str, *, now: datetime, by: str) -> None:
        """Hands one call over at once, outside any run of the list; `number` and `code` are already checked.

        Raises UserError or OSError where it does not go, NotStarted also where Asterisk refuses it.
        """
        self.handover.ensure(now)
        run = self._claims.test_call(self.today(now), number, code, now=now, by=by)
        try:
            handed = self.handover.hand(self.journal.waiting(run.id), 1, now=now)
        except (OSError, UserError):
            self.journal.withdraw_waiting(run.id, say("it could not be handed over"), at=now)
            self.journal.change_state(run.id, "stopped", at=now)
            raise
        if handed.refused:
            raise RunNotStartedError(handed.refused[0].reason or result_label(handed.refused[0].disposition))

    def _begin_due(self, now: datetime) -> None:
        day = self._agenda.due_day(now, self._done) or self._day_held_up(now)
        if day is None:
            self._starts.tell(now, self.today(now), self._done)
            return
        if self.run is not None:
            if self.run.day >= day:
                # Begun by hand today: the week's run comes when it has ended, however late, and rings who is left.
                self._held_up = day
                return
            self.stop(now, say("the run of {day} began", day=day))
        self.begin(day, "week", now=now)

    def _day_held_up(self, now: datetime) -> date | None:
        """Today, if its start came during a run by hand; lateness is for a start that nobody was there for."""
        today = self.today(now)
        waits = self._held_up == today and today not in self._done and self._agenda.week.start_on(today) is not None
        return today if waits else None

    def _advance(self, now: datetime) -> float:
        course = self._course
        if course is None:
            return math.inf
        if self._is_over(course, now) or course.run.state == "paused":
            return math.inf
        course.pace = self.pace
        if wait := course.wait(now):
            return wait
        try:
            return self._hand_some(course, now)
        except TransportUnavailableError as held:
            if held.is_transient:
                return _MOMENT
            raise

    def _hand_some(self, course: ActiveRun, now: datetime) -> float:
        self.handover.ensure(now)
        if not course.is_by(self._agenda.list_revision):
            course.strike_off(self._agenda.phones(), self.plan, now)
        if not (room := course.room()):
            return RECHECK_SECONDS
        if not course.hand_some(now, room):
            self._finish(course.run, now, "done")
            return math.inf
        return course.wait(now)

    def _is_over(self, course: ActiveRun, now: datetime) -> bool:
        """Ends a run for which it is too late: past `latest`, or left over from another day."""
        if self._is_closed(course.run.day, now):
            time = f"{self._settings.latest:%H:%M}"
            self._withdraw(course.run, now, say("it was {time}, after which nothing is handed over", time=time))
            self._finish(course.run, now, "done")
            return True
        if course.run.state == "running" and course.run.day < self.today(now) and course.is_cut_off(now):
            # Who switches a machine on at night rings nobody by that.
            self._withdraw(
                course.run, now, say("the run was cut off, and the work could not go on before its day was over")
            )
            self._finish(course.run, now, "stopped")
            return True
        return False

    def _withdraw(self, run: Run, now: datetime, reason: Message) -> int:
        withdrawn = self.journal.withdraw_waiting(run.id, reason, at=now)
        log.warning(
            "%s",
            say_many("{n} call is withdrawn: {reason}", "{n} calls are withdrawn: {reason}", withdrawn, reason=reason),
        )
        return withdrawn

    def _finish(self, run: Run, now: datetime, state: str) -> None:
        self.journal.change_state(run.id, state, at=now)
        self.journal.settle()
        log.info(
            "%s",
            say("run {run} has ended: {counts}", run=run.id, counts=format_result_counts(self.journal.counts(run.id))),
        )
        self.handover.close()
        self._follow(None)

    def _follow(self, run: Run | None, *, list_revision: str = "") -> None:
        """Makes a run the one in progress."""
        before, self._course = self._course, None
        if run is not None:
            self._course = ActiveRun(
                run, self.journal, self.handover, self.pace, self.gauge, list_revision=list_revision
            )
            if before is not None and before.run.id == run.id:
                self._course.keep_awake(before)

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
        if collected.put_off and self._course is not None:
            self._course.put_off(now)
        for ending in (*collected.endings, *collected.put_off):
            log.debug(
                "%s",
                say(
                    "run {run}, call {position}: {disposition}",
                    run=ending.run_id,
                    position=ending.position,
                    disposition=result_label(ending.disposition),
                ),
            )
        run_log.tell_ended(collected.endings, self.journal, self.handover, least=self.delivered)
        for run_id, calls in groupby(collected.returned, lambda call: call.run_id):
            self._take_back(run_id, list(calls), now)
        return pause

    def _goes_on(self, run_id: int, now: datetime) -> bool:
        """Whether calls of that run may still be handed over."""
        run = self.run
        return run is not None and run.id == run_id and not self._is_closed(run.day, now)

    def _take_back(self, run_id: int, calls: list[PendingCall], now: datetime) -> None:
        """Calls that Asterisk never began go again while their run can still ring anybody."""
        run = self.journal.run(run_id)
        ended_today = run.state == "done" and run.kind != "test" and run.day == self.today(now)
        if run.active or (ended_today and self._course is None and not self._is_closed(run.day, now)):
            if not run.active:  # first, so that calls never wait in a run that has ended
                self.journal.change_state(run.id, "running", at=now)
            self.handover.take_back(calls)
            self._follow(self.journal.run(run_id))
            log.info(
                "%s",
                say_many(
                    "{n} call came back from the spool un-begun and goes again",
                    "{n} calls came back from the spool un-begun and go again",
                    len(calls),
                ),
            )
        else:
            self.handover.give_up(calls, now=now)

    # -- the rest

    def _pause_after_trouble(self, now: datetime) -> float:
        if self._retry_at is None or not timedelta(0) < self._retry_at - now <= timedelta(seconds=_RETRY):
            return 0.0
        return (self._retry_at - now).total_seconds()

    def _tell_recovered(self) -> None:
        if self._trouble:
            log.info("%s", say("the work goes on"))
        self._trouble = ()
        self._retry_at = None

    def _is_closed(self, day: date, now: datetime) -> bool:
        closing = closing_instant(day, self._settings.latest, self._settings.zone)
        return closing is not None and now >= closing

    def today(self, now: datetime) -> date:
        """The date at that moment, by the clock of the settings' time zone."""
        return now.astimezone(self._settings.zone).date()

    def _clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._settings.zone):%H:%M:%S}"
