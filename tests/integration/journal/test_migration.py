"""Journals of older versions: refused in words until the service migrates them, and complete afterwards."""

import contextlib
import errno
import os
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from obzvon.common.errors import UserError
from obzvon.journal import migration
from obzvon.journal.database import JournalUnavailableError, OlderJournalError
from obzvon.journal.journal import Journal
from obzvon.journal.lock import JournalBusyError
from obzvon.journal.migration import kept_copy, migrate
from obzvon.journal.schema import SCHEMA
from obzvon.service import factory
from tests.support.older_journals import FILES, LACKS, copy_older, create_older, make_older
from tests.support.profile import thinned
from tests.support.workshop import Workshop, at, day_of, numbers

RUN_DAY = date(2026, 11, 27)


def dump(file: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(file)) as opened:
        return list(opened.iterdump())


def tables(journal_url: str) -> dict[str, Any]:
    """Return what a database says of its tables, without an order of columns."""
    engine = create_engine(journal_url)
    found = inspect(engine)
    described: dict[str, Any] = {}
    for name in found.get_table_names():
        described[name] = {
            "columns": sorted(
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in found.get_columns(name)
            ),
            "key": found.get_pk_constraint(name)["constrained_columns"],
            "unique": sorted(one["column_names"] for one in found.get_unique_constraints(name)),
            "foreign": [(one["constrained_columns"], one["referred_table"]) for one in found.get_foreign_keys(name)],
            "checks": sorted(one["sqltext"] for one in found.get_check_constraints(name)),
            "indexes": sorted((one["name"], one["column_names"]) for one in found.get_indexes(name)),
            "options": {key: value for key, value in found.get_table_options(name).items() if value},
        }
    engine.dispose()
    return described


_new_tables: dict[bool, dict[str, Any]] = {}


def new_tables(journal_url: str) -> dict[str, Any]:
    """Return the tables of a new journal in that kind of database; takes that database for it once."""
    with contextlib.closing(Journal(journal_url)) as journal:
        if journal.is_sqlite not in _new_tables:
            with journal.write_transaction() as connection:
                for table in tables(journal_url):
                    connection.execute(text(f"DROP TABLE {table} {'' if journal.is_sqlite else 'CASCADE'}"))
            Journal(journal_url).close()
            _new_tables[journal.is_sqlite] = tables(journal_url)
        return _new_tables[journal.is_sqlite]


@pytest.mark.parametrize("name", FILES)
def test_the_results_of_an_older_journal_are_all_there_afterwards(tmp_path: Path, name: str) -> None:
    file = tmp_path / "journal.db"
    copy_older(name, file)
    before = dump(file)
    migrate(f"sqlite:///{file}")
    with contextlib.closing(Journal(f"sqlite:///{file}")) as journal:
        records = list(journal.calls.records_on(RUN_DAY))
        assert journal.runs.scheduled_days(RUN_DAY) == {RUN_DAY}
    assert [record.number for record in records] == [f"891600000{n:02d}" for n in range(40)]
    assert {record.result for record in records} == {"handed"}
    assert dump(kept_copy(file, 1)) == before


@pytest.mark.parametrize("lacks", thinned(tuple(LACKS), 4))
def test_a_migrated_journal_has_the_tables_of_a_new_one(journal_url: str, lacks: str, tmp_path: Path) -> None:
    engine = create_engine(journal_url)
    with engine.begin() as connection:
        create_older(connection, lacks)
    engine.dispose()
    migrate(journal_url)
    migrated = tables(journal_url)
    with contextlib.closing(Journal(journal_url)) as journal, journal.write_transaction() as connection:
        versions: dict[str, str] = dict(connection.execute(text("SELECT key, value FROM meta")).all())
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert versions["schema"] == str(SCHEMA)
    assert len(versions["identity"]) == 32
    assert revision == f"{SCHEMA:04d}"
    assert new_tables(journal_url) == migrated


def test_a_new_journal_is_stamped_as_a_migrated_one_is(journal_url: str) -> None:
    with contextlib.closing(Journal(journal_url)) as journal, journal.read_transaction() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == f"{SCHEMA:04d}"
        keys = set(connection.execute(text("SELECT key FROM meta")).scalars())
    assert keys == {"schema", "identity", "hand_overs"}
    migrate(journal_url)  # and there is nothing to do


@pytest.mark.parametrize("create", [True, False])
def test_until_then_the_editor_and_the_commands_say_who_migrates_it(
    tmp_path: Path, create: bool, english: None
) -> None:
    file = tmp_path / "journal.db"
    copy_older("first.db", file)
    before = dump(file)
    with pytest.raises(OlderJournalError) as refused:
        Journal(f"sqlite:///{file}", create=create)
    assert f"its schema is 1, this version needs {SCHEMA}" in str(refused.value)
    assert "the service converts it at its start" in str(refused.value)
    assert dump(file) == before


def test_a_journal_that_an_older_service_uses_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    copy_older("first.db", file)
    Path(f"{file}.lock").touch()
    engine = create_engine(f"sqlite:///{file}")
    from obzvon.journal.lock import acquire

    older = acquire(engine)
    with pytest.raises(JournalBusyError):
        migrate(f"sqlite:///{file}")
    older.release()
    engine.dispose()
    migrate(f"sqlite:///{file}")


def test_without_room_for_the_copy_nothing_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, english: None
) -> None:
    file = tmp_path / "journal.db"
    copy_older("first.db", file)
    before = dump(file)

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(migration, "copy_sqlite", full)
    with pytest.raises(JournalUnavailableError, match="No space left on device"):  # the service waits, and tries again
        migrate(f"sqlite:///{file}")
    assert dump(file) == before
    monkeypatch.undo()
    migrate(f"sqlite:///{file}")


def test_a_newer_journal_is_not_migrated_back(journal_url: str) -> None:
    with contextlib.closing(Journal(journal_url)) as journal, journal.write_transaction() as connection:
        connection.execute(text(f"UPDATE meta SET value = '{SCHEMA + 1}' WHERE key = 'schema'"))
    with pytest.raises(UserError, match=f"its schema is {SCHEMA + 1}, this version knows {SCHEMA}"):
        migrate(journal_url)


def test_a_run_that_the_older_program_began_goes_on_where_it_was(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=numbers(20), bundle=2, timeout=10)
    first = day_of(workshop, at("09:00"), at("09:00:41"))
    with contextlib.closing(workshop.journal()) as journal, journal.write_transaction() as connection:
        make_older(connection)
    for record in workshop.store_folder.glob(".obzvon-days-*"):  # the older program wrote none
        record.unlink()
    factory.open_service_journal(workshop.settings).close()
    rest = day_of(workshop, at("09:00:42"), at("09:10"))
    assert [number for _, bundle in first for number in bundle] == numbers(10)
    assert list(dict.fromkeys(workshop.in_spool())) == workshop.in_spool()
    assert sorted(workshop.in_spool()) == numbers(20)
    assert rest
