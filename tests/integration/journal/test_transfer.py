"""The journal moved, backed up and restored, between both kinds of database."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from obzvon.common.errors import UserError
from obzvon.common.i18n import say
from obzvon.journal import transfer
from obzvon.journal.copies import copy_sqlite
from obzvon.journal.identity import JournalMovedError
from obzvon.journal.journal import Journal
from obzvon.journal.lock import JournalBusyError
from obzvon.journal.schema import metadata
from obzvon.journal.transfer import back_up, move, restore
from tests.support.journal import MONDAY, NINE, TUESDAY, begin, end, hand
from tests.support.older_journals import copy_older
from tests.support.postgres import new_journal_url
from tests.support.workshop import Shift, Workshop, at, numbers

PEOPLE = numbers(10)


@pytest.fixture(params=["sqlite", "postgresql"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a second journal, which does not exist yet."""
    return new_journal_url(request, tmp_path / "other.db")


def rows(journal: Journal, *, but_meta: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    with journal.read_transaction() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=str)
            for table in metadata.sorted_tables
            if not (but_meta and table.name == "meta")
        }


def fill(journal: Journal) -> None:
    """Write something into every subject of the journal."""
    run = begin(journal, 6)
    bundle = journal.calls.waiting(run.id, limit=3)
    hand(journal, bundle)
    end(journal, bundle[0])
    journal.commands.submit("pause", by="anna", at=NINE, form_key="a form")
    journal.heartbeats.begin(at=NINE)
    journal.findings.replace([], at=NINE)


def test_a_moved_journal_has_everything_and_the_old_one_hands_nothing_over(journal_url: str, other_url: str) -> None:
    with contextlib.closing(Journal(journal_url)) as old, contextlib.closing(Journal(other_url)) as new:
        fill(old)
        before, count = rows(old), old.identity.hand_overs
        waiting = old.calls.waiting(1)
        assert move(old, new) == sum(map(len, before.values()))
        assert rows(new) == before
        assert new.identity.hand_overs == count
        with pytest.raises(JournalMovedError):
            old.identity.ensure_not_moved()
        with pytest.raises(JournalMovedError):
            old.transitions.begin_handing(waiting, 2)
        assert old.calls.waiting(1) == waiting
        new.identity.ensure_not_moved()
        hand(new, new.calls.waiting(1, limit=1), 2)
        assert begin(new, 1, TUESDAY).id == 2  # numbers go on behind those that were moved
        assert move(new, old)  # and back again
        old.identity.ensure_not_moved()
        assert old.runs.get(2).day == TUESDAY


def test_a_backup_that_is_restored_is_the_same_journal(journal_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with contextlib.closing(Journal(journal_url)) as journal:
        fill(journal)
        before = rows(journal)
        lock = journal.acquire_lock()
        back_up(journal, file)
        begin(journal, 2, TUESDAY)
        with pytest.raises(JournalBusyError):  # while a service works
            restore(file, journal_url)
        lock.release()
    restore(file, journal_url)
    with contextlib.closing(Journal(journal_url)) as journal:
        assert rows(journal) == before
        assert begin(journal, 1, TUESDAY).id == 2
    if journal_url.startswith("sqlite"):
        with contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db.before-restore")) as kept:
            assert kept.runs.on_days(TUESDAY)


def test_a_backup_goes_into_the_other_kind_of_database(journal_url: str, other_url: str, tmp_path: Path) -> None:
    with contextlib.closing(Journal(journal_url)) as journal:
        fill(journal)
        back_up(journal, tmp_path / "backup.db")
        before = rows(journal)
    restore(tmp_path / "backup.db", other_url)
    with contextlib.closing(Journal(other_url)) as journal:
        assert rows(journal) == before


def test_a_move_that_is_cut_off_calls_from_neither_twice_and_is_finished_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Journal(f"sqlite:///{tmp_path}/journal.db"), Journal(f"sqlite:///{tmp_path}/other.db")
    fill(old)
    before = rows(old)
    write_entry = transfer.set_meta

    def interrupted(connection: object, key: str, value: str) -> None:
        if key == "moved_to":
            raise KeyboardInterrupt
        write_entry(connection, key, value)  # type: ignore[arg-type]

    monkeypatch.setattr(transfer, "set_meta", interrupted)
    with pytest.raises(KeyboardInterrupt):
        move(old, new)
    old.identity.ensure_not_moved()
    with pytest.raises(UserError, match="has not been moved here as a whole"):
        new.identity.ensure_not_moved()
    monkeypatch.undo()
    move(old, new)
    new.identity.ensure_not_moved()
    assert rows(new) == before
    assert move(old, new)  # said again, it is done already
    old.close()
    new.close()


def test_a_database_with_other_runs_is_left_as_it_is(tmp_path: Path) -> None:
    with (
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as old,
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/other.db")) as new,
    ):
        fill(old)
        begin(new, 1, TUESDAY)
        with pytest.raises(UserError, match="runs of its own"):
            move(old, new)
        old.identity.ensure_not_moved()
        with pytest.raises(UserError, match="is there already"):
            move(old, old)


@pytest.mark.parametrize("content", [b"", b"a list of phones\n" * 1000, b"SQLite format 3\0" + b"x" * 5000])
def test_what_is_no_journal_is_not_restored(tmp_path: Path, content: bytes) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    with contextlib.closing(Journal(url)) as journal:
        begin(journal, 2)
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(UserError, match="no whole journal"):
        restore(tmp_path / "other", url)
    with contextlib.closing(Journal(url)) as journal:
        assert journal.runs.on_days(MONDAY)


def test_a_damaged_journal_is_restored_from_a_copy_and_its_files_are_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    with contextlib.closing(Journal(url)) as journal:
        begin(journal, 2)
        back_up(journal, tmp_path / "backup.db")
    (tmp_path / "journal.db").write_bytes(b"\xa5" * 8192)
    restore(tmp_path / "backup.db", url)
    with contextlib.closing(Journal(url)) as journal:
        assert journal.runs.on_days(MONDAY)
    assert (tmp_path / "journal.db.before-restore").read_bytes() == b"\xa5" * 8192


def test_a_restore_under_an_editor_that_has_the_journal_open_damages_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    with contextlib.closing(Journal(url)) as editor:
        begin(editor, 2)
        back_up(editor, tmp_path / "backup.db")
        begin(editor, 2, TUESDAY)
        with contextlib.closing(sqlite3.connect(tmp_path / "journal.db")) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM runs").fetchone() == (2,)
            restore(tmp_path / "backup.db", url)
            assert reader.execute("SELECT count(*) FROM runs").fetchone() == (2,)  # until its transaction ends
        assert not editor.runs.on_days(TUESDAY)
        editor.audit.record("anna", say("paused"), at=NINE)
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db")) as restored:
        assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert restored.execute("SELECT count(*) FROM runs").fetchone() == (1,)
        assert restored.execute("SELECT count(*) FROM changes").fetchone() == (1,)


def test_a_second_restore_keeps_what_the_first_one_has_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    with contextlib.closing(Journal(url)) as journal:
        begin(journal, 2)
        back_up(journal, tmp_path / "backup.db")
        begin(journal, 2, TUESDAY)
    kept = [restore(tmp_path / "backup.db", url) for _ in range(3)]
    assert [file.name for file in kept if file] == [f"journal.db.before-restore{end}" for end in ("", "-2", "-3")]
    with contextlib.closing(Journal(f"sqlite:///{kept[0]}")) as journal:
        assert journal.runs.on_days(TUESDAY)


def test_a_restore_for_which_there_is_no_room_leaves_the_journal_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    with contextlib.closing(Journal(url)) as journal:
        begin(journal, 2)
        back_up(journal, tmp_path / "backup.db")
        begin(journal, 2, TUESDAY)

    def full(source: Path, target: Path) -> None:
        if source == tmp_path / "journal.db":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        copy_sqlite(source, target)

    monkeypatch.setattr(transfer, "copy_sqlite", full)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        restore(tmp_path / "backup.db", url)
    with contextlib.closing(Journal(url)) as journal:
        assert journal.runs.on_days(TUESDAY)


def test_a_journal_without_a_schema_is_not_restored_and_the_reason_is_said(tmp_path: Path) -> None:
    with contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal:
        back_up(journal, tmp_path / "backup.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "backup.db")) as copy:
        copy.execute("DELETE FROM meta")
        copy.commit()
    with pytest.raises(UserError, match="does not name its schema"):
        restore(tmp_path / "backup.db", f"sqlite:///{tmp_path}/journal.db")


def test_an_older_copy_is_migrated_and_stays_as_it_is(tmp_path: Path) -> None:
    copy_older("first.db", tmp_path / "copy.db")
    before = (tmp_path / "copy.db").read_bytes()
    restore(tmp_path / "copy.db", f"sqlite:///{tmp_path}/journal.db")
    with contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal:
        assert journal.runs.latest()
    assert (tmp_path / "copy.db").read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"copy.db", "journal.db", "journal.db.lock"}


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "todo.json"])
def test_a_backup_replaces_neither_the_journal_nor_another_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "todo.json").write_text("{}")
    with contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal, pytest.raises(UserError):
        back_up(journal, tmp_path / name)
    assert (tmp_path / "todo.json").read_text() == "{}"


def test_a_service_on_the_old_journal_stops_and_one_on_the_new_goes_on(tmp_path: Path, other_url: str) -> None:
    workshop = Workshop(tmp_path / "office", phones=PEOPLE, bundle=2, timeout=10)
    working = Shift(workshop)
    working.work(at("09:00"), at("09:00:15"))
    with contextlib.closing(workshop.journal()) as old, contextlib.closing(Journal(other_url)) as new:
        move(old, new)
    working.work(at("09:00:16"), at("09:05"))
    assert len(workshop.in_spool()) == 4
    assert "was moved to" in str(working.dialer.problems[0])
    working.end()
    settings = workshop.folder / "settings.ini"
    settings.write_text(settings.read_text() + f"[Journal]\nurl = {other_url}\n")
    working = Shift(workshop)
    working.work(at("09:06"), at("09:10"))
    assert sorted(workshop.in_spool()) == PEOPLE
    working.end()
