"""Every page by the rules of axe-core (WCAG 2.2 AA and its own good practice), in both colours and both widths."""

import importlib.resources
import importlib.util
import json
import os
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from obzvon.documents.history import History
from tests.browser.offices import OFFICES, Editor, open_editor
from tests.browser.sights import SIGHTS, TEMPLATES, UNSEEN, Sight
from tests.support.addresses import PLACES, addresses
from tests.support.chromium import PASSWORD, Chromium, comes_true, users_text, waits_for
from tests.support.editor import Browser
from tests.support.profile import LONG
from tests.support.unavailable import unavailable

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def users() -> str:
    return users_text()


@pytest.fixture(scope="module")
def axe() -> str:
    """The text of axe-core."""
    if importlib.util.find_spec("axe_playwright_python") is None:
        unavailable("axe-playwright-python is not installed")
    return (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("office", OFFICES)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_no_page_has_a_violation(
    tmp_path: Path, users: str, axe: str, chromium: Chromium, *, office: str, language: str
) -> None:
    found: dict[str, list[str]] = {}
    sights = sorted((sight for sight in SIGHTS if sight.office == office), key=lambda sight: sight.user)
    with open_editor(OFFICES[office], tmp_path, users) as editor:
        for user, seen in groupby(sights, key=lambda sight: sight.user):
            with chromium.context(user=user, reduced_motion="reduce") as context:
                context.add_cookies([{"name": "language", "value": language, "url": editor.address}])
                page = context.pages[0]
                for sight in seen:
                    looks = _looks(sight, language)
                    if not looks:
                        continue
                    _show(page, editor, sight)
                    assert page.evaluate("document.documentElement.lang") == language, sight.name
                    for width, colours in looks:
                        found |= _look(page, axe, f"{sight.name}-{language}-{colours}-{width}", width, colours)
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)


#: Language, width and colours: each value of one meets each value of the two others.
Colours = Literal["light", "dark"]
LOOKS: list[tuple[str, int, Colours]] = [
    ("ru", 1280, "light"),
    ("en", 390, "light"),
    ("ru", 390, "dark"),
    ("en", 1280, "dark"),
]


def _looks(sight: Sight, language: str) -> list[tuple[int, Colours]]:
    """Return in which widths and colours the page is checked in that language: in all by the long profile.

    On a commit each page is checked once, and each look falls to a quarter of the pages.
    """
    if LONG:
        return [(width, colours) for width in (1280, 390) for colours in ("light", "dark")]
    own, width, colours = LOOKS[SIGHTS.index(sight) % len(LOOKS)]
    return [(width, colours)] if own == language else []


def _show(page: "Page", editor: Editor, sight: Sight) -> None:
    """Brings the page before the eyes, and makes sure that it is the one that was meant."""
    editor.rendered.clear()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(editor.address + sight.path)
    if sight.act:
        sight.act(page, editor)
    # A file that takes long to read first has its page with the progress, which renews itself.
    waits_for(page, lambda: sight.template in editor.rendered, sight.name)
    page.locator(".waiting" if sight.template == "import_wait.html" else "body:not(:has(.waiting))").first.wait_for()


def _look(page: "Page", axe: str, name: str, width: int, colours: Colours) -> dict[str, list[str]]:
    """What is wrong with the page in that width and those colours, by its name."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=colours)
    comes_true(page, f"(document.documentElement.dataset.bsTheme ?? '{colours}') === '{colours}'")
    wrong = _violations(page, axe)
    if page.evaluate("document.documentElement.scrollWidth") > width:
        wrong.append("it is wider than the window")
    if shots := os.environ.get("OBZVON_SHOTS"):
        page.screenshot(path=f"{shots}/{name}.png", full_page=True)
    return {name: wrong} if wrong else {}


def _violations(page: "Page", axe: str) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    violations = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in violations
        for node in one["nodes"]
    ]


def _pages() -> set[str]:
    """Return the templates that are whole pages."""
    return {
        path.relative_to(TEMPLATES).as_posix()
        for path in TEMPLATES.rglob("*.html")
        if path.name != "base.html"
        and any(mark in path.read_text(encoding="utf-8") for mark in ('{% extends "base.html" %}', "<!doctype"))
    }


def test_no_page_is_left_out() -> None:
    assert _pages() == {sight.template for sight in SIGHTS}


def test_every_address_that_answers_with_a_page_is_looked_at(tmp_path: Path, users: str) -> None:
    known, unseen = {sight.template for sight in SIGHTS}, set()
    for office in ("running", "idle"):
        (tmp_path / office).mkdir()
        History(tmp_path / office / "todo.json").record(b"{}")
        with open_editor(OFFICES[office], tmp_path / office, users) as editor:
            find, looker = editor.app.url_map.bind("localhost"), Browser(editor.app, "борис", PASSWORD)
            if office == "idle":
                editor.hold_imports()
            draft = looker.post("/phones/import", pasted="89161111111", follow=False).headers["Location"]
            for path in {path for method, path in addresses(editor.app) if method == "GET"}:
                editor.rendered.clear()
                answer = looker.get(path.replace("/phones/import/" + PLACES["draft"], draft))
                assert answer.status_code < 400 or path.startswith(("/api/v1/phones/0", "/messages/sound/0")), path
                if answer.mimetype == "text/html" and answer.status_code == 200 and editor.rendered[-1] not in known:
                    unseen.add(find.match(path)[0])
    assert unseen == set(UNSEEN)
