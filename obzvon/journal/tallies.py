"""Counts of a run's calls by result and time of hand-over, stored once nothing in the run changes any more."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Dialect, Select, and_, case, func, insert, select

from obzvon.domain.phones import CALLED_TODAY_REASONS
from obzvon.domain.results import Disposition
from obzvon.journal.schema import RESULT, calls, tallies

#: Counted in place of `skipped` where a row was skipped because its number had been called that day: the row of that
#: call says how it ended. The value is stored.
CALLED_EARLIER = "rung"

_CALLED_EARLIER_REASONS = tuple(msgspec.json.encode(reason).decode() for reason in CALLED_TODAY_REASONS)

#: By the quarter of an hour of the hand-over ("2026-11-23 06:15", UTC; '' = not handed over) and the result.
Tally = Counter[tuple[str, str]]


def called_earlier_condition() -> ColumnElement[bool]:
    """Return the condition for rows that say only that the phone had been called that day."""
    return func.coalesce(calls.c.reason, "").in_(_CALLED_EARLIER_REASONS)


def delivered_condition(*, delivered: bool, least: float) -> ColumnElement[bool]:
    """Return the condition for calls known to be delivered, or known not to be.

    `domain.results.is_delivered` for the database. Neither holds where the listening time is not known (NULL).
    """
    long_enough = calls.c.listened >= least
    return and_(calls.c.disposition == Disposition.ANSWERED.value, long_enough if delivered else ~long_enough)


def select_deliveries(least: float) -> Select[Any]:
    """Return the query for how many calls were delivered, were not, and for how many answered ones that is unknown."""
    unknown = and_(calls.c.disposition == Disposition.ANSWERED.value, calls.c.listened.is_(None))
    conditions = (
        delivered_condition(delivered=True, least=least),
        delivered_condition(delivered=False, least=least),
        unknown,
    )
    return select(*(func.coalesce(func.sum(case((condition, 1), else_=0)), 0) for condition in conditions))


def count_calls(connection: Connection, run_id: int) -> Tally:
    """Return a run's tally as its calls are now: 100,000 of them take a tenth of a second."""
    result = case((called_earlier_condition(), CALLED_EARLIER), else_=RESULT).label("how")
    minute = _minute(connection.dialect).label("minute")
    tally: Tally = Counter()
    for how, when, number in connection.execute(
        select(result, minute, func.count()).where(calls.c.run_id == run_id).group_by("how", "minute")
    ):
        tally[_quarter(when or ""), how] += number
    return tally


def store(connection: Connection, counted: Mapping[int, Tally]) -> None:
    """Write the tallies of runs that are settled now."""
    rows = [
        {"run_id": run_id, "quarter": quarter, "result": result, "calls": number}
        for run_id, tally in counted.items()
        for (quarter, result), number in tally.items()
    ]
    if rows:
        connection.execute(insert(tallies), rows)


def load_stored(connection: Connection, run_ids: Iterable[int]) -> dict[int, Tally]:
    """Return the stored tally of each run; it is empty for a run that is not settled."""
    found: dict[int, Tally] = {run_id: Counter() for run_id in run_ids}
    for row in connection.execute(select(tallies).where(tallies.c.run_id.in_(found))):
        found[row.run_id][row.quarter, row.result] = row.calls
    return found


def _minute(dialect: Dialect) -> ColumnElement[str]:
    """Return the minute of the hand-over as text, in UTC."""
    if dialect.name == "sqlite":
        return func.substr(calls.c.handed_at, 1, 16)
    return func.to_char(func.timezone("UTC", calls.c.handed_at), "YYYY-MM-DD HH24:MI")


def _quarter(minute: str) -> str:
    return f"{minute[:14]}{int(minute[14:]) // 15 * 15:02}" if minute else ""
