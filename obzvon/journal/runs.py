"""The journal: which runs there were, what became of each call, and what the operators asked for.

SQLite in WAL with `synchronous=FULL` (a commit is on the disk when it returns), or PostgreSQL. The service alone
changes runs and calls; the command line and the editor read them and leave commands.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    exists,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, say
from obzvon.domain.calls import CallOutcome, CallRecord, CallState, PendingCall, Run
from obzvon.domain.labels import result_label
from obzvon.domain.phones import Candidate
from obzvon.domain.results import DeliveryCounts, Disposition
from obzvon.journal import tallies
from obzvon.journal.database import Database
from obzvon.journal.schema import RESULT, calls, runs

CAMPAIGN = "main"
"""The one campaign there is; the tables have room for several."""

DECLINED = "9"
"""The key by which somebody asks not to be called today."""

_CHUNK = 10_000


class Journal(Database):
    """The runs and calls of an open journal."""

    # -- runs

    def claim(
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
    ) -> Run | None:
        """Begins a run with a snapshot of the list, all of it or nothing; None if that day's run was begun before."""
        claim = f"{CAMPAIGN} {day.isoformat()}" if kind in ("week", "former") else None
        try:
            with self.write() as connection:
                run_id = connection.execute(
                    insert(runs)
                    .returning(runs.c.id)
                    .values(
                        token=token,
                        campaign=CAMPAIGN,
                        day=day,
                        kind=kind,
                        claim=claim,
                        state=state,
                        started_at=at,
                        ended_at=None if state == "running" else at,
                        started_by=by,
                        note=packed(note) or "",
                        total=0,
                    )
                ).scalar_one()
                total = _insert_calls(connection, run_id, candidates, at)
                connection.execute(update(runs).where(runs.c.id == run_id).values(total=total))
        except IntegrityError:
            if claim is None or day not in self.days_done(day):
                raise
            return None
        return self.run(run_id)

    def run(self, run_id: int) -> Run:
        """One run by its id."""
        with self.read() as connection:
            return _run(connection.execute(select(runs).where(runs.c.id == run_id)).one())

    def active_run(self) -> Run | None:
        """The run in progress or paused, the oldest if there are several."""
        return self._one_run(select(runs).where(runs.c.state.in_(("running", "paused"))).order_by(runs.c.id))

    def last_run(self) -> Run | None:
        """The latest run that was more than a test call."""
        return self._one_run(select(runs).where(runs.c.kind.in_(("week", "manual"))).order_by(runs.c.id.desc()))

    def runs_on(self, day: date, until: date | None = None) -> list[Run]:
        """That day's runs, or those of all days up to `until`, in the order of days and of their start."""
        query = select(runs).where(runs.c.day.between(day, until or day)).order_by(runs.c.day, runs.c.id)
        with self.read() as connection:
            return [_run(row) for row in connection.execute(query)]

    def days_done(self, since: date) -> set[date]:
        """The days, from `since` on, that have had their run of the week."""
        with self.read() as connection:
            return set(
                connection.execute(select(runs.c.day).where(runs.c.claim.is_not(None), runs.c.day >= since)).scalars()
            )

    def tokens(self) -> set[str]:
        """The tokens of all runs, by which their call files are known."""
        with self.read() as connection:
            return set(connection.execute(select(runs.c.token)).scalars())

    def empty(self) -> bool:
        """Whether there has never been a run."""
        with self.read() as connection:
            return connection.execute(select(runs.c.id).limit(1)).first() is None

    def latest_moment(self) -> datetime | None:
        """The latest moment that stands in the journal: a clock that shows less was set back."""
        with self.read() as connection:
            started, ended = connection.execute(select(func.max(runs.c.started_at), func.max(runs.c.ended_at))).one()
        return max((moment for moment in (started, ended) if moment), default=None)

    def change_state(self, run_id: int, state: str, *, at: datetime) -> None:
        """running, paused; done and stopped end the run."""
        ended = at if state in ("done", "stopped") else None
        with self.write() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(state=state, ended_at=ended))

    def _one_run(self, query: Select[Any]) -> Run | None:
        with self.read() as connection:
            row = connection.execute(query.limit(1)).first()
            return None if row is None else _run(row)

    # -- calls

    def waiting(self, run_id: int, *, after: int = 0, limit: int | None = None) -> list[PendingCall]:
        """The next calls of a run to hand over for the first time, behind `after`, in the order of the list."""
        return self._calls(
            _in_state(CallState.WAITING)
            .where(calls.c.run_id == run_id, calls.c.position > after, calls.c.attempt == 1)
            .order_by(calls.c.position)
            .limit(limit)
        )

    def waiting_again(self, run_id: int) -> list[PendingCall]:
        """The calls of a run that wait for a further attempt, the one that comes first first."""
        return self._calls(
            _in_state(CallState.WAITING)
            .where(calls.c.run_id == run_id, calls.c.attempt > 1)
            .order_by(calls.c.not_before, calls.c.position)
        )

    def put_off(self, endings: Sequence[tuple[CallOutcome, datetime]]) -> None:
        """Attempts that ended so, whose calls wait for another one, not earlier than the moment beside each."""
        rows = [{**_ended(ending), "not_before_": moment} for ending, moment in endings]
        if not rows:
            return
        statement = _END.values(
            state=CallState.WAITING.value, attempt=calls.c.attempt + 1, not_before=bindparam("not_before_")
        )
        with self.write() as connection:
            connection.execute(statement, rows)

    def on_the_way(self, state: CallState) -> list[PendingCall]:
        """All calls in the state HANDING or HANDED, of whatever run."""
        return self._calls(_in_state(state).where(runs.c.settled.is_(False)).order_by(calls.c.run_id, calls.c.position))

    def settle(self) -> None:
        """Marks the ended runs of which no call is on its way any more, and keeps their tallies: they are final."""
        open_calls = exists().where(calls.c.run_id == runs.c.id, calls.c.state != CallState.ENDED.value)
        with self.read() as connection:
            counted = {
                run_id: tallies.count(connection, run_id)
                for run_id in connection.execute(
                    select(runs.c.id).where(runs.c.settled.is_(False), runs.c.ended_at.is_not(None), ~open_calls)
                ).scalars()
            }
        if counted:
            with self.write() as connection:
                tallies.keep(connection, counted)
                connection.execute(update(runs).where(runs.c.id.in_(counted)).values(settled=True))

    def begin_handing(self, bundle: Sequence[PendingCall], number: int, via: str | None = None) -> None:
        """Waiting calls become HANDING, durably: after this Asterisk may have them, `via` that transport."""
        self._advance(
            bundle,
            CallState.WAITING,
            {"state": CallState.HANDING.value, "bundle": number, "ended_at": null(), "via": via},
        )

    def end_handing(self, bundle: Sequence[PendingCall], *, at: datetime) -> None:
        """Asterisk has them."""
        self._advance(bundle, CallState.HANDING, {"state": CallState.HANDED.value, "handed_at": at})

    def give_back(self, bundle: Sequence[PendingCall], state: CallState) -> None:
        """Calls in `state` that Asterisk never got wait again."""
        self._advance(bundle, state, {"state": CallState.WAITING.value, "bundle": null(), "handed_at": null()})

    def end_calls(self, endings: Iterable[CallOutcome]) -> int:
        """Writes how calls ended; a call that has ended before keeps its first ending. Returns how many are new."""
        rows = [_ended(ending) for ending in endings]
        if not rows:
            return 0
        with self.write() as connection:
            return connection.execute(_END.values(state=CallState.ENDED.value), rows).rowcount

    def leave_off(self, run_id: int, positions: Iterable[int], reason: Message) -> None:
        """Calls that wait for a further attempt get none: how the last one ended stays, with the reason."""
        rows = [{"run": run_id, "at_position": position} for position in positions]
        if rows:
            with self.write() as connection:
                connection.execute(_MATCHING.values(state=CallState.ENDED.value, reason=packed(reason)), rows)

    def withdraw_waiting(self, run_id: int, reason: Message, *, at: datetime) -> int:
        """Every call of the run that still waits ends as withdrawn; returns how many."""
        return self._withdraw(calls.c.run_id == run_id, reason, at)

    def withdraw_stranded(self, reason: Message, *, at: datetime) -> int:
        """Every call that waits in a run that has ended is withdrawn; returns how many: after a stop half way."""
        ended = select(runs.c.id).where(runs.c.settled.is_(False), runs.c.ended_at.is_not(None))
        return self._withdraw(calls.c.run_id.in_(ended), reason, at)

    def last_bundle(self, run_id: int) -> tuple[int, datetime | None]:
        """The number of the run's latest bundle and when it was handed over; (0, None) before the first."""
        with self.read() as connection:
            number, at = connection.execute(
                select(func.max(calls.c.bundle), func.max(calls.c.handed_at)).where(calls.c.run_id == run_id)
            ).one()
        return number or 0, at

    def rung_on(self, day: date) -> set[tuple[str, str]]:
        """The numbers, with their codes, that were handed over in that day's runs (test calls apart)."""
        handed = (
            (calls.c.attempt > 1)
            | calls.c.state.in_((CallState.HANDING.value, CallState.HANDED.value))
            | (
                (calls.c.state == CallState.ENDED.value)
                & calls.c.bundle.is_not(None)
                & (calls.c.disposition != Disposition.WITHDRAWN.value)
            )
        )
        query = (
            select(calls.c.number, calls.c.code)
            .join(runs)
            .where(runs.c.day == day, runs.c.kind.in_(("week", "manual")), handed)
        )
        with self.read() as connection:
            return {(number, code) for number, code in connection.execute(query)}

    def declined_on(self, day: date) -> set[tuple[str, str]]:
        """The numbers, with their codes, whose owners asked that day not to be called any more on it."""
        with self.read() as connection:
            return {
                (number, code)
                for number, code in connection.execute(
                    select(calls.c.number, calls.c.code).join(runs).where(runs.c.day == day, calls.c.key == DECLINED)
                )
            }

    def counts(self, run_id: int) -> Counter[str]:
        """How many calls of a run have each result: a disposition, or waiting, handing, handed."""
        with self.read() as connection:
            rows = connection.execute(select(RESULT, func.count()).where(calls.c.run_id == run_id).group_by(RESULT))
            return Counter({row[0]: row[1] for row in rows})

    def delivery(self, run_id: int, least: float) -> DeliveryCounts:
        """How many calls of a run were delivered, by so many seconds at the least."""
        with self.read() as connection:
            row = connection.execute(tallies.deliveries(least).where(calls.c.run_id == run_id)).one()
        return DeliveryCounts(least, *map(int, row))

    def lines(self, day: date) -> Iterator[CallRecord]:
        """A day's calls, one line each, in the order of runs and list."""
        query = (
            select(runs.c.kind, runs.c.day, calls)
            .join(runs)
            .where(runs.c.day == day)
            .order_by(calls.c.run_id, calls.c.position)
            .execution_options(yield_per=1000)
        )
        with self.read() as connection, connection.execute(query) as rows:
            for row in rows:
                fields = dict(row._mapping)
                fields["reason"] = _unpacked(fields["reason"])
                yield CallRecord(**fields)

    def _withdraw(self, of_runs: ColumnElement[bool], reason: Message, at: datetime) -> int:
        waiting = (
            update(calls).where(of_runs, calls.c.state == CallState.WAITING.value).values(state=CallState.ENDED.value)
        )
        no_more = say("not attempted once more: {reason}", reason=reason)
        with self.write() as connection:
            connection.execute(waiting.where(calls.c.disposition.is_not(None)).values(reason=packed(no_more)))
            return connection.execute(
                waiting.values(disposition=Disposition.WITHDRAWN.value, reason=packed(reason), ended_at=at)
            ).rowcount

    def _calls(self, query: Select[Any]) -> list[PendingCall]:
        with self.read() as connection:
            return [PendingCall(*row) for row in connection.execute(query)]

    def _advance(self, bundle: Sequence[PendingCall], before: CallState, values: Mapping[str, object]) -> None:
        """Moves the calls of one run on from `before`; whoever changed one of them meanwhile stops the whole."""
        if not bundle:
            return
        statement = (
            update(calls)
            .where(
                calls.c.run_id == bundle[0].run_id,
                calls.c.state == before.value,
                calls.c.position.between(bindparam("first"), bindparam("last")),
            )
            .values(**values)
        )
        spans = [{"first": first, "last": last} for first, last in _spans(call.position for call in bundle)]
        with self.write() as connection:
            if connection.execute(statement, spans).rowcount != len(bundle):
                raise JournalConflictError(before)


_MATCHING = update(calls).where(
    calls.c.run_id == bindparam("run"),
    calls.c.position == bindparam("at_position"),
    calls.c.state != CallState.ENDED.value,
)
_END = _MATCHING.values(
    disposition=bindparam("how"),
    reason=bindparam("why"),
    ended_at=bindparam("at"),
    rang_at=bindparam("rang"),
    answered_at=bindparam("taken"),
    listened=bindparam("heard"),
    cause=bindparam("q850"),
    key=bindparam("pressed"),
    tries=bindparam("tried"),
)


def _ended(ending: CallOutcome) -> dict[str, object]:
    detail = ending.detail
    return {
        "run": ending.run_id,
        "at_position": ending.position,
        "how": ending.disposition.value,
        "why": packed(ending.reason),
        "at": ending.at,
        "rang": detail.rang_at,
        "taken": detail.answered_at,
        "heard": detail.listened,
        "q850": detail.cause,
        "pressed": detail.key or None,
        "tried": detail.tries,
    }


class JournalConflictError(UserError):
    """Another process has changed the calls that are being handed over."""

    def __init__(self, state: CallState) -> None:
        super().__init__(
            [
                Problem(
                    "",
                    say("calls that were {state} a moment ago are not any more", state=result_label(state)),
                    say("is there a second service on this journal? Stop it"),
                )
            ]
        )


def packed(message: Message | None) -> str | None:
    """A message as the journal keeps it."""
    return None if message is None else msgspec.json.encode(message).decode()


def _unpacked(text: str | None) -> Message | None:
    return msgspec.json.decode(text, type=Message) if text else None


def _spans(positions: Iterable[int]) -> list[tuple[int, int]]:
    """The unbroken stretches that these positions make up: nearly always one, and one statement, for a bundle."""
    spans: list[tuple[int, int]] = []
    for position in sorted(positions):
        if spans and position == spans[-1][1] + 1:
            spans[-1] = spans[-1][0], position
        else:
            spans.append((position, position))
    return spans


def _in_state(state: CallState) -> Select[Any]:
    return (
        select(
            calls.c.run_id,
            runs.c.token,
            calls.c.position,
            calls.c.number,
            calls.c.code,
            calls.c.attempt,
            calls.c.handed_at,
            calls.c.not_before,
            calls.c.via,
        )
        .join(runs)
        .where(calls.c.state == state.value)
    )


def _run(row: Row[Any]) -> Run:
    fields = row._mapping
    return Run(
        **{name: fields[name] for name in Run.__struct_fields__ if name != "note"}, note=_unpacked(fields["note"])
    )


def _insert_calls(connection: Connection, run_id: int, candidates: Iterable[Candidate], at: datetime) -> int:
    """Writes the snapshot in chunks, so that a million rows are never in memory a second time."""
    numbered = enumerate(candidates, 1)
    total = 0
    while chunk := list(islice(numbered, _CHUNK)):
        _insert_plain(
            connection,
            _WAITING_COLUMNS,
            [
                (run_id, position, _kept(one.phone.key), one.number, one.code, _kept(one.phone.name), "waiting")
                for position, one in chunk
                if one.skipped is None
            ],
        )
        skipped = [
            {
                "run_id": run_id,
                "position": position,
                "row": _kept(one.phone.key),
                "number": _kept(one.number or one.phone.number),
                "code": _kept(one.code or one.phone.code),
                "name": _kept(one.phone.name),
                "state": CallState.ENDED.value,
                "disposition": Disposition.SKIPPED.value,
                "reason": packed(one.skipped),
                "ended_at": at,
            }
            for position, one in chunk
            if one.skipped is not None
        ]
        if skipped:
            connection.execute(insert(calls), skipped)
        total += len(chunk)
    return total


def _kept(text: str) -> str:
    """A row's text as either database can hold it: PostgreSQL's has no NUL, and one odd row must not stop a day."""
    return text.replace("\0", "�") if "\0" in text else text


_WAITING_COLUMNS = ("run_id", "position", "row", "number", "code", "name", "state")


def _insert_plain(connection: Connection, columns: tuple[str, ...], rows: list[tuple[str | int, ...]]) -> None:
    """Inserts rows of plain values; a driver that counts its places takes them as they are, in half the time."""
    if not rows:
        return
    compiled = insert(calls).compile(dialect=connection.dialect, column_keys=list(columns))
    if compiled.positional:
        connection.exec_driver_sql(str(compiled), rows)
    else:
        connection.execute(insert(calls), [dict(zip(columns, row, strict=True)) for row in rows])
