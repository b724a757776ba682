"""Matches the outcomes that Asterisk's manager events show with our calls.

Events carry number, context and, where there is one, extension code, and nothing else that names a call file: another
campaign that calls through the same contexts may call the same number at the same moment. Then the moment when each
call ended decides.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from obzvon.asterisk.ami.originate import channel_id, is_channel_id
from obzvon.asterisk.ami.outcomes import AttemptOutcome, HeardSpan
from obzvon.domain.calls import CallOutcome, EventDetail, PendingCall
from obzvon.domain.results import Disposition

# The file is renamed before the journal says so: a call may begin this long before its hand-over was noted.
_HAND_OVER_LAG = timedelta(seconds=5)
# Asterisk makes a call within milliseconds; a call without any event after this time was not made.
_MADE_WITHIN = timedelta(seconds=10)
# A file is gone after the last event of its call was sent; that event is heard at most this much later.
_EVENT_LAG = timedelta(seconds=1)
# Outcomes that nobody has asked for in this time belong to other journals.
_KEPT = timedelta(hours=6)
# The file leaves the spool when its call ends; a busy machine is this much behind.
_DEPARTURE_LAG = timedelta(seconds=2)


class Departure(NamedTuple):
    """The moments when a call's file was last seen in the spool and first missed there."""

    last_seen: datetime
    first_missed: datetime


class OutcomeSource(Protocol):
    """A listener to Asterisk's events."""

    def take_outcomes(self) -> list[AttemptOutcome]:
        """Return the attempts that have ended since the last call of this."""

    def has_outcomes(self) -> bool:
        """Return whether there are such attempts."""

    def has_listened_since(self, moment: datetime) -> bool:
        """Return whether every event since then was heard."""

    def heard_before_loss(self) -> HeardSpan | None:
        """Return what the last connection that was lost had shown until then; None if none was."""

    def call_starts(self) -> dict[tuple[str, str, str | None], datetime]:
        """Return when the last call of each number, context and code (None = unknown) began.

        Only our calls that are up, or whose outcome is not ready yet.
        """


class OutcomeMatcher:
    """The outcomes of attempts that are not matched with a call yet."""

    def __init__(self, source: OutcomeSource) -> None:
        self._source = source
        # By number and context.
        self._outcomes: defaultdict[tuple[str, str], list[AttemptOutcome]] = defaultdict(list)
        self._call_starts: dict[tuple[str, str, str | None], datetime] = {}
        # When the last call of each number and context that the events show began.
        self._last_begun: dict[tuple[str, str], datetime] = {}

    @property
    def has_new_outcomes(self) -> bool:
        """True if outcomes have come in since the last `refresh`."""
        return self._source.has_outcomes()

    def refresh(self, now: datetime) -> None:
        """Take in new outcomes; forget those that nobody has asked for in hours: they are not this journal's."""
        self._call_starts = self._source.call_starts()  # first: a call that ends between the two is in both
        for outcome in self._source.take_outcomes():
            self._outcomes[outcome.number, outcome.context].append(outcome)
            self._note_begun(outcome.number, outcome.context, outcome.begun)
        for (number, context, _), begun in self._call_starts.items():
            self._note_begun(number, context, begun)
        self._last_begun = {key: begun for key, begun in self._last_begun.items() if now - begun < _KEPT}
        for key, outcomes in list(self._outcomes.items()):
            recent = [outcome for outcome in outcomes if now - outcome.begun < _KEPT]
            if recent:
                self._outcomes[key] = recent
            else:
                del self._outcomes[key]

    def outcomes_for(self, call: PendingCall, context: str) -> list[AttemptOutcome]:
        """Return the attempts of a call, the first one first. They stay until `forget`.

        A call whose channel we have named is found by that name, any other by number, code and time.
        """
        outcomes = self._outcomes.get((call.number, context), ())
        if call.via:
            named = channel_id(call.token, call.position, call.attempt)
            return [outcome for outcome in outcomes if outcome.linkedid == named]
        return [
            outcome
            for outcome in outcomes
            if outcome.begun >= _earliest_start(call, outcome.begun)
            and outcome.code in (None, call.code)
            and not is_channel_id(outcome.linkedid)
        ]

    def forget(self, outcomes: list[AttemptOutcome]) -> None:
        """Drop outcomes that have been written down."""
        for written in outcomes:
            key = written.number, written.context
            self._outcomes[key] = [outcome for outcome in self._outcomes.get(key, ()) if outcome is not written]
            if not self._outcomes[key]:
                del self._outcomes[key]

    def last_call(self, contexts: Collection[str]) -> datetime | None:
        """Return when the last call began that the events show in these contexts; None if there was none."""
        return max((begun for (_, context), begun in self._last_begun.items() if context in contexts), default=None)

    def shows_no_call(self, call: PendingCall, context: str) -> bool:
        """Return whether every event since the hand-over was heard and no call of that number was among them.

        It is known that events of such calls are heard at all: there were some since the connection was made.
        """
        needed = self._needed_since(call, context)
        return needed is not None and self._source.has_listened_since(needed)

    def was_not_made(self, call: PendingCall, context: str, gone_since: datetime, now: datetime) -> bool:
        """Return whether Asterisk has certainly taken the file of a call without making the call.

        A connection that is lost has shown it if there was a message after the file had gone.
        """
        if (needed := self._needed_since(call, context)) is None:
            return False
        if now - gone_since >= _MADE_WITHIN and self._source.has_listened_since(needed):
            return True
        heard = self._source.heard_before_loss()
        if heard is None or not heard.since <= needed <= gone_since + _EVENT_LAG <= heard.until:
            return False
        starts = [heard.begun.get((call.number, context, code)) for code in (call.code, None)]
        return not any(start and start >= _earliest_start(call, start) for start in starts)

    def is_in_progress(self, call: PendingCall, context: str) -> bool:
        """Return whether a call that may be this one is up, or its outcome not ready yet."""
        starts = [self._call_starts.get((call.number, context, code)) for code in (call.code, None)]
        return any(start and start >= _earliest_start(call, start) for start in starts)

    def is_outcome_pending(self, call: PendingCall, context: str, gone_for: timedelta) -> bool:
        """Return whether an outcome of a call may still come after its file has left the spool."""
        if self.is_in_progress(call, context) or (gone_for < _MADE_WITHIN and self.shows_no_call(call, context)):
            return True
        return (
            gone_for < _HAND_OVER_LAG and call.handed_at is not None and self._source.has_listened_since(call.handed_at)
        )

    def _needed_since(self, call: PendingCall, context: str) -> datetime | None:
        """Return since when every event must have been heard if none of a call shall mean that it was not made.

        None if such a call has been heard of, or no call of that context ever.
        """
        if call.handed_at is None:
            return None
        earliest = call.handed_at - _HAND_OVER_LAG
        begun, last = self._last_begun.get((call.number, context)), self.last_call((context,))
        if last is None or (begun is not None and begun >= earliest):
            return None
        return min(last, earliest)

    def _note_begun(self, number: str, context: str, begun: datetime) -> None:
        before = self._last_begun.get((number, context))
        self._last_begun[number, context] = begun if before is None else max(before, begun)


def _earliest_start(call: PendingCall, default: datetime) -> datetime:
    """Return the moment before which a call that began is another one."""
    return call.handed_at - _HAND_OVER_LAG if call.handed_at else default


def narrow_to_call(
    outcomes: list[AttemptOutcome], call: PendingCall, attempts: int, departure: Departure
) -> list[AttemptOutcome]:
    """Narrow ambiguous outcomes to this call: by extension code, then by when its file left the spool."""
    if len(outcomes) > attempts:
        outcomes = [outcome for outcome in outcomes if outcome.code == call.code] or outcomes
    if len(outcomes) > attempts:
        earliest, latest = departure.last_seen - _DEPARTURE_LAG, departure.first_missed + _DEPARTURE_LAG
        outcomes = [
            outcome for outcome in outcomes if outcome.ended and earliest <= outcome.ended <= latest
        ] or outcomes
    return outcomes


def final_disposition(outcomes: list[AttemptOutcome], attempts: int) -> tuple[Disposition, EventDetail]:
    """Return how a call ended by its attempts: answered if one of them was, else as the last one ended.

    More outcomes than attempts that do not all agree are unknown.
    """
    if len(outcomes) > attempts:
        dispositions = {outcome.disposition for outcome in outcomes}
        return (dispositions.pop() if len(dispositions) == 1 else Disposition.UNKNOWN), EventDetail()
    best = next((outcome for outcome in outcomes if outcome.disposition is Disposition.ANSWERED), outcomes[-1])
    detail = EventDetail(
        rang_at=best.rang,
        answered_at=best.answered,
        listened=best.listened,
        cause=best.cause or None,
        key=best.key,
        tries=len(outcomes) if all(outcome.complete for outcome in outcomes) else None,
    )
    return best.disposition, detail


def outcome_by_events(
    call: PendingCall, outcomes: list[AttemptOutcome], attempts: int, now: datetime
) -> CallOutcome | None:
    """Return the outcome of a call by those of its attempts; None if they do not show it."""
    if not outcomes:
        return None
    disposition, detail = final_disposition(outcomes, attempts)
    if disposition is Disposition.UNKNOWN:
        return None
    return CallOutcome(call.run_id, call.position, disposition, outcomes[-1].ended or now, detail=detail)
