"""What operators ask of the service, and its answers: the command line and the editor write, the service takes."""

import time
from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from obzvon.common.errors import ObzvonError, UserError
from obzvon.common.i18n import Message
from obzvon.journal.heartbeat import Heartbeats
from obzvon.journal.runs import Journal, packed
from obzvon.journal.schema import commands

PATIENCE = 5.0
"""Seconds in which a service takes a request, unless it can be seen at work on something big."""
ANSWER = 30.0
"""Seconds in which a request is answered that was taken, or that such a service will take."""
_PAUSE = 0.05


class CommandNotTakenError(ObzvonError):
    """No service has taken the request; it is taken back, and will not be done."""


class CommandNotAnsweredError(ObzvonError):
    """A service has taken the request, and has not said yet what came of it."""


class CommandStateUnknownError(CommandNotAnsweredError):
    """The journal has failed since the request was left in it: a service may take it, and may have done so."""


class DuplicateCommandError(ObzvonError):
    """The very same request was made before: `number` is that of the first."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Command(msgspec.Struct, frozen=True):
    """One request: start, pause, resume, stop, call or check."""

    id: int
    name: str
    params: dict[str, str | int | bool]
    asked_by: str
    asked_at: datetime


class CommandResult(msgspec.Struct, frozen=True):
    """What the service said: whether it was done, and the sentence for who asked."""

    ok: bool
    text: Message


class CommandQueue:
    """The requests in a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._presence = Heartbeats(journal)

    def ask(self, name: str, *, by: str, at: datetime, once: str | None = None, **params: str | int | bool) -> int:
        """Leaves a request for the service; returns its number.

        A form that is sent twice carries the same `once`, and is one request: the second raises AskedBefore.
        """
        try:
            with self._journal.write() as connection:
                return int(
                    connection.execute(
                        insert(commands)
                        .returning(commands.c.id)
                        .values(
                            name=name,
                            params=msgspec.json.encode(params).decode(),
                            asked_by=by,
                            asked_at=at,
                            once=once,
                        )
                    ).scalar_one()
                )
        except IntegrityError as error:
            number = self.asked(once) if once else None
            if number is None:
                raise
            raise DuplicateCommandError(number) from error

    def asked(self, once: str) -> int | None:
        """The number of the request that carried it, None if there was none."""
        with self._journal.read() as connection:
            return connection.execute(select(commands.c.id).where(commands.c.once == once)).scalar_one_or_none()

    def wait(
        self, command: int, *, longest: float = ANSWER, sleep: Callable[[float], object] = time.sleep
    ) -> CommandResult:
        """The service's answer, waited for; raises NotTaken or NotAnswered.

        `longest` is for a request that was taken, and for a service that can be seen at work and has not looked yet.
        """
        try:
            return self._wait(command, longest, sleep)
        except UserError as error:
            raise CommandStateUnknownError from error

    def _wait(self, command: int, longest: float, sleep: Callable[[float], object]) -> CommandResult:
        waited, taken = 0.0, False
        longest = max(longest, PATIENCE)
        while (answer := self.answered(command)) is None:
            # A service that is there and does not look writes a big list down: it takes the request after that.
            if not taken and waited >= PATIENCE and (waited >= longest or not self._presence.lives()):
                if self.give_up(command):
                    raise CommandNotTakenError
                taken = True
            elif waited >= longest:
                raise CommandNotAnsweredError
            sleep(_PAUSE)
            waited += _PAUSE
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

    def answer(self, command: int, answer: CommandResult) -> None:
        """Tells who asked what came of it."""
        with self._journal.write() as connection:
            connection.execute(
                update(commands)
                .where(commands.c.id == command)
                .values(done=True, ok=answer.ok, answer=packed(answer.text))
            )

    def answered(self, command: int) -> CommandResult | None:
        """The service's answer, None as long as there is none."""
        with self._journal.read() as connection:
            row = connection.execute(select(commands).where(commands.c.id == command)).one()
        return CommandResult(bool(row.ok), msgspec.json.decode(row.answer, type=Message)) if row.answer else None

    def give_up(self, command: int) -> bool:
        """Takes a request back; False if the service has taken it already and will answer."""
        with self._journal.write() as connection:
            return (
                connection.execute(
                    update(commands).where(commands.c.id == command, commands.c.taken_at.is_(None)).values(done=True)
                ).rowcount
                == 1
            )
