"""`obzvon web`: where it listens, what it prints, and when it refuses to."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from base64 import b64encode

import msgspec
import pytest

from obzvon.addresses import is_loopback
from obzvon.cli_editor import check_host
from obzvon.errors import UserError
from obzvon.settings import Settings
from tests.web.conftest import PASSWORD


def test_only_this_machine_reaches_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "obzvon.example", "")))


def test_another_address_needs_the_explicit_word(settings: Settings) -> None:
    open_to_all = msgspec.structs.replace(settings.web, host="0.0.0.0")
    with pytest.raises(UserError, match="does not encrypt"):
        check_host(msgspec.structs.replace(settings, web=open_to_all))
    check_host(msgspec.structs.replace(settings, web=msgspec.structs.replace(open_to_all, plain_http=True)))


def test_it_serves_on_loopback_and_ends_at_once_when_it_is_told_to(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with settings.file.open("a") as file:
        file.write(f"[Web]\nport = {port}\n")
    program = [sys.executable, "-m", "obzvon.cli", "--settings", str(settings.file), "web"]
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
