"""What became of calls, as the editor's pages ask for it: some lines of a run or a day, never all of them at once.

A phone has one line a day. Where several runs of the day had it, the line that says best what happened is shown, and
the others are `lost`. The calls table has no index but its key (a run of 100,000 is written in a second), so a question
about a day goes through that day's calls once, and questions about many days go through the tallies.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, Literal

import msgspec
from sqlalchemy import (
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

from obzvon.common.i18n import Message
from obzvon.domain.calls import CallRecord, CallState, Run
from obzvon.domain.redial import MISSED_RESULTS, RESULTS_BARRING_REDIAL, STATES_IN_PROGRESS, RedialRequest, redial_note
from obzvon.domain.results import DELIVERY_RESULTS, NOT_DELIVERED, DeliveryCounts, Disposition
from obzvon.journal import superseded, tallies
from obzvon.journal.runs import Journal
from obzvon.journal.schema import RESULT, calls, runs
from obzvon.journal.search import matches
from obzvon.journal.superseded import SupersededRows
from obzvon.journal.tallies import RUNG, Tally

RESULTS = ("answered", *MISSED_RESULTS, "unknown", "handed", "handing", "waiting", "skipped")
"""Every result, in the order in which one asks for them."""
KINDS = ("answered", *DELIVERY_RESULTS, *RESULTS[1:])
"""What lines can be asked for by: results, and of the answered calls those that were delivered, or were not."""

Sort = Literal["row", "time", "number", "name", "result"]
SORTS: tuple[Sort, ...] = ("row", "time", "number", "name", "result")

_CHUNK = 2000
_NOT_IN_ANY = -1


class CallFilter(msgspec.Struct, frozen=True):
    """Which lines of a day: of one of its runs or of all; of some `KINDS` or of any; with a text or without."""

    day: date
    run: int | None = None
    results: frozenset[str] = frozenset()
    text: str = ""


class CallQueries:
    """The calls in a journal, for reading; `least` is how many seconds of a message have to be listened to."""

    def __init__(self, journal: Journal, least: float = 0.0) -> None:
        self._journal = journal
        self._least = least
        self._sqlite = journal.sqlite

    def latest(self, run_id: int, count: int) -> list[CallRecord]:
        """The calls of a run that something happened to last, the newest first; skipped rows are no calls."""
        moment = func.coalesce(calls.c.ended_at, calls.c.handed_at)
        return self._lines(
            _LINES.where(calls.c.run_id == run_id, calls.c.handed_at.is_not(None))
            .order_by(moment.desc(), calls.c.position.desc())
            .limit(count)
        )

    def test_call(self) -> CallRecord | None:
        """The latest test call that was answered or handed over, else the latest of all; None if there was none."""
        went = RESULT.in_((Disposition.ANSWERED.value, Disposition.HANDED.value))
        query = _LINES.where(runs.c.kind == "test").order_by(went.desc(), calls.c.run_id.desc()).limit(1)
        return next(iter(self._lines(query)), None)

    def going(self, run_id: int) -> int:
        """How many calls of a run are handed over, or just being, and not finished with."""
        on_the_way = calls.c.state.in_((CallState.HANDING.value, CallState.HANDED.value))
        with self._journal.read() as connection:
            return int(
                connection.execute(select(func.count()).where(calls.c.run_id == run_id, on_the_way)).scalar_one()
            )

    # -- a day

    def page(
        self, shown: CallFilter, *, sort: Sort = "row", descending: bool = False, offset: int = 0, limit: int = 100
    ) -> list[CallRecord]:
        """Some of the lines, in that order."""
        query = self._query(_LINES, shown)
        keys: list[ColumnElement[Any]] = [calls.c.run_id, calls.c.position]
        if sort == "time":
            keys = [calls.c.handed_at, *keys]
        elif sort == "number":
            keys = [calls.c.number, *keys]
        elif sort == "name":
            keys = [calls.c.name, *keys]
        elif sort == "result":
            keys = [case({result: place for place, result in enumerate(RESULTS)}, value=RESULT, else_=99), *keys]
        order = [key.desc() if descending else key for key in keys]
        if sort == "time":
            order.insert(0, calls.c.handed_at.is_(None))
        elif sort == "name":
            order.insert(0, calls.c.name == "")
        return self._lines(query.order_by(*order).limit(limit).offset(offset))

    def count(self, shown: CallFilter) -> int:
        """How many lines those are."""
        query = self._query(select(func.count()).select_from(calls), shown)
        with self._journal.read() as connection:
            return int(connection.execute(query).scalar_one())

    def each(self, shown: CallFilter) -> Iterator[CallRecord]:
        """All of them in the order of runs and list, a few at a time: whoever reads slowly holds nothing up."""
        folded = self._folded(shown)
        lost = self._lost_keys(folded) if folded else frozenset()
        query = self._query(_LINES, shown, fold=False).order_by(calls.c.run_id, calls.c.position).limit(_CHUNK)
        if folded:
            query = query.where(~tallies.is_rung_elsewhere())
        after: tuple[int, int] | None = (_NOT_IN_ANY, 0)
        while after is not None:
            run_id, position = after
            lines = self._lines(query.where(tuple_(calls.c.run_id, calls.c.position) > tuple_(run_id, position)))
            yield from (line for line in lines if (line.run_id, line.position) not in lost)
            after = (lines[-1].run_id, lines[-1].position) if len(lines) == _CHUNK else None

    def counts(self, day: date, tallied: dict[int, Tally], run: int | None = None) -> Counter[str]:
        """How many phones have each result; `tallied` are the tallies of that day's runs."""
        found: Counter[str] = Counter()
        for run_id in tallied if run is None else [run]:
            for (_, result), many in tallied.get(run_id, Counter[tuple[str, str]]()).items():
                if run is not None:
                    found["skipped" if result == RUNG else result] += many
                elif result != RUNG:
                    found[result] += many
        folded = self._folded(CallFilter(day, run))
        if folded:
            found -= self._lost_counts(folded)
        return +found

    def delivery(self, shown: CallFilter) -> DeliveryCounts:
        """How many of those lines were delivered."""
        with self._journal.read() as connection:
            row = connection.execute(self._query(tallies.deliveries(self._least), shown)).one()
        return DeliveryCounts(self._least, *map(int, row))

    def tallies(self, of: Iterable[Run]) -> dict[int, Tally]:
        """How the calls of those runs ended and when they were handed over; of runs in progress as they are now."""
        with self._journal.read() as connection:
            ids = [run.id for run in of]
            found = tallies.kept(connection, ids)
            return {run_id: found[run_id] or tallies.count(connection, run_id) for run_id in ids}

    # -- many days

    def neighbours(self, day: date) -> tuple[date | None, date | None]:
        """The last day before it and the first after it that had a run."""
        with self._journal.read() as connection:
            return (
                connection.execute(select(func.max(runs.c.day)).where(runs.c.day < day)).scalar(),
                connection.execute(select(func.min(runs.c.day)).where(runs.c.day > day)).scalar(),
            )

    def first_day(self) -> date | None:
        """The first day that had a run."""
        with self._journal.read() as connection:
            return connection.execute(select(func.min(runs.c.day))).scalar()

    def found(self, text: str, of_runs: Collection[int], limit: int) -> list[CallRecord]:
        """The lines of those runs that have the text in their number, code or name, the latest runs first."""
        return self._lines(
            _LINES.where(calls.c.run_id.in_(of_runs), matches(text, sqlite=self._sqlite))
            .order_by(calls.c.run_id.desc(), calls.c.position)
            .limit(limit)
        )

    def of_phone(self, number: str, code: str, of_runs: Collection[int]) -> list[CallRecord]:
        """A phone's lines in those runs, the latest first."""
        return self._lines(
            _LINES.where(calls.c.run_id.in_(of_runs), calls.c.number == number, calls.c.code == code).order_by(
                calls.c.run_id.desc(), calls.c.position
            )
        )

    # -- who is to be rung again

    def again(
        self, day: date, results: Collection[str], *, today: date, run: int | None = None, expected: str = ""
    ) -> RedialRequest:
        """The phones of a day whose one line has one of the results (with `run` only those whose line is that run's).

        Nobody who has answered that day or today, or whom a run of today has at the moment, whatever else is said of
        them; who is unknown today only if that is asked for. Who has answered that very day and did not hear the
        message out only if that is asked for, and never who asked today not to be called any more.
        """
        met = self._standing(CallFilter(day, None, frozenset(results)), run, tests=False)
        if day != today and met:
            barred = {*RESULTS_BARRING_REDIAL, "unknown"} - set(results)
            for phone in self._standing(CallFilter(today, None, frozenset(barred)), None, tests=True):
                met.pop(phone, None)
        if NOT_DELIVERED in results and met:  # whose best line is an answer may be on the line once more
            for phone in (
                *self._journal.declined_on(today),
                *self._any(today, {*STATES_IN_PROGRESS, "unknown"} - set(results)),
            ):
                met.pop(phone, None)
        return RedialRequest(met, redial_note(day, results), expected)

    def _standing(self, shown: CallFilter, run: int | None, *, tests: bool) -> dict[tuple[str, str], tuple[str, str]]:
        query = self._query(select(calls.c.number, calls.c.code, RESULT, calls.c.name).join(runs), shown)
        if run is not None:
            query = query.where(calls.c.run_id == run)
        if not tests:
            query = query.where(runs.c.kind != "test")
        with self._journal.read() as connection:
            return {(number, code): (result, name) for number, code, result, name in connection.execute(query)}

    def _any(self, day: date, results: Collection[str]) -> list[tuple[str, str]]:
        """The phones that have one of the results in any line of a day, test calls too."""
        query = select(calls.c.number, calls.c.code).join(runs).where(runs.c.day == day, RESULT.in_(results))
        with self._journal.read() as connection:
            return [(number, code) for number, code in connection.execute(query)]

    # -- how it is asked

    def _query(self, query: Select[Any], shown: CallFilter, *, fold: bool = True) -> Select[Any]:
        ids = [shown.run] if shown.run is not None else [run.id for run in self._journal.runs_on(shown.day)]
        query = query.where(calls.c.run_id.in_(ids))
        folded = self._folded(shown) if fold else []
        if folded:
            final = self._final(folded)
            lost = final.among(sqlite=self._sqlite) if final else select(_key(self._lost(folded)))
            query = query.where(~tallies.is_rung_elsewhere(), _key(calls).not_in(lost))
        if shown.results:
            query = query.where(self._is_of(shown.results))
        if shown.text.strip():
            query = query.where(matches(shown.text, sqlite=self._sqlite))
        return query

    def _is_of(self, kinds: Collection[str]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = RESULT.in_(set(kinds).difference(DELIVERY_RESULTS))
        for kind in set(kinds).intersection(DELIVERY_RESULTS):
            found |= tallies.judged(delivered=kind != NOT_DELIVERED, least=self._least)
        return found

    def _folded(self, shown: CallFilter) -> list[Run]:
        """The runs whose lines are to be folded into one a phone, the largest first; none where there is but one."""
        if shown.run is not None:
            return []
        several = [run for run in self._journal.runs_on(shown.day) if run.total]
        return sorted(several, key=lambda run: -run.total) if len(several) > 1 else []

    def _lost(self, folded: list[Run]) -> Subquery:
        """The lines beside which there is a better one, with their results; at most those that stand in two runs."""
        largest, *others = (run.id for run in folded)
        real = ~tallies.is_rung_elsewhere()
        again = select(calls.c.number, calls.c.code).where(calls.c.run_id.in_(others), real)
        columns = (
            calls.c.run_id,
            calls.c.position,
            calls.c.number,
            calls.c.code,
            RESULT.label("result"),
            _double_row().label("double"),
            _worth().label("worth"),
            _heard().label("heard"),
        )
        met = union_all(
            select(*columns).where(calls.c.run_id.in_(others), real),
            select(*columns).where(calls.c.run_id == largest, real, tuple_(calls.c.number, calls.c.code).in_(again)),
        ).subquery("met")
        place = func.row_number().over(
            partition_by=(met.c.number, met.c.code, met.c.double),
            order_by=(met.c.worth.desc(), met.c.heard.desc(), met.c.run_id.desc(), met.c.position),
        )
        ranked = select(met.c.run_id, met.c.position, met.c.result, place.label("place")).subquery("ranked")
        return select(ranked.c.run_id, ranked.c.position, ranked.c.result).where(ranked.c.place > 1).subquery("lost")

    def _final(self, folded: list[Run]) -> SupersededRows | None:
        """Those lines, if nothing about these runs changes any more."""
        ids = tuple(run.id for run in folded)
        with self._journal.read() as connection:
            open_runs = select(func.count()).where(runs.c.id.in_(ids), runs.c.settled.is_(False))
            if connection.execute(open_runs).scalar_one():
                return None
        return superseded.kept(self._journal, ids, lambda: self._find(folded))

    def _find(self, folded: list[Run]) -> SupersededRows:
        lost = self._lost(folded)
        with self._journal.read() as connection:
            found = connection.execute(select(lost.c.run_id, lost.c.position, lost.c.result)).all()
        numbers = msgspec.json.encode([superseded.number(run_id, position) for run_id, position, _ in found]).decode()
        return SupersededRows(Counter(result for _, _, result in found), numbers)

    def _lost_counts(self, folded: list[Run]) -> Counter[str]:
        if final := self._final(folded):
            return final.counts
        lost = self._lost(folded)
        with self._journal.read() as connection:
            query = select(lost.c.result, func.count().label("many")).group_by(lost.c.result)
            return Counter({row.result: row.many for row in connection.execute(query)})

    def _lost_keys(self, folded: list[Run]) -> frozenset[tuple[int, int]]:
        if final := self._final(folded):
            return final.keys()
        lost = self._lost(folded)
        with self._journal.read() as connection:
            return frozenset(
                (row.run_id, row.position) for row in connection.execute(select(lost.c.run_id, lost.c.position))
            )

    def _lines(self, query: Select[Any]) -> list[CallRecord]:
        with self._journal.read() as connection:
            return [_line(dict(row._mapping)) for row in connection.execute(query)]


def worth(line: CallRecord) -> tuple[int, float]:
    """How well a line says what happened to its phone that day: answered, under way, rung, withdrawn, skipped.

    Of several answered calls the one that was listened to longest, or of which nobody knows.
    """
    heard = _HEARD if line.listened is None else line.listened
    return (_WORTH.get(line.result, 3) if line.disposition else _UNDER_WAY), heard


_UNDER_WAY = 4
_HEARD = 1e9
_WORTH = {"answered": 5, "withdrawn": 2, "skipped": 1}
"""All that was rung is worth the same, 3: of several such lines the latest run's counts."""

_LINES = select(runs.c.kind, runs.c.day, calls).join(runs)


def _key(of: FromClause) -> ColumnElement[int]:
    """A call's key as one number: SQLite looks for a pair through the whole of what it is not to be in."""
    return cast(of.c.run_id, BigInteger) * superseded.PLACES + of.c.position


def _worth() -> ColumnElement[int]:
    return case(
        (calls.c.disposition.is_(None), _UNDER_WAY),
        *((calls.c.disposition == how, worth) for how, worth in _WORTH.items()),
        else_=3,
    )


def _heard() -> ColumnElement[float]:
    return func.coalesce(calls.c.listened, _HEARD)


def _double_row() -> ColumnElement[str]:
    """A row that was skipped for its double stands for itself: it is another line of the list."""
    return case(
        (
            and_(calls.c.disposition == "skipped", calls.c.reason.like('{"text":"the same number as in row %')),
            calls.c.row,
        ),
        else_=literal(""),
    )


def _line(fields: dict[str, Any]) -> CallRecord:
    reason = fields["reason"]
    return CallRecord(**{**fields, "reason": msgspec.json.decode(reason, type=Message) if reason else None})
