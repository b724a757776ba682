"""The first visit: what is still missing, step by step, and when the list takes the first page's place."""

import json
import re
from datetime import timedelta

import pytest
from flask import Flask

from obzvon.checks.context import error, good
from obzvon.common.i18n import say
from obzvon.common.supervision import supervisor_command
from obzvon.domain.calls import CallOutcome
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from tests.support.editor import SUNDAY, Browser, write
from web.admin import setup

FINE = good("", say("Asterisk is running"))


@pytest.fixture
def empty(settings: Settings) -> None:
    """As `obzvon init` leaves it."""
    write(settings, {})
    settings.schedule.write_text("{}")


def home(browser: Browser) -> str:
    return browser.client.get("/", headers=browser.login).headers["Location"]


def steps(browser: Browser) -> list[bool]:
    """Which of the five are done."""
    found = re.findall(r'<li class="step( step-done)?', browser.get("/first-steps").text)
    assert len(found) == 5
    return [bool(done) for done in found]


def service_works(journal: Journal) -> None:
    journal.heartbeats.begin(at=SUNDAY)
    journal.findings.replace([FINE], at=SUNDAY)


def call(journal: Journal, kind: str, how: Disposition) -> None:
    run = journal.runs.begin(
        f"{kind}-{how}",
        SUNDAY.date(),
        kind,
        [Candidate(Phone("", "89161111111"), "89161111111")],
        at=SUNDAY,
        state="done",
    )
    assert run
    journal.transitions.end_calls([CallOutcome(run.id, 1, how, SUNDAY)])


def test_a_new_folder_has_everything_before_it_and_the_first_thing_to_do_is_the_service(
    operator: Browser, empty: None, settings: Settings
) -> None:
    assert home(operator) == "/first-steps"
    assert steps(operator) == [False] * 5
    text = operator.get("/first-steps").text
    assert text.count('aria-current="step"') == 1
    assert text.count("btn-primary") == 0  # there is no page on which the service is started
    assert supervisor_command("start") in text
    assert not settings.journal.path.exists()  # type: ignore[union-attr]


def test_the_first_steps_do_not_name_a_supervisor_that_is_not_there(
    operator: Browser, empty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "supervisor_command", lambda action: supervisor_command(action, which=lambda _: None))
    text = operator.get("/first-steps").text
    assert "supervisorctl" not in text
    assert supervisor_command("start", which=lambda _: None) in text


def test_step_by_step_to_the_test_call(operator: Browser, empty: None, settings: Settings, journal: Journal) -> None:
    journal.heartbeats.begin(at=SUNDAY)
    assert steps(operator) == [True, False, False, False, False]
    journal.findings.replace([error("", say("Asterisk is not running"), say("try again"))], at=SUNDAY)
    assert "1 error keeps calls from being made" in operator.get("/first-steps").text
    journal.findings.replace([FINE], at=SUNDAY - timedelta(hours=3))
    assert "The last check is old" in operator.get("/first-steps").text
    journal.findings.replace([FINE], at=SUNDAY)
    assert steps(operator) == [True, True, False, False, False]
    assert re.search(r'btn-primary" href="/phones/import"', operator.get("/first-steps").text)
    write(settings, {"0": {"0": "777", "1": ""}, "1": {"0": "89161111111", "1": "", "paused": True}})
    assert steps(operator)[2] is False
    write(settings, {"0": {"0": "89161111111", "1": ""}})
    assert re.search(r'btn-primary" href="/week"', operator.get("/first-steps").text)
    settings.schedule.write_text(json.dumps({"1": "09:00"}))
    assert steps(operator) == [True, True, True, True, False]
    assert "tomorrow, Monday" in operator.get("/first-steps").text
    call(journal, "test", Disposition.NOT_ANSWERED)
    assert re.search(r"8.916.111.11.11: not answered\.", operator.get("/first-steps").text)
    assert home(operator) == "/first-steps"
    call(journal, "test", Disposition.ANSWERED)
    assert steps(operator) == [True] * 5
    assert "Everything is done" in operator.get("/first-steps").text
    assert home(operator) == "/phones"


def test_the_page_is_russian_for_a_russian(app: Flask, empty: None) -> None:
    text = Browser(app, "operator", language="ru").get("/first-steps").text
    for words in ("Первые шаги", "Служба работает", "Сделано 0 из 5", "Пробный звонок на свой номер"):
        assert words in text


def test_after_a_run_nobody_is_led_there_any_more(operator: Browser, empty: None, journal: Journal) -> None:
    call(journal, "week", Disposition.NOT_ANSWERED)
    assert home(operator) == "/phones"
    assert operator.get("/first-steps").status_code == 200


def test_who_does_not_want_it_is_not_led_there_again_and_finds_it_under_check(
    app: Flask, operator: Browser, empty: None
) -> None:
    answer = operator.post("/first-steps/leave", page="/first-steps", follow=False)
    assert answer.headers["Location"] == "/phones"
    assert home(operator) == "/phones"
    assert 'href="/first-steps"' in operator.get("/check").text
    assert home(Browser(app, "administrator")) == "/first-steps"


def test_a_viewer_is_led_to_the_list_and_sees_the_steps_without_links(viewer: Browser, empty: None) -> None:
    assert home(viewer) == "/phones"
    text = viewer.get("/first-steps").text
    assert 'class="btn' not in text


@pytest.mark.parametrize(("file", "link"), [("todo.json", "/phones"), ("schedule.json", "/week")])
def test_a_document_that_cannot_be_read_is_a_step_that_leads_to_its_page(
    operator: Browser, settings: Settings, journal: Journal, file: str, link: str
) -> None:
    service_works(journal)
    (settings.source / file).write_text("{")
    text = operator.get("/first-steps").text
    assert "The file cannot be read" in text
    assert re.search(rf'btn-primary" href="{link}"', text)


def test_a_journal_that_is_cut_leads_to_the_list_where_all_else_works(operator: Browser, settings: Settings) -> None:
    assert settings.journal.path
    settings.journal.path.write_bytes(b"")
    assert home(operator) == "/phones"
    settings.journal.path.unlink()
