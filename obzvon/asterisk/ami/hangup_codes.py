"""Results that follow from the final SIP code and the hangup cause (Q.850) of a trunk's channel. Pure.

Asterisk turns the final SIP code into a cause (res_pjsip: hangup_sip2cause). Many codes become 127; from version 22 on
the manager's Hangup names the code too, as `TechCause`.
"""

from obzvon.domain.results import Disposition

#: No user responding: 408, or the end of SIP's own patience.
NO_USER = 18
#: Causes with which DialEnd's NOANSWER means that nobody took the call. Asterisk says NOANSWER of all it does not know.
UNANSWERED_CAUSES = frozenset({0, 16, NO_USER, 19})
#: Redirected to a new destination.
REDIRECTED = 23
#: No route to destination: over SIP the code 420, which a living trunk sends.
NO_ROUTE = 3

_BY_CAUSE = {
    17: Disposition.BUSY,
    1: Disposition.NO_SUCH_NUMBER,  # unallocated
    22: Disposition.NO_SUCH_NUMBER,  # changed
    28: Disposition.NO_SUCH_NUMBER,  # incomplete
    21: Disposition.REFUSED,
    52: Disposition.REFUSED,  # outgoing call barred
    54: Disposition.REFUSED,  # incoming call barred
    55: Disposition.REFUSED,
    57: Disposition.REFUSED,  # not authorised
    REDIRECTED: Disposition.MOVED,
}

# Codes that say more than the cause that Asterisk makes of them.
_BY_SIP_CODE = {
    402: Disposition.REFUSED,  # payment required
    433: Disposition.REFUSED,  # anonymity disallowed
    483: Disposition.FAILED,  # too many hops; Asterisk: 19
    487: Disposition.NO_ANSWER,  # the other side gave up ringing
    607: Disposition.REFUSED,  # unwanted
    608: Disposition.REFUSED,  # rejected by an analytics engine
}

# The carrier has no line, is out of order or too slow: another attempt may get through.
_CARRIER_FAILURES = frozenset({27, 29, 34, 38, 39, 40, 41, 42, 43, 44, 46, 47, 102})


def disposition_by_code(sip_code: int, cause: int) -> Disposition | None:
    """Return the disposition that the code or the cause means by itself, whether a phone rang or not; None if none."""
    if 300 <= sip_code < 400:
        return Disposition.MOVED
    return _BY_SIP_CODE.get(sip_code) or _BY_CAUSE.get(cause)


def disposition_of_fault(cause: int) -> Disposition:
    """Return the disposition of a call that ended with this cause before any phone rang."""
    return Disposition.CONGESTION if cause in _CARRIER_FAILURES else Disposition.FAILED
