"""A run in progress: which of its calls go next, and when."""

import logging
from datetime import datetime, timedelta

from obzvon.common.errors import UserError
from obzvon.common.i18n import say_many
from obzvon.documents.store import LoadedDocument
from obzvon.domain.calls import CallOutcome, PendingCall, Run
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.pacing import MAX_BATCH, Pace
from obzvon.domain.phones import Phone, find_withdrawn
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.service import run_log
from obzvon.service.bundle_cursor import BundleCursor
from obzvon.service.call_budget import CallBudget
from obzvon.service.handover import HandOver, HandOverResult
from obzvon.service.line_monitor import LineCounter
from obzvon.service.run_brake import RunBrake

log = logging.getLogger("obzvon")

_STALE_AFTER = timedelta(hours=1)

#: Seconds between two checks for calls to retry, when nothing else is due.
_RETRY_POLL_SECONDS = 1.0


class ActiveRun:
    """A run that is in progress or paused. It continues behind its last bundle."""

    def __init__(
        self,
        run: Run,
        journal: Journal,
        handover: HandOver,
        pace: Pace,
        line_counter: LineCounter,
        *,
        list_revision: str = "",
        brake: RunBrake | None = None,
        budget: CallBudget | None = None,
    ) -> None:
        self.run = run
        self.budget = budget or CallBudget(journal, run)
        self.brake = brake or RunBrake(run.id, journal, 0)
        self._journal = journal
        self._handover = handover
        #: May be changed at any time; it holds from the next bundle on.
        self.pace = pace
        self._line_counter = line_counter
        self._list_revision = list_revision
        bundle, self._last_dispatch = journal.calls.last_bundle(run.id)
        self._cursor = BundleCursor(
            bundle, lambda after, limit: journal.calls.waiting(run.id, after=after, limit=limit)
        )
        self._last_activity = self._last_dispatch or run.started_at
        self._is_exhausted = False
        self._exhausted_at: datetime | None = None
        self._retries = journal.calls.waiting_retries(run.id)

    def wait(self, now: datetime) -> float:
        """Return the seconds until the next hand-over; 0 within a bundle."""
        if self.brake.is_held:
            return self.brake.seconds_until_probe(now, self._last_dispatch)
        if self._cursor.left:
            return 0.0
        wait = self.pace.seconds_until_next(now, self._last_dispatch, self._cursor.sent or None)
        if self._is_exhausted and self._retries:
            due = self._retries[0].not_before or now
            return max(wait, (due - now).total_seconds())
        if self._is_exhausted and self._exhausted_at is not None and self._exhausted_at <= now:
            return max(wait, _RETRY_POLL_SECONDS - (now - self._exhausted_at).total_seconds())
        return wait

    def reload_retries(self, now: datetime) -> None:
        """Read from the journal which calls wait for a retry, after new ones have been written there."""
        self._retries = self._journal.calls.waiting_retries(self.run.id)
        self._list_revision = ""  # check the list again: phones removed during the attempt are not called again
        self._last_activity = now

    def room(self, now: datetime) -> int:
        """Return how many calls may go now. Raise OSError if the spool cannot be read."""
        room = self.pace.ceiling.batch_room(self._line_counter.count()) if self.pace.is_bounded else MAX_BATCH
        return min(bound for bound in (room, self.brake.room(now), self.budget.left) if bound is not None)

    def apply_brake(self, now: datetime) -> None:
        """Take back what failed while the run is held, and log that it is, or is no more."""
        if self.brake.apply(now):
            self.reload_retries(now)

    def is_stale(self, now: datetime) -> bool:
        """Return whether nothing has gone for so long that the run was cut off rather than in progress."""
        return now - self._last_activity > max(_STALE_AFTER, timedelta(seconds=2 * self.pace.interval))

    def carry_activity_over(self, before: "ActiveRun") -> None:
        """Carry the time of the last activity over when the same run is reloaded."""
        self._last_activity = max(self._last_activity, before._last_activity)  # noqa: SLF001 - of the same class

    def change_state(self, state: str, now: datetime) -> None:
        """Pause or resume the run; `state` is paused or running."""
        self._journal.runs.set_state(self.run.id, state, at=now)
        self.run = self._journal.runs.get(self.run.id)
        self._last_activity = now

    def dispatch_next(self, now: datetime, room: int = MAX_BATCH) -> bool:
        """Hand over a bundle, or as much of it as goes at once. Return False if no calls wait any more.

        A bundle for which there is no room is cut to `room`, which is at least 1. The rest goes with the next one.
        """
        if self.brake.is_held:
            return self._probe(now)
        retries = self._retries[: self._cursor.most(self.pace, room)]
        if due := [call for call in retries if call.not_before is None or call.not_before <= now]:
            self._dispatch_retries(due, now)
            return True
        batch = self._cursor.take(self.pace, room)
        if not batch.calls:
            self._is_exhausted, self._exhausted_at = True, now
            return self._expects_retries(now)
        result = self._dispatch(batch.calls, now, batch.following)
        self._cursor.advance(batch)
        self._is_exhausted = not batch.has_more
        self._record(result, now)
        return batch.has_more or self._expects_retries(now)

    def _probe(self, now: datetime) -> bool:
        """Hand over one call of a held run: one that has not gone yet, else the one that failed longest ago."""
        self.brake.note_probe(now)
        self._cursor.end_bundle()
        fresh = self._journal.calls.waiting(self.run.id, limit=1)
        due = [call for call in self._retries if call.not_before is None or call.not_before <= now]
        if fresh:
            self._cursor.forget_read_ahead()
            self._cursor.begin_retries()
            result = self._dispatch(fresh, now, [])
            self._cursor.end_bundle(1)
            self._record(result, now)
        elif due:
            self._dispatch_retries(due[:1], now)
        return bool(fresh or self._retries) or self._expects_retries(now)

    def _dispatch_retries(self, calls: list[PendingCall], now: datetime) -> None:
        self._cursor.begin_retries()
        result = self._dispatch(calls, now, [])
        del self._retries[: len(calls)]
        self._cursor.end_bundle(len(calls))
        self._record(result, now, is_retry=True)

    def _dispatch(self, calls: list[PendingCall], now: datetime, following: list[PendingCall]) -> HandOverResult:
        """Hand calls over. If that is interrupted, the calls that have or may have gone count as a bundle."""
        before = self._handover.outstanding
        try:
            result = self._handover.dispatch(calls, self._cursor.bundle, now=now, following=following)
        except UserError:
            self._retries = self._journal.calls.waiting_retries(self.run.id)
            if self._handover.outstanding > before:
                self._last_dispatch = self._last_activity = now
                self._cursor.end_bundle()
            self.budget.recount()
            raise
        self.budget.note(len(calls) - len(result.refused) - len(result.barred))
        return result

    def _expects_retries(self, now: datetime) -> bool:
        """Return whether calls may still go that do not wait for their first attempt."""
        is_open = self._handover.has_calls_of(self.run.id) and self.brake.could_hold(now)
        return bool(self._retries) or self._handover.may_retry(self.run.id) or is_open

    def _record(self, result: HandOverResult, now: datetime, *, is_retry: bool = False) -> None:
        self._last_dispatch = self._last_activity = now
        run_log.log_dispatched(self.run.id, self._cursor.bundle, result, is_retry=is_retry)

    def is_based_on(self, list_revision: str) -> bool:
        """Return whether the run already agrees with that revision of the list."""
        return list_revision == self._list_revision

    def withdraw_removed(self, phones: LoadedDocument[list[Phone]], plan: NumberingPlan, now: datetime) -> None:
        """Withdraw the waiting calls to phones that were removed or paused since the run started."""
        waiting = self._journal.calls.waiting(self.run.id)
        removed = find_withdrawn(phones.data, plan, self.run.day, {(call.number, call.code) for call in waiting})
        outcomes = [
            CallOutcome(self.run.id, call.position, Disposition.WITHDRAWN, now, reason)
            for call in waiting
            if (reason := removed.get((call.number, call.code)))
        ]
        self._journal.transitions.end_calls(outcomes)
        self._cancel_removed_retries(phones, plan, now)
        self._list_revision = phones.revision
        if outcomes:
            self._cursor.forget_read_ahead()
            log.info(
                "%s",
                say_many(
                    "the list was changed during the run: {n} call withdrawn",
                    "the list was changed during the run: {n} calls withdrawn",
                    len(outcomes),
                ),
            )

    def _cancel_removed_retries(self, phones: LoadedDocument[list[Phone]], plan: NumberingPlan, now: datetime) -> None:
        """Cancel pending retries for phones that were removed or paused."""
        removed = find_withdrawn(phones.data, plan, self.run.day, {(call.number, call.code) for call in self._retries})
        for call in self._retries:
            if reason := removed.get((call.number, call.code)):
                self._journal.transitions.cancel_retries(self.run.id, [call.position], reason, at=now)
        if removed:
            self._retries = self._journal.calls.waiting_retries(self.run.id)
