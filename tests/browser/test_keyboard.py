"""The keyboard alone: the list, the week, an import and the results. The run's walk is beside the other runs'."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.offices import OFFICES, Editor, open_editor
from tests.support.chromium import Chromium, tab_to, users_text

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    """The editor of an office where a run of today has ended."""
    with open_editor(OFFICES["idle"], tmp_path, users_text()) as opened:
        yield opened


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, chromium: Chromium, editor: Editor) -> Iterator["Page"]:
    with chromium.context(user="анна", script=request.param, reduced_motion="reduce") as context:
        yield context.pages[0]


def saved(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def test_a_number_is_added_paused_and_deleted(page: "Page", editor: Editor, tmp_path: Path) -> None:
    page.goto(editor.address + "/phones")
    tab_to(page, ".skip")
    page.keyboard.press("Enter")
    tab_to(page, "a[href*='add=1']")
    page.keyboard.press("Enter")
    page.locator("#new-number:focus").wait_for()
    page.keyboard.type("8 916 555-55-55")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Новый")
    page.keyboard.press("Enter")
    page.get_by_text("Добавлено: 8").wait_for()
    assert saved(tmp_path, "todo.json")["123"] == {"0": "89165555555", "1": "", "name": "Новый"}
    page.goto(editor.address + "/phones?q=Новый")
    tab_to(page, "[aria-label^='Поставить на паузу']")
    page.keyboard.press("Enter")
    page.get_by_text("Поставлен на паузу 1 номер").wait_for()
    tab_to(page, "input[name=key]")
    page.keyboard.press("Space")
    tab_to(page, "[aria-label^='Удалить']")
    page.keyboard.press("Enter")
    page.get_by_text("Удалён 1 номер").wait_for()
    assert "123" not in saved(tmp_path, "todo.json")


def test_the_week_is_set(page: "Page", editor: Editor, tmp_path: Path) -> None:
    page.goto(editor.address + "/week")
    tab_to(page, "#on-6")
    page.keyboard.press("Space")
    tab_to(page, "#at-6")
    page.keyboard.type("0930AM")
    tab_to(page, "button[form=week]")
    page.keyboard.press("Enter")
    page.get_by_text("Расписание сохранено").wait_for()
    assert saved(tmp_path, "schedule.json")["6"] == "09:30"
    page.goto(editor.address + "/week")
    tab_to(page, "input[name=off]")  # ticked: nobody is called on the last day of the year
    page.keyboard.press("Space")
    tab_to(page, "button[form=week]")
    page.keyboard.press("Enter")
    page.get_by_text("Расписание сохранено").wait_for()
    assert "dates" not in saved(tmp_path, "schedule.json")


def test_pasted_rows_are_mended_and_imported(page: "Page", editor: Editor, tmp_path: Path) -> None:
    page.goto(editor.address + "/phones/import")
    tab_to(page, "#pasted")
    page.keyboard.insert_text("8 916 555-00-01\tНовый\n8916\tКороткий")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Что изменится").wait_for()
    tab_to(page, "#number-2")
    page.keyboard.press("Control+A")
    page.keyboard.type("8 916 555-00-02")
    page.keyboard.press("Enter")
    page.locator(".v-new .much", has_text="2").wait_for()
    tab_to(page, "[formaction$='/take']")
    page.keyboard.press("Enter")
    page.get_by_text("Импортированы 2 новых номера").wait_for()
    assert [row["name"] for row in list(saved(tmp_path, "todo.json").values())[-2:]] == ["Новый", "Короткий"]


def test_those_not_reached_are_found_and_chosen(page: "Page", editor: Editor) -> None:
    page.goto(editor.address + "/results")
    tab_to(page, ".tally a[href*=busy]")
    page.keyboard.press("Enter")
    page.get_by_text("Найдены 2 строки").or_(page.get_by_text("Найдено 2 строки")).wait_for()
    tab_to(page, "#main .btn-primary[href*='/again']")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Позвонить снова: кому?").wait_for()
    tab_to(page, "input[value=unknown]")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_text("Тем, чей исход «неизвестно»").wait_for()
    tab_to(page, "form[action$='/again/start'] button")


def test_the_first_keys_lead_over_the_menu_to_the_content_and_then_through_the_pages(
    page: "Page", editor: Editor
) -> None:
    page.goto(editor.address + "/phones")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")
    page.goto(editor.address + "/phones")
    tab_to(page, "nav a[href='/run']")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Обзвон", exact=True).wait_for()
