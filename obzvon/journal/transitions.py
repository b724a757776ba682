"""The state changes of calls: waiting → handing → handed → ended, back to waiting, and withdrawn.

A call of a settled run never changes again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Update, bindparam, func, or_, select, update

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, say
from obzvon.domain.brake import UNREACHED
from obzvon.domain.calls import CallOutcome, CallState, PendingCall
from obzvon.domain.labels import result_label
from obzvon.domain.results import Disposition
from obzvon.journal.database import Database
from obzvon.journal.identity import count_hand_over
from obzvon.journal.rows import encode_message
from obzvon.journal.schema import calls, runs


class CallTransitions:
    """Changes the state of calls, each change durable when it returns. Only the service does this."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_handing(
        self, bundle: Sequence[PendingCall], number: int, via: str | None = None, boot: str | None = None
    ) -> int:
        """Mark waiting calls as HANDING: from now on Asterisk may have them. `via` names the transport.

        `boot` is the id of the machine's boot.

        Return how many hand-overs the journal has counted. Raise JournalMovedError if it was moved away.
        """
        if not bundle:
            return 0
        values = {"state": CallState.HANDING.value, "bundle": number, "via": via, "boot": boot}
        values |= {"handed_at": None, "ended_at": None}  # those of an attempt before
        with self._database.write_transaction() as connection:
            count = count_hand_over(connection, self._database.address)
            _advance(connection, bundle, CallState.WAITING, values, _ADVANCE)
        return count

    def end_handing(self, bundle: Sequence[PendingCall], *, at: datetime) -> None:
        """Mark calls as HANDED: Asterisk has them."""
        self._advance(bundle, CallState.HANDING, {"state": CallState.HANDED.value, "handed_at": at})

    def return_to_waiting(self, bundle: Sequence[PendingCall], state: CallState) -> None:
        """Make calls in `state` wait again, which Asterisk never got."""
        self._advance(bundle, state, _WAITING)

    def wait_for_next_attempt(self, bundle: Sequence[PendingCall]) -> None:
        """Make calls that Asterisk has taken and not made wait again, with the number of a new attempt."""
        self._advance(bundle, CallState.HANDED, _WAITING, _NEXT_ATTEMPT)

    def end_calls(self, outcomes: Iterable[CallOutcome]) -> int:
        """Write how calls ended and return how many were new: a call that has ended keeps its first outcome."""
        rows = [_outcome_values(outcome) for outcome in outcomes]
        if not rows:
            return 0
        with self._database.write_transaction() as connection:
            return connection.execute(_END_FOR_GOOD, rows).rowcount

    def schedule_retries(self, outcomes: Sequence[tuple[CallOutcome, datetime]]) -> None:
        """Write how attempts ended, and make their calls wait for another one, not before the moment beside each."""
        rows = [{**_outcome_values(outcome), "not_before_": moment} for outcome, moment in outcomes]
        if not rows:
            return
        statement = _END.values(
            state=CallState.WAITING.value, attempt=calls.c.attempt + 1, not_before=bindparam("not_before_")
        )
        with self._database.write_transaction() as connection:
            connection.execute(statement, rows)

    def call_again(self, run_id: int, positions: Iterable[int], reason: Message, *, at: datetime) -> int:
        """Make calls wait again that ended before any phone rang, and return how many: see `domain.brake`.

        The attempt that has ended keeps its number, and the next one gets a new one.
        """
        spans = _spans(positions)
        if not spans:
            return 0
        failed = calls.c.run_id == run_id, _IN_SPAN, *_ENDED_UNREACHED
        values = {"attempt": calls.c.attempt + 1, "not_before": at, "reason": encode_message(reason)}
        again = update(calls).where(*failed).values(state=CallState.WAITING.value, **values)
        with self._database.write_transaction() as connection:
            return connection.execute(again, spans).rowcount

    def cancel_retries(self, run_id: int, positions: Iterable[int], reason: Message, *, at: datetime) -> None:
        """End calls that wait for a further attempt. They keep the last outcome; without one they are withdrawn."""
        self._withdraw(calls.c.run_id == run_id, reason, at, spans=_spans(positions))

    def withdraw_handed(self, taken: Iterable[PendingCall], reason: Message, *, at: datetime) -> None:
        """End calls that came back without having been begun. They keep the outcome of an attempt before this one."""
        positions: dict[int, list[int]] = {}
        for call in taken:
            positions.setdefault(call.run_id, []).append(call.position)
        for run_id, found in positions.items():
            self._withdraw(calls.c.run_id == run_id, reason, at, state=CallState.HANDED, spans=_spans(found))

    def withdraw_waiting(self, run_id: int, reason: Message, *, at: datetime) -> int:
        """End every call of the run that still waits as withdrawn, and return how many."""
        return self._withdraw(calls.c.run_id == run_id, reason, at)

    def withdraw_stranded(self, reason: Message, *, at: datetime) -> int:
        """End every call that waits in a run that has ended as withdrawn, and return how many.

        A stop that was interrupted half way leaves such calls.
        """
        with self._database.read_transaction() as connection:
            if connection.execute(_STRANDED).first() is None:
                return 0
        return self._withdraw(calls.c.run_id.in_(_STRANDED), reason, at)

    def _withdraw(
        self,
        which: ColumnElement[bool],
        reason: Message,
        at: datetime,
        *,
        state: CallState = CallState.WAITING,
        spans: list[dict[str, int]] | None = None,
    ) -> int:
        """End those of the calls that are in `state`, of all positions or of `spans`.

        Return how many are withdrawn, not ended by an outcome before.
        """
        if spans == []:
            return 0
        found = (
            update(calls)
            .where(which, calls.c.state == state.value)
            .values(state=CallState.ENDED.value, ended_at=func.coalesce(calls.c.ended_at, at))
        )
        if spans is not None:
            found = found.where(_IN_SPAN)
        no_retry = say("no further attempt: {reason}", reason=reason)
        with self._database.write_transaction() as connection:
            had_outcome = found.where(calls.c.disposition.is_not(None)).values(reason=encode_message(no_retry))
            connection.execute(had_outcome, spans)
            values = {"disposition": Disposition.WITHDRAWN.value, "reason": encode_message(reason), "ended_at": at}
            return connection.execute(found.values(**values), spans).rowcount

    def _advance(
        self,
        bundle: Sequence[PendingCall],
        before: CallState,
        values: Mapping[str, object],
        statement: Update | None = None,
    ) -> None:
        if bundle:
            with self._database.write_transaction() as connection:
                _advance(connection, bundle, before, values, _ADVANCE if statement is None else statement)


class JournalConflictError(UserError):
    """Another process has changed the calls that are being handed over."""

    def __init__(self, state: CallState) -> None:
        super().__init__(
            [
                Problem(
                    "",
                    say("calls that were {state} a moment ago no longer are", state=result_label(state)),
                    say("is there a second service on this journal? Stop it"),
                )
            ]
        )


# A statement has a limited number of values: 32,766 in SQLite.
_IN_SPAN = calls.c.position.between(bindparam("first"), bindparam("last"))
_NOT_ENDED = update(calls).where(
    calls.c.run_id == bindparam("run"),
    calls.c.position == bindparam("at_position"),
    calls.c.state != CallState.ENDED.value,
)
# A last look at what is certain: only an attempt that no phone rang for may be made again, and only one that was made
# after its moment. Else the next one was given up: the phone was removed or paused meanwhile.
_ENDED_UNREACHED = (
    calls.c.state == CallState.ENDED.value,
    or_(*(calls.c.disposition == result.value for result in sorted(UNREACHED))),  # many calls at once take no IN
    calls.c.rang_at.is_(None),
    calls.c.answered_at.is_(None),
    or_(calls.c.not_before.is_(None), calls.c.not_before <= calls.c.ended_at),
)
_END = _NOT_ENDED.values(
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
_END_FOR_GOOD = _END.values(state=CallState.ENDED.value)
_STRANDED = select(runs.c.id).where(runs.c.settled.is_(False), runs.c.ended_at.is_not(None))
_ADVANCE = update(calls).where(
    calls.c.run_id == bindparam("run"),
    calls.c.state == bindparam("before"),
    _IN_SPAN,
)
_NEXT_ATTEMPT = _ADVANCE.values(attempt=calls.c.attempt + 1)
_WAITING = {"state": CallState.WAITING.value, "bundle": None, "handed_at": None}


def _advance(
    connection: Connection,
    bundle: Sequence[PendingCall],
    before: CallState,
    values: Mapping[str, object],
    statement: Update,
) -> None:
    """Move the calls of one run on from `before`, all or none; raise JournalConflictError if one has changed.

    The statement takes its columns from `values`.
    """
    of_run = {"run": bundle[0].run_id, "before": before.value, **values}
    spans = [{**of_run, **span} for span in _spans(call.position for call in bundle)]
    if connection.execute(statement, spans).rowcount != len(bundle):
        raise JournalConflictError(before)


def _outcome_values(outcome: CallOutcome) -> dict[str, object]:
    detail = outcome.detail
    return {
        "run": outcome.run_id,
        "at_position": outcome.position,
        "how": outcome.disposition.value,
        "why": encode_message(outcome.reason),
        "at": outcome.at,
        "rang": detail.rang_at,
        "taken": detail.answered_at,
        "heard": detail.listened,
        "q850": detail.cause,
        "pressed": detail.key or None,
        "tried": detail.tries,
    }


def _spans(positions: Iterable[int]) -> list[dict[str, int]]:
    """Return the unbroken ranges of these positions: nearly always one range, and one statement, for a bundle."""
    spans: list[dict[str, int]] = []
    for position in sorted(positions):
        if spans and position == spans[-1]["last"] + 1:
            spans[-1]["last"] = position
        else:
            spans.append({"first": position, "last": position})
    return spans
