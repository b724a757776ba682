"""A journal in each of its two homes: a file of SQLite's, and a PostgreSQL server that lives as long as the session.

Where PostgreSQL cannot be had, its tests skip and say why; with CI=true they fail.
"""

import logging
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest

from obzvon.common.i18n import speak, spoken

_ENV = {"LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"}
_names = count(1)


class Postgres:
    """A private server in a temporary folder: a socket there, and loopback, which asks for a password."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = _unprivileged()
        # pytest's own folders are closed to other users, and a socket's path must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="obzvon-pg-"))
        if self._user:
            shutil.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._data = self.folder / "data"
        self._log = self.folder / "log"
        self._server: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        made = subprocess.run(
            [
                self._programs / "initdb",
                "-D",
                self._data,
                "-U",
                "obzvon",
                "--no-sync",
                "-E",
                "UTF8",
                "--locale=C",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
            ],
            capture_output=True,
            text=True,
            check=False,
            **self._as_user(),
        )
        if made.returncode:
            _cannot(f"initdb failed: {made.stderr.strip()}")
        for _ in range(5):  # a port that was free may be somebody else's a moment later
            if self._serve():
                return
        _cannot(f"PostgreSQL does not start: {self._log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        if self._server:
            self._server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            try:
                self._server.wait(20)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"journal{next(_names)}"
        subprocess.run(
            [self._programs / "createdb", "-h", self.folder, "-p", str(self.port), "-U", "obzvon", name],
            check=True,
            **self._as_user(),
        )
        return f"postgresql+psycopg://obzvon@/{name}?host={self.folder}&port={self.port}"

    def _serve(self) -> bool:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        options = [
            f"unix_socket_directories={self.folder}",
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=32MB",
            "max_connections=50",
        ]
        command = [self._programs / "postgres", "-D", self._data, *(part for one in options for part in ("-c", one))]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(command, stdout=log, stderr=log, **self._as_user())
        ready = [self._programs / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]
        until = time.monotonic() + 60
        while self._server.poll() is None and time.monotonic() < until:
            if subprocess.run(ready, check=False, env=_ENV).returncode == 0:
                return True
            time.sleep(0.05)
        self._server.kill()
        self._server.wait()
        self._server = None
        return False

    def _as_user(self) -> dict[str, object]:
        """PostgreSQL refuses to run as root."""
        as_user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}
        return {"env": _ENV, "cwd": self.folder, **as_user}


@pytest.fixture(scope="session", autouse=True)
def _hung_up_as_from_a_terminal() -> Iterator[None]:
    """SIGHUP, which tests send, arrives also where the tests run under nohup; the tests themselves outlive it then."""
    before = signal.getsignal(signal.SIGHUP)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)  # not inherited by the processes that tests start
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL server."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        _cannot("psycopg is not installed (pip install 'obzvon[postgres]')")
    server = Postgres(_programs())
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a journal that does not exist yet, in each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.db"
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
def english() -> Iterator[None]:
    """Whatever the process says is said in English."""
    before = spoken()
    speak("en")
    yield
    speak(before)


def _programs() -> Path:
    """Where initdb and postgres are; installs them where they are not and may be."""
    found = _newest()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "-q", "update"], ["apt-get", "-qy", "install", "postgresql"]):
            subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        found = _newest()
    return found or _cannot("there is no PostgreSQL server here and it cannot be installed")


def _newest() -> Path | None:
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if versions:
        return max(versions, key=lambda path: float(path.parent.name))
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _cannot(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[str], int]:
    """How many lines of the log, from INFO on, have these words in them."""
    caplog.set_level(logging.INFO, "obzvon")
    return lambda words: sum(words in message for message in caplog.messages)
