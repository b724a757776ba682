"""What operators ask of the service, through the journal: taken once, answered once, taken back or answered."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from obzvon.commands import PATIENCE, Answer, Command, Commands
from obzvon.journal import Journal
from obzvon.language import say

NINE = datetime(2026, 1, 5, 6, tzinfo=UTC)


@pytest.fixture
def commands(journal_url: str) -> Iterator[Commands]:
    journal = Journal(journal_url)
    yield Commands(journal)
    journal.close()


def test_a_command_comes_as_it_was_asked(commands: Commands) -> None:
    number = commands.ask("call", by="anna", at=NINE, number="89161111111", code="1", again=True, count=3)
    later = NINE + timedelta(seconds=1)
    assert commands.take(at=later) == Command(
        number, "call", {"number": "89161111111", "code": "1", "again": True, "count": 3}, "anna", NINE)


def test_there_is_nothing_to_take_where_nobody_asked(commands: Commands) -> None:
    assert commands.take(at=NINE) is None


def test_commands_are_taken_in_their_order_and_each_once(commands: Commands) -> None:
    asked = [commands.ask(name, by="anna", at=NINE) for name in ("pause", "resume", "stop")]
    taken = [commands.take(at=NINE) for _ in range(4)]
    assert [command and command.id for command in taken] == [*asked, None]


def test_two_takers_never_take_the_same_command(journal_url: str) -> None:
    journals = [Journal(journal_url) for _ in range(4)]
    asked = [Commands(journals[0]).ask("pause", by="anna", at=NINE) for _ in range(40)]

    def take_all(journal: Journal) -> list[int]:
        taken = []
        misses = 0
        while misses < 5:  # one that another taker was faster with is a miss, and not the end
            if command := Commands(journal).take(at=NINE):
                taken.append(command.id)
            else:
                misses += 1
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [number for numbers in pool.map(take_all, journals) for number in numbers]
    taken += take_all(journals[0])
    assert sorted(taken) == asked
    for journal in journals:
        journal.close()


@pytest.mark.parametrize("ok", [True, False])
def test_who_asked_gets_the_answer_once_there_is_one(commands: Commands, ok: bool) -> None:
    number = commands.ask("pause", by="anna", at=NINE)
    assert commands.answered(number) is None
    commands.take(at=NINE)
    assert commands.answered(number) is None
    answer = Answer(ok, say("the run goes on; calls waiting: {waiting}", waiting=3))
    commands.answer(number, answer)
    assert commands.answered(number) == answer
    assert commands.take(at=NINE) is None


def test_a_command_that_nobody_took_can_be_given_up_and_is_never_done(commands: Commands) -> None:
    number = commands.ask("start", by="anna", at=NINE)
    assert commands.give_up(number)
    assert commands.take(at=NINE) is None
    assert commands.answered(number) is None


def test_a_command_that_was_taken_cannot_be_given_up(commands: Commands) -> None:
    number = commands.ask("start", by="anna", at=NINE)
    commands.take(at=NINE)
    assert not commands.give_up(number)
    commands.answer(number, Answer(True, say("done")))
    assert not commands.give_up(number)
    assert commands.answered(number) is not None


def test_a_command_given_up_while_it_is_being_taken_is_either_done_or_not(journal_url: str) -> None:
    journals = [Journal(journal_url), Journal(journal_url)]
    asker, taker = (Commands(journal) for journal in journals)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(20):
            number = asker.ask("start", by="anna", at=NINE)
            given_up = pool.submit(asker.give_up, number)
            taken = pool.submit(taker.take, at=NINE)
            assert given_up.result() == (taken.result() is None)
            while (left := taker.take(at=NINE)) is not None:  # neither side wins it twice
                pytest.fail(f"command {left.id} was taken after it was settled")
    for journal in journals:
        journal.close()


# -- asked and waited for


def test_who_waits_gets_the_answer(commands: Commands) -> None:
    def serve(_: float) -> None:
        command = commands.take(at=NINE)
        assert command is not None
        commands.answer(command.id, Answer(True, say("done")))

    assert commands.ask_and_wait("start", by="anna", at=NINE, sleep=serve, again=True) == Answer(True, say("done"))


def test_a_command_that_no_service_takes_is_taken_back(commands: Commands) -> None:
    waits: list[float] = []
    assert commands.ask_and_wait("start", by="anna", at=NINE, sleep=waits.append) is None
    assert sum(waits) == pytest.approx(PATIENCE, abs=0.2)
    assert commands.take(at=NINE) is None


def test_a_command_that_was_taken_is_waited_for_longer_but_not_for_ever(commands: Commands) -> None:
    waits: list[float] = []

    def take(seconds: float) -> None:
        waits.append(seconds)
        commands.take(at=NINE)

    assert commands.ask_and_wait("start", by="anna", at=NINE, sleep=take) is None
    assert 2 * PATIENCE < sum(waits) < 60
