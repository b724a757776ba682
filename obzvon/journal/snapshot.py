"""Writes the snapshot of the list with which a run begins: one row for each candidate."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, insert

from obzvon.domain.calls import CallState
from obzvon.domain.phones import Candidate
from obzvon.domain.results import Disposition
from obzvon.journal.rows import encode_message
from obzvon.journal.schema import calls

_CHUNK = 10_000
_WAITING_COLUMNS = ("run_id", "position", "row", "number", "code", "name", "state")


def insert_calls(connection: Connection, run_id: int, candidates: Iterable[Candidate], at: datetime) -> int:
    """Write a run's calls and return how many; in chunks, so that a million rows are never in memory twice."""
    numbered = enumerate(candidates, 1)
    total = 0
    while chunk := list(islice(numbered, _CHUNK)):
        _insert_waiting(connection, run_id, chunk)
        _insert_skipped(connection, run_id, chunk, at)
        total += len(chunk)
    return total


def _insert_waiting(connection: Connection, run_id: int, chunk: list[tuple[int, Candidate]]) -> None:
    rows: list[tuple[str | int, ...]] = [
        (
            run_id,
            position,
            _storable(candidate.phone.key),
            candidate.number,
            candidate.code,
            _storable(candidate.phone.name),
            "waiting",
        )
        for position, candidate in chunk
        if candidate.skipped is None
    ]
    if not rows:
        return
    compiled = insert(calls).compile(dialect=connection.dialect, column_keys=list(_WAITING_COLUMNS))
    # A driver with positional parameters takes plain tuples as they are, in half the time.
    if compiled.positional:
        connection.exec_driver_sql(str(compiled), rows)
    else:
        connection.execute(insert(calls), [dict(zip(_WAITING_COLUMNS, row, strict=True)) for row in rows])


def _insert_skipped(connection: Connection, run_id: int, chunk: list[tuple[int, Candidate]], at: datetime) -> None:
    rows = [
        {
            "run_id": run_id,
            "position": position,
            "row": _storable(candidate.phone.key),
            "number": _storable(candidate.number or candidate.phone.number),
            "code": _storable(candidate.code or candidate.phone.code),
            "name": _storable(candidate.phone.name),
            "state": CallState.ENDED.value,
            "disposition": Disposition.SKIPPED.value,
            "reason": encode_message(candidate.skipped),
            "ended_at": at,
        }
        for position, candidate in chunk
        if candidate.skipped is not None
    ]
    if rows:
        connection.execute(insert(calls), rows)


def _storable(text: str) -> str:
    """Replace NUL, which PostgreSQL cannot store: one odd row must not stop a day."""
    return text.replace("\0", "�") if "\0" in text else text
