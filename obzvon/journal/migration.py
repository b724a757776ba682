"""Migrates a journal of an older version to the tables of this one. Only the service does this, at its start.

A copy is kept first, for SQLite. Everything else is one transaction: a process that is killed at any moment leaves
either the old journal or the new one.
"""

import logging
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from obzvon.common import safe_open
from obzvon.common.errors import Problem, os_error_reason
from obzvon.common.i18n import say
from obzvon.journal.copies import copy_sqlite
from obzvon.journal.database import TABLES_LOCK, Database, JournalUnavailableError, stored_schema
from obzvon.journal.schema import SCHEMA, meta

log = logging.getLogger("obzvon")

_SCRIPTS = Path(__file__).parent / "migrations"


class _OlderDatabase(Database):
    """A journal of any known version."""

    _accepts_older = True


def migrate(url: str, *, busy_timeout: float = 30.0) -> None:
    """Migrate the journal if an older version made it.

    Raise JournalBusyError if a service uses it, JournalUnavailableError if there is no room, for example.
    """
    database = _OlderDatabase(url, create=False, busy_timeout=busy_timeout)
    try:
        lock = database.acquire_lock()
        try:
            _migrate_locked(database)
        finally:
            lock.release()
    finally:
        database.close()


def kept_copy(journal: Path, schema: int) -> Path:
    """Return the path of the copy that is kept of a journal of that schema."""
    return journal.with_name(f"{journal.name}.schema-{schema}")


def _migrate_locked(database: Database) -> None:
    with database.write_transaction() as connection:
        schema = stored_schema(connection) or 0
        if schema >= SCHEMA:  # another process was faster
            return
        log.info(
            "%s",
            say("the journal is being converted from schema {old} to schema {new}", old=schema, new=SCHEMA),
        )
        if not database.is_sqlite:  # an editor that opens the journal makes missing tables
            connection.execute(select(func.pg_advisory_xact_lock(TABLES_LOCK)))
        else:
            _keep_copy(safe_open.resolve_links(Path(database.address)), schema)
        _run_revisions(connection)
        connection.execute(update(meta).where(meta.c.key == "schema").values(value=str(SCHEMA)))
    log.info("%s", say("the journal has schema {new} now; nothing was lost", new=SCHEMA))


def _keep_copy(journal: Path, schema: int) -> None:
    copy = kept_copy(journal, schema)
    try:
        copy_sqlite(journal, copy)
    except (OSError, sqlite3.Error) as error:
        raise JournalUnavailableError(
            [
                Problem(
                    str(copy),
                    say(
                        "the copy of the older journal cannot be written: {why}",
                        why=os_error_reason(error) if isinstance(error, OSError) else error,
                    ),
                    say("make room there; the journal is unchanged, and nobody is called before that"),
                )
            ]
        ) from error
    log.info("%s", say("a copy of the journal as it was is kept: {path}", path=copy))


def _run_revisions(connection: Connection) -> None:
    """Run what the journal lacks, in the transaction of the caller."""
    # Alembic takes a quarter of a second to import, and is used once in the life of a version.
    from alembic.operations import Operations  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(str(_SCRIPTS))
    context = MigrationContext.configure(
        connection,
        # Alembic's own commands want a configuration file.
        opts={"fn": lambda revision, _: scripts._upgrade_revs("head", revision), "transactional_ddl": True},  # noqa: SLF001
    )
    with Operations.context(context):
        context.run_migrations()
