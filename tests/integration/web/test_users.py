"""Who may use the editor, and the settings: for administrators alone."""

import re
from typing import Any

import pytest
from flask import Flask

from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings, load_settings
from obzvon.users import Role, Users, password_matches
from tests.support.editor import PASSWORD, Browser
from tests.support.editor import value as field
from web.app import create_app

PAGE = "/management"


@pytest.fixture
def boss(app: Flask) -> Browser:
    return Browser(app, "administrator")


@pytest.fixture
def users(settings: Settings) -> Users:
    return Users(settings.web.users)


def recorded(settings: Settings) -> list[str]:
    journal = Journal(settings.journal.reveal())
    try:
        return [f"{one.who} {one.what}" for one in journal.audit.latest(50)]
    finally:
        journal.close()


def post(browser: Browser, what: str, **fields: object) -> str:
    answer = browser.post(f"{PAGE}/{what}", fields, page=PAGE)
    assert answer.status_code == 200, answer.text
    return answer.text


def shown_password(text: str) -> str:
    found = re.search(r'id="password">([^<]*)<', text)
    assert found
    return found[1]


def test_only_an_administrator_sees_it(app: Flask, boss: Browser, operator: Browser, viewer: Browser) -> None:
    for path in (PAGE, f"{PAGE}/settings"):
        assert boss.get(path).status_code == 200
        for other in (operator, viewer):
            assert other.get(path).status_code == 403
    assert f'href="{PAGE}"' in boss.get("/phones").text
    assert f'href="{PAGE}"' not in operator.get("/phones").text
    for what in ("add", "password", "role", "remove"):
        assert operator.post(f"{PAGE}/{what}", name="viewer", role="operator", sure="1").status_code == 403


def test_a_user_is_added_with_a_password_that_is_shown_once(
    app: Flask, boss: Browser, users: Users, settings: Settings
) -> None:
    text = post(boss, "add", name=" анна ", role="viewer")
    password = shown_password(text)
    assert users.load()["анна"].role is Role.VIEWER
    assert password_matches(users.load()["анна"], password)
    assert Browser(app, "анна", password).get("/phones").status_code == 200
    assert password not in boss.get(PAGE).text
    assert recorded(settings) == ["administrator users: added анна, viewer"]


def form_of(browser: Browser, path: str, **fields: object) -> dict[str, str]:
    """The hidden fields of the form that a page, or the answer to these fields, has."""
    text = browser.post(path, fields, page=PAGE).text if fields else browser.get(path).text
    return {name: value for name in ("once", "present", "name") if (value := field(text, name))}


def test_a_form_that_is_sent_twice_adds_one_user_and_shows_the_same_password_again(
    boss: Browser, users: Users, settings: Settings
) -> None:
    form = form_of(boss, f"{PAGE}?add=1")
    first, second = (shown_password(post(boss, "add", **{**form, "name": "анна"}, role="viewer")) for _ in range(2))
    assert first == second
    assert password_matches(users.load()["анна"], first)
    assert recorded(settings) == ["administrator users: added анна, viewer"]
    users.change_password("анна", "battery staple")
    answer = boss.post(f"{PAGE}/add", {**form, "name": "анна"}, page=PAGE, role="viewer")
    assert answer.status_code == 422
    assert 'id="password"' not in answer.text
    other = form_of(boss, f"{PAGE}?add=1")
    assert other["once"] != form["once"]
    assert shown_password(post(boss, "add", **{**other, "name": "вера"}, role="viewer")) != first


def test_a_form_that_is_sent_twice_makes_one_new_password_and_undoes_nothing_that_came_after(
    boss: Browser, users: Users, settings: Settings
) -> None:
    form = form_of(boss, f"{PAGE}/password", name="operator")
    first, second = (shown_password(post(boss, "password", **form, sure="1")) for _ in range(2))
    assert first == second
    assert password_matches(users.load()["operator"], first)
    assert recorded(settings) == ["administrator users: a new password for operator"]
    users.change_password("operator", "battery staple")
    assert "has been changed in the meantime" in post(boss, "password", **form, sure="1")
    assert password_matches(users.load()["operator"], "battery staple")


def test_of_two_forms_at_once_that_are_the_same_both_show_the_password_that_holds(
    boss: Browser, users: Users, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, change = form_of(boss, f"{PAGE}/password", name="operator"), Users.change_password

    def overtaken(self: Users, name: str, password: str, **more: Any) -> None:
        change(users, name, password)
        change(self, name, password, **more)

    monkeypatch.setattr(Users, "change_password", overtaken)
    password = shown_password(post(boss, "password", **form, sure="1"))
    assert password_matches(users.load()["operator"], password)
    assert not settings.journal.path.exists()  # type: ignore[union-attr]


def test_a_name_that_can_be_taken_for_another_is_refused_at_its_field(boss: Browser) -> None:
    for name, why in (("OPERATOR", "looks like the user operator"), ("оperator", "different alphabets")):
        answer = boss.post(f"{PAGE}/add", page=PAGE, name=name, role="viewer")
        assert (answer.status_code, why in answer.text) == (422, True), name


@pytest.mark.parametrize("name", ["", "a b", "<b>x</b>", "x\n", "\u202eab", "a\0", "x" * 65, "operator"])
def test_a_name_that_cannot_be_one_is_refused_at_its_field(
    boss: Browser, users: Users, settings: Settings, name: str
) -> None:
    before = users.path.read_bytes()
    answer = boss.post(f"{PAGE}/add", page=PAGE, name=name, role="operator")
    if name == "x\n":  # its newline is not seen in the field either
        assert answer.status_code == 200
        return
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert 'href="#new-name"' in answer.text
    assert "<b>x" not in answer.text
    assert users.path.read_bytes() == before
    assert not settings.journal.path.exists()  # type: ignore[union-attr]


@pytest.mark.parametrize("role", ["", "god", "Administrator", "<b>"])
def test_a_role_that_there_is_not_changes_nothing(boss: Browser, users: Users, role: str) -> None:
    before = users.path.read_bytes()
    assert "no such role" in post(boss, "add", name="anna", role=role)
    assert "no such role" in post(boss, "role", name="viewer", role=role, sure="1")
    assert users.path.read_bytes() == before


def test_a_new_password_a_role_and_a_removal_are_asked_once_more_and_recorded(
    app: Flask, boss: Browser, users: Users, settings: Settings
) -> None:
    before = users.path.read_bytes()
    asked = [
        post(boss, "password", name="operator"),
        post(boss, "role", name="operator", role="viewer"),
        post(boss, "remove", name="operator"),
    ]
    for text in asked:
        assert 'name="sure" value="1"' in text
    assert "operator → viewer" in asked[1]
    assert users.path.read_bytes() == before

    form = {name: field(asked[0], name) for name in ("once", "present")}
    password = shown_password(post(boss, "password", name="operator", sure="1", **form))
    assert password_matches(users.load()["operator"], password)
    assert Browser(app, "operator").get("/phones").status_code == 401
    post(boss, "role", name="operator", role="viewer", sure="1")
    assert users.load()["operator"].role is Role.VIEWER
    assert password_matches(users.load()["operator"], password)
    post(boss, "remove", name="operator", sure="1")
    assert "operator" not in users.load()
    assert Browser(app, "operator", password).get("/phones").status_code == 401
    assert recorded(settings) == [
        "administrator users: removed operator",
        "administrator users: operator: operator → viewer",
        "administrator users: a new password for operator",
    ]


def test_the_same_role_again_changes_nothing(boss: Browser, settings: Settings) -> None:
    assert "Nothing was changed" in post(boss, "role", name="operator", role="operator")
    assert not settings.journal.path.exists()  # type: ignore[union-attr]


@pytest.mark.parametrize("what", ["password", "role", "remove"])
def test_one_cannot_lock_oneself_out_by_mistake(boss: Browser, users: Users, what: str) -> None:
    users.add("second", PASSWORD, Role.ADMINISTRATOR)
    before = users.path.read_bytes()
    assert "That is you" in post(boss, what, name="administrator", role="viewer", sure="1")
    assert users.path.read_bytes() == before
    assert f"{PAGE}?edit=administrator" not in boss.get(PAGE).text


def test_the_last_administrator_stays(app: Flask, boss: Browser, users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two administrators take each other's role at once: the rule is kept under the file's lock."""
    users.add("second", PASSWORD, Role.ADMINISTRATOR)
    first_look = users.load()
    change = Users.change_role

    def late(self: Users, name: str, role: Role) -> None:
        users.remove("administrator")
        change(self, name, role)

    monkeypatch.setattr(Users, "change_role", late)
    answer = boss.post(f"{PAGE}/role", page=PAGE, name="second", role="viewer", sure="1", follow=False)
    assert answer.status_code == 303
    assert users.load()["second"] == first_look["second"]


@pytest.mark.parametrize("name", ["", "nobody", "<b>x</b>", "\0"])
def test_a_user_that_there_is_not_changes_nothing(boss: Browser, users: Users, name: str) -> None:
    before = users.path.read_bytes()
    for what in ("password", "role", "remove"):
        assert "no such user any more" in post(boss, what, name=name, role="viewer", sure="1")
    assert users.path.read_bytes() == before


def test_the_page_shows_each_user_and_edits_one(boss: Browser) -> None:
    text = boss.get(f"{PAGE}?edit=viewer").text
    assert len(re.findall(r'class="p-name"', text)) == 3
    assert text.count('class="editing"') == 1
    assert re.search(r'value="viewer" checked', text)
    assert "scrypt" not in text


def test_a_users_file_that_cannot_be_written_is_reported(
    boss: Browser, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    from obzvon.common import files

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(users.path))

    monkeypatch.setattr(files, "write_durably", full)
    answer = boss.post(f"{PAGE}/add", page=PAGE, name="anna", role="viewer")
    assert answer.status_code == 500
    assert "nothing has been changed" in answer.text
    boss.client.set_cookie("language", "ru")
    assert "на диске нет места" in boss.post(f"{PAGE}/add", page=PAGE, name="anna", role="viewer").text


# -- settings


def test_each_setting_is_shown_with_its_meaning_and_whether_the_file_sets_it(boss: Browser) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", boss.get(f"{PAGE}/settings").text))
    assert "time_zone the time zone of the schedule, the logs and the reports Europe/Moscow from the file" in text
    assert "bundle how many calls are handed over together 2 default" in text
    assert "latest the time of day after which no calls are handed over not set default" in text


def test_the_settings_are_russian_for_a_russian(app: Flask) -> None:
    text = Browser(app, "administrator", language="ru").get(f"{PAGE}/settings").text
    for words in ("размер пачки", "по умолчанию", "из файла", "не задано"):
        assert words in text


def test_no_password_stands_among_the_settings(settings: Settings) -> None:
    settings.file.write_text(
        settings.file.read_text() + "[Journal]\nurl = postgresql+psycopg://obzvon:geheim@nowhere/x\n"
        '[Calls]\ncaller_id = "<b>Office</b>" <6122103>\n'
    )
    app = create_app(load_settings(settings.file))
    text = Browser(app, "administrator").get(f"{PAGE}/settings").text
    assert "geheim" not in text
    assert "obzvon:***@nowhere" in text
    assert "<b>Office" not in text
