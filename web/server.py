"""Serves the editor to browsers, with waitress."""

import contextlib
import io
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import RequestEntityTooLarge

from obzvon.settings.web import WebSettings

_THREADS = 8
_BODY = 21_000_000
"""So many bytes of a request are kept; the app's own limits are tighter. See server_bodies for what is larger."""


def listen(app: Flask, web: WebSettings) -> Any:
    """A server that listens already; raises OSError where it cannot."""
    from waitress import create_server  # noqa: PLC0415 - who only builds the app needs no server

    trusted = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"} if web.proxy else set()
    server = create_server(
        app,
        host=web.host,
        port=web.port,
        threads=_THREADS,
        ident="",
        max_request_body_size=_BODY,
        channel_timeout=60,
        trusted_proxy=web.proxy or None,
        trusted_proxy_headers=trusted,
        clear_untrusted_proxy_headers=True,
    )
    server.channel_class = RequestChannel
    return server


def serve(server: Any) -> None:
    """Serves until SIGTERM or SIGINT, or until its terminal is closed."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit(0))
    try:
        server.run()
    finally:
        server.close()


@contextlib.contextmanager
def serving(server: Any) -> Iterator[None]:
    """Serves in a thread of its own as long as this lasts: beside a demonstration."""
    from waitress import wasyncore  # noqa: PLC0415 - as above

    thread = threading.Thread(target=server.run, name="editor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # Its loop ends when there is nothing left in its map, and only it may take anything out.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join(5)
        server.task_dispatcher.shutdown()


PASSED_OVER = 1_000_000_000
"""Beyond so many bytes nobody waits for the end."""


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
    """Passes over a body that is too large; one that comes in chunks tells no length and is still cut off."""

    body_rcv: Any
    error: Any

    def received(self, data: bytes) -> int:
        if isinstance(self.body_rcv, FixedStreamReceiver) and isinstance(self.body_rcv.getbuf(), _NullBuffer):
            consumed: int = self.body_rcv.received(data)
            self.completed = self.body_rcv.completed
            return consumed
        consumed = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge) and 0 < self.content_length <= PASSED_OVER:
            self.body_rcv = FixedStreamReceiver(self.content_length, _NullBuffer())
            self.error, self.completed = None, False
        return consumed


class RequestChannel(HTTPChannel):  # type: ignore[misc]
    """A connection of such requests."""

    parser_class = _RequestParser
