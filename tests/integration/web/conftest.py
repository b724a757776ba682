"""A working folder with three users, and browsers (Flask's test clients) of each of them."""

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings, load_settings
from obzvon.spreadsheets import subprocess_reader, worker
from obzvon.spreadsheets.table import Table
from obzvon.users import Role, Users
from tests.support.editor import PASSWORD, ROWS, SUNDAY, Browser, free_recycled_apps, recycled_app, write
from tests.support.paths import ROOT


@pytest.fixture(scope="session")
def users_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the text of a users' file: hashing its passwords once is enough for all tests."""
    users = Users(tmp_path_factory.mktemp("users") / "users.json")
    for role in Role:
        users.add(role.value, PASSWORD, role)
    return users.path.read_text()


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled templates for all apps and later runs: compiling them for each app takes most of the time.

    Jinja compiles a template again when it has changed, but neither for another Jinja nor for other options.
    """
    options = hashlib.sha256((ROOT / "web/app.py").read_bytes()).hexdigest()[:12]
    name = f"templates-{version('jinja2')}-{options}"
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    folder = cache.mkdir(name) if cache else tmp_path_factory.mktemp(name)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Flask, "jinja_options", {"bytecode_cache": FileSystemBytecodeCache(str(folder))})
        yield


@pytest.fixture(autouse=True)
def _free_apps() -> Iterator[None]:
    yield
    free_recycled_apps()


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read uploads in this process. The process that the editor starts for it is tested in tests/processes."""

    def read_upload(
        upload: Path, folder: Path, *, pasted: bool = False, sheet: int | None = None, **_options: object
    ) -> Table:
        before = os.umask(0o007)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return worker.store_table(upload, folder, pasted=pasted, sheet=sheet)
        finally:
            os.umask(before)

    monkeypatch.setattr(subprocess_reader, "read_upload", read_upload)


@pytest.fixture
def settings(tmp_path: Path, users_text: str) -> Settings:
    (tmp_path / "settings.ini").write_text("[Day]\ntime_zone = Europe/Moscow\n[Dirs]\ndir_target = outgoing\n")
    (tmp_path / "users.json").write_text(users_text)
    (tmp_path / "schedule.json").write_text(
        json.dumps({**{str(day): "09:00" for day in range(1, 6)}, "6": "00:00", "7": "00:00"})
    )
    loaded = load_settings(tmp_path / "settings.ini")
    write(loaded, ROWS)
    return loaded


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = recycled_app(settings, clock=lambda: SUNDAY)
    yield made
    journal = made.extensions["obzvon"].journal()
    if journal is not None:
        journal.close()


@pytest.fixture
def operator(app: Flask) -> Browser:
    return Browser(app, "operator")


@pytest.fixture
def administrator(app: Flask) -> Browser:
    return Browser(app, "administrator")


@pytest.fixture
def viewer(app: Flask) -> Browser:
    return Browser(app, "viewer")


@pytest.fixture
def journal(settings: Settings) -> Iterator[Journal]:
    made = Journal(settings.journal.reveal())
    yield made
    made.close()
