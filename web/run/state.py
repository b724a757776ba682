"""How things stand, for the run page: looked up seldom enough that a page that renews itself costs little.

With 100,000 calls a look takes a seventh of a second. So one look serves everybody who asks within ten times as long
as it took, and a run that has ended, with nothing of it on its way, is looked up once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.domain.calls import CallRecord, Run
from obzvon.domain.forecast import RunForecast
from obzvon.domain.results import DeliveryCounts
from obzvon.domain.schedule import closing_instant
from obzvon.journal.journal import Journal
from obzvon.reports.next_run import next_run_forecast
from obzvon.reports.status import RunStatus, ServiceStatus, current_pace, run_status, service_status
from web.context import AppContext

LATEST = 15
"""So many of the last calls are shown."""
_WORTH = 0.02
"""Seconds; a look that takes less is not kept."""
_SHARE = 10
_PLANNED = timedelta(minutes=5)
"""So long a plan is taken for true while nothing that it knows has changed."""


class LastTestCall(msgspec.Struct, frozen=True):
    """The last test call of today: its run, and its line, which is not there if it could not be handed over."""

    run: Run
    line: CallRecord | None

    @property
    def in_progress(self) -> bool:
        """Whether more will be known of it."""
        return self.line is not None and self.line.disposition is None


class RunPageState(msgspec.Struct, frozen=True):
    """The service, and the run in progress or the last one; `going` is how many of its calls Asterisk has now.

    `problems` keep the page from knowing the rest.
    """

    service: ServiceStatus
    status: RunStatus | None = None
    in_progress: int = 0
    latest: tuple[CallRecord, ...] = ()
    closing: datetime | None = None
    test: LastTestCall | None = None
    problems: tuple[Problem, ...] = ()

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
        """Whether the next look will show something else."""
        running = self.active is not None and self.active.state == "running"
        return running or self.in_progress > 0 or (self.test is not None and self.test.in_progress)


class _Counted(msgspec.Struct, frozen=True):
    """What takes long to look up."""

    counts: Mapping[str, int]
    last_bundle: tuple[int, datetime | None]
    in_progress: int
    latest: tuple[CallRecord, ...]
    delivery: DeliveryCounts | None = None

    @property
    def is_final(self) -> bool:
        return not self.in_progress and not self.counts.get("waiting")


class RunStateCache:
    """One for each app."""

    def __init__(self, desk: AppContext, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: tuple[tuple[int, str], float, _Counted] | None = None
        self._planning = threading.Lock()
        self._planned: tuple[tuple[object, ...], datetime, datetime, RunForecast] | None = None

    def current(self, now: datetime) -> RunPageState:
        """How things stand."""
        try:
            journal = self._desk.journal()
            service = service_status(journal.heartbeats.latest(), now)
            test = self._test_call(journal, now)
            run = journal.runs.active() or journal.runs.latest()
            if run is None:
                return RunPageState(service, test=test)
            counted = self._count(journal, run)
        except UserError as error:
            return RunPageState(ServiceStatus(alive=False), problems=error.problems)
        known = self._desk.settings
        closing = closing_instant(run.day, known.latest, known.zone)
        status = run_status(
            run,
            counted.counts,
            counted.last_bundle,
            now,
            pace=current_pace(known, service),
            closing=closing,
            alive=service.alive,
            delivery=counted.delivery,
        )
        return RunPageState(service, status, counted.in_progress, counted.latest, closing, test)

    def forget(self) -> None:
        """The next look is a new one: something has just been done."""
        with self._lock:
            self._counted = None

    def next_forecast(self, page_state: RunPageState, now: datetime) -> RunForecast:
        """What the next run would do; raises UserError."""
        desk = self._desk
        listed, week = desk.phones.current(), desk.schedule.load()
        run = page_state.status.run if page_state.status else None
        key = (
            listed.revision,
            week.revision,
            week.changed,
            desk.settings.pace(),
            run and (run.id, run.state),
            page_state.in_progress,
            now.astimezone(desk.settings.zone).date(),
        )
        with self._planning:
            if self._planned is not None:
                known, since, until, plan = self._planned
                if known == key and since <= now < until:
                    return plan
            plan = next_run_forecast(
                desk.settings, listed.phones, week, desk.journal(), now, numbering=desk.phones.plan
            )
            until = now + _PLANNED
            if plan.start is not None and now < plan.start < until:
                until = plan.start
            self._planned = key, now, until, plan
            return plan

    def _count(self, journal: Journal, run: Run) -> _Counted:
        with self._lock:  # whoever comes meanwhile waits for this look and has it too
            key, begun = (run.id, run.state), self._clock()
            if self._counted is not None and self._counted[0] == key and begun < self._counted[1]:
                return self._counted[2]
            results, least = journal.queries(), self._desk.settings.delivered
            counted = _Counted(
                journal.calls.count_results(run.id),
                journal.calls.last_bundle(run.id),
                results.count_in_progress(run.id),
                tuple(results.latest(run.id, LATEST)),
                journal.calls.count_deliveries(run.id, least) if least else None,
            )
            took = self._clock() - begun
            if took > _WORTH:
                self._counted = key, begun + took * (1 + _SHARE), counted
            if not run.active and counted.is_final:
                self._counted = key, float("inf"), counted
            return counted

    def _test_call(self, journal: Journal, now: datetime) -> LastTestCall | None:
        today = now.astimezone(self._desk.settings.zone).date()
        tests = [run for run in journal.runs.on_days(today) if run.kind == "test"]
        if not tests:
            return None
        lines = journal.queries().latest(tests[-1].id, 1)
        return LastTestCall(tests[-1], lines[0] if lines else None)
