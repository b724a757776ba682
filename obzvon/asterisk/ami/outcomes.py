"""One call as Asterisk's events have told it, and how it ended. Pure.

The legs of a call that a call file makes, in the names used here: L1 = ``Local/NUM@ctx-…;1`` runs the
message, L2 = ``…;2`` dials, T = the trunk's channel that L2 dials, perhaps through further Local channels. Everything
here is set once and holds whatever order the legs' events come in, for that order varies.
"""

import re
from datetime import datetime, timedelta

import msgspec

from obzvon.domain.results import Disposition

_L1 = re.compile(r"Local/([^@]+)@(.+)-[0-9a-f]{8};1", re.ASCII)

_BY_CAUSE = {
    17: Disposition.BUSY,
    1: Disposition.NO_SUCH_NUMBER,  # unallocated
    22: Disposition.NO_SUCH_NUMBER,  # changed
    28: Disposition.NO_SUCH_NUMBER,  # incomplete
    21: Disposition.REFUSED,
}
"""What the trunk's hangup cause (Q.850) says by itself."""
_NO_USER = 18
"""No user responding: what a trunk that answers nothing ends with when SIP gives up, 32 s after its INVITE."""
_SIP_GIVES_UP = timedelta(seconds=31)


class Leg(msgspec.Struct):
    """One channel of a call; `ended` and `cause` are of its Hangup, None and 0 while it is up or if that was missed."""

    uid: str
    name: str = ""
    begun: datetime | None = None
    rang: datetime | None = None
    up: bool = False
    status: str = ""
    """How the dialling of it ended: Asterisk's DIALSTATUS."""
    dials: datetime | None = None
    """When it first dialled another one."""
    dialled_by: str = ""
    ended: datetime | None = None
    cause: int = 0
    lost: bool = False
    """It is gone, and its Hangup was never seen."""

    @property
    def is_over(self) -> bool:
        """Whether it is hung up, as far as is known."""
        return self.lost or self.ended is not None

    @property
    def is_local(self) -> bool:
        """Whether it is half of a Local channel, which leads nowhere by itself."""
        return self.name.startswith("Local/")

    @property
    def creation_number(self) -> int:
        """Which of the PBX's channels it is, counted from its start: Uniqueid is time and number."""
        number = self.uid.rpartition(".")[2]
        return int(number) if number.isdecimal() else 0


class TrackedCall(msgspec.Struct):
    """All channels of one Linkedid; ours has a first leg that says which number was called in which context."""

    linkedid: str
    seen: datetime
    """When its last event came."""
    legs: dict[str, Leg] = {}
    number: str = ""
    context: str = ""
    code: str | None = None
    """The extension code, "" = none; None = it is not known."""
    answered: datetime | None = None
    key: str = ""
    gap: datetime | None = None
    """Until when events of it may have been missed."""

    @property
    def is_ours(self) -> bool:
        """Whether one of our call files made it."""
        return bool(self.context)

    @property
    def is_over(self) -> bool:
        """Whether all its legs are hung up."""
        return all(leg.is_over for leg in self.legs.values())

    @property
    def first(self) -> Leg:
        """L1 of a call of ours."""
        return self.legs[self.linkedid]

    @property
    def rang(self) -> datetime | None:
        """When a phone began to ring."""
        return min((leg.rang for leg in self.legs.values() if leg.rang), default=None)

    @property
    def is_answered(self) -> bool:
        """DialEnd ANSWER towards L1 says so, or L1's state: hangup cause 16 alone does not."""
        return self.first.status == "ANSWER" or self.first.up

    @property
    def trunk(self) -> Leg | None:
        """T, the last one where several were tried; not what an answered call's L1 dials, as an operator."""
        tried = [leg for leg in self.legs.values() if not leg.is_local and leg.dialled_by != self.linkedid]
        return max(tried, key=lambda leg: leg.creation_number, default=None)


class AttemptOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt of one call ended; moments are those of the events' arrival here.

    `number`, `context` and `code` are what the call file said; `code` is None where that could not be learnt. Of a
    call whose end was missed `ended` and `listened` are None, and `disposition` is UNKNOWN unless it was certain.
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
    listened: float | None
    """Seconds from the answer to the end of the message, or to the operator."""
    cause: int
    """Q.850, as the trunk gave it; 0 = none was given."""
    key: str
    """What was pressed when the question was asked; "" = nothing, or there was no question."""
    complete: bool
    """Whether every event of it has been seen."""


def parse_first_leg(name: str) -> tuple[str, str] | None:
    """Number and context in the name of a call's L1; None of any other channel."""
    found = _L1.fullmatch(name)
    return (found[1], found[2]) if found else None


def build_outcome(call: TrackedCall) -> AttemptOutcome:
    """What a call of ours that is over has come to."""
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
    """By what happened to T where there is one, else by what was said towards L1."""
    if call.is_answered:
        return Disposition.ANSWERED
    trunk, status = call.trunk, call.first.status
    if call.gap and not _is_certain(call, trunk, call.gap):
        return Disposition.UNKNOWN
    return _by_trunk(call, trunk, status) if trunk else _without_trunk(call, status)


def _by_trunk(call: TrackedCall, trunk: Leg, status: str) -> Disposition:
    """Something was dialled; `status` is what was said towards L1."""
    if told := _BY_CAUSE.get(trunk.cause):
        return told
    said = (trunk.status, status)
    if "BUSY" in said:
        return Disposition.BUSY
    if _is_unreachable(trunk):
        return Disposition.NO_TRUNK
    if trunk.status == "CONGESTION":
        return Disposition.CONGESTION
    if call.rang or "NOANSWER" in said or trunk.status == "CANCEL":
        return Disposition.NO_ANSWER
    return Disposition.CONGESTION if status == "CONGESTION" else Disposition.FAILED


def _without_trunk(call: TrackedCall, status: str) -> Disposition:
    """Nothing was dialled: the trunk cannot be, or the dialplan has no such number."""
    if status == "BUSY":
        return Disposition.BUSY
    if status == "CONGESTION":
        return Disposition.NO_TRUNK
    return Disposition.NO_ANSWER if call.rang else Disposition.WRONG_DIALPLAN


def _is_unreachable(trunk: Leg) -> bool:
    """Nothing was heard from the other side of the trunk."""
    if trunk.status == "CHANUNAVAIL":
        return True
    if trunk.cause != _NO_USER or trunk.rang or not trunk.begun or not trunk.ended:
        return False
    return trunk.ended - trunk.begun >= _SIP_GIVES_UP


def _is_certain(call: TrackedCall, trunk: Leg | None, gap: datetime) -> bool:
    """Whether what came after a gap tells how the call ended, whatever was missed in it."""
    status = call.first.status
    if status == "BUSY" or (status == "NOANSWER" and call.rang):
        return True
    is_told = bool(status) or (trunk is not None and trunk.status == "CANCEL")
    return is_told and trunk is not None and trunk.ended is not None and trunk.ended > gap
