"""Lists as text: their encoding, what divides their columns, and what programs put around a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.domain.numbering import NumberingPlan
from obzvon.spreadsheets.cell_text import clean_cell
from obzvon.spreadsheets.column_roles import guess_roles
from obzvon.spreadsheets.csv_reader import read_csv
from obzvon.spreadsheets.merge import plan_merge
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError

LISTS = [
    "ФИО;Телефон\r\nСомов Иван;89161111111\r\nЩукин Пётр;89162222222\r\n",
    "Фамилия;Имя;Номер\r\nЯшина;Эльза;89161111111\r\nЖуков;Юрий;89162222222\r\n",
    "СОМОВ ИВАН ПЕТРОВИЧ;89161111111\r\nХРУЩЁВ ФЁДОР;89162222222\r\n",
    "ООО «Ромашка», склад №5;84951111111\r\nИП Цыплаков;84952222222\r\n",
    "№;водитель;телефон;примечание\r\n1;Ефимов;89161111111;после обеда\r\n",
    "Телефон\r\n89161111111\r\n",
    "Щ;89161111111\r\n",
]


def read(data: bytes, *, pasted: bool = False) -> tuple[Table, list[TableRow]]:
    rows: list[TableRow] = []
    return read_csv(data, rows.append, pasted=pasted), rows


def cells(text: str, *, pasted: bool = False) -> list[list[str]]:
    return [row.cells for row in read(text.encode(), pasted=pasted)[1]]


EVERY_ENCODING = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "cp866", "koi8_r", "mac_cyrillic")


def says_its_encoding(text: str, encoding: str) -> bool:
    """Return whether the encoding has every character of the text, and the text letters enough to tell it."""
    if text.startswith("Щ") and encoding in ("koi8_r", "mac_cyrillic"):
        return False
    return text.encode(encoding, "ignore").decode(encoding) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(text, encoding) for text in LISTS for encoding in EVERY_ENCODING if says_its_encoding(text, encoding)],
)
def test_a_list_reads_the_same_in_every_encoding(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert [row.cells for row in read(data)[1]] == cells(text)


@pytest.mark.parametrize(
    ("encoding", "form"),
    [
        ("cp866", "text in DOS (cp866), separated by semicolons"),
        ("koi8_r", "text in KOI8-R, separated by semicolons"),
        ("cp1251", "text in Windows-1251, separated by semicolons"),
        ("utf-16-be", "text in UTF-16, separated by semicolons"),
    ],
)
def test_the_encoding_is_named(encoding: str, form: str) -> None:
    assert str(read(LISTS[0].encode(encoding))[0].form) == form


@pytest.mark.parametrize("text", [text for text in LISTS if len(text) > 30])
def test_a_text_that_was_encoded_twice_is_read(text: str) -> None:
    twice = "".join(bytes([byte]).decode("cp1251") if byte != 0x98 else "\x98" for byte in text.encode()).encode()
    assert [row.cells for row in read(twice)[1]] == cells(text)
    assert "UTF-8 (2×)" in str(read(twice)[0].form) or text.isascii()


@pytest.mark.parametrize("text", ["Р°;1\n", "Сёстры «Сёминых»;1\n", "№ 5 — Р;1\n", "Ђђ;1\n"])
def test_a_text_that_was_encoded_once_stays(text: str) -> None:
    assert cells(text) == [[text.partition(";")[0], "1"]]


def test_the_end_of_a_dos_file_is_no_row() -> None:
    assert [row.cells for row in read(LISTS[5].encode("cp866") + b"\x1a")[1]] == [["Телефон"], ["89161111111"]]


@pytest.mark.parametrize("data", [bytes(range(1, 256)), b"\x01\x02\x80" * 99, b"8\x009\x001", b"1;2\0;3\n", b"\0" * 8])
def test_other_bytes_are_no_list(data: bytes) -> None:
    with pytest.raises(UnreadableTableError):
        read(data)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("ФИО|Телефон\nСомов|89161111111\n", [["ФИО", "Телефон"], ["Сомов", "89161111111"]]),
        (
            "| ФИО | Телефон |\n|-----|:-------:|\n| Сомов | 89161111111 |\n",
            [["ФИО", "Телефон"], ["Сомов", "89161111111"]],
        ),
        (
            "+------+-------------+\n| имя  | телефон     |\n+------+-------------+\n| Ким | 89161111111 |\n",
            [["имя", "телефон"], ["Ким", "89161111111"]],
        ),
        ("sep=|\nСомов|89161111111\n", [["Сомов", "89161111111"]]),
        (
            "89161111111 Сомов Иван\n+7 (916) 222-22-22 Щукин\n",
            [["89161111111", "Сомов Иван"], ["+7 (916) 222-22-22", "Щукин"]],
        ),
        (
            "Сомов Иван - 8-916-111-11-11\nЩукин — 8-916-222-22-22\n",
            [["Сомов Иван", "8-916-111-11-11"], ["Щукин", "8-916-222-22-22"]],
        ),
        (
            "Водители:\nСомов: 89161111111\nЩукин: 89162222222 доб. 12 (склад)\n",
            [["Водители:"], ["Сомов", "89161111111"], ["Щукин", "89162222222 доб. 12", "(склад)"]],
        ),
        (
            "Сомов 89161111111 89162222222\nЩукин 89163333333\n",
            [["Сомов", "89161111111 89162222222"], ["Щукин", "89163333333"]],
        ),
        (
            "Сомов Иван    89161111111   Тверь\nЩукин П.      89162222222   Москва\n",
            [["Сомов Иван", "89161111111", "Тверь"], ["Щукин П.", "89162222222", "Москва"]],
        ),
        (
            "89161111111 Сомов, шофёр\n89162222222 Щукин\n89163333333 Ким\n",
            [["89161111111", "Сомов, шофёр"], ["89162222222", "Щукин"], ["89163333333", "Ким"]],
        ),
        ("Сомов\t89161111111\nЩукин\t89162222222\n", [["Сомов", "89161111111"], ["Щукин", "89162222222"]]),
        ("Сомов\nЩукин\n", [["Сомов"], ["Щукин"]]),
        (
            "1. Сомов Иван 89161111111\n• Щукин 89162222222\n3) Ким 89163333333\n",
            [["Сомов Иван", "89161111111"], ["Щукин", "89162222222"], ["Ким", "89163333333"]],
        ),
        (
            "05.12.2026 89161111111 Сомов\n06.12.2026 89162222222 Щукин\n",
            [["05.12.2026", "89161111111", "Сомов"], ["06.12.2026", "89162222222", "Щукин"]],
        ),
        (
            "[05.12.2026, 12:30] Сомов: 89161111111\n[05.12.2026, 12:31:05] Щукин: 89162222222\n",
            [["Сомов", "89161111111"], ["Щукин", "89162222222"]],
        ),
        (
            "05.12.2026, 12:30 - Сомов: 89161111111\n5.12.26, 1:31 - Щукин: 89162222222\n",
            [["Сомов", "89161111111"], ["Щукин", "89162222222"]],
        ),
        (
            "Сомов Иван\n89161111111\n\nЩукин:\n89162222222 (раб)\n+7 903 222 22 22\nКим\n",
            [["Сомов Иван", "89161111111"], ["Щукин", "89162222222 (раб)"], ["Щукин", "+7 903 222 22 22"], ["Ким"]],
        ),
        ("Водители\n89161111111\n89162222222\n", [["Водители"], ["89161111111"], ["89162222222"]]),
        ("05.12.2026 12:30;Сомов;89161111111\n", [["05.12.2026 12:30", "Сомов", "89161111111"]]),
        ("8 916 111-11-11\n8 916 222-22-22\n", [["8 916 111-11-11"], ["8 916 222-22-22"]]),
    ],
)
def test_columns_are_divided_by_whatever_divides_most_lines(text: str, rows: list[list[str]]) -> None:
    assert cells(text) == rows
    assert cells(text, pasted=True) == rows
    assert cells(text.replace("\n", "\r\n")) == rows


@pytest.mark.parametrize("by", [", ", ",", ";", "; ", "\t", " | "])
@pytest.mark.parametrize("end", ["", "\n", ",\r\n"])
def test_phones_of_one_line_have_a_row_each(by: str, end: str) -> None:
    text = by.join(["89161111111", "8 (916) 222-22-22", "+7 916 333-33-33"]) + (
        end.lstrip(",") if by[0] != "," else end
    )
    table, rows = read(text.encode())
    assert [row.cells for row in rows] == [["89161111111"], ["8 (916) 222-22-22"], ["+7 916 333-33-33"]]
    assert "in one line" in str(table.notes[0])


@pytest.mark.parametrize(
    "text",
    [
        "1. Сомов 89161111111 2. Щукин 89162222222 3. Ким 89163333333",
        "1) Сомов 8 916 111-11-11 2) Щукин 8 916 222-22-22 3) Ким 8 916 333-33-33\n",
        "1. 89161111111 Сомов 2. 89162222222 Щукин 3. 89163333333 Ким",
        "Сомов 89161111111 Щукин 89162222222 Ким 89163333333",
        "1. Сомов 89161111111  2. Щукин 89162222222  3. Ким 89163333333",
        "Сомов 89161111111\nЩукин 89162222222 Ким 89163333333\n",
    ],
)
@pytest.mark.parametrize("pasted", [False, True])
def test_each_of_several_people_in_a_line_keeps_the_name_beside_the_number(text: str, pasted: bool) -> None:
    table, rows = read(text.encode(), pasted=pasted)
    plan = NumberingPlan()
    found = plan_merge(rows, guess_roles(rows, table.columns, plan), [], plan).rows
    assert [(plan.normalize(one.number), one.name) for one in found] == [
        ("89161111111", "Сомов"),
        ("89162222222", "Щукин"),
        ("89163333333", "Ким"),
    ]


def test_a_word_for_whose_further_number_it_is_stays_with_the_name() -> None:
    assert cells("Сомов 89161111111 жена 89162222222\nЩукин 89163333333 моб. 89164444444\n") == [
        ["Сомов", "89161111111 жена 89162222222"],
        ["Щукин", "89163333333 моб. 89164444444"],
    ]


def test_a_row_with_a_name_is_a_row() -> None:
    assert cells("Сомов;89161111111;89162222222") == [["Сомов", "89161111111", "89162222222"]]
    assert cells("Сомов 89161111111, Щукин 89162222222") == [["Сомов", "89161111111"], ["Щукин", "89162222222"]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="89161111111"', "89161111111"),
        ('"=""+79162222222"""', "+79162222222"),
        ("=89163333333", "89163333333"),
        ("=+79163333333", "+79163333333"),
        ('= "0012"', "0012"),
        ("'=1+1", "=1+1"),
        ("=SUM(A1)", "=SUM(A1)"),
        ("a=1", "a=1"),
    ],
)
def test_what_programs_put_around_a_text_is_taken_away(cell: str, text: str) -> None:
    assert cells(f"a;{cell}\nb;1\n")[0] == ["a", text]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\u202aИван\u202c", "Иван"),
        ("Иван\u200e", "Иван"),
        ("Ива\xadнов", "Иванов"),
        ("Иванов\xa0И.", "Иванов И."),
        ("Иван\ufeffов", "Иванов"),
        ("\u2066Иван\u2069", "Иван"),
        ("Семья 👨\u200d👩\u200d👧", "Семья 👨\u200d👩\u200d👧"),
        ("Петя ❤\ufe0f", "Петя ❤\ufe0f"),
        ("ряд\u2028два", "ряд\nдва"),
        ("a\0b", "a\0b"),
    ],
)
def test_marks_that_nobody_sees_are_taken_out_of_a_name(text: str, clean: str) -> None:
    assert clean_cell(text) == clean


NAMES = ("Сомов Иван", "Щукин", "Карпов О. П.", "Яшина", "ООО «Ромашка»", "Фёдоров")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "cp866", "koi8_r")


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(9_000_000_000, 9_999_999_999)), min_size=2, max_size=9),
    st.sampled_from(("{};8{}", "{}\t+7{}", "{},{}", "{}|8{}", "{} - 8{}", "{1} {0}", '"{}";="8{}"', "{}   8{}")),
    st.sampled_from(ENCODINGS),
    st.sampled_from(("\n", "\r\n", "\r")),
)
def test_any_list_comes_back_whole(people: list[tuple[str, int]], form: str, encoding: str, end: str) -> None:
    text = end.join(form.format(name, number) for name, number in people) + end
    rows = read(text.encode(encoding, "replace"))[1]
    found = [next(cell[-10:] for cell in row.cells if cell[-10:].isdecimal()) for row in rows]
    assert found == [str(number) for _, number in people]
    if encoding not in ("cp866", "koi8_r"):  # which lack « and »
        assert [next(cell for cell in row.cells if not cell[-10:].isdecimal()) for row in rows] == [
            name for name, _ in people
        ]
