"""`obzvon web`: where it listens, what it prints, and when it refuses to."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator

import msgspec
import pytest

from obzvon.cli.editor import check_host
from obzvon.common.errors import UserError
from obzvon.common.hosts import is_loopback
from obzvon.settings.model import Settings
from tests.support.editor import PASSWORD
from tests.support.ports import free_port
from tests.support.waiting import until
from web.app import create_app
from web.server import listen, serving


def test_only_this_machine_reaches_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "obzvon.example", "")))


def test_another_address_needs_the_explicit_word(settings: Settings) -> None:
    open_to_all = msgspec.structs.replace(settings.web, host="0.0.0.0")
    with pytest.raises(UserError, match="does not encrypt"):
        check_host(msgspec.structs.replace(settings, web=open_to_all))
    check_host(msgspec.structs.replace(settings, web=msgspec.structs.replace(open_to_all, plain_http=True)))


@pytest.mark.slow
def test_it_serves_on_loopback_and_ends_at_once_on_a_signal(settings: Settings) -> None:
    port = free_port()
    with settings.file.open("a") as file:
        file.write(f"[Web]\nport = {port}\n")
    program = [sys.executable, "-m", "obzvon.cli.main", "--settings", str(settings.file), "web"]
    environ = {**os.environ, "OBZVON_LANGUAGE": "en", "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
    try:
        assert server.stdout
        assert server.stdout.readline() == f"the editor: http://127.0.0.1:{port}/\n"
        second = subprocess.run(program, capture_output=True, text=True, env=environ, check=False, timeout=60)
        assert second.returncode == 2
        assert "cannot listen there" in second.stderr
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok\n")
        assert answer.getheader("Server") is None
        login = b64encode(f"operator:{PASSWORD}".encode()).decode()
        connection.request("GET", "/phones", headers={"Authorization": f"Basic {login}"})
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read()
        connection.close()
    finally:
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=10)
    assert server.returncode == 0
    assert "Traceback" not in errors


@pytest.fixture
def served(settings: Settings) -> Iterator[int]:
    """The port of an editor that serves in this process."""
    port = free_port()
    app = create_app(settings)
    with serving(listen(app, msgspec.structs.replace(settings.web, port=port))):
        yield port
    app.extensions["obzvon"].close()


def test_a_request_that_ends_at_the_same_moment_does_not_disturb_the_end_of_serving(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings)
    server = listen(app, msgspec.structs.replace(settings.web, port=free_port()))
    is_open, descriptor = server.trigger.connected, server.trigger.trigger
    write = os.write

    def write_twice(to: int, data: bytes) -> int:
        if to == descriptor:
            write(to, data)  # as a request does that ends: the loop wakes
            until(lambda: server.trigger.lock.locked() or not server.trigger.connected, "the loop is awake")
        return write(to, data)

    monkeypatch.setattr("waitress.trigger.os.write", write_twice)
    with serving(server):
        pass
    assert is_open
    assert not server.trigger.connected
    app.extensions["obzvon"].close()


def send(
    port: int,
    path: str,
    size: int,
    *,
    password: str = PASSWORD,
    kind: str = "application/x-www-form-urlencoded",
    told: int | None = None,
) -> tuple[int, str | None, str]:
    """Sends a body of that size, in pieces, as a browser does: the answer is read when all is sent."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.putrequest("POST", path)
        connection.putheader("Authorization", "Basic " + b64encode(f"operator:{password}".encode()).decode())
        connection.putheader("Content-Type", kind)
        connection.putheader("Cookie", "language=en")
        connection.putheader("Content-Length", str(size if told is None else told))
        connection.endheaders()
        for start in range(0, size, 1_000_000):
            connection.send(b"x" * min(1_000_000, size - start))
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()


@pytest.mark.parametrize(
    ("path", "size", "most"),
    [
        ("/phones/import", 20_999_999, 20),
        ("/phones/import", 21_000_000, 20),
        ("/phones/import", 60_000_000, 20),
        ("/phones/add", 60_000_000, 2),
    ],
)
def test_what_is_too_large_is_read_to_its_end_and_answered_with_a_page_that_says_how_much(
    served: int, path: str, size: int, most: int
) -> None:
    kind = "multipart/form-data; boundary=x"
    status, _, text = send(served, path, size, kind=kind)
    assert status == 413
    assert f"At most {most} MB" in text
    assert "</nav>" in text


def test_to_a_program_it_is_a_problem_in_json_and_without_a_login_401(served: int) -> None:
    status, kind, _ = send(served, "/api/v1/run/start", 60_000_000, kind="application/json")
    assert (status, kind) == (413, "application/problem+json")
    assert send(served, "/phones/import", 60_000_000, password="wrong horse")[0] == 401


def test_after_a_body_that_was_too_large_the_connection_serves_on(served: int) -> None:
    login = {"Authorization": "Basic " + b64encode(f"operator:{PASSWORD}".encode()).decode()}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", served, timeout=60)) as connection:
        connection.request("POST", "/phones/import", b"x" * 30_000_000, login)
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (413, True)
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"


def test_nobody_waits_for_the_end_of_what_would_never_end(served: int) -> None:
    assert send(served, "/phones/import", 0, told=10_000_000_000)[0] == 413
