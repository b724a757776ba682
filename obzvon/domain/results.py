"""Results of calls: every result that exists, with everything that the rest of the program asks about it. Pure.

To add a result, add a member with its traits to `Disposition`. Charts, filters, redials, retries, labels, styles,
metrics and the run page take theirs from here.
"""

import enum
from collections.abc import Mapping
from typing import Self

import msgspec

from obzvon.common.i18n import Message, say


class ResultGroup(enum.StrEnum):
    """Group of results that charts and marks tell apart. Charts stack the groups in this order, from the bottom up."""

    ANSWERED = "answered"
    MISSED = "missed"
    UNKNOWN = "unknown"
    HANDED = "handed"
    #: No call was made, or not yet; such rows are in no chart.
    NOT_CALLED = "not-called"


class ResultTone(enum.StrEnum):
    """Colour of a result's text on a terminal and on the run page."""

    GOOD = "good"
    #: The called person did not take the call.
    MISSED = "missed"
    #: The line, the number or the setup is at fault, or nobody knows what happened.
    FAULT = "fault"
    PLAIN = "plain"
    QUIET = "quiet"


#: Ranks of a result that does not state one, and of a call without a disposition yet.
DEFAULT_RANK, IN_PROGRESS_RANK = 3, 4


class ResultTraits(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the program asks about one result."""

    label: Message
    group: ResultGroup
    #: Whether the line or the number is at fault, not the called person.
    line_fault: bool = False
    #: Whether another attempt in the same run may end otherwise. Never true of a call that may have been answered.
    retryable: bool = False
    #: Whether a new run can be made of phones with this result.
    can_redial: bool = False
    #: Whether the call may still be on its way: its phone is not called by another run meanwhile.
    in_progress: bool = False
    #: Of several rows for the same phone and day the one with the highest rank counts.
    rank: int = DEFAULT_RANK

    @property
    def tone(self) -> ResultTone:
        """Return the colour of the result's text."""
        if self.line_fault:
            return ResultTone.FAULT
        return _TONES[self.group]


_TONES = {
    ResultGroup.ANSWERED: ResultTone.GOOD,
    ResultGroup.MISSED: ResultTone.MISSED,
    ResultGroup.UNKNOWN: ResultTone.FAULT,
    ResultGroup.HANDED: ResultTone.PLAIN,
    ResultGroup.NOT_CALLED: ResultTone.QUIET,
}


def _missed(label: Message, *, line_fault: bool = False, retryable: bool = False) -> ResultTraits:
    return ResultTraits(
        label=label, group=ResultGroup.MISSED, line_fault=line_fault, retryable=retryable, can_redial=True
    )


class Disposition(enum.StrEnum):
    """Result of a call that has ended, with its traits."""

    traits: ResultTraits

    def __new__(cls, value: str, *traits: ResultTraits) -> Self:
        """Make a member that equals its stored text and carries its one set of traits.

        They are variadic because type checkers judge the look-up `Disposition("busy")` by this signature too.
        """
        member = str.__new__(cls, value)
        member._value_ = value
        (member.traits,) = traits
        return member

    ANSWERED = "answered", ResultTraits(label=say("answered"), group=ResultGroup.ANSWERED, rank=5)
    BUSY = "busy", _missed(say("busy"), retryable=True)
    NO_ANSWER = "no answer", _missed(say("no answer"), retryable=True)
    #: Busy, refused or no answer: the status of a call file does not tell these apart.
    NOT_ANSWERED = "not answered", _missed(say("not answered"), retryable=True)
    CONGESTION = "congestion", _missed(say("congestion"), line_fault=True, retryable=True)
    NO_SUCH_NUMBER = "no such number", _missed(say("no such number"), line_fault=True)
    #: The other side named another destination (SIP 3xx), where nobody was called.
    MOVED = "moved", _missed(say("number moved"), line_fault=True)
    #: The network or the other side would not take the call.
    REFUSED = "refused", _missed(say("call refused"), line_fault=True)
    #: No answer from where calls leave the PBX: the person was not called.
    NO_TRUNK = "unreachable trunk", _missed(say("unreachable trunk"), line_fault=True, retryable=True)
    #: Somebody took the call and heard nothing, because Asterisk could not play the message.
    NOT_PLAYED = "not played", _missed(say("message not played"), line_fault=True)
    #: The dialplan has no route for this number: the person was not called.
    WRONG_DIALPLAN = "wrong dialplan", _missed(say("not in the dialplan"), line_fault=True)
    FAILED = "failed", _missed(say("failed"), line_fault=True)
    UNKNOWN = "unknown", ResultTraits(label=say("unknown"), group=ResultGroup.UNKNOWN, can_redial=True)
    #: Asterisk had the call and has finished with it; neither an archive nor AMI says more.
    HANDED = "handed", ResultTraits(label=say("handed over"), group=ResultGroup.HANDED, in_progress=True)
    SKIPPED = "skipped", ResultTraits(label=say("skipped"), group=ResultGroup.NOT_CALLED, rank=1)
    WITHDRAWN = (
        "withdrawn",
        ResultTraits(label=say("withdrawn"), group=ResultGroup.NOT_CALLED, can_redial=True, rank=2),
    )


#: States of calls without a disposition yet, by their stored text.
_STATES: Mapping[str, ResultTraits] = {
    "handing": ResultTraits(label=say("being handed over"), group=ResultGroup.HANDED, in_progress=True),
    "waiting": ResultTraits(label=say("waiting"), group=ResultGroup.NOT_CALLED, in_progress=True),
}

_GROUPS = list(ResultGroup)

#: Traits of every result, in the order in which pages and reports list them.
TRAITS: Mapping[str, ResultTraits] = dict(
    sorted(
        (dict(_STATES) | {one.value: one.traits for one in Disposition}).items(),
        key=lambda item: _GROUPS.index(item[1].group),
    )
)
RESULTS = tuple(TRAITS)

#: Groups that charts show: calls that were made.
CHART_GROUPS = tuple(group for group in ResultGroup if group is not ResultGroup.NOT_CALLED)
RETRYABLE = tuple(one for one in Disposition if one.traits.retryable)
#: Results of an answered call, or of one of which nobody knows more than that Asterisk took it.
TAKEN_RESULTS = tuple(
    one.value for one in Disposition if one.traits.group in (ResultGroup.ANSWERED, ResultGroup.HANDED)
)

#: Results of answered calls in addition: was the message listened to for long enough?
DELIVERED, NOT_DELIVERED = "delivered", "not delivered"
DELIVERY_RESULTS = (DELIVERED, NOT_DELIVERED)
#: Everything that rows can be filtered by: the results, and after "answered" whether the message was delivered.
FILTERS = tuple(
    name
    for result in RESULTS
    for name in ((result, *DELIVERY_RESULTS) if result == Disposition.ANSWERED else (result,))
)


def result_group(result: str) -> ResultGroup | None:
    """Return the group of a result; None for a result of another version."""
    traits = TRAITS.get(result)
    return traits.group if traits else None


def result_tone(result: str) -> ResultTone:
    """Return the colour of a result's text; plain for a result of another version."""
    traits = TRAITS.get(result)
    return traits.tone if traits else ResultTone.PLAIN


def result_rank(result: str) -> int:
    """Return the rank of a result among several rows for the same phone and day."""
    traits = TRAITS.get(result)
    return traits.rank if traits else DEFAULT_RANK


class DeliveryCounts(msgspec.Struct, frozen=True):
    """Counts of answered calls: message delivered, not delivered, and not known.

    `least` is how many seconds of the message have to be listened to.
    """

    least: float
    delivered: int = 0
    short: int = 0
    unknown: int = 0

    def __add__(self, other: "DeliveryCounts") -> "DeliveryCounts":
        return DeliveryCounts(
            self.least, self.delivered + other.delivered, self.short + other.short, self.unknown + other.unknown
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many calls have each of `DELIVERY_RESULTS`."""
        return {DELIVERED: self.delivered, NOT_DELIVERED: self.short}

    def as_dict(self) -> dict[str, float]:
        """Return the counts with the keys of the JSON interfaces."""
        return {
            "least": self.least,
            "delivered": self.delivered,
            "not_delivered": self.short,
            "not_known": self.unknown,
        }


def is_delivered(result: str, listened: float | None, least: float) -> bool | None:
    """Return whether a call with that result delivered its message.

    None if nobody answered, or if nobody knows how long they listened: only Asterisk's events say that.
    """
    if result != Disposition.ANSWERED or listened is None:
        return None
    return listened >= least
