"""A call as an Originate action of Asterisk's manager interface, and what Asterisk's answer to it means. Pure.

The action makes the same call as the call file does (see `callfile`), less what it has no word for: retries and the
archive. Its `ChannelId` becomes the Uniqueid of L1 and the Linkedid of all the legs, so events and the list of channels
name the very attempt; and while a channel of that name is up, Asterisk makes no second one (channel.c: already in use).
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

_LINE = 1000
"""Bytes; manager.c refuses a line over 1,024."""

_ID = re.compile(r"obzvon-[0-9a-z]+-[0-9a-f]+-[0-9]{6,}-[0-9]+", re.ASCII)

_GIVEN_UP = timedelta(hours=1)
"""So long a call is held to be in progress of which nothing can be heard, because there is no connection."""
_SHOWS = timedelta(seconds=10)
"""After this a call that Asterisk has taken would have shown itself."""
_SETTLED = timedelta(seconds=1.5)
"""After a new connection has listed the channels: a request sent over the last one is carried out by then, or never."""

Action = Mapping[str, str | list[str]]


def channel_id(token: str, position: int, attempt: int) -> str:
    """The Uniqueid of an attempt's L1, which no other call ever has: the name of its call file, less the ending."""
    return callfile.call_file_name(token, position, attempt).removesuffix(".call")


def is_channel_id(linkedid: str) -> bool:
    """Whether a call was asked for by an action of ours."""
    return _ID.fullmatch(linkedid) is not None


class OriginateTemplate:
    """The actions of one form, with number and code left open; raises UnsafeValue."""

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

    def render(self, channel: str, number: str, code: str = "") -> Action:
        """The fields of one action, for the attempt of that `channel_id`; raises UnsafeValue."""
        callfile.refuse_undialable(number, code)
        if not is_channel_id(channel):
            raise UnsafeValueError("ChannelId", channel)
        fields: dict[str, str | list[str]] = {
            "Action": "Originate",
            "Channel": _checked("Channel", f"local/{number}@{self._form.context}"),
            **self._fields,
            "ChannelId": channel,
            "OtherChannelId": f"{channel};2",
        }
        if code:
            # A comma would begin another variable (manager.c: astman_get_variables); digits and * have none.
            fields["Variable"] = [_checked("Variable", f"dtmf={code}"), _checked("Variable", f"CALLEE={number}")]
        return fields


def is_permission_denied(said: str) -> bool:
    """Whether the user lacks the right: no fault of the call's, so it waits."""
    return "permission denied" in said.lower()


def classify_refusal(said: str, form: CallForm) -> tuple[Disposition, Message]:
    """What becomes of a call that Asterisk refuses in these words: it was not rung."""
    if "extension does not exist" in said.lower():
        place = f"{form.extension}@{form.context}"
        return Disposition.WRONG_DIALPLAN, say("Asterisk's dialplan has no {extension}", extension=place)
    return Disposition.FAILED, say("Asterisk refused the call: {said}", said=escape_controls(said[:80]))


class ReplyStatus(enum.Enum):
    """What Asterisk made of an action."""

    ACCEPTED = enum.auto()
    REFUSED = enum.auto()
    NOT_SENT = enum.auto()
    """It never left."""
    UNANSWERED = enum.auto()
    """It left, and no answer came."""


class ActionReply(msgspec.Struct, frozen=True):
    """The answer to one action, in Asterisk's words where it refuses."""

    status: ReplyStatus
    message: str = ""


class CallLiveness(enum.Enum):
    """Of a call that was sent: whether it is to be waited for."""

    IN_PROGRESS = enum.auto()
    UNDECIDED = enum.auto()
    LOST = enum.auto()


def call_liveness(sent: datetime, now: datetime, *, is_up: bool, listening_since: datetime | None) -> CallLiveness:
    """By whether the call is seen, and since when (None: not now) all that happens has been heard and listed."""
    if listening_since is None:
        if now - sent >= _GIVEN_UP:
            return CallLiveness.LOST
        return CallLiveness.IN_PROGRESS if is_up else CallLiveness.UNDECIDED
    if is_up:
        return CallLiveness.IN_PROGRESS
    patience = _SHOWS if listening_since <= sent else _SETTLED
    return CallLiveness.LOST if now - max(sent, listening_since) >= patience else CallLiveness.UNDECIDED


def _checked(key: str, value: str, most: int = _LINE) -> str:
    callfile.refuse_unsafe(key, value, most)
    return value
