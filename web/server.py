"""Serves the editor, with waitress."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from flask import Flask

from obzvon.settings.web import WebSettings
from web.connections import LARGE_BODY, RequestChannel, connection_limit
from web.lanes import LaneDispatcher, known_login

#: Bytes of a request that are kept. The app's own limits are tighter; see `web.connections` for larger requests.
_MAX_BODY = 21_000_000
#: Bytes of names and values before a body: our pages need far less, and each connection may hold as much.
_MAX_HEADER = 65_536
#: A connection without a request or an answer is closed.
_SILENT_SECONDS = 60


def listen(app: Flask, web: WebSettings) -> Any:
    """Return a server that listens already. Raises OSError if it cannot."""
    from waitress import create_server  # noqa: PLC0415 - building the app needs no server
    from waitress.server import BaseWSGIServer  # noqa: PLC0415 - as above

    trusted = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"} if web.proxy else set()
    most = connection_limit()
    sockets: dict[int, Any] = {}
    server = create_server(
        app,
        map=sockets,
        _dispatcher=LaneDispatcher(known_login(app)),
        host=web.host,
        port=web.port,
        ident="",
        max_request_body_size=_MAX_BODY,
        max_request_header_size=_MAX_HEADER,
        inbuf_overflow=LARGE_BODY,
        channel_timeout=_SILENT_SECONDS,
        cleanup_interval=10,
        connection_limit=most + 100,  # never reached: see `RequestChannel`
        asyncore_use_poll=True,  # select() knows 1024 descriptors
        trusted_proxy=web.proxy or None,
        trusted_proxy_headers=trusted,
        clear_untrusted_proxy_headers=True,
    )
    for one in sockets.values():
        if isinstance(one, BaseWSGIServer):  # one for each address of the host
            one.channel_class, one.most_connections = RequestChannel, most
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

    pulled = threading.Event()

    def close_all() -> None:
        # The end of a request may have woken the loop already: the trigger stays open until it has been pulled.
        pulled.wait()
        wasyncore.close_all(server._map)  # noqa: SLF001 - waitress has no other way

    thread = threading.Thread(target=server.run, name="editor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # The loop ends when its map is empty, and only the loop itself may take anything out.
        server.trigger.pull_trigger(close_all)
        pulled.set()
        thread.join(5)
        server.task_dispatcher.shutdown()
