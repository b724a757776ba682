"""What other programs read after a save: ASCII, and the number as it is dialled."""

import json
from datetime import date, time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.documents import json_codec, phones_json
from obzvon.documents.store import Document, phones_document, schedule_document
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan
from obzvon.domain.phones import Phone, find_withdrawn, list_candidates, number_to_dial, to_saved_form
from obzvon.domain.schedule import Schedule
from web.phone_index import PhoneIndexCache

PLAN = NumberingPlan()


def saved_rows(phones: list[Phone], plan: NumberingPlan = PLAN) -> dict[str, dict[str, object]]:
    rows: dict[str, dict[str, object]] = json.loads(phones_json.dump(phones, plan))
    return rows


@pytest.mark.parametrize("name", ["Иванов И. И.", "Ёлкина «Груз»", "🚚 дом", "naïve\u2028", "\x7f"])
def test_every_name_is_saved_in_ascii_and_read_back(name: str) -> None:
    data = phones_json.dump([Phone("0", "89161111111", "", name, extra={name: [name]})])
    assert data.isascii()
    assert json.loads(data)["0"]["name"] == name
    assert phones_json.parse(data)[0][0].name == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_is_ascii_whatever_the_text(text: str) -> None:
    data = json_codec.encode({text: text})
    assert data.isascii()
    assert json.loads(data) == {text: text}


def test_a_schedule_with_words_of_its_own_is_saved_in_ascii(tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    path.write_text('{"1":"09:00","заметка":"до праздников"}', "utf-8")
    document = schedule_document(path)
    document.save(Schedule((time(10), *(None,) * 6)), document.load().revision)
    assert path.read_bytes().isascii()
    assert json.loads(path.read_bytes())["заметка"] == "до праздников"


@pytest.mark.parametrize(
    ("typed", "saved"),
    [
        ("8 (916) 555-55-55", "89165555555"),
        ("+7 916 555-55-55", "89165555555"),
        ("79165555555", "89165555555"),
        ("9165555555", "89165555555"),
        (" 89165555555\u00a0", "89165555555"),
        ("8-495-123-45-67", "84951234567"),
        ("89165555555", "89165555555"),
        ("777", "777"),
        ("8 (916) 555-55", "8 (916) 555-55"),
        ("Иванов", "Иванов"),
        ("+375 29 123-45-67", "+375 29 123-45-67"),
    ],
)
def test_a_number_is_saved_as_it_is_dialled_if_it_is(typed: str, saved: str) -> None:
    assert saved_rows([Phone("0", typed)])["0"] == {"0": saved, "1": ""}
    assert saved_rows([Phone("0", typed, paused=True)])["0"]["0"] == saved


def test_a_code_is_saved_as_it_is_sent_and_a_row_with_a_wrong_one_as_it_was_typed() -> None:
    rows = saved_rows([Phone("0", "8 916 555-55-55", " 12 "), Phone("1", "8 916 555-55-55", "context 22")])
    assert rows == {"0": {"0": "89165555555", "1": "12"}, "1": {"0": "8 916 555-55-55", "1": "context 22"}}


def test_keys_of_others_stay_beside_a_number_in_another_form() -> None:
    row = phones_json.parse(b'{"7":{"0":"8 (916) 555-55-55","1":7,"note":{"a":[1.50]},"name":7}}')[0]
    assert saved_rows(row)["7"] == {"0": "89165555555", "1": "7", "name": "7", "note": {"a": [1.5]}}


@given(
    st.sampled_from(["RU", "DE", "BY", "PL", "IT", "US", "KZ", "GB", "IL"]),
    st.text(alphabet="0123456789+ -()", max_size=16),
)
def test_a_saved_number_is_dialled_as_before(region: str, typed: str) -> None:
    plan = NumberingPlan(region, foreign=True, premium=True)
    phone = Phone("0", typed)
    saved = to_saved_form(phone, plan)
    assert to_saved_form(saved, plan) == saved
    try:
        dialled = number_to_dial(phone, plan)
    except InvalidNumberError:
        assert saved is phone
    else:
        assert number_to_dial(saved, plan) == dialled


@pytest.mark.parametrize("written", ["84.51234567", "495.1234567", "8.9161111111e10", "-89161111111", "89161111111.0"])
def test_a_fraction_is_never_a_number(written: str) -> None:
    [phone] = phones_json.parse(f'{{"0":{{"0":{written},"1":""}}}}'.encode())[0]
    [row] = list_candidates([phone], PLAN, date(2026, 11, 28))
    assert (row.number, row.phone.number) == ("", written)
    assert row.skipped
    assert find_withdrawn([phone], PLAN, date(2026, 11, 28), [("84512345670", "")])
    assert phones_json.dump([phone], PLAN).decode() == f'{{\n"0": {{"0":{written},"1":""}}\n}}\n'


def test_a_fraction_that_is_typed_again_is_a_number() -> None:
    [phone] = phones_json.parse(b'{"0":{"0":84.51234567,"1":""}}')[0]
    typed = msgspec.structs.replace(phone, number="8 845 123-45-67")
    assert saved_rows([typed])["0"]["0"] == "88451234567"


def test_the_index_holds_what_a_save_has_written(tmp_path: Path) -> None:
    cache = PhoneIndexCache(phones_document(tmp_path / "todo.json", PLAN), PLAN, lambda: date(2026, 11, 28))
    revision = cache.save([Phone("0", "8 (916) 555-55-55"), Phone("1", "777")], "")
    read = cache.document.load()
    assert (cache.current().phones, cache.current().revision) == (read.data, revision)
    assert [phone.number for phone in read.data] == ["89165555555", "777"]


def test_undo_saves_in_that_form_too(tmp_path: Path) -> None:
    path = tmp_path / "todo.json"
    path.write_bytes('{"0":{"0":"8 (916) 555-55-55","1":"","name":"Ёж"}}'.encode("cp1251"))
    document: Document[list[Phone]] = phones_document(path, PLAN)
    emptied = document.save([], document.load().revision)
    document.undo(emptied)
    assert path.read_bytes() == b'{\n"0": {"0":"89165555555","1":"","name":"\\u0401\\u0436"}\n}\n'
