"""What Asterisk's manager events told of our calls, until somebody asks for it: pairs outcomes with calls.

Events say number, context and, where there is one, code, and no more: another campaign that calls through the same
contexts may ring the same number at the same moment. Whose call was whose is then seen by when it ended.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Protocol

from obzvon.asterisk.ami.originate import channel_id, is_channel_id
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.domain.calls import EventDetail, PendingCall
from obzvon.domain.results import Disposition

_SLACK = timedelta(seconds=5)
"""The file is renamed, then the journal says so: a call may have begun that much before its hand-over was noted."""
_KEPT = timedelta(hours=6)
_NEAR = timedelta(seconds=2)
"""The file leaves the spool when its call ends, and a busy machine is that much behind."""

Gone = tuple[datetime, datetime]
"""When a call's file was in the spool for the last time, as far as it was looked, and when it was not any more."""


class OutcomeSource(Protocol):
    """Who hears the events."""

    def take_outcomes(self) -> list[AttemptOutcome]:
        """The attempts that have ended since the last time it was asked."""

    def has_outcomes(self) -> bool:
        """Whether there are such."""

    def has_listened_since(self, moment: datetime) -> bool:
        """Whether every event since then was heard."""

    def call_starts(self) -> dict[tuple[str, str, str | None], datetime]:
        """Of our calls that have not been told of: number, context, code (None = unknown), and the last begin."""


class OutcomeMatcher:
    """The outcomes of attempts whose calls have not been asked for yet."""

    def __init__(self, source: OutcomeSource) -> None:
        self._source = source
        self._told: defaultdict[tuple[str, str], list[AttemptOutcome]] = defaultdict(list)
        self._lasting: dict[tuple[str, str, str | None], datetime] = {}

    @property
    def has_new_outcomes(self) -> bool:
        """Whether there is something to take."""
        return self._source.has_outcomes()

    def refresh(self, now: datetime) -> None:
        """Takes what there is; forgets what nobody has asked for in hours: calls that are not this journal's."""
        self._lasting = self._source.call_starts()  # first: who ends now is then in both
        for one in self._source.take_outcomes():
            self._told[one.number, one.context].append(one)
        for place, outcomes in list(self._told.items()):
            kept = [one for one in outcomes if now - one.begun < _KEPT]
            if kept:
                self._told[place] = kept
            else:
                del self._told[place]

    def outcomes_for(self, call: PendingCall, context: str) -> list[AttemptOutcome]:
        """The attempts of that call, the first first. They stay until `forget`.

        Where we have named the channel there is no doubt whose it is; else it is by number, code and time.
        """
        told = self._told.get((call.number, context), ())
        if call.via:
            named = channel_id(call.token, call.position, call.attempt)
            return [one for one in told if one.linkedid == named]
        return [
            one
            for one in told
            if one.begun >= _since(call, one.begun)
            and one.code in (None, call.code)
            and not is_channel_id(one.linkedid)
        ]

    def forget(self, outcomes: list[AttemptOutcome]) -> None:
        """These have been written down."""
        for one in outcomes:
            place = one.number, one.context
            self._told[place] = [other for other in self._told.get(place, ()) if other is not one]
            if not self._told[place]:
                del self._told[place]

    def is_in_progress(self, call: PendingCall, context: str) -> bool:
        """Whether a call that may be this one is up, or its end about to be told."""
        begun = [self._lasting.get((call.number, context, code)) for code in (call.code, None)]
        return any(at and at >= _since(call, at) for at in begun)

    def is_outcome_pending(self, call: PendingCall, context: str, gone_for: timedelta) -> bool:
        """Whether an outcome of a call whose file has gone may still be on its way."""
        if self.is_in_progress(call, context):
            return True
        return gone_for < _SLACK and call.handed_at is not None and self._source.has_listened_since(call.handed_at)


def _since(call: PendingCall, otherwise: datetime) -> datetime:
    """What began before is another call."""
    return call.handed_at - _SLACK if call.handed_at else otherwise


def narrow_to_call(
    outcomes: list[AttemptOutcome], call: PendingCall, attempts: int, gone: Gone
) -> list[AttemptOutcome]:
    """Of outcomes more than the call has had attempts those that have its code, and ended when its file went."""
    if len(outcomes) > attempts:
        outcomes = [one for one in outcomes if one.code == call.code] or outcomes
    if len(outcomes) > attempts:
        present, missing = gone
        outcomes = [
            one for one in outcomes if one.ended and present - _NEAR <= one.ended <= missing + _NEAR
        ] or outcomes
    return outcomes


def final_disposition(outcomes: list[AttemptOutcome], attempts: int) -> tuple[Disposition, EventDetail]:
    """How a call ended by its attempts: it is answered if one of them was, else it ended as the last one did.

    Where there are more outcomes than attempts, and not all alike, nobody knows.
    """
    if len(outcomes) > attempts:
        how = {one.disposition for one in outcomes}
        return (how.pop() if len(how) == 1 else Disposition.UNKNOWN), EventDetail()
    best = next((one for one in outcomes if one.disposition is Disposition.ANSWERED), outcomes[-1])
    detail = EventDetail(
        rang_at=best.rang,
        answered_at=best.answered,
        listened=best.listened,
        cause=best.cause or None,
        key=best.key,
        tries=len(outcomes),
    )
    return best.disposition, detail
