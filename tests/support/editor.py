"""Users of the editor as Flask's test clients, and the documents that they edit."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from flask import Flask
from werkzeug.test import TestResponse

from obzvon.settings.model import Settings
from web.app import attach, build_app
from web.context import AppContext

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
#: The same rows after a save.
SAVED_ROWS = {
    **ROWS,
    "1": {"0": "89502222222", "1": "1", "paused": True},
    "3": {"0": "89163333333", "1": "", "name": "Петрова"},
    "4": {"0": "777", "1": "context 22", "note": "kept"},
    "5": {"0": "89161111111", "1": "", "name": "Иванов ещё раз"},
}


#: Apps that tests have used, and how many of them the current test uses. Building one takes longer than most tests.
_apps: list[Flask] = []
_used = [0]


def recycled_app(settings: Settings, *, clock: Callable[[], datetime]) -> Flask:
    """Return an editor of this folder until the end of the test: the pages may be those of an earlier test's editor."""
    if _used[0] == len(_apps):
        _apps.append(build_app())
    app = _apps[_used[0]]
    _used[0] += 1
    attach(app, AppContext(settings, clock=clock))
    return app


def free_recycled_apps() -> None:
    """Let the next test have the apps of this one."""
    _used[0] = 0


class Browser:
    """A user's browser: sends the login, and the token of the page."""

    def __init__(self, app: Flask, name: str, password: str = PASSWORD, *, language: str = "en") -> None:
        self.client = app.test_client()
        self.client.set_cookie("language", language)
        self.login = {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={**self.login, **headers}, buffered=True)

    def post(
        self,
        path: str,
        fields: Mapping[str, object] | None = None,
        *,
        page: str = "/phones",
        page_text: str | None = None,
        headers: dict[str, str] | None = None,
        follow: bool = True,
        **more: object,
    ) -> TestResponse:
        """Send a form as it is on `page`, with its token and revision unless the fields have others.

        `page_text` is the page, if the test has it already.
        """
        text = self.get(page).text if page_text is None else page_text
        data = {"token": value(text, "token"), "revision": value(text, "revision"), **(fields or {}), **more}
        return self.client.post(path, data=data, headers={**self.login, **(headers or {})}, follow_redirects=follow)

    def send(self, method: str, path: str, json: object = None, **headers: str) -> TestResponse:
        """Send JSON, as a program does."""
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        body = None if method == "GET" else {} if json is None else json
        return self.client.open(
            path, method=method, json=body, buffered=True, headers={"Accept-Language": "en", **self.login, **given}
        )


def value(text: str, name: str) -> str:
    """Return the value of a hidden field of a page; '' if there is none."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    return found[1] if found else ""


def write(settings: Settings, rows: object) -> None:
    settings.phones.write_text(rows if isinstance(rows, str) else json.dumps(rows), encoding="utf-8")


def rows(settings: Settings) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(settings.phones.read_text(encoding="utf-8"))
    return found


WORKWEEK = {f"on-{day}": "1" for day in range(1, 6)} | {f"at-{day}": "09:00" for day in range(1, 6)}
