"""What became of calls, as the editor's pages ask for it: some lines of a run or a day, never all of them at once."""

from typing import Any

import msgspec
from sqlalchemy import Select, func, select

from obzvon.campaign import Disposition
from obzvon.journal import Journal, Line, State
from obzvon.journal_tables import RESULT, calls, runs
from obzvon.language import Message


class Results:
    """The calls in a journal, for reading."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def latest(self, run_id: int, count: int) -> list[Line]:
        """The calls of a run that something happened to last, the newest first; skipped rows are no calls."""
        moment = func.coalesce(calls.c.ended_at, calls.c.handed_at)
        return self._lines(_LINES.where(calls.c.run_id == run_id, calls.c.handed_at.is_not(None))
                           .order_by(moment.desc(), calls.c.position.desc()).limit(count))

    def test_call(self) -> Line | None:
        """The latest test call that was answered or handed over, else the latest of all; None if there was none."""
        went = RESULT.in_((Disposition.ANSWERED.value, Disposition.HANDED.value))
        query = _LINES.where(runs.c.kind == "test").order_by(went.desc(), calls.c.run_id.desc()).limit(1)
        return next(iter(self._lines(query)), None)

    def going(self, run_id: int) -> int:
        """How many calls of a run are handed over, or just being, and not finished with."""
        on_the_way = calls.c.state.in_((State.HANDING.value, State.HANDED.value))
        with self._journal.read() as connection:
            return int(connection.execute(select(func.count()).where(calls.c.run_id == run_id, on_the_way)
                                          ).scalar_one())

    def _lines(self, query: Select[Any]) -> list[Line]:
        with self._journal.read() as connection:
            return [_line(dict(row._mapping)) for row in connection.execute(query)]


_LINES = select(runs.c.kind, runs.c.day, calls).join(runs)


def _line(fields: dict[str, Any]) -> Line:
    reason = fields["reason"]
    return Line(**{**fields, "reason": msgspec.json.decode(reason, type=Message) if reason else None})
