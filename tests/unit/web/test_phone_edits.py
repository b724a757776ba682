"""What has been changed, in a sentence."""

import pytest

from obzvon.domain.phones import Phone
from web.list_diff import diff_lists

ANNA, BORIS = Phone("0", "89161111111", name="Анна"), Phone("7", "89162222222")
PAUSED = Phone("0", "89161111111", name="Анна", paused=True)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ([], [ANNA], "list: added 89161111111 Анна"),
        ([ANNA, BORIS], [PAUSED, BORIS], "list: paused 89161111111 Анна"),
        ([PAUSED], [ANNA], "list: called again 89161111111 Анна"),
        ([BORIS], [Phone("7", "89163333333")], "list: changed 89162222222 to 89163333333"),
        ([ANNA, BORIS], [ANNA], "list: deleted 89162222222"),
        ([ANNA], [PAUSED, BORIS], "list: added 1, changed 1, deleted 0"),
        ([ANNA, BORIS], [BORIS, ANNA], "list: put into another order"),
        ([], [Phone("0", "1\n2", name="x" * 500)], "list: added 1\\n2 " + "x" * 99 + "…"),
    ],
)
def test_what_was_done_to_the_list_is_one_sentence(before: list[Phone], after: list[Phone], says: str) -> None:
    assert diff_lists(before, after).message().in_language("en") == says


def test_a_list_that_is_the_same_has_no_edits() -> None:
    assert not diff_lists([ANNA, BORIS], [BORIS, ANNA])
    assert diff_lists([ANNA], [])
