"""What has been changed, in a sentence."""

from datetime import date, time

import pytest

from obzvon.campaign import Phone, Week
from obzvon.edits import edits, week_message

ANNA, BORIS = Phone("0", "89161111111", name="Анна"), Phone("7", "89162222222")
PAUSED = Phone("0", "89161111111", name="Анна", paused=True)


@pytest.mark.parametrize(("before", "after", "says"), [
    ([], [ANNA], "the list: added 89161111111 Анна"),
    ([ANNA, BORIS], [PAUSED, BORIS], "the list: changed 89161111111 Анна"),
    ([ANNA, BORIS], [ANNA], "the list: deleted 89162222222"),
    ([ANNA], [PAUSED, BORIS], "the list: added 1, changed 1, deleted 0"),
    ([ANNA, BORIS], [BORIS, ANNA], "the list: put into another order"),
    ([], [Phone("0", "1\n2", name="x" * 500)], "the list: added 1\\n2 " + "x" * 116),
])
def test_what_was_done_to_the_list_is_one_sentence(before: list[Phone], after: list[Phone], says: str) -> None:
    assert edits(before, after).message().in_language("en") == says


def test_a_list_that_is_the_same_has_no_edits() -> None:
    assert not edits([ANNA, BORIS], [BORIS, ANNA])
    assert edits([ANNA], [])


def test_what_was_done_to_the_week_names_the_days() -> None:
    before = Week((time(9), None, None, None, None, None, None), {date(2026, 12, 31): None, date(2027, 1, 1): None})
    after = Week((None, time(9, 30), None, None, None, None, None), {date(2027, 1, 1): None, date(2027, 1, 2): time(8)})
    assert week_message(before, after).in_language("en") == (
        "the schedule: Monday no calls, Tuesday 09:30, 2026-12-31 as its weekday, 2027-01-02 08:00")
    assert week_message(before, after).in_language("ru").startswith("расписание: ")
    assert "as they were" in week_message(before, before).in_language("en")


def test_of_very_many_days_ten_are_named() -> None:
    after = Week(dates={date(2027, 1, day): None for day in range(1, 20)})
    says = week_message(Week(), after).in_language("en")
    assert says.endswith("2027-01-10 no calls, …")
