"""Commands of the operators to the service: the command line and the editor submit them, the service takes them."""

import enum
import time
from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from obzvon.common.errors import ObzvonError, UserError
from obzvon.common.i18n import Message
from obzvon.domain.labels import COMMAND_NOT_ANSWERED, COMMAND_NOT_TAKEN, COMMAND_STATE_UNKNOWN
from obzvon.journal.database import Database
from obzvon.journal.heartbeat import Heartbeats
from obzvon.journal.rows import encode_message
from obzvon.journal.schema import commands

#: Seconds in which a service takes a command, unless its process can be seen to be alive and busy.
TAKE_SECONDS = 5.0
#: Seconds in which a command is answered that was taken, or that such a busy service will take.
RESULT_SECONDS = 30.0
_POLL_SECONDS = 0.05

_BY_ID = select(commands).where(commands.c.id == bindparam("number"))
_IS_OPEN = commands.c.taken_at.is_(None) & commands.c.done.is_(False)
_NEXT = select(commands).where(_IS_OPEN).order_by(commands.c.id).limit(1)
_LAST_DONE = select(func.max(commands.c.taken_at)).where(
    commands.c.name == bindparam("command"), commands.c.ok.is_(True)
)


class DuplicateCommandError(ObzvonError):
    """A command with the same key was submitted before; `number` is that of the first."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Command(msgspec.Struct, frozen=True):
    """A command: start, pause, resume, stop, call or check."""

    id: int
    name: str
    params: dict[str, str | int | bool]
    asked_by: str
    asked_at: datetime


class CommandResult(msgspec.Struct, frozen=True):
    """The answer of the service: whether the command was done, and a sentence for the operator."""

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


class CommandStatus(enum.Enum):
    """The state of a command when its submitter stopped waiting."""

    #: The service has done it.
    DONE = enum.auto()
    #: The service has not done it, and says why.
    REFUSED = enum.auto()
    #: No service has taken it. It is withdrawn and will not be executed.
    NOT_TAKEN = enum.auto()
    #: A service has taken it and has not written its result yet.
    NOT_ANSWERED = enum.auto()
    #: The journal has failed since it was submitted: a service may execute it, or may have executed it.
    UNKNOWN = enum.auto()


_TEXTS = {
    CommandStatus.NOT_TAKEN: COMMAND_NOT_TAKEN,
    CommandStatus.NOT_ANSWERED: COMMAND_NOT_ANSWERED,
    CommandStatus.UNKNOWN: COMMAND_STATE_UNKNOWN,
}


class CommandOutcome(msgspec.Struct, frozen=True):
    """The outcome of a command that was waited for: a status, and a sentence for the audit log.

    `is_new` is False for a form that was sent twice: then the outcome is that of the first command.
    """

    status: CommandStatus
    text: Message
    is_new: bool = True

    @property
    def is_answered(self) -> bool:
        """True if the text is the service's answer."""
        return self.status in (CommandStatus.DONE, CommandStatus.REFUSED)


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

    def submit_and_wait(
        self,
        name: str,
        *,
        by: str,
        at: datetime,
        form_key: str | None = None,
        timeout: float = RESULT_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
        **params: str | int | bool,
    ) -> CommandOutcome:
        """Write a command for the service, wait for its result and return the outcome, as `submit` and `wait` do.

        A command whose `form_key` was used before is not written again: the first one is waited for.
        """
        if self._database.is_absent:  # no service has ever been here
            return _outcome(CommandStatus.NOT_TAKEN)
        try:
            number = self.submit(name, by=by, at=at, form_key=form_key, **params)
        except DuplicateCommandError as error:
            return msgspec.structs.replace(self.wait(error.number, timeout=timeout, sleep=sleep), is_new=False)
        return self.wait(number, timeout=timeout, sleep=sleep)

    def wait(
        self, number: int, *, timeout: float = RESULT_SECONDS, sleep: Callable[[float], object] = time.sleep
    ) -> CommandOutcome:
        """Wait for the result of a command and return the outcome.

        `timeout` (seconds) is for a command that was taken, and for a service that is alive but has not looked for
        commands yet.
        """
        try:
            return self._wait(number, timeout, sleep)
        except UserError:
            return _outcome(CommandStatus.UNKNOWN)

    def _wait(self, number: int, timeout: float, sleep: Callable[[float], object]) -> CommandOutcome:
        waited, taken = 0.0, False
        timeout = max(timeout, TAKE_SECONDS)
        while (result := self.result(number)) is None:
            # A service that is alive and takes no command is writing the snapshot of a big list: it will take it then.
            is_overdue = waited >= TAKE_SECONDS and (waited >= timeout or not self._heartbeats.is_process_alive())
            if not taken and is_overdue:
                if self.withdraw(number):
                    return _outcome(CommandStatus.NOT_TAKEN)
                taken = True
            elif waited >= timeout:
                return _outcome(CommandStatus.NOT_ANSWERED)
            sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS
        return CommandOutcome(CommandStatus.DONE if result.ok else CommandStatus.REFUSED, result.text)

    def take_next(self, *, at: datetime) -> Command | None:
        """Return the oldest command that nobody has taken, and take it: from now on this process answers it."""
        with self._database.read_transaction() as connection:
            row = connection.execute(_NEXT).first()
        if row is None:
            return None
        with self._database.write_transaction() as connection:
            taken = connection.execute(update(commands).where(commands.c.id == row.id, _IS_OPEN).values(taken_at=at))
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

    def last_done(self, name: str) -> datetime | None:
        """Return when a command of this name that was done was taken last; None if there was none."""
        with self._database.read_transaction() as connection:
            return connection.execute(_LAST_DONE, {"command": name}).scalar()

    def result(self, number: int) -> CommandResult | None:
        """Return the result of a command; None as long as there is none."""
        with self._database.read_transaction() as connection:
            row = connection.execute(_BY_ID, {"number": number}).one()
        return (
            CommandResult(ok=bool(row.ok), text=msgspec.json.decode(row.answer, type=Message)) if row.answer else None
        )

    def withdraw(self, number: int) -> bool:
        """Withdraw a command; return False if the service has taken it and will answer."""
        with self._database.write_transaction() as connection:
            withdrawn = connection.execute(
                update(commands).where(commands.c.id == number, commands.c.taken_at.is_(None)).values(done=True)
            )
        return withdrawn.rowcount == 1


def _outcome(status: CommandStatus) -> CommandOutcome:
    return CommandOutcome(status, _TEXTS[status])
