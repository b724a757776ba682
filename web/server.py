"""Serves the editor to browsers, with waitress."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from flask import Flask

from obzvon.settings_web import Web

_THREADS = 8
_BODY = 21_000_000
"""So many bytes of a request are kept; the app's own limits are tighter. See server_bodies for what is larger."""


def listen(app: Flask, web: Web) -> Any:
    """A server that listens already; raises OSError where it cannot."""
    from waitress import create_server  # noqa: PLC0415 - who only builds the app needs no server

    from web.server_bodies import Channel  # noqa: PLC0415 - as above

    trusted = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"} if web.proxy else set()
    server = create_server(
        app, host=web.host, port=web.port, threads=_THREADS, ident="", max_request_body_size=_BODY, channel_timeout=60,
        trusted_proxy=web.proxy or None, trusted_proxy_headers=trusted, clear_untrusted_proxy_headers=True)
    server.channel_class = Channel
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
