"""The service loop: takes commands, steps the dialer, sends heartbeats, and sleeps until there is more to do.

A signal, an AMI event or a stop ends the sleep at once.
"""

import contextlib
import logging
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import FrameType

from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.spool import write_problem
from obzvon.checks.background import BackgroundCheck
from obzvon.common.errors import UserError
from obzvon.common.i18n import say
from obzvon.journal.commands import Command, CommandQueue
from obzvon.journal.heartbeat import Heartbeats
from obzvon.journal.lock import JournalBusyError, JournalLock
from obzvon.service.archive_cleaner import ArchiveCleaner
from obzvon.service.command_handlers import execute
from obzvon.service.dialer import Dialer
from obzvon.service.heartbeat_sender import HeartbeatSender
from obzvon.service.inputs import ScheduleWatch
from obzvon.service.line_monitor import LineMonitor
from obzvon.service.timers import Timers
from obzvon.service.waker import Waker

log = logging.getLogger("obzvon")

#: Seconds between two checks of the documents and the command queue, when nothing else is due.
_POLL_SECONDS = 1.0
#: The same while somebody waits for a self-check, and while the first AMI events are awaited.
_FAST_POLL_SECONDS = 0.1
_CONNECT_POLL_SECONDS = 0.05
#: Seconds that a start waits for Asterisk's events at most.
_CONNECT_SECONDS = 5.0


class Scheduler:
    """Runs a dialer until it is stopped, or, as from cron, until nothing more is due."""

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
        archive_cleaner: ArchiveCleaner | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.dialer = dialer
        self.waker = Waker()
        self.heartbeat = HeartbeatSender(
            heartbeats, dialer, schedule_watch, ami=ami, line_monitor=line_monitor, now=now
        )
        self.timers = Timers(schedule_watch)
        self._commands = commands
        self._lock = lock
        self._ami = ami
        self.background_check = background_check
        self._archive_cleaner = archive_cleaner
        self._now = now
        self._is_stopped = False
        self._is_serving = False
        self._is_connected = False
        self._signal_name = ""

    def stop(self, signal_name: str = "") -> None:
        """End the loop after the current step. `signal_name` is the signal that asked for it, for the log.

        It takes no lock and logs nothing: a signal may arrive while the step holds any lock.
        """
        self._signal_name, self._is_stopped = signal_name or self._signal_name, True
        self.waker.wake()

    def run_forever(self, after_step: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`, calling `after_step` after every step.

        Raise JournalBusyError if another service has taken the journal over.
        """
        self._is_serving = True
        self.timers.log_every_minute()
        self._connect()
        if self.background_check is not None:
            self.background_check.request()
            self.timers.every_hour(self.background_check.request)
        log.info("%s", say("the service is ready"))
        while not self._is_stopped:
            self.timers.run_pending()
            wait = self.step()
            after_step()
            if wait > 0:
                self.waker.sleep(min(wait, self._poll_seconds(), self.timers.idle_seconds))
        self._log_signal()
        self._disconnect()
        self._end()
        log.info("%s", say("the service has stopped; the next start continues where it left off"))

    def run_once(self, after_step: Callable[[], None] = lambda: None) -> bool:
        """Do one check, as from cron: finish a run that is due or was cut off. Return False if it cannot be finished.

        While a run is paused, stay until its day is over: a command to resume or stop it needs a service that executes
        it. With AMI, stay until the end of every call is known, because the next process will not hear of it.
        """
        self.heartbeat.is_once = True
        try:
            self.dialer.prepare(self._now())
        except OSError as error:
            raise UserError([write_problem(error)]) from error
        if self.background_check is not None:
            self.background_check.once = True
            self.background_check.request_if_due(self._now())
        while not self._is_stopped:
            wait = self.step()
            after_step()
            if self.dialer.problems or self._has_finished():
                break
            self._is_serving = True
            if wait > 0:
                self.waker.sleep(min(wait, self._poll_seconds()))
        self._log_signal()
        self._finish_background_check()
        self._disconnect()
        self.heartbeat.send_first()
        self._end()
        return not self.dialer.problems and (self.dialer.run is None or self.dialer.run.state == "paused")

    def step(self) -> float:
        """Do what is due now. Return the seconds until there is more to do."""
        now = self._now()
        try:
            if self._lock is not None:
                self._lock.ensure_held()
                self.dialer.journal.identity.ensure_not_moved()
            while command := self._commands.take_next(at=now):
                now = self._execute(command, now)
            if self._expects_calls(now) and self._connect():
                now = self._now()
        except JournalBusyError:
            raise  # another service has taken over, and two must not work at once
        except UserError as error:
            wait = self.dialer.report_problems(now, error.problems)
        else:
            wait = self.dialer.step(now)
            self.timers.plan_next_start(now, self.dialer.days_done)
        if self._is_serving:
            self.heartbeat.send_if_due(now)
        if self.background_check is not None:
            self.background_check.poll(now)
        if self._archive_cleaner is not None and self._is_serving and self.dialer.is_idle:
            self._archive_cleaner.clean_if_due(now)
        return wait

    def _execute(self, command: Command, now: datetime) -> datetime:
        """Execute a command and answer it. Return the time after it."""
        if command.name == "check" and self.background_check is not None:
            self.background_check.request(command.id)
            return now
        if not self.dialer.is_ready:
            self.dialer.step(now)
        if self._connect():
            now = self._now()
        self._commands.complete(command.id, execute(self.dialer, command, now))
        return now

    def _has_finished(self) -> bool:
        """Return whether a single check has nothing more to wait for."""
        run = self.dialer.run
        if run is None:  # with AMI, the ends of calls that Asterisk still has will be reported
            return not (self._ami is not None and self._ami.status().up and self.dialer.handover.outstanding)
        return run.state == "paused" and run.day < self.dialer.runs.today(self._now())

    def _connect(self) -> bool:
        """Connect to AMI once, and wait a few seconds for its events, so that the end of the first call is heard.

        Return whether that took time.
        """
        if self._ami is None or self._is_connected:
            return False
        self._is_connected = True
        self._ami.calls.on_outcomes = self.waker.wake
        self._ami.start()
        deadline = time.monotonic() + _CONNECT_SECONDS
        while not self._is_stopped and time.monotonic() < deadline:
            state = self._ami.status()
            if state.up or state.problem is not None:
                break
            self.waker.sleep(_CONNECT_POLL_SECONDS)
        return True

    def _expects_calls(self, now: datetime) -> bool:
        """Return whether this invocation has calls to make. Avoids an AMI login on every idle cron run."""
        return self._ami is not None and not self._is_connected and self.dialer.has_work(now)

    def _disconnect(self) -> None:
        if self._ami is not None:
            self._ami.stop()

    def _poll_seconds(self) -> float:
        is_awaited = self.background_check is not None and self.background_check.busy
        return _FAST_POLL_SECONDS if is_awaited else _POLL_SECONDS

    def _finish_background_check(self) -> None:
        """Wait for a self-check in progress: under cron no later step of this process will collect it."""
        while self.background_check is not None and self.background_check.busy and not self._is_stopped:
            self.background_check.poll(self._now())
            self.waker.sleep(_FAST_POLL_SECONDS)
        if self.background_check is not None:
            self.background_check.stop()

    def _log_signal(self) -> None:
        if self._signal_name:
            log.info("%s", say("{signal} received", signal=self._signal_name))

    def _end(self) -> None:
        if self.background_check is not None:
            self.background_check.stop()
        self.heartbeat.end()


@contextlib.contextmanager
def stop_on_signals(scheduler: Scheduler) -> Iterator[None]:
    """Stop the scheduler on SIGTERM, SIGINT and SIGHUP (a closed terminal) after the current step.

    SIGHUP stays ignored where it is ignored already: that is what nohup is for.
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
