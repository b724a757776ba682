"""The first users' page and script beside obzvon: theirs on our files, and ours on theirs."""

import json
from datetime import date, time
from pathlib import Path

import pytest

from obzvon.asterisk.callfile import CallFileTemplate
from obzvon.documents.store import phones_document, schedule_document
from obzvon.domain.calls import CallForm
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone, list_candidates
from obzvon.domain.schedule import Schedule
from tests.support.first_users_page import PageOfFirstUsers
from tests.support.first_users_script import call_files, starts_at

PLAN = NumberingPlan()
MONDAY = date(2026, 11, 23)
FORMS = {False: CallForm("avtoobzvon"), True: CallForm("avtoobzvon-ivr", "6122103")}


def our_call_files(phones: list[Phone]) -> dict[str, str]:
    return {
        row.number: CallFileTemplate(FORMS[bool(row.code)]).render(row.number, row.code).decode()
        for row in list_candidates(phones, PLAN, date(2026, 11, 28))
        if row.skipped is None
    }


@pytest.mark.parametrize(
    "number",
    ["89161111111", "8 (916) 111-11-11", "+7 916 111 11 11", "79161111111", "9161111111", "8-495-123-45-67"],
)
@pytest.mark.parametrize("code", ["", "01", " 12 ", "205#", "1w2"])
def test_the_script_calls_from_our_list_as_we_do(tmp_path: Path, number: str, code: str) -> None:
    document = phones_document(tmp_path / "todo.json", PLAN)
    document.save([Phone("0", number, code, "Ёлкин «Груз» 🚚", extra={"заметка": "и"})], "")
    assert call_files(document.path) == our_call_files(document.load().data) != {}


def test_every_row_of_ours_has_what_the_page_and_the_script_read(tmp_path: Path) -> None:
    path = tmp_path / "todo.json"
    path.write_text('{"0":{"0":89161111111},"1":{"0":"89162222222","1":null},"2":["89163333333"],"3":{"1":5}}')
    document = phones_document(path, PLAN)
    loaded = document.load()
    document.save([*loaded.data, Phone("4", "777")], loaded.revision)
    rows = json.loads(path.read_bytes())
    assert [(row["0"], row["1"]) for row in rows.values()] == [
        ("89161111111", ""),
        ("89162222222", ""),
        ("89163333333", ""),
        ("", "5"),
        ("777", ""),
    ]


def test_we_call_from_the_pages_list_as_the_script_does(tmp_path: Path) -> None:
    document = phones_document(tmp_path / "todo.json", PLAN)
    document.save([Phone("0", "89161111111"), Phone("1", "89502222222", "1")], "")
    page = PageOfFirstUsers(tmp_path)
    page.add("89033333333", "*2")
    page.edit("0", "89164444444", "")
    page.delete("1")
    ours = our_call_files(document.load().data)
    assert ours == call_files(document.path)
    assert sorted(ours) == ["89033333333", "89164444444"]


def test_a_number_of_the_page_that_begins_with_79_is_dialled_with_89(tmp_path: Path) -> None:
    document = phones_document(tmp_path / "todo.json", PLAN)
    document.save([], "")
    PageOfFirstUsers(tmp_path).add("79161111111", "")
    assert list(call_files(document.path)) == ["79161111111"]
    loaded = document.load()
    assert list(our_call_files(loaded.data)) == ["89161111111"]
    document.save([*loaded.data, Phone("9", "777")], loaded.revision)
    assert list(call_files(document.path)) == ["89161111111", "777"]


@pytest.mark.parametrize("start", [None, time(0, 5), time(9), time(23, 59)])
def test_the_script_starts_by_our_schedule(tmp_path: Path, start: time | None) -> None:
    document = schedule_document(tmp_path / "schedule.json")
    document.save(Schedule((start, *(time(12, 34),) * 6), {date(2026, 12, 31): None}), "")
    assert starts_at(document.path, MONDAY) == start
    assert starts_at(document.path, date(2026, 11, 29)) == time(12, 34)


def test_the_pages_schedule_keeps_our_dates(tmp_path: Path) -> None:
    document = schedule_document(tmp_path / "schedule.json")
    week = Schedule((time(9), *(None,) * 6), {date(2026, 12, 31): None})
    document.save(week, "")
    PageOfFirstUsers(tmp_path).save_week(["10:00", *["00:00"] * 6, "Array"])
    assert document.load().data == Schedule((time(10), *(None,) * 6), week.dates)


def test_a_spoilt_schedule_of_the_page_is_told_and_not_guessed(tmp_path: Path) -> None:
    document = schedule_document(tmp_path / "schedule.json")
    document.save(Schedule((time(9), *(None,) * 6)), "")
    PageOfFirstUsers(tmp_path).save_week(["", *["00:00"] * 6])
    loaded = document.load()
    assert loaded.data.times[0] is None
    assert "no time" in str(loaded.notes[0])
