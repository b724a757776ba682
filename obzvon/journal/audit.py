"""The audit log: who changed what in the editor, and when."""

from datetime import datetime

import msgspec
from sqlalchemy import insert, select

from obzvon.common.i18n import Message
from obzvon.journal.database import Database
from obzvon.journal.rows import encode_message
from obzvon.journal.schema import changes


class AuditEntry(msgspec.Struct, frozen=True):
    """A change: when, by whom, and a sentence that describes it."""

    id: int
    at: datetime
    who: str
    what: Message


class AuditLog:
    """The audit log in a journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, who: str, what: Message, *, at: datetime) -> None:
        """Write an entry, durably."""
        with self._database.write_transaction() as connection:
            connection.execute(insert(changes).values(at=at, who=who, what=encode_message(what)))

    def latest(self, count: int, *, before: int | None = None) -> list[AuditEntry]:
        """Return the newest entries, newest first; with `before` only those with a smaller id."""
        query = select(changes).order_by(changes.c.id.desc()).limit(count)
        if before is not None:
            query = query.where(changes.c.id < before)
        with self._database.read_transaction() as connection:
            return [
                AuditEntry(row.id, row.at, row.who, msgspec.json.decode(row.what, type=Message))
                for row in connection.execute(query)
            ]
