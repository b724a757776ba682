"""The interface of every transport of calls to Asterisk, and its results."""

import enum
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from obzvon.asterisk import callfile
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message
from obzvon.domain.calls import CallOutcome, PendingCall
from obzvon.domain.results import Disposition


class TransportUnavailableError(UserError):
    """No calls can be sent now, through no fault of theirs; `is_transient`: most likely for a moment only."""

    def __init__(self, problems: Iterable[Problem], *, is_transient: bool = False) -> None:
        super().__init__(problems)
        self.is_transient = is_transient


class Rejection(msgspec.Struct, frozen=True):
    """A call that Asterisk refused to make."""

    call: PendingCall
    disposition: Disposition
    reason: Message


class SendResult(msgspec.Struct):
    """Result of a send. Every call is in exactly one list."""

    #: Asterisk has them.
    accepted: list[PendingCall] = []
    #: They certainly never got there.
    not_sent: list[PendingCall] = []
    #: Asterisk may have them. They are never sent again.
    uncertain: list[PendingCall] = []
    rejected: list[Rejection] = []
    #: Why not all of them are accepted.
    error: UserError | None = None


class Evidence(enum.Enum):
    """Evidence of a call that was on its way to Asterisk when the service stopped or the connection was lost."""

    NOT_CALLED = enum.auto()
    #: Asterisk has it, or had it and it is known how it ended.
    CALLED = enum.auto()
    #: There is no trace of it, and there will be none.
    NONE = enum.auto()
    #: It cannot be decided yet.
    UNDECIDED = enum.auto()


class CallProgress(enum.Enum):
    """State of a call that Asterisk has not finished."""

    IN_PROGRESS = enum.auto()
    #: It never began, and its file is in the store again.
    RETURNED = enum.auto()
    #: Asterisk took its file, or the order, and certainly made no call of it.
    NOT_MADE = enum.auto()


class Transport(Protocol):
    """A way for calls to reach Asterisk. Only `ensure_available` and `prepare_calls` raise."""

    @property
    def via(self) -> str | None:
        """The name of the transport in the journal."""

    @property
    def max_batch(self) -> int:
        """The number of calls that may be on their way at once, and so in doubt after a stop."""

    @property
    def unknown_reason(self) -> Message:
        """The reason to give for a call that was on its way and has left no trace."""

    def ensure_available(self, now: datetime) -> None:
        """Raise TransportUnavailableError while no calls can be sent this way."""

    def prepare_calls(self, calls: Sequence[PendingCall], then: Sequence[PendingCall]) -> None:
        """Prepare what is sent next, and begin with what most likely follows; raises OSError and UserError."""

    def send(self, calls: Sequence[PendingCall], now: datetime) -> SendResult:
        """Send prepared calls that the journal says are on their way."""

    def find_evidence(self, call: PendingCall, now: datetime) -> Evidence:
        """Return what the last `refresh` shows of a call that was on its way."""

    def refresh(self, now: datetime) -> None:
        """Read the state that `find_evidence` and `check_progress` judge by."""

    def track(self, calls: Iterable[PendingCall], now: datetime) -> None:
        """Take these calls as in progress until they end: Asterisk has them, or may have them."""

    def check_progress(self, call: PendingCall, now: datetime) -> CallOutcome | CallProgress:
        """Return the outcome of a call by the last `refresh`, or how far it is."""

    def withdraw(self, call: PendingCall) -> bool | None:
        """Take back a call that has not begun.

        Returns whether it began at that very moment, None if Asterisk keeps it.
        """

    def discard(self, calls: Iterable[PendingCall]) -> None:
        """Delete what is left of calls that have ended or wait."""

    def calls_in_progress(self) -> list[str]:
        """Return the names of the calls in progress."""

    def close(self) -> None:
        """Stop preparing calls ahead."""


def assign_transport(calls: Iterable[PendingCall], via: str | None, boot: str | None = None) -> list[PendingCall]:
    """Return the calls with `via` set to the transport that sends them, under this boot of the machine.

    When an earlier attempt was handed over is nothing to this one.
    """
    return [
        call
        if (call.via, call.boot, call.handed_at) == (via, boot, None)
        else msgspec.structs.replace(call, via=via, boot=boot, handed_at=None)
        for call in calls
    ]


def attempt_name(call: PendingCall) -> str:
    """Return the name of an attempt, which is that of its call file."""
    return callfile.call_file_name(call.token, call.position, call.attempt)


def no_message() -> str:
    """Return '': calls play the sound that the dialplan names."""
    return ""
