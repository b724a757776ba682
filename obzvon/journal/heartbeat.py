"""What the service remembers of the week, and its sign of life for the command line and the editor."""

import os
import socket
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update

from obzvon.common import processes
from obzvon.domain.schedule import Schedule
from obzvon.journal.runs import CAMPAIGN, Journal
from obzvon.journal.schema import seen, service


class Heartbeat(msgspec.Struct, frozen=True):
    """A service's sign of life; `trouble` is what keeps it from handing over, as a packed message.

    `readout` is what it read last, packed.
    """

    pid: int
    host: str
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    trouble: str
    once: bool = False
    readout: str = ""


class Heartbeats:
    """The service's rows in a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def week_since(self, week: Schedule, today: date, changed: datetime) -> dict[date, datetime]:
        """From which moment the week has said what it says for today and for yesterday, whose run may still be late.

        `changed` is when the document that says so was written. A start time that is the same in the week that was
        seen last has not been changed then, whatever else was; a day that is not in the answer has been as it is from
        before anyone looked, as every day has for the first service of all.
        """
        row = self._seen()
        if row is None:
            return {}
        seen_week, kept = _week(row.week), msgspec.json.decode(row.since, type=dict[date, datetime])
        known = {
            day: changed if seen_week.start_on(day) != week.start_on(day) else kept.get(day) for day in _days(today)
        }
        return {day: moment for day, moment in known.items() if moment is not None}

    def remember_week(self, week: Schedule, today: date, changed: datetime) -> dict[date, datetime]:
        """The same, and keeps it for the next time."""
        since = self.week_since(week, today, changed)
        row, values = self._seen(), {"week": _packed(week), "since": msgspec.json.encode(since).decode()}
        if row is None or (row.week, row.since) != (values["week"], values["since"]):
            with self._journal.write() as connection:
                connection.execute(delete(seen).where(seen.c.campaign == CAMPAIGN))
                connection.execute(insert(seen).values(campaign=CAMPAIGN, **values))
        return since

    def has_seen_a_week(self) -> bool:
        """Whether anyone has looked at a week yet; until then a start that has passed is one that was missed."""
        return self._seen() is not None

    def begin(self, *, at: datetime, once: bool = False) -> None:
        """The service has started, for good or for one look."""
        with self._journal.write() as connection:
            connection.execute(delete(service).where(service.c.campaign == CAMPAIGN))
            connection.execute(
                insert(service).values(
                    campaign=CAMPAIGN, pid=os.getpid(), host=socket.gethostname(), started_at=at, seen_at=at, once=once
                )
            )

    def beat(self, *, at: datetime, trouble: str = "", readout: str = "") -> None:
        """The service lives; `trouble` says what keeps it from handing over."""
        self._update(seen_at=at, trouble=trouble, readout=readout)

    def end(self, *, at: datetime) -> None:
        """The service has stopped of its own will."""
        self._update(seen_at=at, stopped_at=at)

    def sign(self) -> Heartbeat | None:
        """The last sign of life; None if no service has ever been here."""
        with self._journal.read() as connection:
            row = connection.execute(select(service).where(service.c.campaign == CAMPAIGN)).first()
        if row is None:
            return None
        return Heartbeat(
            row.pid, row.host, row.started_at, row.seen_at, row.stopped_at, row.trouble, row.once, row.readout
        )

    def lives(self) -> bool:
        """Whether the process that gave the last sign can be seen at work, which it can on its own machine only."""
        sign = self.sign()
        return (
            sign is not None
            and sign.stopped_at is None
            and sign.host == socket.gethostname()
            and processes.is_process_alive(sign.pid)
        )

    def _seen(self) -> Row[Any] | None:
        with self._journal.read() as connection:
            return connection.execute(select(seen).where(seen.c.campaign == CAMPAIGN)).first()

    def _update(self, **values: object) -> None:
        with self._journal.write() as connection:
            connection.execute(update(service).where(service.c.campaign == CAMPAIGN).values(**values))


class _SeenSchedule(msgspec.Struct):
    times: tuple[time | None, ...]
    dates: dict[date, time | None]


def _days(today: date) -> tuple[date, date]:
    return today - timedelta(days=1), today


def _packed(week: Schedule) -> str:
    return msgspec.json.encode(_SeenSchedule(week.times, dict(sorted(week.dates.items())))).decode()


def _week(text: str) -> Schedule:
    kept = msgspec.json.decode(text, type=_SeenSchedule)
    return Schedule(kept.times, kept.dates)
