"""The pages in a hand: a window of 390 pixels and a finger of 44."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Dialog

pytestmark = pytest.mark.browser

#: Buttons and links that look like buttons, in sight and lower than a finger.
_SMALL = """[...document.querySelectorAll('button, .btn, .do, summary, .filters a, .bar a, input[type=time], select')]
    .map(one => [one.getBoundingClientRect(), one]).filter(([box]) => box.width > 0 && box.height < 44)
    .filter(([, one]) => !one.closest('.brand, .skip') && !one.matches('.brand, .skip'))
    .map(([box, one]) => `${box.height} ${one.outerHTML.slice(0, 90)}`)"""


#: Whether the code of the first row, put there, has a place of its own below the number.
_CODE_BELOW_NUMBER = """(() => { const [code, number] = ['.c-code', '.c-number'].map(name =>
        document.querySelector(`.list tbody tr ${name}`)), text = document.createRange();
    code.textContent = '007';
    text.selectNodeContents(code);
    const top = text.getBoundingClientRect().top;
    text.selectNodeContents(number);
    return top >= text.getBoundingClientRect().bottom - 1; })()"""


def test_what_a_finger_presses_is_44_pixels_high(server: str, browser: Callable[..., "BrowserContext"]) -> None:
    page = browser(width=390).pages[0]
    for path in ("/phones", "/phones?edit=3", "/week", "/run", "/results", "/phones/import"):
        page.goto(server + path)
        assert page.evaluate(_SMALL) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert path != "/phones" or page.evaluate(_CODE_BELOW_NUMBER)


def test_the_header_is_one_row_whose_menu_leads_to_every_page(
    server: str, browser: Callable[..., "BrowserContext"]
) -> None:
    page = browser(width=390).pages[0]
    page.goto(server + "/phones")
    assert page.locator("header.bar").evaluate("one => one.getBoundingClientRect().height") <= 64
    page.get_by_text("Меню", exact=True).click()
    pages = page.locator("#pages nav a:visible").all_inner_texts()
    assert pages[:5] == ["Номера", "Расписание", "Сообщения", "Обзвон", "Итоги"]
    page.get_by_role("link", name="Расписание").click()
    page.get_by_role("heading", name="Расписание", exact=True).wait_for()


def test_the_next_run_stands_above_the_schedule(server: str, browser: Callable[..., "BrowserContext"]) -> None:
    page = browser(width=390).pages[0]
    page.goto(server + "/week")
    assert page.locator(".next").evaluate("one => one.getBoundingClientRect().bottom") < 900


@pytest.mark.parametrize("way", ["a link of the page", "the menu"])
def test_a_schedule_that_is_not_saved_is_not_left_without_a_question(
    server: str, browser: Callable[..., "BrowserContext"], way: str
) -> None:
    page = browser().pages[0]
    asked: list[str] = []

    def dismiss(dialog: "Dialog") -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.goto(server + "/week")
    page.get_by_label("Воскресенье: звонить").check()
    link = page.get_by_role("link", name="Кто что изменил" if way == "a link of the page" else "Номера")
    with page.expect_event("dialog"):
        link.click(no_wait_after=True)
    assert asked == ["confirm" if way == "a link of the page" else "beforeunload"]
    assert page.get_by_label("Воскресенье: звонить").is_checked()
    page.locator("#at-7").fill("09:00")
    page.get_by_role("button", name="Сохранить расписание").first.click()
    page.get_by_text("Расписание сохранено").wait_for()
    link.click()
    page.wait_for_url("**/changes" if way == "a link of the page" else "**/phones")
    assert len(asked) == 1
