"""SQLite's part of the journal: connections with explicit transactions, and the file, made whole and never cut."""

import contextlib
import functools
import secrets
import sqlite3
import stat
import time
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable

from obzvon.common import safe_open
from obzvon.common.errors import Problem, RefusedFileError, UserError
from obzvon.common.files import make_file
from obzvon.common.i18n import Message, say
from obzvon.journal.schema import SCHEMA, metadata, new_values, revision_name

_MODE = 0o660
#: Bytes of the smallest SQLite file. SQLite takes a shorter one for an empty database.
_MIN_BYTES = 512
_WAL_SECONDS = 10
#: The files of a journal, by what follows its name.
_PARTS = ("", "-wal", "-shm", "-journal")
#: The first SQLite with RETURNING, which the journal needs. Debian 11 has 3.34.
_MIN_VERSION = (3, 35)


def refuse_old_sqlite() -> None:
    """Raise UserError if Python's SQLite is too old for the journal."""
    if sqlite3.sqlite_version_info < _MIN_VERSION:
        raise UserError(
            [
                Problem(
                    "SQLite",
                    say(
                        "version {version} is too old: the journal needs {needed} or newer",
                        version=sqlite3.sqlite_version,
                        needed=".".join(map(str, _MIN_VERSION)),
                    ),
                    say(
                        "keep the journal in PostgreSQL ([Journal] url), or use a Python with a newer SQLite; "
                        "Debian 11 has 3.34, Debian 12 is new enough"
                    ),
                )
            ]
        )


def sqlite_engine(url: URL, busy_timeout: float = 30.0) -> Engine:
    """Return an engine whose transactions begin at `BEGIN`, immediate if the option `obzvon_write` is set.

    Raise UserError if SQLite is too old.
    """
    refuse_old_sqlite()
    engine = create_engine(url)

    def connecting(*_: object) -> None:
        if url.database:
            _check_place(url.database)

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        if url.database:
            _check_opened(connection, url.database)
        # The module's own transactions begin late and end early. Ours begin explicitly.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={int(busy_timeout * 1000)}")
        _switch_to_wal(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        if connection.get_execution_options().get("obzvon_write"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:  # there are many; this takes no lock and cannot fail, so no error need be translated
            connection.connection.cursor().execute("BEGIN")

    event.listen(engine, "do_connect", connecting)
    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def empty_engine() -> Engine:
    """Return an engine that gives each connection an empty database in memory, with all tables."""
    engine = create_engine("sqlite://", poolclass=NullPool)
    tables = ";\n".join(_schema_statements())

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.executescript(tables)

    event.listen(engine, "connect", connected)
    return engine


@functools.cache
def _schema_statements() -> tuple[str, ...]:
    """Return the statements that make every table and index. To compile them takes longer than to execute them."""
    dialect = sqlite_dialect()
    tables = metadata.sorted_tables
    return (
        *(str(CreateTable(table).compile(dialect=dialect)) for table in tables),
        *(str(CreateIndex(index).compile(dialect=dialect)) for table in tables for index in table.indexes),
    )


def make_journal_file(path: Path) -> None:
    """Make a new journal's file as a whole, owned as its folder is, even if root makes it.

    So an empty file is never a journal that is being made, but one that was cut. Raise sqlite3.Error or OSError.
    """
    refuse_old_sqlite()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    make_file(draft, _MODE)
    try:
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            _check_opened(connection, str(draft))
            _switch_to_wal(connection)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in _schema_statements():
                connection.execute(statement)
            connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", new_values().items())
            connection.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (revision_name(SCHEMA),))
            connection.execute("COMMIT")
        with contextlib.suppress(FileExistsError):  # another process was faster
            path.hardlink_to(draft)
    finally:
        for part in ("", "-wal", "-shm"):
            path.with_name(draft.name + part).unlink(missing_ok=True)


def refuse_foreign_files(name: str) -> None:
    """Raise RefusedFileError if another user has put a link, or anybody a pipe, in the place of the journal's files.

    SQLite opens them by their names, makes those that are missing, and follows a link to the first.
    """
    place = safe_open.resolve_links(Path(name))
    for part in _PARTS:
        file = place.with_name(place.name + part)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if not stat.S_ISREG(file.lstat().st_mode):
                raise RefusedFileError(file, say("it is not a file"))


def _check_place(name: str) -> None:
    """Look at the files before each connection, for they may have been exchanged since the last one."""
    try:
        refuse_foreign_files(name)
    except RefusedFileError as error:
        raise sqlite3.OperationalError(f"{error.filename}: {error.reason}") from error


def _check_opened(connection: sqlite3.Connection, name: str) -> None:
    """Look at what SQLite has opened before anything is written there: a link may have come in the meantime."""
    opened = connection.execute("PRAGMA database_list").fetchone()[2]
    expected = str(safe_open.resolve_links(Path(name)))
    if opened and opened != expected:  # one in memory has no name
        connection.close()
        raise sqlite3.OperationalError(f"{name}: {say('it has become a link while it was opened')}")


def refuse_truncated(name: str) -> None:
    """Raise UserError for a journal that has been cut to nothing: a new one would call everybody again."""
    path = Path(name)
    # Only a regular file can be cut. A folder on tmpfs has size 0, and so has a pipe: SQLite says what is wrong there.
    if path.is_file() and path.stat().st_size < _MIN_BYTES:
        raise UserError(
            [
                Problem(
                    name,
                    say(
                        "the journal has been cut to nothing; a new one would call everybody again who was called today"
                    ),
                    say(
                        "restore it from a copy and start only tomorrow; or, to begin a new one, "
                        "delete it and add today to the dates of the schedule with 00:00"
                    ),
                )
            ]
        )


def is_damage(error: BaseException | None) -> bool:
    """Return whether an error of SQLite says that the file is damaged or no database, not that a disk is full."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damage_remedy(error: DBAPIError | sqlite3.Error | OSError) -> Message | None:
    """Return what to do if the error means that the file is damaged or exchanged, else None."""
    if isinstance(error, RefusedFileError):
        return say(
            "somebody has put it there in the place of the journal: move it away, see who may write in the folder, and "
            "restore the journal from a copy (docs/en/how-to/damaged-journal.md)"
        )
    if not is_damage(getattr(error, "orig", error)):
        return None
    return say(
        "the file is damaged, or [Journal] url names another file, and nobody is called until this is "
        "fixed: stop the service, restore the journal from a copy or save what can still be read of "
        "it, and start only tomorrow, because it may no longer know who was called today "
        "(docs/en/how-to/damaged-journal.md)"
    )


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # The busy timeout does not apply here: of two processes that open a new journal at once, one would fail.
    until = time.monotonic() + _WAL_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
