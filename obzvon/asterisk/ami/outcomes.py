"""A call as Asterisk's events show it, and how it ended. Pure.

The legs of a call that a call file makes are called here: L1 = ``Local/NUM@ctx-…;1`` runs the message, L2 = ``…;2``
dials, T = the trunk's channel that L2 dials, perhaps through further Local channels. The order of events between legs
varies, so each value is set once and does not depend on that order.
"""

import re
from datetime import datetime, timedelta

import msgspec

from obzvon.asterisk.ami.hangup_codes import (
    NO_ROUTE,
    NO_USER,
    UNANSWERED_CAUSES,
    disposition_by_code,
    disposition_of_fault,
)
from obzvon.domain.results import Disposition

_L1 = re.compile(r"Local/([^@]+)@(.+)-[0-9a-f]{8};1", re.ASCII)

# A trunk that answers nothing ends with NO_USER when SIP gives up, 32 s after its INVITE.
_SIP_GIVES_UP = timedelta(seconds=31)
# A trunk that answers at all says that it rings, or something, within this time.
_SPEAKS_WITHIN = timedelta(seconds=5)


class Leg(msgspec.Struct):
    """A channel of a call. `ended`, `cause` and `sip_code` are its Hangup's: None and 0 while it is up or if unseen."""

    uid: str
    name: str = ""
    begun: datetime | None = None
    rang: datetime | None = None
    #: Something was heard from the other side while it was dialled.
    spoke: bool = False
    up: bool = False
    #: How the dialling of it ended: Asterisk's DIALSTATUS.
    status: str = ""
    #: When it first dialled another channel.
    dials: datetime | None = None
    dialled_by: str = ""
    ended: datetime | None = None
    cause: int = 0
    #: The final SIP code; 0 = Asterisk does not report it, or it is no SIP channel.
    sip_code: int = 0
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
    def is_sip(self) -> bool:
        """True if it is a channel of a SIP trunk."""
        return self.name.startswith(("PJSIP/", "SIP/"))

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
    #: Asterisk hung up channels of it because it stops.
    stopped: bool = False
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


class HeardSpan(msgspec.Struct, frozen=True):
    """A time in which every event was heard, up to the last message of a connection that is lost."""

    since: datetime
    until: datetime
    #: Start times of the calls that had not ended yet, by number, context and code (None = unknown).
    begun: dict[tuple[str, str, str | None], datetime]


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
    if call.stopped and not _is_refused(trunk):
        return Disposition.NO_ANSWER
    return _by_trunk(call, trunk, status) if trunk else _without_trunk(call, status)


def _is_refused(trunk: Leg | None) -> bool:
    """Return whether the other side refused the call. Whatever else a stopping Asterisk reports comes of its stop."""
    if trunk is None:
        return False
    return bool(disposition_by_code(trunk.sip_code, trunk.cause)) or trunk.status in ("BUSY", "CONGESTION")


def _by_trunk(call: TrackedCall, trunk: Leg, status: str) -> Disposition:
    """Return the disposition of a call that dialled a trunk; `status` is the dial status of L1."""
    if by_code := disposition_by_code(trunk.sip_code, trunk.cause):
        return by_code
    if "BUSY" in (trunk.status, status):
        return Disposition.BUSY
    if _is_unreachable(call, trunk):
        return Disposition.NO_TRUNK
    if trunk.status == "CONGESTION":
        return Disposition.MOVED if _is_forwarded(call, trunk) else Disposition.CONGESTION
    if call.rang or trunk.status == "CANCEL":
        return Disposition.NO_ANSWER
    return _by_cause(trunk, status)


def _by_cause(trunk: Leg, status: str) -> Disposition:
    """Return the disposition of a call for which no phone rang."""
    if "NOANSWER" in (trunk.status, status) and trunk.cause in UNANSWERED_CAUSES:
        return Disposition.NO_ANSWER
    if not trunk.cause and status == "CONGESTION":
        return Disposition.CONGESTION
    return disposition_of_fault(trunk.cause)


def _without_trunk(call: TrackedCall, status: str) -> Disposition:
    """Return the disposition of a call that dialled nothing: no such trunk, or no such number in the dialplan."""
    if status == "BUSY":
        return Disposition.BUSY
    if status == "CONGESTION":
        return Disposition.NO_TRUNK
    return Disposition.NO_ANSWER if call.rang else Disposition.WRONG_DIALPLAN


def _is_unreachable(call: TrackedCall, trunk: Leg) -> bool:
    """Return whether nothing was heard from the other side of the trunk."""
    if trunk.status == "CHANUNAVAIL":
        return not (trunk.is_sip and trunk.cause == NO_ROUTE)
    if call.rang or any(leg.spoke for leg in call.legs.values()) or not trunk.begun or not trunk.ended:
        return False
    lasted = trunk.ended - trunk.begun
    if trunk.cause == NO_USER:
        return lasted >= _SIP_GIVES_UP
    # Given up before SIP does. Later than that even a trunk without ringing has said something.
    is_given_up = trunk.status == "CANCEL" or (trunk.status == "NOANSWER" and not trunk.cause)
    return trunk.is_sip and is_given_up and _SPEAKS_WITHIN <= lasted < _SIP_GIVES_UP


def _is_forwarded(call: TrackedCall, trunk: Leg) -> bool:
    """Return whether the trunk sent the call elsewhere: Asterisk made a Local channel that it could not dial."""
    return any(
        leg.is_local and not leg.dialled_by and leg.creation_number > trunk.creation_number
        for leg in call.legs.values()
    )


def _is_certain(call: TrackedCall, trunk: Leg | None, gap: datetime) -> bool:
    """Return whether the events after a gap are enough to know how the call ended."""
    status = call.first.status
    if status == "BUSY" or (status == "NOANSWER" and call.rang):
        return True
    if trunk is None or trunk.ended is None or trunk.ended <= gap:
        return False
    has_status = bool(status) or trunk.status == "CANCEL"
    return has_status and not _depends_on_what_was_missed(call, trunk)


def _depends_on_what_was_missed(call: TrackedCall, trunk: Leg) -> bool:
    """Return whether ringing or a forwarding, of which nothing is known, would make it another result."""
    if disposition_by_code(trunk.sip_code, trunk.cause):
        return False
    if trunk.status == "CONGESTION":
        return trunk.cause in UNANSWERED_CAUSES and not _is_forwarded(call, trunk)
    if call.rang:
        return False
    return _is_unreachable(call, trunk) or trunk.cause not in UNANSWERED_CAUSES
