"""Random lists and files: no number of the file is lost, and nobody becomes two rows without a question."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phone_text import find_phones
from obzvon.domain.phones import Phone
from obzvon.spreadsheets import column_roles, merge, questions
from obzvon.spreadsheets.merge import MergePlan
from obzvon.spreadsheets.questions import FILE_CODES, OTHER_CODE
from obzvon.spreadsheets.table import TableRow
from tests.support.profile import often

PLAN = NumberingPlan()
NUMBERS = [f"8916111{last:04}" for last in range(12)]
CODES = st.sampled_from(["", "", "1", "01", "5"])
NOTATIONS = st.sampled_from(["{}", "+7{}", "8 (916) 111-{}", "моб. {}", "{} (жена)", "{}.0", "'{}"])
JOINTS = st.sampled_from([", ", "\n", " / ", "; "])


def written(number: str, notation: str) -> str:
    """The number in a notation."""
    if notation.startswith("+7"):
        return "+7" + number[1:]
    return notation.format(number[-4:-2] + "-" + number[-2:] if "111-" in notation else number)


@st.composite
def cells(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A cell with up to three numbers, and the numbers."""
    numbers = draw(st.lists(st.sampled_from(NUMBERS), max_size=3))
    if len(numbers) == 1:
        return written(numbers[0], draw(NOTATIONS)), numbers
    return draw(JOINTS).join(numbers), numbers


@st.composite
def files(draw: st.DrawFn) -> tuple[list[TableRow], set[str]]:
    """The rows of a file with headings, and its numbers."""
    headings = draw(
        st.sampled_from(
            [
                ["Имя", "Телефон", "Доб.", "Домашний", "Примечание"],
                ["Код", "Контакт", "Добавочный", "Рабочий телефон", "Комментарий"],
                ["Кто", "Куда звонить", "Внутр.", "Ещё", "Прочее"],
            ]
        )
    )
    rows, numbers = [TableRow(1, headings)], set[str]()
    for line in range(2, 2 + draw(st.integers(1, 7))):
        (one, first), (two, second) = draw(cells()), draw(cells())
        remark = draw(st.sampled_from(["", "", "", "не звонить", f"жена {NUMBERS[11]}"]))
        numbers.update(first, second, [NUMBERS[11]] if "жена" in remark else [])
        name = draw(st.sampled_from(["", "Сомов Иван", "Щукин Пётр", "Язев Лев"]))
        rows.append(TableRow(line, [name, one, draw(CODES), two, remark]))
    return rows, numbers


@st.composite
def lists(draw: st.DrawFn) -> list[Phone]:
    """A list in which a number may be under several codes."""
    fields = draw(
        st.lists(st.tuples(st.sampled_from(NUMBERS), CODES, st.booleans()), max_size=8, unique_by=lambda row: row[:2])
    )
    return [Phone(str(key), number, code, f"Имя {key}", paused) for key, (number, code, paused) in enumerate(fields)]


ANSWERS = st.fixed_dictionaries(
    {
        OTHER_CODE: st.sampled_from(["", "keep", "file", "both"]),
        FILE_CODES: st.sampled_from(["", "keep", "both"]),
        questions.FURTHER: st.sampled_from(["", "all", "first"]),
        questions.REMARKS: st.sampled_from(["", "paused", "called"]),
    }
)


def numbers_under_two_codes(phones: list[Phone]) -> set[str]:
    """The numbers that are dialled with more than one code."""
    codes: dict[str, set[str]] = {}
    for phone in phones:
        codes.setdefault(PLAN.normalize(phone.number), set()).add(phone.code)
    return {number for number, found in codes.items() if len(found) > 1}


def named_numbers(judged: MergePlan) -> set[str]:
    """The numbers that the preview names without taking them: refused, repeated, left out, or in other columns."""
    texts = [number for column in judged.untaken for _, number in column.samples]
    assert len(texts) == sum(column.count for column in judged.untaken)
    texts += [row.number for row in judged.rows if row.kind in ("refused", "twice", "further", "other_code")]
    return {PLAN.normalize(found.number) for text in texts for found in find_phones(text, PLAN).phones}


def asked_numbers(judged: MergePlan) -> set[str]:
    """The numbers that the preview asks about because of their codes."""
    found = {question.key for question in questions.questions(judged, {})}
    listed = {row.dialled for row in judged.rows if row.others} if OTHER_CODE in found else set()
    return listed | ({row.dialled for row in judged.rows if row.other_line} if FILE_CODES in found else set())


@given(lists(), files(), ANSWERS, st.booleans())
@settings(max_examples=often(commit=20, long=10_000), deadline=None)
def test_no_number_is_lost_and_nobody_is_there_twice_unasked(
    phones: list[Phone], file: tuple[list[TableRow], set[str]], answers: dict[str, str], replace: bool
) -> None:
    rows, numbers = file
    layout = column_roles.guess_roles(rows, 5, PLAN)
    if layout.problem() is not None:
        assert not numbers or not any(row.cells[1] or row.cells[3] for row in rows[1:])
        return
    choices = questions.choices_from(answers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("obzvon.spreadsheets.untaken._SAMPLES", 1_000)
        judged = merge.plan_merge(rows, layout, phones, PLAN, replace=replace, choices=choices)
    result = judged.result()
    before, after = ({PLAN.normalize(phone.number) for phone in some} for some in (phones, result))
    taken = {row.dialled for row in judged.rows_of("new")}
    there = {
        row.dialled for row in judged.rows if row.kind in ("same", "changed", "other_code") and row.place is not None
    }
    named = named_numbers(judged)
    assert numbers == taken | there | named
    assert len(numbers) == len(taken) + len(there - taken) + len(named - there - taken)
    assert taken <= after <= before | taken
    calls = Counter((PLAN.normalize(phone.number), phone.code) for phone in result)
    assert [call for call, count in calls.items() if count > 1] == []
    assert numbers_under_two_codes(result) <= numbers_under_two_codes(phones) | asked_numbers(judged)
    if not replace:
        kept = {phone.key: phone for phone in result}
        assert all(phone.key in kept for phone in phones)
        assert len(result) == len(phones) + judged.counts["new"]
    if not (answers[questions.REMARKS] or replace):
        paused = {phone.key: phone.paused for phone in result}
        assert all(paused[phone.key] == phone.paused for phone in phones if phone.key in paused)
