"""The clock in the journal: how it was seen last, and up to which moment a wrong one has written there."""

from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, insert, select

from obzvon.domain.clock import ClockMemory
from obzvon.journal.database import Database
from obzvon.journal.schema import meta

_SEEN = "clock"
_ACCEPTED = "clock_accepted"

_VALUE = select(meta.c.value).where(meta.c.key == bindparam("name"))


class ClockStore:
    """The clock as the service saw it last, kept for the next process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> ClockMemory | None:
        """Return the clock as it was seen last."""
        stored = self._load(_SEEN)
        return msgspec.json.decode(stored, type=ClockMemory) if stored else None

    def store(self, memory: ClockMemory) -> None:
        """Keep the clock as it is seen now."""
        self._store(_SEEN, memory)

    def accepted(self) -> datetime | None:
        """Return up to which moment the journal's times come from a wrong clock, as somebody has said."""
        stored = self._load(_ACCEPTED)
        return msgspec.json.decode(stored, type=datetime) if stored else None

    def accept(self, latest: datetime) -> None:
        """Keep that the journal's times up to this one come from a wrong clock."""
        self._store(_ACCEPTED, latest)

    def _load(self, key: str) -> str | None:
        with self._database.read_transaction() as connection:
            return connection.execute(_VALUE, {"name": key}).scalar()

    def _store(self, key: str, value: object) -> None:
        with self._database.write_transaction() as connection:
            connection.execute(delete(meta).where(meta.c.key == key))
            connection.execute(insert(meta).values(key=key, value=msgspec.json.encode(value).decode()))
