"""The pictures of the dispatcher's guide, taken of the real pages: OBZVON_PICTURES=1 writes them anew.

With the package chromium-l10n the browser's own fields have Russian dates and times in them.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.browser.offices import OFFICES, Editor, open_editor
from tests.browser.sights import PASTED
from tests.support.chromium import Chromium, users_text
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

GUIDE = ROOT / "docs" / "ru" / "guide"
WIDTH, HEIGHT = 1100, 720


class Picture(msgspec.Struct, frozen=True):
    """One picture: the address, what is done there first, and the working folder it is taken in."""

    name: str
    path: str
    office: str = "idle"
    act: Callable[..., None] | None = None


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Start a browser; for new pictures Chromium itself, because its headless shell has no languages."""
    made = Chromium(("chromium",)) if os.environ.get("OBZVON_PICTURES") else Chromium()
    yield made
    made.close()


def _paste(page: "Page", _editor: Editor) -> None:
    page.locator("#pasted").fill(PASTED)
    page.locator("form:has(#pasted) button[type=submit]").click()
    page.wait_for_selector(".verdict")


PICTURES = (
    Picture("list", "/phones"),
    Picture("import", "/phones/import", act=_paste),
    Picture("schedule", "/week"),
    Picture("start", "/run/start"),
    Picture("run", "/run", office="calling"),
    Picture("results", "/results"),
    Picture("phone", "/results/phone?number=89160000001"),
    Picture("check", "/check", office="running"),
)


def test_every_picture_of_the_guide_is_taken_here_and_is_there() -> None:
    named = set(re.findall(r"\]\(images/(\w+)\.png\)", (GUIDE / "index.md").read_text(encoding="utf-8")))
    assert named == {picture.name for picture in PICTURES}
    assert {path.stem for path in (GUIDE / "images").glob("*.png")} == named


@pytest.mark.parametrize("office", sorted({picture.office for picture in PICTURES}))
def test_the_pages_of_the_pictures_look_as_they_are_described(tmp_path: Path, chromium: Chromium, office: str) -> None:
    with (
        open_editor(OFFICES[office], tmp_path, users_text()) as editor,
        chromium.context(user="анна", width=WIDTH, reduced_motion="reduce") as context,
    ):
        context.add_cookies([{"name": "language", "value": "ru", "url": editor.address}])
        page = context.pages[0]
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        for picture in (one for one in PICTURES if one.office == office):
            page.goto(editor.address + picture.path)
            if picture.act:
                picture.act(page, editor)
            assert page.evaluate("document.documentElement.lang") == "ru"
            assert page.locator("h1").first.is_visible()
            taken = page.screenshot()
            if os.environ.get("OBZVON_PICTURES"):
                (GUIDE / "images" / f"{picture.name}.png").write_bytes(taken)
