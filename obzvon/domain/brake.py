"""The brake of a run: it holds the run while every call fails for a reason that is not the called person's. Pure.

Attempts count in the order in which they were handed over, not in that in which they end: of a hundred calls the few
that fail end first. An attempt that is still in progress therefore parts those before it from those behind it.
"""

import enum
from bisect import bisect_left
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from operator import attrgetter

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.calls import CallRecord, CallState
from obzvon.domain.results import Disposition

#: Seconds between two calls that see whether one gets through again.
PROBE_SECONDS = 60.0

#: From this many failures side by side on, few calls go before others have ended.
_CAUTION_AFTER = 3
#: A call that fails by itself does so within this time; one that lasts longer got somewhere.
_FAILS_WITHIN = timedelta(seconds=5)
#: A call file whose call was over within this time, with a status that does not say why.
_OVER_AT_ONCE = timedelta(seconds=2)

_FAULTS = frozenset(
    {
        Disposition.CONGESTION,
        Disposition.REFUSED,
        Disposition.NO_TRUNK,
        Disposition.WRONG_DIALPLAN,
        Disposition.FAILED,
        Disposition.NOT_PLAYED,
    }
)
#: Results after which a call may be made again, if it is certain that no phone rang.
UNREACHED = _FAULTS - {Disposition.NOT_PLAYED}
#: SIP gives up a trunk from which nothing at all was heard after this time (RFC 3261, timer B). Below it, the trunk may
#: have accepted the call without reporting that the phone rang.
_SILENCE_ENDS_AFTER = timedelta(seconds=32)


class Verdict(enum.StrEnum):
    """Class of an attempt by what it shows of the way to the called people."""

    #: Somebody was reached, or their line is busy.
    THROUGH = "through"
    #: Neither.
    UNCLEAR = "unclear"
    FAILED = "failed"


class RunHold(msgspec.Struct, frozen=True):
    """A run that is held: since when, after how many failures, the last result, and whether a call probes the way."""

    run: int
    since: datetime
    failures: int
    result: str
    is_probing: bool = False

    def describe(self) -> Message:
        """Return why the run is held."""
        return say(
            "run {run} is held: the last {n} calls all failed, the last one: {result}",
            run=self.run,
            n=self.failures,
            result=Disposition(self.result).traits.label,
        )


class Failure(msgspec.Struct, frozen=True):
    """A failed attempt of a call, by the call's position in the run."""

    position: int
    #: It is certain that no phone rang.
    never_rang: bool


class AttemptEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an attempt of the call at a position of the run, as far as it is known."""

    position: int
    at: datetime
    disposition: Disposition
    has_rung: bool = False
    has_answered: bool = False
    #: How many attempts of Asterisk's its events show; None if some may have been missed.
    tries: int | None = None
    #: Asterisk did not take the order at all.
    was_refused: bool = False


def judge_attempt(ended: AttemptEnd, begun: datetime) -> Verdict | None:
    """Return what an attempt that was handed over at `begun` says, None if nothing."""
    disposition, lasted = ended.disposition, ended.at - begun
    if disposition is Disposition.NOT_PLAYED:
        return Verdict.FAILED
    if ended.has_rung or ended.has_answered or disposition in (Disposition.ANSWERED, Disposition.BUSY):
        return Verdict.THROUGH
    if disposition in _FAULTS:
        return Verdict.FAILED
    if disposition is Disposition.NO_ANSWER:  # some carriers do not report the ringing
        return Verdict.UNCLEAR
    return _judge_by_time(lasted) if disposition in (Disposition.NOT_ANSWERED, Disposition.HANDED) else None


def _judge_by_time(lasted: timedelta) -> Verdict | None:
    if lasted < timedelta():  # the clock was set back meanwhile
        return None
    if lasted < _OVER_AT_ONCE:
        return Verdict.FAILED
    return Verdict.THROUGH if lasted >= _FAILS_WITHIN else Verdict.UNCLEAR


def never_rang(ended: AttemptEnd, begun: datetime) -> bool:
    """Return whether it is certain that no phone rang for an attempt that was handed over at `begun`."""
    if ended.disposition not in UNREACHED or ended.has_rung or ended.has_answered:
        return False
    if ended.was_refused:
        return True
    if ended.tries != 1:
        return False
    lasted = ended.at - begun
    if ended.disposition is Disposition.NO_TRUNK and lasted >= _SILENCE_ENDS_AFTER:
        return True
    return ended.disposition is Disposition.WRONG_DIALPLAN or timedelta() <= lasted < _FAILS_WITHIN


class _Attempt(msgspec.Struct):
    #: Counts the attempts of the run: those in the list follow each other by it.
    number: int
    position: int
    begun: datetime
    verdict: Verdict | None = None
    never_rang: bool = False
    #: The call failed before, and since then somebody was reached: the fault is this number's own.
    is_own_fault: bool = False


class Brake:
    """Holds after `limit` failures side by side with nobody reached behind them; 0 = never."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._begun = 0
        #: Attempts since somebody was reached, in the order in which they were handed over.
        self._attempts: list[_Attempt] = []
        #: Those in progress, by the position of the call.
        self._in_progress: dict[int, _Attempt] = {}
        #: Where the most failures lie side by side, and how many; None = not known any more.
        self._longest: tuple[int, int] | None = (0, 0)
        # Calls that failed before somebody was reached.
        self._failed_before: set[int] = set()
        self._result = ""
        #: Since when no calls may go but a probe now and then; None if they may.
        self.held_since: datetime | None = None

    @property
    def is_held(self) -> bool:
        """True if no calls may go but a probe now and then."""
        return self.held_since is not None

    @property
    def is_probing(self) -> bool:
        """True if the run is held and a call is in progress."""
        return self.is_held and bool(self._in_progress)

    @property
    def failures(self) -> int:
        """The failures for which the run is held, with those since then."""
        return sum(one.verdict is Verdict.FAILED for one in self._attempts) if self.is_held else 0

    @property
    def last_result(self) -> str:
        """The result of the last failure."""
        return self._result

    def begin(self, position: int, at: datetime) -> None:
        """Count an attempt that was handed over."""
        if self._limit:
            if position in self._in_progress:  # it came back without having been begun
                self._keep(one for one in self._attempts if one.verdict is not None or one.position != position)
            self._begun += 1
            attempt = _Attempt(self._begun, position, at)
            self._attempts.append(attempt)
            self._in_progress[position] = attempt

    def end(self, ended: AttemptEnd) -> None:
        """Count the end of an attempt. One that was handed over before somebody was reached says nothing any more."""
        attempt = self._in_progress.pop(ended.position, None)
        if attempt is None:
            return
        verdict = judge_attempt(ended, attempt.begun)
        index = bisect_left(self._attempts, attempt.number, key=attrgetter("number"))
        if verdict is Verdict.THROUGH:
            self._forget_up_to(index, ended.at)
        elif verdict is Verdict.FAILED:
            self._fail(index, ended)
        elif verdict is Verdict.UNCLEAR and not self.is_held:
            self._cut(index + 1)
        else:
            del self._attempts[index]
            self._longest = None

    def release(self) -> None:
        """Count from the beginning: an operator says that calls can go on."""
        self._keep(self._in_progress.values())
        self.held_since = None

    def failed(self) -> list[Failure]:
        """Return the failed attempts since somebody was reached."""
        return [Failure(one.position, one.never_rang) for one in self._attempts if one.verdict is Verdict.FAILED]

    def note_called_again(self) -> None:
        """Note that the failed attempts so far have been dealt with: `never_rang` is true of later ones only."""
        for one in self._attempts:
            one.never_rang = False

    def forget_lost(self, in_progress: Collection[int]) -> None:
        """Forget attempts that are no longer in progress and whose end is not counted: their calls came back."""
        self._keep(one for one in self._attempts if one.verdict is not None or one.position in in_progress)

    def could_hold(self, now: datetime) -> bool:
        """Return whether the calls in progress may still make the run held, or be taken back because it is.

        Those that fail do so soon, so that only the last seconds matter while none has.
        """
        begun = [one.begun for one in self._in_progress.values()]
        if not begun or self.is_held:
            return bool(begun)
        has_failures = len(self._attempts) > len(begun)
        is_fresh = timedelta() <= now - max(begun) < _FAILS_WITHIN
        return (has_failures or is_fresh) and len(self._attempts) >= self._limit > 0

    def room(self, now: datetime) -> int | None:
        """Return how many more calls may go before others have ended; None = as many as there is room for.

        After a few failures side by side only few go, so that few are used up if all of them fail.
        """
        if self.is_held:
            return 1
        start, length = self._longest_block()
        if length < _CAUTION_AFTER:
            return None
        behind = self._attempts[start + length :]
        if any(one.verdict is None and now - one.begun >= _FAILS_WITHIN for one in behind):
            return None
        used = sum(not one.is_own_fault for one in behind)
        return max(0, self._limit + self._limit // 2 - length - used)

    def _fail(self, index: int, ended: AttemptEnd) -> None:
        attempt = self._attempts[index]
        attempt.never_rang = never_rang(ended, attempt.begun)
        attempt.verdict, self._result = Verdict.FAILED, ended.disposition.value
        attempt.is_own_fault = attempt.position in self._failed_before
        if self._longest is not None:
            first, length = self._block_at(index)
            if (length, -first) > (self._longest[1], -self._longest[0]):
                self._longest = (first, length)
        self._hold_if_due(ended.at)

    def _forget_up_to(self, index: int, at: datetime) -> None:
        """Forget an attempt that got through and all before it. The run is held no more, unless others fail since."""
        gone = self._cut(index + 1)
        self._failed_before.update(one.position for one in gone if one.verdict is Verdict.FAILED)
        since, self.held_since = self.held_since or at, None
        self._hold_if_due(since)

    def _hold_if_due(self, at: datetime) -> None:
        if self.held_since is None and 0 < self._limit <= self._longest_block()[1]:
            self.held_since = at

    def _cut(self, count: int) -> list[_Attempt]:
        """Forget the first attempts, and return them."""
        gone, self._attempts = self._attempts[:count], self._attempts[count:]
        for one in gone:
            if one.verdict is None:
                self._in_progress.pop(one.position, None)
        if self._longest is not None and self._longest[1]:
            self._longest = (self._longest[0] - count, self._longest[1]) if self._longest[0] >= count else None
        return gone

    def _keep(self, attempts: Iterable[_Attempt]) -> None:
        self._attempts = list(attempts)
        self._in_progress = {one.position: one for one in self._attempts if one.verdict is None}
        self._longest = None

    def _longest_block(self) -> tuple[int, int]:
        """Return where the most failures lie side by side, and how many."""
        if self._longest is None:
            self._longest = _find_longest_block(self._attempts)
        return self._longest

    def _block_at(self, index: int) -> tuple[int, int]:
        """Return where the failures side by side begin that include this one, and how many they are."""
        attempts = self._attempts
        first = last = index
        while first > 0 and attempts[first - 1].verdict is Verdict.FAILED:
            first -= 1
        while last + 1 < len(attempts) and attempts[last + 1].verdict is Verdict.FAILED:
            last += 1
        own = [place for place in range(first, last + 1) if not attempts[place].is_own_fault]
        return (own[0], len(own)) if own else (0, 0)


def _find_longest_block(attempts: Iterable[_Attempt]) -> tuple[int, int]:
    best = at = length = first = 0
    for index, one in enumerate(attempts):
        if one.verdict is not Verdict.FAILED:
            length = 0
        elif not one.is_own_fault:
            if not length:
                at = index
            length += 1
            if length > best:
                best, first = length, at
    return first, best


def replay(limit: int, records: Iterable[CallRecord], released: datetime | None = None) -> Brake:
    """Return the brake of a run by its calls; `released`: when an operator last let it go on.

    Of a call with several attempts only the last is known.
    """
    brake = Brake(limit)
    moments = ((moment, record) for record in records if (moment := record.handed_at or record.ended_at) is not None)
    for moment, record in sorted(moments, key=lambda pair: (pair[0], pair[1].position)):
        if released is not None and moment <= released:
            continue
        brake.begin(record.position, moment)
        if record.state in (CallState.ENDED, CallState.WAITING) and record.disposition and record.ended_at:
            brake.end(_end_of(record, Disposition(record.disposition), record.ended_at))
    return brake


def _end_of(record: CallRecord, disposition: Disposition, at: datetime) -> AttemptEnd:
    return AttemptEnd(
        position=record.position,
        at=at,
        disposition=disposition,
        has_rung=record.rang_at is not None,
        has_answered=record.answered_at is not None,
        tries=record.tries,
        was_refused=record.via is not None and record.handed_at is None,
    )
