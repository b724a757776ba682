"""The lock that allows one service per journal. It ends with its process, however that ends."""

import contextlib
from pathlib import Path
from typing import Protocol

import filelock
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from obzvon.common import safe_open
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import say
from obzvon.common.supervision import supervisor_command
from obzvon.settings.secrets import mask_password

#: The number of the PostgreSQL advisory lock of a service.
_ADVISORY_KEY = 0x0B2A0E


class JournalLock(Protocol):
    """A lock that is held until it is released."""

    def ensure_held(self) -> None:
        """Raise UserError if it is no longer held, or locks another journal now: then no call may be handed over."""

    def release(self) -> None:
        """Release the lock, so that another service can take it."""


class JournalBusyError(UserError):
    """Another service uses this journal."""

    def __init__(self, where: str) -> None:
        super().__init__(
            [
                Problem(
                    where,
                    say("another obzvon service is using this journal"),
                    say("stop it first ({command}), or let it do the work", command=supervisor_command("stop")),
                )
            ]
        )


def acquire(engine: Engine) -> JournalLock:
    """Take the lock of the engine's journal; raise JournalBusyError if another service holds it."""
    if engine.url.get_backend_name() == "sqlite":
        return _FileLock(engine.url.database or "")
    return _AdvisoryLock(engine, mask_password(engine.url.render_as_string()))


class _FileLock:
    """The lock of an SQLite journal: a locked file beside it. Both must remain the same files."""

    def __init__(self, path: str) -> None:
        # Beside the file itself, as SQLite's own files are: a service that opens it by a link meets the same lock.
        try:
            self._path = safe_open.resolve_links(Path(path))
            self._lock = filelock.FileLock(f"{self._path}.lock", timeout=0, mode=0o660)
            self._lock.acquire()
        except filelock.Timeout:
            raise JournalBusyError(path) from None
        except OSError as error:
            raise UserError(
                [
                    Problem(
                        error.filename or path,
                        say("the journal cannot be locked: {why}", why=os_error_reason(error)),
                        say("give the file to the service's user, or delete it while no service runs"),
                    )
                ]
            ) from error
        self._held_files = self._files()

    def ensure_held(self) -> None:
        if self._files() != self._held_files:
            raise UserError(
                [
                    Problem(
                        str(self._path),
                        say("the journal, or the lock beside it, was deleted or replaced under the running service"),
                        say(
                            "nothing is handed over: put the old one back, or stop the service, add "
                            "today to the dates of the schedule with 00:00, and start it again"
                        ),
                    )
                ]
            )

    def release(self) -> None:
        self._lock.release()

    def _files(self) -> list[tuple[int, int] | None]:
        return [_identity(self._path), _identity(self._path.with_name(self._path.name + ".lock"))]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _AdvisoryLock:
    """The lock of a PostgreSQL journal. A session of its own holds it; if the session is lost, it is taken again."""

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self._where = where
        self._connection: Connection | None = None
        self._take()

    def ensure_held(self) -> None:
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return
            self._take()
        except DBAPIError as error:
            self._connection = None
            raise UserError(
                [
                    Problem(
                        self._where,
                        say("the journal cannot be used: {why}", why=error.orig),
                        say("make room, fix the permissions, or start the database"),
                    )
                ]
            ) from error

    def release(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(DBAPIError):
                self._connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_KEY})
                self._connection.close()
            self._connection = None

    def _take(self) -> None:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_KEY}).scalar():
            connection.close()
            raise JournalBusyError(self._where)
        self._connection = connection
