"""Client of Asterisk's manager interface: lines in use, how each call ended, and calls made through it.

It runs in a thread of its own with a loop of its own and reconnects by itself for ever. Nothing of it raises. The
service uses it from any thread:

    client = AmiClient(settings.ami, settings.ordinary.context, settings.coded.context)
    client.start()
    client.status().up, client.calls.lines_in_use(), client.calls.take_outcomes()
    client.stop()
"""

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from obzvon.asterisk.ami import errors
from obzvon.asterisk.ami.call_view import CallView
from obzvon.asterisk.ami.connection import AmiConnection, Timeouts
from obzvon.asterisk.ami.errors import AmiError, Backoff
from obzvon.asterisk.ami.originate import Action, ActionReply, ReplyStatus
from obzvon.asterisk.ami.probes import ConnectionProbes
from obzvon.asterisk.ami.reconnect import ConnectionStatus, LoginState, ReconnectLoop
from obzvon.common.errors import Problem
from obzvon.settings.ami import AmiSettings

_STOP_SECONDS = 1


class AmiClient:
    """A connection in a background thread; `ordinary` and `coded` are the contexts of our two kinds of call files."""

    def __init__(
        self,
        ami: AmiSettings,
        ordinary: str,
        coded: str,
        *,
        clock: Callable[[], datetime] | None = None,
        times: Timeouts | None = None,
        backoff: Callable[[Backoff, int], float] = Backoff.delay,
    ) -> None:
        self._ami = ami
        self._clock = clock or _now
        self._timeouts = times or Timeouts()
        #: Calls and lines as the events show them.
        self.calls = CallView(ami, ordinary, coded, clock=self._clock, fresh_seconds=self._timeouts.fresh)
        self._reconnect_loop = ReconnectLoop(
            ami, self._serve, clock=self._clock, steady_seconds=self._timeouts.steady, backoff=backoff
        )
        # Guards the three below: the loop is not closed while another thread gives it work.
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to connect, in the background."""
        if self._thread is None:
            self._reconnect_loop.is_stopped = False
            self._thread = threading.Thread(target=self._run, name="ami", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Disconnect and end the thread, within a second."""
        if self._thread is not None:
            with self._lock:
                self._reconnect_loop.is_stopped = True
                if self._loop is not None and self._task is not None:
                    self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(_STOP_SECONDS)
            self._thread = None

    def status(self) -> ConnectionStatus:
        """Return whether the connection is up, since when, and why not."""
        return self._reconnect_loop.status

    def login_state(self) -> LoginState:
        """Return whether Asterisk refuses our login, or has taken it."""
        status = self.status()
        if status.problem == errors.login_refused(self._ami).problem:
            return LoginState.REFUSED
        return LoginState.CONNECTED if status.up else LoginState.UNKNOWN

    def can_send(self) -> bool:
        """Return whether actions can be sent: the connection is up, and something was heard not long ago."""
        return self.calls.is_fresh()

    def outage(self) -> tuple[datetime, Problem]:
        """Return since when nothing can be sent, and why."""
        status = self.status()
        return status.since, status.problem or errors.not_responding(self._ami).problem

    def originate_denied(self) -> Problem:
        """Return the problem, with its remedy, of a user without the right to originate."""
        return errors.originate_denied(self._ami)

    def originate(self, action: Action) -> ActionReply:
        """Send one action and wait for the answer, while the loop carries on; raises nothing."""
        with self._lock:
            connection, loop = self.calls.connection, self._loop
            if connection is None or loop is None:
                return ActionReply(ReplyStatus.NOT_SENT)
            reply = asyncio.run_coroutine_threadsafe(connection.originate(action), loop)
        try:
            return reply.result(self._timeouts.patience + 1)
        except (TimeoutError, concurrent.futures.CancelledError):  # it may have been sent, or may still be
            reply.cancel()
            return ActionReply(ReplyStatus.UNANSWERED)

    def evaluate(self, expression: str) -> str | None:
        """Return a global variable or a function of the dialplan, None if it is unknown; raises nothing."""
        with self._lock:
            connection, loop = self.calls.connection, self._loop
            if connection is None or loop is None:
                return None
            reply = asyncio.run_coroutine_threadsafe(connection.evaluate(expression), loop)
        try:
            return reply.result(self._timeouts.patience + 1)
        except (AmiError, TimeoutError, concurrent.futures.CancelledError):
            reply.cancel()
            return None

    def reconnect(self) -> None:
        """Log in again: Asterisk gives a connection the rights that its user had at the login."""
        with self._lock:
            connection = self.calls.connection
            if connection is not None and self._loop is not None:
                self._loop.call_soon_threadsafe(connection.end_for_new_login)

    # -- the thread

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        try:
            task = loop.create_task(self._reconnect_loop.run(self.calls.detach))
            with self._lock:
                self._loop, self._task = loop, task
                if self._reconnect_loop.is_stopped:
                    task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        finally:
            self._reconnect_loop.set_down(None)
            self.calls.detach()
            with self._lock:
                self._loop = self._task = None
            loop.run_until_complete(_close_aborted())
            loop.close()

    async def _serve(self) -> AmiError:
        return await ConnectionProbes(self._ami, self.calls, self._timeouts, clock=self._clock).run(self._set_up)

    def _set_up(self, connection: AmiConnection) -> None:
        # In this order, and for a loss in the other, so that calls can be sent while the status is up.
        self.calls.attach(connection)
        self._reconnect_loop.set_up()


async def _close_aborted() -> None:
    """Let the loop close an aborted connection, which takes it some more rounds."""
    for _ in range(5):
        await asyncio.sleep(0)


def _now() -> datetime:
    return datetime.now(UTC)
