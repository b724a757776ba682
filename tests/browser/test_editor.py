"""The editor as a dispatcher meets it: a real Chromium, in Russian, against a real server."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import OpenContext, assert_fits, comes_true, tab_to, traffic_of, waits_for

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, server: str, browser: OpenContext) -> "Page":
    opened: Page = browser(script=request.param).pages[0]
    opened.goto(server + "/phones")
    return opened


def test_a_dispatcher_adds_edits_deletes_undoes_and_sets_the_week(page: "Page", server: str, folder: Path) -> None:
    asked, said = traffic_of(page)
    page.reload()

    def rows() -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads((folder / "todo.json").read_text())
        return found

    expect = page.get_by_role
    assert page.title() == "Номера · Обзвон"

    expect("link", name="Добавить номер").click()
    page.get_by_label("Номер", exact=True).fill("12345")
    expect("button", name="Добавить", exact=True).click()
    page.get_by_text("Пока не сохранено").wait_for()
    page.get_by_label("Номер", exact=True).fill("8 (916) 555-55-55")
    page.get_by_label("Имя", exact=True).fill("Новый <b>абонент</b>")
    expect("button", name="Добавить", exact=True).click()
    page.get_by_text("Добавлено: 8").wait_for()
    assert rows()["250"]["name"] == "Новый <b>абонент</b>"

    page.get_by_label("Поиск").fill("новый")
    if page.get_by_text("Показать весь список").count() == 0:
        page.get_by_label("Поиск").press("Enter")
    page.get_by_text("Новый <b>абонент</b>").wait_for()
    page.get_by_label("Изменить 89165555555").click()
    page.locator("#row-name").fill("Переименован")
    expect("button", name="Сохранить", exact=True).click()
    page.get_by_text("Сохранено: 8").wait_for()
    assert rows()["250"]["name"] == "Переименован"

    page.goto(server + "/phones?sort=number")
    page.get_by_label("Поставить на паузу 89160000003").click()
    page.get_by_text("Поставлен на паузу 1 номер").wait_for()
    for number in ("89160000001", "89160000002"):
        page.get_by_label(f"Выбрать {number}").check()
    expect("button", name="Удалить", exact=True).click()
    page.get_by_text("Удалить 2 номера?").wait_for()
    expect("button", name="Удалить 2 номера").click()
    page.get_by_text("Удалены 2 номера").wait_for()
    assert len(rows()) == 249
    page.locator("#told").get_by_role("button", name="Отменить").click()
    page.get_by_text("Номеров в списке: 251").wait_for()
    assert len(rows()) == 251

    expect("link", name="Расписание").click()
    page.get_by_label("Понедельник: звонить").check()
    if page.locator("#at-1").is_visible():
        page.locator("#at-1").fill("09:30")
    expect("button", name="Время понедельника на все будни").click()
    page.get_by_text("ещё не сохранено").wait_for()
    page.locator("input[name=off]").first.check()
    expect("button", name="Сохранить расписание").first.click()
    page.get_by_text("Расписание сохранено").wait_for()
    week = json.loads((folder / "schedule.json").read_text())
    assert [week[str(day)] for day in range(1, 8)] == ["09:30"] * 5 + ["00:00"] * 2
    assert list(week["dates"].values()) == ["00:00"]

    assert all(url.startswith(server) for url in asked)
    assert not [text for text in said if "422" not in text]


def test_the_search_answers_while_one_types_and_keeps_the_cursor(server: str, browser: OpenContext) -> None:
    context = browser()
    page = context.pages[0]
    page.goto(server + "/phones")
    page.get_by_label("Поиск").press_sequentially("Абонент 24", delay=60)
    comes_true(page, "document.querySelectorAll('.list tbody tr').length === 11")
    page.wait_for_timeout(400)
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("9")
    comes_true(page, "document.querySelectorAll('.list tbody tr').length === 1")
    assert page.input_value("#q") == "Абонент 249"
    assert "q=" in page.url


def test_letters_that_are_typed_while_an_answer_is_on_its_way_stay(server: str, browser: OpenContext) -> None:
    page = browser().pages[0]
    page.goto(server + "/phones")
    held: list[Route] = []

    def hold_the_first(route: "Route") -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/phones?*", hold_the_first)
    page.get_by_label("Поиск").press_sequentially("Абонент 24")
    waits_for(page, lambda: held, "the first search")
    page.keyboard.type("9")
    held[0].continue_()
    comes_true(page, "document.querySelectorAll('.list tbody tr').length === 1")
    assert page.input_value("#q") == "Абонент 249"


def test_two_browsers_that_save_over_each_other_lose_nothing(server: str, browser: OpenContext, folder: Path) -> None:
    context = browser()
    one, two = context.pages[0], context.new_page()
    for page in (one, two):
        page.goto(server + "/phones?edit=3")
    one.locator("#row-name").fill("от первой")
    one.get_by_role("button", name="Сохранить", exact=True).click()
    one.get_by_text("Сохранено: 8").wait_for()
    two.locator("#row-name").fill("от второго")
    two.get_by_role("button", name="Сохранить", exact=True).click()
    two.get_by_text("Список тем временем изменили").wait_for()
    assert two.get_by_text("от первой").count() == 1
    assert two.get_by_text("от второго").count() == 1
    two.get_by_role("button", name="Сохранить моё").click()
    two.get_by_text("Сохранено: 8").wait_for()
    assert json.loads((folder / "todo.json").read_text())["3"]["name"] == "от второго"


def test_no_page_is_wider_than_the_window(server: str, browser: OpenContext) -> None:
    page = browser().pages[0]
    for path in ("/phones", "/phones?edit=3", "/phones?add=1", "/week", "/nowhere"):
        page.goto(server + path)
        assert_fits(page, path)


def test_the_keyboard_alone_reaches_and_changes_a_row(server: str, browser: OpenContext, folder: Path) -> None:
    context = browser()
    page = context.pages[0]
    page.goto(server + "/phones?q=89160000007")
    tab_to(page, "[aria-label='Изменить 89160000007']")
    page.keyboard.press("Enter")
    page.locator("#row-number:focus").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("с клавиатуры")
    page.keyboard.press("Enter")
    page.get_by_text("Сохранено: 8").wait_for()
    assert json.loads((folder / "todo.json").read_text())["7"]["name"] == "с клавиатуры"
    comes_true(page, "document.activeElement.getAttribute('aria-label') === 'Изменить 89160000007'")


def test_the_bar_counts_all_that_were_found_and_a_row_taken_out_ends_that(server: str, browser: OpenContext) -> None:
    page = browser().pages[0]
    page.goto(server + "/phones")
    page.get_by_label("все найденные").check()
    assert page.locator("#selected").inner_text() == "250"
    assert page.get_by_label("Выбрать 89160000003").is_checked()
    page.get_by_label("Выбрать 89160000003").uncheck()
    assert page.locator("#selected").inner_text() == "99"
    assert not page.get_by_label("все найденные").is_checked()
    page.get_by_label("все найденные").check()
    page.get_by_role("button", name="На паузу", exact=True).click()
    page.get_by_role("heading", name="Поставить на паузу 250 номеров?").wait_for()
    page.get_by_role("button", name="Поставить на паузу 250 номеров").click()
    page.get_by_text("Поставлено на паузу 250 номеров").wait_for()
    page.get_by_label("все найденные").check()
    page.get_by_role("button", name="Снять с паузы", exact=True).click()
    page.get_by_role("heading", name="Снять с паузы 250 номеров?").wait_for()


def test_the_menu_marks_the_page_that_a_link_inside_a_page_leads_to(server: str, browser: OpenContext) -> None:
    page = browser().pages[0]
    page.goto(server + "/phones")
    page.get_by_role("link", name="Кто что изменил").click()
    page.get_by_role("heading", name="Изменения").wait_for()
    assert page.locator("#pages .wide [aria-current=page]").count() == 0
    page.goto(server + "/run")
    page.get_by_role("link", name="К расписанию").click()
    page.get_by_role("heading", name="Расписание", exact=True).wait_for()
    assert page.locator("#pages .wide [aria-current=page]").inner_text() == "Расписание"
    assert page.locator("#visitor [name=back]").get_attribute("value") == "/week"
