"""The identity of a journal, how often it has handed calls over, and where it was moved to.

A copy has the identity of its original and, after the original's next hand-over, a smaller count.
"""

from datetime import date, datetime

import msgspec
from sqlalchemy import BigInteger, Connection, Text, cast, delete, insert, select, update

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.journal.database import Database
from obzvon.journal.schema import meta

_EVERY_VALUE = select(meta.c.key, meta.c.value)
_COUNT_ONE = (
    update(meta)
    .where(meta.c.key == "hand_overs")
    .values(value=cast(cast(meta.c.value, BigInteger) + 1, Text))
    .returning(meta.c.value)
)


class JournalMovedError(UserError):
    """The journal was moved to another database. Calls are handed over from there alone."""

    def __init__(self, where: str, target: str) -> None:
        super().__init__(
            [
                Problem(
                    where,
                    say("the journal was moved to {target}, and nobody is called from here", target=target),
                    say("name the new address in [Journal] url and restart the service and the editor"),
                )
            ]
        )


class DayConflict(msgspec.Struct, frozen=True):
    """A day was called from another journal, or from a later state of this one (`is_copy`).

    `journal` is the other one's address; `at` its last hand-over. `called` is how many numbers were handed over that
    day, and `left` how many of the list were not; None if that is not known.
    """

    day: date
    at: datetime
    journal: str
    is_copy: bool
    called: int | None = None
    left: int | None = None


class JournalIdentity:
    """The identity of a journal, its count of hand-overs, and the conflict that the service has found."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def key(self) -> str:
        """The identity; '' for a journal that no service has made yet."""
        return self._values().get("identity", "")

    @property
    def hand_overs(self) -> int:
        """The number of hand-overs so far."""
        return int(self._values().get("hand_overs", 0))

    def raise_hand_overs(self, above: int) -> int:
        """Raise the count above `above` and above what it was, and return it. A copy from before has a smaller one."""
        count = max(self.hand_overs, above) + 1
        with self._database.write_transaction() as connection:
            connection.execute(update(meta).where(meta.c.key == "hand_overs").values(value=str(count)))
        return count

    def ensure_not_moved(self) -> None:
        """Raise JournalMovedError if the journal was moved to another database, UserError if it is being moved here."""
        values = self._values()
        if target := values.get("moved_to"):
            raise JournalMovedError(self._database.address, target)
        if source := values.get("unfinished"):
            raise UserError(
                [
                    Problem(
                        self._database.address,
                        say("the journal has not been moved here as a whole, and nobody is called from here"),
                        say(
                            "name the old address, {source}, in [Journal] url, and repeat: obzvon journal move",
                            source=source,
                        ),
                    )
                ]
            )

    @property
    def conflict(self) -> DayConflict | None:
        """The conflict that the service has found and nobody has decided yet."""
        stored = self._values().get("conflict")
        return msgspec.json.decode(stored, type=DayConflict) if stored else None

    def store_conflict(self, conflict: DayConflict | None) -> None:
        """Store the conflict for the editor, or None when it is decided."""
        if conflict == self.conflict:
            return
        with self._database.write_transaction() as connection:
            connection.execute(delete(meta).where(meta.c.key == "conflict"))
            if conflict is not None:
                value = msgspec.json.encode(conflict).decode()
                connection.execute(insert(meta).values(key="conflict", value=value))

    def _values(self) -> dict[str, str]:
        with self._database.read_transaction() as connection:
            return dict(connection.execute(_EVERY_VALUE).all())


def count_hand_over(connection: Connection, where: str) -> int:
    """Count a hand-over, in the transaction that makes it, and return how many there were.

    Raise JournalMovedError: a moved journal has no count any more, so that nothing is handed over from it.
    """
    count = connection.execute(_COUNT_ONE).scalar()
    if count is None:
        target = connection.execute(select(meta.c.value).where(meta.c.key == "moved_to")).scalar()
        raise JournalMovedError(where, target or "?")
    return int(count)
