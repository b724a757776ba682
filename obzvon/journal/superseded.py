"""Call rows superseded by a better row for the same phone and day.

A phone has one row a day on the pages. Where several runs of the day had it, the row that says best what happened is
shown; `rank` orders them. Once all runs of the day are settled nothing changes any more, so their superseded rows are
found once and cached.
"""

from collections import Counter, OrderedDict
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from obzvon.domain.calls import CallRecord, Run
from obzvon.domain.results import DEFAULT_RANK, IN_PROGRESS_RANK, Disposition, result_rank
from obzvon.journal import tallies
from obzvon.journal.database import Database
from obzvon.journal.schema import RESULT, calls, runs

#: The number of days cached for each journal; 50,000 rows take a megabyte.
_CACHED_DAYS = 4
#: A call's key as one number is its run times this, plus its position.
_POSITIONS = 2**32

#: Seconds that an answered call counts as listened to where nobody knows how long it was.
_UNKNOWN_LISTENING = 1e9


def rank(record: CallRecord) -> tuple[int, float]:
    """Return how well a record says what happened to its phone that day, greater is better.

    Answered comes before in progress, any other call that was made, withdrawn and skipped; of several such rows
    the latest run's counts. Of several answered calls
    the one that was listened to longest is the best; an unknown time counts as the longest.
    """
    listened = _UNKNOWN_LISTENING if record.listened is None else record.listened
    return (result_rank(record.result) if record.disposition else IN_PROGRESS_RANK), listened


class SupersededRows:
    """The rows of one day that a later run has superseded; `day_runs` has the largest run first."""

    def __init__(self, database: Database, day_runs: list[Run]) -> None:
        self._database = database
        self._ids = tuple(run.id for run in day_runs)

    def exclude_from(self, query: Select[Any]) -> Select[Any]:
        """Return the query of `calls` without these rows, and without those that only refer to another run's call."""
        final = self._final()
        keys = final.select_keys(sqlite=self._database.is_sqlite) if final else select(_key(self._query()))
        return query.where(~tallies.called_earlier_condition(), _key(calls).not_in(keys))

    def counts(self) -> Counter[str]:
        """Return how many of them have each result."""
        if final := self._final():
            return final.counts
        rows = self._query()
        query = select(rows.c.result, func.count().label("number")).group_by(rows.c.result)
        with self._database.read_transaction() as connection:
            return Counter({row.result: row.number for row in connection.execute(query)})

    def keys(self) -> frozenset[tuple[int, int]]:
        """Return the run and position of each."""
        if final := self._final():
            return final.keys()
        rows = self._query()
        with self._database.read_transaction() as connection:
            return frozenset(
                (row.run_id, row.position) for row in connection.execute(select(rows.c.run_id, rows.c.position))
            )

    def _query(self) -> Subquery:
        """Return the subquery for these rows, with their results. It reads only phones that are in two runs."""
        largest, *others = self._ids
        is_own = ~tallies.called_earlier_condition()
        repeated = select(calls.c.number, calls.c.code).where(calls.c.run_id.in_(others), is_own)
        columns = (
            calls.c.run_id,
            calls.c.position,
            calls.c.number,
            calls.c.code,
            RESULT.label("result"),
            _list_row().label("list_row"),
            _rank().label("rank"),
            func.coalesce(calls.c.listened, _UNKNOWN_LISTENING).label("listened"),
        )
        candidates = union_all(
            select(*columns).where(calls.c.run_id.in_(others), is_own),
            select(*columns).where(
                calls.c.run_id == largest, is_own, tuple_(calls.c.number, calls.c.code).in_(repeated)
            ),
        ).subquery("candidates")
        place = func.row_number().over(
            partition_by=(candidates.c.number, candidates.c.code, candidates.c.list_row),
            order_by=(
                candidates.c.rank.desc(),
                candidates.c.listened.desc(),
                candidates.c.run_id.desc(),
                candidates.c.position,
            ),
        )
        ranked = select(candidates.c.run_id, candidates.c.position, candidates.c.result, place.label("place")).subquery(
            "ranked"
        )
        superseded = select(ranked.c.run_id, ranked.c.position, ranked.c.result).where(ranked.c.place > 1)
        return superseded.subquery("superseded")

    def _final(self) -> "_FinalRows | None":
        """Return the rows from the cache, found now if need be; None while one of the runs is not settled."""
        open_runs = select(func.count()).where(runs.c.id.in_(self._ids), runs.c.settled.is_(False))
        with self._database.read_transaction() as connection:
            if connection.execute(open_runs).scalar_one():
                return None
        with _lock:
            days = _cache.setdefault(self._database, OrderedDict())
            if self._ids in days:
                days.move_to_end(self._ids)
                return days[self._ids]
        found = self._find()
        with _lock:
            days[self._ids] = found
            while len(days) > _CACHED_DAYS:
                days.popitem(last=False)
        return found

    def _find(self) -> "_FinalRows":
        rows = self._query()
        with self._database.read_transaction() as connection:
            found = connection.execute(select(rows.c.run_id, rows.c.position, rows.c.result)).all()
        numbers = [run_id * _POSITIONS + position for run_id, position, _ in found]
        return _FinalRows(Counter(result for _, _, result in found), msgspec.json.encode(numbers).decode())


class _FinalRows(msgspec.Struct, frozen=True):
    """The superseded rows of settled runs: how many with each result, and their keys as a JSON list of numbers."""

    counts: Counter[str]
    numbers: str

    def keys(self) -> frozenset[tuple[int, int]]:
        return frozenset(divmod(number, _POSITIONS) for number in msgspec.json.decode(self.numbers, type=list[int]))

    def select_keys(self, *, sqlite: bool) -> Select[tuple[int]]:
        """Return a query of their numbers, for `not_in`: far faster than finding the rows again."""
        given = (
            func.json_each(literal(self.numbers))
            if sqlite
            else func.json_array_elements_text(cast(literal(self.numbers), JSON))
        )
        return select(cast(given.table_valued("value").c.value, BigInteger))


def _key(table: FromClause) -> ColumnElement[int]:
    """Return a call's key as one number. For `NOT IN` with a pair SQLite scans the whole list each time."""
    return cast(table.c.run_id, BigInteger) * _POSITIONS + table.c.position


def _rank() -> ColumnElement[int]:
    return case(
        (calls.c.disposition.is_(None), IN_PROGRESS_RANK),
        *(
            (calls.c.disposition == one.value, one.traits.rank)
            for one in Disposition
            if one.traits.rank != DEFAULT_RANK
        ),
        else_=DEFAULT_RANK,
    )


def _list_row() -> ColumnElement[str]:
    """Return the list's row of a call that was skipped because its number is in the list twice, else ''.

    Such a row is another row of the list, and is superseded by no other one.
    """
    return case(
        (
            and_(calls.c.disposition == "skipped", calls.c.reason.like('{"text":"the same number as in row %')),
            calls.c.row,
        ),
        else_=literal(""),
    )


_lock = Lock()
_cache: WeakKeyDictionary[Database, OrderedDict[tuple[int, ...], _FinalRows]] = WeakKeyDictionary()
