"""The journal's database, SQLite or PostgreSQL: opened, with its tables, and its transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, func, insert, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from obzvon.common import safe_open
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import Message, say
from obzvon.common.supervision import supervisor_command
from obzvon.journal.lock import JournalLock, acquire
from obzvon.journal.schema import SCHEMA, alembic_version, meta, metadata, new_values, revision_name
from obzvon.journal.sqlite import (
    damage_remedy,
    make_journal_file,
    refuse_foreign_files,
    refuse_truncated,
    sqlite_engine,
)
from obzvon.settings.secrets import mask_password

#: The number of the PostgreSQL advisory lock that is held while the tables are made or changed.
TABLES_LOCK = 0x0B2A0F

_STORED_SCHEMA = select(meta.c.value).where(meta.c.key == "schema")


class JournalUnavailableError(UserError):
    """The journal cannot be used at the moment, and may be later: a full disk, a database that is not up yet."""


class OlderJournalError(UserError):
    """The journal was written by an older version, and the service has not migrated it yet."""

    def __init__(self, address: str, schema: int) -> None:
        super().__init__(
            [
                Problem(
                    address,
                    say(
                        "an older version of obzvon wrote this journal: its schema is {schema}, this "
                        "version needs {needed}",
                        schema=schema,
                        needed=SCHEMA,
                    ),
                    say(
                        "the service converts it at its start and keeps a copy; until then nobody is called: {command}",
                        command=supervisor_command("restart"),
                    ),
                )
            ]
        )
        self.schema = schema


class NewerJournalError(UserError):
    """The journal was written by a newer version."""

    def __init__(self, address: str, schema: int, remedy: Message) -> None:
        super().__init__(
            [
                Problem(
                    address,
                    say(
                        "a newer version of obzvon wrote this journal: its schema is {schema}, "
                        "this version knows {needed}",
                        schema=schema,
                        needed=SCHEMA,
                    ),
                    remedy,
                )
            ]
        )


class Database:
    """An open database. `url` is SQLAlchemy's; missing tables are made, unless `create` is off.

    `busy_timeout` is how many seconds SQLite waits for another process's transaction; the service waits only briefly,
    for it must react to a stop. Raises UserError when it cannot be opened or was written by a newer version,
    and OlderJournalError when it was written by an older one.
    """

    #: Set if no service has made this journal yet; see `AbsentJournal`.
    is_absent = False
    _accepts_older = False

    def __init__(self, url: str | URL, *, create: bool = True, busy_timeout: float = 30.0) -> None:
        self._is_open = False
        with _opening_errors("[Journal] url"):
            self.url = make_url(url)
            if self.is_sqlite:
                self._reader = self.engine = sqlite_engine(self.url, busy_timeout)
            else:
                self.engine = create_engine(self.url)
                # SQLite's transactions read one state anyway.
                self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ")
        try:
            with _opening_errors(self.address):
                self._open(create)
        except BaseException:
            self.close()
            raise
        self._is_open = True

    def _open(self, create: bool) -> None:
        if self.is_sqlite and self.url.database:
            refuse_foreign_files(self.url.database)
            if create and not Path(self.url.database).exists():
                make_journal_file(safe_open.resolve_links(Path(self.url.database)))
            refuse_truncated(self.url.database)
        if create:
            with self.write_transaction() as connection:
                if not self.is_sqlite:  # two processes that make the same tables at once would fail
                    connection.execute(select(func.pg_advisory_xact_lock(TABLES_LOCK)))
                meta.create(connection, checkfirst=True)
                self._refuse_other_version(connection)
                if stored_schema(connection) is None:
                    metadata.create_all(connection)
                    values = [{"key": key, "value": value} for key, value in new_values().items()]
                    connection.execute(insert(meta), values)
                    connection.execute(insert(alembic_version).values(version_num=revision_name(SCHEMA)))
        elif self.is_sqlite and not Path(self.address).exists():
            # SQLite would make an empty one, owned by the reader.
            raise no_journal_yet(self.address)
        else:
            with self.read_transaction() as connection:
                if not inspect(connection).has_table(meta.name):
                    raise no_journal_yet(self.address)
                self._refuse_other_version(connection)

    def _refuse_other_version(self, connection: Connection) -> None:
        schema = stored_schema(connection)
        if schema is not None and schema > SCHEMA:
            raise NewerJournalError(
                self.address,
                schema,
                say(
                    "install that version again, or go back to the copy that the upgrade kept "
                    "(docs/en/how-to/upgrade.md)"
                ),
            )
        if schema is not None and schema < SCHEMA and not self._accepts_older:
            raise OlderJournalError(self.address, schema)

    @property
    def address(self) -> str:
        """The journal's address without its password."""
        return self.url.database or "" if self.is_sqlite else mask_password(self.url.render_as_string())

    @property
    def is_sqlite(self) -> bool:
        """True for SQLite, a file on this machine; False for PostgreSQL."""
        return self.url.get_backend_name() == "sqlite"

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def acquire_lock(self) -> JournalLock:
        """Make this process the journal's one service until the lock is released; raise JournalBusyError."""
        return acquire(self.engine)

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """Begin a transaction that sees one state of the journal."""
        with self._usage_errors(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write_transaction(self) -> Iterator[Connection]:
        """Begin a transaction that takes the write lock at once, and is durable when it is left."""
        with (
            self._usage_errors(),
            self.engine.connect().execution_options(obzvon_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _usage_errors(self) -> Iterator[None]:
        """Raise JournalUnavailableError for an error during the work, such as a full disk."""
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
                        damage_remedy(error) or say("make room, fix the permissions, or start the database"),
                    )
                ]
            ) from error


class NoJournalError(UserError):
    """There is no journal yet: a file or an empty database."""


def no_journal_yet(where: str) -> NoJournalError:
    """Return the error for a journal that no service has made yet."""
    return NoJournalError([Problem(where, say("there is no journal yet"), say("the service creates it"))])


def stored_schema(connection: Connection) -> int | None:
    """Return the schema that the journal has; None if it has no such entry."""
    text = connection.execute(_STORED_SCHEMA).scalar()
    return None if text is None else int(text)


@contextmanager
def _opening_errors(where: str) -> Iterator[None]:
    """Raise UserError, with a remedy, for a database that cannot be opened."""
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
    except (DBAPIError, sqlite3.Error, OSError) as error:
        reason = os_error_reason(error) if isinstance(error, OSError) else getattr(error, "orig", error)
        raise JournalUnavailableError(
            [
                Problem(
                    where,
                    say("the journal cannot be opened: {why}", why=reason),
                    damage_remedy(error)
                    or say(
                        "see that its folder exists and that the service's user may write there and in "
                        "the journal's own files, or name another journal in [Journal] url"
                    ),
                )
            ]
        ) from error
