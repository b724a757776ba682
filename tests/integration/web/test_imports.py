"""Import and export of the list: what is looked at is what is taken in, in one save."""

import html
import io
import itertools
import re
import threading
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from obzvon.common.i18n import set_language
from obzvon.settings.model import Settings
from obzvon.spreadsheets import subprocess_reader
from tests.support import workbooks as books
from tests.support.editor import ROWS, SAVED_ROWS, SUNDAY, Browser, rows, value, write
from tests.support.import_pages import asked, form, post, ready, send, ticked
from tests.support.made_up_people import workbook
from tests.support.profile import thinned
from tests.support.workbooks import active_sheet
from web.app import create_app
from web.imports.drafts import Drafts
from web.imports.jobs import ImportJob

NEW = "Номер;Имя\n89165555555;Новый\n"
MIXED = (
    "Номер;Код;Имя\n89165555555;;Новый\n+7 916 111-11-11;;Иванов И. И.\n89163333333;;Петрова А. С.\n"
    "777;;Короткий\n79165555555;;Он же\n7,9E+10;;Excel\n;;\n"
)


def counts(text: str) -> dict[str, int]:
    return {
        kind: int(number)
        for kind, number in re.findall(r'verdict v-(\w+)"><details><summary><span class="num much">(\d+)<', text)
    }


def drafts(settings: Settings) -> list[Path]:
    return sorted((settings.source / ".drafts").glob("*/draft.json"))


# -- the way of a file


def test_a_file_is_looked_at_taken_in_recorded_and_undone(app: Flask, operator: Browser, settings: Settings) -> None:
    before = settings.phones.read_bytes()
    address = send(operator, MIXED)
    page = ready(operator, address)
    assert counts(page.text) == {"new": 1, "changed": 1, "same": 1, "twice": 1, "refused": 2, "empty": 1}
    for text in (
        "too short: 3 digits",
        "what a spreadsheet made of a number",
        "the same number as in row 2",
        "Import: new 1, changed 1",
        "UTF-8",
    ):
        assert text in page.text
    assert settings.phones.read_bytes() == before
    told = post(operator, address, page.text, "/take")
    assert "Imported: 1 new number, 1 changed" in told.text
    after = rows(settings)
    assert after["6"] == {"0": "89165555555", "1": "", "name": "Новый"}
    assert after["3"] == {"0": "89163333333", "1": "", "name": "Петрова А. С."}
    assert after["4"] == {"0": "777", "1": "context 22", "note": "kept"}
    assert list(after) == [*ROWS, "6"]
    set_language("en")
    (change,) = app.extensions["obzvon"].journal().audit.latest(5)
    assert (change.who, str(change.what)) == ("operator", "imported: 1 new, 1 changed, from drivers.csv")
    operator.post("/phones/undo")
    assert rows(settings) == SAVED_ROWS


def test_rows_that_are_left_over_stay_to_be_mended_and_are_taken_in_afterwards(
    operator: Browser, settings: Settings
) -> None:
    address = send(operator, MIXED)
    left = post(operator, address, ready(operator, address).text, "/take")
    assert "Rows to correct" in left.text
    assert "Skip 2 rows" in left.text
    assert counts(left.text) == {"refused": 2}
    assert "Not finished yet" in operator.get("/phones/import").text
    checked = post(operator, address, left.text, **{"number-5": "89167777777", "number-7": "", "name-7": ""})
    assert counts(checked.text) == {"new": 1, "empty": 1}
    done = post(operator, address, checked.text, "/take")
    assert "Imported: 1 new number" in done.text
    assert rows(settings)["7"] == {"0": "89167777777", "1": "", "name": "Короткий"}
    assert drafts(settings) == []
    assert "no longer exists" in operator.client.get(address, headers=operator.login, follow_redirects=True).text


def test_a_message_and_its_undo_are_kept_for_the_page_after_the_one_that_waits(
    app: Flask, operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = send(operator, NEW)
    ready(operator, address)
    jobs, phones = app.extensions["obzvon.imports"].jobs, app.extensions["obzvon"].phones
    with operator.client.session_transaction() as session:
        session["_flashes"] = [("undo", "Imported: 1 new number")]
    with monkeypatch.context() as slow:
        slow.setattr(jobs, "job_for", lambda draft: ImportJob(draft, phones.current()))
        waiting = operator.get(address).text
        assert "You can leave this page" in waiting
        assert "Imported" not in waiting
    assert "Imported: 1 new number" in operator.get(address).text


def test_rows_are_mended_before_anything_is_taken_in(operator: Browser, settings: Settings) -> None:
    address = send(operator, MIXED)
    page = ready(operator, address)
    asked = post(operator, address, page.text, "/take", **{"number-5": "89167777777"})
    assert "look at the counts" in asked.text
    assert counts(asked.text)["new"] == 2
    assert rows(settings) == ROWS
    post(operator, address, asked.text, "/take", whole="1")
    assert [row["0"] for row in rows(settings).values()][5:] == ["89165555555", "89167777777", "89165555555", "7,9E+10"]
    assert drafts(settings) == []


def test_rows_of_which_none_can_be_called_are_taken_in_as_they_are_when_that_is_meant(
    operator: Browser, settings: Settings
) -> None:
    address = send(operator, "Номер;Имя\n778;x\n")
    page = ready(operator, address)
    assert "Import 1 row as it is" in page.text
    assert "There was nothing to import" in post(operator, address, page.text, "/take").text
    post(operator, address, ready(operator, address).text, "/take", whole="1")
    assert rows(settings)["6"] == {"0": "778", "1": "", "name": "x"}


def test_rejected_rows_can_be_downloaded_with_their_reasons(operator: Browser) -> None:
    address = send(operator, MIXED)
    ready(operator, address)
    answer = operator.get(address + "/refused.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "Number;Extension code;Name;Pause;Reason"
    assert lines[1] == "777;;Короткий;no;too short: 3 digits where 11 are expected"
    assert len(lines) == 3


def test_columns_are_chosen_by_the_operator(operator: Browser, settings: Settings) -> None:
    address = send(operator, "x;y\n89165555555;12\n")
    page = ready(operator, address)
    assert form(page.text)["role-0"] == "number"
    wrong = post(operator, address, page.text, **{"role-0": "", "role-1": "name"})
    assert "Choose the column" in wrong.text or "choose the column" in wrong.text
    assert counts(wrong.text) == {}
    right = post(operator, address, wrong.text, head="1", **{"role-0": "number", "role-1": "code"})
    assert counts(right.text) == {"new": 1}
    post(operator, address, right.text, "/take", **ticked(right.text))
    assert rows(settings)["6"] == {"0": "89165555555", "1": "12"}


TITLED = "Водители;;;\n№;А;Б;В\n1;1А;89165555555;12\n2;2Б;8916;5\n3;3В;89165555557;7\n"
COLUMNS = {"head": "2", "role-1": "name", "role-3": "code"}


def choices(text: str) -> dict[str, object]:
    """The head row, roles and way that a page shows."""
    return {name: text for name, text in form(text).items() if name in ("head", "mode") or name.startswith("role-")}


def chosen_one_by_one(text: str) -> list[dict[str, object]]:
    """The three requests of a page on which three fields are changed before it is answered."""
    fields, sent = form(text), []
    for number, name in enumerate(COLUMNS, 1):
        fields = {**fields, name: COLUMNS[name], "choice": f"tab-{number}"}
        sent.append(fields)
    return sent


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_choices_made_before_an_answer_has_come_are_all_kept_in_whatever_order_they_arrive(
    operator: Browser, order: tuple[int, ...]
) -> None:
    address = send(operator, TITLED)
    requests = chosen_one_by_one(ready(operator, address).text)
    for number in order:
        operator.client.post(address, data=requests[number], headers=operator.login)
    assert COLUMNS.items() <= choices(ready(operator, address).text).items()


def test_choices_that_are_handled_at_the_same_time_are_all_kept(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = send(operator, TITLED)
    requests = chosen_one_by_one(ready(operator, address).text)
    together, get = threading.Barrier(len(requests)), Drafts.get

    def get_together(*arguments: object) -> object:
        found = get(*arguments)  # type: ignore[arg-type]
        together.wait(30)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Drafts, "get", get_together)
        threads = [
            threading.Thread(target=operator.client.application.test_client().post, args=(address,), kwargs=sent)
            for sent in ({"data": one, "headers": operator.login} for one in reversed(requests))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert COLUMNS.items() <= choices(ready(operator, address).text).items()


def test_a_late_request_of_an_older_page_undoes_nothing(operator: Browser) -> None:
    address = send(operator, TITLED)
    first, second, third = chosen_one_by_one(ready(operator, address).text)
    operator.client.post(address, data=second, headers=operator.login)
    page = ready(operator, address)
    newer = {**form(page.text), "role-1": "", "role-3": "name", "choice": "tab-4"}
    operator.client.post(address, data=newer, headers=operator.login)
    operator.client.post(address, data=first, headers=operator.login)
    assert choices(ready(operator, address).text) == {name: newer[name] for name in choices(page.text)}
    operator.client.post(address, data={**third, "choice": "other-1"}, headers=operator.login)
    assert choices(ready(operator, address).text)["role-3"] == "code"  # chosen in another tab


def test_a_choice_is_taken_back_before_it_is_answered(operator: Browser) -> None:
    for order in ((0, 1), (1, 0)):
        address = send(operator, TITLED)
        page = ready(operator, address)
        fields = form(page.text)
        sent = [{**fields, "role-1": "name", "choice": "t-1"}, {**fields, "head": "2", "choice": "t-2"}]
        for number in order:
            operator.client.post(address, data=sent[number], headers=operator.login)
        assert choices(ready(operator, address).text) == {**choices(page.text), "head": "2"}


def test_a_correction_outlives_a_late_choice(operator: Browser) -> None:
    address = send(operator, TITLED)
    page = post(operator, address, ready(operator, address).text, **COLUMNS)
    assert counts(page.text) == {"new": 2, "refused": 1}
    fields = form(page.text)
    late = {**fields, "mode": "replace", "choice": "t-1"}
    corrected = {**late, "number-4": "89165555556", "choice": "t-2"}
    for sent in (corrected, late, {**late, "choice": ""}):
        operator.client.post(address, data=sent, headers=operator.login)
    assert counts(ready(operator, address).text)["new"] == 3


def test_another_sheet_drops_the_choices_of_the_one_before_but_not_the_way(operator: Browser) -> None:
    data = books.book(["89161111111", "Иванов И. И."], Второй=[["89165555555"], ["89165555556"]])
    address = send(operator, data, "a.xlsx")
    fields = form(ready(operator, address).text)
    sent = [{**fields, "sheet": "1", "choice": "t-1"}, {**fields, "sheet": "1", "mode": "replace", "choice": "t-2"}]
    operator.client.post(address, data=sent[1], headers=operator.login)
    operator.client.post(address, data={**sent[0], "role-0": ""}, headers=operator.login)
    page = ready(operator, address).text
    assert counts(page)["new"] == 2
    assert choices(page) == {"head": "0", "role-0": "number", "mode": "replace"}


def test_columns_are_pasted_from_a_spreadsheet(operator: Browser, settings: Settings) -> None:
    answer = operator.post(
        "/phones/import", page="/phones/import", pasted="89165555555\t\tНовый\r\n\r\n777\t\tx", follow=False
    )
    address = re.sub(r"\?.*", "", answer.headers["Location"])
    page = ready(operator, address)
    assert counts(page.text)["new"] == 1
    post(operator, address, page.text, "/take")
    assert rows(settings)["6"]["name"] == "Новый"


def test_a_sheet_is_chosen_and_read_anew(operator: Browser) -> None:
    data = books.book(["89161111111", "Иванов И. И."], Второй=[["89165555555"], ["89165555556"]])
    address = send(operator, data, "a.xlsx")
    page = ready(operator, address)
    assert counts(page.text) == {"same": 1}
    other = post(operator, address, page.text, sheet="1")
    assert counts(ready(operator, address).text) == {"new": 2}
    assert other.status_code == 200


def test_what_excel_made_of_the_numbers_is_recognised_or_refused_by_row(operator: Browser) -> None:
    made = openpyxl.Workbook()
    for row in (
        ["Телефон", "ФИО"],
        [79165555555.0, "float"],
        ["7.9165555556E+10", "exact"],
        ["7,9E+10", "lost"],
        [8916555555.5, "fraction"],
        ["=A1", "formula"],
    ):
        active_sheet(made).append(row)
    stream = io.BytesIO()
    made.save(stream)
    page = ready(operator, send(operator, stream.getvalue(), "x.xlsx"))
    assert counts(page.text) == {"new": 2, "refused": 3}
    assert "formula in it has no value" in page.text


# -- replacing


def test_replacing_the_list_asks_who_goes_and_keeps_the_keys_of_who_stays(
    operator: Browser, settings: Settings
) -> None:
    address = send(operator, "Номер;Имя\n89165555555;Новый\n777;старая\n+7 916 333-33-33;Петрова\n")
    page = post(operator, address, ready(operator, address).text, mode="replace")
    assert counts(page.text) == {"new": 1, "same": 1, "gone": 4, "refused": 1}
    asked = post(operator, address, page.text, "/take")
    assert "Remove 4 numbers from the list?" in asked.text
    assert "The list will have 2 numbers" in asked.text
    assert rows(settings) == ROWS
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.text)
    fields = {name: html.unescape(text) for name, text in hidden}
    answer = operator.client.post(address + "/take", data={**fields, "sure": "1"}, headers=operator.login)
    assert answer.status_code == 303
    assert rows(settings) == {"6": {"0": "89165555555", "1": "", "name": "Новый"}, "3": SAVED_ROWS["3"]}
    operator.post("/phones/undo")
    assert rows(settings) == SAVED_ROWS


def test_nobody_replaces_the_list_by_an_empty_one(operator: Browser, settings: Settings) -> None:
    address = send(operator, "Номер\n1\n")
    page = post(operator, address, ready(operator, address).text, mode="replace")
    answer = post(operator, address, page.text, "/take", sure="1")
    assert "The list would be empty" in answer.text
    assert rows(settings) == ROWS


# -- two at once, and what is in the way


def test_a_list_that_was_changed_meanwhile_leads_to_a_fresh_look_and_loses_nothing(
    operator: Browser, settings: Settings
) -> None:
    address = send(operator, MIXED)
    page = post(operator, address, ready(operator, address).text, **{"number-5": "89167777777"})
    write(settings, {**ROWS, "9": {"0": "89165555555", "1": "", "name": "Новый"}})
    told = post(operator, address, page.text, "/take")
    assert "Somebody else has changed the list" in told.text
    assert counts(told.text)["new"] == 1
    assert len(rows(settings)) == 6
    post(operator, address, told.text, "/take")
    assert rows(settings)["10"]["0"] == "89167777777"


def test_a_change_between_the_look_and_the_save_is_seen(
    operator: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = send(operator, NEW)
    page = ready(operator, address)
    other = {**ROWS, "9": {"0": "89168888888", "1": ""}}
    dump = operator.client.application.extensions["obzvon"].phones.document.save

    def late(*arguments: object, **more: object) -> str:
        write(settings, other)
        return str(dump(*arguments, **more))

    monkeypatch.setattr(operator.client.application.extensions["obzvon"].phones.document, "save", late)
    assert "Somebody else has changed the list" in post(operator, address, page.text, "/take").text
    assert rows(settings) == other


def test_a_save_that_fails_changes_nothing_and_keeps_the_draft(
    operator: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = send(operator, NEW)
    page = ready(operator, address)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("obzvon.common.files.write_durably", full)
        answer = post(operator, address, page.text, "/take")
        assert answer.status_code == 500
        assert "No space left" in answer.text
    assert rows(settings) == ROWS
    assert "Imported" in post(operator, address, ready(operator, address).text, "/take").text


def test_without_room_for_a_draft_that_is_said_and_never_of_a_list_that_is_saved(
    operator: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    address = send(operator, MIXED)
    page = ready(operator, address)
    with monkeypatch.context() as patch:
        patch.setattr(Drafts, "save", full)
        told = operator.client.post(
            address, data={**form(page.text), "number-5": "89167777777"}, headers=operator.login
        )
        assert told.status_code == 500
        assert "The file cannot be stored: No space left" in told.text
        assert rows(settings) == ROWS
        done = post(operator, address, page.text, "/take")
        assert "Imported: 1 new number" in done.text
    assert len(rows(settings)) == len(ROWS) + 1


def test_a_form_of_an_older_look_is_checked_before_it_is_taken(operator: Browser, settings: Settings) -> None:
    address = send(operator, MIXED)
    old = ready(operator, address).text
    post(operator, address, old, **{"number-5": "89167777777"})
    assert "look at the counts" in post(operator, address, old, "/take").text
    assert rows(settings) == ROWS


def test_a_draft_is_its_owners_alone(app: Flask, operator: Browser, viewer: Browser) -> None:
    address = send(operator, MIXED)
    ready(operator, address)
    other = Browser(app, "administrator")
    for browser in (other, viewer):
        for path in (address, address + "/progress", address + "/refused.csv"):
            assert browser.get(path).headers["Location"] == "/phones/import"
        assert "drivers.csv" not in browser.get("/phones/import").text
    other.post(address + "/discard")
    other.post(address + "/take")
    assert ready(operator, address).status_code == 200
    for key in ("../todo.json", "0" * 32, "A" * 32, "..%2f..", "%00"):
        assert operator.get(f"/phones/import/{key}").status_code in (302, 404)


def test_two_people_import_at_once(app: Flask, operator: Browser, settings: Settings) -> None:
    other = Browser(app, "administrator")
    one, two = send(operator, NEW), send(other, NEW.replace("5555", "6666"))
    first, second = ready(operator, one).text, ready(other, two).text
    post(operator, one, first, "/take")
    again = post(other, two, second, "/take")
    assert "Somebody else has changed the list" in again.text
    post(other, two, again.text, "/take")
    assert [row["0"] for row in rows(settings).values()][5:] == ["89165555555", "89166666555"]


def test_a_restart_in_the_middle_loses_no_draft(
    operator: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = threading.Event()
    with monkeypatch.context() as cut_off:
        cut_off.setattr(subprocess_reader, "read_upload", lambda *_, **__: stopped.wait(60))
        address = send(operator, MIXED)
        assert "import-progress" in operator.get(address).text
        assert '<meta http-equiv="refresh"' in operator.get(address).text
        assert operator.get(address + "/progress").status_code == 200
        restarted = Browser(create_app(settings, clock=lambda: SUNDAY), "operator")
    try:
        assert "drivers.csv" in restarted.get("/phones/import").text
        assert counts(ready(restarted, address).text)["new"] == 1
    finally:
        stopped.set()


def test_only_the_last_files_are_held_in_memory_and_others_are_judged_again(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.imports.jobs._ROWS", 3)
    jobs = app.extensions["obzvon.imports"].jobs
    people = [Browser(app, name) for name in ("operator", "administrator")]
    addresses = [send(browser, NEW) for browser in people]
    for number, (browser, address) in enumerate(zip(people * 2, addresses * 2, strict=True)):
        assert counts(ready(browser, address).text) == {"new": 1}
        assert len(jobs) == 1 or number < 2


def test_drafts_last_a_day_and_are_few_and_small(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [SUNDAY]
    operator = Browser(create_app(settings, clock=lambda: now[0]), "operator")
    addresses = []
    for number in range(5):
        addresses.append(send(operator, NEW, f"{number}.csv"))
        now[0] += timedelta(seconds=1)
    assert len(drafts(settings)) == 3
    assert operator.get(addresses[0]).status_code == 302
    assert all(not path.stat().st_mode & 0o007 for path in (settings.source / ".drafts").rglob("*") if path.is_file())
    now[0] += timedelta(hours=23)
    assert operator.get(addresses[4]).status_code == 200
    now[0] += timedelta(hours=2)
    assert operator.get(addresses[4]).status_code == 302
    send(operator, NEW)
    assert len(drafts(settings)) == 1
    monkeypatch.setattr("web.imports.drafts.BYTES", 10)
    token = value(operator.get("/phones/import").text, "token")
    answer = operator.client.post(
        "/phones/import", headers=operator.login, data={"token": token, "file": (io.BytesIO(b"1"), "x")}
    )
    assert answer.status_code == 503
    assert len(drafts(settings)) == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (books.package(books.cell("XFD1048576", "1")), "here is something in row 1048576"),
        (b"PK\x03\x04", "workbook is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it again as .xlsx"),
        (b"a\0b", "zero byte"),
        (b"\n\n", "there is nothing in it"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_reason_and_put_away(
    operator: Browser, settings: Settings, data: bytes, says: str
) -> None:
    address = send(operator, data, "<b>x.xlsx")
    answer = ready(operator, address)
    assert answer.status_code == 422
    assert says in answer.text
    assert "<b>x" not in answer.text
    operator.post(address + "/discard", page=address)
    assert drafts(settings) == []


@pytest.mark.slow
def test_nothing_chosen_nothing_in_it_or_too_much_is_told_beside_the_field(
    operator: Browser, settings: Settings
) -> None:
    assert "Choose a file first" in operator.post("/phones/import", page="/phones/import").text
    answer = operator.post("/phones/import", page="/phones/import", pasted=" \n")
    assert answer.status_code == 422
    assert "Paste the rows first" in answer.text
    token = value(answer.text, "token")

    def large(path: str, **fields: object) -> TestResponse:
        border, body = encode_multipart({"token": token, **fields})
        return operator.client.post(
            path, headers=operator.login, data=body, content_type=f"multipart/form-data; boundary={border}"
        )

    for size, status, says in (
        (0, 422, "The file is empty"),
        (20_000_001, 422, "larger than 20 MB"),
        (21_000_000, 413, "too much at once"),
    ):
        answer = large("/phones/import", file=FileStorage(io.BytesIO(b"1" * size), "x.csv"))
        assert answer.status_code == status
        assert says in answer.text
    assert large("/phones/import", pasted="1" * 21_000_000).status_code == 413
    assert large("/phones/import", pasted="1\n" * 2_000_000).status_code == 303
    operator.post(f"/phones/import/{drafts(settings)[0].parent.name}/discard")
    assert large("/phones/add", name="1" * 2_100_000).status_code == 413
    assert large("/phones/delete", file=FileStorage(io.BytesIO(b"1" * 2_100_000), "x.csv")).status_code == 413
    assert drafts(settings) == []


@pytest.mark.parametrize(
    "hostile",
    thinned(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "=cmd|' /C calc'!A0",
            "{{ 7*7 }}",
            "%(x)s {0}",
            "\u202egnp",
            "a\x07b",
            "'\n'",
        ],
        4,
    ),
)
def test_hostile_cells_and_choices_are_stored_or_refused_and_never_run(
    operator: Browser, settings: Settings, hostile: str
) -> None:
    cells = [["Номер", hostile], [hostile, hostile], ["89165555555", hostile]]
    rows_of = [
        f'<row>{"".join(f"""<c t="inlineStr"><is><t>{_escaped(text)}</t></is></c>""" for text in row)}</row>'
        for row in cells
    ]
    address = send(operator, books.package("".join(rows_of)), re.sub(r'[\n"]', "", hostile) + ".xlsx")
    page = ready(operator, address)
    strange = {
        "role-1": "name",
        "head": hostile,
        "sheet": hostile,
        "mode": hostile,
        "number-2": hostile,
        "name-2": hostile,
        "number-99": hostile,
        "role-999": "number",
        "page": hostile,
        "whole": hostile,
    }
    for answer in (page, post(operator, address, page.text, **strange)):
        assert answer.status_code == 200
        assert not re.search(r"<script>|<img src=x", answer.text)
        assert not re.search(r"\u202e|\x07", re.sub(r'value="[^"]*"', "", answer.text))  # a field has what it has
    taken = post(operator, address, operator.get(address).text, "/take", **strange)
    assert taken.status_code == 200
    post(operator, address, taken.text, "/take", whole="1")
    stored = rows(settings)
    assert {key: stored[key] for key in ROWS} == {key: stored[key] for key in ROWS}
    assert not re.search(r"<script>|<img src=x|\u202e|\x07", operator.get("/phones").text)


def test_a_viewer_is_offered_no_import_but_an_export(viewer: Browser) -> None:
    page = viewer.get("/phones").text
    assert "/phones/import" not in page
    assert "/phones/export/xlsx" in page
    assert "An operator can import" in viewer.get("/phones/import").text
    assert viewer.get("/phones/export/csv").status_code == 200


def test_during_a_run_it_is_said_what_will_change_in_it(app: Flask, operator: Browser) -> None:
    app.extensions["obzvon"].active_run = type("Run", (), {"state": "running"})
    text = ready(operator, send(operator, NEW)).text
    assert "A run is in progress." in text
    assert "New numbers are called from the next run on" in text


# -- export


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_an_export_is_imported_as_the_same_list(app: Flask, settings: Settings, kind: str, language: str) -> None:
    write(
        settings,
        {
            **SAVED_ROWS,
            "7": {"0": "0012", "1": "007", "name": "=1+1", "paused": True},
            "8": {"0": "89160000001", "1": "", "name": "'=1"},
            "9": {"0": "", "1": "", "name": 'ООО "Груз";\nсклад'},
        },
    )
    before = rows(settings)
    browser = Browser(app, "operator", language=language)
    answer = browser.get(f"/phones/export/{kind}")
    assert f"attachment; filename=obzvon-2026-11-22.{kind}" in answer.headers["Content-Disposition"]
    address = send(browser, answer.data, f"list.{kind}")
    assert counts(ready(browser, address).text) == {"same": 8}
    write(settings, {"1": ROWS["1"], "20": {"0": "89169999999", "1": ""}})
    page = post(browser, address, ready(browser, address).text, mode="replace")
    post(browser, address, page.text, "/take", whole="1", sure="1")

    def said(listed: dict[str, dict[str, object]]) -> list[list[object]]:
        return [[str(row["0"]), str(row["1"]), row.get("name", ""), bool(row.get("paused"))] for row in listed.values()]

    assert said(rows(settings)) == said(before)
    assert list(rows(settings))[1] == "1"


def _escaped(text: str) -> str:
    from obzvon.spreadsheets.cell_text import escape_xml_text

    return escape_xml_text(text).replace("&", "&amp;").replace("<", "&lt;")


# -- questions


ASKED = (
    "ФИО;Телефон;Домашний;Статус;Доб.;Примечание\n"
    "Сомов Иван;8 916 555-00-01;8 495 111-11-11;работает;;\n"
    "Щукин Пётр;8 950 222-22-22;;работает;01;\n"
    "Карпов Олег;8 916 555-00-03;;уволен;12;просил не звонить\n"
    "Ершов Лев;#Н/Д;;в отпуске;;жена 8 916 555-00-09\n"
)


def test_everything_that_can_be_read_in_two_ways_is_asked_before_it_is_imported(
    operator: Browser, settings: Settings
) -> None:
    address = send(operator, ASKED)
    page = ready(operator, address)
    offered = asked(page.text)
    words = [name for name in offered if name.startswith("answer-word-3-")]
    assert set(offered) == {*words, "answer-remarks", "answer-further", "answer-other-code"}
    assert [offered[name] for name in words] == [["paused", "called", "silent"]] * 2
    assert offered["answer-other-code"] == ["keep", "file", "both"]
    for text in (
        "“работает”: 3 rows",
        "“уволен”: 1 row",
        "in the list, code 01 in the file",
        "1 phone number in column F",
        "1 row without a phone number",
    ):
        assert text in html.unescape(re.sub(r"<[^>]+>", "", page.text)), text
    refused = post(operator, address, page.text, "/take", **ticked(page.text))
    assert refused.status_code == 422
    assert refused.text.count("Answer first") == len(offered)
    assert rows(settings) == ROWS
    answers = {words[0]: "called", words[1]: "paused", "answer-remarks": "paused", "answer-further": "all"}
    answered = post(operator, address, page.text, **answers, **{"answer-other-code": "keep"})
    assert counts(answered.text)["new"] == 3
    waiting = post(operator, address, answered.text, "/take")
    assert waiting.status_code == 422
    assert "Confirm: 1 number gets an extension code" in html.unescape(waiting.text)
    assert rows(settings) == ROWS
    post(operator, address, answered.text, "/take", **ticked(answered.text))
    added = list(rows(settings).values())[len(ROWS) :]
    assert [(row["0"], row["1"], row.get("paused", False)) for row in added] == [
        ("89165550001", "", False),
        ("84951111111", "", False),
        ("89165550003", "12", True),
    ]


@pytest.mark.parametrize(
    ("answer", "codes"), [("keep", ["1"]), ("file", ["01"]), ("both", ["1", "01"])], ids=["list", "file", "both"]
)
def test_a_number_under_another_code_is_kept_changed_or_added_as_chosen(
    operator: Browser, settings: Settings, answer: str, codes: list[str]
) -> None:
    write(settings, {"1": {"0": "89502222222", "1": "1", "name": "Груз", "note": "kept"}, "2": ROWS["0"]})
    address = send(operator, "Номер;Добавочный код;Имя;Пауза\n89502222222;01;Груз;нет\n89165555555;;Новый;\n")
    page = ready(operator, address)
    assert "Answer first" in post(operator, address, page.text, "/take", **ticked(page.text)).text
    chosen = post(operator, address, page.text, **{"answer-other-code": answer})
    post(operator, address, chosen.text, "/take", **ticked(chosen.text))
    listed = rows(settings)
    assert [row["1"] for row in listed.values() if row["0"] == "89502222222"] == codes
    assert listed["1"]["note"] == "kept"


def towns(*names: str) -> bytes:
    """A workbook with two people on a sheet of each town."""
    heading = ["ФИО", "Телефон"]
    sheets = [
        (name, [heading, *[["Сомов", f"89165{town}0000{place}"] for place in range(2)]])
        for town, name in enumerate(names)
    ]
    return workbook(("Итоги", [["Людей", 6]]), *sheets)


def test_each_sheet_follows_the_one_before_it(operator: Browser, settings: Settings) -> None:
    write(settings, {})
    address = send(operator, towns("Москва", "Тверь", "Рязань"), "towns.xlsx")
    page = ready(operator, address)
    assert "After it the sheet “Тверь” opens: 4 phone numbers on other sheets" in html.unescape(page.text)
    page = post(operator, address, page.text, turn="3")
    assert "· sheet “Рязань”" in page.text
    for number, following in (("89165200000", "Москва"), ("89165000000", "Тверь")):
        page = post(operator, address, page.text, "/take", **ticked(page.text))
        assert number in [row["0"] for row in rows(settings).values()]
        assert f"· sheet “{following}”" in page.text
    assert "phone numbers on other sheets" not in page.text
    done = post(operator, address, page.text, "/take", **ticked(page.text))
    assert "Imported: 2 new numbers" in done.text
    assert len(rows(settings)) == 6
    assert drafts(settings) == []


def test_people_of_other_sheets_are_not_removed_unsaid(operator: Browser, settings: Settings) -> None:
    write(settings, {"0": {"0": "89165100000", "1": "", "name": "Сомов", "paused": True}})
    address = send(operator, towns("Москва", "Тверь"), "towns.xlsx")
    page = post(operator, address, ready(operator, address).text, mode="replace")
    ticks = ticked(page.text)
    assert ticks.pop("sure-sheets") == "2"
    refused = post(operator, address, page.text, "/take", **ticks)
    assert "Confirm: 2 phone numbers are on other sheets" in html.unescape(refused.text)
    assert len(rows(settings)) == 1


def test_rows_that_are_skipped_do_not_end_the_other_sheets(operator: Browser, settings: Settings) -> None:
    sheets = [
        (name, [["ФИО", "Телефон"], ["Сомов", f"8916555000{at}"], ["Язев", "8916"]]) for at, name in enumerate("АБ")
    ]
    address = send(operator, workbook(*sheets), "two.xlsx")
    left = post(operator, address, ready(operator, address).text, "/take")
    assert "Skip 1 row" in left.text
    operator.post(address + "/discard", page=address)
    page = ready(operator, address)
    assert "· sheet “Б”" in page.text
    assert counts(page.text)["new"] == 1


SHAPE = "Кто;Связь;Прочее\n" + "".join(f"Сомов;8916555000{place};8495555000{place}\n" for place in range(4))


def chosen(text: str) -> list[str]:
    """The roles of the columns as the page has them."""
    fields = form(text)
    return [str(fields[f"role-{place}"]) for place in range(3)]


def test_the_columns_that_were_chosen_are_those_of_the_next_such_file(operator: Browser, settings: Settings) -> None:
    address = send(operator, SHAPE)
    page = post(operator, address, ready(operator, address).text, **{"role-2": ""})
    assert chosen(page.text) == ["name", "number", ""]
    post(operator, address, page.text, "/take", **ticked(page.text))
    following = SHAPE.replace("5550", "5551")
    address = send(operator, following)
    page = ready(operator, address)
    assert "those that you chose earlier for a file like this one (today, Sunday, 22\xa0November)" in page.text
    assert chosen(page.text) == ["name", "number", ""]
    assert "4 phone numbers in column C" in re.sub(r"<[^>]+>", "", page.text)
    judged = post(operator, address, page.text, **{"judge-again": "1", "answer-further": "all"})
    assert "as you chose" not in judged.text
    assert chosen(judged.text) == ["name", "number", "number"]
    all_of_them = post(operator, address, judged.text, **{"answer-further": "all"})
    post(operator, address, all_of_them.text, "/take", **ticked(all_of_them.text))
    assert len(rows(settings)) == len(ROWS) + 4 + 8
    page = ready(operator, send(operator, following.replace("5551", "5552")))
    assert "as you chose" not in page.text
    assert chosen(page.text) == ["name", "number", "number"]


def test_columns_that_were_chosen_are_not_taken_where_the_cells_contradict(
    operator: Browser, settings: Settings
) -> None:
    address = send(operator, SHAPE)
    page = post(operator, address, ready(operator, address).text, **{"role-2": ""})
    post(operator, address, page.text, "/take", **ticked(page.text))
    turned = "Кто;Связь;Прочее\n" + "".join(f"Сомов;рейс {place};8916777000{place}\n" for place in range(4))
    page = ready(operator, send(operator, turned))
    assert "this one (today, Sunday, 22\xa0November) do not fit it" in page.text
    assert chosen(page.text) == ["name", "", "number"]
    (settings.source / ".drafts" / "layouts.json").write_text("broken")
    assert ready(operator, send(operator, SHAPE.replace("5550", "5553"))).status_code == 200


def test_people_without_a_phone_are_counted_after_the_import(operator: Browser) -> None:
    address = send(operator, "ФИО;Телефон\nСомов;89165550001\nЩукин;\nЯзев;нет\n")
    done = post(operator, address, ready(operator, address).text, "/take")
    assert "Imported: 1 new number, 2 rows have no phone number" in done.text


def test_rows_that_are_skipped_are_counted(operator: Browser, settings: Settings) -> None:
    address = send(operator, "89165550001\n8916\n8917\n")
    left = post(operator, address, ready(operator, address).text, "/take", **ticked(ready(operator, address).text))
    assert "Skip 2 rows" in left.text
    assert "2 rows were not imported" in operator.post(address + "/discard", page=address).text


def test_a_column_with_further_numbers_is_taken_by_one_click(operator: Browser, settings: Settings) -> None:
    text = "ФИО;Телефон;Примечание\n" + "".join(f"Сомов;8916555000{place};\n" for place in range(5))
    address = send(operator, text + "Язев;89165550008;жена 89165550009\n")
    page = ready(operator, address)
    assert "Take this column as well" in page.text
    more = post(operator, address, page.text, also="2")
    assert counts(more.text)["new"] == 7
