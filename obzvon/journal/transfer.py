"""Moves a journal to another database, backs it up into a file, and restores it from one. All rows go, or none.

A move is fenced: in the transaction that reads the last rows the old journal loses its count of hand-overs, without
which nothing is handed over from it. Until then the new one is marked as unfinished, and no service works on it.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain, count
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, make_url, select, text

from obzvon.common import files, safe_open
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.journal.copies import copy_sqlite, overwrite_sqlite
from obzvon.journal.database import Database, NewerJournalError
from obzvon.journal.lock import acquire
from obzvon.journal.migration import migrate
from obzvon.journal.schema import SCHEMA, meta, metadata, runs
from obzvon.journal.sqlite import is_damage, make_journal_file, sqlite_engine

_CHUNK = 5_000
_SQLITE_HEADER = b"SQLite format 3\0"


def move(source: Database, target: Database) -> int:
    """Move the journal and return how many rows it has. A service that works on the old one stops handing over.

    Raise UserError if the target has calls of its own. A move that was cut off is finished by another one.
    """
    _refuse_same(source, target)
    with source.write_transaction() as old:
        _lock_tables(old, source)
        values = _meta(old)
        if values.get("moved_to") != target.address:
            if "moved_to" in values:
                raise _moved_before(source, values["moved_to"])
            with target.write_transaction() as new:
                _refuse_other_calls(target, new, values["identity"])
                count = _copy_rows(old, new)
                set_meta(new, "unfinished", source.address)
                _restart_numbering(new, target)
            old.execute(delete(meta).where(meta.c.key == "hand_overs"))
            set_meta(old, "moved_to", target.address)
        else:
            count = _count_rows(old)
    with target.write_transaction() as new:
        new.execute(delete(meta).where(meta.c.key == "unfinished"))
    return count


def back_up(source: Database, file: Path) -> None:
    """Write a copy of the journal, a SQLite journal itself, durably and under its name only when it is complete.

    Raise UserError for a file that is no journal, OSError or sqlite3.Error.
    """
    _refuse_other_file(source, file)
    if source.is_sqlite:
        copy_sqlite(safe_open.resolve_links(Path(source.address)), file)
        return
    with tempfile.TemporaryDirectory(prefix=".obzvon-", dir=file.absolute().parent) as folder:
        draft = Path(folder) / "journal.db"
        _write_sqlite(source, draft)
        copy_sqlite(draft, file)


def restore(file: Path, url: str) -> Path | None:
    """Put the copy in the place of the journal at `url`. Return the file in which a SQLite journal is kept.

    Raise UserError for a file that is no journal or is damaged, JournalBusyError if a service uses the journal, OSError
    or sqlite3.Error.
    """
    ensure_journal(file)
    place = make_url(url)
    if place.get_backend_name() != "sqlite":
        _restore_into_server(file, url)
        return None
    journal = safe_open.resolve_links(Path(place.database or ""))
    engine = sqlite_engine(place)
    lock = acquire(engine)
    try:
        with _migrated(file, journal.parent) as draft:
            kept = _keep(journal) if journal.exists() else None
            if journal.exists():
                overwrite_sqlite(draft, journal)
            else:
                copy_sqlite(draft, journal)
    finally:
        lock.release()
        engine.dispose()
    return kept


def ensure_journal(file: Path) -> None:
    """Raise UserError unless the file is a whole journal of this version or an older one."""
    try:
        opened = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        try:
            schema = opened.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
            damage = opened.execute("PRAGMA integrity_check(1)").fetchone()[0]
        finally:
            opened.close()
    except sqlite3.Error as error:
        raise _no_journal(file, error) from error
    if damage != "ok":
        raise _no_journal(file, damage)
    if schema is None:
        raise _no_journal(file, say("it does not name its schema"))
    if int(schema[0]) > SCHEMA:
        raise NewerJournalError(str(file), int(schema[0]), say("install that version, and restore with it"))


def _keep(journal: Path) -> Path:
    """Keep a copy of the journal beside its place, which the editor may have open at this moment.

    Return the file, under a name that no earlier one has: a second restore must not replace the journal that the first
    one has kept. The files of a damaged journal are moved there as they are.
    """
    kept = _free_name(journal.with_name(f"{journal.name}.before-restore"))
    try:
        copy_sqlite(journal, kept)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):  # a full disk, for example: the journal must stay where it is
            raise
        for part in ("", "-wal"):
            old = journal.with_name(journal.name + part)
            if old.exists():
                old.replace(kept.with_name(kept.name + part))
        journal.with_name(journal.name + "-shm").unlink(missing_ok=True)
    files.sync_folder(journal.parent)
    return kept


def _free_name(path: Path) -> Path:
    names = chain([path.name], (f"{path.name}-{number}" for number in count(2)))
    return next(free for name in names if not os.path.lexists(free := path.with_name(name)))


@contextmanager
def _migrated(file: Path, folder: Path | None) -> Iterator[Path]:
    """Give a copy of the file, in a folder of its own there, that has this version's tables."""
    with tempfile.TemporaryDirectory(prefix=".obzvon-", dir=folder) as own:
        draft = Path(own) / "journal.db"
        copy_sqlite(file, draft)
        migrate(f"sqlite:///{draft}")
        yield draft


def _restore_into_server(file: Path, url: str) -> None:
    with closing(Database(url)) as current, _migrated(file, None) as draft:
        lock = current.acquire_lock()
        try:
            with (
                closing(Database(f"sqlite:///{draft}", create=False)) as restored,
                restored.read_transaction() as old,
                current.write_transaction() as new,
            ):
                _lock_tables(new, current)
                _copy_rows(old, new)
                _restart_numbering(new, current)
        finally:
            lock.release()


def _write_sqlite(source: Database, draft: Path) -> None:
    make_journal_file(draft)
    with (
        closing(Database(f"sqlite:///{draft}")) as copy,
        source.read_transaction() as old,
        copy.write_transaction() as new,
    ):
        _copy_rows(old, new)


def _copy_rows(old: Connection, new: Connection) -> int:
    """Copy all rows of `old` into `new` in place of its own, and return how many there are."""
    for table in reversed(metadata.sorted_tables):
        new.execute(delete(table))
    for table in metadata.sorted_tables:
        with old.execute(select(table).execution_options(yield_per=_CHUNK)) as found:
            for chunk in found.mappings().partitions():
                new.execute(insert(table), [dict(row) for row in chunk])
    count = _count_rows(new)
    if count != _count_rows(old):
        raise AssertionError("rows were lost on the way")  # the transaction is rolled back
    return count


def _count_rows(connection: Connection) -> int:
    return sum(
        connection.execute(select(func.count()).select_from(table)).scalar_one() for table in metadata.sorted_tables
    )


def _lock_tables(connection: Connection, database: Database) -> None:
    """Let nobody else write before the transaction ends. SQLite's writers exclude each other anyway."""
    if not database.is_sqlite:
        names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
        connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


def _restart_numbering(connection: Connection, database: Database) -> None:
    """Let PostgreSQL number new rows after the copied ones."""
    if database.is_sqlite:
        return
    for table in metadata.sorted_tables:
        if "id" in table.c:
            connection.execute(
                select(
                    func.setval(
                        func.pg_get_serial_sequence(table.name, "id"),
                        func.coalesce(select(func.max(table.c.id)).scalar_subquery(), 0) + 1,
                        False,  # the next value is that one
                    )
                )
            )


def _meta(connection: Connection) -> dict[str, str]:
    return dict(connection.execute(select(meta.c.key, meta.c.value)).all())


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Write a value of the journal about itself."""
    connection.execute(delete(meta).where(meta.c.key == key))
    connection.execute(insert(meta).values(key=key, value=value))


def _refuse_same(source: Database, target: Database) -> None:
    same_file = (
        source.is_sqlite and target.is_sqlite and Path(source.address).resolve() == Path(target.address).resolve()
    )
    if same_file or source.url == target.url:
        raise UserError([Problem(target.address, say("the journal is there already"), say("name another database"))])


def _refuse_other_calls(target: Database, new: Connection, identity: str) -> None:
    values = _meta(new)
    # The same journal is there from a move that was cut off, or because it was moved away from there once.
    is_left_over = values.get("identity") == identity and not {"unfinished", "moved_to"}.isdisjoint(values)
    if not is_left_over and new.execute(select(runs.c.id).limit(1)).first() is not None:
        raise UserError(
            [
                Problem(
                    target.address,
                    say("this database has a journal with runs of its own, and it is left as it is"),
                    say("name an empty database"),
                )
            ]
        )


def _moved_before(source: Database, target: str) -> UserError:
    return UserError(
        [
            Problem(
                source.address,
                say("the journal was moved to {target} before", target=target),
                say("name that address in [Journal] url, and move it from there"),
            )
        ]
    )


def _refuse_other_file(source: Database, file: Path) -> None:
    own = Path(source.address).resolve() if source.is_sqlite else None
    if own is not None and file.resolve() in (
        own,
        *(own.with_name(own.name + part) for part in ("-wal", "-shm", ".lock")),
    ):
        raise UserError([Problem(str(file), say("this is the journal itself"), say("name another file"))])
    if file.exists():
        with file.open("rb") as opened:
            if opened.read(len(_SQLITE_HEADER)) != _SQLITE_HEADER:
                raise UserError(
                    [
                        Problem(
                            str(file), say("it exists and is no journal; it is left as it is"), say("name another file")
                        )
                    ]
                )


def _no_journal(file: Path, reason: object) -> UserError:
    return UserError(
        [
            Problem(
                str(file),
                say("this is no whole journal: {why}", why=reason),
                say("name a file that obzvon journal backup has written; the current journal is left as it is"),
            )
        ]
    )
