"""Keeps a connection to Asterisk's manager interface up: connects, waits for its loss, backs off, connects again."""

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec

from obzvon.asterisk.ami import errors
from obzvon.asterisk.ami.errors import AmiError, Backoff
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.settings.ami import AmiSettings

log = logging.getLogger("obzvon")

# A problem that comes back within this time is not logged again.
_LOGGED_AGAIN = timedelta(minutes=10)


class LoginState(enum.StrEnum):
    """State of the service's own login, for a check that would log in as the same user."""

    UNKNOWN = ""
    #: Another try would be one more failure in Asterisk's log.
    REFUSED = "refused"
    #: Asterisk may allow each user one connection, and the service has it.
    CONNECTED = "connected"


class ConnectionStatus(msgspec.Struct, frozen=True):
    """State of the connection: up or down, since when, and the problem while it is down."""

    up: bool
    since: datetime
    problem: Problem | None = None


class ReconnectLoop:
    """The one owner of reconnection.

    `serve` makes one connection and returns, or raises, why it was lost; it calls `set_up` once the connection works.
    """

    def __init__(
        self,
        ami: AmiSettings,
        serve: Callable[[], Awaitable[AmiError]],
        *,
        clock: Callable[[], datetime],
        steady_seconds: float,
        backoff: Callable[[Backoff, int], float],
    ) -> None:
        self._ami = ami
        self._serve = serve
        self._clock = clock
        self._steady_seconds = steady_seconds
        self._backoff = backoff
        self._logged: dict[str, datetime] = {}
        self._is_logged_down = False
        self.status = ConnectionStatus(up=False, since=clock())
        self.is_stopped = False

    async def run(self, on_down: Callable[[], None]) -> None:
        """Connect again and again until `is_stopped` or cancelled; call `on_down` after each loss."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self.is_stopped:  # a TaskGroup that is about to fail swallows the cancellation (Python 3.11)
            started = loop.time()
            error = await self._serve_once()
            was_steady = self.status.up and loop.time() - started > self._steady_seconds
            failures = 1 if was_steady else failures + 1
            if self.is_stopped:
                return
            self.set_down(error.problem)
            on_down()
            self._log_problem(error)
            await asyncio.sleep(self._backoff(error.kind, failures))

    def set_up(self) -> None:
        """Note that the connection works, and log it if its loss was logged."""
        self.status = ConnectionStatus(up=True, since=self._clock())
        if self._is_logged_down:
            self._is_logged_down = False
            log.info("%s", say("AMI {host}:{port}: connected", host=self._ami.host, port=self._ami.port))

    def set_down(self, problem: Problem | None) -> None:
        """Note that there is no connection; it is down since its loss, not since the last failure to connect."""
        was = self.status
        since = self._clock() if was.up or was.problem is None else was.since
        self.status = ConnectionStatus(up=False, since=since, problem=problem)

    async def _serve_once(self) -> AmiError:
        try:
            return await self._serve()
        except AmiError as error:
            return error
        except Exception as error:
            return errors.unexpected_error(self._ami, error)

    def _log_problem(self, error: AmiError) -> None:
        now = self._clock()
        text = str(error.problem)
        last = self._logged.get(text)
        is_new = last is None or not timedelta() <= now - last < _LOGGED_AGAIN
        if error.kind is not Backoff.RENEWAL and is_new:
            self._logged = {one: at for one, at in self._logged.items() if timedelta() <= now - at < _LOGGED_AGAIN}
            self._logged[text] = now
            self._is_logged_down = True
            log.warning("%s", error.problem)
