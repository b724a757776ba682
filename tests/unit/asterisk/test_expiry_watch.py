"""Call files that Asterisk has expired at once, and no events to show whether it made calls of them."""

from datetime import UTC, datetime, timedelta

from obzvon.asterisk.transport.expiry_watch import ExpiryWatch
from obzvon.domain.calls import PendingCall

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ASTERISK = (7, 1, 0.0)
SENT = 1000.0


def call(position: int, handed_at: datetime = NINE, attempt: int = 1) -> PendingCall:
    return PendingCall(1, "ab", position, "89161111111", "", attempt, handed_at)


class Watch:
    """A watch on files that were sent at nine, and what it says of one."""

    def __init__(self, count: int) -> None:
        self.watch = ExpiryWatch(clock=lambda: SENT)
        self.calls = [call(position) for position in range(count)]
        self.watch.note_sending(self.calls)
        self.watch.observe(NINE, ASTERISK, is_held=False)

    def look(
        self, seconds: int, *, running: tuple[int, int, float] | None = ASTERISK, lasted: float = 0.002
    ) -> set[bool | None]:
        """Return what is known of the calls after so many seconds."""
        now = NINE + seconds * SECOND
        self.watch.observe(now, running, is_held=False)
        return {self.watch.was_not_made(one, SENT + lasted, now) for one in self.calls}


def test_eight_that_ended_at_once_were_not_made() -> None:
    watch = Watch(8)
    assert watch.look(1) == watch.look(2) == {None}
    assert watch.look(3) == {True}
    assert watch.look(4) == {True}  # also if it is asked again


def test_fewer_than_eight_were_made_if_nothing_more_becomes_known() -> None:
    watch = Watch(7)
    assert watch.look(1) == watch.look(15) == {None}
    assert watch.look(16) == {False}


def test_a_single_one_was_not_made_if_asterisk_ends_behind_it() -> None:
    assert Watch(1).look(1, running=None) == {True}
    assert Watch(1).look(1, running=(7, 1, 9.0)) == {True}  # core restart: the same process


def test_calls_handed_over_beside_them_have_the_time_to_show_that_they_last() -> None:
    watch = Watch(8)
    assert watch.look(1) == watch.look(2) == {None}  # at the second look others are not a second old yet
    watch.watch.note_lasting(call(8))
    assert watch.look(3) == {False}


def test_those_before_a_call_that_lasts_were_made() -> None:
    watch = Watch(8)
    assert watch.look(1) == {None}
    watch.watch.note_lasting(call(8))
    assert watch.look(2) == {False}


def test_calls_that_lasted_longer_than_a_refusal_were_made() -> None:
    watch = Watch(8)
    assert watch.look(1, lasted=0.2) == {False}
    assert watch.look(2, lasted=0.2) == {False}


def test_a_file_that_an_earlier_service_sent_was_made() -> None:
    watch = Watch(0)
    assert watch.watch.was_not_made(call(20), SENT, NINE + SECOND) is False


def test_a_number_that_is_refused_at_once_again_and_again_does_not_hold_up_the_run_for_ever() -> None:
    watch = ExpiryWatch(clock=lambda: SENT)
    results = []
    for minute in range(8):
        now = NINE + minute * timedelta(minutes=1)
        probe = call(1, now, attempt=minute + 1)
        watch.note_sending([probe])
        watch.was_not_made(probe, SENT, now + SECOND)
        watch.observe(now + 3 * SECOND, None, is_held=True)
        results.append(watch.was_not_made(probe, SENT, now + 3 * SECOND))
    assert results == [True] * 5 + [False] * 3
