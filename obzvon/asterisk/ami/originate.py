"""Renders calls as Originate actions of Asterisk's manager interface, and interprets Asterisk's answers. Pure.

The action makes the same call as the call file does (see `callfile`), without retries and the archive, for which it has
no fields. Its `ChannelId` becomes the Uniqueid of L1 and the Linkedid of all the legs, so events and the list of
channels name the attempt. While a channel of that name is up, Asterisk makes no second one (channel.c: already in use).
"""

import enum
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from obzvon.asterisk import callfile
from obzvon.asterisk.callfile import UnsafeValueError
from obzvon.common.i18n import Message, say
from obzvon.common.text import escape_controls
from obzvon.domain.calls import MAX_CALLER_ID_BYTES, CallForm
from obzvon.domain.results import Disposition

# manager.c refuses a line over 1,024 bytes.
_MAX_LINE_BYTES = 1000

_ID = re.compile(r"obzvon-[0-9a-z]+-[0-9a-f]+-[0-9]{6,}-[0-9]+", re.ASCII)

# Without a connection a call is held to be in progress for this long.
_LOST_WITHOUT_CONNECTION = timedelta(hours=1)
# A call that Asterisk has accepted shows in its events within this time.
_SHOWS_WITHIN = timedelta(seconds=10)
# After a new connection has listed the channels: a request sent over the last one is carried out by then, or never.
_SETTLED_WITHIN = timedelta(seconds=1.5)

Action = Mapping[str, str | list[str]]


def channel_id(token: str, position: int, attempt: int) -> str:
    """Return the Uniqueid of an attempt's L1, which no other call ever has: its call file's name without the suffix."""
    return callfile.call_file_name(token, position, attempt).removesuffix(".call")


def is_channel_id(linkedid: str) -> bool:
    """Return whether a call was made by an action of ours."""
    return _ID.fullmatch(linkedid) is not None


class OriginateTemplate:
    """The actions of one form, with number and code left open; raises UnsafeValueError."""

    def __init__(self, form: CallForm) -> None:
        self._form = form
        self._fields = {
            "Context": _checked("Context", form.context),
            "Exten": _checked("Extension", form.extension),
            "Priority": str(form.priority),
            "Timeout": str(form.wait_time * 1000),
            "Async": "true",
        }
        if form.caller_id:
            self._fields["CallerID"] = _checked("CallerID", form.caller_id, MAX_CALLER_ID_BYTES)

    def render(self, channel: str, number: str, code: str = "", message: str = "") -> Action:
        """Return the fields of one action for the attempt of that `channel_id`; raises UnsafeValueError."""
        callfile.refuse_undialable(number, code)
        callfile.refuse_no_message(message)
        if not is_channel_id(channel):
            raise UnsafeValueError("ChannelId", channel)
        fields: dict[str, str | list[str]] = {
            "Action": "Originate",
            "Channel": _checked("Channel", f"local/{number}@{self._form.context}"),
            **self._fields,
            "ChannelId": channel,
            "OtherChannelId": f"{channel};2",
        }
        if self._form.account:
            fields["Account"] = channel
        # A comma would begin another variable (manager.c: astman_get_variables); neither of these has one.
        variables = [f"dtmf={code}", f"CALLEE={number}"] if code else []
        if message:
            variables.append(f"message={message}")
        if variables:
            fields["Variable"] = variables
        return fields


def is_permission_denied(reply: str) -> bool:
    """Return whether the user lacks the right to originate. That is no fault of the call's, so the call waits."""
    return "permission denied" in reply.lower()


def is_shutting_down(reply: str) -> bool:
    """Return whether Asterisk takes no calls any more, because it will stop (manager.c)."""
    return "shutting down" in reply.lower()


def is_extension_missing(reply: str) -> bool:
    """Return whether the dialplan has no such extension, or is not loaded yet."""
    return "extension does not exist" in reply.lower()


def classify_refusal(reply: str, form: CallForm) -> tuple[Disposition, Message]:
    """Return the disposition and the reason of a call that Asterisk has refused to make."""
    if is_extension_missing(reply):
        extension = f"{form.extension}@{form.context}"
        return Disposition.WRONG_DIALPLAN, say("Asterisk's dialplan has no {extension}", extension=extension)
    return Disposition.FAILED, say("Asterisk refused the call: {said}", said=escape_controls(reply[:80]))


class ReplyStatus(enum.Enum):
    """Kind of Asterisk's reply to an action."""

    ACCEPTED = enum.auto()
    REFUSED = enum.auto()
    #: The action was never sent.
    NOT_SENT = enum.auto()
    #: The action was sent, and no answer came.
    UNANSWERED = enum.auto()


class ActionReply(msgspec.Struct, frozen=True):
    """Reply to one action, with Asterisk's message if it refuses."""

    status: ReplyStatus
    message: str = ""


class CallLiveness(enum.Enum):
    """State of a call that was sent: in progress, undecided yet, or lost from sight for good."""

    IN_PROGRESS = enum.auto()
    UNDECIDED = enum.auto()
    LOST = enum.auto()


def call_liveness(sent: datetime, now: datetime, *, is_up: bool, listening_since: datetime | None) -> CallLiveness:
    """Return the state of a call by whether it is seen and since when all events are heard (None: they are not)."""
    if listening_since is None:
        if now - sent >= _LOST_WITHOUT_CONNECTION:
            return CallLiveness.LOST
        return CallLiveness.IN_PROGRESS if is_up else CallLiveness.UNDECIDED
    if is_up:
        return CallLiveness.IN_PROGRESS
    patience = _SHOWS_WITHIN if listening_since <= sent else _SETTLED_WITHIN
    return CallLiveness.LOST if now - max(sent, listening_since) >= patience else CallLiveness.UNDECIDED


def _checked(key: str, value: str, max_bytes: int = _MAX_LINE_BYTES) -> str:
    callfile.refuse_unsafe(key, value, max_bytes)
    return value
