"""The runs in a journal: begun with a snapshot of the list, looked up, paused, ended, settled."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from obzvon.common.i18n import Message
from obzvon.domain.calls import CallState, Run
from obzvon.domain.phones import Candidate
from obzvon.journal import tallies
from obzvon.journal.database import Database
from obzvon.journal.rows import decode_message, encode_message
from obzvon.journal.schema import CAMPAIGN, calls, runs
from obzvon.journal.snapshot import insert_calls

# Built once: to build a query takes longer than to execute it.
_ACTIVE = select(runs).where(runs.c.state.in_(("running", "paused"))).order_by(runs.c.id).limit(1)
_LATEST = select(runs).where(runs.c.kind.in_(("week", "manual"))).order_by(runs.c.id.desc()).limit(1)
_BY_ID = select(runs).where(runs.c.id == bindparam("run"))
_ON_DAYS = select(runs).where(runs.c.day.between(bindparam("first"), bindparam("last"))).order_by(runs.c.day, runs.c.id)
_SCHEDULED = select(runs.c.day).where(runs.c.claim.is_not(None), runs.c.day >= bindparam("since"))
_TOKENS = select(runs.c.token)
_LATEST_TIMES = select(func.max(runs.c.started_at), func.max(runs.c.ended_at))
_DAY_BEFORE = select(func.max(runs.c.day)).where(runs.c.day < bindparam("today"))
_DAY_AFTER = select(func.min(runs.c.day)).where(runs.c.day > bindparam("today"))
_TO_SETTLE = select(runs.c.id).where(
    runs.c.settled.is_(False),
    runs.c.ended_at.is_not(None),
    ~exists().where(calls.c.run_id == runs.c.id, calls.c.state != CallState.ENDED.value),
)


class RunStore:
    """The runs in a journal. Only the service changes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self,
        token: str,
        day: date,
        kind: str,
        candidates: Iterable[Candidate],
        *,
        at: datetime,
        by: str = "",
        note: Message | None = None,
        state: str = "running",
        is_known: bool = False,
    ) -> Run | None:
        """Write a run and a call for each candidate, all or nothing; return None if its day was claimed before.

        `week` and `former` runs claim their day; with `is_known`, a `former` one whose calls are known does not.
        """
        claim = None if is_known else _claim(day, kind)
        values = {
            "token": token,
            "campaign": CAMPAIGN,
            "day": day,
            "kind": kind,
            "claim": claim,
            "state": state,
            "started_at": at,
            "ended_at": None if state == "running" else at,
            "started_by": by,
            "note": encode_message(note) or "",
            "total": 0,
        }
        try:
            with self._database.write_transaction() as connection:
                run_id = connection.execute(insert(runs).returning(runs.c.id).values(**values)).scalar_one()
                _count_calls(connection, run_id, insert_calls(connection, run_id, candidates, at))
        except IntegrityError:
            if claim is None or day not in self.scheduled_days(day):
                raise
            return None
        return self.get(run_id)

    def get(self, run_id: int) -> Run:
        """Return the run with this id."""
        with self._database.read_transaction() as connection:
            return _run(connection.execute(_BY_ID, {"run": run_id}).one())

    def active(self) -> Run | None:
        """Return the run that is running or paused, the oldest if there are several."""
        return self._first(_ACTIVE)

    def latest(self) -> Run | None:
        """Return the latest run, not counting test calls and runs of the old script."""
        return self._first(_LATEST)

    def on_days(self, first: date, last: date | None = None) -> list[Run]:
        """Return the runs of one day, or of all days up to `last`, in the order of days and of their start."""
        with self._database.read_transaction() as connection:
            return [_run(row) for row in connection.execute(_ON_DAYS, {"first": first, "last": last or first})]

    def scheduled_days(self, since: date) -> set[date]:
        """Return the days from `since` on that have had their scheduled run."""
        with self._database.read_transaction() as connection:
            return set(connection.execute(_SCHEDULED, {"since": since}).scalars())

    def tokens(self) -> set[str]:
        """Return the tokens of all runs, which their call files carry in their names."""
        with self._database.read_transaction() as connection:
            return set(connection.execute(_TOKENS).scalars())

    def is_empty(self) -> bool:
        """Return whether there has never been a run."""
        with self._database.read_transaction() as connection:
            return connection.execute(select(runs.c.id).limit(1)).first() is None

    def latest_time(self) -> datetime | None:
        """Return the latest start or end of a run. A clock that shows less was set back."""
        with self._database.read_transaction() as connection:
            started, ended = connection.execute(_LATEST_TIMES).one()
        return max((moment for moment in (started, ended) if moment), default=None)

    def neighbouring_days(self, day: date) -> tuple[date | None, date | None]:
        """Return the last day before `day` and the first after it that had a run."""
        with self._database.read_transaction() as connection:
            return (
                connection.execute(_DAY_BEFORE, {"today": day}).scalar(),
                connection.execute(_DAY_AFTER, {"today": day}).scalar(),
            )

    def first_day(self) -> date | None:
        """Return the first day that had a run."""
        with self._database.read_transaction() as connection:
            return connection.execute(select(func.min(runs.c.day))).scalar()

    def set_state(self, run_id: int, state: str, *, at: datetime) -> None:
        """Set the run's state: running or paused, or done or stopped, which end it."""
        ended = at if state in ("done", "stopped") else None
        with self._database.write_transaction() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(state=state, ended_at=ended))

    def settle(self) -> None:
        """Mark the ended runs whose calls have all ended, and store their tallies: nothing changes in them any more."""
        with self._database.read_transaction() as connection:
            counted = {
                run_id: tallies.count_calls(connection, run_id) for run_id in connection.execute(_TO_SETTLE).scalars()
            }
        if counted:
            with self._database.write_transaction() as connection:
                tallies.store(connection, counted)
                connection.execute(update(runs).where(runs.c.id.in_(counted)).values(settled=True))

    def _first(self, query: Select[Any]) -> Run | None:
        with self._database.read_transaction() as connection:
            row = connection.execute(query).first()
            return None if row is None else _run(row)


def _count_calls(connection: Connection, run_id: int, total: int) -> None:
    connection.execute(update(runs).where(runs.c.id == run_id).values(total=total))


def _claim(day: date, kind: str) -> str | None:
    """Return what only one run of the day can have, so that a day has one scheduled run."""
    return f"{CAMPAIGN} {day.isoformat()}" if kind in ("week", "former") else None


def _run(row: Row[Any]) -> Run:
    fields = row._mapping
    return Run(
        **{name: fields[name] for name in Run.__struct_fields__ if name != "note"}, note=decode_message(fields["note"])
    )
