"""Serves the editor, with waitress."""

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
#: Bytes of a request that are kept. The app's own limits are tighter; see `_RequestParser` for larger requests.
_MAX_BODY = 21_000_000
#: A larger body is cut off at once.
MAX_DISCARDED_BODY = 1_000_000_000


def listen(app: Flask, web: WebSettings) -> Any:
    """Return a server that listens already. Raises OSError if it cannot."""
    from waitress import create_server  # noqa: PLC0415 - building the app needs no server

    trusted = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"} if web.proxy else set()
    server = create_server(
        app,
        host=web.host,
        port=web.port,
        threads=_THREADS,
        ident="",
        max_request_body_size=_MAX_BODY,
        channel_timeout=60,
        trusted_proxy=web.proxy or None,
        trusted_proxy_headers=trusted,
        clear_untrusted_proxy_headers=True,
    )
    server.channel_class = RequestChannel
    return server


def serve(server: Any) -> None:
    """Serve until SIGTERM or SIGINT, or until the terminal is closed."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit(0))
    try:
        server.run()
    finally:
        server.close()


@contextlib.contextmanager
def serving(server: Any) -> Iterator[None]:
    """Serve in a thread of its own while the context lasts, beside a demonstration."""
    from waitress import wasyncore  # noqa: PLC0415 - as above

    thread = threading.Thread(target=server.run, name="editor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # The loop ends when its map is empty, and only the loop itself may take anything out.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join(5)
        server.task_dispatcher.shutdown()


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
    """A connection whose requests are parsed by `_RequestParser`."""

    parser_class = _RequestParser
