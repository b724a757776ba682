"""A migration that is killed: at every statement and every step on the disk, it leaves the old journal or the new."""

import contextlib
import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.operations import Operations  # noqa: F401 - imported here, or each killed process would import it
from alembic.runtime.migration import MigrationContext  # noqa: F401 - as above
from alembic.script import ScriptDirectory  # noqa: F401 - as above
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine

from obzvon.journal.database import OlderJournalError
from obzvon.journal.journal import Journal
from obzvon.journal.migration import migrate
from tests.support.journal import MONDAY, begin, hand
from tests.support.older_journals import FILES, copy_older, make_older

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer

_DISK = ("open", "fsync", "replace", "unlink", "fchmod")


def killed_at(step: int, url: str) -> bool:
    """Migrate in a process that is killed before its `step`-th step; return False if it came to its end before."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    try:
        _count_steps(step)
        migrate(url)
    finally:
        os._exit(0)


def _count_steps(last: int) -> None:
    left = [last]

    def step(*_: object, **__: object) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)
    for name in _DISK:
        setattr(os, name, _after(step, getattr(os, name)))


def _after(step: Callable[[], None], do: Callable[..., Any]) -> Callable[..., Any]:
    def done(*args: Any, **named: Any) -> Any:
        step()
        return do(*args, **named)

    return done


def kill_at_every_step(url: str, day: date, calls: int) -> int:
    """Kill one migration after another, each a step later, until one comes to its end; return how many were killed."""
    step = 1
    while killed_at(step, url):
        try:
            opened = Journal(url)
        except OlderJournalError:
            migrated = False
        else:
            migrated = True
            assert len(list(opened.calls.records_on(day))) == calls
            opened.close()
        if migrated:
            break
        step += 1
    with contextlib.closing(Journal(url)) as journal:
        assert len(list(journal.calls.records_on(day))) == calls
    return step


@pytest.mark.parametrize("name", FILES)
def test_nothing_of_an_older_journal_is_lost_wherever_its_migration_is_killed(tmp_path: Path, name: str) -> None:
    file = tmp_path / "journal.db"
    copy_older(name, file)
    assert kill_at_every_step(f"sqlite:///{file}", date(2026, 11, 27), 40) > 20
    migrate(f"sqlite:///{file}")
    assert {path.name for path in tmp_path.iterdir()} <= {"journal.db", "journal.db.lock", "journal.db.schema-1"}


def test_nor_in_a_database_server(postgres: "PostgresServer") -> None:
    url = postgres.new_database()
    with contextlib.closing(Journal(url)) as journal:
        run = begin(journal, 40)
        hand(journal, journal.calls.waiting(run.id))
        with journal.write_transaction() as connection:
            make_older(connection)
    assert kill_at_every_step(url, MONDAY, 40) > 10
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    engine.dispose()
