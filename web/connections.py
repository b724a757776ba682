"""Connections of browsers, whose number and requests are bounded, so that nobody outside fills the editor up."""

import contextlib
import io
import resource
from collections.abc import Iterable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import RequestEntityTooLarge

#: A larger body is cut off at once.
MAX_DISCARDED_BODY = 1_000_000_000
#: Open connections. At one more, the one that has been silent longest is closed.
MAX_CONNECTIONS = 1000
#: Requests with a large body that are being received. Their beginnings lie in temporary files.
MAX_LARGE_REQUESTS = 20
#: Bytes of a body from which it goes to a temporary file (waitress: inbuf_overflow).
LARGE_BODY = 524_288
#: Descriptors for the journal, documents and temporary files, beside the connections.
_OTHER_DESCRIPTORS = 200


def connection_limit() -> int:
    """Return how many connections this process may have open, and let it have as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _OTHER_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
        return max(16, min(MAX_CONNECTIONS, soft - _OTHER_DESCRIPTORS))
    return MAX_CONNECTIONS


class _NullBuffer:
    """A buffer that keeps nothing."""

    def append(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def getfile(self) -> io.BytesIO:
        return io.BytesIO()


class _RequestParser(HTTPRequestParser):  # type: ignore[misc]
    """Discards a body that is too large and answers at its end. A chunked body has no length and is cut off."""

    body_rcv: Any
    error: Any

    def received(self, data: bytes) -> int:
        if isinstance(self.body_rcv, FixedStreamReceiver) and isinstance(self.body_rcv.getbuf(), _NullBuffer):
            consumed: int = self.body_rcv.received(data)
            self.completed = self.body_rcv.completed
            return consumed
        consumed = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge) and 0 < self.content_length <= MAX_DISCARDED_BODY:
            self.body_rcv = FixedStreamReceiver(self.content_length, _NullBuffer())
            self.error, self.completed = None, False
        return consumed


class RequestChannel(HTTPChannel):  # type: ignore[misc]
    """A connection that parses requests with `_RequestParser` and takes the place of a silent one."""

    parser_class = _RequestParser
    #: Whether the request that is being received has a large body.
    is_large = False

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002 - waitress
        super().__init__(server, sock, addr, adj, map=map)
        _close_silent(_others(self, map), server.most_connections)

    def received(self, data: bytes) -> bool:
        """Take received bytes, and make room for a request if its body turns out to be large."""
        taken: bool = super().received(data)
        was_large, self.is_large = self.is_large, _is_large(self.request)
        if self.is_large and not was_large:
            large = (one for one in _others(self, self._map) if one.is_large)
            _close_silent(large, MAX_LARGE_REQUESTS)
        return taken


def _others(channel: RequestChannel, connections: Any) -> Iterable[RequestChannel]:
    return (one for one in connections.values() if isinstance(one, RequestChannel) and one is not channel)


def _is_large(request: Any) -> bool:
    return request is not None and (request.chunked or request.content_length > LARGE_BODY)


def _close_silent(others: Iterable[RequestChannel], most: int) -> None:
    """Close those that have been silent longest, so that `most` are left with one more.

    One whose request is being answered stays. A closed one ends in the server's next round, because its descriptor
    must not be used again in this one.
    """
    open_ones = [one for one in others if not one.will_close]
    surplus = len(open_ones) + 1 - most
    if surplus <= 0:
        return
    idle = sorted((one for one in open_ones if not one.requests), key=lambda one: one.last_activity)
    for one in idle[:surplus]:
        one.will_close = True
