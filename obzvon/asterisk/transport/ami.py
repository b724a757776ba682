"""Hands calls over as Originate actions; Asterisk's events show what became of them.

The journal says that a call is on its way before the action is sent, and an action is sent once. If its answer is lost,
the call is in doubt until its events or the next list of channels show it; else it ends as unknown.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from obzvon.asterisk.ami import originate
from obzvon.asterisk.ami.originate import Action, ActionReply, CallLiveness, ReplyStatus
from obzvon.asterisk.transport.base import (
    CallProgress,
    Evidence,
    Rejection,
    SendResult,
    TransportUnavailableError,
    no_message,
)
from obzvon.asterisk.transport.outcome_matcher import OutcomeMatcher, final_disposition
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.calls import CallForm, CallOutcome, EventDetail, PendingCall
from obzvon.domain.results import Disposition

# A shorter outage is reported by the connection's own log only.
_TRANSIENT_OUTAGE = timedelta(seconds=5)
# manager.c keeps the rights of a session's login: while the right to originate is missing, log in again this often.
_NEW_LOGIN_AFTER = timedelta(minutes=1)
# From the manager's port to the dialplan Asterisk needs less than a second; a slow machine some seconds.
_BOOTED_WITHIN = timedelta(seconds=10)


class ActionSender(Protocol):
    """A connection to Asterisk's manager interface that sends actions."""

    def can_send(self) -> bool:
        """Return whether actions can be sent now."""

    def outage(self) -> tuple[datetime, Problem]:
        """Return since when nothing can be sent, and why; while it can, since when, and what silence would mean."""

    def originate_denied(self) -> Problem:
        """Return the problem, with its remedy, of a user without the right to originate."""

    def originate(self, action: Action) -> ActionReply:
        """Send one action and wait for the answer; raises nothing."""

    def reconnect(self) -> None:
        """Log in again."""


class CallStates(Protocol):
    """State of the calls that Asterisk has, as its events show it."""

    def linkedids(self) -> set[str]:
        """Return the Linkedids of the calls that are up, or over without a ready outcome."""

    def hung_up(self, linkedids: Collection[str]) -> set[str]:
        """Return the given calls that have no channel left."""

    def listening_since(self) -> datetime | None:
        """Return since when every event is heard; None while events are missed."""


class AmiTransport:
    """The transport through the manager interface; `ordinary` and `coded` say how the two kinds of calls are made."""

    via = "ami"
    max_batch = 5
    unknown_reason = say(
        "Asterisk did not confirm this call: the connection was lost, or the service stopped. It is "
        "unknown whether the call was made, so it is not sent again"
    )

    def __init__(
        self,
        sender: ActionSender,
        states: CallStates,
        ordinary: CallForm,
        coded: CallForm,
        outcomes: OutcomeMatcher,
        *,
        message: Callable[[], str] = no_message,
    ) -> None:
        self._message = message
        self._sender = sender
        self._states = states
        self._forms = ordinary, coded
        self._templates = originate.OriginateTemplate(ordinary), originate.OriginateTemplate(coded)
        self._outcomes = outcomes
        # When each call in progress was sent, by its channel id.
        self._sent_at: dict[str, datetime] = {}
        self._up: set[str] = set()
        self._listening_since: datetime | None = None
        # The same as it was reported, before any correction for a clock that went backwards.
        self._reported_since: datetime | None = None
        self._new_login_at: datetime | None = None
        #: Whether the last action was refused for want of a right.
        self.is_denied = False

    def ensure_available(self, now: datetime) -> None:
        """Raise TransportUnavailableError while the connection is down or silent."""
        if self._sender.can_send():
            return
        since, why = self._sender.outage()
        raise TransportUnavailableError(
            [Problem(why.where, say("no calls can be handed over: {why}", why=why.what), why.remedy)],
            is_transient=timedelta() <= now - since < _TRANSIENT_OUTAGE,
        )

    def prepare_calls(self, calls: Sequence[PendingCall], then: Sequence[PendingCall]) -> None:  # noqa: ARG002 - the protocol's
        """Raise UnsafeValueError if a call cannot be sent."""
        for call in calls:
            self._action(call)

    def send(self, calls: Sequence[PendingCall], now: datetime) -> SendResult:
        """Send calls one after the other, so that no more than one can be in doubt."""
        result = SendResult()
        for position, call in enumerate(calls):
            self._sent_at[_id(call)] = now
            reply = self._sender.originate(self._action(call))
            if reply.status is ReplyStatus.ACCEPTED:
                self.is_denied = False
                result.accepted.append(call)
                continue
            if reply.status is ReplyStatus.UNANSWERED:
                result.uncertain.append(call)
                result.not_sent, result.error = list(calls[position + 1 :]), self._interrupted()
                break
            del self._sent_at[_id(call)]
            is_refused = reply.status is ReplyStatus.REFUSED
            if (not_now := self._find_passing_refusal(reply.message, now) if is_refused else None) is not None:
                result.not_sent, result.error = list(calls[position:]), not_now
                break
            if is_refused:
                self.is_denied = False
                form = self._forms[bool(call.code)]
                result.rejected.append(Rejection(call, *originate.classify_refusal(reply.message, form)))
                continue
            result.not_sent = list(calls[position:])
            result.error = self._interrupted()
            break
        return result

    def find_evidence(self, call: PendingCall, now: datetime) -> Evidence:
        """Look for a call in the events and in the list of channels."""
        if self._outcomes.outcomes_for(call, self._context(call)):
            return Evidence.CALLED
        if _id(call) in self._up:
            return Evidence.CALLED
        return Evidence.NONE if self._liveness(call, now) is CallLiveness.LOST else Evidence.UNDECIDED

    def refresh(self, now: datetime) -> None:
        """Read which calls are up, then the outcomes: in this order a call that ends meanwhile is not overlooked."""
        since = self._states.listening_since()
        if since != self._reported_since:
            self._reported_since = self._listening_since = since
        self._up = self._states.linkedids()
        self._outcomes.refresh(now)
        self._correct_times(now)

    def track(self, calls: Iterable[PendingCall], now: datetime) -> None:
        """Wait for the end of these calls from now on."""
        for call in calls:
            self._sent_at.setdefault(_id(call), now)

    def check_progress(self, call: PendingCall, now: datetime) -> CallOutcome | CallProgress:
        """Return the outcome by the call's events, or unknown once there can be none any more."""
        outcomes = self._outcomes.outcomes_for(call, self._context(call))
        missed = say("Asterisk's events were not received when the call ended")
        if outcomes:
            disposition, detail = final_disposition(outcomes, len(outcomes))
            self._outcomes.forget(outcomes)
            return CallOutcome(
                call.run_id,
                call.position,
                disposition,
                outcomes[-1].ended or now,
                missed if disposition is Disposition.UNKNOWN else None,
                detail,
            )
        if self._liveness(call, now) is not CallLiveness.LOST:
            return CallProgress.IN_PROGRESS
        return CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, missed, EventDetail())

    def withdraw(self, call: PendingCall) -> bool | None:  # noqa: ARG002 - the protocol's
        """Return None: a call that Asterisk has accepted has begun."""
        return None

    def discard(self, calls: Iterable[PendingCall]) -> None:
        """Stop waiting for these calls."""
        for call in calls:
            self._sent_at.pop(_id(call), None)

    def calls_in_progress(self) -> list[str]:
        """Return the calls that were sent and are not over, whether they are visible yet or not."""
        over = self._states.hung_up(self._sent_at)
        return [channel for channel in self._sent_at if channel not in over]

    def close(self) -> None:
        """Do nothing: no call is prepared ahead."""

    def _correct_times(self, now: datetime) -> None:
        """If the clock went backwards, move stored times back to now so that timeouts still expire."""
        if self._listening_since is not None:
            self._listening_since = min(self._listening_since, now)
        for channel, sent in self._sent_at.items():
            if sent > now:
                self._sent_at[channel] = now

    def _liveness(self, call: PendingCall, now: datetime) -> CallLiveness:
        sent = self._sent_at.setdefault(_id(call), now)
        return originate.call_liveness(sent, now, is_up=_id(call) in self._up, listening_since=self._listening_since)

    def _interrupted(self) -> TransportUnavailableError:
        return TransportUnavailableError([self._sender.outage()[1]], is_transient=True)

    def _find_passing_refusal(self, message: str, now: datetime) -> TransportUnavailableError | None:
        """Return why Asterisk takes no calls at all for now; None if it refuses this one call."""
        if originate.is_permission_denied(message):
            return self._denied(now)
        since, silence = self._sender.outage()
        if originate.is_shutting_down(message):
            what = say("Asterisk is shutting down and takes no more calls")
            remedy = say("the hand-over continues by itself when Asterisk is running again")
            return TransportUnavailableError([Problem(silence.where, what, remedy)])
        if originate.is_extension_missing(message) and timedelta() <= now - since < _BOOTED_WITHIN:
            what = say("Asterisk has just started, and its dialplan is not loaded yet")
            return TransportUnavailableError([Problem(silence.where, what)], is_transient=True)
        return None

    def _denied(self, now: datetime) -> TransportUnavailableError:
        self.is_denied = True
        if self._new_login_at is None or not timedelta() <= now - self._new_login_at < _NEW_LOGIN_AFTER:
            self._new_login_at = now
            self._sender.reconnect()
        return TransportUnavailableError([self._sender.originate_denied()])

    def _action(self, call: PendingCall) -> Action:
        return self._templates[bool(call.code)].render(_id(call), call.number, call.code, self._message())

    def _context(self, call: PendingCall) -> str:
        return self._forms[bool(call.code)].context


def _id(call: PendingCall) -> str:
    return originate.channel_id(call.token, call.position, call.attempt)
