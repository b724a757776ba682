"""The service's heart: the `schedule` library wakes the dialer at each day's start and for what comes by the clock.

Sleeping is waiting for the stop signal, so a stop is immediate.
"""

import contextlib
import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import FrameType

import msgspec
import schedule

from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.spool import write_problem
from obzvon.checks.background import BackgroundCheck
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.domain.line_usage import LineUsage, encode_line_usage
from obzvon.journal.commands import Command, CommandQueue
from obzvon.journal.heartbeat import Heartbeats
from obzvon.journal.lock import JournalBusyError, JournalLock
from obzvon.service.command_handlers import execute
from obzvon.service.dialer import Dialer
from obzvon.service.inputs import ScheduleWatch
from obzvon.service.line_monitor import LineMonitor

log = logging.getLogger("obzvon")
watch = logging.getLogger("obzvon.watch")

_GLANCE = 1.0
"""Seconds between two looks at documents and commands, when nothing else is to be done."""
_PATIENCE = 5.0
"""Seconds that a start waits for Asterisk's events at the most."""
_COUNTED = 2000
"""Files that may be counted in a second without being felt."""
_BEAT = 15
"""Seconds between two signs of life."""


class Scheduler:
    """Runs a dialer until it is told to stop, or, with `once`, until nothing is due any more."""

    def __init__(
        self,
        dialer: Dialer,
        schedule_watch: ScheduleWatch,
        commands: CommandQueue,
        heartbeats: Heartbeats,
        *,
        lock: JournalLock | None = None,
        ami: AmiClient | None = None,
        background_check: BackgroundCheck | None = None,
        line_monitor: LineMonitor | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.dialer = dialer
        self._schedule_watch = schedule_watch
        self._commands = commands
        self._heartbeats = heartbeats
        self._lock = lock
        self._ami = ami
        self._background_check = background_check
        self._now = now
        self._beat_at = 0.0
        self._stopped = False
        self._signalled = ""
        self._ear, self._bell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._clock = schedule.Scheduler()
        self._planned: datetime | None = None
        self._known: object = None
        self._told = False
        self._serving = self._once = self._connected = False
        self._beaten: tuple[Problem, ...] = ()
        self._line_monitor = line_monitor
        self._readout: LineUsage | None = None
        self._shown: LineUsage | None = None
        self._read_at = 0.0

    def stop(self, signalled: str = "") -> None:
        """Ends `run_forever` after the step that is being done; says of which signal.

        It takes no lock and logs nothing: a signal comes while the work holds any of them.
        """
        self._signalled, self._stopped = signalled or self._signalled, True
        with contextlib.suppress(BlockingIOError):  # it is full of earlier ones
            os.write(self._bell, b"!")

    def wake(self) -> None:
        """Ends a sleep before its time: there is something to do. From any thread."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._bell, b".")

    def run_forever(self, each: Callable[[], None] = lambda: None) -> None:
        """Works until `stop`; `each` is called after every step, as for a progress bar. Raises UserError at first."""
        self._serving = True
        self._clock.every().minute.do(self._tell_check)
        self._connect()
        if self._background_check is not None:
            self._background_check.request()
            self._clock.every().hour.do(self._background_check.request)
        log.info("%s", say("the service is ready"))
        while not self._stopped:
            self._clock.run_pending()
            wait = self.step()
            each()
            if wait > 0:
                self._sleep(max(0.0, min(wait, self._glance(), self._clock.idle_seconds or 0.0)))
        self._tell_signal()
        self._disconnect()
        self._end()
        log.info("%s", say("the service has stopped; the next start goes on where it was"))

    def run_once(self, each: Callable[[], None] = lambda: None) -> bool:
        """One check, as from cron: a run that is due or was cut off is done whole. False if it cannot be finished.

        A run that is paused is waited for until its day is over: whoever resumes or stops it needs somebody who obeys.
        With Asterisk's events it stays until it has heard how every call ended, for nobody tells that to the next one.
        """
        self._once = True
        try:
            self.dialer.prepare(self._now())
        except OSError as error:
            raise UserError([write_problem(error)]) from error
        if self._background_check is not None:
            self._background_check.once = True
            self._background_check.request_if_due(self._now())
        while not self._stopped:
            wait = self.step()
            each()
            if self.dialer.problems or self._is_through():
                break
            self._serving = True
            if wait > 0:
                self._sleep(min(wait, self._glance()))
        self._tell_signal()
        self._finish_background_check()
        self._disconnect()
        if not self._beat_at:
            self._beat()
        self._end()
        return not self.dialer.problems and (self.dialer.run is None or self.dialer.run.state == "paused")

    def step(self) -> float:
        """What there is to do at this moment; seconds until there is more."""
        now = self._now()
        try:
            if self._lock is not None:
                self._lock.ensure_held()
            while command := self._commands.take_next(at=now):
                now = self._obey(command, now)
            if self._expects_calls(now) and self._connect():
                now = self._now()
        except JournalBusyError:
            raise  # another one has taken over: two must not be at work
        except UserError as error:
            wait = self.dialer.report_problems(now, error.problems)
        else:
            wait = self.dialer.step(now)
            self._plan(now)
        # By a clock that nobody sets: in the hour that comes twice in autumn the service lives as well.
        due = time.monotonic() - self._beat_at > _BEAT
        if self._serving and (due or self._trouble() != self._beaten or self._shows_other(now)):
            self._beat()
        if self._background_check is not None:
            self._background_check.poll(now)
        return wait

    def _obey(self, command: Command, now: datetime) -> datetime:
        """Does what somebody has asked for; what time it is then."""
        if command.name == "check" and self._background_check is not None:
            self._background_check.request(command.id)
            return now
        if not self.dialer.is_ready:
            self.dialer.step(now)
        if self._connect():
            now = self._now()
        self._commands.complete(command.id, execute(self.dialer, command, now))
        return now

    def _is_through(self) -> bool:
        """Whether one check has nothing to wait for any more."""
        run = self.dialer.run
        if run is None:  # what Asterisk still has, its events will tell of
            return not (self._ami is not None and self._ami.status().up and self.dialer.handover.outstanding)
        return run.state == "paused" and run.day < self.dialer.today(self._now())

    def _connect(self) -> bool:
        """Has Asterisk's events come before the first call goes, so that its end is heard, if they come soon.

        Whether that took time; the second time there is nothing to do.
        """
        if self._ami is None or self._connected:
            return False
        self._connected = True
        self._ami.on_outcomes = self.wake
        self._ami.start()
        patience = time.monotonic() + _PATIENCE
        while not self._stopped and time.monotonic() < patience:
            state = self._ami.status()
            if state.up or state.problem is not None:
                break
            self._sleep(_GLANCE / 20)
        return True

    def _expects_calls(self, now: datetime) -> bool:
        """Whether this is, of all those that cron calls, one with calls to make, lest each logs in."""
        return self._ami is not None and not self._connected and self.dialer.has_work(now)

    def _disconnect(self) -> None:
        if self._ami is not None:
            self._ami.stop()

    def _trouble(self) -> tuple[Problem, ...]:
        """What keeps the dialer from its work, and what it has to do without: Asterisk's events, a document."""
        silent = self._ami.status().problem if self._ami else None
        lacking = (
            *self._schedule_watch.problems,
            *(one for one in (silent, self.dialer.transports.degraded_by) if one),
        )
        return (*self.dialer.problems, *(one for one in lacking if one not in self.dialer.problems))

    def _shows_other(self, now: datetime) -> bool:
        """Whether the line_monitor show something else than they did in the last sign of life.

        They are looked at once a second while calls go or are on the line, seldomer where that is much to count; else
        only for a sign of life, so that an idle service writes nothing.
        """
        run, outstanding = self.dialer.run, self.dialer.handover.outstanding
        is_moving = (run is not None and run.state == "running") or outstanding
        if not is_moving and not (self._readout and self._readout.ours):
            return False
        if time.monotonic() - self._read_at < max(_GLANCE, outstanding / _COUNTED):
            return False
        self._read(now)
        return self._readout != self._shown

    def _read(self, now: datetime) -> None:
        if self._line_monitor is not None:
            self._read_at = time.monotonic()
            with contextlib.suppress(OSError):  # the dialer says so, and until then the last reading stands
                self._readout = self._line_monitor.read_usage(now, self.dialer.pace)

    def _glance(self) -> float:
        """Seconds until the next look at documents and commands, and at a self-check that somebody waits for."""
        return _GLANCE / 10 if self._background_check is not None and self._background_check.busy else _GLANCE

    def _finish_background_check(self) -> None:
        """One that is under way is waited for where there is no next minute's look: cron has the next process."""
        while self._background_check is not None and self._background_check.busy and not self._stopped:
            self._background_check.poll(self._now())
            self._sleep(_GLANCE / 10)
        if self._background_check is not None:
            self._background_check.stop()

    def _plan(self, now: datetime) -> None:
        """Has the next start wake us to the second; whether a run is due then, the dialer decides."""
        known = self._schedule_watch.schedule, frozenset(self.dialer.days_done)
        if known == self._known and (self._planned is None or now < self._planned):
            return
        self._known = known
        start = self._schedule_watch.next_start(now, self.dialer.days_done)
        if start == self._planned and self._told:
            return
        self._planned, self._told = start, True
        self._clock.clear("start")
        if start is None:
            watch.info("%s", say("the week has no start; nobody will be rung by itself"))
            return
        watch.info("%s", say("the next run begins on {start}", start=f"{start:%Y-%m-%d %H:%M}"))
        here = start.astimezone()
        self._clock.every().day.at(f"{here:%H:%M:%S}").do(self._tell_check).tag("start")

    def _tell_check(self) -> None:
        log.debug("%s", say("the week is checked; next start: {start}", start=self._planned or "—"))

    def _beat(self) -> None:
        """A sign of life; the first one says that the service has begun."""
        self._read(self._now())
        troubles = self._trouble()
        trouble = [problem.message() for problem in troubles]
        try:
            if not self._beat_at:
                self._heartbeats.begin(at=self._now(), once=self._once)
            self._heartbeats.beat(
                at=self._now(),
                problem=msgspec.json.encode(trouble).decode() if trouble else "",
                line_usage=encode_line_usage(self._readout) if self._readout else "",
            )
        except UserError as error:
            self.dialer.report_problems(self._now(), error.problems)
        else:
            self._beat_at, self._beaten, self._shown = time.monotonic(), troubles, self._readout

    def _sleep(self, seconds: float) -> None:
        """Until then, or until `stop` or `wake`."""
        if select.select([self._ear], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._ear, 1024)

    def _tell_signal(self) -> None:
        if self._signalled:
            log.info("%s", say("{signal} received", signal=self._signalled))

    def _end(self) -> None:
        if self._background_check is not None:
            self._background_check.stop()
        try:
            self._heartbeats.end(at=self._now())
        except UserError as error:
            log.warning("%s", error)


@contextlib.contextmanager
def stop_on_signals(scheduler: Scheduler) -> Iterator[None]:
    """SIGTERM, SIGINT and SIGHUP (a terminal is closed) end the scheduler after the step that is being done.

    SIGHUP does not where it is ignored already: that is what nohup is for.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        scheduler.stop(signal.Signals(number).name)

    before = {
        number: signal.signal(number, stop)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
