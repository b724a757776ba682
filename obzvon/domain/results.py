"""Whether the message of an answered call was delivered: it was listened to for long enough. Pure.

How long it was listened to only Asterisk's events tell. Where they were not heard nothing is claimed.
"""

import enum
from collections.abc import Mapping

import msgspec

DELIVERED, NOT_DELIVERED = "delivered", "not delivered"
DELIVERY_RESULTS = (DELIVERED, NOT_DELIVERED)
"""What is said of an answered call besides that."""


class DeliveryCounts(msgspec.Struct, frozen=True):
    """Of how many answered calls the message was delivered, of how many not, and of how many nobody knows.

    `least` is how many seconds of it have to be listened to.
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
        """How many calls were judged how."""
        return {DELIVERED: self.delivered, NOT_DELIVERED: self.short}

    def as_dict(self) -> dict[str, float]:
        """As the JSON interfaces have it."""
        return {
            "least": self.least,
            "delivered": self.delivered,
            "not_delivered": self.short,
            "not_known": self.unknown,
        }


def is_delivered(result: str, listened: float | None, least: float) -> bool | None:
    """Whether a call with that result was; None where nobody answered, or nobody knows how long they listened."""
    if result != Disposition.ANSWERED or listened is None:
        return None
    return listened >= least


class Disposition(enum.StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    NOT_ANSWERED = "not answered"
    """Busy, refused or no answer: a call file's status tells them apart from `ANSWERED`, not from each other."""
    CONGESTION = "congestion"
    NO_SUCH_NUMBER = "no such number"
    REFUSED = "refused"
    """The network or the other side would not take the call."""
    NO_TRUNK = "unreachable trunk"
    """Nothing was heard from where calls leave the PBX: nobody was rung."""
    WRONG_DIALPLAN = "wrong dialplan"
    """The dialplan has no way for this number: nobody was rung."""
    FAILED = "failed"
    HANDED = "handed"
    """Asterisk had it and has finished with it; neither an archive nor AMI tells more."""
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"
