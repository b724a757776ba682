"""Hands calls over to Asterisk and finds out what became of them: the steps between the journal and a transport.

The order of the steps is what makes it safe to be stopped anywhere:

1. The calls are made ready; they still wait.
2. The journal says that these calls are on their way, and by which transport, durably.
3. They are sent.
4. The journal says that Asterisk has them, or that they wait again.

So a call that is found on its way after a stop, or whose answer was lost, may have been rung: the evidence that its
transport finds decides, the journal follows it, and without any the call ends as unknown and is never sent again.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from obzvon.asterisk.transport.base import CallProgress, Evidence, SendResult, assign_transport, attempt_name
from obzvon.asterisk.transport.failover import TransportSelector
from obzvon.common.i18n import say
from obzvon.domain.calls import CallOutcome, CallState, PendingCall
from obzvon.domain.results import Disposition
from obzvon.domain.retries import RetryPolicy
from obzvon.journal.journal import Journal

_SETTLING = timedelta(seconds=1)
"""A call that Asterisk has had this long and not begun is one that it does not take now."""

_NO_WAY = say("it was handed over in a way that the settings do not have any more, so nobody hears how it ended")


class RecoveryResult(msgspec.Struct, frozen=True):
    """What a start found of calls that were being handed over; `unknown` are also those that may yet be found."""

    again: int = 0
    handed: int = 0
    unknown: int = 0


class CollectResult(msgspec.Struct, frozen=True):
    """What a look found: calls that ended, calls that wait for a further attempt, and calls that came back un-begun."""

    endings: list[CallOutcome]
    returned: list[PendingCall]
    retried: list[CallOutcome] = []


class HandOverResult(msgspec.Struct, frozen=True):
    """What a hand-over came to: calls that Asterisk has, and how those ended that it refused."""

    gone: list[PendingCall]
    refused: list[CallOutcome]


class HandOver:
    """Moves calls from the journal to Asterisk, and their outcomes back."""

    def __init__(self, journal: Journal, transports: TransportSelector, *, rounds: RetryPolicy | None = None) -> None:
        self._journal = journal
        self._transports = transports
        self._rounds = rounds or RetryPolicy()
        self._handed: dict[str, PendingCall] = {}
        self._doubtful: dict[str, PendingCall] = {}
        self._found: dict[str, CallOutcome] = {}
        """How calls ended that the journal does not say yet: a transport tells it once."""
        self._unsent: set[str] = set()
        """Attempts that this service knows not to have been sent, whatever the journal says."""

    @property
    def outstanding(self) -> int:
        """Calls that Asterisk has, or may have, and has not finished with, as far as it was looked."""
        return len(self._handed) + len(self._doubtful)

    @property
    def has_new_outcomes(self) -> bool:
        """Whether Asterisk's events have told of ends since it was looked."""
        return self._transports.has_new_outcomes

    def has_calls_of(self, run_id: int) -> bool:
        """Whether Asterisk has calls of that run, or may have."""
        return any(call.run_id == run_id for calls in (self._handed, self._doubtful) for call in calls.values())

    def ensure_available(self, now: datetime) -> None:
        """Raises Held while no calls can be handed over."""
        self._transports.choose(now)

    def dispatch(
        self, calls: list[PendingCall], bundle: int, *, now: datetime, then: list[PendingCall] | None = None
    ) -> HandOverResult:
        """Hands over calls of one run that wait; raises OSError or UserError, and then the rest waits again.

        `then` are the calls that will most likely go next, and at once.
        """
        way = self._transports.choose(now)
        way.prepare_calls(calls, then or [])
        handed = HandOverResult([], [])
        for some in _handfuls(calls, way.max_batch):
            names = {attempt_name(call) for call in some}
            self._unsent |= names  # should the journal fail now, they go again
            self._journal.transitions.begin_handing(some, bundle, way.via)
            self._unsent -= names
            went = way.send(assign_transport(some, way.via), now)
            self._unsent.update(attempt_name(call) for call in went.not_sent)
            handed.refused.extend(self._write(went, now))
            handed.gone.extend(went.accepted)
            if went.error is not None:
                raise went.error
        return handed

    def recover(self, *, now: datetime) -> RecoveryResult:
        """After a stop at whatever point: finds out what became of the calls that were on their way."""
        self._transports.refresh(now)
        self._handed.clear()
        self._doubtful.clear()
        on_the_way = self._journal.calls.in_transit(CallState.HANDING)
        again, handed, unknown = self._sorted(on_the_way, now)
        for calls in _by_run(handed):
            self._journal.transitions.end_handing(calls, at=now)
        self._journal.transitions.end_calls(unknown)
        for calls in _by_run(again):
            self._again(calls)
        self._remember(self._journal.calls.in_transit(CallState.HANDED), now)
        self._found = {name: ending for name, ending in self._found.items() if name in self._handed}
        # What else lies ready was made so for calls that still wait: it is made anew when they go.
        self._transports.discard_stale(self._journal.runs.tokens(), self._handed.values())
        return RecoveryResult(len(again), len(handed), len(unknown) + len(self._doubtful))

    def may_retry(self, run_id: int) -> bool:
        """Whether calls of the run that Asterisk has may come to wait for a further attempt."""
        return bool(self._rounds) and self.has_calls_of(run_id)

    def collect(self, *, now: datetime, goes_on: Callable[[int], bool] = lambda _: False) -> CollectResult:
        """Looks which calls Asterisk has finished with, and writes down how they ended.

        A call whose run `goes_on`, by its id, may be put off for a further attempt instead.
        """
        if self.outstanding:
            self._transports.refresh(now)
        endings = self._resolve(now)
        put_off: list[tuple[CallOutcome, datetime]] = []
        returned: list[PendingCall] = []
        for name, call in list(self._handed.items()):
            way = self._transports.transport_for(call)
            found = self._found.get(name) or (way.check_progress(call, now) if way else _unknown(call, now))
            if found is CallProgress.RETURNED:
                returned.append(call)
            if isinstance(found, CallProgress):
                continue
            self._found[name] = found
            again = self._rounds.delay_after(found.disposition, call.attempt)
            if again is not None and goes_on(call.run_id):
                put_off.append((found, found.at + again))
            else:
                endings.append(found)
            del self._handed[name]
            if call.via and way:
                way.discard([call])
        self._journal.transitions.schedule_retries(put_off)
        if endings:
            self._journal.transitions.end_calls(endings)
        self._found.clear()
        if endings:
            self._journal.runs.settle()
        return CollectResult(endings, returned, [ending for ending, _ in put_off])

    def requeue(self, calls: list[PendingCall]) -> None:
        """Calls of one run that came back without having been begun wait again."""
        for call in calls:
            self._handed.pop(attempt_name(call), None)
        self._journal.transitions.return_to_waiting(calls, CallState.HANDED)
        self._drop(calls)

    def withdraw_returned(self, calls: list[PendingCall], *, now: datetime) -> None:
        """Calls that came back without having been begun, and whose day is over, end as withdrawn."""
        reason = say("Asterisk was down from the hand-over until the run had ended; the call was never begun")
        self._journal.transitions.end_calls(
            [CallOutcome(call.run_id, call.position, Disposition.WITHDRAWN, now, reason) for call in calls]
        )
        for call in calls:
            self._handed.pop(attempt_name(call), None)
        self._drop(calls)

    def withdraw(self, *, now: datetime) -> tuple[int, int]:
        """Takes the calls back that Asterisk has not begun; returns how many, and how many stay."""
        endings = []
        for name, call in list(self._handed.items()):
            if call.handed_at is not None and timedelta(0) <= now - call.handed_at < _SETTLING:
                continue
            way = self._transports.transport_for(call)
            begun = way.withdraw(call) if way else None
            if begun is None:
                continue
            disposition, reason = (
                (Disposition.UNKNOWN, say("taken out of the spool at the moment when Asterisk began the call"))
                if begun
                else (Disposition.WITHDRAWN, say("taken out of the spool before Asterisk began the call"))
            )
            endings.append(CallOutcome(call.run_id, call.position, disposition, now, reason))
            del self._handed[name]
        self._journal.transitions.end_calls(endings)
        return sum(ending.disposition is Disposition.WITHDRAWN for ending in endings), self.outstanding

    def close(self) -> None:
        """Ends what works ahead; what is ready is looked through at the next start."""
        self._transports.close()

    def _write(self, went: SendResult, now: datetime) -> list[CallOutcome]:
        """Writes down what came of a hand-over; returns how the refused calls ended."""
        if went.accepted:
            self._journal.transitions.end_handing(went.accepted, at=now)
            self._remember(went.accepted, now)
        self._doubtful.update((attempt_name(call), call) for call in went.uncertain)
        refused = [
            CallOutcome(one.call.run_id, one.call.position, one.disposition, now, one.reason) for one in went.rejected
        ]
        if refused:
            self._journal.transitions.end_calls(refused)
        if went.not_sent:
            self._again(went.not_sent)
        return refused

    def _sorted(
        self, calls: Iterable[PendingCall], now: datetime
    ) -> tuple[list[PendingCall], list[PendingCall], list[CallOutcome]]:
        """Of calls that were on their way: those that go again, those that Asterisk has, those that nobody knows of."""
        again: list[PendingCall] = []
        handed: list[PendingCall] = []
        unknown: list[CallOutcome] = []
        for call in calls:
            if attempt_name(call) in self._unsent:
                again.append(call)
                continue
            way = self._transports.transport_for(call)
            trace = way.find_evidence(call, now) if way else Evidence.NONE
            if trace is Evidence.UNDECIDED:
                self._doubtful[attempt_name(call)] = call
                continue
            self._doubtful.pop(attempt_name(call), None)
            if trace is Evidence.NOT_CALLED:
                again.append(call)
            elif trace is Evidence.CALLED:
                handed.append(call)
            else:
                reason = way.unknown_reason if way else _NO_WAY
                unknown.append(CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, reason))
                if call.via and way:
                    way.discard([call])
        return again, handed, unknown

    def _resolve(self, now: datetime) -> list[CallOutcome]:
        """Looks what became of the calls in doubt; returns those of which nothing will ever be known."""
        if not self._doubtful:
            return []
        _, handed, unknown = self._sorted(list(self._doubtful.values()), now)
        for calls in _by_run(handed):
            self._journal.transitions.end_handing(calls, at=now)
        self._remember(handed, now)
        return unknown

    def _again(self, calls: list[PendingCall]) -> None:
        self._journal.transitions.return_to_waiting(calls, CallState.HANDING)
        self._unsent.difference_update(attempt_name(call) for call in calls)
        self._drop(calls)

    def _drop(self, calls: Iterable[PendingCall]) -> None:
        for call in calls:
            if way := self._transports.transport_for(call):
                way.discard([call])

    def _remember(self, calls: Iterable[PendingCall], now: datetime) -> None:
        for call in calls:
            self._handed[attempt_name(call)] = call if call.handed_at else msgspec.structs.replace(call, handed_at=now)
            if way := self._transports.transport_for(call):
                way.track([call], now)


def _unknown(call: PendingCall, now: datetime) -> CallOutcome:
    return CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, _NO_WAY)


def _handfuls(calls: list[PendingCall], size: int) -> Iterator[list[PendingCall]]:
    for place in range(0, len(calls), size):
        yield calls[place : place + size]


def _by_run(calls: Iterable[PendingCall]) -> list[list[PendingCall]]:
    runs: dict[int, list[PendingCall]] = {}
    for call in calls:
        runs.setdefault(call.run_id, []).append(call)
    return list(runs.values())
