"""Calls go to Asterisk as Originate actions, and its events tell what became of them.

The journal says that a call is on its way before the action is sent, and an action is sent once. If its answer is lost,
the call is in doubt until the next list of channels, or its events, show it; else it ends as unknown.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from obzvon.asterisk.ami import originate
from obzvon.asterisk.ami.originate import Action, ActionReply, CallLiveness, ReplyStatus
from obzvon.asterisk.transport.base import CallProgress, Evidence, Rejection, SendResult, TransportUnavailableError
from obzvon.asterisk.transport.outcome_matcher import OutcomeMatcher, OutcomeSource, final_disposition
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.calls import CallForm, CallOutcome, EventDetail, PendingCall
from obzvon.domain.results import Disposition

_MOMENT = timedelta(seconds=5)
"""A connection that is away no longer than this is told of by nobody but the log of the connection itself."""
_RENEWED = timedelta(minutes=1)
"""Rights that were mended count from the next login on (manager.c keeps a session's), so there is one now and then."""


class AmiPort(OutcomeSource, Protocol):
    """The connection to Asterisk's manager interface."""

    def can_send(self) -> bool:
        """Whether actions can be sent now."""

    def outage(self) -> tuple[datetime, Problem]:
        """Since when it does not carry, and why."""

    def originate_denied(self) -> Problem:
        """What is wrong, and to be done, where the right to originate is refused."""

    def originate(self, action: Action) -> ActionReply:
        """Sends one action and waits for the answer; raises nothing."""

    def reconnect(self) -> None:
        """Logs in anew."""

    def linkedids(self) -> set[str]:
        """The Linkedids of the calls that are up, or over and not told of yet."""

    def hung_up(self, linkedids: Collection[str]) -> set[str]:
        """Those of these whose channels are all hung up."""

    def listening_since(self) -> datetime | None:
        """Since when everything that happens is heard; None = it is not."""


class AmiTransport:
    """The transport through the manager interface; `ordinary` and `coded` say how the two kinds of calls are made."""

    via = "ami"
    max_batch = 5
    unknown_reason = say(
        "no answer came to the order to make this call: the connection was lost, or the service stopped; so it "
        "is not known whether it was made, and it is not sent again"
    )

    def __init__(self, line: AmiPort, ordinary: CallForm, coded: CallForm, told: OutcomeMatcher) -> None:
        self._line = line
        self._forms = ordinary, coded
        self._templates = originate.OriginateTemplate(ordinary), originate.OriginateTemplate(coded)
        self._told = told
        self._out: dict[str, datetime] = {}
        self._up: set[str] = set()
        self._heard_since: datetime | None = None
        self._said_since: datetime | None = None
        """The same as the line said it, whatever has become of the clock since."""
        self._renewed: datetime | None = None
        self.is_denied = False
        """Whether the last action was refused for want of a right."""

    def ensure_available(self, now: datetime) -> None:
        """The connection stands."""
        if self._line.can_send():
            return
        since, why = self._line.outage()
        raise TransportUnavailableError(
            [Problem(why.where, say("no calls can be handed over: {why}", why=why.what), why.remedy)],
            is_transient=timedelta() <= now - since < _MOMENT,
        )

    def prepare_calls(self, calls: Sequence[PendingCall], then: Sequence[PendingCall]) -> None:  # noqa: ARG002 - a transport like the other
        """Nothing of them is unfit to be sent."""
        for call in calls:
            self._action(call)

    def send(self, calls: Sequence[PendingCall], now: datetime) -> SendResult:
        """One after the other, so that not more than one can be in doubt."""
        went = SendResult()
        for place, call in enumerate(calls):
            self._out[_id(call)] = now
            answer = self._line.originate(self._action(call))
            if answer.status is ReplyStatus.ACCEPTED:
                self.is_denied = False
                went.accepted.append(call)
                continue
            if answer.status is ReplyStatus.UNANSWERED:
                went.uncertain.append(call)
                went.not_sent, went.error = list(calls[place + 1 :]), self._interrupted()
                break
            del self._out[_id(call)]
            if answer.status is ReplyStatus.REFUSED and not originate.is_permission_denied(answer.message):
                self.is_denied = False
                went.rejected.append(
                    Rejection(call, *originate.classify_refusal(answer.message, self._forms[bool(call.code)]))
                )
                continue
            went.not_sent = list(calls[place:])
            went.error = self._denied(now) if answer.status is ReplyStatus.REFUSED else self._interrupted()
            break
        return went

    def find_evidence(self, call: PendingCall, now: datetime) -> Evidence:
        """By the list of channels and by the events."""
        if self._told.outcomes_for(call, self._context(call)):
            return Evidence.CALLED
        if _id(call) in self._up:
            return Evidence.CALLED
        return Evidence.NONE if self._fate(call, now) is CallLiveness.LOST else Evidence.UNDECIDED

    def refresh(self, now: datetime) -> None:
        """What is up, and what events have told: in this order, so that what ends meanwhile is seen once at least."""
        since = self._line.listening_since()
        if since != self._said_since:
            self._said_since = self._heard_since = since
        self._up = self._line.linkedids()
        self._told.refresh(now)
        self._set_back(now)

    def track(self, calls: Iterable[PendingCall], now: datetime) -> None:
        """From now on they are waited for."""
        for call in calls:
            self._out.setdefault(_id(call), now)

    def check_progress(self, call: PendingCall, now: datetime) -> CallOutcome | CallProgress:
        """By its events, or by there being none."""
        outcomes = self._told.outcomes_for(call, self._context(call))
        unheard = say("Asterisk's events were not heard when the call ended")
        if outcomes:
            disposition, detail = final_disposition(outcomes, len(outcomes))
            self._told.forget(outcomes)
            return CallOutcome(
                call.run_id,
                call.position,
                disposition,
                outcomes[-1].ended or now,
                unheard if disposition is Disposition.UNKNOWN else None,
                detail,
            )
        if self._fate(call, now) is not CallLiveness.LOST:
            return CallProgress.IN_PROGRESS
        return CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, unheard, EventDetail())

    def withdraw(self, call: PendingCall) -> bool | None:  # noqa: ARG002 - a transport like the other
        """What Asterisk has taken, it has begun."""
        return None

    def discard(self, calls: Iterable[PendingCall]) -> None:
        """They are not waited for any more."""
        for call in calls:
            self._out.pop(_id(call), None)

    def calls_in_progress(self) -> list[str]:
        """What was sent and is not over, be it visible yet or not."""
        over = self._line.hung_up(self._out)
        return [one for one in self._out if one not in over]

    def close(self) -> None:
        """Nothing works ahead."""

    def _set_back(self, now: datetime) -> None:
        """Where the clock was set back, what was is waited for from now on, and not until it shows that time again."""
        if self._heard_since is not None:
            self._heard_since = min(self._heard_since, now)
        for one, sent in self._out.items():
            if sent > now:
                self._out[one] = now

    def _fate(self, call: PendingCall, now: datetime) -> CallLiveness:
        sent = self._out.setdefault(_id(call), now)
        return originate.call_liveness(sent, now, is_up=_id(call) in self._up, heard_since=self._heard_since)

    def _interrupted(self) -> TransportUnavailableError:
        return TransportUnavailableError([self._line.outage()[1]], is_transient=True)

    def _denied(self, now: datetime) -> TransportUnavailableError:
        self.is_denied = True
        if self._renewed is None or not timedelta() <= now - self._renewed < _RENEWED:
            self._renewed = now
            self._line.reconnect()
        return TransportUnavailableError([self._line.originate_denied()])

    def _action(self, call: PendingCall) -> Action:
        return self._templates[bool(call.code)].render(_id(call), call.number, call.code)

    def _context(self, call: PendingCall) -> str:
        return self._forms[bool(call.code)].context


def _id(call: PendingCall) -> str:
    return originate.channel_id(call.token, call.position, call.attempt)
