"""A working folder with three users, and browsers (Flask's test clients) of each of them."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings, load_settings
from obzvon.users import Role, Users
from web.app import create_app

PASSWORD = "correct horse"
SUNDAY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
"""Noon in Moscow."""

ROWS = {
    "0": {"0": "89161111111", "1": "", "name": "Иванов И. И."},
    "1": {"0": 89502222222, "1": 1, "paused": True},
    "3": {"0": "+7 916 333-33-33", "1": "", "name": "Петрова"},
    "4": {"0": 777, "1": "context 22", "note": "kept"},
    "5": {"0": "8 (916) 111-11-11", "1": "", "name": "Иванов ещё раз"},
}


class Browser:
    """One user's browser: sends the login, and the token that the page had."""

    def __init__(self, app: Flask, name: str, password: str = PASSWORD, *, language: str = "en") -> None:
        self.client = app.test_client()
        self.client.set_cookie("language", language)
        self.login = {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={**self.login, **headers}, buffered=True)

    def post(
        self,
        path: str,
        *,
        page: str = "/phones",
        headers: dict[str, str] | None = None,
        follow: bool = True,
        **fields: object,
    ) -> TestResponse:
        """Sends a form as it stands on `page`, with its token and revision unless the fields have others."""
        text = self.get(page).text
        data = {"token": value(text, "token"), "revision": value(text, "revision"), **fields}
        return self.client.post(path, data=data, headers={**self.login, **(headers or {})}, follow_redirects=follow)

    def send(self, method: str, path: str, json: object = None, **headers: str) -> TestResponse:
        """Sends JSON, as a program does."""
        given = {name.replace("_", "-"): one for name, one in headers.items()}
        body = {} if method == "GET" else {"json": {} if json is None else json}
        return self.client.open(
            path, method=method, **body, buffered=True, headers={"Accept-Language": "en", **self.login, **given}
        )


def value(text: str, name: str) -> str:
    """A hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    return found[1] if found else ""


def write(settings: Settings, rows: object) -> None:
    settings.phones.write_text(rows if isinstance(rows, str) else json.dumps(rows), encoding="utf-8")


def rows(settings: Settings) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(settings.phones.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="session")
def users_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The users' file, hashed once."""
    users = Users(tmp_path_factory.mktemp("users") / "users.json")
    for role in Role:
        users.add(role.value, PASSWORD, role)
    return users.path.read_text()


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each test makes an app of its own; compiling the same templates for each takes most of the time."""
    with pytest.MonkeyPatch.context() as patched:
        cache = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
        patched.setattr(Flask, "jinja_options", {"bytecode_cache": cache})
        yield


@pytest.fixture
def settings(tmp_path: Path, users_text: str) -> Settings:
    (tmp_path / "settings.ini").write_text("[Day]\ntime_zone = Europe/Moscow\n[Dirs]\ndir_target = outgoing\n")
    (tmp_path / "users.json").write_text(users_text)
    (tmp_path / "schedule.json").write_text(
        json.dumps({**{str(day): "09:00" for day in range(1, 6)}, "6": "00:00", "7": "00:00"})
    )
    known = load_settings(tmp_path / "settings.ini")
    write(known, ROWS)
    return known


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings, clock=lambda: SUNDAY)
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
