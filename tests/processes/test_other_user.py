"""The editor's user, taken over by somebody, against the service's files: nothing is written outside the folder.

The service is user 4001, the editor user 4002; both may write in the working folder, and only the service in `spool`.
"""

import contextlib
import json
import logging
import os
import signal
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from obzvon import users
from obzvon.common.errors import ObzvonError
from obzvon.common.logs import DailyFileHandler, log_file_name
from obzvon.documents.store import phones_document
from obzvon.documents.watcher import WatchedDocument
from obzvon.journal.called_numbers import CalledNumbersFiles
from obzvon.journal.day_record import DayRecord, DayRecordFile, day_record_path
from obzvon.journal.journal import Journal
from obzvon.settings.model import load_settings
from obzvon.users import Role, Users
from tests.support.system_users import as_user, root, shared_folder, start_as_user

pytestmark = root

SERVICE, EDITOR, GROUP = 4001, 4002, 5000
_SECONDS = 60
DAY = date(2026, 1, 5)
LOG = f"log/{log_file_name(datetime.now(UTC).date())}"
ROWS = {"0": {"0": "89161111111", "1": "", "name": "Channel: local/1@x"}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, as the service has made it and used it once."""
    monkeypatch.setattr(users, "HASH_METHOD", "pbkdf2:sha256:1")
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
            lambda: use_journal(f"sqlite:///{folder / 'journal.db'}"),
            lambda: write_log(folder / "log"),
            lambda: change_users(folder / "users.json"),
            lambda: keep_days(day_record(folder)),
            lambda: keep_numbers(folder / "log"),
            lambda: load_settings(folder / "settings.ini"),
        ]
        for step in steps:
            with contextlib.suppress(ObzvonError, OSError):  # it reports that and continues
                step()

    return as_user(SERVICE, SERVICE, act, groups=[GROUP])


def write_log(folder: Path) -> None:
    handler = DailyFileHandler(folder, UTC, keep_days=30)
    handler.emit(logging.LogRecord("obzvon", logging.INFO, "", 0, "Channel: local/1@x", None, None))


def use_journal(url: str) -> None:
    journal = Journal(url)
    try:
        journal.acquire_lock().release()
    finally:
        journal.close()


def change_users(file: Path) -> None:
    known = Users(file)
    if "anna" in known.load():
        known.change_password("anna", "Channel: local/2@x")
    else:
        known.add("anna", "Channel: local/1@x", Role.VIEWER)


def day_record(folder: Path) -> Path:
    """The campaign's day record, as it lies with `transport = ami`: in the folder of the logs."""
    return day_record_path(folder / "log", folder / "todo.json", folder / "schedule.json")


def keep_days(file: Path) -> None:
    record = DayRecordFile(file)
    record.load()
    record.save(DayRecord("Channel: local/1@x", 1, "", {}))


def keep_numbers(folder: Path) -> None:
    files = CalledNumbersFiles(folder, "one")
    files.load(DAY)
    files.append(DAY, [("Channel: local/1@x", "")])


def attack(act: Callable[[], None]) -> None:
    assert as_user(EDITOR, EDITOR, act, groups=[GROUP]) == 0


def take_away(path: Path) -> None:
    if os.path.lexists(path):
        path.rename(path.with_name(f"{path.name}.taken"))


def link_to_folder(path: Path, spool: Path) -> None:
    path.symlink_to(spool)


def link_to_new_file(path: Path, spool: Path) -> None:
    path.symlink_to(spool / "new.call")


def link_to_file(path: Path, spool: Path) -> None:
    path.symlink_to(spool / "held.call")


def link_within_a_folder(path: Path, spool: Path) -> None:
    path.mkdir(0o777)
    path.chmod(0o777)
    for name in ("todo.json.good", "todo.json.lost", "todo.json.undo", LOG.partition("/")[2]):
        (path / name).symlink_to(spool / "new.call")


def pipe(path: Path, _spool: Path) -> None:
    os.mkfifo(path, 0o666)
    path.chmod(0o666)


def hard_link(path: Path, spool: Path) -> None:
    """As root: Linux allows it to others only with fs.protected_hardlinks = 0."""
    path.hardlink_to(spool / "held.call")


def device(path: Path, _spool: Path) -> None:
    """As root: one that never ends."""
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    path.chmod(0o666)


PLANTS = [link_to_folder, link_to_new_file, link_to_file, link_within_a_folder, pipe, hard_link, device]
DAYS = "day record"
CALLED = f"log/.obzvon-called-one-{DAY.isoformat()}.txt"
NAMES = [
    [".history", "log", "journal.db", "todo.json", "users.json", "settings.ini"],
    [LOG, DAYS, CALLED, "journal.db-wal", "journal.db.lock", ".todo.json.lock", ".users.json.lock"],
    ["journal.db-journal"],
]


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("names", NAMES)
def test_what_is_exchanged_leads_nowhere(folder: Path, names: list[str], plant: Callable[[Path, Path], None]) -> None:
    spool = folder.parent / "spool"
    places = [day_record(folder) if name == DAYS else folder / name for name in names]
    is_roots = plant in (hard_link, device)

    def act() -> None:
        (folder / "todo.json.new").write_text(json.dumps(ROWS | {"1": {"0": "89162222222", "1": ""}}))
        (folder / "todo.json.new").replace(folder / "todo.json")
        for place in places:
            take_away(place)
            if not is_roots:
                plant(place, spool)

    attack(act)
    for place in places if is_roots else ():
        plant(place, spool)
    assert serve(folder) == 0
    assert [path.name for path in spool.iterdir()] == ["held.call"]
    assert (spool / "held.call").read_text() == "held"


def test_a_folder_that_is_exchanged_while_files_are_opened_leads_nowhere(folder: Path) -> None:
    """One process exchanges two folders for links and back, as fast as it can, until the service has done its work."""
    spool, log = folder.parent / "spool", folder / "log"

    def exchange() -> None:
        (folder / "link").symlink_to(spool)
        while True:
            log.rename(folder / "kept")
            (folder / "link").rename(log)
            log.rename(folder / "link")
            (folder / "kept").rename(log)

    def work() -> None:
        signal.alarm(_SECONDS)
        for _ in range(300):
            with contextlib.suppress(ObzvonError, OSError):
                keep_days(day_record(folder))
            write_log(log)

    attacker = start_as_user(EDITOR, EDITOR, exchange, groups=[GROUP])
    try:
        assert as_user(SERVICE, SERVICE, work, groups=[GROUP]) == 0
    finally:
        os.kill(attacker, signal.SIGKILL)
        os.waitpid(attacker, 0)
    assert [path.name for path in spool.iterdir()] == ["held.call"]
    assert (spool / "held.call").read_text() == "held"
