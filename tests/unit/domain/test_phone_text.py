"""Phone numbers in a text as people write it: every one is found, with its code and the words beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phone_text import find_phones

RUSSIA = NumberingPlan("RU")


def numbers(text: str) -> list[str]:
    """The numbers of a text as they would be dialled."""
    return [RUSSIA.normalize(phone.number) for phone in find_phones(text, RUSSIA).phones]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("8 495 111-11-11 доб.123", "123"),
        ("8(495)1111111#123", "123"),
        ("84951111111*123", "123"),
        ("84951111111,,123", "123"),
        ("84951111111;ext=123", "123"),
        ("84951111111w123", "123"),
        ("84951111111 ext 123", "123"),
        ("84951111111 x123", "123"),
        ("8 495 111 11 11 (вн. 123)", "123"),
        ("8 495 111 11 11 [доб 0792]", "0792"),
        ("8 495 111 11 11 (доб. 0792)", "0792"),
        ("+7-495-111-11-11 доб 12-34", "1234"),
        ("8 495 111-11-11 доб. 12 34", "1234"),
        ("8 (495) 111-11-11, доп. 205", "205"),
        ("8 (495) 111-11-11, добавочный номер 205", "205"),
        ("8 (495) 111-11-11 доб.№205#", "205#"),
        ("8 (495) 111-11-11 донабор: 1w2", "1w2"),
        ("8 (495) 111-11-11\nвнутренний 12", "12"),
    ],
)
def test_an_extension_code_is_divided_from_its_number(text: str, code: str) -> None:
    found = find_phones(text, RUSSIA)
    assert [(RUSSIA.normalize(phone.number), phone.code, phone.words) for phone in found.phones] == [
        ("84951111111", code, "")
    ]
    assert not found.rest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8 495 111-11-11 (123)", "123"),  # a code or a room: nobody guesses
        ("8 495 111-11-11 этаж 3", "этаж 3"),
        ("8 495 111-11-11 до 18:00", "до 18:00"),
        ("8 495 111-11-11 доб", "доб"),
    ],
)
def test_other_digits_behind_a_number_are_no_code(text: str, words: str) -> None:
    (phone,) = find_phones(text, RUSSIA).phones
    assert (RUSSIA.normalize(phone.number), phone.code, phone.words or phone.kind) == ("84951111111", "", words)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("моб: 8-916-111-11-11", "моб", ""),
        ("т. 8-916-111-11-11", "", ""),
        ("тел.8(916)111-11-11", "", ""),
        ("8-916-111-11-11 (Иван)", "", "Иван"),
        ("89161111111 моб", "моб", ""),
        ("8 916 111 11 11 жена", "", "жена"),
        ("сот.89161111111", "сот", ""),
        ("м.т. 8 916 111 11 11", "м.т", ""),
        ("8-916-111-11-11.", "", ""),
        ("+7 916 111-11-11;", "", ""),
        ("tel:+79161111111", "", ""),
        ("8(916/111-11-11", "", ""),
        ("8_916_111_11_11", "", ""),
        ("8*916*111*11*11", "", ""),
        ("8~916~111~11~11", "", ""),
        ("[8] 916 111 11 11", "", ""),
        ("8—916—111—11—11", "", ""),
        ("89161111111,", "", ""),
        ("8,916,111,11,11", "", ""),
        ("№ 89161111111", "", ""),
        ("8 916 111-11-11 ☎", "", ""),
        ("WhatsApp +7 916 111-11-11", "WhatsApp", ""),
        ("+8 916 111-11-11", "", ""),
        ("\u202a+7 916 111\u201111\u201111\u202c", "", ""),
        ("8\xa0916\xa0111\xad11\u200b11", "", ""),
        ("1. 89161111111", "", ""),
        ("Иванов И.И. - 8-916-111-11-11", "", "Иванов И.И."),
        ("Иванов89161111111", "", "Иванов"),
        ("(8-916-111-11-11)", "", ""),
        ("+7 (916) 111-11-11 раб. Карпов Олег (муж)", "раб", "Карпов Олег (муж)"),
        ("05.12.2026 89161111111", "", "05.12.2026"),
        ("звонить после 10 89161111111", "", "звонить после 10"),
    ],
)
def test_one_number_with_words_or_marks_around_it_is_found(text: str, kind: str, words: str) -> None:
    found = find_phones(text, RUSSIA)
    assert [(RUSSIA.normalize(phone.number), phone.code, phone.kind, phone.words) for phone in found.phones] == [
        ("89161111111", "", kind, words)
    ]
    assert not found.rest


@pytest.mark.parametrize(
    "text",
    [
        "8-916-111-11-11, 8-495-111-11-11",
        "8 916 111-11-11 / 8 495 111-11-11",
        "8-916-111-11-11/8-495-111-11-11",
        "8 916 111-11-11\n8 495 111-11-11",
        "8(916)1111111 8(495)1111111",
        "89161111111; 84951111111",
        "89161111111 и 84951111111",
        "8 916 111-11-11 ::: 8 (495) 111-11-11",
        "8 916 111 11 11 8 495 111 11 11",
        "9161111111 4951111111",
        "+79161111111+74951111111",
        "89161111111|84951111111",
        "1) 89161111111 2) 84951111111",
        "89161111111\u202884951111111",
    ],
)
def test_several_numbers_of_a_text_are_found_in_order(text: str) -> None:
    assert numbers(text) == ["89161111111", "84951111111"]


def test_words_belong_to_the_number_that_they_stand_beside() -> None:
    for text, words in {
        "Сомов 89161111111, Щукин 84951111111": ["Сомов", "Щукин"],
        "89161111111 Сомов\n84951111111 Щукин": ["Сомов", "Щукин"],
        "Сомов 89161111111 Щукин 84951111111": ["Сомов", "Щукин"],
        "89161111111 Сомов 84951111111 Щукин": ["Сомов", "Щукин"],
        "89161111111(Сомов) 84951111111(Щукин)": ["Сомов", "Щукин"],
        "1. Сомов 89161111111  2. Щукин 84951111111": ["Сомов", "Щукин"],
        "1) Сомов 89161111111; 2) Щукин 84951111111": ["Сомов", "Щукин"],
        "1.Сомов - 89161111111\n2.Щукин - 84951111111": ["Сомов", "Щукин"],
        "1. 89161111111 Сомов 2. 84951111111 Щукин": ["Сомов", "Щукин"],
        "9) 89161111111 Сомов, 10) 84951111111 Щукин": ["Сомов", "Щукин"],
    }.items():
        assert [phone.words for phone in find_phones(text, RUSSIA).phones] == words, text
    found = find_phones("моб 89161111111 раб 84951111111 доб 12", RUSSIA)
    assert [(phone.kind, phone.code) for phone in found.phones] == [("моб", ""), ("раб", "12")]
    assert find_phones("Сомов, водитель, 89161111111", RUSSIA).rest == "Сомов, водитель"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("8-916-777-77-77, 77-77-78", ["8-916-777-77-77", "77-77-78"]),
        ("8916111111", ["8916111111"]),
        ("891611111111", ["891611111111"]),
        ("8 916 111-11-1 Сомов", ["8 916 111-11-1"]),
        ("тел. 222333", ["222333"]),
        ("т.2-22-33", ["2-22-33"]),
        ("+380 67 123 45 67, +998901234567", ["+380 67 123 45 67", "+998901234567"]),
        ("380671234567", ["380671234567"]),
        ("00380671234567", ["00380671234567"]),
        ("8 10 380 67 123 45 67", ["8 10 380 67 123 45 67"]),
        ("8 000 111 11 11", ["8 000 111 11 11"]),
        ("8 809 111 11 11", ["8 809 111 11 11"]),
        ("8,91612E+10", ["8,91612E+10"]),
        ("89161111111.0", ["89161111111.0"]),
        ("8 (495) 111-11-11 доп. 222-33-44", ["8 (495) 111-11-11", "222-33-44"]),
        ("٨٩١٦١٢٣٤٥٦٧ Сомов", ["٨٩١٦١٢٣٤٥٦٧"]),
        ("8916123456O", ["8916123456"]),
    ],
)
def test_a_number_that_cannot_be_called_is_found_too(text: str, written: list[str]) -> None:
    assert [phone.number for phone in find_phones(text, RUSSIA).phones] == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Сомов Иван",
        "05.12.2026",
        "30.12.2026 10",
        "2026-12-05",
        "05/12/2026 10:30",
        "ул. Ленина, дом 5, кв 12",
        "ИНН 7712345678",
        "договор № 89161111111",
        "паспорт 45 10 123456",
        "40702810123456789012",
        "1500,50",
        "А123ВС77",
        "101",
        "доб. 12",
        "8916\n1234567",
        "8916\0001234567",
    ],
)
def test_other_digits_are_no_phone_numbers_and_stay_in_the_words(text: str) -> None:
    found = find_phones(text, RUSSIA)
    assert not found.phones
    assert "".join(found.rest.split()) == "".join(text.replace("\0", "").split())


def test_the_switchboards_own_numbers_are_a_text_of_their_own() -> None:
    plan = NumberingPlan("RU", internal=r"1\d\d")
    assert [phone.number for phone in find_phones("121", plan).phones] == ["121"]
    assert [phone.number for phone in find_phones("89161111111 доб. 101", plan).phones] == ["89161111111"]
    assert not find_phones("дом 121", plan).phones


def test_texts_of_other_countries() -> None:
    for region, text, dialled in (
        ("DE", "030 123456 / 0151 23456789", ["030123456", "015123456789"]),
        ("UA", "моб. 067 123 45 67, 044 123-45-67 вн. 12", ["0671234567", "0441234567"]),
        ("KZ", "8 701 111 11 11; +7 (727) 222-22-22", ["87011111111", "87272222222"]),
        ("US", "(212) 555-0123 x12 or 212-555-0124", ["12125550123", "12125550124"]),
    ):
        plan = NumberingPlan(region)
        assert [plan.normalize(phone.number) for phone in find_phones(text, plan).phones] == dialled


FORMS = ("8{}{}{}{}", "+7 ({}) {}-{}-{}", "8-{}-{}-{}-{}", "8 {} {} {} {}", "{}{}{}{}", "8({}){}{}{}", "7{}{}{}{}")
DIVIDERS = (", ", ",", "; ", ";", "\n", "\r\n", " / ", "/", " и ", " ::: ", "|", "\t", "  ", ",\n", " или ")
NAMES = ("", " Сомов", " (Щукин П.)", " моб.", " жена", " — раб")


@st.composite
def phones(draw: st.DrawFn) -> tuple[str, str]:
    """A number as somebody writes it, and as it is dialled."""
    digits = draw(st.sampled_from(("916", "903", "495", "812"))) + str(draw(st.integers(2_000_000, 9_999_999)))
    parts = digits[:3], digits[3:6], digits[6:8], digits[8:]
    return draw(st.sampled_from(FORMS)).format(*parts) + draw(st.sampled_from(NAMES)), "8" + digits


@given(st.lists(phones(), min_size=1, max_size=6), st.sampled_from(DIVIDERS))
def test_any_numbers_written_one_after_another_are_all_found(given_phones: list[tuple[str, str]], by: str) -> None:
    assert numbers(by.join(written for written, _ in given_phones)) == [dialled for _, dialled in given_phones]


@given(st.text(st.sampled_from("0123456789+-() .,;/\nдобмобxw#*Иван:\u202a\xa0"), max_size=60))
def test_any_text_is_read_and_none_of_its_digits_is_lost(text: str) -> None:
    found = find_phones(text, RUSSIA)
    digits = sorted(char for char in text if char.isdigit())
    kept = sorted(
        char
        for phone in found.phones
        for part in (phone.number, phone.code, phone.kind, phone.words)
        for char in part
        if char.isdigit()
    ) + sorted(char for char in found.rest if char.isdigit())
    assert sorted(kept) == digits or any(mark in text for mark in ".)")  # the number of an entry is left out: "2)"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("201-00-53, 54", ["201-00-54"]),
        ("8 (831) 201-00-53, 54", ["8 (831) 201-00-54"]),
        ("8 (831) 201-00-55/56", ["8 (831) 201-00-56"]),
        ("8 831 201-00-53-54-55", ["8 831 201-00-54", "8 831 201-00-55"]),
        ("8 831 201-00-53 (54)", ["8 831 201-00-54"]),
        ("8 831 201-00-53 или 54", ["8 831 201-00-54"]),
        ("8 831 201-00-53 и 54", ["8 831 201-00-54"]),
        ("8 831 201-00-53 по 55", ["8 831 201-00-55"]),
        ("8 831 201-00-53...55", ["8 831 201-00-55"]),
        ("8 831 201-00-53, 01-54; 55", ["8 831 201-01-54", "8 831 201-00-55"]),
        ("(8312) 20-10-53, 54, 55", ["(8312) 20-10-54", "(8312) 20-10-55"]),
        ("8 495 201-0053, 0054", ["8 495 201-0054"]),
        ("84952010053, 54", ["84952010054"]),
        ("тел. 201-00-53,-54,-55", ["201-00-54", "201-00-55"]),
        ("8 495 201-00-53, 54 (офис), 8 916 111-11-11", ["8 495 201-00-54"]),
        ("8 495 201-00-53, 54, 8 916 111-11-11, 12", ["8 495 201-00-54", "8 916 111-11-12"]),
    ],
)
def test_a_shortened_further_number_is_found_with_what_it_may_be(text: str, whole: list[str]) -> None:
    found = find_phones(text, RUSSIA)
    assert [phone.whole for phone in found.phones if phone.whole] == whole
    assert all(phone.words in ("", "офис") for phone in found.phones)


@pytest.mark.parametrize(
    "text",
    [
        "89161111111, 45",
        "89161111111, 1985",
        "8 916 111-11-11, 2",
        "8 916 111-11-11, 12:30",
        "8 495 201-00-53 доб. 54",
        "8 495 201-00-53, кв. 54",
        "8 495 201-00-53, 54 года",
        "8 495 201-00-53 с 9 до 18",
        "8 495 201-00-53 (812)",
        "8 495 201-00-53, 201-00-54",
        "Иванов, 54, 8 495 201-00-53",
    ],
)
def test_an_age_a_year_an_hour_and_a_flat_are_no_further_number(text: str) -> None:
    assert not any(phone.whole for phone in find_phones(text, RUSSIA).phones)
