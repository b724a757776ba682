"""Commands of the operators to the service: the command line and the editor submit them, the service takes them."""

import time
from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from obzvon.common.errors import ObzvonError, UserError
from obzvon.common.i18n import Message
from obzvon.journal.database import Database
from obzvon.journal.heartbeat import Heartbeats
from obzvon.journal.rows import encode_message
from obzvon.journal.schema import commands

#: Seconds in which a service takes a command, unless its process can be seen to be alive and busy.
TAKE_SECONDS = 5.0
#: Seconds in which a command is answered that was taken, or that such a busy service will take.
RESULT_SECONDS = 30.0
_POLL_SECONDS = 0.05


class CommandNotTakenError(ObzvonError):
    """No service has taken the command. It is withdrawn and will not be executed."""


class CommandNotAnsweredError(ObzvonError):
    """A service has taken the command and has not written its result yet."""


class CommandStateUnknownError(CommandNotAnsweredError):
    """The journal has failed since the command was submitted: a service may execute it, or may have executed it."""


class DuplicateCommandError(ObzvonError):
    """A command with the same key was submitted before; `number` is that of the first."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Command(msgspec.Struct, frozen=True):
    """One command: start, pause, resume, stop, call or check."""

    id: int
    name: str
    params: dict[str, str | int | bool]
    asked_by: str
    asked_at: datetime


class CommandResult(msgspec.Struct, frozen=True):
    """What the service answers: whether the command was done, and a sentence for the operator."""

    ok: bool
    text: Message

    @classmethod
    def done(cls, text: Message) -> "CommandResult":
        """Return the result of a command that was done."""
        return cls(ok=True, text=text)

    @classmethod
    def refused(cls, text: Message) -> "CommandResult":
        """Return the result of a command that was not done."""
        return cls(ok=False, text=text)


class CommandQueue:
    """The commands in a journal."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heartbeats = Heartbeats(database)

    def submit(
        self, name: str, *, by: str, at: datetime, form_key: str | None = None, **params: str | int | bool
    ) -> int:
        """Write a command for the service and return its number.

        `form_key` makes it idempotent: a form that is sent twice carries the same key, and the second time raises
        DuplicateCommandError.
        """
        try:
            with self._database.write_transaction() as connection:
                return int(
                    connection.execute(
                        insert(commands)
                        .returning(commands.c.id)
                        .values(
                            name=name,
                            params=msgspec.json.encode(params).decode(),
                            asked_by=by,
                            asked_at=at,
                            once=form_key,
                        )
                    ).scalar_one()
                )
        except IntegrityError as error:
            number = self.find(form_key) if form_key else None
            if number is None:
                raise
            raise DuplicateCommandError(number) from error

    def find(self, form_key: str) -> int | None:
        """Return the number of the command with this key; None if there is none."""
        with self._database.read_transaction() as connection:
            return connection.execute(select(commands.c.id).where(commands.c.once == form_key)).scalar_one_or_none()

    def wait_for_result(
        self, number: int, *, timeout: float = RESULT_SECONDS, sleep: Callable[[float], object] = time.sleep
    ) -> CommandResult:
        """Return the service's result once it is there.

        Raises CommandNotTakenError, CommandNotAnsweredError or CommandStateUnknownError. `timeout` (seconds) is for a
        command that was taken, and for a service that is alive but has not looked for commands yet.
        """
        try:
            return self._wait(number, timeout, sleep)
        except UserError as error:
            raise CommandStateUnknownError from error

    def _wait(self, number: int, timeout: float, sleep: Callable[[float], object]) -> CommandResult:
        waited, taken = 0.0, False
        timeout = max(timeout, TAKE_SECONDS)
        while (result := self.result(number)) is None:
            # A service that is alive and takes no command is writing the snapshot of a big list: it will take it then.
            is_overdue = waited >= TAKE_SECONDS and (waited >= timeout or not self._heartbeats.is_process_alive())
            if not taken and is_overdue:
                if self.withdraw(number):
                    raise CommandNotTakenError
                taken = True
            elif waited >= timeout:
                raise CommandNotAnsweredError
            sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS
        return result

    def take_next(self, *, at: datetime) -> Command | None:
        """Return the oldest command that nobody has taken, and take it: from now on this process answers it."""
        is_open = commands.c.taken_at.is_(None) & commands.c.done.is_(False)
        with self._database.read_transaction() as connection:
            row = connection.execute(select(commands).where(is_open).order_by(commands.c.id).limit(1)).first()
        if row is None:
            return None
        with self._database.write_transaction() as connection:
            taken = connection.execute(update(commands).where(commands.c.id == row.id, is_open).values(taken_at=at))
            if taken.rowcount != 1:
                return None
        return Command(row.id, row.name, msgspec.json.decode(row.params), row.asked_by, row.asked_at)

    def complete(self, number: int, result: CommandResult) -> None:
        """Write the result of a command."""
        with self._database.write_transaction() as connection:
            connection.execute(
                update(commands)
                .where(commands.c.id == number)
                .values(done=True, ok=result.ok, answer=encode_message(result.text))
            )

    def result(self, number: int) -> CommandResult | None:
        """Return the result of a command; None as long as there is none."""
        with self._database.read_transaction() as connection:
            row = connection.execute(select(commands).where(commands.c.id == number)).one()
        return CommandResult(bool(row.ok), msgspec.json.decode(row.answer, type=Message)) if row.answer else None

    def withdraw(self, number: int) -> bool:
        """Withdraw a command; return False if the service has taken it and will answer."""
        with self._database.write_transaction() as connection:
            withdrawn = connection.execute(
                update(commands).where(commands.c.id == number, commands.c.taken_at.is_(None)).values(done=True)
            )
        return withdrawn.rowcount == 1
