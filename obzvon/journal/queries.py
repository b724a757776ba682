"""The calls as the editor's pages ask for them: a page of a run or a day, never all of them at once.

A phone has one row a day; where several runs of the day had it, `superseded` says which rows are left out. The calls
table has no index but its key (a run of 100,000 is written in a second), so a question about one day scans that day's
calls once, and questions about many days use the tallies.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Integer, Select, bindparam, case, func, select, tuple_

from obzvon.domain.calls import CallRecord, CallState, Run
from obzvon.domain.redial import RESULTS_BARRING_REDIAL, STATES_IN_PROGRESS, RedialRequest, redial_note
from obzvon.domain.results import DELIVERY_RESULTS, NOT_DELIVERED, RESULTS, TAKEN_RESULTS, DeliveryCounts
from obzvon.journal import tallies
from obzvon.journal.calls import CallStore
from obzvon.journal.database import Database
from obzvon.journal.rows import call_record
from obzvon.journal.runs import RunStore
from obzvon.journal.schema import RESULT, calls, runs
from obzvon.journal.search import contains_text
from obzvon.journal.superseded import SupersededRows
from obzvon.journal.tallies import CALLED_EARLIER, Tally

Sort = Literal["row", "time", "number", "name", "result"]
SORTS: tuple[Sort, ...] = ("row", "time", "number", "name", "result")

_CHUNK = 2000
_BEFORE_ALL = (-1, 0)

_RECORDS = select(runs.c.kind, runs.c.day, calls).join(runs)
_OF_RUN = calls.c.run_id == bindparam("run")
_CHANGED_LAST = (
    _RECORDS.where(_OF_RUN, calls.c.handed_at.is_not(None))
    .order_by(func.coalesce(calls.c.ended_at, calls.c.handed_at).desc(), calls.c.position.desc())
    .limit(bindparam("most", type_=Integer))
)
_IN_PROGRESS = select(func.count()).where(_OF_RUN, calls.c.state.in_((CallState.HANDING.value, CallState.HANDED.value)))


class CallFilter(msgspec.Struct, frozen=True):
    """Rows of a day: of one of its runs or of all; with some of `results.FILTERS` or any; with a text or without."""

    day: date
    run: int | None = None
    results: frozenset[str] = frozenset()
    text: str = ""


class CallQueries:
    """The calls in a journal, for reading; a call listened to for `least` seconds counts as delivered."""

    def __init__(self, database: Database, least: float = 0.0) -> None:
        self._database = database
        self._least = least
        self._sqlite = database.is_sqlite
        self._runs = RunStore(database)
        self._calls = CallStore(database)

    def latest(self, run_id: int, count: int) -> list[CallRecord]:
        """Return the calls of a run that changed last, newest first; rows that were skipped are left out."""
        return self._records(_CHANGED_LAST, {"run": run_id, "most": count})

    def last_test_call(self) -> CallRecord | None:
        """Return the latest test call that was answered or handed over, else the latest one; None before the first."""
        succeeded = RESULT.in_(TAKEN_RESULTS)
        query = _RECORDS.where(runs.c.kind == "test").order_by(succeeded.desc(), calls.c.run_id.desc()).limit(1)
        return next(iter(self._records(query)), None)

    def count_in_progress(self, run_id: int) -> int:
        """Return how many calls of a run are being handed over, or are with Asterisk and have not ended."""
        with self._database.read_transaction() as connection:
            return int(connection.execute(_IN_PROGRESS, {"run": run_id}).scalar_one())

    # One day

    def page(
        self, shown: CallFilter, *, sort: Sort = "row", descending: bool = False, offset: int = 0, limit: int = 100
    ) -> list[CallRecord]:
        """Return one page of the rows, in that order."""
        keys: list[ColumnElement[Any]] = [calls.c.run_id, calls.c.position]
        if sort == "time":
            keys = [calls.c.handed_at, *keys]
        elif sort == "number":
            keys = [calls.c.number, *keys]
        elif sort == "name":
            keys = [calls.c.name, *keys]
        elif sort == "row" and shown.run is None and self._has_several_runs(shown.day):
            keys = [func.length(calls.c.row), calls.c.row, *keys]
        elif sort == "result":
            keys = [case({result: place for place, result in enumerate(RESULTS)}, value=RESULT, else_=99), *keys]
        order = [key.desc() if descending else key for key in keys]
        if sort == "time":
            order.insert(0, calls.c.handed_at.is_(None))
        elif sort == "name":
            order.insert(0, calls.c.name == "")
        return self._records(self._filtered(_RECORDS, shown).order_by(*order).limit(limit).offset(offset))

    def _has_several_runs(self, day: date) -> bool:
        """Return whether the order of rows differs from that of runs and positions, which costs no sorting."""
        query = select(func.count()).select_from(runs).where(runs.c.day == day)
        with self._database.read_transaction() as connection:
            return int(connection.execute(query).scalar_one()) > 1

    def count(self, shown: CallFilter) -> int:
        """Return how many rows there are."""
        query = self._filtered(select(func.count()).select_from(calls), shown)
        with self._database.read_transaction() as connection:
            return int(connection.execute(query).scalar_one())

    def iterate(self, shown: CallFilter) -> Iterator[CallRecord]:
        """Yield all rows in the order of runs and list, a chunk at a time: a slow reader keeps no transaction open."""
        superseded = self._superseded(shown)
        left_out = superseded.keys() if superseded else frozenset()
        query = self._selected(_RECORDS, shown).order_by(calls.c.run_id, calls.c.position).limit(_CHUNK)
        if superseded:
            query = query.where(~tallies.called_earlier_condition())
        after: tuple[int, int] | None = _BEFORE_ALL
        while after is not None:
            run_id, position = after
            records = self._records(query.where(tuple_(calls.c.run_id, calls.c.position) > tuple_(run_id, position)))
            yield from (record for record in records if (record.run_id, record.position) not in left_out)
            after = (records[-1].run_id, records[-1].position) if len(records) == _CHUNK else None

    def count_results(self, day: date, tallied: dict[int, Tally], run: int | None = None) -> Counter[str]:
        """Return how many phones have each result; `tallied` has the tallies of that day's runs."""
        found: Counter[str] = Counter()
        for run_id in tallied if run is None else [run]:
            for (_, result), number in tallied.get(run_id, Counter[tuple[str, str]]()).items():
                if run is not None:
                    found["skipped" if result == CALLED_EARLIER else result] += number
                elif result != CALLED_EARLIER:
                    found[result] += number
        if superseded := self._superseded(CallFilter(day, run)):
            found -= superseded.counts()
        return +found

    def count_deliveries(self, shown: CallFilter) -> DeliveryCounts:
        """Return how many of the rows were delivered."""
        query = self._filtered(tallies.select_deliveries(self._least), shown)
        with self._database.read_transaction() as connection:
            return DeliveryCounts(self._least, *map(int, connection.execute(query).one()))

    def tallies(self, of_runs: Iterable[Run]) -> dict[int, Tally]:
        """Return the tally of each run; for a run that is not settled as its calls are now."""
        ids = [run.id for run in of_runs]
        with self._database.read_transaction() as connection:
            stored = tallies.load_stored(connection, ids)
            return {run_id: stored[run_id] or tallies.count_calls(connection, run_id) for run_id in ids}

    # Many days

    def search(self, text: str, run_ids: Collection[int], limit: int) -> list[CallRecord]:
        """Return the rows of these runs that have the text in number, code or name, the latest runs first."""
        return self._records(
            _RECORDS.where(calls.c.run_id.in_(run_ids), contains_text(text, sqlite=self._sqlite))
            .order_by(calls.c.run_id.desc(), calls.c.position)
            .limit(limit)
        )

    def records_of_phone(self, number: str, code: str, run_ids: Collection[int]) -> list[CallRecord]:
        """Return a phone's rows in these runs, the latest first."""
        return self._records(
            _RECORDS.where(calls.c.run_id.in_(run_ids), calls.c.number == number, calls.c.code == code).order_by(
                calls.c.run_id.desc(), calls.c.position
            )
        )

    # Redial

    def select_for_redial(
        self, day: date, results: Collection[str], *, today: date, run: int | None = None, expected: str = ""
    ) -> RedialRequest:
        """Return the phones with one of these results on a day; with `run`, only if their row of the day is that run's.

        Left out, whatever else is known of them: phones that answered that day or today, and phones that a run of
        today is calling. Phones whose result of today is unknown are called only if that result is asked for. Phones
        that answered that very day without hearing the message to its end are called only if that is asked for, and
        never if they asked today not to be called again.
        """
        found = self._results_by_phone(CallFilter(day, None, frozenset(results)), run, tests=False)
        if day != today and found:
            barred = {*RESULTS_BARRING_REDIAL, "unknown"} - set(results)
            for phone in self._results_by_phone(CallFilter(today, None, frozenset(barred)), None, tests=True):
                found.pop(phone, None)
        if NOT_DELIVERED in results and found:  # a phone whose best row is an answer may be in a call again
            busy = self._phones_with_any(today, {*STATES_IN_PROGRESS, "unknown"} - set(results))
            for phone in (*self._calls.declined_on(today), *busy):
                found.pop(phone, None)
        return RedialRequest(found, redial_note(day, results), expected)

    def _results_by_phone(
        self, shown: CallFilter, run: int | None, *, tests: bool
    ) -> dict[tuple[str, str], tuple[str, str]]:
        """Return (number, code) → (result, name) of the rows; test calls only with `tests`."""
        query = self._filtered(select(calls.c.number, calls.c.code, RESULT, calls.c.name).join(runs), shown)
        if run is not None:
            query = query.where(calls.c.run_id == run)
        if not tests:
            query = query.where(runs.c.kind != "test")
        with self._database.read_transaction() as connection:
            return {(number, code): (result, name) for number, code, result, name in connection.execute(query)}

    def _phones_with_any(self, day: date, results: Collection[str]) -> list[tuple[str, str]]:
        """Return the phones with one of the results in any row of a day, test calls included."""
        query = select(calls.c.number, calls.c.code).join(runs).where(runs.c.day == day, RESULT.in_(results))
        with self._database.read_transaction() as connection:
            return [(number, code) for number, code in connection.execute(query)]

    # How queries are built

    def _filtered(self, query: Select[Any], shown: CallFilter) -> Select[Any]:
        """Return the query for one row a phone."""
        query = self._selected(query, shown)
        superseded = self._superseded(shown)
        return superseded.exclude_from(query) if superseded else query

    def _selected(self, query: Select[Any], shown: CallFilter) -> Select[Any]:
        """Return the query for every row, superseded ones included."""
        ids = [shown.run] if shown.run is not None else [run.id for run in self._runs.on_days(shown.day)]
        query = query.where(calls.c.run_id.in_(ids))
        if shown.results:
            query = query.where(self._has_kind(shown.results))
        if shown.text.strip():
            query = query.where(contains_text(shown.text, sqlite=self._sqlite))
        return query

    def _has_kind(self, kinds: Collection[str]) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = RESULT.in_(set(kinds).difference(DELIVERY_RESULTS))
        for kind in set(kinds).intersection(DELIVERY_RESULTS):
            condition |= tallies.delivered_condition(delivered=kind != NOT_DELIVERED, least=self._least)
        return condition

    def _superseded(self, shown: CallFilter) -> SupersededRows | None:
        """Return the rows to leave out; None where the rows are those of a single run."""
        if shown.run is not None:
            return None
        several = [run for run in self._runs.on_days(shown.day) if run.total]
        several.sort(key=lambda run: -run.total)
        return SupersededRows(self._database, several) if len(several) > 1 else None

    def _records(self, query: Select[Any], values: Mapping[str, object] | None = None) -> list[CallRecord]:
        with self._database.read_transaction() as connection:
            return [call_record(row._mapping) for row in connection.execute(query, values)]
