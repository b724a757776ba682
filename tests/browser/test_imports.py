"""A list comes from Excel: a real Chromium, in Russian, against a real server."""

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from flask import Response, g, request

from tests.browser.offices import OFFICES, open_editor
from tests.support.chromium import OpenContext, assert_fits, comes_true, listens, traffic_of, users_text, waits_for
from tests.support.profile import often
from tests.support.workbooks import active_sheet

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ROWS = often(commit=50_000, long=200_000)
"""How many rows a large file has: enough for a page that shows how far it is."""


@pytest.fixture
def drivers(tmp_path: Path) -> Path:
    """A workbook with a title, unusual headings, what Excel made of numbers, and rows that cannot be called."""
    made = openpyxl.Workbook()
    sheet = active_sheet(made)
    for row in (
        ["Водители на ноябрь"],
        ["№", "Кого", "Куда звонить", "Внутр."],
        [1, "Новый <b>водитель</b>", 79165550001, ""],
        [2, "Со склада", "8 916 555-00-02", 12],
        [3, "Абонент переименованный", "8 916 000-00-03", ""],
        [4, "Потерянный", "7,9E+10", ""],
        [5, "Короткий", "8916", ""],
        [6, "Повтор", "+7 916 555-00-01", ""],
    ):
        sheet.append(row)
    sheet.row_dimensions[4].hidden = True
    made.create_sheet("Архив").append(["89169999999", "Старый"])
    file = tmp_path / "drivers.xlsx"
    made.save(file)
    return file


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def scripted(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def counts(page: "Page") -> list[str]:
    return [" ".join(text.split()) for text in page.locator(".verdict summary").all_inner_texts()]


def looked_at(page: "Page") -> None:
    page.get_by_role("heading", name="Что изменится").wait_for()


def test_a_dispatcher_imports_an_excel_file_with_bad_rows_mends_them_and_undoes_it(
    server: str, folder: Path, browser: OpenContext, drivers: Path, scripted: bool
) -> None:
    page = browser(script=scripted).pages[0]
    asked, said = traffic_of(page)

    def rows() -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads((folder / "todo.json").read_text())
        return found

    page.goto(server + "/phones")
    page.get_by_role("link", name="Импорт").click()
    page.locator("#file").set_input_files(drivers)
    page.get_by_role("button", name="Посмотреть файл").click()

    looked_at(page)
    page.get_by_text("1 строка в файле скрыта, она тоже учтена: 4").wait_for()
    assert page.get_by_label("Лист").input_value() == "0"
    # The columns are found by what they are, under headings that nobody has foreseen.
    found = [page.get_by_label(f"Столбец {letter}").input_value() for letter in "ABCD"]
    assert found == ["", "name", "number", "code"]
    assert page.get_by_label("Заголовки").input_value() == "2"
    page.get_by_text("строка на листе «Архив»").wait_for()
    if not scripted:
        page.get_by_role("button", name="Проверить заново").click()
    page.locator(".v-new .much", has_text="2").wait_for()
    page.locator(".v-changed").wait_for()
    assert counts(page) == [
        "2 новых номера будут добавлены",
        "1 изменён номер и код те же, другое имя или пауза",
        "1 повтор номера в файле каждый номер берём один раз",
        "2 строки, по которым нельзя позвонить не будут взяты: исправьте ниже",
    ]
    page.locator(".v-changed summary").click()
    page.locator(".v-changed del", has_text="Абонент 3").wait_for()
    assert page.get_by_text("это номер, испорченный таблицей").count() >= 1
    before = (folder / "todo.json").read_bytes()

    page.locator("#number-6").fill("8 916 555-00-06")
    page.locator("#number-6").press("Enter")
    page.locator(".v-new .much", has_text="3").wait_for()
    assert (folder / "todo.json").read_bytes() == before
    page.get_by_role("button", name="Импортировать: новых 3, изменено 1").click()
    page.get_by_role("link", name="Подтвердите: 1 номер получит добавочный код").wait_for()
    assert (folder / "todo.json").read_bytes() == before
    page.get_by_label("1 номер получит добавочный код").check()
    page.get_by_role("button", name="Импортировать: новых 3, изменено 1").click()
    page.get_by_text("Импортированы 3 новых номера, изменён 1").wait_for()
    assert [(row["0"], row["1"], row.get("name")) for row in list(rows().values())[250:]] == [
        ("89165550001", "", "Новый <b>водитель</b>"),
        ("89165550002", "12", "Со склада"),
        ("89165550006", "", "Потерянный"),
    ]
    assert rows()["3"]["name"] == "Абонент переименованный"

    page.get_by_role("heading", name="Осталось исправить").wait_for()
    page.locator("#number-7").fill("8 916 555-00-07")
    page.get_by_role("button", name="Проверить исправленное").click()
    page.get_by_role("button", name="Импортировать: новых 1, изменено 0").click()
    page.get_by_text("Импортирован 1 новый номер").wait_for()
    page.get_by_text("лист «Архив»").first.wait_for()  # the next sheet with numbers
    assert len(rows()) == 254
    page.locator("#told").get_by_role("button", name="Отменить").click()
    page.get_by_text("Номеров в списке: 253").wait_for()
    assert len(rows()) == 253

    assert all(url.startswith(server) for url in asked)
    assert not [text for text in said if "422" not in text and "Abort" not in text and "afterRequest" not in text]


def test_choices_made_quickly_while_the_first_answer_is_slow_are_all_kept(
    tmp_path: Path, drivers: Path, browser: OpenContext
) -> None:
    release, handled = threading.Event(), threading.Event()
    held: list[str] = []
    answered: list[str] = []

    def hold_the_first_choice() -> None:
        if request.endpoint == "imports.choose" and not held:
            held.append(request.path)
            g.was_held = True
            release.wait(180)

    def note_that_it_is_answered(answer: Response) -> Response:
        if request.endpoint == "imports.choose":
            handled.set() if g.get("was_held") else answered.append(request.path)
        return answer

    with open_editor(OFFICES["idle"], tmp_path, users_text()) as editor:
        editor.app.before_request_funcs.setdefault(None, []).append(hold_the_first_choice)
        editor.app.after_request_funcs.setdefault(None, []).append(note_that_it_is_answered)
        page = browser().pages[0]
        page.goto(editor.address + "/phones/import")
        page.locator("#file").set_input_files(drivers)
        page.get_by_role("button", name="Посмотреть файл").click()
        looked_at(page)
        listens(page)
        page.locator("#head").select_option("2")
        comes_true(page, "document.querySelector('#import.htmx-request') !== null")
        page.locator("#role-1").select_option("name")
        page.locator("#role-3").select_option("code")
        page.locator(".v-new .much", has_text="2").wait_for()
        waits_for(page, lambda: len(answered) >= 2, "the answers to the two other choices")
        assert held
        assert not handled.is_set()
        release.set()  # only now the first choice comes to the server's mind, without the others
        assert handled.wait(180)
        page.reload()
        looked_at(page)
        assert [page.locator(field).input_value() for field in ("#head", "#role-1", "#role-3")] == ["2", "name", "code"]


def test_replacing_the_list_is_asked_twice_and_undone(
    server: str, folder: Path, browser: OpenContext, drivers: Path
) -> None:
    page = browser().pages[0]
    page.goto(server + "/phones/import")
    page.get_by_label("Строки: выделите").fill("8 916 000-00-03\tАбонент 3\n8 916 555-00-01\tНовый")
    page.get_by_role("button", name="Посмотреть строки").click()
    looked_at(page)
    listens(page)
    page.get_by_label("Заменить список").check()
    page.locator(".v-gone .much", has_text="249").wait_for()
    comes_true(page, "document.activeElement.id === 'mode-replace'")
    page.get_by_role("button", name="Заменить список…").click()
    page.get_by_text("Убрать из списка 249 номеров?").wait_for()
    assert len(json.loads((folder / "todo.json").read_text())) == 250
    page.get_by_role("button", name="Заменить список: убрать 249 номеров").click()
    page.get_by_text("Импортирован 1 новый номер, убрано 249").wait_for()
    assert list(json.loads((folder / "todo.json").read_text())) == ["3", "250"]
    page.locator("#told").get_by_role("button", name="Отменить").click()
    page.get_by_text("Номеров в списке: 250").wait_for()


def test_a_large_file_shows_how_far_it_is(server: str, browser: OpenContext, tmp_path: Path, scripted: bool) -> None:
    file = tmp_path / "large.csv"
    file.write_text("Номер;Имя\n" + "".join(f"8917{number:07};А\n" for number in range(ROWS)))
    page = browser(script=scripted).pages[0]
    page.goto(server + "/phones/import")
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Посмотреть файл").click()
    page.get_by_role("progressbar").wait_for()
    page.get_by_role("heading", name="Что изменится").wait_for(timeout=180_000)
    assert counts(page)[0].startswith(f"{ROWS // 1000} 000 новых номеров")


def test_a_file_that_is_too_large_is_not_even_sent(server: str, browser: OpenContext, tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    file.write_bytes(b"1" * 20_000_001)
    page = browser().pages[0]
    page.goto(server + "/phones/import")
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Посмотреть файл").click()
    assert page.evaluate("document.getElementById('file').validationMessage") == "Файл больше 20 МБ"
    assert page.url == server + "/phones/import"


def test_without_javascript_a_file_that_is_too_large_is_answered_with_a_page_that_says_so(
    server: str, browser: OpenContext, tmp_path: Path
) -> None:
    file = tmp_path / "large.csv"
    file.write_bytes(b"1" * 40_000_000)
    page = browser(script=False).pages[0]
    page.goto(server + "/phones/import")
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Посмотреть файл").click()
    page.get_by_text("За один раз принимается не больше 20 МБ").wait_for()
    page.get_by_role("link", name="К списку").click()
    page.get_by_role("heading", name="Номера").wait_for()


def test_the_exported_workbook_is_downloaded_and_opens(server: str, browser: OpenContext, tmp_path: Path) -> None:
    page = browser(downloads=True).pages[0]
    page.goto(server + "/phones")
    page.get_by_text("Экспорт", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Книга Excel (.xlsx)").click()
    download.value.save_as(tmp_path / "list.xlsx")
    sheet = active_sheet(openpyxl.load_workbook(tmp_path / "list.xlsx"))
    assert [cell.value for cell in sheet[1]] == ["Номер", "Добавочный код", "Имя", "Пауза"]
    assert [cell.value for cell in sheet[2]] == ["89160000000", None, "Абонент 0", "нет"]
    assert sheet.max_row == 251


def test_no_page_of_an_import_is_wider_than_the_window(server: str, browser: OpenContext, drivers: Path) -> None:
    page = browser().pages[0]
    page.goto(server + "/phones/import")
    assert_fits(page, "choosing a file")
    page.locator("#file").set_input_files(drivers)
    page.get_by_role("button", name="Посмотреть файл").click()
    looked_at(page)
    for summary in page.locator(".verdict summary").all():
        summary.click()
    assert_fits(page, "what changes")
    page.goto(server + "/phones")
    page.get_by_text("Экспорт", exact=True).click()
    assert_fits(page, "export")
