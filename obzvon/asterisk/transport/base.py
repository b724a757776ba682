"""How calls go to Asterisk: what every way of it must be able to do, and how it says what came of it."""

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
    """Nothing is wrong here, but no calls can go now; `is_transient`: it will most likely have passed in a moment."""

    def __init__(self, problems: Iterable[Problem], *, is_transient: bool = False) -> None:
        super().__init__(problems)
        self.is_transient = is_transient


class Rejection(msgspec.Struct, frozen=True):
    """A call that Asterisk would not take; nobody was rung."""

    call: PendingCall
    disposition: Disposition
    reason: Message


class SendResult(msgspec.Struct):
    """What came of sending calls, each of which is in one of these lists."""

    accepted: list[PendingCall] = []
    """Asterisk has them."""
    not_sent: list[PendingCall] = []
    """They certainly never got there."""
    uncertain: list[PendingCall] = []
    """Asterisk may have them. They are never sent again."""
    rejected: list[Rejection] = []
    error: UserError | None = None
    """Why not all of them are gone."""


class Evidence(enum.Enum):
    """What is found of a call that was on its way to Asterisk when the service stopped or the connection was lost."""

    NOT_CALLED = enum.auto()
    CALLED = enum.auto()
    """Asterisk has it, or had it and it is known how it ended."""
    NONE = enum.auto()
    """There is no trace of it, and there will be none."""
    UNDECIDED = enum.auto()
    """Nobody can tell yet."""


class CallProgress(enum.Enum):
    """How far a call is that Asterisk has."""

    IN_PROGRESS = enum.auto()
    RETURNED = enum.auto()
    """It was never begun, and lies in the store."""


class Transport(Protocol):
    """A way for calls to go to Asterisk. Only `ready` and `ensure` raise."""

    @property
    def via(self) -> str | None:
        """Its name in the journal."""

    @property
    def max_batch(self) -> int:
        """How many calls may be on their way at once: as many can be in doubt after a stop."""

    @property
    def unknown_reason(self) -> Message:
        """Why nobody knows of a call that was on its way and has left no trace."""

    def ensure_available(self, now: datetime) -> None:
        """Raises Held while no calls can go this way."""

    def prepare_calls(self, calls: Sequence[PendingCall], then: Sequence[PendingCall]) -> None:
        """Makes ready what is sent next, and begins with what will most likely go after; raises OSError, UserError."""

    def send(self, calls: Sequence[PendingCall], now: datetime) -> SendResult:
        """Sends calls that are ready, of which the journal says that they are on their way."""

    def find_evidence(self, call: PendingCall, now: datetime) -> Evidence:
        """What is found of a call that was on its way; `look` goes before."""

    def refresh(self, now: datetime) -> None:
        """Takes in what there is to be seen, for `trace` and `progress`."""

    def track(self, calls: Iterable[PendingCall], now: datetime) -> None:
        """Asterisk has these, or may have them: they are in progress until they end."""

    def check_progress(self, call: PendingCall, now: datetime) -> CallOutcome | CallProgress:
        """How a call that Asterisk has ended, or that it has not; `look` goes before."""

    def withdraw(self, call: PendingCall) -> bool | None:
        """Takes a call back that has not begun; says whether it had begun just then, None if it stays where it is."""

    def discard(self, calls: Iterable[PendingCall]) -> None:
        """Clears away what there is of calls that have ended or wait."""

    def calls_in_progress(self) -> list[str]:
        """The calls in progress, by their names."""

    def close(self) -> None:
        """Ends what works ahead."""


def assign_transport(calls: Iterable[PendingCall], via: str | None) -> list[PendingCall]:
    """The calls as they are once they are sent that way."""
    return [call if call.via == via else msgspec.structs.replace(call, via=via) for call in calls]


def attempt_name(call: PendingCall) -> str:
    """An attempt's name, which is that of its call file."""
    return callfile.call_file_name(call.token, call.position, call.attempt)
