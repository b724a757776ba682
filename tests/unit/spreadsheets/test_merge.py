"""Columns to fields, rows against the list, and the way there and back."""

import io
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from obzvon.common.i18n import say
from obzvon.domain.absence import Absence
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone
from obzvon.reports import phone_list
from obzvon.spreadsheets import cell_text, column_roles, comparison, csv_reader, merge, questions, xlsx_reader
from obzvon.spreadsheets.column_roles import ColumnRoles
from obzvon.spreadsheets.decisions import MergeChoices, word_key
from obzvon.spreadsheets.table import TableRow
from tests.support.profile import often

PLAN = NumberingPlan()
DAY = date(2026, 11, 28)
NUMBER, CODE, NAME, PAUSED = "number", "code", "name", "paused"
WHOLE = ColumnRoles((NUMBER, CODE, NAME, PAUSED))


def table(*cells: list[str]) -> list[TableRow]:
    return [TableRow(line, list(row)) for line, row in enumerate(cells, 1)]


def judge(phones: list[Phone], *cells: list[str], **options: Any) -> merge.MergePlan:
    return merge.plan_merge(table(*cells), options.pop("layout", WHOLE), phones, PLAN, **options)


# -- columns


@pytest.mark.parametrize(
    ("cells", "roles", "head"),
    [
        ([["Номер", "Добавочный код", "Имя", "Пауза"]], (NUMBER, CODE, NAME, PAUSED), 1),
        ([["Number", "Extension code", "Name", "Pause"]], (NUMBER, CODE, NAME, PAUSED), 1),
        ([["№ п/п", "Ф.И.О.", "Тел. моб.", "Доб."], ["1", "x", "89161111111", ""]], ("", NAME, NUMBER, CODE), 1),
        ([["Список водителей"], [], ["ФАМИЛИЯ", "Имя", "Отчество", "Сотовый телефон"]], (NAME, NAME, NAME, NUMBER), 3),
        ([["Номер", "Телефон"], ["1", "89161111111"], ["2", "89161111112"]], ("", NUMBER), 1),
        ([["Phone", "Phone 2", "Driver"], ["89161111111", "", "x"]], (NUMBER, "", NAME), 1),
        ([["89161111111", "12", "Иванов"], ["89161111112", "", "Петров"]], (NUMBER, "", NAME), 0),
        ([["1", "Иванов", "8 916 111-11-11"], ["2", "Петров", "79161111112"]], ("", NAME, NUMBER), 0),
        ([["79161111111.0", "1"], ["7.9161111112E+10", "2"], ["79161111113", "3"]], (NUMBER, ""), 0),
        ([["89161111111", "Водитель"], ["89161111112", "Водитель"]], (NUMBER, NAME), 0),
        ([["тел 89161111111", "x"], ["y", "z"]], (NUMBER, NAME), 0),
        (
            [["Водители на ноябрь"], ["1", "Иванов", "89161111111"], ["2", "Петров", "89161111112"]],
            ("", NAME, NUMBER),
            0,
        ),
        ([["a", "b"]], ("", ""), 0),
    ],
)
def test_the_columns_are_guessed_from_headings_and_from_what_stands_below(
    cells: list[list[str]], roles: tuple[str, ...], head: int
) -> None:
    found = column_roles.guess_roles(table(*cells), max(map(len, cells)), PLAN)
    if roles == ("", ""):
        assert NUMBER not in found.roles
    else:
        assert found == ColumnRoles(roles, head)


def test_a_layout_needs_a_column_of_numbers_and_as_many_of_codes_at_most() -> None:
    assert "choose the column" in str(ColumnRoles(("", NAME)).problem())
    assert "more columns of extension codes" in str(ColumnRoles((NUMBER, CODE, CODE)).problem())
    assert ColumnRoles((NUMBER, CODE, NUMBER, CODE)).problem() is None
    assert ColumnRoles((NAME, NUMBER, NAME)).problem() is None


def test_a_name_may_stand_in_several_columns() -> None:
    judged = judge([], ["Иванов", "89161111111", "", "Пётр"], layout=ColumnRoles((NAME, NUMBER, NAME, NAME)))
    assert judged.rows[0].name == "Иванов Пётр"


# -- what a spreadsheet did to the numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("79161234567.0", "79161234567"),
        ("79161234567,00", "79161234567"),
        ("7.9161234567E+10", "79161234567"),
        ("7,9161234567e10", "79161234567"),
        ("'+79161234567", "+79161234567"),
        (" 8 916 123-45-67 ", "8 916 123-45-67"),
    ],
)
def test_a_number_with_all_its_digits_is_recognised(text: str, number: str) -> None:
    judged = judge([], [text])
    assert (judged.rows[0].kind, judged.rows[0].number) == ("new", number)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("7,9E+10", "what a spreadsheet made of a number"),
        ("7.91612E+10", "what a spreadsheet made of a number"),
        ("7.916123456E+10", "what a spreadsheet made of a number"),
        ("8916123456.5", "what a spreadsheet made of a number"),
        ("8916123456,75", "what a spreadsheet made of"),
        ("2026-11-22", "is a date"),
        ("1E+300", "what a spreadsheet made of a number"),
        ("٨٩١٦١١١١١١١", "digits of another script"),
        ("777", "too short"),
    ],
)
def test_a_number_without_all_its_digits_is_refused_with_its_reason_and_never_guessed(text: str, reason: str) -> None:
    row = judge([], [text, "", "x"]).rows[0]
    assert row.kind == "refused"
    assert reason in str(row.reason)
    assert row.number == text


@pytest.mark.parametrize("text", ["", "#N/A", "#Н/Д", "#ССЫЛКА!", "нет", "—", "н/д"])
def test_a_person_without_a_phone_is_counted_as_one(text: str) -> None:
    row = judge([], [text, "", "x"]).rows[0]
    assert (row.kind, str(row.reason)) == ("no_phone", "no number")


def test_a_whole_number_is_judged_as_what_it_is() -> None:
    row = judge([], ["8916123456.0"]).rows[0]
    assert (row.kind, row.number) == ("refused", "8916123456")
    assert "too short: 10 digits" in str(row.reason)


def test_an_extension_code_that_became_a_fraction_is_whole_again_and_a_word_is_refused() -> None:
    judged = judge([], ["89161111111", "12.0"], ["89161111112", "context 22"])
    assert judged.rows[0].code == "12"
    assert "extension code may hold only" in str(judged.rows[1].reason)


def test_a_formula_without_a_value_is_refused_only_where_it_is_used() -> None:
    rows = [TableRow(1, ["89161111111", "", "=A1"], [2]), TableRow(2, ["89161111112", "", "x", "", "=A1"], [4])]
    judged = merge.plan_merge(rows, WHOLE, [], PLAN)
    assert [row.kind for row in judged.rows] == ["refused", "new"]
    mended = merge.plan_merge(rows, WHOLE, [], PLAN, corrections={"1": ("89161111111", "", "Иванов")})
    assert [row.kind for row in mended.rows] == ["new", "new"]


# -- against the list


LISTED = [
    Phone("0", "89161111111", "", "Иванов", extra={"note": 1}),
    Phone("3", "8 (950) 222-22-22", "1", "", True),
    Phone("7", "777", "context 22", "старая запись"),
    Phone("9", "+7 916 111-11-11", "", "Иванов ещё раз"),
]


def kinds(judged: merge.MergePlan) -> list[str]:
    return [row.kind for row in judged.rows]


def test_rows_are_new_changed_there_already_twice_refused_or_empty() -> None:
    judged = judge(
        LISTED,
        ["+79161111111", "", "Иванов"],
        ["89502222222", "1", "Петров"],
        ["89502222223", "2", ""],
        ["8 916 333-33-33", "", "Новый"],
        ["79163333333", "", "Он же"],
        ["777", "context 22", "старая запись"],
        ["778", "", ""],
        ["", "", "", "да"],
        ["79161111111", "", "Иванов ещё раз"],
        ["79161111111", "", "и ещё"],
    )
    assert kinds(judged) == ["same", "changed", "new", "new", "twice", "same", "refused", "empty", "same", "twice"]
    counts = {kind: count for kind, count in judged.counts.items() if count}
    assert counts == {"new": 2, "changed": 1, "same": 3, "twice": 2, "refused": 1, "empty": 1}
    assert str(judged.rows[4].reason) == "the same number as in row 4"
    assert judged.removed_phones() == []


def test_rows_that_are_matched_keep_key_notation_and_whatever_else_they_hold() -> None:
    result = judge(LISTED, ["79161111111", "", "Другой"], ["89163333333", "", "Новый"]).result()
    assert result == [
        Phone("0", "89161111111", "", "Другой", extra={"note": 1}),
        *LISTED[1:],
        Phone("10", "89163333333", "", "Новый"),
    ]


def test_replacing_leaves_out_who_is_not_in_the_table_and_keeps_its_order() -> None:
    judged = judge(LISTED, ["89163333333", "", "Новый"], ["89161111111", "", "Иванов"], ["1", "", ""], replace=True)
    assert [phone.key for phone in judged.removed_phones()] == ["3", "7", "9"]
    assert judged.result() == [Phone("10", "89163333333", "", "Новый"), LISTED[0]]
    assert judged.result(whole=True)[-1] == Phone("11", "1", "", "")


def test_an_empty_cell_takes_no_name_off_unless_the_list_is_replaced_and_never_a_pause() -> None:
    rows = ["89161111111", "", ""], ["89502222222", "1", "", ""]
    assert kinds(judge(LISTED, *rows)) == ["same", "same"]
    replaced = judge(LISTED, *rows, replace=True)
    assert kinds(replaced) == ["changed", "same"]
    assert replaced.result() == [Phone("0", "89161111111", "", "", extra={"note": 1}), LISTED[1]]
    unnamed = judge(LISTED, ["89161111111"], layout=ColumnRoles((NUMBER,)), replace=True)
    assert unnamed.result() == [LISTED[0]]


@pytest.mark.parametrize(
    ("word", "paused"),
    [
        ("да", True),
        ("x", True),
        ("не звонить", True),
        ("+", True),
        ("1", True),
        ("нет", False),
        ("No", False),
        ("0", False),
        ("ЛОЖЬ", False),
        ("звонить", False),
    ],
)
def test_only_a_plain_no_is_no_pause(word: str, paused: bool) -> None:
    assert judge([], ["89161111111", "", "", word]).result()[0].paused is paused
    assert judge(LISTED, ["89502222222", "1", "", word]).result()[1].paused is paused


def test_what_cannot_be_seen_or_is_too_long_is_refused_and_line_breaks_are_not() -> None:
    judged = judge(
        [],
        ["89161111111", "", "a\u202eb"],
        ["89161111112", "", "a\0b"],
        ["89161111113", "", "x" * 201],
        ["89161111114", "", "две\nстроки"],
        ["8" * 101, "", ""],
    )
    assert kinds(judged) == ["new", "refused", "refused", "new", "refused"]
    assert judged.rows[0].name == "ab"  # a mark of direction is left out


def test_a_match_whose_new_name_is_refused_stays_in_the_list_as_it_is() -> None:
    judged = judge(LISTED, ["89161111111", "", "a\0b"], replace=True)
    assert kinds(judged) == ["refused"]
    assert judged.result() == [LISTED[0]]


def test_a_code_belongs_to_the_number_on_its_left_or_to_the_only_one() -> None:
    layout = ColumnRoles((NUMBER, NUMBER, CODE))
    judged = judge(
        [],
        ["89161111111", "84951111111", "12"],
        ["84952222222", "", "13"],
        ["89163333333, 89164444444", "нет", "14"],
        ["84955555555 доб. 5", "", "15"],
        layout=layout,
    )
    assert [(row.kind, row.code) for row in judged.rows] == [
        ("new", ""),
        ("new", "12"),
        ("new", "13"),
        ("refused", ""),
        ("refused", ""),
        ("refused", "5"),
    ]


@pytest.mark.parametrize(("answer", "paused"), [("", True), ("paused", True), ("called", False), ("silent", False)])
def test_a_word_that_is_unclear_pauses_a_new_number_until_it_is_explained(answer: str, paused: bool) -> None:
    key = questions.WORD + word_key(3, "уволен")
    choices = questions.choices_from({key: answer})
    judged = judge([], ["89161111111", "", "x", "уволен"], choices=choices)
    assert judged.result()[0].paused is paused
    assert [question.answer for question in questions.questions(judged, {key: answer})] == [answer]


def test_a_word_that_is_unclear_leaves_the_pause_of_a_number_of_the_list() -> None:
    for row in (LISTED[0], LISTED[1]):
        judged = judge([row], [row.number, row.code, row.name, "уволен"])
        assert judged.result() == [row]


def test_mended_rows_are_judged_as_mended_and_emptied_ones_are_left_out() -> None:
    judged = judge(
        [], ["777", "", "x"], ["778", "", "y"], corrections={"1": ("89161111111", "1", "Иванов"), "2": ("", "", "")}
    )
    assert kinds(judged) == ["new", "empty"]
    assert judged.result() == [Phone("0", "89161111111", "1", "Иванов")]


def test_what_is_recorded_says_how_many_and_from_where() -> None:
    judged = judge(LISTED, ["89163333333", "", "Новый"], ["89161111111", "", "Другой"], ["1", "", ""])
    assert str(merge.audit_message(judged, "a.xlsx")) == "imported: 1 new, 1 changed, from a.xlsx"
    assert str(merge.audit_message(judged, "a\n", whole=True)) == "imported: 2 new, 1 changed, from a\\n"
    judged.replace = True
    assert str(merge.audit_message(judged, "a")) == "the list was replaced: 1 new, 1 changed, 3 removed, from a"


def test_the_progress_goes_from_nothing_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "_PROGRESS_ROWS", 40)
    told: list[float] = []
    judge([], *[["1"]] * 90, progress=told.append)
    assert told == sorted(told)
    assert len(told) == 3


# -- there and back


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: text == text.strip()),
    st.sampled_from(
        [
            "=1+1",
            "'=1",
            "''=1",
            "'x",
            "'",
            "''",
            "+7 916",
            "-1",
            "@a",
            "＝1",
            '"',
            '""',
            'a"b',
            "a;b",
            "a\nb",
            "a\r\nb",
            "a\rb",
            "a\tb",
            "_x000D_",
            "_x005F_",
            "a\0b",
            "#N/A",
            "TRUE",
            "1e5",
            "00123",
            "=",
            "\u200f=1",
            "Имя",
            "Номер",
            "Ёлка 🙂",
            "<b>&amp;",
            "нет",
            "a\ufffeb",
            "x" * 300,
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(0, 99).map(lambda n: f"891611111{n:02}"),
    TEXTS,
    st.sampled_from(
        [
            "8 (916) 111-11-11",
            "+7 916 111-11-11",
            "79161111111",
            "0012345",
            "777",
            "7,9E+10",
            "79161111111.0",
            "7.9161111111E+10",
            "2026-01-01",
            "'89161111111",
            "",
        ]
    ),
)
CODES = st.one_of(
    st.just(""), st.integers(0, 99).map(lambda n: f"{n:03}"), TEXTS, st.sampled_from(["1.0", "context 22"])
)


@st.composite
def lists(draw: st.DrawFn) -> list[Phone]:
    fields = draw(st.lists(st.tuples(NUMBERS, CODES, TEXTS, st.booleans()), max_size=8))
    extras: list[dict[str, object] | None] = draw(
        st.lists(st.none() | st.just({"note": "kept"}), min_size=len(fields), max_size=len(fields))
    )
    return [
        Phone(str(3 * place), *field, extra=extra)
        for place, (field, extra) in enumerate(zip(fields, extras, strict=True))
    ]


def exported(phones: list[Phone], form: str, language: str) -> tuple[list[TableRow], ColumnRoles]:
    """What an import sees of an export."""
    stream = io.BytesIO()
    rows: list[TableRow] = []
    if form == "csv":
        assume("\0" not in "".join(text for phone in phones for text in (phone.number, phone.code, phone.name)))
        phone_list.write_phones_csv(phones, stream, language, DAY)
        found = csv_reader.read_csv(stream.getvalue(), rows.append)
    else:
        phone_list.write_phones_xlsx(phones, stream, language, DAY)
        found = xlsx_reader.read_xlsx(stream, rows.append)
    return rows, column_roles.guess_roles(rows, found.columns, PLAN)


FORMS = st.sampled_from(["csv", "xlsx"])


@pytest.mark.parametrize(("until", "cell"), [(date(2026, 12, 5), "не звонить до 5 декабря"), (DAY, "нет")])
def test_an_absence_is_exported_in_words_and_no_import_calls_before_they_are_explained(until: date, cell: str) -> None:
    away = Phone("0", "89161111111", absence=Absence(until=until))
    rows, roles = exported([away], "xlsx", "ru")
    assert rows[1].cells[3] == cell
    again = merge.plan_merge(rows, roles, [away], PLAN)
    assert [row.is_open for row in again.rows] == [until > DAY]
    assert [phone.absence for phone in again.result()] == [away.absence]
    assert [phone.paused for phone in merge.plan_merge(rows, roles, [], PLAN).result()] == [until > DAY]


LANGUAGES = st.sampled_from(["ru", "en"])


@given(lists(), FORMS, LANGUAGES, st.booleans())
@settings(max_examples=often(commit=20, long=150))
def test_an_export_that_is_imported_again_changes_nothing(
    phones: list[Phone], form: str, language: str, replace: bool
) -> None:
    rows, layout = exported(phones, form, language)
    assert layout == ColumnRoles((NUMBER, CODE, NAME, PAUSED), 1)
    judged = merge.plan_merge(rows, layout, phones, PLAN, replace=replace)
    assert set(kinds(judged)) <= {"same"}
    assert judged.removed_phones() == []
    assert judged.result() == phones


@given(lists(), lists(), FORMS)
@settings(max_examples=often(commit=20, long=150))
def test_an_export_puts_the_same_list_in_the_place_of_another(
    phones: list[Phone], others: list[Phone], form: str
) -> None:
    rows, layout = exported(phones, form, "ru")
    both = MergeChoices(other_code="both", file_codes="both")
    result = merge.plan_merge(rows, layout, others, PLAN, replace=True, choices=both).result(whole=True)

    def said(listed: list[Phone]) -> list[tuple[str, ...]]:
        return [
            (
                *comparison.identify(comparison.repair_cell(phone.number), comparison.repair_cell(phone.code), PLAN)[0],
                phone.name,
                str(phone.paused),
            )
            for phone in listed
            if phone.number or phone.code or phone.name
        ]

    assert said(result) == said(phones)
    assert len({phone.key for phone in result}) == len(result)


@given(lists(), FORMS)
@settings(max_examples=often(commit=20, long=100))
def test_the_import_of_an_export_exports_the_same_bytes_again(phones: list[Phone], form: str) -> None:
    rows, layout = exported(phones, form, "ru")
    both = MergeChoices(other_code="both", file_codes="both")
    again = merge.plan_merge(rows, layout, [], PLAN, replace=True, choices=both).result(whole=True)
    once = exported(again, form, "ru")
    twice = merge.plan_merge(once[0], once[1], [], PLAN, replace=True, choices=both).result(whole=True)
    assert exported(twice, form, "ru") == once


@given(st.text())
def test_guarding_is_taken_back_exactly(text: str) -> None:
    guarded = cell_text.escape_formula(text)
    assert cell_text.unescape_formula(guarded) == text
    assert not cell_text.is_formula(guarded)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_xml_cannot_hold_comes_back(text: str) -> None:
    assert cell_text.unescape_xml_text(cell_text.escape_xml_text(text)) == text


def test_rejected_rows_are_told_with_their_reasons_and_can_be_taken_in_again() -> None:
    stream = io.BytesIO()
    refused = [
        (Phone("", "777", "", "=x"), say("too short: {given} digits where {wanted} are expected", given=3, wanted=11)),
        (Phone("", "1", "", ""), None),
    ]
    phone_list.write_refused_phones_csv(refused, stream, "ru")
    text = stream.getvalue().decode("utf-8-sig")
    assert text.splitlines()[1] == "777;;'=x;нет;слишком короткий: цифр 3, а нужно 11"
    rows: list[TableRow] = []
    csv_reader.read_csv(stream.getvalue(), rows.append)
    assert column_roles.guess_roles(rows, 5, PLAN) == ColumnRoles((NUMBER, CODE, NAME, PAUSED, ""), 1)


@pytest.mark.parametrize("cell", ["8 (831) 201-00-53, 54", "8 (831) 201-00-53/54", "8 (831) 201-00-53 или 54"])
@pytest.mark.parametrize("internal", ["", "[0-9]{2}"])
def test_a_shortened_further_number_is_named_with_what_it_may_be_and_never_called(cell: str, internal: str) -> None:
    plan = NumberingPlan(internal=internal) if internal else PLAN
    rows = table(["Иванов", cell])
    judged = merge.plan_merge(rows, ColumnRoles((NAME, NUMBER)), [], plan)
    first, second = judged.rows
    assert (first.kind, first.number, first.name) == ("new", "8 (831) 201-00-53", "Иванов")
    assert (second.kind, second.number) == ("refused", "54")
    assert "8 (831) 201-00-54" in str(second.reason)
