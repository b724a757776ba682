"""The list's page: what it shows, what it changes, and what it never does."""

import json
import os
import re

import pytest
from flask import Flask
from markupsafe import escape

from obzvon.documents import store as documents
from obzvon.documents import watcher
from obzvon.settings.model import Settings
from tests.support.editor import ROWS, SAVED_ROWS, Browser, rows, value, write
from tests.support.first_users_page import PageOfFirstUsers


def shown(text: str) -> list[str]:
    """The numbers of the page, in its order."""
    found = re.findall(r'<td class="c-number num">(.*?)</td>', text)
    return [number.replace("\u00a0", " ").replace("\u2011", "-") for number in found]


def test_the_list_is_shown_grouped_with_what_keeps_rows_from_being_called(operator: Browser) -> None:
    text = operator.get("/phones").text
    assert shown(text) == ["8 916 111-11-11", "8 950 222-22-22", "8 916 333-33-33", "777", "8 916 111-11-11"]
    assert "too short: 3 digits where 11 are expected" in text
    assert "the same number as in row 0" in text
    assert "2 numbers are called" in text
    assert "paused: 1" in text
    assert "cannot be called: 2" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=333", 1),
        ("q=8 (916) 333", 1),
        ("q=%2B7 916 333-33", 1),
        ("q=иванов", 2),
        ("q=ИВАНОВ", 2),
        ("q=ещё", 1),
        ("q=еще", 1),
        ("q=ИВАНОВ ЕЩЕ", 1),
        ("q=context", 1),
        ("q=nobody", 0),
        ("only=trouble", 2),
        ("only=paused", 1),
        ("only=trouble&q=777", 1),
        ("page=99", 5),
        ("sort=nonsense&only=nonsense&page=-1&down=x", 5),
        ("q=" + "x" * 5000, 0),
        ("q=%00", 0),
    ],
)
def test_the_list_is_searched_and_filtered(operator: Browser, query: str, expected: int) -> None:
    answer = operator.get(f"/phones?{query}")
    assert answer.status_code == 200
    assert len(shown(answer.text)) == expected


def test_the_list_is_sorted_both_ways(operator: Browser) -> None:
    by_name = shown(operator.get("/phones?sort=name").text)
    assert by_name[0] == "8 916 111-11-11"
    assert shown(operator.get("/phones?sort=name&down=1").text) == by_name[::-1]
    assert shown(operator.get("/phones?sort=state").text)[0] == "777"
    assert 'aria-sort="descending"' in operator.get("/phones?sort=number&down=1").text


def test_a_hundred_rows_are_a_page(operator: Browser, settings: Settings) -> None:
    write(settings, {str(key): {"0": f"8916{key:07}", "1": ""} for key in range(250)})
    assert len(shown(operator.get("/phones").text)) == 100
    text = operator.get("/phones?page=3").text
    assert len(shown(text)) == 50
    assert "201–250 of 250" in text


def test_a_number_is_added_under_a_new_key_and_the_others_stay_as_they_are(
    operator: Browser, settings: Settings
) -> None:
    answer = operator.post("/phones/add", number=" 8 (916) 555-55-55 ", code="12", name="Новый")
    assert answer.status_code == 200
    assert "Added: 8\u00a0916\u00a0555" in answer.text
    after = rows(settings)
    assert after["6"] == {"0": "89165555555", "1": "12", "name": "Новый"}
    assert after["4"] == {"0": "777", "1": "context 22", "note": "kept"}
    assert list(after) == ["0", "1", "3", "4", "5", "6"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"number": ""}, "No number"),
        ({"number": "12345"}, "Too short"),
        ({"number": "not a number"}, "is not a phone number"),
        ({"number": "89165555555", "code": "x"}, "extension code may hold only"),
        ({"number": "89165555555", "name": "x" * 201}, "At most 200"),
        ({"number": "8" * 101}, "At most 100"),
        ({"number": "89165555555", "name": "a\nb"}, "invisible characters"),
        ({"number": "89165555555", "name": "a\0b"}, "invisible characters"),
        ({"number": "89165555555", "name": "\u202eabc"}, "invisible characters"),
        ({"number": "89165555555", "name": "x" * 100_000}, "At most 200"),
    ],
)
def test_what_cannot_be_called_or_read_is_not_added_and_stays_in_the_form(
    operator: Browser, settings: Settings, fields: dict[str, str], says: str
) -> None:
    before = settings.phones.read_bytes()
    answer = operator.post("/phones/add", {"code": "", "name": "typed", **fields})
    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{fields.get("name", "typed")[:50]}'.split("\0")[0] in answer.text
    assert re.search(r'<a href="#new-\w+">', answer.text)
    assert settings.phones.read_bytes() == before


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "=1+1",
        "{{ 7*7 }}",
        "%(x)s {0}",
        "'; DROP TABLE calls;--",
        "\\u0000",
        "🙂 Ёж",
    ],
)
def test_hostile_names_are_stored_as_they_are_and_shown_as_text(
    operator: Browser, settings: Settings, name: str
) -> None:
    answer = operator.post("/phones/add", number="89165555555", code="", name=name)
    assert answer.status_code == 200
    assert rows(settings)["6"]["name"] == name
    assert not re.search(r"<script>|<img src=x", answer.text)
    assert not re.search(r"<script>|<img src=x", operator.get("/phones?edit=6").text)
    assert str(escape(name)).replace("\\", "") in operator.get("/phones").text.replace("\\", "")


def test_hostile_rows_of_the_file_are_shown_as_text(operator: Browser, settings: Settings) -> None:
    write(
        settings,
        {
            "<b>": {"0": "<script>", "1": "\u202e<i>", "name": "\0\n\u2066" + "x" * 100_000},
            "": {"0": "1e5", "1": None},
            "9" * 30: [1, 2],
            "x": "text",
        },
    )
    answer = operator.get("/phones?edit=<b>")
    assert answer.status_code == 200
    assert "<script>" not in operator.get("/phones").text
    assert "\u202e" not in operator.get("/phones").text
    assert len(operator.get("/phones").text) < 60_000
    assert operator.post("/phones/delete", one="").status_code == 200
    assert list(rows(settings)) == ["<b>", "9" * 30, "x"]


def test_a_row_is_changed_and_keeps_what_else_it_held(operator: Browser, settings: Settings) -> None:
    answer = operator.post("/phones/save", row="4", number="8 916 777-77-77", code="", name="теперь верно")
    assert answer.status_code == 200
    assert rows(settings)["4"] == {"0": "89167777777", "1": "", "name": "теперь верно", "note": "kept"}


def test_the_same_number_typed_in_another_way_is_no_change(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/save", row="0", number="89161111111", code="", name="Анна")
    before, journal = settings.phones.read_bytes(), operator.get("/changes").text
    operator.post("/phones/save", row="0", number="8 (916) 111-11-11", code="", name="Анна")
    assert settings.phones.read_bytes() == before
    assert operator.get("/changes").text.count("<tr") == journal.count("<tr")


def test_a_row_that_cannot_be_called_may_stay_as_it_is_while_its_name_is_changed(
    operator: Browser, settings: Settings
) -> None:
    assert operator.post("/phones/save", row="4", number="777", code="context 22", name="x").status_code == 200
    assert rows(settings)["4"] == {"0": "777", "1": "context 22", "name": "x", "note": "kept"}
    assert operator.post("/phones/save", row="4", number="778", code="context 22", name="x").status_code == 422


def test_rows_are_paused_and_called_again(operator: Browser, settings: Settings) -> None:
    answer = operator.post("/phones/pause", key=["0", "3"])
    assert "Paused: 2 numbers" in answer.text
    assert [row.get("paused", False) for row in rows(settings).values()] == [True, True, True, False, False]
    operator.post("/phones/resume", one="1", key=["0", "3"])
    assert [row.get("paused", False) for row in rows(settings).values()] == [True, False, True, False, False]


def test_many_rows_are_paused_and_unpaused_only_when_it_is_meant(operator: Browser, settings: Settings) -> None:
    write(settings, {str(key): {"0": f"8916{key:07}", "1": ""} for key in range(292)})

    def paused() -> int:
        return sum(row.get("paused", False) is True for row in rows(settings).values())

    asked = operator.post("/phones/pause", scope="found")
    assert "Pause 292 numbers?" in asked.text
    assert "and 282 more" in asked.text
    assert paused() == 0
    assert "Paused: 292 numbers" in operator.post("/phones/pause", scope="found", sure="1").text
    assert paused() == 292
    asked = operator.post("/phones/resume", scope="found")
    assert "End the pause of 292 numbers?" in asked.text
    assert "Nobody is called now" in asked.text
    assert paused() == 292
    assert "No longer paused: 292 numbers" in operator.post("/phones/resume", scope="found", sure="1").text
    assert paused() == 0
    assert "Paused: 10 numbers" in operator.post("/phones/pause", key=list(map(str, range(10)))).text


def test_one_row_is_deleted_at_once_and_many_only_when_it_is_meant(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/delete", one="4")
    assert list(rows(settings)) == ["0", "1", "3", "5"]
    asked = operator.post("/phones/delete", key=["0", "1"])
    assert "Delete 2 numbers?" in asked.text
    assert list(rows(settings)) == ["0", "1", "3", "5"]
    operator.post("/phones/delete", key=["0", "1"], sure="1")
    assert list(rows(settings)) == ["3", "5"]


def test_all_that_were_found_are_changed_at_once(operator: Browser, settings: Settings) -> None:
    asked = operator.post("/phones/delete", scope="found", q="иванов")
    assert "Delete 2 numbers?" in asked.text
    operator.post("/phones/delete", scope="found", q="иванов", sure="1")
    assert list(rows(settings)) == ["1", "3", "4"]


def test_nothing_selected_changes_nothing_and_says_so(operator: Browser, settings: Settings) -> None:
    before = settings.phones.read_bytes()
    for action in ("pause", "resume", "delete"):
        assert "Nothing was selected" in operator.post(f"/phones/{action}").text
    assert settings.phones.read_bytes() == before


def test_undo_pressed_twice_goes_back_twice_and_redo_forward(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/add", number="89165555555", name="Новый")
    operator.post("/phones/delete", key=["0", "1"], sure="1")
    answer = operator.post("/phones/undo")
    assert "Undone: deleted 2 numbers. Numbers in the list: 6" in answer.text
    assert "Redo" in answer.text
    assert list(rows(settings)) == ["0", "1", "3", "4", "5", "6"]
    assert "Undone: added 89165555555 Новый. Numbers in the list: 5" in operator.post("/phones/undo").text
    assert rows(settings) == SAVED_ROWS
    operator.post("/phones/redo")
    assert "Redone: deleted 2 numbers. Numbers in the list: 4" in operator.post("/phones/redo").text
    assert list(rows(settings)) == ["3", "4", "5", "6"]
    assert "Redo" not in operator.get("/phones").text
    assert [one.by for one in documents.phones_document(settings.phones).revisions()][:6] == ["operator"] * 6


def test_what_the_old_page_has_lost_is_shown_and_put_back(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/add", number="89165555555", code="007", name="01")
    PageOfFirstUsers(settings.phones.parent).add("89177777777", "")
    text = operator.get("/phones").text
    for line in ("555\u201155\u201155, code: 007 → 7", ", name: 01 → 1"):
        assert line in text
    operator.post("/phones/pause", one="0")
    assert "007 → 7" in operator.get("/phones").text
    assert "Restored: 2 values" in operator.post("/phones/recover").text
    assert rows(settings)["6"] == {"0": "89165555555", "1": "007", "name": "01"}
    assert "007 → 7" not in operator.get("/phones").text


def test_what_is_lost_may_be_left_so(operator: Browser, viewer: Browser, settings: Settings) -> None:
    operator.post("/phones/add", number="89165555555", code="007")
    PageOfFirstUsers(settings.phones.parent).add("89177777777", "")
    assert "Restore the values" not in viewer.get("/phones").text
    assert "The list stays as it is" in operator.post("/phones/recover", action="accept").text
    assert rows(settings)["6"] == {"0": 89165555555, "1": 7}
    assert "007 → 7" not in operator.get("/phones").text


def test_of_two_who_save_at_once_neither_loses_anything(app: Flask, settings: Settings) -> None:
    anna, boris = Browser(app, "operator"), Browser(app, "administrator")
    old = value(boris.get("/phones?edit=3").text, "revision")
    anna.post("/phones/save", row="3", number="89163333333", code="", name="Анна")
    answer = boris.post("/phones/save", row="3", number="89163333334", code="", name="Борис", revision=old)
    assert answer.status_code == 409
    for text in ("Анна", "Борис", "89163333334", "89163333333"):
        assert text in answer.text
    assert rows(settings)["3"]["name"] == "Анна"
    again = boris.post(
        "/phones/save", row="3", number="89163333334", code="", name="Борис", revision=value(answer.text, "revision")
    )
    assert again.status_code == 200
    assert rows(settings)["3"] == {"0": "89163333334", "1": "", "name": "Борис"}


@pytest.mark.parametrize(
    ("path", "fields", "says"),
    [
        ("/phones/add", {"number": "89165555555", "code": "", "name": "мой"}, "мой"),
        ("/phones/pause", {"key": ["3", "4"]}, "2 of the selected rows are still there"),
        ("/phones/delete", {"key": ["3", "0"], "sure": "1"}, "1 of the selected rows is still there"),
        ("/phones/save", {"row": "0", "number": "89161111112", "code": "", "name": "x"}, "deleted"),
        ("/phones/undo", {}, "Nothing has been undone"),
    ],
)
def test_a_stale_page_changes_nothing_and_keeps_what_was_meant(
    operator: Browser, settings: Settings, path: str, fields: dict[str, object], says: str
) -> None:
    operator.get("/phones")
    write(settings, {key: row for key, row in ROWS.items() if key != "0"})
    before = settings.phones.read_bytes()
    answer = operator.post(path, fields, revision="0" * 64)
    assert answer.status_code == 409
    assert says in answer.text
    assert settings.phones.read_bytes() == before


def test_a_row_deleted_by_another_can_be_saved_all_the_same(operator: Browser, settings: Settings) -> None:
    write(settings, {"3": ROWS["3"]})
    assert operator.post("/phones/save", row="0", number="89161111112", code="", name="x").status_code == 200
    assert rows(settings)["0"]["0"] == "89161111112"


def test_a_broken_list_is_never_overwritten_and_can_be_restored(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/add", number="89165555555", code="", name="")
    good = settings.phones.read_bytes()
    settings.phones.write_bytes(good[:100])
    for path, fields in (("/phones/add", {"number": "89165555556"}), ("/phones/delete", {"one": "0"})):
        answer = operator.post(path, fields)
        assert answer.status_code == 500
        assert settings.phones.read_bytes() == good[:100]
    page = operator.get("/phones")
    assert page.status_code == 500
    assert "the file is cut off" in page.text
    assert re.search(r"todo\.json:\d+:\d+", page.text)
    assert "The last good list has 6 numbers" in page.text
    assert operator.post("/phones/restore").status_code == 200
    assert settings.phones.read_bytes() == good


def test_a_broken_list_without_a_save_of_ours_is_brought_back_from_the_last_good_copy(
    operator: Browser, settings: Settings
) -> None:
    watcher.WatchedDocument(documents.phones_document(settings.phones)).current_state()
    settings.phones.write_text("{")
    assert "The last good list has 5 numbers" in operator.get("/phones").text
    operator.post("/phones/restore")
    assert len(rows(settings)) == 5


def test_a_missing_list_can_be_created_and_an_empty_one_says_what_to_do(
    operator: Browser, viewer: Browser, settings: Settings
) -> None:
    settings.phones.unlink()
    assert "is missing" in operator.get("/phones").text
    answer = operator.post("/phones/restore", empty="1")
    assert rows(settings) == {}
    assert "Add the first number" in answer.text
    assert 'action="/phones/add"' in answer.text
    assert "An operator can add numbers" in viewer.get("/phones").text


def test_a_change_from_outside_is_seen_at_once_even_within_the_same_second(
    operator: Browser, settings: Settings
) -> None:
    for last in range(10):
        write(settings, {"0": {"0": f"8916111111{last}", "1": ""}})
        os.utime(settings.phones, (1_700_000_000, 1_700_000_000))
        assert shown(operator.get("/phones").text) == [f"8 916 111-11-1{last}"]


def test_a_disk_that_cannot_be_written_keeps_what_was_typed(
    operator: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("obzvon.common.files.write_durably", full)
    answer = operator.post("/phones/add", number="89165555555", code="", name="мой")
    assert answer.status_code == 500
    assert "No space left" in answer.text
    assert 'value="мой"' in answer.text


def test_the_old_script_reads_what_is_saved(operator: Browser, settings: Settings) -> None:
    operator.post("/phones/add", number="8 916 555-55-55", code="1", name="x")
    for row in json.loads(settings.phones.read_text(encoding="utf-8")).values():
        assert isinstance(row["0"], str)
        assert isinstance(row["1"], str)


# -- numbers that are there already


def test_a_number_that_the_list_has_is_not_added_again(operator: Browser, settings: Settings) -> None:
    before = settings.phones.read_bytes()
    answer = operator.post("/phones/add", number="+7 916 111-11-11")
    assert answer.status_code == 422
    assert "It is in the list already: row 0 Иванов И. И." in answer.text
    assert "Added" not in answer.text
    assert settings.phones.read_bytes() == before


def test_a_number_under_another_code_is_added_only_where_that_is_meant(operator: Browser, settings: Settings) -> None:
    for code in ("", "01"):
        answer = operator.post("/phones/add", number="89502222222", code=code)
        assert answer.status_code == 422
        assert "The list has this number with another code: 1, row 1" in answer.text
        assert 'name="another"' in answer.text
    assert operator.post("/phones/add", number="89502222222", code="01", another="1").status_code == 200
    assert list(rows(settings).values())[-1]["1"] == "01"
    answer = operator.post("/phones/save", row="0", number="89502222222", code="5")
    assert answer.status_code == 422
    assert operator.post("/phones/save", row="0", number="89161111111", name="Другой").status_code == 200


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("8 495 555-11-11 доб. 12", ("8 495 555-11-11", "12", "")),
        ("моб: 8-916-555-11-11 (Иван)", ("8-916-555-11-11", "", "Иван")),
        ("tel:+79165551111", ("+79165551111", "", "")),
    ],
)
def test_a_number_with_words_is_taken_apart_and_shown_before_it_is_saved(
    operator: Browser, settings: Settings, text: str, fields: tuple[str, str, str]
) -> None:
    before = settings.phones.read_bytes()
    answer = operator.post("/phones/add", number=text)
    assert answer.status_code == 422
    assert "The number has been taken out of the text" in answer.text
    for field, typed in zip(("number", "code", "name"), fields, strict=True):
        assert f'id="new-{field}" name="{field}" value="{typed}"' in re.sub(r"\s+", " ", answer.text)
    assert settings.phones.read_bytes() == before


def test_several_numbers_in_one_field_are_refused(operator: Browser) -> None:
    answer = operator.post("/phones/add", number="89165551111, 89165552222")
    assert "There are several numbers in it" in answer.text
