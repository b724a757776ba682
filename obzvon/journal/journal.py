"""The journal: runs, calls, commands, heartbeats, findings and the audit log in one database.

SQLite in WAL with `synchronous=FULL` (a commit is on the disk when it returns), or PostgreSQL. The service alone
changes runs and calls; the command line and the editor read them and leave commands.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, make_url

from obzvon.journal.audit import AuditLog
from obzvon.journal.calls import CallStore
from obzvon.journal.clock import ClockStore
from obzvon.journal.commands import CommandQueue
from obzvon.journal.database import Database, no_journal_yet
from obzvon.journal.findings import FindingsStore
from obzvon.journal.heartbeat import Heartbeats
from obzvon.journal.identity import JournalIdentity
from obzvon.journal.queries import CallQueries
from obzvon.journal.runs import RunStore
from obzvon.journal.seen_schedule import SeenSchedules
from obzvon.journal.sqlite import empty_engine
from obzvon.journal.transitions import CallTransitions


class Journal(Database):
    """An open journal. Each property is one of its subjects; they keep nothing and cost nothing to make."""

    @property
    def runs(self) -> RunStore:
        """The runs."""
        return RunStore(self)

    @property
    def calls(self) -> CallStore:
        """The calls, for reading."""
        return CallStore(self)

    @property
    def transitions(self) -> CallTransitions:
        """The state changes of calls."""
        return CallTransitions(self)

    @property
    def heartbeats(self) -> Heartbeats:
        """The heartbeat of the service."""
        return Heartbeats(self)

    @property
    def seen_schedules(self) -> SeenSchedules:
        """The schedule as the service saw it last."""
        return SeenSchedules(self)

    @property
    def commands(self) -> CommandQueue:
        """The commands to the service and their results."""
        return CommandQueue(self)

    @property
    def findings(self) -> FindingsStore:
        """The findings of the last self-check."""
        return FindingsStore(self)

    @property
    def identity(self) -> JournalIdentity:
        """The identity of the journal."""
        return JournalIdentity(self)

    @property
    def clock(self) -> ClockStore:
        """The clock as the service saw it last."""
        return ClockStore(self)

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        return AuditLog(self)

    def queries(self, least: float = 0.0) -> CallQueries:
        """Return the queries of the editor's pages; a call listened to for `least` seconds counts as delivered."""
        return CallQueries(self, least)


class AbsentJournal(Journal):
    """A journal that no service has made yet: it is empty, and a write raises UserError."""

    is_absent = True

    def __init__(self) -> None:
        self._is_open = True
        self.url = make_url("sqlite://")
        self.engine = self._reader = empty_engine()

    @contextmanager
    def write_transaction(self) -> Iterator[Connection]:
        """Raise UserError: the service makes the journal."""
        raise no_journal_yet(self.address)
        yield  # which makes it the context manager that the caller expects
