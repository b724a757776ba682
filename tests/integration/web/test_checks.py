"""What the service found, as the page shows it; and looking again."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask

from obzvon.checks.context import error, good, warning
from obzvon.common.i18n import say
from obzvon.common.supervision import supervisor_command
from obzvon.journal.commands import CommandResult
from obzvon.journal.findings import Finding
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from tests.support.editor import SUNDAY, Browser

DOWN = error("/run/asterisk.pid", say("Asterisk is not running"), say("start it: systemctl start asterisk"))
ODD = warning(
    'todo.json "<b>3\u202e"',
    say("row {row}, {number}: {reason}", row="<script>", number="1\n2", reason=""),
    say("merge the two"),
)
FINE = good("", say("Asterisk is running"))


def found(
    journal: Journal, *findings: Finding, at: datetime = SUNDAY, seen: datetime = SUNDAY, once: bool = False
) -> None:
    """A service has looked at `at` and was last seen at `seen`."""
    journal.heartbeats.begin(at=seen)
    journal.findings.replace(findings, at=at, once=once)


@pytest.fixture
def service(journal: Journal) -> Iterator[Callable[[CommandResult], None]]:
    """Answers the next command."""
    over = threading.Event()
    threads = []

    def obey(answer: CommandResult) -> None:
        commands = journal.commands
        while not over.wait(0.01):
            if command := commands.take_next(at=SUNDAY):
                assert (command.name, command.asked_by) == ("check", "operator")
                commands.complete(command.id, answer)
                return

    def begin(answer: CommandResult) -> None:
        threads.append(threading.Thread(target=obey, args=(answer,)))
        threads[-1].start()

    yield begin
    over.set()
    for thread in threads:
        thread.join()


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text))


def test_where_no_service_has_been_the_page_says_how_to_start_one(operator: Browser, settings: Settings) -> None:
    text = operator.get("/check").text
    assert "No service has been at work here yet" in text
    assert supervisor_command("start") in text
    assert "/check/again" not in text
    assert not settings.journal.path.exists()  # type: ignore[union-attr]


def test_errors_come_first_and_each_has_its_remedy(operator: Browser, journal: Journal) -> None:
    found(journal, FINE, ODD, DOWN)
    text = flat(operator.get("/check").text)
    places = [
        text.index(words)
        for words in (
            "1 error: calls are not made",
            "Asterisk is not running",
            "/run/asterisk.pid",
            "What to do: start it: systemctl start asterisk",
            "1 thing is worth a look",
            "What to do: merge the two",
            "1 thing is in order",
            "Asterisk is running",
        )
    ]
    assert places == sorted(places)
    assert "Today, Sunday" in text or "today, Sunday" in text
    assert "12:00" in text
    assert "All is well" not in text


def test_the_page_is_russian_for_a_russian(app: Flask, journal: Journal) -> None:
    found(journal, DOWN)
    text = flat(Browser(app, "operator", language="ru").get("/check").text)
    for words in ("1 ошибка мешает звонить", "Asterisk не работает", "Что делать: запустите", "сегодня, воскресенье"):
        assert words in text


def test_where_nothing_is_wrong_the_page_says_so(operator: Browser, journal: Journal) -> None:
    found(journal, FINE)
    assert "All is well" in operator.get("/check").text


def test_what_files_hold_acts_on_no_page(operator: Browser, journal: Journal) -> None:
    found(journal, ODD)
    text = operator.get("/check").text
    assert "<b>3" not in text
    assert "\u202e" not in text
    assert "<script>" not in re.sub(r'<script src="[^"]*"[^>]*></script>', "", text)
    assert r"1\n2" in text


@pytest.mark.parametrize(
    ("age", "silent", "old"), [(119, 0, False), (121, 0, True), (-121, 0, True), (5, 2, False), (300, 300, True)]
)
def test_what_is_old_or_from_a_dead_service_is_marked_so(
    operator: Browser, journal: Journal, age: int, silent: int, old: bool
) -> None:
    found(journal, FINE, at=SUNDAY - timedelta(minutes=age), seen=SUNDAY - timedelta(minutes=silent))
    dead = silent > 1
    text = operator.get("/check").text
    assert ("more than two hours old" in text) is old
    assert ("does not respond" in text) is dead
    assert (supervisor_command("restart") in text) is dead
    assert ("All is well" in text) is not (old or dead)
    assert ("/check/again" in text) is not dead


def test_the_page_says_when_the_service_was_stopped(operator: Browser, journal: Journal) -> None:
    found(journal, DOWN)
    journal.heartbeats.end(at=SUNDAY - timedelta(hours=1))
    text = flat(operator.get("/check").text)
    assert "The service has been stopped" in text
    assert "11:00" in text
    assert "may be out of date" in text


def test_one_that_cron_calls_need_not_live_in_between(operator: Browser, journal: Journal) -> None:
    found(journal, FINE, seen=SUNDAY - timedelta(days=1), once=True)
    text = operator.get("/check").text
    assert "does not respond" not in text
    assert "All is well" in text


def test_every_page_shows_how_many_errors_there_are(operator: Browser, viewer: Browser, journal: Journal) -> None:
    def count(browser: Browser) -> list[str]:
        return re.findall(r'class="trouble-count".*?</span>(\d+)</span>', browser.get("/phones").text)

    assert count(operator) == []
    found(journal, DOWN, DOWN, ODD)
    assert count(operator) == count(viewer) == ["2"] * 2  # in the menu of wide windows and in that of narrow ones
    found(journal, DOWN, seen=SUNDAY - timedelta(hours=1))
    assert count(operator) == ["2"] * 2  # that the service is silent is one
    found(journal, ODD)
    assert count(operator) == []


def test_who_asks_for_another_look_waits_for_it_and_is_recorded(
    operator: Browser, journal: Journal, service: Callable[[CommandResult], None]
) -> None:
    found(journal, FINE)
    service(CommandResult.done(say("everything has been checked: no errors")))
    text = operator.post("/check/again", page="/check").text
    assert "Everything has been checked: no errors" in text
    [change] = journal.audit.latest(5)
    assert (change.who, str(change.what)) == ("operator", "had everything checked")


def test_no_service_is_asked_that_is_not_there(operator: Browser, journal: Journal) -> None:
    assert "The service is not running" in operator.post("/check/again", page="/check").text
    found(journal, FINE, seen=SUNDAY - timedelta(hours=1))
    assert "The service is not running" in operator.post("/check/again", page="/check").text
    assert journal.commands.take_next(at=SUNDAY) is None


def test_the_page_says_that_the_service_does_not_answer(
    operator: Browser, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(journal, FINE)
    monkeypatch.setattr(operator.client.application.extensions["obzvon"], "sleep", lambda _: None)
    assert "The service has not answered" in operator.post("/check/again", page="/check").text


def test_a_viewer_sees_it_all_and_has_no_button(viewer: Browser, journal: Journal) -> None:
    found(journal, DOWN)
    text = viewer.get("/check").text
    assert "Asterisk is not running" in text
    assert "/check/again" not in text


def test_a_journal_that_cannot_be_used_is_told_and_counted(operator: Browser, settings: Settings) -> None:
    assert settings.journal.path
    settings.journal.path.write_bytes(b"")
    answer = operator.get("/check")
    assert answer.status_code == 200
    assert "The journal of calls cannot be used" in answer.text
    assert "cut to nothing" in answer.text
    assert 'class="trouble-count"' in answer.text
    settings.journal.path.unlink()
