"""The editor while strangers and slow orders do their worst: bounded threads, connections and memory."""

import contextlib
import http.client
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

import web.commands
import web.connections
import web.lanes
import web.security.login
from obzvon.settings.model import Settings
from tests.support.editor import PASSWORD, value
from web.app import create_app
from web.context import AppContext
from web.server import listen, serving

_TIMEOUT = 60


class Served:
    """An editor that serves in this process, on a free port."""

    def __init__(self, context: AppContext, port: int) -> None:
        self.context = context
        self.port = port

    def ask(self, path: str, name: str = "operator", *, body: bytes | None = None) -> tuple[int, str]:
        login = {"Authorization": "Basic " + b64encode(f"{name}:{PASSWORD}".encode()).decode()} if name else {}
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)) as connection:
            connection.request("GET" if body is None else "POST", path, body, {**login, **kind})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def connect(self, data: bytes = b"") -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=_TIMEOUT)
        opened.sendall(data)
        return opened


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[[], Served]]:
    """Start the editor."""
    with contextlib.ExitStack() as stack:

        def start() -> Served:
            app = create_app(settings)
            stack.callback(app.extensions["obzvon"].close)
            server = listen(app, msgspec.structs.replace(settings.web, port=0))
            stack.enter_context(serving(server))
            return Served(app.extensions["obzvon"], server.effective_port)

        yield start


def test_idle_connections_keep_nobody_out(serve: Callable[[], Served], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.connections, "MAX_CONNECTIONS", 10)
    served = serve()
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(served.connect(b"GET /phones HTTP/1.1")) for _ in range(150)]
        assert served.ask("/healthz", "") == (200, "ok\n")
        assert served.ask("/phones")[0] == 200
        assert idle[0].recv(1) == b""  # the one that was silent longest was closed


def test_large_requests_that_are_never_finished_are_few(
    serve: Callable[[], Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.connections, "MAX_LARGE_REQUESTS", 3)
    served = serve()
    head = b"POST /phones/import HTTP/1.1\r\nHost: x\r\n"
    bodies = (b"Content-Length: 20000000\r\n\r\nx", b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
    with contextlib.ExitStack() as stack:
        large = [stack.enter_context(served.connect(head + bodies[number % 2])) for number in range(9)]
        assert [one.recv(1) for one in large[:6]] == [b""] * 6
        assert served.ask("/healthz", "")[0] == 200
        for one in large[6:]:
            one.setblocking(False)
            with pytest.raises(BlockingIOError):
                one.recv(1)


@pytest.mark.usefixtures("journal")
@pytest.mark.slow
def test_slow_orders_hold_no_page(serve: Callable[[], Served], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.commands, "WAIT_SECONDS", 0.0)
    served, released, waiting = serve(), threading.Event(), threading.Semaphore(0)

    def sleep(_seconds: float) -> None:
        waiting.release()
        released.wait(_TIMEOUT)

    served.context.sleep = sleep
    form = f"token={value(served.ask('/run')[1], 'token')}".encode()
    with ThreadPoolExecutor(20) as pool:
        orders = [pool.submit(served.ask, "/run/pause", body=form) for _ in range(20)]
        for _ in range(20):
            assert waiting.acquire(timeout=_TIMEOUT)
        assert served.ask("/healthz", "")[0] == 200
        assert served.ask("/phones")[0] == 200
        assert not any(order.done() for order in orders)
        released.set()
        assert {order.result()[0] for order in orders} == {303}


@pytest.mark.slow
def test_logins_at_once_wait_for_each_other_and_hold_no_page(
    serve: Callable[[], Served], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    served, released, waiting = serve(), threading.Event(), threading.Semaphore(0)
    assert served.ask("/phones")[0] == 200
    monkeypatch.setattr(web.lanes, "MAX_WAITING_LOGINS", 20)

    def slowly(_user: object, _password: str) -> bool:
        waiting.release()
        return released.wait(_TIMEOUT)

    monkeypatch.setattr(web.security.login, "password_matches", slowly)
    with ThreadPoolExecutor(40) as pool:
        logins = [pool.submit(served.ask, "/phones", "viewer") for _ in range(40)]
        for _ in range(2):
            assert waiting.acquire(timeout=_TIMEOUT)
        assert served.ask("/healthz", "")[0] == 200
        assert served.ask("/phones")[0] == 200
        released.set()
        statuses = [login.result()[0] for login in logins]
    assert statuses.count(200) + statuses.count(503) == 40
    assert statuses.count(200) >= 22
    if 503 in statuses:
        assert "more are refused" in caplog.text
