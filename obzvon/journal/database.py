"""The journal's database: opened, with its tables, and its transactions. SQLite or PostgreSQL."""

import contextlib
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, insert, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.files import make_file
from obzvon.common.i18n import Message, say
from obzvon.journal.lock import JournalLock, acquire
from obzvon.journal.schema import SCHEMA, meta, metadata

_MODE = 0o660

_SMALLEST = 512
"""Bytes of SQLite's smallest file; a shorter one it takes for an empty database."""

_MAKING_TABLES = 0x0B2A0F
"""PostgreSQL's advisory locks are numbered; this is the one for making the tables."""


class JournalUnavailableError(UserError):
    """The journal cannot be used at the moment, and may be later: a full disk, a database that is not up yet."""


class Database:
    """An open database. `url` is SQLAlchemy's; the tables are made where there are none, unless `create` is off.

    `busy_timeout` is how many seconds SQLite waits for another process's transaction; the service waits only briefly,
    for it must react to a stop. Raises UserError when it cannot be opened or was written by a newer version.
    """

    #: Whether no service has made this journal yet; see `AbsentJournal`.
    is_absent = False

    def __init__(self, url: str | URL, *, create: bool = True, busy_timeout: float = 30.0) -> None:
        self._is_open = False
        with _told("[Journal] url"):
            self.url = make_url(url)
            self.engine = _engine(self.url, busy_timeout)
            # SQLite's transactions are so by themselves.
            self._reader = (
                self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
            )
        try:
            with _told(self.address):
                self._open(create)
        except BaseException:
            self.close()
            raise
        self._is_open = True

    def _open(self, create: bool) -> None:
        if self.is_sqlite and self.url.database:
            if create and not Path(self.url.database).exists():
                _make_sqlite(Path(os.path.realpath(self.url.database)))
            _refuse_cut(self.url.database)
        if create:
            with self.write_transaction() as connection:
                if not self.is_sqlite:  # two that make the same tables at once get in each other's way
                    connection.execute(select(func.pg_advisory_xact_lock(_MAKING_TABLES)))
                meta.create(connection, checkfirst=True)
                self._refuse_newer(connection)
                metadata.create_all(connection)
                if _schema(connection) is None:
                    connection.execute(insert(meta).values(key="schema", value=str(SCHEMA)))
        elif self.is_sqlite and not Path(self.address).exists():
            # SQLite would make an empty one, owned by whoever only reads.
            raise no_journal_yet(self.address)
        else:
            with self.read_transaction() as connection:
                self._refuse_newer(connection)

    def _refuse_newer(self, connection: Connection) -> None:
        if int(_schema(connection) or 0) > SCHEMA:
            raise UserError(
                [
                    Problem(
                        self.address,
                        say("the journal was written by a newer version of obzvon"),
                        say("install that version, or name another journal in [Journal] url"),
                    )
                ]
            )

    @property
    def address(self) -> str:
        """The journal's address without its password."""
        return self.url.database or "" if self.is_sqlite else self.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.get_backend_name() == "sqlite"

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()

    def acquire_lock(self) -> JournalLock:
        """Makes this process the journal's one service until the lock is released; raises `Busy`."""
        return acquire(self.engine)

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """A transaction that sees one state of the journal."""
        with self._telling(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write_transaction(self) -> Iterator[Connection]:
        """A transaction that is durable when it is left; takes the write lock at its beginning."""
        with (
            self._telling(),
            self.engine.connect().execution_options(obzvon_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """A journal that fails in the middle of the work, as on a full disk, as something that can be mended."""
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            if not self._is_open:
                raise
            raise JournalUnavailableError(
                [
                    Problem(
                        self.address,
                        say("the journal cannot be used: {why}", why=error.orig),
                        _mend_damage(error) or say("make room or mend the rights, or start the database"),
                    )
                ]
            ) from error


def _engine(url: URL, busy_timeout: float = 30.0) -> Engine:
    engine = create_engine(url)
    if url.get_backend_name() != "sqlite":
        return engine

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # The module's own transactions begin late and end early; ours begin where we say so.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={int(busy_timeout * 1000)}")
        _switch_to_wal(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("obzvon_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def empty_engine() -> Engine:
    """Return an engine each of whose connections is to an empty database of its own, with all tables, in memory."""
    engine = create_engine("sqlite://", poolclass=NullPool)
    tables = ";\n".join(str(CreateTable(table).compile(engine)) for table in metadata.sorted_tables)

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.executescript(tables)

    event.listen(engine, "connect", connected)
    return engine


def no_journal_yet(where: str) -> UserError:
    """Return the error for a journal that no service has made yet."""
    return UserError([Problem(where, say("there is no journal yet"), say("the service makes it"))])


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """SQLite waits for nobody here: of two that open a new journal at once one would be told that it is locked."""
    until = time.monotonic() + 10
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _make_sqlite(path: Path) -> None:
    """Makes a new journal's file, whole at once and owned as its folder is, also when root is the first to ask.

    So a file without a byte is never one that is being made, but one that was cut.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    make_file(draft, _MODE)
    try:
        engine = _engine(URL.create("sqlite", database=str(draft)))
        with engine.connect().execution_options(obzvon_write=True) as connection, connection.begin():
            metadata.create_all(connection)
            connection.execute(insert(meta).values(key="schema", value=str(SCHEMA)))
        engine.dispose()
        with contextlib.suppress(FileExistsError):  # somebody else was faster
            path.hardlink_to(draft)
    finally:
        for part in ("", "-wal", "-shm"):
            path.with_name(draft.name + part).unlink(missing_ok=True)


def _refuse_cut(name: str) -> None:
    path = Path(name)
    # Only a regular file can be cut. A folder on tmpfs has size 0, and so has a pipe: SQLite says what is wrong there.
    if path.is_file() and path.stat().st_size < _SMALLEST:
        raise UserError(
            [
                Problem(
                    name,
                    say(
                        "the journal has been cut to nothing; with a new one everybody who was rung today would be "
                        "rung again"
                    ),
                    say(
                        "bring it back from a copy and start only tomorrow; or, to begin a new one, delete it and "
                        "write today into the week's dates with 00:00"
                    ),
                )
            ]
        )


def _schema(connection: Connection) -> str | None:
    return connection.execute(select(meta.c.value).where(meta.c.key == "schema")).scalar()


@contextmanager
def _told(where: str) -> Iterator[None]:
    """A database that cannot be opened, as something an administrator can mend."""
    try:
        yield
    except ImportError as error:
        raise UserError(
            [
                Problem(
                    where,
                    say("the journal cannot be opened: {why}", why=error),
                    say("pip install 'obzvon[postgres]' installs what a PostgreSQL journal needs"),
                )
            ]
        ) from error
    except (ArgumentError, ValueError):
        raise UserError(
            [
                Problem(
                    where,
                    say("the journal cannot be opened: its address is wrong"),
                    say("write the path of a file, sqlite:///path or postgresql+psycopg://user:password@host/base"),
                )
            ]
        ) from None
    except (DBAPIError, OSError) as error:
        reason = os_error_reason(error) if isinstance(error, OSError) else error.orig
        raise JournalUnavailableError(
            [
                Problem(
                    where,
                    say("the journal cannot be opened: {why}", why=reason),
                    _mend_damage(error)
                    or say(
                        "see that its folder exists and that the service's user may write there and in "
                        "the journal's own files, or name another journal in [Journal] url"
                    ),
                )
            ]
        ) from error


def _mend_damage(error: DBAPIError | OSError) -> Message | None:
    """What is to be done where the bytes of SQLite's file are no longer what they were; None where it is not that."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0) & 0xFF
    if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return None
    return say(
        "the file is damaged, or [Journal] url names another one, and nobody is rung before that is mended: "
        "stop the service, bring the journal back from a copy or save what can still be read of it, and start "
        "only tomorrow, for whom it rang today it may no longer know (docs/en/how-to/damaged-journal.md)"
    )
