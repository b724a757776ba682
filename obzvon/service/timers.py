"""Wakes the service loop to the second of the next scheduled start, and runs what is due every hour.

The `schedule` library is used for one thing: `idle_seconds` shortens a single sleep of the loop, so that a run starts
on its second and not up to a second late. It starts no run itself. The dialer decides at every step whether one is due.
"""

import logging
from collections.abc import Callable
from datetime import date, datetime

import schedule

from obzvon.common.i18n import say
from obzvon.service.inputs import ScheduleWatch

log = logging.getLogger("obzvon")
watch_log = logging.getLogger("obzvon.watch")

_START = "start"


class Timers:
    """The next scheduled start and the hourly jobs of one service."""

    def __init__(self, schedule_watch: ScheduleWatch) -> None:
        self._schedule_watch = schedule_watch
        self.jobs = schedule.Scheduler()
        self._next_start: datetime | None = None
        self._is_logged = False
        self._planned_for: object = None

    @property
    def idle_seconds(self) -> float:
        """Seconds until the next job; 0 if one is overdue or there are none."""
        return max(0.0, self.jobs.idle_seconds or 0.0)

    def log_every_minute(self) -> None:
        """Log every minute, for debugging, which start is next."""
        self.jobs.every().minute.do(self._log_next_start)

    def every_hour(self, job: Callable[[], None]) -> None:
        """Run the job every hour from now on."""
        self.jobs.every().hour.do(job)

    def run_pending(self) -> None:
        """Run the jobs that are due."""
        self.jobs.run_pending()

    def plan_next_start(self, now: datetime, days_done: set[date]) -> None:
        """Plan a wake-up for the next start. Log it when it has changed."""
        inputs = self._schedule_watch.schedule, frozenset(days_done)
        if inputs == self._planned_for and (self._next_start is None or now < self._next_start):
            return
        self._planned_for = inputs
        start = self._schedule_watch.next_start(now, days_done)
        if start == self._next_start and self._is_logged:
            return
        self._next_start, self._is_logged = start, True
        self.jobs.clear(_START)
        if start is None:
            watch_log.info("%s", say("the schedule has no start times; nothing will be called automatically"))
            return
        watch_log.info("%s", say("the next run starts on {start}", start=start))
        local = start.astimezone()
        self.jobs.every().day.at(f"{local:%H:%M:%S}").do(self._log_next_start).tag(_START)

    def _log_next_start(self) -> None:
        log.debug("%s", say("schedule checked; next start: {start}", start=self._next_start or "—"))
