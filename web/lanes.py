"""Threads of the editor, in lanes, so that neither strangers nor slow orders take the threads of the pages."""

import logging
import time
from collections.abc import Callable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import Error

log = logging.getLogger("obzvon")

#: Answered without a login: `/healthz`, and requests that waitress itself refuses.
_QUICK_THREADS = 1
#: Requests whose login is not known yet. Each hashes a password, and no more are hashed at once (web.security.login).
_LOGIN_THREADS = 2
_PAGE_THREADS = 8
#: Changes. Most of the time an order waits for the service's answer, which costs nothing.
_ORDER_THREADS = 32
#: Requests without a known login that may wait for their turn: a few seconds.
MAX_WAITING_LOGINS = 100
_WARN_SECONDS = 60.0
_SHUTDOWN_SECONDS = 5.0

logging.getLogger("obzvon.queue").setLevel(logging.CRITICAL)

_READING = frozenset({"GET", "HEAD"})
_HEALTH = "/healthz"


class TooManyLoginsError(Error):  # type: ignore[misc]
    """The answer to a request without a known login while too many others wait."""

    code = 503
    reason = "Service Unavailable"


class _Lane(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Threads with a queue of their own, started when they are needed."""

    #: waitress warns of every request that waits; here that is meant.
    queue_logger = logging.getLogger("obzvon.queue")

    def __init__(self, threads: int) -> None:
        super().__init__()
        self._most = threads

    def add_task(self, task: HTTPChannel) -> None:
        """Queue the channel, and start a thread if none is idle."""
        super().add_task(task)
        with self.lock:
            started, idle = len(self.threads), len(self.threads) - self.active_count
            is_short = self.stop_count == 0 and len(self.queue) > idle and started < self._most
        if is_short:
            self.set_thread_count(started + 1)

    def stop(self) -> None:
        """Let each thread end after its request, and start no other."""
        self._most = 0
        self.set_thread_count(0)


class LaneDispatcher:
    """Gives each request to the threads of its kind. In the place of waitress's own dispatcher.

    `is_known` says whether the header Authorization has a name and a password that were right not long ago.
    """

    def __init__(self, is_known: Callable[[str], bool]) -> None:
        self._is_known = is_known
        self._quick, self._logins = _Lane(_QUICK_THREADS), _Lane(_LOGIN_THREADS)
        self._pages, self._orders = _Lane(_PAGE_THREADS), _Lane(_ORDER_THREADS)
        self._warned = -_WARN_SECONDS

    def add_task(self, channel: HTTPChannel) -> None:
        """Queue the channel's first request."""
        self._choose_lane(channel.requests[0]).add_task(channel)

    def shutdown(self, cancel_pending: bool = True, timeout: float = _SHUTDOWN_SECONDS) -> bool:
        """End all threads. Return whether pending requests were cancelled."""
        lanes = self._quick, self._logins, self._pages, self._orders
        for lane in lanes:
            lane.stop()
        until = time.monotonic() + timeout
        cancelled = [lane.shutdown(cancel_pending, max(0.0, until - time.monotonic())) for lane in lanes]
        return all(cancelled)

    def _choose_lane(self, request: HTTPRequestParser) -> _Lane:
        if request.error or request.path == _HEALTH:
            return self._quick
        if self._is_known(request.headers.get("AUTHORIZATION", "")):
            return self._pages if request.command in _READING else self._orders
        if len(self._logins.queue) < MAX_WAITING_LOGINS:
            return self._logins
        self._warn()
        request.error = TooManyLoginsError("Too many logins at once. Try again in a few seconds.")
        return self._quick

    def _warn(self) -> None:
        if time.monotonic() - self._warned >= _WARN_SECONDS:
            self._warned = time.monotonic()
            log.warning("editor: %d requests without a login wait for their turn; more are refused", MAX_WAITING_LOGINS)


def known_login(app: Any) -> Callable[[str], bool]:
    """Return the function `is_known` of the app's login."""
    from werkzeug.datastructures import Authorization  # noqa: PLC0415 - it takes long to load, as Flask does

    def is_known(header: str) -> bool:
        try:
            found = Authorization.from_header(header)
        except ValueError:
            return False
        if found is None or found.type != "basic" or not found.username:
            return False
        login = app.extensions["obzvon"].login
        return bool(login.is_cached(found.username, found.password or ""))

    return is_known
