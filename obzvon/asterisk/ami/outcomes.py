"""A call as Asterisk's events show it, and how it ended. Pure.

The legs of a call that a call file makes are called here: L1 = ``Local/NUM@ctx-…;1`` runs the message, L2 = ``…;2``
dials, T = the trunk's channel that L2 dials, perhaps through further Local channels. The order of events between legs
varies, so each value is set once and does not depend on that order.
"""

import re
from datetime import datetime, timedelta

import msgspec

from obzvon.domain.results import Disposition

_L1 = re.compile(r"Local/([^@]+)@(.+)-[0-9a-f]{8};1", re.ASCII)

# Dispositions that follow from the trunk's hangup cause (Q.850) alone.
_BY_CAUSE = {
    17: Disposition.BUSY,
    1: Disposition.NO_SUCH_NUMBER,  # unallocated
    22: Disposition.NO_SUCH_NUMBER,  # changed
    28: Disposition.NO_SUCH_NUMBER,  # incomplete
    21: Disposition.REFUSED,
}
# No user responding: a trunk that answers nothing ends with it when SIP gives up, 32 s after its INVITE.
_NO_USER = 18
_SIP_GIVES_UP = timedelta(seconds=31)


class Leg(msgspec.Struct):
    """A channel of a call. `ended` and `cause` are its Hangup's: None and 0 while it is up or if that was missed."""

    uid: str
    name: str = ""
    begun: datetime | None = None
    rang: datetime | None = None
    up: bool = False
    #: How the dialling of it ended: Asterisk's DIALSTATUS.
    status: str = ""
    #: When it first dialled another channel.
    dials: datetime | None = None
    dialled_by: str = ""
    ended: datetime | None = None
    cause: int = 0
    #: It is gone, and its Hangup was never seen.
    lost: bool = False

    @property
    def is_over(self) -> bool:
        """True if it is hung up, as far as is known."""
        return self.lost or self.ended is not None

    @property
    def is_local(self) -> bool:
        """True if it is half of a Local channel, which leads nowhere by itself."""
        return self.name.startswith("Local/")

    @property
    def creation_number(self) -> int:
        """The number of the channel, counted from the start of the PBX: a Uniqueid is time and number."""
        number = self.uid.rpartition(".")[2]
        return int(number) if number.isdecimal() else 0


class TrackedCall(msgspec.Struct):
    """All channels of one Linkedid. The first leg of a call of ours names the number and the context."""

    linkedid: str
    #: When its last event came.
    seen: datetime
    legs: dict[str, Leg] = {}
    number: str = ""
    context: str = ""
    #: The extension code; "" = none, None = unknown.
    code: str | None = None
    answered: datetime | None = None
    key: str = ""
    #: Asterisk could not play the message, as the dialplan reports.
    not_played: bool = False
    #: Until when events of it may have been missed.
    gap: datetime | None = None

    @property
    def is_ours(self) -> bool:
        """True if one of our call files made it."""
        return bool(self.context)

    @property
    def is_over(self) -> bool:
        """True if all its legs are hung up."""
        return all(leg.is_over for leg in self.legs.values())

    @property
    def first(self) -> Leg:
        """L1 of a call of ours."""
        return self.legs[self.linkedid]

    @property
    def rang(self) -> datetime | None:
        """The moment when a phone began to ring."""
        return min((leg.rang for leg in self.legs.values() if leg.rang), default=None)

    @property
    def is_answered(self) -> bool:
        """True if DialEnd towards L1 says ANSWER, or L1 is up: hangup cause 16 alone does not mean it."""
        return self.first.status == "ANSWER" or self.first.up

    @property
    def trunk(self) -> Leg | None:
        """T, the last one if several were tried. An operator that L1 dials after the answer is none."""
        tried = [leg for leg in self.legs.values() if not leg.is_local and leg.dialled_by != self.linkedid]
        return max(tried, key=lambda leg: leg.creation_number, default=None)


class AttemptOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of one attempt of one call. Moments are those at which the events arrived here.

    `number`, `context` and `code` are the call file's; an unknown `code` is None. If the end of the call was missed,
    `ended` and `listened` are None, and `disposition` is UNKNOWN unless it is certain.
    """

    linkedid: str
    number: str
    context: str
    code: str | None
    disposition: Disposition
    begun: datetime
    rang: datetime | None
    answered: datetime | None
    ended: datetime | None
    #: Seconds from the answer to the end of the message, or to the operator.
    listened: float | None
    #: Q.850, as the trunk gave it; 0 = none was given.
    cause: int
    #: The keys pressed at the question; "" = none, or there was no question.
    key: str
    #: Whether every event of it has been seen.
    complete: bool


def parse_first_leg(name: str) -> tuple[str, str] | None:
    """Return number and context of the name of a call's L1, None for any other channel."""
    found = _L1.fullmatch(name)
    return (found[1], found[2]) if found else None


def build_outcome(call: TrackedCall) -> AttemptOutcome:
    """Return the outcome of a call of ours that is over."""
    first, trunk = call.first, call.trunk
    ends = [leg.ended for leg in call.legs.values()]
    listened = None
    if call.answered and first.ended:
        until = min(first.ended, first.dials or first.ended)
        listened = max(0.0, (until - call.answered).total_seconds())
    return AttemptOutcome(
        linkedid=call.linkedid,
        number=call.number,
        context=call.context,
        code=call.code,
        disposition=determine_disposition(call),
        begun=first.begun or first.ended or call.seen,
        rang=call.rang,
        answered=call.answered,
        ended=max((end for end in ends if end), default=None) if all(ends) else None,
        listened=listened,
        cause=(trunk or first).cause,
        key=call.key,
        complete=call.gap is None,
    )


def determine_disposition(call: TrackedCall) -> Disposition:
    """Return the disposition by how T ended if there is one, else by the dial status of L1."""
    if call.is_answered:
        return Disposition.NOT_PLAYED if call.not_played else Disposition.ANSWERED
    trunk, status = call.trunk, call.first.status
    if call.gap and not _is_certain(call, trunk, call.gap):
        return Disposition.UNKNOWN
    return _by_trunk(call, trunk, status) if trunk else _without_trunk(call, status)


def _by_trunk(call: TrackedCall, trunk: Leg, status: str) -> Disposition:
    """Return the disposition of a call that dialled a trunk; `status` is the dial status of L1."""
    if by_cause := _BY_CAUSE.get(trunk.cause):
        return by_cause
    statuses = (trunk.status, status)
    if "BUSY" in statuses:
        return Disposition.BUSY
    if _is_unreachable(trunk):
        return Disposition.NO_TRUNK
    if trunk.status == "CONGESTION":
        return Disposition.CONGESTION
    if call.rang or "NOANSWER" in statuses or trunk.status == "CANCEL":
        return Disposition.NO_ANSWER
    return Disposition.CONGESTION if status == "CONGESTION" else Disposition.FAILED


def _without_trunk(call: TrackedCall, status: str) -> Disposition:
    """Return the disposition of a call that dialled nothing: no such trunk, or no such number in the dialplan."""
    if status == "BUSY":
        return Disposition.BUSY
    if status == "CONGESTION":
        return Disposition.NO_TRUNK
    return Disposition.NO_ANSWER if call.rang else Disposition.WRONG_DIALPLAN


def _is_unreachable(trunk: Leg) -> bool:
    """Return whether nothing was heard from the other side of the trunk."""
    if trunk.status == "CHANUNAVAIL":
        return True
    if trunk.cause != _NO_USER or trunk.rang or not trunk.begun or not trunk.ended:
        return False
    return trunk.ended - trunk.begun >= _SIP_GIVES_UP


def _is_certain(call: TrackedCall, trunk: Leg | None, gap: datetime) -> bool:
    """Return whether the events after a gap are enough to know how the call ended."""
    status = call.first.status
    if status == "BUSY" or (status == "NOANSWER" and call.rang):
        return True
    has_status = bool(status) or (trunk is not None and trunk.status == "CANCEL")
    return has_status and trunk is not None and trunk.ended is not None and trunk.ended > gap
