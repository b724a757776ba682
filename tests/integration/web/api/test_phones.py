"""The list, for programs: what is read, what is changed, and that nobody's change is lost."""

import codecs
import json
from typing import Any

import pytest
from flask import Flask

from obzvon.settings.model import Settings
from tests.support.editor import ROWS, Browser, rows, write

PHONES = "/api/v1/phones"


def listed(browser: Browser, query: str = "") -> dict[str, Any]:
    return dict(browser.send("GET", PHONES + query).get_json())


def revision(browser: Browser) -> str:
    return str(browser.get(PHONES).headers["ETag"])


def faults(answer: Any) -> dict[str, str]:
    assert answer.mimetype == "application/problem+json"
    return {
        fault.get("pointer") or fault.get("parameter") or fault.get("header"): fault["detail"]
        for fault in answer.get_json()["errors"]
    }


def test_the_list_is_read_with_each_rows_state_and_reason(operator: Browser) -> None:
    found = listed(operator)
    assert [(row["row"], row["dials"], row["state"]) for row in found["rows"]] == [
        ("0", "89161111111", "called"),
        ("1", "89502222222", "paused"),
        ("3", "89163333333", "called"),
        ("4", "", "refused"),
        ("5", "89161111111", "twice"),
    ]
    assert found["rows"][3]["reason"] == "too short: 3 digits where 11 are expected"
    assert found["rows"][3] | {"dials": "", "state": "", "reason": ""} == {
        "row": "4",
        "number": "777",
        "code": "context 22",
        "name": "",
        "paused": False,
        "paused_from": "",
        "paused_until": "",
        "dials": "",
        "state": "",
        "reason": "",
    }
    assert found["counts"] == {"called": 2, "paused": 1, "refused": 1, "twice": 1}
    assert (found["total"], found["found"], found["page"], found["pages"]) == (5, 5, 1, 1)
    assert operator.get(PHONES).headers["ETag"] == f'"{found["revision"]}"'


def test_reasons_are_in_the_language_that_is_asked_for(operator: Browser) -> None:
    def reason(**headers: str) -> str:
        answer = operator.client.get(f"{PHONES}/4", headers={**operator.login, **headers})
        assert answer.headers["Vary"] == "Accept-Language"
        return str(answer.get_json()["reason"])

    russian = "слишком короткий"
    assert russian in reason(**{"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.8"})
    assert russian in reason()
    assert russian in reason(**{"Accept-Language": "de"})
    assert "too short" in reason(**{"Accept-Language": "en-US,en;q=0.9"})


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("?only=trouble", "45"),
        ("?only=paused", "1"),
        ("?q=иванов", "05"),
        ("?q=%2B7 916 333-33", "3"),
        ("?limit=2", "01"),
        ("?limit=2&page=3", "5"),
        ("?limit=2&page=4", ""),
        ("?sort=name&limit=1", "5"),
        ("?down=true", "54310"),
        ("?down=1&limit=1", "5"),
    ],
)
def test_rows_are_searched_filtered_and_sorted_as_on_the_page(operator: Browser, query: str, keys: str) -> None:
    assert [row["row"] for row in listed(operator, query)["rows"]] == list(keys)


def test_all_invalid_parameters_are_reported_at_once(operator: Browser) -> None:
    answer = operator.get(PHONES + "?page=0&limit=x&only=nobody&down=perhaps&sort=&q=" + "x" * 201)
    assert answer.status_code == 400
    assert set(faults(answer)) == {"page", "limit", "only", "down", "sort", "q"}
    answer = operator.send("GET", PHONES + "?page=0&only=nobody&onyl=paused")
    assert faults(answer) == {
        "onyl": "There is no such parameter; there are: q, only, sort, down, page, limit",
        "page": "A whole number from 1 to 1000000000 is expected",
        "only": "One of these is expected: all, paused, trouble",
    }


def test_a_revision_that_the_client_has_is_not_sent_again(operator: Browser) -> None:
    answer = operator.get(PHONES, **{"If-None-Match": revision(operator)})
    assert (answer.status_code, answer.data) == (304, b"")


@pytest.mark.parametrize("key", ["3", "a b/c", "é?#%"])
def test_one_row_is_read_by_its_key(operator: Browser, settings: Settings, key: str) -> None:
    write(settings, {**ROWS, key: {"0": "89165555555", "1": "12"}})
    from urllib.parse import quote

    assert operator.get(f"{PHONES}/{quote(key)}").get_json()["dials"] == "89165555555"
    assert operator.get(f"{PHONES}/nobody").status_code == 404


# -- PUT


def test_a_whole_list_takes_the_place_of_the_old_one(operator: Browser, settings: Settings) -> None:
    answer = operator.send(
        "PUT",
        PHONES,
        {
            "rows": [
                {"row": "3", "number": "+7 916 333-33-33", "name": "Петрова А."},
                {"number": "8 916 555 55 55", "code": "12"},
                {"row": "9", "number": "89166666666", "paused": True},
            ]
        },
        If_Match=revision(operator),
    )
    assert answer.status_code == 200, answer.text
    said = answer.get_json()
    assert (said["total"], said["added"], said["changed"], said["deleted"]) == (3, 2, 1, 4)
    assert [(row["row"], row["state"]) for row in said["rows"]] == [("10", "called"), ("9", "paused"), ("3", "called")]
    assert said["counts"]["called"] == 2
    assert answer.headers["ETag"] == f'"{said["revision"]}"' == revision(operator)
    assert rows(settings) == {
        "3": {"0": "89163333333", "1": "", "name": "Петрова А."},
        "10": {"0": "89165555555", "1": "12"},
        "9": {"0": "89166666666", "1": "", "paused": True},
    }


def test_rows_can_be_put_back_as_they_came_and_nothing_is_changed(operator: Browser, settings: Settings) -> None:
    before = settings.phones.read_bytes()
    answer = operator.send("PUT", PHONES, {"rows": listed(operator)["rows"]}, If_Match=revision(operator))
    assert (answer.status_code, answer.get_json()["changed"]) == (200, 0)
    assert settings.phones.read_bytes() == before


def test_what_other_programs_wrote_into_a_row_stays_in_it(operator: Browser, settings: Settings) -> None:
    found = listed(operator)["rows"]
    found[3]["name"] = "справочная"
    operator.send("PUT", PHONES, {"rows": found}, If_Match=revision(operator))
    assert rows(settings)["4"] == {"0": "777", "1": "context 22", "name": "справочная", "note": "kept"}


def test_a_list_without_keys_is_numbered_the_same_way_each_time(operator: Browser, settings: Settings) -> None:
    body = {"rows": [{"number": "89165555555"}, {"number": "89166666666"}]}
    for changes in (5, 0):
        answer = operator.send("PUT", PHONES, body, If_Match=revision(operator))
        assert answer.get_json()["added"] + answer.get_json()["changed"] + answer.get_json()["deleted"] == changes
        assert list(rows(settings)) == ["0", "1"]


def test_another_order_is_a_change_too(operator: Browser, settings: Settings) -> None:
    operator.send("PUT", PHONES, {"rows": listed(operator)["rows"][::-1]}, If_Match=revision(operator))
    assert list(rows(settings)) == ["5", "4", "3", "1", "0"]


def test_a_page_of_the_list_is_not_taken_for_the_whole(operator: Browser, settings: Settings) -> None:
    before = settings.phones.read_bytes()
    answer = operator.send("PUT", PHONES, listed(operator, "?limit=2"), If_Match=revision(operator))
    assert answer.status_code == 422
    assert faults(answer)["#/page"] == "There is no such field; there are: rows, another_code"
    assert settings.phones.read_bytes() == before


def test_all_errors_of_a_list_are_reported_at_once_with_their_rows(operator: Browser, settings: Settings) -> None:
    before = settings.phones.read_bytes()
    answer = operator.send(
        "PUT",
        PHONES,
        {
            "rows": [
                {"row": "0", "number": "12345", "code": "x"},
                {"row": "4", "number": "777", "code": "context 22"},
                {"row": "new", "number": "89165555555"},
                {"row": "4", "number": "777", "code": "context 22"},
                {"number": "89165555556", "name": "a\u202eb"},
                {"number": ""},
            ]
        },
        If_Match=revision(operator),
    )
    assert answer.status_code == 422
    assert {(fault["pointer"], fault.get("row")) for fault in answer.get_json()["errors"]} == {
        ("#/rows/0/number", "0"),
        ("#/rows/0/code", "0"),
        ("#/rows/2/row", "new"),
        ("#/rows/3/row", "4"),
        ("#/rows/4/name", None),
        ("#/rows/5/number", None),
    }
    assert faults(answer)["#/rows/0/number"] == "Too short: 5 digits where 11 are expected"
    assert settings.phones.read_bytes() == before


def test_all_fields_of_the_wrong_type_are_reported_at_once(operator: Browser) -> None:
    answer = operator.send(
        "PUT",
        PHONES,
        {
            "rows": [{"number": 89161111111, "paused": "yes"}, {}, "89161111111", {"number": "89161111111", "fone": 1}],
            "a/b~": 0,
        },
        If_Match=revision(operator),
    )
    assert faults(answer) == {
        "#/rows/0/number": "A text, in quotes, is expected",
        "#/rows/0/paused": "true or false is expected",
        "#/rows/1/number": "It is missing",
        "#/rows/2": "An object is expected",
        "#/rows/3/fone": "There is no such field; there are: number, code, name, paused, paused_from, "
        "paused_until, row, dials, state, reason",
        "#/a~1b~0": "There is no such field; there are: rows, another_code",
    }
    assert operator.send("PUT", PHONES, [], If_Match="*").status_code == 422
    assert faults(operator.send("PUT", PHONES, {"rows": {}}, If_Match="*")) == {"#/rows": "A list is expected"}


def test_a_list_with_a_number_twice_is_refused(operator: Browser, settings: Settings) -> None:
    before = settings.phones.read_bytes()
    sent = [{"number": "89165555555"}, {"number": "+7 916 555-55-55"}, {"number": "89166666666", "code": "1"}]
    sent.append({"number": "8 (916) 666-66-66", "code": "2"})
    answer = operator.send("PUT", PHONES, {"rows": sent}, If_Match=revision(operator))
    assert faults(answer) == {
        "#/rows/0/number": "It is in the list already: row 1",
        "#/rows/1/number": "It is in the list already: row 0",
        "#/rows/2/number": "The list has this number with another code: 2, row 3",
        "#/rows/3/number": "The list has this number with another code: 1, row 2",
    }
    assert settings.phones.read_bytes() == before
    meant = {"rows": sent[1:], "another_code": True}
    assert operator.send("PUT", PHONES, meant, If_Match=revision(operator)).status_code == 200
    again = {"rows": [*sent[1:], {"number": "89167777777"}]}  # codes that the list has by now are nothing new
    assert operator.send("PUT", PHONES, again, If_Match=revision(operator)).status_code == 200
    once_more = {"rows": [*sent[1:], sent[2]], "another_code": True}
    assert list(faults(operator.send("PUT", PHONES, once_more, If_Match=revision(operator)))) == [
        "#/rows/1/number",
        "#/rows/3/number",
    ]


def test_duplicates_that_a_list_has_may_stay_in_it(operator: Browser, settings: Settings) -> None:
    settings.phones.write_text('{"0": {"0": "89161111111", "1": ""}, "1": {"0": "+7 916 111-11-11", "1": ""}}')
    found = listed(operator)["rows"]
    found[1]["name"] = "Сомов"
    assert operator.send("PUT", PHONES, {"rows": found}, If_Match=revision(operator)).status_code == 200
    found.append({"number": "89161111111"})
    answer = operator.send("PUT", PHONES, {"rows": found}, If_Match=revision(operator))
    assert answer.status_code == 422
    assert all(reason.startswith("It is in the list already") for reason in faults(answer).values())


def test_a_hundred_errors_are_reported_and_the_rest_counted(operator: Browser) -> None:
    answer = operator.send("PUT", PHONES, {"rows": [{"number": "1"}] * 250}, If_Match="*")
    assert (len(answer.get_json()["errors"]), answer.get_json()["more_errors"]) == (100, 150)
    for row in ({"number": "1"}, {"number": 1}):
        answer = operator.send("PUT", PHONES, {"rows": [row] * 5000}, If_Match="*")
        assert (len(answer.get_json()["errors"]), answer.get_json()["more_errors"]) == (100, 900)


def test_ever_so_many_empty_objects_do_not_fill_the_memory(operator: Browser) -> None:
    body = b'{"rows": [' + b"{}," * 2_000_000 + b"{}]}"
    answer = operator.client.put(
        PHONES, data=body, content_type="application/json", headers={**operator.login, "If-Match": "*"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"rows": [{"number": "\xff"}]}',
        b"[" * 100_000,
        b'{"rows": [{"number": "\\ud800"}]}',
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_is_refused_and_changes_nothing(operator: Browser, settings: Settings, body: bytes) -> None:
    before = settings.phones.read_bytes()
    answer = operator.client.put(
        PHONES, data=body, content_type="application/json", headers={**operator.login, "If-Match": "*"}
    )
    assert answer.status_code in (400, 422)
    assert answer.mimetype == "application/problem+json"
    assert settings.phones.read_bytes() == before


# -- PATCH


def test_rows_are_added_changed_and_deleted_in_one_step(operator: Browser, settings: Settings) -> None:
    answer = operator.send(
        "PATCH",
        PHONES,
        {
            "add": [{"number": "8 (916) 555-55-55", "name": "Новый"}, {"number": "89161111119"}],
            "change": {"1": {"paused": False}, "4": {"name": "справочная"}},
            "delete": ["5"],
        },
        If_Match=revision(operator),
    )
    assert answer.status_code == 200, answer.text
    assert [(row["row"], row["state"]) for row in answer.get_json()["rows"]] == [
        ("6", "called"),
        ("7", "called"),
        ("1", "called"),
        ("4", "refused"),
    ]
    after = rows(settings)
    assert list(after) == ["0", "1", "3", "4", "6", "7"]
    assert after["4"] == {"0": "777", "1": "context 22", "name": "справочная", "note": "kept"}
    assert after["1"] == {"0": "89502222222", "1": "1"}


def test_a_number_that_the_list_has_is_refused_and_with_another_code_unless_that_is_meant(
    operator: Browser, settings: Settings
) -> None:
    before = settings.phones.read_bytes()
    add = [{"number": "+7 916 111-11-11"}, {"number": "89502222222", "code": "01"}, {"number": "89165555555"}]
    add.append({"number": "8 916 555 55 55"})
    answer = operator.send("PATCH", PHONES, {"add": add}, If_Match=revision(operator))
    assert faults(answer) == {
        "#/add/0/number": "It is in the list already: row 0 Иванов И. И.",
        "#/add/1/number": "The list has this number with another code: 1, row 1",
        "#/add/2/number": "It is in the list already: row 9",
        "#/add/3/number": "It is in the list already: row 8",
    }
    assert settings.phones.read_bytes() == before
    wanted = {"add": add[1:3], "another_code": True}
    assert operator.send("PATCH", PHONES, wanted, If_Match=revision(operator)).status_code == 200
    changed = {"change": {"0": {"number": "8 (950) 222-22-22"}}}
    assert "with another code" in operator.send("PATCH", PHONES, changed, If_Match=revision(operator)).text


def test_what_cannot_be_called_may_stay_and_not_be_made(operator: Browser, settings: Settings) -> None:
    before = settings.phones.read_bytes()
    answer = operator.send("PATCH", PHONES, {"change": {"4": {"number": "778"}}}, If_Match=revision(operator))
    assert faults(answer) == {"#/change/4/number": "Too short: 3 digits where 11 are expected"}
    assert settings.phones.read_bytes() == before
    assert (
        operator.send(
            "PATCH", PHONES, {"change": {"4": {"number": "777", "paused": True}}}, If_Match=revision(operator)
        ).status_code
        == 200
    )
    assert rows(settings)["4"]["paused"] is True


def test_missing_rows_are_reported_and_nothing_changes(operator: Browser, settings: Settings) -> None:
    before = settings.phones.read_bytes()
    answer = operator.send(
        "PATCH",
        PHONES,
        {"add": [{"number": "89165555555"}], "change": {"8": {"name": "x"}, "0": {"name": "y"}}, "delete": ["9", "0"]},
        If_Match=revision(operator),
    )
    assert faults(answer) == {
        "#/change/8": "There is no such row",
        "#/delete/0": "There is no such row",
        "#/delete/1": "A row cannot be changed and deleted at the same time",
    }
    assert settings.phones.read_bytes() == before


# -- revisions


@pytest.mark.parametrize(("method", "body"), [("PUT", {"rows": []}), ("PATCH", {"delete": ["0"]})])
def test_a_change_names_the_revision_that_it_is_based_on(
    operator: Browser, settings: Settings, method: str, body: object
) -> None:
    before, stale = settings.phones.read_bytes(), revision(operator)
    assert operator.send(method, PHONES, body).status_code == 428
    for wrong in ('"0"', "0", f"W/{stale}", "", '""', stale[:-2]):
        assert operator.send(method, PHONES, body, If_Match=wrong).status_code == 412, wrong
    operator.send("PATCH", PHONES, {"change": {"3": {"name": "newer"}}}, If_Match=stale)
    answer = operator.send(method, PHONES, body, If_Match=stale)
    assert answer.status_code == 412
    assert answer.headers["ETag"] == f'"{answer.get_json()["revision"]}"' == revision(operator)
    assert rows(settings)["3"]["name"] == "newer"
    assert settings.phones.read_bytes() != before
    assert operator.send(method, PHONES, body, If_Match=f'"0", {revision(operator)}').status_code == 200


def test_of_two_that_save_at_the_same_moment_one_is_refused(
    app: Flask, operator: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    based = revision(operator)
    shelf = app.extensions["obzvon"].phones
    save = shelf.save

    def late(*arguments: Any, **more: Any) -> str:
        write(settings, {"0": {"0": "89167777777", "1": ""}})  # by another program, after the revision was looked at
        return str(save(*arguments, **more))

    monkeypatch.setattr(shelf, "save", late)
    assert operator.send("PUT", PHONES, {"rows": []}, If_Match=based).status_code == 412
    assert list(rows(settings)) == ["0"]


def test_a_star_means_whatever_stands_there(operator: Browser, settings: Settings) -> None:
    assert operator.send("PUT", PHONES, {"rows": []}, If_Match="*").status_code == 200
    assert rows(settings) == {}


def test_a_missing_list_is_made_only_where_that_is_said(operator: Browser, settings: Settings) -> None:
    body = {"rows": [{"number": "89165555555"}]}
    assert operator.send("PUT", PHONES, body, If_None_Match="*").status_code == 412  # there is one
    settings.phones.unlink()
    assert operator.send("GET", PHONES).status_code == 404
    for condition in ({}, {"If_Match": "*"}, {"If_Match": '"0"'}, {"If_None_Match": '"0"'}):
        assert operator.send("PUT", PHONES, body, **condition).status_code in (412, 428)
    assert not settings.phones.exists()
    assert operator.send("PUT", PHONES, body, If_None_Match="*").status_code == 200
    assert list(rows(settings)) == ["0"]


def test_a_broken_list_says_so_and_is_replaced_only_by_who_names_it(operator: Browser, settings: Settings) -> None:
    write(settings, "{nonsense")
    answer = operator.send("GET", PHONES)
    assert answer.status_code == 500
    assert "it is not JSON" in answer.get_json()["detail"]
    assert operator.send("PATCH", PHONES, {"delete": ["0"]}, If_Match=answer.headers["ETag"]).status_code == 500
    body = {"rows": [{"number": "89165555555"}]}
    assert operator.send("PUT", PHONES, body, If_Match='"0"').status_code == 412
    assert operator.send("PUT", PHONES, body, If_Match=answer.headers["ETag"]).status_code == 200
    assert list(rows(settings)) == ["0"]


def test_a_failed_save_is_reported_and_nothing_is_lost(
    operator: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from obzvon.common import files

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before, based = settings.phones.read_bytes(), revision(operator)
    monkeypatch.setattr(files, "write_durably", full)
    answer = operator.send("PUT", PHONES, {"rows": []}, If_Match=based)
    assert answer.status_code == 500
    assert "No space left" in answer.get_json()["detail"]
    assert settings.phones.read_bytes() == before


# -- beside it


def test_changes_are_recorded_with_their_author(app: Flask, operator: Browser) -> None:
    operator.send("PATCH", PHONES, {"change": {"3": {"name": "Петрова А."}}}, If_Match="*")
    operator.send("PATCH", PHONES, {"change": {"3": {"name": "Петрова А."}}}, If_Match="*")  # changes nothing
    operator.send("PATCH", PHONES, {"add": [{"number": "89165555555"}], "delete": ["0", "1"]}, If_Match="*")
    found = app.extensions["obzvon"].journal().audit.latest(10)
    assert [(change.who, change.what.in_language("en")) for change in found] == [
        ("operator", "list: added 1, changed 0, deleted 2"),
        ("operator", "list: changed +7 916 333-33-33 Петрова to +7 916 333-33-33 Петрова А."),
    ]


@pytest.mark.slow
def test_a_list_of_megabytes_is_taken_and_a_greater_one_refused(operator: Browser) -> None:
    body = json.dumps({"rows": [{"number": f"8916{n:07}", "name": "x" * 100} for n in range(30_000)]})
    headers = {**operator.login, "If-Match": "*"}
    answer = operator.client.put(PHONES, data=body, content_type="application/json", headers=headers)
    assert len(body) > 3_000_000
    assert (answer.status_code, answer.get_json()["counts"]["called"]) == (200, 30_000)
    answer = operator.client.put(PHONES, data=body + " " * 20_000_000, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|'/c calc'!A0",
    "a\nb",
    "a\0b",
    "\u202egnp.exe",
    "../../etc/passwd",
    "Set-Cookie: x",
    "x" * 100_000,
    "89161111111\r\nChannel: x",
    "' OR 1=1 --",
    "{{7*7}}",
    "é" * 50,
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("field", ["number", "code", "name", "row"])
def test_hostile_text_is_refused_or_kept_as_it_is(operator: Browser, settings: Settings, field: str, text: str) -> None:
    answer = operator.send("PUT", PHONES, {"rows": [{"number": "89165555555", field: text}]}, If_Match="*")
    assert answer.status_code in (200, 422)
    assert (answer.mimetype or "").startswith("application/")
    if answer.status_code == 422 and field != "row":  # PATCH refuses it in the same words
        why = faults(answer)[f"#/rows/0/{field}"]
        body = {"add": [{"number": "89166666666", field: text}], "change": {"0": {field: text}}}
        found = faults(operator.send("PATCH", PHONES, body, If_Match="*"))
        assert found[f"#/add/0/{field}"] == found[f"#/change/0/{field}"] == why
    if answer.status_code == 200:
        assert field == "name"
        assert rows(settings)["0"]["name"] == text
        assert listed(operator)["rows"][0]["name"] == text
    else:
        assert "\0" not in answer.text


@pytest.mark.parametrize("code", ["205#", "1w2", "ww123", "*#"])
def test_codes_that_the_dialplan_sends_are_taken(operator: Browser, settings: Settings, code: str) -> None:
    answer = operator.send(
        "PATCH", PHONES, {"add": [{"number": "89165555555", "code": code}]}, If_Match=revision(operator)
    )
    assert (answer.status_code, answer.get_json()["rows"][0]["state"]) == (200, "called")
    assert rows(settings)["6"] == {"0": "89165555555", "1": code}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", PHONES, {"add": [{"number": "89165555555"}]}),
        ("PUT", PHONES, {"rows": [{"number": "89165555555"}]}),
        ("PUT", "/api/v1/week", {"monday": "09:00"}),
        ("POST", "/api/v1/run/stop", {"no such field": 1}),
        ("POST", "/api/v1/run/start", {"no such field": 1}),
        ("POST", "/api/v1/run/call", {"number": "1"}),
        ("POST", "/api/v1/run/pause", {"no such field": 1}),
        ("POST", "/api/v1/run/resume", {"no such field": 1}),
    ],
)
def test_a_byte_order_mark_changes_nothing(operator: Browser, method: str, path: str, body: object) -> None:
    plain = json.dumps(body).encode()
    answers = []
    for data in (codecs.BOM_UTF8 + plain, codecs.BOM_UTF8 * 2 + plain):
        headers = {**operator.login, "Accept-Language": "en", "If-Match": "*", "Content-Type": "application/json"}
        answer = operator.client.open(path, method=method, data=data, headers=headers, buffered=True)
        answers.append(answer.status_code)
    expected = 200 if "run" not in path and "phones" in path else 422
    assert answers == [expected, 400]
