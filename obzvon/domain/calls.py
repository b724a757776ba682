"""Runs, pending calls, outcomes and call records, as the journal hands them out. Pure."""

import enum
from datetime import date, datetime

import msgspec

from obzvon.common.i18n import Message
from obzvon.domain.results import Disposition

#: manager.c (action_originate) truncates what is longer.
MAX_CALLER_ID_BYTES = 255


class CallState(enum.StrEnum):
    """Progress of a call. A call that has ended has a disposition."""

    WAITING = "waiting"
    HANDING = "handing"
    HANDED = "handed"
    ENDED = "ended"


class Run(msgspec.Struct, frozen=True):
    """A day's pass over the list.

    `kind`: week, manual, test (one call, beside the list) or former (made outside this journal, by the old script or
    from another journal);
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
        """Return whether the run is running or paused."""
        return self.state in ("running", "paused")

    @property
    def has_unknown_calls(self) -> bool:
        """Return whether calls were made outside this journal, and it does not know to whom."""
        return self.kind == "former" and not self.total


class PendingCall(msgspec.Struct, frozen=True, gc=False):
    """A call that has not ended, as the hand-over needs it."""

    run_id: int
    token: str
    position: int
    number: str
    code: str
    attempt: int
    handed_at: datetime | None = None
    not_before: datetime | None = None
    #: The transport that handed it over last; None = the spool.
    via: str | None = None
    #: The machine's boot under which it was handed over last; None = unknown.
    boot: str | None = None


class EventDetail(msgspec.Struct, frozen=True, gc=False):
    """Details of a call from Asterisk's manager events, which the status of a call file does not have."""

    rang_at: datetime | None = None
    answered_at: datetime | None = None
    #: Seconds of the message that were heard, or until the operator was asked for.
    listened: float | None = None
    #: The hangup cause by Q.850, as the trunk gave it.
    cause: int | None = None
    #: The key that was pressed when the question was asked.
    key: str = ""
    #: How often Asterisk itself tried, by MaxRetries.
    tries: int | None = None


class CallOutcome(msgspec.Struct, frozen=True, gc=False):
    """Outcome of a call."""

    run_id: int
    position: int
    disposition: Disposition
    at: datetime
    reason: Message | None = None
    detail: EventDetail = EventDetail()


class CallRecord(msgspec.Struct, frozen=True, gc=False):
    """Row of the results: one phone in one run, and its result."""

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
        """Return the disposition, or the state of a call that has not ended."""
        return self.disposition or self.state if self.state == CallState.ENDED else self.state


class CallForm(msgspec.Struct, frozen=True):
    """Settings of a kind of call: the part of a call file that is the same for all of them. Times in seconds."""

    context: str
    caller_id: str = ""
    max_retries: int = 0
    retry_time: int = 60
    wait_time: int = 300
    extension: str = "play"
    priority: int = 1
    archive: bool = False
    #: Each call's account code is its name, so that Asterisk's CDR and CEL can be joined with the journal.
    account: bool = False
