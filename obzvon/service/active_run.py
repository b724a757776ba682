"""One run on its way: which of its calls go next, and when."""

import logging
from datetime import datetime, timedelta

from obzvon.common.errors import UserError
from obzvon.common.i18n import Message, say, say_many
from obzvon.documents.store import LoadedDocument
from obzvon.domain.calls import CallOutcome, PendingCall, Run
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.pacing import MAX_BATCH, Pace
from obzvon.domain.phones import Phone, find_withdrawn
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.service.handover import HandOver, HandOverResult
from obzvon.service.line_monitor import LineCounter

log = logging.getLogger("obzvon")

_CUT_OFF = timedelta(hours=1)

_LOOK = 1.0
"""Seconds between two looks whether a call is to be put off, when nothing else is to be done."""

_NAMED = 10
"""A bundle up to this size is logged number by number."""


class ActiveRun:
    """A run in progress or paused; it goes on behind its last bundle. `list_revision` is that of its snapshot."""

    def __init__(
        self,
        run: Run,
        journal: Journal,
        handover: HandOver,
        pace: Pace,
        line_counter: LineCounter,
        *,
        list_revision: str = "",
    ) -> None:
        self.run = run
        self._journal = journal
        self._handover = handover
        self.pace = pace
        """May be changed at any time; the next bundle goes by it."""
        self._line_counter = line_counter
        self._list_revision = list_revision
        self._bundle, self._last = journal.calls.last_bundle(run.id)
        self._active = self._last or run.started_at
        self._left = 0
        self._handed = 0
        self._after = 0
        self._next: list[PendingCall] = []
        self._is_through = False
        self._looked: datetime | None = None
        self._again = journal.calls.waiting_retries(run.id)

    def wait(self, now: datetime) -> float:
        """Seconds until the next hand-over: within a bundle none."""
        if self._left:
            return 0.0
        wait = self.pace.seconds_until_next(now, self._last, self._handed or None)
        if self._is_through and self._again:
            due = self._again[0].not_before or now
            return max(wait, (due - now).total_seconds())
        if self._is_through and self._looked is not None and self._looked <= now:
            return max(wait, _LOOK - (now - self._looked).total_seconds())
        return wait

    def reload_retries(self, now: datetime) -> None:
        """Calls of this run wait for a further attempt, which the journal has since now."""
        self._again = self._journal.calls.waiting_retries(self.run.id)
        self._list_revision = ""  # whoever was taken off the list during the attempt is not rung once more
        self._active = now

    def room(self) -> int:
        """How many calls the PBX can take now."""
        return self.pace.ceiling.batch_room(self._line_counter.count()) if self.pace.is_bounded else MAX_BATCH

    def is_stale(self, now: datetime) -> bool:
        """Whether nothing has gone for so long that the run is not in progress but left over."""
        return now - self._active > max(_CUT_OFF, timedelta(seconds=2 * self.pace.interval))

    def carry_activity_over(self, before: "ActiveRun") -> None:
        """The same run, looked through anew: what was told to go on since then goes on."""
        self._active = max(self._active, before._active)

    def change_state(self, state: str, now: datetime) -> None:
        """Pauses the run, or goes on with it: `state` is paused or running."""
        self._journal.runs.set_state(self.run.id, state, at=now)
        self.run = self._journal.runs.get(self.run.id)
        self._active = now

    def dispatch_next(self, now: datetime, room: int = MAX_BATCH) -> bool:
        """Hands over a handful: a bundle, or as much of it as goes at once. False if nobody waits any more.

        A bundle that there is no room for is cut to `room` (at least 1), and what is cut comes with the next one.
        """
        left = self._left or self.pace.bundle_size
        most = min(left, MAX_BATCH, room)
        if again := [call for call in self._again[:most] if call.not_before is None or call.not_before <= now]:
            return self._hand_again(again, now)
        calls = self._next[:most] or self._journal.calls.waiting(self.run.id, after=self._after, limit=most)
        if not calls:
            self._is_through, self._looked = True, now
            return self._expects_more()
        left = 0 if room < min(left, MAX_BATCH) else left - len(calls)
        # Without a delay the handful after this one goes at once, and its files can be written meanwhile.
        goes_on = bool(left) or not self.pace.interval
        limit = min(left or self.pace.bundle_size, MAX_BATCH) if goes_on else 1
        then = self._journal.calls.waiting(self.run.id, after=calls[-1].position, limit=limit)
        self._bundle += 0 if self._left else 1
        self._next, self._after = [], 0  # should it fail, what is given back is looked for from the beginning
        handed = self._hand(calls, now, then if goes_on else [])
        self._next, self._after = then if goes_on else [], calls[-1].position
        self._handed = len(calls) if not self._left else self._handed + len(calls)
        self._left = left
        self._is_through = not then
        self._tell(handed, now)
        return bool(then) or self._expects_more()

    def _hand_again(self, calls: list[PendingCall], now: datetime) -> bool:
        self._bundle += 1
        handed = self._hand(calls, now, [])
        del self._again[: len(calls)]
        self._handed, self._left = len(calls), 0
        self._tell(handed, now, again=True)
        return True

    def _hand(self, calls: list[PendingCall], now: datetime, then: list[PendingCall]) -> HandOverResult:
        """Hands over; if that is interrupted, what has gone or may have gone counts as a bundle all the same."""
        before = self._handover.outstanding
        try:
            return self._handover.dispatch(calls, self._bundle, now=now, then=then)
        except UserError:
            self._again = self._journal.calls.waiting_retries(self.run.id)
            if self._handover.outstanding > before:
                self._last = self._active = now
                self._left = 0
            raise

    def _expects_more(self) -> bool:
        """Whether calls may go that do not wait for their first attempt."""
        return bool(self._again) or self._handover.may_retry(self.run.id)

    def _tell(self, handed: HandOverResult, now: datetime, *, again: bool = False) -> None:
        self._last = self._active = now
        if handed.refused:
            log.error(
                "%s",
                say_many(
                    "run {run}: Asterisk would not take {n} call: {reason}",
                    "run {run}: Asterisk would not take {n} calls: {reason}",
                    len(handed.refused),
                    run=self.run.id,
                    reason=handed.refused[0].reason or Message(""),
                ),
            )
        if not (calls := handed.gone):
            return
        numbers = ", ".join(call.number for call in calls)
        if len(calls) > _NAMED:
            numbers = f"{calls[0].number} … {calls[-1].number}"
        told = (
            say_many(
                "run {run}, bundle {bundle}: {n} call handed over once more: {numbers}",
                "run {run}, bundle {bundle}: {n} calls handed over once more: {numbers}",
                len(calls),
                run=self.run.id,
                bundle=self._bundle,
                numbers=numbers,
            )
            if again
            else say_many(
                "run {run}, bundle {bundle}: {n} call handed over: {numbers}",
                "run {run}, bundle {bundle}: {n} calls handed over: {numbers}",
                len(calls),
                run=self.run.id,
                bundle=self._bundle,
                numbers=numbers,
            )
        )
        log.info("%s", told)

    def is_based_on(self, list_revision: str) -> bool:
        """Whether the run knows that revision of the list already."""
        return list_revision == self._list_revision

    def withdraw_removed(self, listed: LoadedDocument[list[Phone]], plan: NumberingPlan, now: datetime) -> None:
        """Withdraws what the operator has deleted or paused since the run began, up to the moment of the hand-over."""
        waiting = self._journal.calls.waiting(self.run.id)
        struck = find_withdrawn(listed.data, plan, {(call.number, call.code) for call in waiting})
        endings = [
            CallOutcome(self.run.id, call.position, Disposition.WITHDRAWN, now, reason)
            for call in waiting
            if (reason := struck.get((call.number, call.code)))
        ]
        self._journal.transitions.end_calls(endings)
        self._cancel_removed_retries(listed, plan)
        self._list_revision = listed.revision
        if endings:
            self._next = []
            log.info(
                "%s",
                say_many(
                    "the list was changed during the run: {n} call is withdrawn",
                    "the list was changed during the run: {n} calls are withdrawn",
                    len(endings),
                ),
            )

    def _cancel_removed_retries(self, listed: LoadedDocument[list[Phone]], plan: NumberingPlan) -> None:
        """Nobody is rung once more who is not to be rung any more."""
        struck = find_withdrawn(listed.data, plan, {(call.number, call.code) for call in self._again})
        for call in self._again:
            if reason := struck.get((call.number, call.code)):
                self._journal.transitions.cancel_retries(
                    self.run.id, [call.position], say("not attempted once more: {reason}", reason=reason)
                )
        if struck:
            self._again = self._journal.calls.waiting_retries(self.run.id)
