"""What operators ask of the service, and its answers: the command line and the editor write, the service takes."""

import time
from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import insert, select, update

from obzvon.journal import Journal, packed
from obzvon.journal_tables import commands
from obzvon.language import Message

PATIENCE = 5.0
"""Seconds in which a service that is there takes a command."""
_ANSWER = 30.0
"""Seconds in which a command that was taken is answered."""
_LOOK = 0.05


class Command(msgspec.Struct, frozen=True):
    """One request: start, pause, resume, stop or call."""

    id: int
    name: str
    params: dict[str, str | int | bool]
    asked_by: str
    asked_at: datetime


class Answer(msgspec.Struct, frozen=True):
    """What the service said: whether it was done, and the sentence for who asked."""

    ok: bool
    text: Message


class Commands:
    """The requests in a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def ask(self, name: str, *, by: str, at: datetime, **params: str | int | bool) -> int:
        """Leaves a request for the service; returns its number."""
        with self._journal.write() as connection:
            return int(connection.execute(insert(commands).returning(commands.c.id).values(
                name=name, params=msgspec.json.encode(params).decode(), asked_by=by, asked_at=at)).scalar_one())

    def ask_and_wait(self, name: str, *, by: str, at: datetime, sleep: Callable[[float], object] = time.sleep,
                     **params: str | int | bool) -> Answer | None:
        """Leaves a request and waits for the answer; None if no service took it, and then it is taken back."""
        number = self.ask(name, by=by, at=at, **params)
        waited, taken = 0.0, False
        while (answer := self.answered(number)) is None:
            if waited > _ANSWER or (not taken and waited > PATIENCE and self.give_up(number)):
                return None
            taken = taken or waited > PATIENCE
            sleep(_LOOK)
            waited += _LOOK
        return answer

    def take(self, *, at: datetime) -> Command | None:
        """The oldest request that nobody has taken; from now on it is this process's to answer."""
        waiting = commands.c.taken_at.is_(None) & commands.c.done.is_(False)
        with self._journal.read() as connection:
            row = connection.execute(select(commands).where(waiting).order_by(commands.c.id).limit(1)).first()
        if row is None:
            return None
        with self._journal.write() as connection:
            taken = connection.execute(update(commands).where(commands.c.id == row.id, waiting).values(taken_at=at))
            if taken.rowcount != 1:
                return None
        return Command(row.id, row.name, msgspec.json.decode(row.params), row.asked_by, row.asked_at)

    def answer(self, command: int, answer: Answer) -> None:
        """Tells who asked what came of it."""
        with self._journal.write() as connection:
            connection.execute(update(commands).where(commands.c.id == command)
                               .values(done=True, ok=answer.ok, answer=packed(answer.text)))

    def answered(self, command: int) -> Answer | None:
        """The service's answer, None as long as there is none."""
        with self._journal.read() as connection:
            row = connection.execute(select(commands).where(commands.c.id == command)).one()
        return Answer(bool(row.ok), msgspec.json.decode(row.answer, type=Message)) if row.answer else None

    def give_up(self, command: int) -> bool:
        """Takes a request back; False if the service has taken it already and will answer."""
        with self._journal.write() as connection:
            return connection.execute(update(commands).where(commands.c.id == command, commands.c.taken_at.is_(None))
                                      .values(done=True)).rowcount == 1
