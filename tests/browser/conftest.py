"""A real Chromium and a real server for the pages' tests.

Where there is no Chromium or no Playwright the tests skip and say why; with CI=true they fail.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from obzvon.users import Role, Users

PASSWORD = "correct horse"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PEOPLE = {"анна": Role.OPERATOR, "вера": Role.VIEWER, "борис": Role.ADMINISTRATOR}


def cannot(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with three users and no service."""
    made = tmp_path_factory.mktemp("work")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (made / "settings.ini").write_text(f"[Day]\ntime_zone = Europe/Moscow\n[Web]\nport = {port}\n")
    users = Users(made / "users.json")
    for name, role in PEOPLE.items():
        users.add(name, PASSWORD, role)
    return made


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The editor of that folder in a process of its own; its address."""
    program = subprocess.Popen(
        [sys.executable, "-m", "obzvon.cli.main", "--settings", str(folder / "settings.ini"), "web"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert program.stdout
        found = re.search(r"http://\S+", program.stdout.readline())
        assert found
        yield found[0].rstrip("/")
    finally:
        program.terminate()
        program.communicate(timeout=20)


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    """The editor on a list of 250 rows and an empty week."""
    (folder / "todo.json").write_text(
        json.dumps({str(key): {"0": f"8916{key:07}", "1": "", "name": f"Абонент {key}"} for key in range(250)})
    )
    (folder / "schedule.json").write_text("{}")
    shutil.rmtree(folder / ".history", ignore_errors=True)
    with serving(folder) as address:
        yield address


@contextlib.contextmanager
def browsing(profile: Path, *, user: str = "анна", script: bool = True, width: int = 1280, **more: object):
    """A browser's context, logged in; `more` goes to Playwright's launch_persistent_context."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        cannot("playwright is not installed")
    chromium = shutil.which("chromium") or cannot("there is no chromium")
    with sync_playwright() as started:
        context = started.chromium.launch_persistent_context(
            user_data_dir=str(profile),
            executable_path=chromium,
            args=ARGUMENTS,
            headless=True,
            java_script_enabled=script,
            viewport={"width": width, "height": 900},
            http_credentials={"username": user, "password": PASSWORD},
            **more,
        )
        try:
            yield context
        finally:
            context.close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Callable[..., object]]:
    """Opens browsers as `browsing` does; they are closed with the test."""
    with contextlib.ExitStack() as opened:
        profiles = iter(range(1000))
        yield lambda **options: opened.enter_context(browsing(tmp_path / f"profile{next(profiles)}", **options))


def tab_to(page, selector: str) -> None:
    """Goes on with the Tab key to the first element that matches; whatever is passed shows that it has the focus."""
    for _ in range(400):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """selector => {
            const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
            return {is: one.matches(selector), text: one.outerHTML.slice(0, 200),
                    seen: style.outlineStyle !== 'none' && box.width > 0 && box.bottom > 0 && box.top < innerHeight};
        }""",
            selector,
        )
        assert here["seen"] or here["text"].startswith("<body"), here["text"]
        if here["is"]:
            return
    raise AssertionError(f"the Tab key does not lead to {selector}")


def comes_true(page, condition: str) -> None:
    """Waits; Playwright's own wait_for_function is refused by the pages' policy, which is as it should be."""
    until = time.monotonic() + 10
    while not page.evaluate(condition):
        assert time.monotonic() < until, condition
        page.wait_for_timeout(50)
