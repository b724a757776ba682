"""What the journal's rows are outside of it: runs, calls on their way, endings, and the lines of a report."""

import enum
from datetime import date, datetime

import msgspec

from obzvon.common.i18n import Message
from obzvon.domain.results import Disposition


class CallState(enum.StrEnum):
    """How far a call has come; one that has ended has a disposition."""

    WAITING = "waiting"
    HANDING = "handing"
    HANDED = "handed"
    ENDED = "ended"


class Run(msgspec.Struct, frozen=True):
    """One day's pass over the list.

    `kind`: week, manual, test (one call, beside the list) or former (the old script's, before there was a journal);
    `state`: running, paused, done or stopped.
    """

    id: int
    token: str
    day: date
    kind: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    note: Message | None
    total: int

    @property
    def active(self) -> bool:
        """Not ended yet: running or paused."""
        return self.state in ("running", "paused")


class PendingCall(msgspec.Struct, frozen=True, gc=False):
    """A call on its way, as the hand-over needs it."""

    run_id: int
    token: str
    position: int
    number: str
    code: str
    attempt: int
    handed_at: datetime | None = None
    not_before: datetime | None = None
    via: str | None = None
    """The transport that it was handed over by last; None = the spool."""


class EventDetail(msgspec.Struct, frozen=True, gc=False):
    """What Asterisk's manager events told of a call: the part of its ending that a call file's status does not have."""

    rang_at: datetime | None = None
    answered_at: datetime | None = None
    listened: float | None = None
    """Seconds of the message that were heard, or until the operator was asked for."""
    cause: int | None = None
    """The hangup cause by Q.850, as the trunk gave it."""
    key: str = ""
    """What was pressed when the question was asked."""
    tries: int | None = None
    """How often Asterisk itself rang, by MaxRetries."""


class CallOutcome(msgspec.Struct, frozen=True, gc=False):
    """What became of a call."""

    run_id: int
    position: int
    disposition: Disposition
    at: datetime
    reason: Message | None = None
    detail: EventDetail = EventDetail()


class CallRecord(msgspec.Struct, frozen=True, gc=False):
    """One phone and day: what happened."""

    run_id: int
    kind: str
    day: date
    position: int
    row: str
    number: str
    code: str
    name: str
    state: str
    disposition: str | None
    reason: Message | None
    attempt: int
    bundle: int | None
    handed_at: datetime | None
    ended_at: datetime | None
    rang_at: datetime | None = None
    answered_at: datetime | None = None
    listened: float | None = None
    cause: int | None = None
    key: str | None = None
    tries: int | None = None
    not_before: datetime | None = None
    via: str | None = None

    @property
    def result(self) -> str:
        """The disposition, or how far the call has come."""
        return self.disposition or self.state if self.state == CallState.ENDED else self.state


class CallForm(msgspec.Struct, frozen=True):
    """How a kind of call is made: the part of a call file that is the same for all of them. Times in seconds."""

    context: str
    caller_id: str = ""
    max_retries: int = 0
    retry_time: int = 60
    wait_time: int = 300
    extension: str = "play"
    priority: int = 1
    archive: bool = False


MAX_CALLER_ID_BYTES = 255
"""Bytes; manager.c (action_originate) cuts off what is longer."""
