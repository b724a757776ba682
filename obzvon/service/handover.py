"""Hands calls over to Asterisk and finds out how they ended: the steps between the journal and a transport.

The order of the steps makes it safe to be stopped anywhere:

1. The calls are prepared; in the journal they still wait.
2. The journal says durably that these calls are being handed over, and by which transport.
3. The day record says durably that this journal hands over that day.
4. They are sent.
5. The journal says that Asterisk has them, or that they wait again.

A call that is found being handed over after a stop, or whose answer was lost, may have been made. The evidence that its
transport finds decides, and the journal follows it. Without evidence the call ends as unknown and is never sent again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from obzvon.asterisk.transport.base import (
    CallProgress,
    Evidence,
    SendResult,
    TransportUnavailableError,
    assign_transport,
    attempt_name,
)
from obzvon.asterisk.transport.failover import TransportSelector
from obzvon.common.boot import boot_id
from obzvon.common.i18n import Message, say
from obzvon.domain.calls import CallOutcome, CallState, PendingCall
from obzvon.domain.results import Disposition
from obzvon.domain.retries import RetryPolicy
from obzvon.journal.journal import Journal
from obzvon.service.day_guard import DayGuard
from obzvon.service.number_check import NumberCheck, log_barred

if TYPE_CHECKING:
    from obzvon.service.run_brake import RunBrake

#: Grace period before an unstarted call may be withdrawn: Asterisk may be about to begin it.
_SETTLING = timedelta(seconds=1)

_NO_TRANSPORT = say(
    "it was handed over by a transport that is no longer in the settings, so its result cannot be learned"
)


class RecoveryResult(msgspec.Struct, frozen=True):
    """Calls that were being handed over when the service stopped; `unknown` includes those in doubt."""

    again: int = 0
    handed: int = 0
    unknown: int = 0


class CollectResult(msgspec.Struct, frozen=True):
    """Calls that ended, calls that came back without having been begun, and calls that wait for a retry."""

    ended: list[CallOutcome]
    returned: list[PendingCall]
    retried: list[CallOutcome] = []


class HandOverResult(msgspec.Struct, frozen=True):
    """Calls that Asterisk has accepted, and the outcomes of those that it has refused.

    `barred` are the outcomes of those that were not sent because their numbers may not be dialled.
    """

    accepted: list[PendingCall]
    refused: list[CallOutcome]
    barred: list[CallOutcome] = []


class HandOver:
    """Moves calls from the journal to Asterisk, and their outcomes back."""

    def __init__(
        self,
        journal: Journal,
        transports: TransportSelector,
        *,
        retry_policy: RetryPolicy | None = None,
        day_guard: DayGuard | None = None,
        number_check: NumberCheck | None = None,
        boot: str | None = None,
    ) -> None:
        self._journal = journal
        self._number_check = number_check
        self._day_guard = day_guard
        #: The brake of the run in progress.
        self.brake: RunBrake | None = None
        self._transports = transports
        self._boot = boot or boot_id()
        self._retry_policy = retry_policy or RetryPolicy()
        self._handed: dict[str, PendingCall] = {}
        self._uncertain: dict[str, PendingCall] = {}
        #: Outcomes that are not in the journal yet. A transport reports each once.
        self._outcomes: dict[str, CallOutcome] = {}
        #: Attempts that were certainly not sent by this service, whatever the journal says.
        self._unsent: set[str] = set()
        #: Attempts whose files Asterisk took without making the call: the name of such a file is not used again.
        self._not_made: set[str] = set()
        #: Attempts whose hand-over was noted late, when evidence of them was found: how long they lasted is not known.
        self._noted_late: set[str] = set()

    @property
    def outstanding(self) -> int:
        """The number of calls that Asterisk has, or may have, and has not finished with as far as is known."""
        return len(self._handed) + len(self._uncertain)

    @property
    def has_new_outcomes(self) -> bool:
        """True if Asterisk's events have reported ended calls since the last `collect`."""
        return self._transports.has_new_outcomes

    def has_calls_of(self, run_id: int) -> bool:
        """Return whether Asterisk has calls of that run, or may have."""
        return any(call.run_id == run_id for calls in (self._handed, self._uncertain) for call in calls.values())

    def positions_of(self, run_id: int) -> set[int]:
        """Return which calls of that run Asterisk has, or may have."""
        outstanding = (call for calls in (self._handed, self._uncertain) for call in calls.values())
        return {call.position for call in outstanding if call.run_id == run_id}

    def ensure_available(self, now: datetime) -> None:
        """Raise TransportUnavailableError while no calls can be handed over."""
        self._transports.choose(now)

    def dispatch(
        self, calls: list[PendingCall], bundle: int, *, now: datetime, following: list[PendingCall] | None = None
    ) -> HandOverResult:
        """Hand over waiting calls of one run. Raise OSError or UserError if some did not go; those wait again.

        `following` are the calls that will most likely go next, and at once: their files are written ahead.
        """
        transport = self._transports.choose(now)
        calls, barred = self._bar(calls, now)
        result = HandOverResult([], [], barred)
        if not calls:
            return result
        transport.prepare_calls(calls, self._split(following or [], now)[0])
        for batch in _batches(calls, transport.max_batch):
            names = {attempt_name(call) for call in batch}
            self._unsent |= names  # if the journal fails now, they go again
            count = self._journal.transitions.begin_handing(batch, bundle, transport.via, self._boot)
            if self._day_guard is not None:
                self._day_guard.record_hand_over(batch, count, now)
            self._unsent -= names
            sent = transport.send(assign_transport(batch, transport.via, self._boot), now)
            self._unsent.update(attempt_name(call) for call in sent.not_sent)
            result.refused.extend(self._record(sent, now))
            result.accepted.extend(sent.accepted)
            if sent.error is not None:
                raise sent.error
            if self.brake is not None and self.brake.is_held and len(batch) < len(calls):
                raise TransportUnavailableError([problem] if (problem := self.brake.problem) else [], is_transient=True)
        return result

    def recover(self, *, now: datetime) -> RecoveryResult:
        """Find out, after a stop at any point, what became of the calls that were being handed over."""
        self._transports.refresh(now)
        self._handed.clear()
        self._uncertain.clear()
        again, handed, unknown = self._sort_by_evidence(self._journal.calls.in_transit(CallState.HANDING), now)
        self._confirm(handed, now)
        self._journal.transitions.end_calls(unknown)
        for calls in _by_run(again):
            self._give_back(calls)
        self._remember(self._journal.calls.in_transit(CallState.HANDED), now)
        self._outcomes = {name: outcome for name, outcome in self._outcomes.items() if name in self._handed}
        # Other prepared files belong to calls that still wait. They are written again when those go.
        self._transports.discard_stale(self._journal.runs.tokens(), self._handed.values())
        return RecoveryResult(len(again), len(handed), len(unknown) + len(self._uncertain))

    def may_retry(self, run_id: int) -> bool:
        """Return whether calls of the run that Asterisk has may come to wait for a retry."""
        return bool(self._retry_policy) and self.has_calls_of(run_id)

    def collect(self, *, now: datetime, may_continue: Callable[[int], bool] = lambda _: False) -> CollectResult:
        """Find the calls that Asterisk has finished with, and write their outcomes into the journal.

        A call is put off for a retry instead if the policy says so and its run, given by its id, may continue.
        """
        if self.outstanding:
            self._transports.refresh(now)
        ended = self._resolve_uncertain(now)
        retries: list[tuple[CallOutcome, datetime]] = []
        returned: list[PendingCall] = []
        finished: list[PendingCall] = []
        for name, call in list(self._handed.items()):
            progress = self._progress(name, call, now)
            if progress in (CallProgress.RETURNED, CallProgress.NOT_MADE):
                returned.append(call)
            if isinstance(progress, CallProgress):
                continue
            if name in self._noted_late:  # nor is it certain that no phone rang
                detail = msgspec.structs.replace(progress.detail, tries=None)
                progress = msgspec.structs.replace(progress, detail=detail)
            self._outcomes[name] = progress
            delay = self._retry_policy.delay_after(progress.disposition, call.attempt)
            if delay is not None and may_continue(call.run_id):
                retries.append((progress, progress.at + delay))
            else:
                ended.append(progress)
            del self._handed[name]
            self._noted_late.discard(name)
            finished.append(call)
        self._journal.transitions.schedule_retries(retries)
        if ended:
            self._journal.transitions.end_calls(ended)
        self._discard(finished)  # not before the journal knows: until then the files are the evidence
        if self.brake is not None:
            self.brake.note_ended([*ended, *(outcome for outcome, _ in retries)])
        self._outcomes.clear()
        if ended:
            self._journal.runs.settle()
        return CollectResult(ended, returned, [outcome for outcome, _ in retries])

    def requeue(self, calls: list[PendingCall]) -> None:
        """Let calls of one run wait again that came back without having been begun."""
        for call in calls:
            self._handed.pop(attempt_name(call), None)
        not_made = [call for call in calls if attempt_name(call) in self._not_made]
        self._journal.transitions.wait_for_next_attempt(not_made)
        others = [call for call in calls if attempt_name(call) not in self._not_made]
        self._journal.transitions.return_to_waiting(others, CallState.HANDED)
        self._not_made.difference_update(attempt_name(call) for call in not_made)
        self._discard(calls)

    def withdraw_returned(self, calls: list[PendingCall], *, now: datetime) -> None:
        """End as withdrawn calls that came back without having begun. Their day is over."""
        reason = say("Asterisk was down from the hand-over until the run had ended; the call was never begun")
        self._journal.transitions.withdraw_handed(calls, reason, at=now)
        for call in calls:
            self._handed.pop(attempt_name(call), None)
        self._discard(calls)

    def withdraw(self, *, now: datetime) -> tuple[int, int]:
        """Take back the calls that Asterisk has not begun. Return how many, and how many stay with it."""
        taken: dict[bool, list[PendingCall]] = {True: [], False: []}
        for name, call in list(self._handed.items()):
            if call.handed_at is not None and timedelta(0) <= now - call.handed_at < _SETTLING:
                continue
            transport = self._transports.transport_for(call)
            had_begun = transport.withdraw(call) if transport else None
            if had_begun is None:
                continue
            taken[had_begun].append(call)
            del self._handed[name]
        begun = say("taken out of the spool at the moment when Asterisk began the call")
        unknown = [CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, begun) for call in taken[True]]
        self._journal.transitions.end_calls(unknown)
        not_begun = say("taken out of the spool before Asterisk began the call")
        self._journal.transitions.withdraw_handed(taken[False], not_begun, at=now)
        self._discard([*taken[True], *taken[False]])
        return len(taken[False]), self.outstanding

    def close(self) -> None:
        """Stop writing files ahead. The next start looks through those that are there."""
        self._transports.close()

    def _split(self, calls: list[PendingCall], now: datetime) -> tuple[list[PendingCall], list[CallOutcome]]:
        return self._number_check.split(calls, now) if self._number_check else (calls, [])

    def _bar(self, calls: list[PendingCall], now: datetime) -> tuple[list[PendingCall], list[CallOutcome]]:
        """End the calls to numbers that may not be dialled. Return the other calls, and the outcomes of those ended."""
        allowed, barred = self._split(calls, now)
        if barred:
            self._withdraw_barred(calls, barred)
            log_barred(barred)
        return allowed, barred

    def _withdraw_barred(self, calls: list[PendingCall], barred: list[CallOutcome]) -> None:
        """End these calls of one run. Those that wait for a further attempt keep the outcome of the one before."""
        retries = {call.position for call in calls if call.attempt > 1}
        for outcome in barred:
            if outcome.position in retries:
                reason = outcome.reason or Message("")
                self._journal.transitions.cancel_retries(outcome.run_id, [outcome.position], reason, at=outcome.at)
        self._journal.transitions.end_calls(outcome for outcome in barred if outcome.position not in retries)

    def _record(self, sent: SendResult, now: datetime) -> list[CallOutcome]:
        """Write the result of a send into the journal. Return the outcomes of refused calls."""
        if sent.accepted:
            self._journal.transitions.end_handing(sent.accepted, at=now)
            self._remember(sent.accepted, now)
            if self.brake is not None:
                self.brake.note_sent(sent.accepted, now)
        self._uncertain.update((attempt_name(call), call) for call in sent.uncertain)
        refused = [
            CallOutcome(rejection.call.run_id, rejection.call.position, rejection.disposition, now, rejection.reason)
            for rejection in sent.rejected
        ]
        if refused:
            self._journal.transitions.end_calls(refused)
            if self.brake is not None:
                self.brake.note_refused(refused)
        if sent.not_sent:
            self._give_back(sent.not_sent)
        return refused

    def _progress(self, name: str, call: PendingCall, now: datetime) -> CallOutcome | CallProgress:
        if name in self._outcomes:
            return self._outcomes[name]
        if (transport := self._transports.transport_for(call)) is None:
            return CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, _NO_TRANSPORT)
        progress = transport.check_progress(call, now)
        if progress is CallProgress.NOT_MADE:
            self._not_made.add(name)
        return progress

    def _sort_by_evidence(
        self, calls: Iterable[PendingCall], now: datetime
    ) -> tuple[list[PendingCall], list[PendingCall], list[CallOutcome]]:
        """Sort calls that were being handed over: those that go again, those that Asterisk has, unknown outcomes.

        Calls whose evidence is still open are kept in `_uncertain` and are in none of the lists.
        """
        again: list[PendingCall] = []
        handed: list[PendingCall] = []
        unknown: list[CallOutcome] = []
        for call in calls:
            if attempt_name(call) in self._unsent:
                again.append(call)
                continue
            transport = self._transports.transport_for(call)
            evidence = transport.find_evidence(call, now) if transport else Evidence.NONE
            if evidence is Evidence.UNDECIDED:
                self._uncertain[attempt_name(call)] = call
                continue
            self._uncertain.pop(attempt_name(call), None)
            if evidence is Evidence.NOT_CALLED:
                again.append(call)
            elif evidence is Evidence.CALLED:
                self._noted_late.add(attempt_name(call))
                handed.append(call)
            else:
                reason = transport.unknown_reason if transport else _NO_TRANSPORT
                unknown.append(CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, reason))
                if call.via:
                    self._discard([call])
        return again, handed, unknown

    def _resolve_uncertain(self, now: datetime) -> list[CallOutcome]:
        """Look for new evidence of uncertain calls. Return the outcomes of those that will stay unknown."""
        if not self._uncertain:
            return []
        _, handed, unknown = self._sort_by_evidence(list(self._uncertain.values()), now)
        self._confirm(handed, now)
        return unknown

    def _confirm(self, handed: list[PendingCall], now: datetime) -> None:
        """Write down that Asterisk has these calls, for which evidence was found."""
        for calls in _by_run(handed):
            self._journal.transitions.end_handing(calls, at=now)
        self._remember(handed, now)
        if self.brake is not None:
            self.brake.note_sent(handed, now)

    def _give_back(self, calls: list[PendingCall]) -> None:
        self._journal.transitions.return_to_waiting(calls, CallState.HANDING)
        self._unsent.difference_update(attempt_name(call) for call in calls)
        self._discard(calls)

    def _discard(self, calls: Iterable[PendingCall]) -> None:
        for call in calls:
            if transport := self._transports.transport_for(call):
                transport.discard([call])

    def _remember(self, calls: Sequence[PendingCall], now: datetime) -> None:
        for call in calls:
            self._handed[attempt_name(call)] = call if call.handed_at else msgspec.structs.replace(call, handed_at=now)
        for via, transport in {call.via: self._transports.transport_for(call) for call in calls}.items():
            if transport:
                transport.track([call for call in calls if call.via == via], now)


def _batches(calls: list[PendingCall], size: int) -> Iterator[list[PendingCall]]:
    for start in range(0, len(calls), size):
        yield calls[start : start + size]


def _by_run(calls: Iterable[PendingCall]) -> list[list[PendingCall]]:
    runs: dict[int, list[PendingCall]] = {}
    for call in calls:
        runs.setdefault(call.run_id, []).append(call)
    return list(runs.values())
