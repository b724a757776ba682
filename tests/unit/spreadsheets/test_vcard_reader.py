"""Contacts out of a telephone: one row for each number of a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.spreadsheets.csv_reader import read_csv

CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\n{}\r\nEND:VCARD\r\n"


def rows(text: str, encoding: str = "utf-8") -> list[list[str]]:
    """The cells below the headings."""
    found: list[list[str]] = []
    table = read_csv(text.encode(encoding), lambda row: found.append(row.cells))
    assert str(table.form) == "contacts (vCard)"
    assert found[0][:2] == ["Имя", "Телефон"]
    return found[1:]


def test_each_number_of_a_person_is_a_row() -> None:
    text = CARD.format(
        "N:Сомов;Иван;;;\r\nFN:Иван Сомов\r\nTEL;TYPE=CELL:+7 916 111-11-11\r\nTEL;TYPE=WORK,VOICE:84951111111"
    ) + CARD.format("FN:Пётр Щукин\r\nORG:ООО Груз;Склад\r\nNOTE:звонить\\, до 18\r\nTEL:8-916-222-22-22")
    assert rows(text) == [
        ["Иван Сомов", "+7 916 111-11-11", "моб."],
        ["Иван Сомов", "84951111111", "раб."],
        ["Пётр Щукин", "8-916-222-22-22", "", "ООО Груз Склад", "звонить, до 18"],
    ]


def test_only_columns_with_something_in_them_are_shown() -> None:
    found: list[list[str]] = []
    read_csv(CARD.format("FN:Сомов\r\nTEL:1\r\nNOTE:утром").encode(), lambda row: found.append(row.cells))
    assert found == [["Имя", "Телефон", "Примечание"], ["Сомов", "1", "утром"]]


@pytest.mark.parametrize(
    ("properties", "cells"),
    [
        ("N:Сомов;Иван;Петрович;;\r\nTEL:89161111111", ["Сомов Иван Петрович", "89161111111"]),
        ("item1.FN:Сомов\r\nitem1.TEL;type=pref:89161111111", ["Сомов", "89161111111"]),
        ("FN:Со\r\n мов\r\nTEL:8916\r\n\t1111111", ["Сомов", "89161111111"]),
        ("ORG:Такси\r\nTEL;CELL;VOICE:89161111111", ["Такси", "89161111111", "моб."]),
        ('FN:Сомов\r\nTEL;VALUE=uri;TYPE="voice,home":tel:+7-916-111-11-11', ["Сомов", "tel:+7-916-111-11-11", "дом."]),
        ("FN:Сомов\r\nTEL:84951111111\\;ext=12", ["Сомов", "84951111111;ext=12"]),
        (
            "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=A1=D0=BE=D0=BC=\r\n=D0=BE=D0=B2\r\nTEL:1",
            ["Сомов", "1"],
        ),
        ("N;ENCODING=QUOTED-PRINTABLE;CHARSET=windows-1251:=D1=EE=EC=EE=E2;;\r\nTEL:1", ["Сомов", "1"]),
        ("FN;QUOTED-PRINTABLE:=D0=A1=D0=BE=D0=BC\r\nTEL:1", ["Сом", "1"]),
        ("FN:Без телефона", ["Без телефона"]),
        ("FN:Сомов\r\nPHOTO;ENCODING=b:AAAA\r\n BBBB\r\nTEL:1\r\nX-OTHER", ["Сомов", "1"]),
    ],
)
def test_cards_of_every_version_and_program(properties: str, cells: list[str]) -> None:
    assert rows(CARD.format(properties)) == [cells]
    assert rows(CARD.format(properties).replace("\r\n", "\n").replace("END:VCARD", "")) == [cells]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1251"])
def test_cards_in_every_encoding(encoding: str) -> None:
    assert rows(CARD.format("FN:Иван Сомов\r\nTEL:89161111111"), encoding) == [["Иван Сомов", "89161111111"]]


@given(st.lists(st.lists(st.integers(10**10, 10**11 - 1).map(str), max_size=4), min_size=1, max_size=6))
def test_every_number_of_any_cards_comes_back(people: list[list[str]]) -> None:
    text = "".join(
        CARD.format("\r\n".join(["FN:Сомов", *(f"TEL;TYPE=CELL:{number}" for number in numbers)])) for numbers in people
    )
    assert [cells[1] for cells in rows(text) if len(cells) > 1] == [number for numbers in people for number in numbers]
    assert len(rows(text)) == sum(max(1, len(numbers)) for numbers in people)
