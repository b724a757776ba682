"""The journal's database: opened again, damaged, cut, and of a newer version."""

import contextlib
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update

from obzvon.common.errors import UserError
from obzvon.common.i18n import say
from obzvon.domain.calls import CallState
from obzvon.journal.database import JournalUnavailableError
from obzvon.journal.journal import Journal
from obzvon.journal.schema import SCHEMA, commands, meta
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer


from tests.support.journal import MONDAY, NINE, TUESDAY, begin, end, hand, process


def test_a_journal_that_is_opened_again_is_the_same(journal: Journal, journal_url: str) -> None:
    run = begin(journal, 4)
    bundle = journal.calls.waiting(run.id, limit=2)
    hand(journal, bundle)
    end(journal, bundle[0])
    before = list(journal.calls.records_on(MONDAY))
    journal.close()
    for create in (True, False):
        with contextlib.closing(Journal(journal_url, create=create)) as again:
            assert list(again.calls.records_on(MONDAY)) == before
            assert again.runs.get(run.id) == run
            assert again.calls.in_transit(CallState.HANDED)[0].position == 2
            assert again.runs.begin("b", MONDAY, "week", [], at=NINE) is None


def test_what_a_killed_process_has_written_is_there(journal_url: str, journal: Journal) -> None:
    program = """
        run = begin(journal, 100)
        hand(journal, journal.calls.waiting(run.id, limit=10))
        print("handed", flush=True)
        time.sleep(600)
    """
    with process(journal_url, program) as killed:
        assert killed.stdout
        assert killed.stdout.readline() == "handed\n"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    [run] = journal.runs.on_days(MONDAY)
    assert journal.calls.count_results(run.id) == Counter(handed=10, waiting=90)


def test_several_that_open_a_new_journal_at_once_all_can(journal_url: str) -> None:
    together = threading.Barrier(6)

    def open_and_close(_: int) -> bool:
        together.wait()
        with contextlib.closing(Journal(journal_url)) as journal:
            return journal.runs.is_empty()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_and_close, range(6))) == [True] * 6


def test_a_journal_of_a_newer_version_is_refused_and_left_as_it_is(journal: Journal, journal_url: str) -> None:
    with journal.write_transaction() as connection:
        connection.execute(update(meta).values(value=str(SCHEMA + 1)))
        commands.drop(connection)
    for create in (True, False):
        with pytest.raises(UserError, match="a newer version of obzvon wrote this journal"):
            Journal(journal_url, create=create)
    with journal.read_transaction() as connection, pytest.raises(Exception, match="commands"):
        connection.execute(select(commands))


def test_asking_about_a_journal_makes_none(journal_url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no journal yet"):
        Journal(journal_url, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_commit_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    with (
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal,
        journal.read_transaction() as connection,
    ):
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


@pytest.mark.parametrize(
    ("address", "where", "why"),
    [
        ("sqlite:////nonexistent/journal.db", "/nonexistent/journal.db", "No such file or directory"),
        ("sqlite:///{folder}", "{folder}", "it is not a file"),
        ("sqlite:///{folder}/list.txt", "{folder}/list.txt", "file is not a database"),
        (
            "postgresql+psycopg://obzvon:sEcret@127.0.0.1:1/x",
            "postgresql+psycopg://obzvon:***@127.0.0.1:1/x",
            "refused",
        ),
        ("postgresql+psycopg://obzvon:sEcret@/x?host=/nonexistent", "obzvon:***@/x", "/nonexistent/.s.PGSQL.5432"),
        ("postgresql+psycopg://obzvon:sEcret@127.0.0.1:port/x", "[Journal] url", "its address is wrong"),
        ("nosuch://obzvon:sEcret@127.0.0.1/x", "[Journal] url", "its address is wrong"),
        ("sEcret", "[Journal] url", "its address is wrong"),
        ("oracle+nosuch://obzvon:sEcret@127.0.0.1/x", "[Journal] url", "its address is wrong"),
        ("mssql+pyodbc://obzvon:sEcret@127.0.0.1/x", "[Journal] url", "pip install"),
    ],
)
def test_the_error_about_an_unusable_journal_hides_the_password(
    tmp_path: Path, address: str, where: str, why: str
) -> None:
    (tmp_path / "list.txt").write_text("a list of phones\n" * 1000)
    with pytest.raises(UserError, match="the journal cannot be opened") as caught:
        Journal(address.format(folder=tmp_path))
    told = str(caught.value)
    assert where.format(folder=tmp_path) in told.splitlines()[0]
    assert why in told
    assert "sEcret" not in told
    assert "→" in told


def test_the_error_about_a_wrong_password_hides_it(postgres: "PostgresServer") -> None:
    with pytest.raises(UserError, match="password authentication failed") as caught:
        Journal(f"postgresql+psycopg://obzvon:sEcret@127.0.0.1:{postgres.port}/postgres")
    assert "obzvon:***@127.0.0.1" in str(caught.value)
    assert "sEcret" not in str(caught.value)


def test_a_journal_that_fails_during_the_work_is_an_error_with_a_remedy(journal: Journal) -> None:
    begin(journal, 2)
    with journal.write_transaction() as connection:
        connection.execute(text("DROP TABLE calls"))
    for work in (
        lambda: list(journal.calls.records_on(MONDAY)),
        lambda: begin(journal, 2, TUESDAY),
        lambda: journal.transitions.withdraw_waiting(1, say("stopped"), at=NINE),
    ):
        with pytest.raises(UserError, match=r"the journal cannot be used: .*calls"):
            work()
    assert [run.day for run in journal.runs.on_days(MONDAY)] == [MONDAY]
    assert journal.runs.on_days(TUESDAY) == []


def overwrite(file: Path, *pages: int) -> None:
    """As a bad disk leaves it."""
    with file.open("r+b") as stream:
        for page in pages:
            stream.seek((page - 1) * 4096)
            stream.write(b"\xa5" * 4096)


@pytest.mark.parametrize("table", ["sqlite_schema", "runs"])
def test_a_damaged_journal_is_an_error_with_a_remedy_when_it_is_opened(tmp_path: Path, table: str) -> None:
    file = tmp_path / "journal.db"
    with contextlib.closing(Journal(f"sqlite:///{file}")) as journal, journal.read_transaction() as connection:
        pages: dict[str, int] = dict(connection.execute(text("SELECT name, rootpage FROM sqlite_schema")).all())
    overwrite(file, pages.get(table, 1))
    with (
        pytest.raises(UserError, match=r"start only tomorrow.*docs/en/how-to/damaged-journal\.md"),
        contextlib.closing(Journal(f"sqlite:///{file}")) as journal,
    ):
        journal.runs.active()


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the program sqlite3 is not installed")
def test_what_can_be_read_of_a_damaged_file_is_saved_as_the_guide_says(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    with contextlib.closing(Journal(f"sqlite:///{file}")) as journal:
        begin(journal, 5000)
    (tmp_path / "damaged").mkdir()
    file.rename(tmp_path / "damaged" / "journal.db")
    overwrite(tmp_path / "damaged" / "journal.db", *range(60, 70))
    with (
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/damaged/journal.db")) as damaged,
        pytest.raises(UserError, match=r"malformed\n.*save what can still be read"),
    ):
        list(damaged.calls.records_on(MONDAY))
    guide = (ROOT / "docs" / "en" / "how-to" / "damaged-journal.md").read_text(encoding="utf-8")
    [command] = [line for line in guide.splitlines() if ".dump" in line]
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    with contextlib.closing(Journal(f"sqlite:///{file}")) as saved:
        lines = list(saved.calls.records_on(MONDAY))
    assert 1000 < len(lines) < 5000


@pytest.mark.parametrize("create", [True, False])
def test_a_pipe_is_no_journal_that_was_cut_to_nothing(tmp_path: Path, create: bool) -> None:
    os.mkfifo(tmp_path / "journal.db")
    with pytest.raises(UserError, match="the journal cannot be opened: it is not a file"):
        Journal(f"sqlite:///{tmp_path}/journal.db", create=create)


def test_a_link_to_where_no_journal_is_yet_gets_a_whole_one_there(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "journal.db").symlink_to(tmp_path / "there" / "real.db")
    with contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal:
        assert journal.runs.is_empty()
    assert (tmp_path / "journal.db").is_symlink()
    assert stat.S_IMODE((tmp_path / "there" / "real.db").stat().st_mode) == 0o660


def test_a_journals_name_has_no_password(tmp_path: Path) -> None:
    with contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal:
        assert journal.address == f"{tmp_path}/journal.db"
        assert journal.is_sqlite


def test_a_journal_in_a_sqlite_that_is_too_old_is_refused_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    with pytest.raises(UserError, match=r"version 3\.34\.1 is too old") as refused:
        Journal(f"sqlite:///{tmp_path}/journal.db")
    assert not isinstance(refused.value, JournalUnavailableError)  # a service does not wait for it
    assert list(tmp_path.iterdir()) == []
