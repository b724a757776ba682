"""Reads the calls in a journal: waiting, in transit, called that day, and the results of a run."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, case, func, or_, select

from obzvon.domain.calls import CallRecord, CallState, PendingCall
from obzvon.domain.results import DeliveryCounts, Disposition
from obzvon.journal import tallies
from obzvon.journal.database import Database
from obzvon.journal.rows import call_record
from obzvon.journal.schema import RESULT, calls, runs

DECLINED_KEY = "9"
"""The key by which the called person asks not to be called again that day."""

# The queries are built once: to build one takes longer than to execute it.
_OF_RUN = calls.c.run_id == bindparam("run")
_PENDING = select(
    calls.c.run_id,
    runs.c.token,
    calls.c.position,
    calls.c.number,
    calls.c.code,
    calls.c.attempt,
    calls.c.handed_at,
    calls.c.not_before,
    calls.c.via,
    calls.c.boot,
).join(runs)
_WAITING = _PENDING.where(
    calls.c.state == CallState.WAITING.value, _OF_RUN, calls.c.position > bindparam("after"), calls.c.attempt == 1
).order_by(calls.c.position)
_FIRST_WAITING = _WAITING.limit(bindparam("most", type_=Integer))
_WAITING_RETRIES = _PENDING.where(calls.c.state == CallState.WAITING.value, _OF_RUN, calls.c.attempt > 1).order_by(
    calls.c.not_before.asc().nulls_first(), calls.c.position
)
_IN_TRANSIT = _PENDING.where(calls.c.state == bindparam("state"), runs.c.settled.is_(False)).order_by(
    calls.c.run_id, calls.c.position
)
_LAST_MOMENT = func.coalesce(calls.c.handed_at, calls.c.ended_at)
_LAST_ATTEMPTS = (
    select(runs.c.kind, runs.c.day, calls)
    .join(runs)
    .where(_OF_RUN, calls.c.bundle.is_not(None), _LAST_MOMENT.is_not(None))
    .order_by(_LAST_MOMENT.desc(), calls.c.position.desc())
    .limit(bindparam("most", type_=Integer))
)
_LAST_BUNDLE = select(func.max(calls.c.bundle), func.max(calls.c.handed_at)).where(_OF_RUN)
_RESULTS = select(RESULT, func.count()).where(_OF_RUN).group_by(RESULT)
_LAST_HAND_OVERS = (
    select(runs.c.day, func.max(calls.c.handed_at))
    .join(runs)
    .where(
        runs.c.day.between(bindparam("first"), bindparam("last")),
        runs.c.kind.in_(("week", "manual")),
        calls.c.handed_at.is_not(None),
    )
    .group_by(runs.c.day)
)
_HANDED_OVER = (
    # An attempt before was made. One that Asterisk took and did not make has left no result.
    ((calls.c.attempt > 1) & (calls.c.disposition != Disposition.WITHDRAWN.value))
    | calls.c.state.in_((CallState.HANDING.value, CallState.HANDED.value))
    | (
        (calls.c.state == CallState.ENDED.value)
        & calls.c.bundle.is_not(None)
        & (calls.c.disposition != Disposition.WITHDRAWN.value)
    )
)
_CALLED_ON = (
    select(calls.c.number, calls.c.code)
    .join(runs)
    .where(
        runs.c.day == bindparam("today"),
        (runs.c.kind.in_(("week", "manual")) & _HANDED_OVER) | (runs.c.kind == "former"),
    )
)


class CallStore:
    """The calls in a journal, for reading; `CallTransitions` moves them on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, run_id: int, *, after: int = 0, limit: int | None = None) -> list[PendingCall]:
        """Return the run's calls that wait for their first attempt, behind position `after`, in the list's order."""
        if limit is None:
            return self._pending(_WAITING, run=run_id, after=after)
        return self._pending(_FIRST_WAITING, run=run_id, after=after, most=limit)

    def waiting_retries(self, run_id: int) -> list[PendingCall]:
        """Return the run's calls that wait for a further attempt, the earliest first: one without a moment may go."""
        return self._pending(_WAITING_RETRIES, run=run_id)

    def in_transit(self, state: CallState) -> list[PendingCall]:
        """Return all calls in the state HANDING or HANDED, of any run."""
        return self._pending(_IN_TRANSIT, state=state.value)

    def last_attempts(self, run_id: int, limit: int = 1000) -> list[CallRecord]:
        """Return the run's calls that were handed over last, or that Asterisk refused to take, in no order."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(_LAST_ATTEMPTS, {"run": run_id, "most": limit})
            return [call_record(row._mapping) for row in rows]

    def last_bundle(self, run_id: int) -> tuple[int, datetime | None]:
        """Return the number of the run's latest bundle and when it was handed over; (0, None) before the first."""
        with self._database.read_transaction() as connection:
            number, at = connection.execute(_LAST_BUNDLE, {"run": run_id}).one()
        return number or 0, at

    def called_on(self, day: date) -> set[tuple[str, str]]:
        """Return the numbers, with their codes, that were handed over in that day's runs; test calls do not count.

        Of a day that was called from another journal too, those that this journal has learnt of are among them.
        """
        with self._database.read_transaction() as connection:
            return {(number, code) for number, code in connection.execute(_CALLED_ON, {"today": day})}

    def count_attempts(self, day: date, run_id: int | None = None) -> int:
        """Return how often calls of that day were handed over, in one run or in all; test calls count, too."""
        is_going = calls.c.state.in_((CallState.HANDING.value, CallState.HANDED.value))
        has_gone = and_(
            calls.c.state == CallState.ENDED.value,
            calls.c.bundle.is_not(None),
            calls.c.disposition != Disposition.WITHDRAWN.value,
        )
        made = case((or_(is_going, has_gone), calls.c.attempt), else_=calls.c.attempt - 1)
        query = select(func.coalesce(func.sum(made), 0)).join(runs).where(runs.c.day == day)
        if run_id is not None:
            query = query.where(calls.c.run_id == run_id)
        with self._database.read_transaction() as connection:
            return int(connection.execute(query).scalar_one())

    def last_hand_overs(self, first: date, last: date) -> dict[date, datetime]:
        """Return the days of that span on which calls were handed over, each with the last one; no test calls."""
        with self._database.read_transaction() as connection:
            return dict(connection.execute(_LAST_HAND_OVERS, {"first": first, "last": last}).all())

    def declined_on(self, day: date) -> set[tuple[str, str]]:
        """Return the numbers, with their codes, of those who asked on that day not to be called again on it."""
        query = select(calls.c.number, calls.c.code).join(runs).where(runs.c.day == day, calls.c.key == DECLINED_KEY)
        with self._database.read_transaction() as connection:
            return {(number, code) for number, code in connection.execute(query)}

    def count_results(self, run_id: int) -> Counter[str]:
        """Return how many calls of a run have each result: a disposition, or waiting, handing, handed."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(_RESULTS, {"run": run_id})
            return Counter({row[0]: row[1] for row in rows})

    def count_deliveries(self, run_id: int, least: float) -> DeliveryCounts:
        """Return how many calls of a run were delivered: listened to for at least `least` seconds."""
        with self._database.read_transaction() as connection:
            row = connection.execute(tallies.select_deliveries(least).where(calls.c.run_id == run_id)).one()
        return DeliveryCounts(least, *map(int, row))

    def records_on(self, day: date) -> Iterator[CallRecord]:
        """Yield a day's calls, one record each, in the order of runs and list."""
        query = (
            select(runs.c.kind, runs.c.day, calls)
            .join(runs)
            .where(runs.c.day == day)
            .order_by(calls.c.run_id, calls.c.position)
            .execution_options(yield_per=1000)
        )
        with self._database.read_transaction() as connection, connection.execute(query) as rows:
            for row in rows:
                yield call_record(row._mapping)

    def _pending(self, query: Select[Any], **values: object) -> list[PendingCall]:
        with self._database.read_transaction() as connection:
            return [PendingCall(*row) for row in connection.execute(query, values)]
