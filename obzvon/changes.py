"""Who changed what and when: what people do to the list, the week, the users and the runs is kept in the journal."""

from datetime import datetime

import msgspec
from sqlalchemy import insert, select

from obzvon.journal import Journal, packed
from obzvon.journal_tables import changes
from obzvon.language import Message


class Change(msgspec.Struct, frozen=True):
    """One change: when, by whom, and a sentence that says what."""

    id: int
    at: datetime
    who: str
    what: Message


class Changes:
    """The changes in a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def record(self, who: str, what: Message, *, at: datetime) -> None:
        """Keeps one, durably."""
        with self._journal.write() as connection:
            connection.execute(insert(changes).values(at=at, who=who, what=packed(what)))

    def latest(self, count: int, *, before: int | None = None) -> list[Change]:
        """The newest first; those with an id less than `before`, if it is given."""
        query = select(changes).order_by(changes.c.id.desc()).limit(count)
        if before is not None:
            query = query.where(changes.c.id < before)
        with self._journal.read() as connection:
            return [Change(row.id, row.at, row.who, msgspec.json.decode(row.what, type=Message))
                    for row in connection.execute(query)]
