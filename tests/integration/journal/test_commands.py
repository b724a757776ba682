"""What operators ask of the service, through the journal: taken once, answered once, taken back or answered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from obzvon.common.i18n import say
from obzvon.domain.labels import COMMAND_NOT_TAKEN
from obzvon.journal.commands import (
    RESULT_SECONDS,
    TAKE_SECONDS,
    Command,
    CommandOutcome,
    CommandQueue,
    CommandResult,
    CommandStatus,
    DuplicateCommandError,
)
from obzvon.journal.database import JournalUnavailableError
from obzvon.journal.journal import Journal
from obzvon.journal.schema import service
from tests.support.workshop import dead_pid

NINE = datetime(2026, 1, 5, 6, tzinfo=UTC)


@pytest.fixture
def commands(journal: Journal) -> CommandQueue:
    return journal.commands


def test_a_command_comes_as_it_was_asked(commands: CommandQueue) -> None:
    number = commands.submit("call", by="anna", at=NINE, number="89161111111", code="1", again=True, count=3)
    later = NINE + timedelta(seconds=1)
    assert commands.take_next(at=later) == Command(
        number, "call", {"number": "89161111111", "code": "1", "again": True, "count": 3}, "anna", NINE
    )


def test_there_is_nothing_to_take_where_nobody_asked(commands: CommandQueue) -> None:
    assert commands.take_next(at=NINE) is None


def test_commands_are_taken_in_their_order_and_each_once(commands: CommandQueue) -> None:
    asked = [commands.submit(name, by="anna", at=NINE) for name in ("pause", "resume", "stop")]
    taken = [commands.take_next(at=NINE) for _ in range(4)]
    assert [command and command.id for command in taken] == [*asked, None]


def test_two_takers_never_take_the_same_command(journal_url: str) -> None:
    journals = [Journal(journal_url) for _ in range(4)]
    asked = [journals[0].commands.submit("pause", by="anna", at=NINE) for _ in range(40)]

    def take_all(journal: Journal) -> list[int]:
        taken = []
        misses = 0
        while misses < 5:  # one that another taker was faster with is a miss, and not the end
            if command := journal.commands.take_next(at=NINE):
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
def test_who_asked_gets_the_answer_once_there_is_one(commands: CommandQueue, ok: bool) -> None:
    number = commands.submit("pause", by="anna", at=NINE)
    assert commands.result(number) is None
    commands.take_next(at=NINE)
    assert commands.result(number) is None
    answer = CommandResult(ok, say("the run continues; calls waiting: {waiting}", waiting=3))
    commands.complete(number, answer)
    assert commands.result(number) == answer
    assert commands.take_next(at=NINE) is None


def test_a_command_that_nobody_took_can_be_given_up_and_is_never_done(commands: CommandQueue) -> None:
    number = commands.submit("start", by="anna", at=NINE)
    assert commands.withdraw(number)
    assert commands.take_next(at=NINE) is None
    assert commands.result(number) is None


def test_a_command_that_was_taken_cannot_be_given_up(commands: CommandQueue) -> None:
    number = commands.submit("start", by="anna", at=NINE)
    commands.take_next(at=NINE)
    assert not commands.withdraw(number)
    commands.complete(number, CommandResult.done(say("done")))
    assert not commands.withdraw(number)
    assert commands.result(number) is not None


def test_a_command_given_up_while_it_is_being_taken_is_either_done_or_not(journal_url: str) -> None:
    journals = [Journal(journal_url), Journal(journal_url)]
    asker, taker = (journal.commands for journal in journals)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(20):
            number = asker.submit("start", by="anna", at=NINE)
            given_up = pool.submit(asker.withdraw, number)
            taken = pool.submit(taker.take_next, at=NINE)
            assert given_up.result() == (taken.result() is None)
            while (left := taker.take_next(at=NINE)) is not None:  # neither side wins it twice
                pytest.fail(f"command {left.id} was taken after it was settled")
    for journal in journals:
        journal.close()


@pytest.mark.parametrize("again", ["x1", "x1' OR 1=1"])
def test_a_form_that_is_sent_twice_is_one_request(commands: CommandQueue, again: str) -> None:
    assert commands.find(again) is None
    first = commands.submit("start", by="anna", at=NINE, form_key=again)
    assert commands.find(again) == first
    with pytest.raises(DuplicateCommandError) as caught:
        commands.submit("start", by="anna", at=NINE, form_key=again)
    assert caught.value.number == first
    assert [command and command.id for command in (commands.take_next(at=NINE), commands.take_next(at=NINE))] == [
        first,
        None,
    ]
    commands.complete(first, CommandResult.done(say("done")))
    with pytest.raises(DuplicateCommandError):
        commands.submit("start", by="anna", at=NINE, form_key=again)
    assert commands.submit("start", by="anna", at=NINE, form_key="another") != first
    assert commands.submit("start", by="anna", at=NINE) != commands.submit("start", by="anna", at=NINE)


class Waiting:
    """Sleeps as no clock does, and has something happen at a moment of that sleep."""

    def __init__(self, at: float = 0.0, happens: Callable[[], object] = lambda: None) -> None:
        self.slept = 0.0
        self._at, self._happens = at, happens

    def __call__(self, seconds: float) -> None:
        before, self.slept = self.slept, self.slept + seconds
        if before <= self._at < self.slept:
            self._happens()


def take_and_complete(commands: CommandQueue, number: int, answer: CommandResult) -> None:
    if commands.take_next(at=NINE):
        commands.complete(number, answer)


def test_who_waits_gets_the_answer_when_it_comes(commands: CommandQueue) -> None:
    number = commands.submit("pause", by="anna", at=NINE)
    answer = CommandResult.done(say("the run is not paused"))
    sleep = Waiting(1.0, lambda: take_and_complete(commands, number, answer))
    assert commands.wait(number, sleep=sleep) == CommandOutcome(CommandStatus.DONE, answer.text)
    assert sleep.slept < 1.2


def test_a_request_that_nobody_takes_is_taken_back(commands: CommandQueue) -> None:
    number = commands.submit("start", by="anna", at=NINE)
    sleep = Waiting()
    assert commands.wait(number, sleep=sleep).status is CommandStatus.NOT_TAKEN
    assert TAKE_SECONDS <= sleep.slept < TAKE_SECONDS + 0.2
    assert commands.take_next(at=NINE) is None


def test_a_service_that_is_at_work_on_a_big_list_is_waited_for_longer(commands: CommandQueue, journal: Journal) -> None:
    journal.heartbeats.begin(at=NINE)
    number = commands.submit("start", by="anna", at=NINE)
    answer = CommandResult.done(say("done"))
    sleep = Waiting(20.0, lambda: take_and_complete(commands, number, answer))
    assert commands.wait(number, sleep=sleep) == CommandOutcome(CommandStatus.DONE, answer.text)
    number, sleep = commands.submit("stop", by="anna", at=NINE), Waiting()
    assert commands.wait(number, timeout=12, sleep=sleep).status is CommandStatus.NOT_TAKEN
    assert 12 <= sleep.slept < 12.2


@pytest.mark.parametrize("gone", ["stopped", "dead", "elsewhere"])
def test_a_service_that_cannot_be_seen_at_work_is_not(commands: CommandQueue, journal: Journal, gone: str) -> None:
    journal.heartbeats.begin(at=NINE)
    if gone == "stopped":
        journal.heartbeats.end(at=NINE)
    with journal.write_transaction() as connection:
        if gone != "stopped":
            connection.execute(update(service).values({"pid": dead_pid()} if gone == "dead" else {"host": "elsewhere"}))
    number, sleep = commands.submit("start", by="anna", at=NINE), Waiting()
    assert commands.wait(number, sleep=sleep).status is CommandStatus.NOT_TAKEN
    assert sleep.slept < TAKE_SECONDS + 0.2


def test_where_the_journal_fails_meanwhile_nobody_says_that_nothing_was_done(commands: CommandQueue) -> None:
    number = commands.submit("start", by="anna", at=NINE)

    def fail(_: float) -> None:
        raise JournalUnavailableError([])

    assert commands.wait(number, sleep=fail).status is CommandStatus.UNKNOWN


@pytest.mark.parametrize("longest", [1.0, 12.0, RESULT_SECONDS])
def test_a_request_that_was_taken_is_waited_for_longer_and_not_taken_back(
    commands: CommandQueue, longest: float
) -> None:
    number = commands.submit("start", by="anna", at=NINE)
    commands.take_next(at=NINE)
    sleep = Waiting()
    assert commands.wait(number, timeout=longest, sleep=sleep).status is CommandStatus.NOT_ANSWERED
    assert max(longest, TAKE_SECONDS) <= sleep.slept < max(longest, TAKE_SECONDS) + 0.2
    commands.complete(number, CommandResult.done(say("done")))
    assert commands.wait(number, sleep=sleep).status is CommandStatus.DONE


@pytest.mark.parametrize("result", [CommandResult.done(say("done")), CommandResult.refused(say("no run"))])
def test_a_command_is_submitted_and_its_outcome_waited_for(commands: CommandQueue, result: CommandResult) -> None:
    def serve() -> None:
        command = commands.take_next(at=NINE)
        assert command is not None
        assert (command.name, command.params) == ("stop", {"withdraw": True})
        commands.complete(command.id, result)

    outcome = commands.submit_and_wait("stop", by="anna", at=NINE, sleep=Waiting(1.0, serve), withdraw=True)
    assert outcome == CommandOutcome(CommandStatus.DONE if result.ok else CommandStatus.REFUSED, result.text)
    assert outcome.is_answered


def test_a_form_that_is_sent_twice_gets_the_outcome_of_the_first_command(commands: CommandQueue) -> None:
    first = commands.submit("start", by="anna", at=NINE, form_key="form")
    commands.take_next(at=NINE)
    commands.complete(first, CommandResult.done(say("done")))
    again = commands.submit_and_wait("start", by="anna", at=NINE, form_key="form", sleep=Waiting())
    assert again == CommandOutcome(CommandStatus.DONE, say("done"), is_new=False)
    assert commands.take_next(at=NINE) is None


def test_without_an_answer_the_outcome_has_a_sentence_for_the_audit_log(commands: CommandQueue) -> None:
    outcome = commands.submit_and_wait("start", by="anna", at=NINE, sleep=Waiting())
    assert outcome == CommandOutcome(CommandStatus.NOT_TAKEN, COMMAND_NOT_TAKEN)
    assert not outcome.is_answered
