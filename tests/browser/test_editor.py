"""The editor as a dispatcher meets it: a real Chromium, in Russian, against a real server.

Where there is no Chromium or no Playwright the tests skip and say why; with CI=true they fail.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from obzvon.users import Role, Users

pytestmark = pytest.mark.browser

PASSWORD = "correct horse"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]


def cannot(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("work")
    (made / "settings.ini").write_text("[Day]\ntime_zone = Europe/Moscow\n[Web]\nport = 18231\n")
    Users(made / "users.json").add("анна", PASSWORD, Role.OPERATOR)
    return made


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    (folder / "todo.json").write_text(json.dumps(
        {str(key): {"0": f"8916{key:07}", "1": "", "name": f"Абонент {key}"} for key in range(250)}))
    (folder / "schedule.json").write_text("{}")
    shutil.rmtree(folder / ".history", ignore_errors=True)
    program = subprocess.Popen([sys.executable, "-m", "obzvon.cli", "--settings", str(folder / "settings.ini"), "web"],
                               stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert program.stdout
    found = re.search(r"http://\S+", program.stdout.readline())
    assert found
    yield found[0].rstrip("/")
    program.terminate()
    program.communicate(timeout=20)


def browser(tmp_path: Path, *, script: bool = True, width: int = 1280):
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        cannot("playwright is not installed")
    chromium = shutil.which("chromium") or cannot("there is no chromium")
    return sync_playwright(), {
        "user_data_dir": str(tmp_path / "profile"), "executable_path": chromium, "args": ARGUMENTS, "headless": True,
        "java_script_enabled": script, "viewport": {"width": width, "height": 900},
        "http_credentials": {"username": "анна", "password": PASSWORD}}


def comes_true(page, condition: str) -> None:
    """Waits; Playwright's own wait_for_function is refused by the pages' policy, which is as it should be."""
    until = time.monotonic() + 10
    while not page.evaluate(condition):
        assert time.monotonic() < until, condition
        page.wait_for_timeout(50)


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, server: str, tmp_path: Path):
    playwright, options = browser(tmp_path, script=request.param)
    with playwright as started:
        context = started.chromium.launch_persistent_context(**options)
        opened = context.pages[0]
        opened.asked = []
        opened.said = []
        opened.on("request", lambda one: opened.asked.append(one.url))
        opened.on("console", lambda one: opened.said.append(one.text) if one.type == "error" else None)
        opened.goto(server + "/")
        yield opened
        context.close()


def test_a_dispatcher_adds_edits_deletes_undoes_and_sets_the_week(page, server: str, folder: Path) -> None:
    def rows() -> dict[str, dict[str, str]]:
        return json.loads((folder / "todo.json").read_text())

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
    page.get_by_label("Изменить 8 (916) 555-55-55").click()
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
    page.get_by_text("в списке снова 251 номер").wait_for()
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

    assert all(url.startswith(server) for url in page.asked)
    assert not [text for text in page.said if "422" not in text]


def test_the_search_answers_while_one_types_and_keeps_the_cursor(server: str, tmp_path: Path) -> None:
    playwright, options = browser(tmp_path)
    with playwright as started:
        context = started.chromium.launch_persistent_context(**options)
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
        context.close()


def test_two_browsers_that_save_over_each_other_lose_nothing(server: str, tmp_path: Path, folder: Path) -> None:
    playwright, options = browser(tmp_path)
    with playwright as started:
        context = started.chromium.launch_persistent_context(**options)
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
        context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_window(server: str, tmp_path: Path, width: int) -> None:
    playwright, options = browser(tmp_path, width=width)
    with playwright as started:
        context = started.chromium.launch_persistent_context(**options)
        page = context.pages[0]
        for path in ("/phones", "/phones?edit=3", "/phones?add=1", "/week", "/nowhere"):
            page.goto(server + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        context.close()


def test_the_keyboard_alone_reaches_and_changes_a_row(server: str, tmp_path: Path, folder: Path) -> None:
    playwright, options = browser(tmp_path)
    with playwright as started:
        context = started.chromium.launch_persistent_context(**options)
        page = context.pages[0]
        page.goto(server + "/phones?q=89160000007")
        until = time.monotonic() + 20
        while page.evaluate("document.activeElement.getAttribute('aria-label') || ''") != "Изменить 89160000007":
            assert time.monotonic() < until
            page.keyboard.press("Tab")
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
        context.close()
