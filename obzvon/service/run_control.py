"""Starts, pauses, resumes and ends runs. There is one run in progress at most."""

import logging
from datetime import date, datetime, timedelta

from obzvon.common.errors import UserError
from obzvon.common.i18n import Message, date_label, say, say_many
from obzvon.domain.brake import RunHold
from obzvon.domain.calls import Run
from obzvon.domain.labels import format_result_counts, result_label, run_state_label
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.pacing import Pace
from obzvon.domain.schedule import closing_instant
from obzvon.journal.journal import Journal
from obzvon.service import run_log
from obzvon.service.active_run import ActiveRun
from obzvon.service.call_budget import CallBudget, why_no_test_call
from obzvon.service.clock_guard import ClockGuard
from obzvon.service.handover import HandOver
from obzvon.service.inputs import PaceWatch, ScheduleWatch
from obzvon.service.line_monitor import LineCounter
from obzvon.service.run_brake import RunBrake
from obzvon.service.run_starter import RunNotStartedError, RunRequest, RunStarter
from obzvon.service.start_gate import StartGate
from obzvon.settings.model import Settings

log = logging.getLogger("obzvon")

#: Days back for which is kept whether they have had their scheduled run.
_DAYS_KEPT = 7


class RunControl:
    """The runs of one campaign; `now` is always aware."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        handover: HandOver,
        schedule_watch: ScheduleWatch,
        line_counter: LineCounter,
        *,
        plan: NumberingPlan,
        clock_guard: ClockGuard,
    ) -> None:
        self.line_counter = line_counter
        self.plan = plan
        #: The run in progress or paused.
        self.active: ActiveRun | None = None
        #: The recent days that have had their scheduled run.
        self.days_done: set[date] = set()
        #: What has a say in whether a run may start.
        self.gate = StartGate()
        self._settings = settings
        self._journal = journal
        self._handover = handover
        self._schedule_watch = schedule_watch
        self._clock_guard = clock_guard
        self._starter = RunStarter(settings, journal, self.plan)
        self._pace_watch = PaceWatch(settings)
        self._missed_starts = run_log.MissedStartLog(schedule_watch, journal)

    @property
    def run(self) -> Run | None:
        """The run in progress or paused."""
        return self.active.run if self.active else None

    @property
    def hold(self) -> RunHold | None:
        """Why and since when the run in progress is held; None if it is not."""
        return self.active.brake.hold if self.active else None

    @property
    def pace(self) -> Pace:
        """The pace of the next bundle."""
        return self._pace_watch.refresh()

    def record_former_run(self, now: datetime) -> None:
        """Record the old script's run of today, if there was one."""
        self._starter.record_former_run(self.today(now), now=now)

    def restore(self, now: datetime) -> None:
        """Load from the journal the run in progress and the days that have had theirs."""
        self._journal.transitions.withdraw_stranded(say("its run had ended before it could be handed over"), at=now)
        self.days_done = self._journal.runs.scheduled_days(self.today(now) - timedelta(days=_DAYS_KEPT))
        self.activate(self._journal.runs.active())

    def start(self, day: date, request: RunRequest, now: datetime) -> Run | None:
        """Start a run of that day with the current list.

        Return None if the day's scheduled run was started before. Raise RunNotStartedError if nobody would be called,
        RunHeldError if no call of it could work, ClockHeldError if the clock was set back.
        """
        self._clock_guard.ensure_not_set_back(now)
        phones = self._schedule_watch.current_phones()
        if self.is_closed(day, now):
            latest = f"{self._settings.latest:%H:%M}"
            if request.kind == "manual":
                raise RunNotStartedError(
                    say("it is past {time}, after which nothing is handed over", time=latest),
                    say("see [Day] latest"),
                )
            log.warning(
                "%s", say("the run of {day} starts after {time} and can call nobody any more", day=day, time=latest)
            )
        else:
            self.gate.ensure_open(phones.data, now)
        started = self._starter.start(day, request, phones, now=now)
        if started is None or request.kind == "week":
            self.days_done.add(day)
        if started is None:
            return None
        last_call = now + self.pace.duration(started.run.total - len(started.skipped))
        until = f"{last_call.astimezone(self._settings.zone):%H:%M:%S}"
        run_log.log_start(started.run, started.skipped, self.pace, until)
        self.activate(started.run, list_revision=started.list_revision)
        return started.run

    def start_due(self, now: datetime) -> None:
        """Start the scheduled run that is due, if any. Stop the run of an earlier day for it."""
        day = self._schedule_watch.due_day(now, self.days_done) or self._find_held_up_day(now)
        if day is None:
            self._missed_starts.log_missed_start(now, self.today(now), self.days_done)
            return
        self._clock_guard.ensure_not_set_back(now)
        if self.active is not None:
            if self.active.run.day >= day:
                # A run that was started by hand today goes first. The scheduled run follows when it has ended, however
                # late, and calls those who are left.
                return
            if not self.is_closed(day, now):  # before the earlier run ends for it
                self.gate.ensure_open(self._schedule_watch.current_phones().data, now)
            self.stop(self.active, now, say("the run of {day} began", day=date_label(day)))
        self.start(day, RunRequest("week"), now)

    def change_state(self, active: ActiveRun, state: str, now: datetime) -> None:
        """Pause or resume the run; `state` is paused or running. Calls that Asterisk has continue either way."""
        active.change_state(state, now)
        log.info("%s", say("run {run} is {state}", run=active.run.id, state=run_state_label(state)))

    def stop(self, active: ActiveRun, now: datetime, reason: Message) -> int:
        """End the run early. Return how many waiting calls were withdrawn for that reason."""
        withdrawn = self._withdraw(active.run, now, reason)
        self.finish(active.run, now, "stopped")
        return withdrawn

    def make_test_call(self, number: str, code: str, *, now: datetime, by: str) -> None:
        """Hand one call over at once, outside any run of the list; `number` and `code` are already checked.

        Raise UserError or OSError if it cannot be handed over, RunNotStartedError if Asterisk refuses it, if no line is
        free, or past `latest`.
        """
        self._clock_guard.ensure_not_set_back(now)
        self._ensure_call_is_allowed(now)
        self._handover.ensure_available(now)
        run = self._starter.start_test_call(self.today(now), number, code, now=now, by=by)
        try:
            result = self._handover.dispatch(self._journal.calls.waiting(run.id), 1, now=now)
        except (OSError, UserError):
            self._journal.transitions.withdraw_waiting(run.id, say("it could not be handed over"), at=now)
            self._journal.runs.set_state(run.id, "stopped", at=now)
            raise
        if self.active is not None:
            self.active.budget.recount()
        for outcome in (*result.refused, *result.barred):
            raise RunNotStartedError(outcome.reason or result_label(outcome.disposition))

    def _ensure_call_is_allowed(self, now: datetime) -> None:
        """Raise RunNotStartedError unless a run could hand a call over now: by `latest` and by the lines in use."""
        if self.is_closed(self.today(now), now):
            latest = f"{self._settings.latest:%H:%M}"
            raise RunNotStartedError(
                say("it is past {time}, after which nothing is handed over", time=latest), say("see [Day] latest")
            )
        if (reason := why_no_test_call(self._settings, self._journal, self.today(now))) is not None:
            raise RunNotStartedError(reason)
        pace = self.pace
        if pace.is_bounded and not pace.ceiling.batch_room(self.line_counter.count()):
            raise RunNotStartedError(say("all lines are in use"), say("try again when a call has ended"))

    def end_if_over(self, active: ActiveRun, now: datetime) -> bool:
        """End a run that may hand nothing over any more, and return whether it was one.

        It is past `latest`, it is left over from another day, or it has had as many calls as the settings allow.
        """
        if self.is_closed(active.run.day, now):
            time = f"{self._settings.latest:%H:%M}"
            self._withdraw(
                active.run, now, _with_hold(say("it was {time}, after which nothing is handed over", time=time), active)
            )
            self.finish(active.run, now, "done")
            return True
        if (reason := active.budget.reason) is not None:
            self._withdraw(active.run, now, reason)
            self.finish(active.run, now, "done")
            return True
        is_cut_off = active.brake.is_held or active.is_stale(now)
        if active.run.state == "running" and active.run.day < self.today(now) and is_cut_off:
            # Switching a machine on at night must not start calls.
            cut_off = say("the run was cut off, and the work could not go on before its day was over")
            held = _with_hold(say("the day of the run was over"), active)
            self._withdraw(active.run, now, held if active.brake.is_held else cut_off)
            self.finish(active.run, now, "stopped")
            return True
        return False

    def finish(self, run: Run, now: datetime, state: str) -> None:
        """End the run in that state, done or stopped."""
        self._journal.runs.set_state(run.id, state, at=now)
        self._journal.runs.settle()
        log.info(
            "%s",
            say(
                "run {run} has ended: {counts}",
                run=run.id,
                counts=format_result_counts(self._journal.calls.count_results(run.id)),
            ),
        )
        self._handover.close()
        self.activate(None)

    def activate(self, run: Run | None, *, list_revision: str = "") -> None:
        """Make this the run in progress; `list_revision` is that of the list it was made of."""
        before, self.active = self.active, None
        self._handover.brake = None
        if run is not None:
            is_same = before is not None and before.run.id == run.id
            brake = before.brake if before and is_same else RunBrake(run.id, self._journal, self._settings.hold_after)
            brake.forget_lost(self._handover.positions_of(run.id))
            self.active = ActiveRun(
                run,
                self._journal,
                self._handover,
                self.pace,
                self.line_counter,
                list_revision=list_revision,
                brake=brake,
                budget=CallBudget(
                    self._journal, run, a_run=self._settings.calls_a_run, a_day=self._settings.calls_a_day
                ),
            )
            self._handover.brake = brake
            if before is not None and is_same:
                self.active.carry_activity_over(before)

    def is_closed(self, day: date, now: datetime) -> bool:
        """Return whether it is past `latest` of that day, after which nothing is handed over."""
        closing = closing_instant(day, self._settings.latest, self._settings.zone)
        return closing is not None and now >= closing

    def is_in_its_day(self, now: datetime) -> bool:
        """Return whether a run is in progress, and it is its day at that moment, and not too late for it."""
        run = self.run
        if run is None or run.state != "running":
            return False
        return run.day == self.today(now) and not self.is_closed(run.day, now)

    def today(self, now: datetime) -> date:
        """Return the date at that moment, in the time zone of the settings."""
        return now.astimezone(self._settings.zone).date()

    def next_start_today(self, now: datetime) -> datetime | None:
        """Return when the scheduled run of today starts by itself; None if it does not, or has started already."""
        today = self.today(now)
        start = self._schedule_watch.start_on(today) if today not in self.days_done else None
        return start if start is not None and start > now else None

    def _find_held_up_day(self, now: datetime) -> date | None:
        """Return today if its start came during a run by hand. It was not missed, so `late_start` does not apply.

        The journal shows it, so that a restart changes nothing.
        """
        day = self._schedule_watch.due_day(now, self.days_done, was_held_up=True)
        start = self._schedule_watch.start_on(day) if day is not None else None
        if day is None or start is None:
            return None
        by_hand = (run for run in self._journal.runs.on_days(day) if run.kind == "manual")
        return day if any(run.started_at <= start <= (run.ended_at or now) for run in by_hand) else None

    def _withdraw(self, run: Run, now: datetime, reason: Message) -> int:
        withdrawn = self._journal.transitions.withdraw_waiting(run.id, reason, at=now)
        if not withdrawn:
            return 0
        log.warning(
            "%s",
            say_many("{n} call withdrawn: {reason}", "{n} calls withdrawn: {reason}", withdrawn, reason=reason),
        )
        return withdrawn


def _with_hold(reason: Message, active: ActiveRun) -> Message:
    """Return the reason why a run ends, with why it was held then if it was."""
    hold = active.brake.hold
    return say("{reason}; {hold}", reason=reason, hold=hold.describe()) if hold is not None else reason
