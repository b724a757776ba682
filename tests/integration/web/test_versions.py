"""«Прежние версии»: what each save has changed, and the way back to any of them."""

import html
import json
import re

import pytest

from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from tests.support.editor import SAVED_ROWS, WORKWEEK, Browser, rows, value, write


def _save_three_times(operator: Browser) -> None:
    operator.post("/phones/add", number="89165555555", name="Новый")
    operator.post("/phones/delete", key=["0", "1"], sure="1")
    operator.post("/phones/pause", one="3")


def _whats(text: str) -> list[str]:
    """Return what is said of each version."""
    found = re.findall(r'<div class="what">(.*?)<', text.replace("<bdi>", ""), re.DOTALL)
    return [html.unescape(one).strip() for one in found]


def _offered(text: str, name: str = "phones") -> list[str]:
    return re.findall(rf'href="/versions/{name}/(\d+)"', text)


def test_each_save_is_listed_with_who_made_it_and_what_it_changed(operator: Browser) -> None:
    _save_three_times(operator)
    text = operator.get("/versions/phones").text
    assert _whats(text) == [
        "Paused 89163333333 Петрова",
        "Deleted 2 numbers",
        "Added 89165555555 Новый",
        "The oldest version that is kept.",
    ]
    assert text.count("<bdi>operator</bdi>") == 3
    assert text.count("another program") == 1
    assert _offered(text) == ["3", "2", "1"]  # not the one that is current


def test_a_version_shows_whom_it_brings_back_and_whom_it_takes_away_before_it_does(
    operator: Browser, settings: Settings
) -> None:
    _save_three_times(operator)
    page = operator.get("/versions/phones/1")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text)).replace("\xa0", " ").replace("\u2011", "-")
    assert "Come back: 2 8 916 111-11-11 Иванов И. И. 8 950 222-22-22 (1) · paused" in text
    assert "Lose their pause and are called again: 1 8 916 333-33-33 Петрова the pause ends" in text
    assert "stays among the earlier versions, and “Undo” brings it back" in text
    assert "Leave the list: 1 8 916 555-55-55 Новый" in text
    assert len(rows(settings)) == 4  # nothing has happened yet
    done = operator.post("/versions/phones/1", page="/versions/phones/1")
    assert "The list of " in done.text
    assert "is back. Numbers in the list: 5" in done.text
    assert rows(settings) == SAVED_ROWS


def test_of_a_changed_row_each_value_that_goes_away_is_said(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/add", number="89165555555", name="Старое", code="007")
    kept = json.loads(settings.phones.read_text())
    [key] = [key for key, row in kept.items() if row["0"] == "89165555555"]
    operator.post("/phones/save", row=key, number="89166666666", name="", code="7")
    write(settings, json.dumps(json.loads(settings.phones.read_text()) | {"3": kept["3"] | {"groups": ["Север"]}}))
    operator.get("/phones")
    [number] = list(_offered(operator.get("/versions/phones").text))[-2:-1]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", operator.get(f"/versions/phones/{number}").text))
    assert "number: 89166666666 → 89165555555; extension code: 7 → 007; name: — → Старое" in html.unescape(text)
    assert "other values: groups" in text


def test_what_was_brought_back_is_undone_by_undo_and_recorded(operator: Browser, settings: Settings) -> None:
    _save_three_times(operator)
    before = settings.phones.read_bytes()
    operator.post("/versions/phones/1", page="/versions/phones/1")
    operator.post("/phones/undo")
    assert settings.phones.read_bytes() == before
    journal = Journal(settings.journal.reveal())
    try:
        sentences = [str(one.what) for one in journal.audit.latest(5)]
    finally:
        journal.close()
    assert sentences[0].startswith("undone: list: added 2")
    assert re.fullmatch(r"list: brought back the version of \d+ \w+ \d{4}, \d\d:\d\d", sentences[1])


def test_a_page_that_is_out_of_date_brings_nothing_back(operator: Browser, settings: Settings) -> None:
    _save_three_times(operator)
    old = value(operator.get("/versions/phones/1").text, "revision")
    operator.post("/phones/add", number="89166666666")
    before = settings.phones.read_bytes()
    answer = operator.post("/versions/phones/1", revision=old)
    assert "somebody else has saved in the meantime" in answer.text
    assert "Leave the list: 2" in answer.text  # by what is in the list now
    assert settings.phones.read_bytes() == before


def test_a_schedule_says_which_days_differ_and_comes_back(operator: Browser, settings: Settings) -> None:
    operator.post("/week", WORKWEEK, page="/week")
    first = json.loads(settings.schedule.read_text())
    operator.post("/week", {**WORKWEEK, "at-2": "10:30"}, page="/week")
    text = operator.get("/versions/schedule").text
    assert _whats(text)[0] == "Tuesday: 09:00 → 10:30"
    [number, *_older] = _offered(text, "schedule")
    assert "Tuesday: 10:30 → 09:00" in operator.get(f"/versions/schedule/{number}").text
    operator.post(f"/versions/schedule/{number}", page=f"/versions/schedule/{number}")
    assert json.loads(settings.schedule.read_text()) == first


def test_a_viewer_looks_and_brings_nothing_back(operator: Browser, viewer: Browser, settings: Settings) -> None:
    _save_three_times(operator)
    page = viewer.get("/versions/phones/1").text
    assert "Come back: 2" in page
    assert "Bring this version back" not in page
    before = settings.phones.read_bytes()
    assert viewer.post("/versions/phones/1", page="/versions/phones/1").status_code == 403
    assert settings.phones.read_bytes() == before


def test_a_damaged_version_is_said_and_not_offered(operator: Browser, settings: Settings) -> None:
    _save_three_times(operator)
    (settings.phones.parent / ".history" / "todo.json.2").write_text('{"0": {"0": "8916')
    text = operator.get("/versions/phones").text
    assert _offered(text) == ["3", "1"]
    assert "This version is damaged" in text
    assert "This version is damaged" in operator.get("/versions/phones/2").text


def test_a_version_takes_the_place_of_a_damaged_list(operator: Browser, settings: Settings) -> None:
    _save_three_times(operator)
    write(settings, '{"0": {"0": "8916')
    page = operator.get("/versions/phones/1")
    assert "The current file is missing or damaged" in page.text
    operator.post("/versions/phones/1", page="/versions/phones/1")
    assert rows(settings) == SAVED_ROWS


@pytest.mark.parametrize("path", ["/versions/phones/99", "/versions/nothing", "/versions/phones/0"])
def test_what_is_not_there_is_not_found(operator: Browser, path: str) -> None:
    _save_three_times(operator)
    assert operator.get(path).status_code == 404


def test_versions_are_shown_ten_at_a_time(operator: Browser) -> None:
    for place in range(12):
        operator.post("/phones/add", number=f"8916555{place:04d}")
    text = operator.get("/versions/phones").text
    assert len(_whats(text)) == 10
    older = operator.get(html.unescape(re.findall(r'href="([^"]*before=[^"]*)"', text)[0])).text
    assert _whats(older) == ["Added 89165550001", "Added 89165550000", "The oldest version that is kept."]


def test_without_a_save_there_is_none(operator: Browser) -> None:
    assert "No earlier versions yet" in operator.get("/versions/phones").text
