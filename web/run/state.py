"""The state of the run page, cached so that a page that refreshes itself costs little.

With 100,000 calls the queries take a seventh of a second. One result therefore serves all requests for ten times as
long as it took. A run that has ended, with no call in progress, is queried once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.domain.calls import CallRecord, Run
from obzvon.domain.clock import is_set_back
from obzvon.domain.forecast import RunForecast
from obzvon.domain.results import DeliveryCounts
from obzvon.domain.schedule import closing_instant
from obzvon.journal.identity import DayConflict
from obzvon.journal.journal import Journal
from obzvon.reports.day_conflict import stored_day_conflict
from obzvon.reports.status import RunStatus, ServiceStatus, current_pace, run_status, service_status
from web.context import AppContext

#: The number of last calls that are shown.
LATEST = 15
#: Seconds; a quicker result is not cached.
_MIN_CACHED_SECONDS = 0.02
_SHARE = 10
#: The lifetime of a forecast while nothing that it depends on has changed.
_PLANNED = timedelta(minutes=5)


class LastTestCall(msgspec.Struct, frozen=True):
    """Today's last test call: its run, and its call, which is None if it could not be handed over."""

    run: Run
    line: CallRecord | None

    @property
    def in_progress(self) -> bool:
        """True as long as the call has no result."""
        return self.line is not None and self.line.disposition is None


class RunPageState(msgspec.Struct, frozen=True):
    """The service, and the run in progress or the last one. `in_progress` is the number of calls that Asterisk has now.

    `problems` are set if the rest could not be read.
    """

    service: ServiceStatus
    status: RunStatus | None = None
    in_progress: int = 0
    latest: tuple[CallRecord, ...] = ()
    closing: datetime | None = None
    test: LastTestCall | None = None
    problems: tuple[Problem, ...] = ()
    #: Today was called from another journal: the service waits for a decision.
    conflict: DayConflict | None = None
    #: The latest time in the journal, if the clock shows less: the service calls nobody.
    set_back: datetime | None = None

    @property
    def active(self) -> Run | None:
        """The run in progress or paused."""
        return self.status.run if self.status and self.status.run.active else None

    @property
    def last_id(self) -> int:
        """The id of the run in progress or the last one; 0 before the first."""
        return self.status.run.id if self.status else 0

    @property
    def is_moving(self) -> bool:
        """True if the page will soon show something else."""
        running = self.active is not None and self.active.state == "running"
        return running or self.in_progress > 0 or (self.test is not None and self.test.in_progress)


class _Counted(msgspec.Struct, frozen=True):
    """The results of the slow queries."""

    counts: Mapping[str, int]
    last_bundle: tuple[int, datetime | None]
    in_progress: int
    latest: tuple[CallRecord, ...]
    delivery: DeliveryCounts | None = None

    @property
    def is_final(self) -> bool:
        return not self.in_progress and not self.counts.get("waiting")


class RunStateCache:
    """The cache of one app."""

    def __init__(self, context: AppContext, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: tuple[tuple[int, str], float, _Counted] | None = None
        self._planning = threading.Lock()
        self._planned: tuple[tuple[object, ...], datetime, datetime, RunForecast] | None = None

    def current(self, now: datetime) -> RunPageState:
        """Return the current state."""
        try:
            journal = self._context.journal()
            service = service_status(journal.heartbeats.latest(), now)
            conflict = stored_day_conflict(self._context.settings, journal, now)
            latest = journal.runs.latest_time()
            set_back = latest if is_set_back(now, latest, journal.clock.accepted()) else None
            test = self._test_call(journal, now)
            run = journal.runs.active() or journal.runs.latest()
            if run is None:
                return RunPageState(service, test=test, conflict=conflict, set_back=set_back)
            counted = self._count(journal, run)
        except UserError as error:
            return RunPageState(ServiceStatus(alive=False), problems=error.problems)
        settings = self._context.settings
        closing = closing_instant(run.day, settings.latest, settings.zone)
        status = run_status(
            run,
            counted.counts,
            counted.last_bundle,
            now,
            pace=current_pace(settings, service),
            closing=closing,
            alive=service.alive,
            delivery=counted.delivery,
            hold=service.hold_of(run),
        )
        return RunPageState(
            service,
            status,
            counted.in_progress,
            counted.latest,
            closing,
            test,
            conflict=conflict,
            set_back=set_back,
        )

    def forget(self) -> None:
        """Drop the cached state: something has just been changed."""
        with self._lock:
            self._counted = None

    def next_forecast(self, page_state: RunPageState, now: datetime) -> RunForecast:
        """Return the forecast of the next run; raise UserError."""
        context = self._context
        phone_index, week = context.phones.current(), context.schedule.load()
        run = page_state.status.run if page_state.status else None
        key = (
            phone_index.revision,
            week.revision,
            week.changed,
            context.settings.pace(),
            run and (run.id, run.state),
            page_state.in_progress,
            now.astimezone(context.settings.zone).date(),
        )
        with self._planning:
            if self._planned is not None:
                key_before, since, until, plan = self._planned
                if key_before == key and since <= now < until:
                    return plan
            plan = context.forecast_next_run(phone_index.phones, week, now)
            until = now + _PLANNED
            if plan.start is not None and now < plan.start < until:
                until = plan.start
            self._planned = key, now, until, plan
            return plan

    def _count(self, journal: Journal, run: Run) -> _Counted:
        with self._lock:  # requests that come meanwhile wait for this result and share it
            key, begun = (run.id, run.state), self._clock()
            if self._counted is not None and self._counted[0] == key and begun < self._counted[1]:
                return self._counted[2]
            results, least = journal.queries(), self._context.settings.delivered
            counted = _Counted(
                journal.calls.count_results(run.id),
                journal.calls.last_bundle(run.id),
                results.count_in_progress(run.id),
                tuple(results.latest(run.id, LATEST)),
                journal.calls.count_deliveries(run.id, least) if least else None,
            )
            took = self._clock() - begun
            if took > _MIN_CACHED_SECONDS:
                self._counted = key, begun + took * (1 + _SHARE), counted
            if not run.active and counted.is_final:
                self._counted = key, float("inf"), counted
            return counted

    def _test_call(self, journal: Journal, now: datetime) -> LastTestCall | None:
        today = now.astimezone(self._context.settings.zone).date()
        tests = [run for run in journal.runs.on_days(today) if run.kind == "test"]
        if not tests:
            return None
        lines = journal.queries().latest(tests[-1].id, 1)
        return LastTestCall(tests[-1], lines[0] if lines else None)
