"""A service that answers commands as a test says."""

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from obzvon.common.i18n import say
from obzvon.journal.commands import Command, CommandResult
from obzvon.journal.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable


class Service:
    """Takes commands from the journal in a thread of its own until it is stopped."""

    def __init__(self, journal: Journal) -> None:
        self.taken: list[Command] = []
        self.answer: Callable[[Command], CommandResult] = lambda command: CommandResult.done(say("paused"))
        self._commands = journal.commands
        self._answered, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> "Service":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._end.wait(0.005):
            if command := self._commands.take_next(at=datetime.now(UTC)):
                self.taken.append(command)
                self._commands.complete(command.id, self.answer(command))
                self._answered.set()

    def wait_for_answer(self, _: float) -> None:
        """Wait until the service has answered something; takes the place of `sleep`."""
        self._answered.wait(60)
        self._answered.clear()
