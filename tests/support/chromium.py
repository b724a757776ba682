"""A real Chromium and a real editor for the tests of pages. One browser serves a whole file of tests.

Where there is one, it is the headless shell of the same Chromium: it lays out and runs pages as the browser does, and
takes half of its time.
"""

import base64
import contextlib
import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from werkzeug.security import generate_password_hash

from obzvon.users import Role
from tests.support.programs import Program
from tests.support.unavailable import unavailable
from tests.support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

#: The fixture `browser`: opens a context as `Chromium.context` does.
OpenContext: TypeAlias = "Callable[..., BrowserContext]"
PASSWORD = "correct horse"
PEOPLE = {"анна": Role.OPERATOR, "вера": Role.VIEWER, "борис": Role.ADMINISTRATOR}
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_PROGRAMS = ("chromium-headless-shell", "chromium")
_WAIT_SECONDS = 180


@functools.cache
def users_text() -> str:
    """Return the text of a users' file. A hash that takes an eighth of a second would be checked in each new editor."""
    hashed = generate_password_hash(PASSWORD, "pbkdf2:sha256:1")
    return json.dumps({name: {"role": role, "password": hashed} for name, role in PEOPLE.items()})


class Chromium:
    """A browser that starts when its first context is opened. Each context has cookies and a login of its own."""

    def __init__(self, programs: Sequence[str] = _PROGRAMS) -> None:
        self._programs = programs
        self._running = contextlib.ExitStack()
        self._browser: Browser | None = None

    @contextlib.contextmanager
    def context(
        self, *, user: str = "анна", script: bool = True, width: int = 1280, downloads: bool = False, **more: Any
    ) -> Iterator["BrowserContext"]:
        """Open a context with one page, logged in; `more` goes to Playwright's new_context.

        The login is a header, which a download does not send. With `downloads` it is given when it is asked for; then
        Playwright looks at each request, and the browser fetches every style sheet and script again.
        """
        header = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        more |= (
            {"http_credentials": {"username": user, "password": PASSWORD}}
            if downloads
            else {"extra_http_headers": {"Authorization": f"Basic {header}"}}
        )
        context = self.browser().new_context(
            java_script_enabled=script,
            viewport={"width": width, "height": 900},
            **more,
        )
        context.set_default_timeout(_WAIT_SECONDS * 1000)
        try:
            context.new_page()
            yield context
        finally:
            context.close()

    def close(self) -> None:
        """Close the browser if it has started. Until then Playwright keeps an event loop running in this thread."""
        self._running.close()
        self._browser = None

    def browser(self) -> "Browser":
        """Return the browser, started if it was not yet."""
        if self._browser is None:
            try:
                from playwright.sync_api import sync_playwright
            except ImportError:
                unavailable("playwright is not installed")
            found = filter(None, map(shutil.which, self._programs))
            program = next(found, None) or unavailable("there is no chromium")
            playwright = self._running.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(
                executable_path=program, args=_ARGUMENTS, headless=True, env={**os.environ, "LANGUAGE": "ru"}
            )
            self._running.callback(self._browser.close)
        return self._browser


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the editor of that folder in a process of its own and yield its address."""
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as said:
        program = Program(
            "--settings", folder / "settings.ini", "web", cwd=folder, stdout=writing, stderr=sys.stderr.fileno()
        )
        os.close(writing)
        try:
            found = re.search(r"http://\S+", said.readline())
            assert found
            yield found[0].rstrip("/")
        finally:
            program.terminate()
            program.wait(_WAIT_SECONDS)


def tab_to(page: "Page", selector: str) -> None:
    """Press Tab until an element that matches has the focus; each element on the way must show that it has it."""
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


def listens(page: "Page") -> None:
    """Wait until htmx has heard of the form of an import: a choice made before that is not sent."""
    comes_true(page, "'htmx-internal-data' in (document.querySelector('#import') ?? {})")


def traffic_of(page: "Page") -> tuple[list[str], list[str]]:
    """Return the addresses that the page asks for and the errors on its console, both filled as they come."""
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    return asked, said


def assert_fits(page: "Page", what: str) -> None:
    """Assert that the page as it stands is no wider than a window and than a phone."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{what}: {width}"


def waits_for(page: "Page", condition: Callable[[], object], what: str) -> None:
    """Wait until the condition holds in this process, while the browser works on."""

    def holds() -> object:
        found = condition()
        if not found:
            page.wait_for_timeout(20)
        return found

    until(holds, what, seldom=0.02)


def comes_true(page: "Page", condition: str) -> None:
    """Wait for a condition in JavaScript. The pages' policy refuses Playwright's own wait_for_function, rightly."""
    from playwright.sync_api import Error

    def is_true() -> object:
        try:
            return page.evaluate(condition)
        except Error as error:
            if "Execution context was destroyed" not in str(error):
                raise
            return False  # this page is giving way to another one

    waits_for(page, is_true, condition)
