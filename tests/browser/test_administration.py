"""An administrator keeps the users, in Russian, with and without JavaScript; the first steps lead to the list."""

from pathlib import Path

import pytest

from obzvon.users import Role, Users, password_matches
from tests.support.chromium import OpenContext

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_an_administrator_adds_a_user_changes_the_role_and_takes_the_access_away(
    server: str, folder: Path, browser: OpenContext, script: bool
) -> None:
    page = browser(user="борис", script=script).pages[0]
    users, expect = Users(folder / "users.json"), page.get_by_role
    page.goto(server + "/management")
    expect("link", name="Добавить пользователя").click()
    page.get_by_label("Имя").fill("олег х")
    expect("button", name="Добавить", exact=True).click()
    page.get_by_role("alert").get_by_text("Это не годится в имя пользователя").wait_for()
    page.get_by_label("Имя").fill("олег")
    expect("button", name="Добавить", exact=True).click()
    password = page.locator("#password").inner_text()
    assert password_matches(users.load()["олег"], password)
    expect("link", name="К пользователям").click()
    expect("link", name="Изменить олег").click()
    page.get_by_label("наблюдатель").check()
    expect("button", name="Сохранить роль").click()
    expect("button", name="Сменить роль").click()
    page.get_by_text("олег: теперь наблюдатель").wait_for()
    assert users.load()["олег"].role is Role.VIEWER
    expect("link", name="Изменить олег").click()
    expect("button", name="Убрать").click()
    expect("button", name="Удалить пользователя").click()
    page.get_by_text("Пользователь удалён: олег").wait_for()
    assert "олег" not in users.load()
    expect("link", name="Изменения").click()
    page.get_by_text("добавлен пользователь олег").first.wait_for()


def test_a_dispatcher_is_led_through_the_first_steps_until_the_list_is_wanted(
    server: str, browser: OpenContext
) -> None:
    page = browser().pages[0]
    page.goto(server + "/")
    assert page.title() == "Первые шаги · Обзвон"
    page.get_by_role("button", name="Не сейчас, к списку").click()
    page.wait_for_url(server + "/phones")
    page.goto(server + "/")
    assert page.title() == "Номера · Обзвон"
