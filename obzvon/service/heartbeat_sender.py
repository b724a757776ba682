"""Writes the service's heartbeat: that it is alive, its problems, and the lines in use."""

import contextlib
import logging
import time
from collections.abc import Callable
from datetime import datetime

import msgspec

from obzvon.asterisk.ami.client import AmiClient
from obzvon.common.errors import Problem, UserError
from obzvon.domain.line_usage import LineUsage, encode_line_usage
from obzvon.journal.heartbeat import Heartbeats
from obzvon.service.dialer import Dialer
from obzvon.service.inputs import ScheduleWatch
from obzvon.service.line_monitor import LineMonitor

log = logging.getLogger("obzvon")

_INTERVAL_SECONDS = 15.0
#: Seconds between two counts of the lines while calls are in progress.
_COUNT_SECONDS = 1.0
#: Call files that can be counted in a second without a noticeable load.
_COUNTED_PER_SECOND = 2000


class HeartbeatSender:
    """Sends a heartbeat every 15 seconds, and at once when the problems or the lines in use have changed.

    The interval is measured by the monotonic clock: a clock that is set back, or the hour that comes twice in autumn,
    must not make a living service look dead.
    """

    def __init__(
        self,
        heartbeats: Heartbeats,
        dialer: Dialer,
        schedule_watch: ScheduleWatch,
        *,
        ami: AmiClient | None,
        line_monitor: LineMonitor | None,
        now: Callable[[], datetime],
    ) -> None:
        self._heartbeats = heartbeats
        self._dialer = dialer
        self._schedule_watch = schedule_watch
        self._ami = ami
        self._line_monitor = line_monitor
        self._now = now
        #: True for a service that cron starts for one check.
        self.is_once = False
        self._sent_at = 0.0
        self._sent_problems: tuple[Problem, ...] = ()
        self._sent_usage: LineUsage | None = None
        self._usage: LineUsage | None = None
        self._counted_at = 0.0

    def send_if_due(self, now: datetime) -> None:
        """Send a heartbeat if the interval is over or what it says has changed."""
        is_due = time.monotonic() - self._sent_at > _INTERVAL_SECONDS
        if is_due or self._problems() != self._sent_problems or self._usage_changed(now):
            self.send()

    def send_first(self) -> None:
        """Send a heartbeat unless one has been sent."""
        if not self._sent_at:
            self.send()

    def send(self) -> None:
        """Send a heartbeat. The first one also records that the service has started."""
        self._count_lines(self._now())
        problems = self._problems()
        messages = [problem.message() for problem in problems]
        try:
            if not self._sent_at:
                self._heartbeats.begin(at=self._now(), once=self.is_once)
            self._heartbeats.beat(
                at=self._now(),
                problem=msgspec.json.encode(messages).decode() if messages else "",
                line_usage=encode_line_usage(self._usage) if self._usage else "",
            )
        except UserError as error:
            self._dialer.report_problems(self._now(), error.problems)
        else:
            self._sent_at, self._sent_problems, self._sent_usage = time.monotonic(), problems, self._usage

    def end(self) -> None:
        """Record that the service has stopped by itself."""
        try:
            self._heartbeats.end(at=self._now())
        except UserError as error:
            log.warning("%s", error)

    def _problems(self) -> tuple[Problem, ...]:
        """Return what keeps the dialer from its work, then what it works without: AMI events, a document."""
        ami_problem = self._ami.status().problem if self._ami else None
        active = self._dialer.runs.active
        lacking = (active.brake.problem if active else None, ami_problem, self._dialer.transports.degraded_by)
        further = (*self._schedule_watch.problems, *(problem for problem in lacking if problem))
        return (*self._dialer.problems, *(problem for problem in further if problem not in self._dialer.problems))

    def _usage_changed(self, now: datetime) -> bool:
        """Return whether the lines in use differ from the last heartbeat's.

        They are counted once a second while calls are waiting or in progress, less often if there are many to count.
        Otherwise they are counted for a heartbeat only, so that an idle service writes nothing.
        """
        run, outstanding = self._dialer.run, self._dialer.handover.outstanding
        is_moving = (run is not None and run.state == "running") or outstanding
        if not is_moving and not (self._usage and self._usage.ours):
            return False
        if time.monotonic() - self._counted_at < max(_COUNT_SECONDS, outstanding / _COUNTED_PER_SECOND):
            return False
        self._count_lines(now)
        return self._usage != self._sent_usage

    def _count_lines(self, now: datetime) -> None:
        if self._line_monitor is not None:
            self._counted_at = time.monotonic()
            with contextlib.suppress(OSError):  # the dialer reports it; until then the last count stays
                usage = self._line_monitor.read_usage(now, self._dialer.pace)
                self._usage = msgspec.structs.replace(usage, hold=self._dialer.runs.hold)
