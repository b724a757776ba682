"""A journal that another user has changed: what the list could not hold is not dialled either."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from obzvon.journal.schema import calls, runs
from tests.support.ordered_calls import Far, Pbx
from tests.support.workshop import Shift, Workshop, at, end_call, numbers, shift

PEOPLE = numbers(3)
NINE = at("09:00:00")
CHANGED = {
    "112": "emergency",
    "103": "emergency",
    "+8821612345678": "not allowed",
    "8108821612345678": "not allowed",
    "88091234567": "premium",
    PEOPLE[1] + "\n": "does not write",
    "+7" + PEOPLE[1][1:]: "does not write",
    PEOPLE[1] + "\nApplication: System": "is not a phone number",
    "76@other/n": "is not a phone number",
    "": "no number",
}


def change(working: Shift, **values: object) -> None:
    with working.journal.write_transaction() as connection:
        connection.execute(update(calls).where(calls.c.position == 2).values(**values))


def make(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, phones=PEOPLE, bundle=1, timeout=10)


@pytest.mark.parametrize("number", CHANGED)
def test_a_number_that_was_changed_in_the_journal_is_not_dialled(
    tmp_path: Path, number: str, logged: Callable[[str], int]
) -> None:
    with shift(make(tmp_path), NINE) as working:
        first = working.work(at("08:59:59"), at("09:00:01"))
        change(working, number=number)
        rest = working.work(at("09:00:02"), at("09:01:00"))
        assert [one for _, one in first + rest] == [[PEOPLE[0]], [PEOPLE[2]]]
        assert working.results(NINE)[number] == "withdrawn"
        assert CHANGED[number] in working.reasons(NINE)[number]
        assert working.dialer.run is None
    assert logged("1 call was not handed over: not dialled") == 1


@pytest.mark.parametrize("code", ["1\n", "1\nApplication: System", "1,2"])
def test_a_code_that_was_changed_in_the_journal_is_not_sent(tmp_path: Path, code: str) -> None:
    with shift(make(tmp_path), NINE) as working:
        working.work(at("08:59:59"), at("09:00:01"))
        change(working, code=code)
        assert working.work(at("09:00:02"), at("09:01:00")) == [("09:00:20", [PEOPLE[2]])]
        assert working.results(NINE)[PEOPLE[1]] == "withdrawn"


def test_a_further_attempt_that_may_not_be_dialled_leaves_the_result_of_the_one_before(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=3, timeout=1, archive="yes", not_answered="1 x 5m")
    with shift(workshop, NINE) as working:
        working.work(NINE, at("09:00:01"))
        for file in sorted(workshop.spool_folder.iterdir()):
            end_call(file, "Expired", done=workshop.done_folder)
        working.work(at("09:00:02"), at("09:00:05"))
        with working.journal.write_transaction() as connection:
            connection.execute(update(runs).values(token="../../elsewhere"))
    with shift(workshop, at("09:04")) as working:
        assert working.work(at("09:04"), at("09:06")) == []
        assert set(working.results(NINE).values()) == {"not answered"}
        assert all(reason.startswith("no further attempt: not dialled") for reason in working.reasons(NINE).values())
        assert working.dialer.run is None


def test_a_run_whose_name_was_changed_leads_to_no_other_folder(tmp_path: Path) -> None:
    with shift(make(tmp_path), NINE) as working:
        working.work(at("08:59:59"), at("09:00:01"))
        with working.journal.write_transaction() as connection:
            connection.execute(update(runs).values(token="../../elsewhere"))
        assert working.work(at("09:00:02"), at("09:01:00")) == []
        assert [working.results(NINE)[one] for one in PEOPLE[1:]] == ["withdrawn"] * 2


def test_a_changed_number_is_not_ordered_over_ami_either(tmp_path: Path) -> None:
    pbx = Pbx()
    working = Far(Workshop(tmp_path, phones=PEOPLE, bundle=1, timeout=10), pbx)
    working.work(at("08:59:59"), at("09:00:01"))
    change(working, number="112")
    working.work(at("09:00:02"), at("09:01:00"))
    assert working.results(NINE)["112"] == "withdrawn"
    working.end()
