"""The watch on an Asterisk that takes call files and makes no calls."""

from datetime import UTC, datetime, timedelta

import pytest

from obzvon.asterisk.transport.base import TransportUnavailableError
from obzvon.asterisk.transport.stop_watch import StopWatch

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_hold_ends_with_a_call_that_was_made_after_it_also_when_the_clock_was_set_back() -> None:
    watch = StopWatch("dir_target outgoing")
    watch.note_not_made(NINE - MINUTE, NINE)
    watch.observe(NINE, None, NINE - 2 * MINUTE)
    with pytest.raises(TransportUnavailableError):
        watch.ensure_open(NINE)
    back = NINE - timedelta(hours=1)
    watch.observe(back, None, NINE - timedelta(hours=2))
    assert watch.is_probing
    watch.observe(back + MINUTE, None, back + MINUTE)
    assert not watch.is_probing
    watch.ensure_open(back + MINUTE)
