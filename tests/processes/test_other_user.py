"""The editor's user, taken over by somebody, against the service's files: nothing is written outside the folder.

The service is user 4001, the editor user 4002; both may write in the working folder, and only the service in `spool`.
"""

import contextlib
import json
import logging
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from obzvon.common.errors import ObzvonError
from obzvon.common.logs import DailyFileHandler, log_file_name
from obzvon.documents.store import phones_document
from obzvon.documents.watcher import WatchedDocument
from obzvon.journal.journal import Journal
from tests.support.system_users import as_user, root, shared_folder

pytestmark = root

SERVICE, EDITOR, GROUP = 4001, 4002, 5000
_SECONDS = 60
ROWS = {"0": {"0": "89161111111", "1": "", "name": "Channel: local/1@x"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder, as the service has made it and used it once."""
    made = shared_folder(tmp_path)
    spool = tmp_path / "spool"
    spool.mkdir(0o700)
    os.chown(spool, SERVICE, SERVICE)
    (spool / "held.call").write_text("held")
    (made / "todo.json").write_text(json.dumps(ROWS))
    os.chown(made / "todo.json", EDITOR, GROUP)
    (made / "todo.json").chmod(0o660)
    assert serve(made) == 0
    assert {path.name for path in made.iterdir()} >= {".history", "log", "journal.db", "todo.json"}
    return made


def serve(folder: Path) -> int:
    """Do what the service does with its files there. It ends within a minute, whatever it meets."""

    def act() -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_SECONDS)
        steps: list[Callable[[], object]] = [
            lambda: WatchedDocument(phones_document(folder / "todo.json")).load_current(),
            lambda: Journal(f"sqlite:///{folder / 'journal.db'}").close(),
            lambda: write_log(folder / "log"),
        ]
        for step in steps:
            with contextlib.suppress(ObzvonError):  # it reports that and continues
                step()

    return as_user(SERVICE, SERVICE, act, groups=[GROUP])


def write_log(folder: Path) -> None:
    handler = DailyFileHandler(folder, UTC, keep_days=30)
    handler.emit(logging.LogRecord("obzvon", logging.INFO, "", 0, "Channel: local/1@x", None, None))


def attack(act: Callable[[], None]) -> None:
    assert as_user(EDITOR, EDITOR, act, groups=[GROUP]) == 0


def take_away(path: Path) -> None:
    if os.path.lexists(path):
        path.rename(path.with_name("taken"))


def link_to_folder(path: Path, spool: Path) -> None:
    path.symlink_to(spool)


def link_to_new_file(path: Path, spool: Path) -> None:
    path.symlink_to(spool / "new.call")


def link_to_file(path: Path, spool: Path) -> None:
    path.symlink_to(spool / "held.call")


def link_within_a_folder(path: Path, spool: Path) -> None:
    path.mkdir(0o777)
    path.chmod(0o777)
    for name in ("todo.json.good", "todo.json.lost", "todo.json.undo", log_file_name(datetime.now(UTC).date())):
        (path / name).symlink_to(spool / "new.call")


def pipe(path: Path, _spool: Path) -> None:
    os.mkfifo(path, 0o666)
    path.chmod(0o666)


@pytest.mark.parametrize("plant", [link_to_folder, link_to_new_file, link_to_file, link_within_a_folder, pipe])
@pytest.mark.parametrize(
    "name", [".history", "log", "journal.db", "journal.db-wal", "journal.db-journal", "todo.json", ".todo.json.lock"]
)
def test_what_is_exchanged_leads_nowhere(folder: Path, name: str, plant: Callable[[Path, Path], None]) -> None:
    spool = folder.parent / "spool"

    def act() -> None:
        take_away(folder / name)
        plant(folder / name, spool)
        (folder / "todo.json.new").write_text(json.dumps(ROWS | {"1": {"0": "89162222222", "1": ""}}))
        if name != "todo.json":
            (folder / "todo.json.new").replace(folder / "todo.json")

    attack(act)
    assert serve(folder) == 0
    assert [path.name for path in spool.iterdir()] == ["held.call"]
    assert (spool / "held.call").read_text() == "held"
