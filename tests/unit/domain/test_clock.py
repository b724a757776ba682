"""The clock, judged by the time since the boot and by the journal."""

from datetime import UTC, datetime, timedelta

import pytest

from obzvon.domain.clock import ClockMemory, is_set_back, observe_clock

BOOTED = datetime(2026, 1, 5, 4, tzinfo=UTC)
DAY = 86400.0


def look(memory: ClockMemory | None, uptime: float, wrong: float = 0.0, boot: str = "a") -> ClockMemory:
    return observe_clock(memory, boot, BOOTED + timedelta(seconds=uptime + wrong), uptime)


STEADY = look(None, 1000)


def test_a_machine_that_has_been_up_for_long_is_believed_at_once() -> None:
    assert STEADY.offset == BOOTED.timestamp()
    assert not STEADY.is_settling


def test_after_a_boot_the_clock_is_believed_once_it_has_stood_for_two_minutes() -> None:
    memory = look(STEADY, 20, boot="b")
    assert memory.is_settling
    assert memory.was_set is None
    assert memory.expected(30) is None
    assert look(memory, 119, boot="b").is_settling
    assert not look(memory, 120, boot="b").is_settling


def test_a_time_service_that_sets_the_clock_after_a_boot_begins_the_two_minutes_again() -> None:
    memory = look(None, 20, wrong=-20 * 365 * DAY)
    memory = look(memory, 40)
    assert memory.was_set == (
        BOOTED + timedelta(seconds=40 - 20 * 365 * DAY),
        BOOTED + timedelta(seconds=40),
    )
    assert look(memory, 159).is_settling
    assert not look(memory, 160).is_settling


@pytest.mark.parametrize("wrong", [DAY, -DAY, 61, -61, -56 * 365 * DAY])
def test_a_look_at_a_wrong_clock_is_forgotten_when_it_is_right_again(wrong: float) -> None:
    memory = look(STEADY, 1010, wrong)
    assert memory.is_settling
    assert memory.expected(1010) == BOOTED + timedelta(seconds=1010)
    assert look(memory, 1020) == STEADY


@pytest.mark.parametrize("wrong", [DAY, -DAY, 61, -61])
def test_a_new_time_is_believed_once_it_has_stood_for_two_minutes(wrong: float) -> None:
    memory = look(STEADY, 1010, wrong)
    assert look(memory, 1129, wrong) == memory
    memory = look(memory, 1130, wrong)
    assert not memory.is_settling
    assert memory.offset == BOOTED.timestamp() + wrong
    assert look(memory, 1140, wrong) == memory


def test_a_clock_that_is_set_again_and_again_is_not_believed() -> None:
    memory = STEADY
    for number in range(1, 50):
        memory = look(memory, 1000 + 60 * number, wrong=3600 * number)
        assert memory.is_settling


@pytest.mark.parametrize("wrong", [60, -60, 1, 0])
def test_less_than_a_minute_is_no_change(wrong: float) -> None:
    assert look(STEADY, 5000, wrong) == STEADY


def test_many_small_changes_are_one_large_one() -> None:
    memory = STEADY
    for number in range(4):
        memory = look(memory, 2000 + number, wrong=20 * number)
    assert not memory.is_settling
    assert look(memory, 2004, wrong=80).is_settling


@pytest.mark.parametrize(
    ("seconds", "accepted", "expected"),
    [(-61, None, True), (-60, None, False), (5, None, False), (-DAY, 0, False), (-DAY, -1, True)],
)
def test_the_clock_shows_less_than_the_journal(seconds: float, accepted: float | None, expected: bool) -> None:
    until = None if accepted is None else BOOTED + timedelta(seconds=accepted)
    assert is_set_back(BOOTED + timedelta(seconds=seconds), BOOTED, until) is expected


def test_a_journal_without_a_run_holds_no_later_time() -> None:
    assert not is_set_back(datetime(1970, 1, 1, tzinfo=UTC), None, None)
