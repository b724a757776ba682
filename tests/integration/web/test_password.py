"""One's own password: everybody changes it who knows the present one."""

import pytest
from flask import Flask

from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from obzvon.users import Users, password_matches
from tests.support.editor import PASSWORD, Browser

NEW = "battery staple"


def change(browser: Browser, present: str = PASSWORD, new: str = NEW, again: str | None = None) -> tuple[int, str]:
    again = new if again is None else again
    answer = browser.post("/password", page="/password", present=present, new=new, again=again)
    return answer.status_code, answer.text


@pytest.mark.parametrize("who", ["viewer", "operator", "administrator"])
def test_everybody_changes_the_own_one_and_only_that(app: Flask, settings: Settings, who: str) -> None:
    others = {name: user for name, user in Users(settings.web.users).load().items() if name != who}
    status, text = change(Browser(app, who))
    assert status == 200
    assert "The password is changed" in text
    assert NEW not in text
    after = Users(settings.web.users).load()
    assert password_matches(after.pop(who), NEW)
    assert after == others
    assert Browser(app, who).get("/phones").status_code == 401
    assert Browser(app, who, NEW).get("/phones").status_code == 200
    journal = Journal(settings.journal.reveal())
    [kept] = journal.audit.latest(5)
    journal.close()
    assert (kept.who, str(kept.what)) == (who, "users: changed the own password")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (("wrong", NEW, NEW), "present"),
        (("", NEW, NEW), "present"),
        ((PASSWORD, NEW, NEW + " "), "again"),
        ((PASSWORD, "short", "short"), "new"),
        ((PASSWORD, "", ""), "new"),
        ((PASSWORD, "x" * 201, "x" * 201), "new"),
        ((PASSWORD, "\u202eabcdefgh", "\u202eabcdefgh"), "new"),
        ((PASSWORD, "a\0bcdefgh", "a\0bcdefgh"), "new"),
        (("\0" * 100_000, NEW, NEW), "present"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_error_is_shown_at_its_field_and_nothing_changes(
    viewer: Browser, settings: Settings, typed: tuple[str, str, str], field: str
) -> None:
    before = settings.web.users.read_bytes()
    status, text = change(viewer, *typed)
    assert status == 422
    assert f'href="#pw-{field}"' in text
    assert settings.web.users.read_bytes() == before
    assert not any(one and f'value="{one}"' in text for one in typed)


def test_guessing_the_present_one_is_slowed_down_as_the_login_is(viewer: Browser, settings: Settings) -> None:
    before = settings.web.users.read_bytes()
    statuses = [change(viewer, f"guess number {number}")[0] for number in range(11)]
    assert statuses == [422] * 10 + [429]
    assert change(viewer, "guess number 22")[0] == 429
    assert settings.web.users.read_bytes() == before


def test_nothing_is_changed_without_a_token(viewer: Browser, settings: Settings) -> None:
    before = settings.web.users.read_bytes()
    answer = viewer.post("/password", page="/password", token="", present=PASSWORD, new=NEW, again=NEW)
    assert answer.status_code == 400
    assert settings.web.users.read_bytes() == before
