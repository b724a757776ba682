"""The schedule as the service saw it last: by it one knows since when a day has had its start time."""

from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select

from obzvon.domain.schedule import Schedule
from obzvon.journal.database import Database
from obzvon.journal.schema import CAMPAIGN, meta, seen

_LAST = select(seen).where(seen.c.campaign == CAMPAIGN)


class SeenSchedules:
    """The seen schedule's row in a journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def changes(self, schedule: Schedule, today: date, changed: datetime) -> dict[date, datetime]:
        """Return, for today and yesterday, when that day's start time was last changed.

        Yesterday counts because its run may still be late. `changed` is when the document was written.

        | start time in the schedule seen last | moment of the change                      |
        |--------------------------------------|-------------------------------------------|
        | another one                          | `changed`                                 |
        | the same                             | the stored moment, else the day is absent |

        An absent day has had its start time since before the first look, as has every day for the first service of a
        journal.
        """
        row = self._row()
        if row is None:
            return {}
        before, kept = _decode(row.week), msgspec.json.decode(row.since, type=dict[date, datetime])
        moments = {
            day: changed if before.start_on(day) != schedule.start_on(day) else kept.get(day)
            for day in (today - timedelta(days=1), today)
        }
        return {day: moment for day, moment in moments.items() if moment is not None}

    def remember(self, schedule: Schedule, today: date, changed: datetime) -> dict[date, datetime]:
        """Return the same as `changes`, and keep this schedule as the one seen last."""
        since = self.changes(schedule, today, changed)
        row, values = self._row(), {"week": _encode(schedule), "since": msgspec.json.encode(since).decode()}
        if row is None or (row.week, row.since) != (values["week"], values["since"]):
            with self._database.write_transaction() as connection:
                connection.execute(delete(seen).where(seen.c.campaign == CAMPAIGN))
                connection.execute(insert(seen).values(campaign=CAMPAIGN, **values))
        return since

    def has_any(self) -> bool:
        """Return whether a schedule has been seen yet. Until then a start that has passed is a missed one."""
        return self._row() is not None

    def claim_missed_start(self, kind: str, start: datetime) -> bool:
        """Keep that this start has been logged as missed; return False if it was before, maybe by another process."""
        key, value = f"missed start {CAMPAIGN} {kind}", start.isoformat()
        with self._database.read_transaction() as connection:
            if connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar() == value:
                return False
        with self._database.write_transaction() as connection:
            connection.execute(delete(meta).where(meta.c.key == key))
            connection.execute(insert(meta).values(key=key, value=value))
        return True

    def _row(self) -> Row[Any] | None:
        with self._database.read_transaction() as connection:
            return connection.execute(_LAST).first()


class _StoredSchedule(msgspec.Struct):
    times: tuple[time | None, ...]
    dates: dict[date, time | None]


def _encode(schedule: Schedule) -> str:
    return msgspec.json.encode(_StoredSchedule(schedule.times, dict(sorted(schedule.dates.items())))).decode()


def _decode(text: str) -> Schedule:
    stored = msgspec.json.decode(text, type=_StoredSchedule)
    return Schedule(stored.times, stored.dates)
