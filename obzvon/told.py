"""What Asterisk's manager events told of our calls, until somebody asks for it: pairs outcomes with calls."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Protocol

from obzvon.ami_outcomes import Outcome
from obzvon.campaign import Disposition
from obzvon.journal_records import Detail, RunCall
from obzvon.originate import channel_id, is_channel_id

_SLACK = timedelta(seconds=5)
"""The file is renamed, then the journal says so: a call may have begun that much before its hand-over was noted."""
_KEPT = timedelta(hours=6)


class Source(Protocol):
    """Who hears the events."""

    def ended(self) -> list[Outcome]:
        """The attempts that have ended since the last time it was asked."""

    def was_up_since(self, moment: datetime) -> bool:
        """Whether every event since then was heard."""

    def on_the_line(self) -> set[tuple[str, str]]:
        """Number and context of each of our calls that is up."""


class Told:
    """The outcomes of attempts whose calls have not been asked for yet."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._told: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)

    def look(self, now: datetime) -> None:
        """Takes what there is; forgets what nobody has asked for in hours: calls that are not this journal's."""
        for one in self._source.ended():
            self._told[one.number, one.context].append(one)
        for place, outcomes in list(self._told.items()):
            kept = [one for one in outcomes if now - one.begun < _KEPT]
            if kept:
                self._told[place] = kept
            else:
                del self._told[place]

    def of(self, call: RunCall, context: str) -> list[Outcome]:
        """The attempts of that call, the first first. They stay until `forget`.

        Where we have named the channel there is no doubt whose it is; else it is by number, code and time.
        """
        told = self._told.get((call.number, context), ())
        if call.via:
            named = channel_id(call.token, call.position, call.attempt)
            return [one for one in told if one.linkedid == named]
        since = (call.handed_at - _SLACK) if call.handed_at else None
        return [one for one in told if (since is None or one.begun >= since) and one.code in (None, call.code)
                and not is_channel_id(one.linkedid)]

    def forget(self, outcomes: list[Outcome]) -> None:
        """These have been written down."""
        for one in outcomes:
            place = one.number, one.context
            self._told[place] = [other for other in self._told.get(place, ()) if other is not one]
            if not self._told[place]:
                del self._told[place]

    def may_come(self, call: RunCall, context: str, gone_for: timedelta) -> bool:
        """Whether an outcome of a call whose file has gone may still be on its way."""
        if (call.number, context) in self._source.on_the_line():
            return True
        return gone_for < _SLACK and call.handed_at is not None and self._source.was_up_since(call.handed_at)


def verdict(outcomes: list[Outcome]) -> tuple[Disposition, Detail]:
    """How a call ended by its attempts: it is answered if one of them was, else it ended as the last one did."""
    best = next((one for one in outcomes if one.disposition is Disposition.ANSWERED), outcomes[-1])
    detail = Detail(rang_at=best.rang, answered_at=best.answered, listened=best.listened, cause=best.cause or None,
                    key=best.key, tries=len(outcomes))
    return best.disposition, detail
