"""A private PostgreSQL server: a socket in a temporary folder, and loopback, which asks for a password."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import pytest

from obzvon.journal.journal import Journal
from tests.support.ports import free_port
from tests.support.unavailable import unavailable

if TYPE_CHECKING:
    from psycopg import Connection

_ENV = {"LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"}
_INITDB = ("-U", "obzvon", "--no-sync", "-E", "UTF8", "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256")
_START_SECONDS = 60


class _User(TypedDict, total=False):
    env: dict[str, str]
    cwd: Path
    user: int
    group: int
    extra_groups: list[int]


class PostgresServer:
    """A server that lives as long as the session and makes an empty database for each test."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._user = _unprivileged()
        # pytest's own folders are closed to other users, and a socket's path must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="obzvon-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        if self._user:
            shutil.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._data = self.folder / "data"
        self._log = self.folder / "log"
        self._server: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._names = count(1)
        self._model = ""
        self.port = 0

    def start(self) -> None:
        """Initialise the data folder and return when the server accepts connections."""
        made = subprocess.run(
            [self._programs / "initdb", "-D", self._data, *_INITDB],
            capture_output=True,
            text=True,
            check=False,
            **self._as_user(),
        )
        if made.returncode:
            unavailable(f"initdb failed: {made.stderr.strip()}")
        for _ in range(5):  # a free port may be taken by somebody else a moment later
            if self._serve():
                return
        unavailable(f"PostgreSQL does not start: {self._log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """End the server at once and remove its folder. Nothing in it is worth an orderly shutdown."""
        if self._connection:
            self._connection.close()
        if self._server:
            self._server.send_signal(signal.SIGQUIT)  # PostgreSQL's immediate shutdown; SIGKILL leaks its shared memory
            self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, *, holds_journal: bool = False) -> str:
        """Create a database and return its URL: an empty one, or one that holds an empty journal."""
        if not holds_journal:
            return self._create()
        if not self._model:
            self._model = f"journal{next(self._names)}"
            Journal(self._create(self._model)).close()
        return self._create(model=self._model)

    def _create(self, name: str = "", model: str = "template0") -> str:
        assert self._connection
        name = name or f"journal{next(self._names)}"
        # Files are copied in half the time of their pages' log, which these servers do not need.
        how = " STRATEGY file_copy" if self._connection.info.server_version >= 150_000 else ""
        self._connection.execute(f"CREATE DATABASE {name} TEMPLATE {model}{how}".encode())
        return f"postgresql+psycopg://obzvon@/{name}?host={self.folder}&port={self.port}"

    def _serve(self) -> bool:
        self.port = free_port()
        options = (
            f"unix_socket_directories={self.folder}",
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "fsync=off",
            "full_page_writes=off",
            "autovacuum=off",
            "shared_buffers=32MB",
            "max_connections=50",
        )
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        command += [part for one in options for part in ("-c", one)]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(command, stdout=log, stderr=log, **self._as_user())
        until = time.monotonic() + _START_SECONDS
        while self._server.poll() is None and time.monotonic() < until:
            if self._connects():
                return True
            time.sleep(0.05)
        self._server.kill()
        self._server.wait()
        self._server = None
        return False

    def _connects(self) -> bool:
        from psycopg import OperationalError, connect

        try:
            self._connection = connect(
                host=str(self.folder), port=self.port, user="obzvon", dbname="postgres", autocommit=True
            )
        except OperationalError:
            return False
        return True

    def _as_user(self) -> _User:
        """PostgreSQL refuses to run as root."""
        plain: _User = {"env": _ENV, "cwd": self.folder}
        if self._user is None:
            return plain
        return {**plain, "user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


def new_journal_url(request: pytest.FixtureRequest, file: Path, *, holds_journal: bool = False) -> str:
    """Return the URL of a journal that does not exist yet, in the database that a fixture's parameter names.

    With `holds_journal` an empty one may exist already, which is sooner copied than made.
    """
    if request.param == "sqlite":
        return f"sqlite:///{file}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database(holds_journal=holds_journal)


def _programs() -> Path:
    """Return the folder of initdb and postgres; install them where they are missing and may be installed."""
    found = _newest()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "-q", "update"], ["apt-get", "-qy", "install", "postgresql"]):
            subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        found = _newest()
    return found or unavailable("there is no PostgreSQL server here and it cannot be installed")


def _newest() -> Path | None:
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if versions:
        return max(versions, key=lambda path: float(path.parent.name))
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]
