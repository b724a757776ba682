"""What was done or refused is said where the person looks, however far down a page that keeps its place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import comes_true

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

_IN_SIGHT = """one => { const box = one.getBoundingClientRect();
    return box.width > 0 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth; }"""


@pytest.mark.parametrize("width", [1280, 390])
def test_a_message_and_its_undo_are_in_sight_far_down_the_list(
    server: str, browser: Callable[..., "BrowserContext"], folder: Path, width: int
) -> None:
    page = browser(width=width).pages[0]
    page.goto(server + "/phones")
    button = page.get_by_label("Поставить на паузу 89160000095")
    button.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 2000
    button.click()
    message = page.locator("#told .told")
    message.wait_for()
    assert page.evaluate("scrollY") > 2000
    assert message.evaluate(_IN_SIGHT)
    assert page.locator("#told").get_attribute("aria-live") == "polite"
    undo = message.get_by_role("button", name="Отменить")
    assert undo.evaluate(_IN_SIGHT)
    box = undo.bounding_box()
    assert box
    assert box["width"] >= 44
    assert box["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    undo.click()
    page.get_by_text("Номеров в списке: 250").wait_for()
    assert "paused" not in json.loads((folder / "todo.json").read_text())["95"]
    assert page.locator("#told .told").evaluate(_IN_SIGHT)
    page.get_by_label("Закрыть сообщение").click()
    assert page.locator("#told .told").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_what_can_be_done_with_ticked_rows_is_in_sight_at_the_last_of_them(
    server: str, browser: Callable[..., "BrowserContext"], width: int
) -> None:
    page = browser(width=width).pages[0]
    page.goto(server + "/phones")
    page.get_by_label("Выбрать 89160000095").check()
    for button in page.locator("#bulk button").all():
        assert button.evaluate(_IN_SIGHT)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_refusal_above_the_button_is_brought_into_sight(
    server: str, browser: Callable[..., "BrowserContext"], width: int
) -> None:
    page = browser(width=width).pages[0]
    page.goto(server + "/week")
    page.get_by_label("Воскресенье: звонить").check()
    page.locator("button[form=week]", has_text="Сохранить расписание").last.click()
    page.get_by_role("alert").wait_for()
    comes_true(page, f"({_IN_SIGHT})(document.querySelector('main [role=alert]'))")
