"""Retries: whether and when a call is attempted again."""

from datetime import timedelta

import pytest

from obzvon.domain.results import RETRYABLE, Disposition
from obzvon.domain.retries import RetryPolicy, RetryRule

FIVE, HALF = timedelta(minutes=5), timedelta(minutes=30)
RULES = RetryPolicy({Disposition.BUSY: RetryRule(2, FIVE), Disposition.NO_ANSWER: RetryRule(1, HALF)})


@pytest.mark.parametrize(
    ("disposition", "attempt", "after"),
    [
        (Disposition.BUSY, 1, FIVE),
        (Disposition.BUSY, 2, FIVE),
        (Disposition.BUSY, 3, None),
        (Disposition.NO_ANSWER, 1, HALF),
        (Disposition.NO_ANSWER, 2, None),
        (Disposition.CONGESTION, 1, None),
    ],
)
def test_each_disposition_has_its_own_number_of_further_attempts(
    disposition: Disposition, attempt: int, after: timedelta | None
) -> None:
    assert RULES.delay_after(disposition, attempt) == after


def test_nobody_is_rung_again_who_has_answered_or_may_have() -> None:
    for final in (
        Disposition.ANSWERED,
        Disposition.UNKNOWN,
        Disposition.HANDED,
        Disposition.WITHDRAWN,
        Disposition.NO_SUCH_NUMBER,
    ):
        assert final not in RETRYABLE
        assert RULES.delay_after(final, 1) is None


def test_there_are_none_unless_somebody_asks_for_them() -> None:
    assert not RetryPolicy()
    assert not RetryPolicy({Disposition.BUSY: RetryRule(0, FIVE)})
    assert RULES
