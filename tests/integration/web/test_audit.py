"""Who changed what: recorded by every page that changes something, shown to everybody."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from obzvon.common.i18n import say
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from tests.support.editor import SUNDAY, WORKWEEK, Browser, value, write


def recorded(settings: Settings) -> list[str]:
    path = settings.journal.path
    if path is None or not path.exists():
        return []
    journal = Journal(settings.journal.reveal())
    try:
        return [str(one.what) for one in journal.audit.latest(50)][::-1]
    finally:
        journal.close()


def test_every_change_of_the_list_is_recorded_once(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/add", number="89165555555", name="Новый")
    operator.post("/phones/save", row="0", number="89161111112", code="", name="Иванов")
    operator.post("/phones/pause", one="0")
    operator.post("/phones/resume", key=["0", "1"])
    operator.post("/phones/delete", key=["0", "1"], sure="1")
    operator.post("/phones/undo")
    operator.post("/phones/delete", one="4")
    assert recorded(settings) == [
        "list: added 89165555555 Новый",
        "list: changed 89161111111 Иванов И. И. to 89161111112 Иванов",
        "list: paused 89161111112 Иванов",
        "list: 2 numbers are called again",
        "list: deleted 2 numbers",
        "undone: list: deleted 2 numbers",
        "list: deleted 777 (context 22)",
    ]


def test_what_changes_nothing_is_not_recorded(operator: Browser, settings: Settings) -> None:
    old = value(operator.get("/phones").text, "revision")
    operator.post("/phones/add", number="12")
    operator.post("/phones/save", row="0", number="89161111111", code="", name="Иванов И. И.")
    operator.post("/phones/resume", one="0")
    operator.post("/phones/delete", key=["0", "1"])  # only asked
    operator.post("/phones/delete")
    operator.post("/week", WORKWEEK, page="/week")
    operator.post("/week", {**WORKWEEK, "at-1": "25:00"}, page="/week")
    assert recorded(settings) == []
    operator.post("/phones/pause", one="0")
    operator.post("/phones/delete", one="0", revision=old)  # a conflict
    operator.post("/phones/undo", revision=old)
    assert recorded(settings) == ["list: paused 89161111111 Иванов И. И."]


def test_every_change_of_the_schedule_is_recorded(operator: Browser, settings: Settings) -> None:
    operator.post("/week", {**WORKWEEK, "at-1": "10:30"}, page="/week")
    operator.post("/week/undo", page="/week")
    settings.schedule.unlink()
    operator.post("/week/new", page="/week")
    assert recorded(settings) == [
        "schedule: Monday: 09:00 → 10:30",
        "undone: schedule: Monday: 09:00 → 10:30",
        "schedule: started again, without a time",
    ]


def test_a_list_that_was_brought_back_or_begun_is_recorded(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/pause", one="0")
    write(settings, "{")
    operator.post("/phones/restore")
    settings.phones.unlink()
    operator.post("/phones/restore", empty="1")
    assert recorded(settings)[1:] == ["list: brought back one with 5 numbers", "list: started again, empty"]


def test_the_newest_stands_first_with_its_time_and_who_it_was(app: Flask, operator: Browser, viewer: Browser) -> None:
    operator.post("/phones/pause", one="0")
    Browser(app, "administrator").post("/phones/resume", one="0")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", viewer.get("/changes").text))
    places = [
        text.index(words)
        for words in (
            "Today, Sunday",
            "12:00 administrator list: called again",
            "12:00 operator list: paused 89161111111 Иванов И. И.",
        )
    ]
    assert places == sorted(places)
    russian = Browser(app, "viewer", language="ru").get("/changes").text
    assert "список: на паузу поставлен 89161111111 Иванов" in russian


def test_page_by_page_none_is_left_out(app: Flask, operator: Browser, settings: Settings) -> None:
    journal = Journal(settings.journal.reveal())
    for number in range(120):
        journal.audit.record(
            "anna", say("users: removed {name}", name=f"user{number}"), at=SUNDAY - timedelta(hours=12 * (120 - number))
        )
    journal.close()
    seen: list[int] = []
    path: str | None = "/changes"
    pages = 0
    while path:
        text = operator.get(path).text
        seen += [int(number) for number in re.findall(r"removed user(\d+)", text)]
        found = re.search(r'href="(/changes\?before=\d+)" rel="next"', text)
        path, pages = (found[1] if found else None), pages + 1
    assert seen == list(range(119, -1, -1))
    assert pages == 3


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "9" * 50, "٣", "1;drop"])
def test_an_odd_place_to_begin_at_is_no_error(operator: Browser, before: str) -> None:
    operator.post("/phones/pause", one="0")
    assert operator.get("/changes").status_code == 200
    assert operator.client.get("/changes", query_string={"before": before}, headers=operator.login).status_code == 200


def test_before_there_are_any_the_page_says_so_and_makes_no_journal(operator: Browser, settings: Settings) -> None:
    assert "No changes yet" in operator.get("/changes").text
    assert not settings.journal.path.exists()  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=cmd|'/c calc'!A0", "a\nb\x1b[31m", "\u202eevil"])
def test_hostile_names_and_numbers_are_harmless(operator: Browser, settings: Settings, text: str) -> None:
    write(settings, {"0": {"0": text, "1": text, "name": text}, "1": {"0": "89161111111", "1": ""}})
    operator.post("/phones/pause", one="0")
    operator.post("/phones/delete", one="0")
    page = operator.get("/changes").text
    assert page.count("<li>") == 2
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_list_the_schedule_and_the_admin_pages_link_to_the_log(app: Flask) -> None:
    boss = Browser(app, "administrator")
    for path in ("/phones", "/week", "/management"):
        assert 'href="/changes"' in boss.get(path).text
    assert 'href="/management"' not in Browser(app, "viewer").get("/changes").text


def test_a_change_that_cannot_be_recorded_is_made_all_the_same(
    operator: Browser, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.journal.path
    settings.journal.path.mkdir()
    assert "Paused: 1 number" in operator.post("/phones/pause", one="0").text
    assert "list: paused 89161111111" in caplog.text
    settings.journal.path.rmdir()


def test_a_journal_that_is_deleted_or_replaced_is_not_shown_any_longer(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/add", number="89165555555", name="Old")
    assert "Old" in operator.get("/changes").text
    path = settings.journal.path
    assert path is not None
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    assert "Old" not in operator.get("/changes").text
    assert not path.exists()
    journal = Journal(settings.journal.reveal())
    journal.audit.record("anna", say("by the new one"), at=SUNDAY)
    journal.close()
    text = operator.get("/changes").text
    assert "by the new one" in text
    assert "Old" not in text
    operator.post("/phones/add", number="89166666666", name="New")
    assert len(recorded(settings)) == 2
