"""Tracks the calls that are up in Asterisk by its manager events, and the outcomes of ours. Pure.

`CallTracker` is fed each event, in whatever order those of a call's legs come. `take_outcomes` returns the outcomes of
the calls that are over, `count_lines` the lines in use.
"""

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from obzvon.asterisk.ami.originate import is_channel_id
from obzvon.asterisk.ami.outcomes import AttemptOutcome, Leg, TrackedCall, build_outcome, parse_first_leg

# Once all known legs of a call are hung up, wait this long for events of another leg before the call is over.
SETTLE_DELAY = timedelta(seconds=0.3)

# More channels than any PBX has; channels announced beyond them are ignored.
MAX_CHANNELS = 100_000

# The last channels that are gone are remembered, so that a late event does not revive one.
_MAX_FORMER_CHANNELS = 50_000

_NUMBER = re.compile(r"[0-9*]+", re.ASCII)
_KEY = re.compile(r"[0-9*#]{1,8}", re.ASCII)
_TIMES = re.compile(r"(\d+):(\d\d):(\d\d)", re.ASCII)
# The announcement of a younger channel may still be on its way.
_ANNOUNCED_WITHIN_SECONDS = 5

# channel.h: AST_SOFTHANGUP_SHUTDOWN, the cause of a SoftHangupRequest of a stopping Asterisk.
_SHUTDOWN = 4

Event = Mapping[str, object]


class LineCounts(msgspec.Struct, frozen=True):
    """Lines in use by our calls and by others; `channels` counts all channels that are up in Asterisk.

    A line is a channel of the trunk. Without a trunk it is a call; an answered one has three channels.
    """

    ours: int
    others: int
    channels: int


class CallTracker:
    """Calls that are up. `contexts` are those in which our call files dial and are answered."""

    def __init__(self, contexts: Collection[str]) -> None:
        self._contexts = frozenset(contexts)
        self._calls: dict[str, TrackedCall] = {}
        self._home: dict[str, TrackedCall] = {}
        self.gone: dict[str, None] = {}
        self._gone_order: deque[str] = deque()
        self._ending: dict[str, TrackedCall] = {}
        self._missing: set[str] = set()
        self._handlers: dict[str, Callable[[Event, datetime], None]] = {
            "Newchannel": self._newchannel,
            "Newstate": self._newstate,
            "Rename": self._rename,
            "DialBegin": self._dial_begin,
            "DialState": self._dial_state,
            "DialEnd": self._dial_end,
            "Hangup": self._hangup,
            "SoftHangupRequest": self._soft_hangup_request,
            "UserEvent": self._user_event,
        }
        #: Our new calls, as (Linkedid, L1's channel, context). Asterisk can be asked for their extension codes.
        self.new_calls: deque[tuple[str, str, str]] = deque(maxlen=MAX_CHANNELS)

    def __len__(self) -> int:
        """Return the number of channels that are tracked."""
        return len(self._home)

    # -- input

    def feed(self, event: Event, now: datetime) -> None:
        """Take in one event that came at `now`; events that are not about calls are ignored."""
        if handler := self._handlers.get(_text(event, "Event")):
            handler(event, now)

    def set_code(self, linkedid: str, code: str) -> None:
        """Note the extension code of a call."""
        if call := self._calls.get(linkedid):
            call.code = code

    def mark_gap(self, now: datetime) -> None:
        """Note that events are missed from now on: calls that are up may be answered or end unseen."""
        for call in self._calls.values():
            call.gap = now

    def channels_up(self) -> frozenset[str]:
        """Return the channels that are held to be up. Call it before the list is requested, for `reconcile`."""
        return frozenset(uid for uid, call in self._home.items() if not call.legs[uid].is_over)

    def reconcile(self, channels: Iterable[Event], before: Collection[str], now: datetime, *, is_first: bool) -> int:
        """Correct the calls by a whole list of CoreShowChannels; return how many channels came unannounced.

        `before` is `channels_up()` from before the list was requested: later channels may be missing in the list.
        `is_first`: the connection is new, so channels that were never announced are expected.
        """
        unannounced = 0
        found: set[str] = set()
        for event in channels:
            uid = _text(event, "Uniqueid")
            found.add(uid)
            if not uid or uid in self.gone:
                continue
            age = _seconds(_text(event, "Duration"))
            if uid not in self._home and not is_first:
                if age < _ANNOUNCED_WITHIN_SECONDS:
                    continue
                unannounced += 1
            begun = now - timedelta(seconds=age)
            is_new = uid not in self._home
            leg = self._leg(uid, _text(event, "Linkedid"), now, name=_text(event, "Channel"), begun=begun)
            if leg is None:
                continue
            if is_new:
                self._home[uid].gap = now
            leg.up = leg.up or _text(event, "ChannelStateDesc") == "Up"
        missing = {
            uid for uid in before if uid not in found and (call := self._home.get(uid)) and not call.legs[uid].is_over
        }
        # On a connection that was up all the time the Hangup may be on its way: wait for it until the next list.
        for uid in missing if is_first else missing & self._missing:
            call = self._home[uid]
            call.legs[uid].lost = True
            call.gap = now
            self._note_if_over(call)
        self._missing = missing
        return unannounced

    # -- output

    def take_outcomes(self, now: datetime) -> list[AttemptOutcome]:
        """Return the outcomes of our calls that are over. Forget all calls that are over, other people's too."""
        outcomes: list[AttemptOutcome] = []
        for linkedid, call in list(self._ending.items()):
            if not call.is_over:
                del self._ending[linkedid]
            elif not timedelta() <= now - call.seen < SETTLE_DELAY:
                if call.is_ours:
                    outcomes.append(build_outcome(call))
                self._forget(call)
        return outcomes

    @property
    def has_ending_calls(self) -> bool:
        """True if calls are over that `take_outcomes` has still to deal with."""
        return bool(self._ending)

    def count_lines(self, trunk: str = "") -> LineCounts:
        """Return the lines in use: the channels of `trunk`, or all calls if it is empty."""
        ours = others = channels = 0
        for call in self._calls.values():
            up = [leg for leg in call.legs.values() if not leg.is_over]
            lines = sum(is_trunk_channel(trunk, leg.name) for leg in up) if trunk else bool(up)
            channels += len(up)
            if call.is_ours:
                ours += lines
            else:
                others += lines
        return LineCounts(ours, others, channels)

    def call_starts(self) -> dict[tuple[str, str, str | None], datetime]:
        """Return when the last call of each number, context and code (as in `AttemptOutcome`) began.

        Only our calls whose outcomes have not been taken; not those whose channel we have named, as these are certain.
        """
        begun: dict[tuple[str, str, str | None], datetime] = {}
        for linkedid, call in self._calls.items():
            if call.is_ours and not is_channel_id(linkedid):
                key, at = (call.number, call.context, call.code), call.first.begun or call.seen
                begun[key] = max(at, begun.get(key, at))
        return begun

    def linkedids(self) -> set[str]:
        """Return the calls that are up, or over with an outcome that has not been taken."""
        return set(self._calls)

    def hung_up(self, linkedids: Iterable[str]) -> set[str]:
        """Return the given calls that have no channel left."""
        return {
            linkedid
            for linkedid in linkedids
            if linkedid in self.gone or ((call := self._calls.get(linkedid)) and call.is_over)
        }

    # -- events

    def _newchannel(self, event: Event, now: datetime) -> None:
        leg = self._leg(
            _text(event, "Uniqueid"), _text(event, "Linkedid"), now, name=_text(event, "Channel"), begun=now
        )
        if leg:
            self._state(leg, event, now)

    def _newstate(self, event: Event, now: datetime) -> None:
        if leg := self._leg(_text(event, "Uniqueid"), _text(event, "Linkedid"), now, name=_text(event, "Channel")):
            self._state(leg, event, now)

    def _state(self, leg: Leg, event: Event, now: datetime) -> None:
        state = _text(event, "ChannelStateDesc")
        if state == "Ringing":
            leg.rang = min(leg.rang or now, now)
        elif state == "Up":
            leg.up = True

    def _rename(self, event: Event, _now: datetime) -> None:
        if call := self._home.get(_text(event, "Uniqueid")):
            call.legs[_text(event, "Uniqueid")].name = _text(event, "Newname")

    def _dial_begin(self, event: Event, now: datetime) -> None:
        by = self._leg(_text(event, "Uniqueid"), _text(event, "Linkedid"), now, name=_text(event, "Channel"))
        dialled = self._dialled(event, now)
        if dialled and by:
            dialled.dialled_by = by.uid
            by.dials = by.dials or now

    def _dial_state(self, event: Event, now: datetime) -> None:
        dialled = self._dialled(event, now)
        if dialled is None:
            return
        dialled.spoke = True
        if _text(event, "DialStatus") == "RINGING":
            dialled.rang = min(dialled.rang or now, now)

    def _dial_end(self, event: Event, now: datetime) -> None:
        dialled = self._dialled(event, now)
        if dialled and not dialled.status:
            dialled.status = _text(event, "DialStatus")
            call = self._home[dialled.uid]
            if dialled.uid == call.linkedid and dialled.status == "ANSWER":
                call.answered = now

    def _hangup(self, event: Event, now: datetime) -> None:
        leg = self._leg(_text(event, "Uniqueid"), _text(event, "Linkedid"), now, name=_text(event, "Channel"))
        if leg and leg.ended is None:
            leg.ended, leg.cause, leg.lost = now, _code(event, "Cause"), False
            leg.sip_code = _code(event, "TechCause") if leg.is_sip else 0
            self._note_if_over(self._home[leg.uid])

    def _soft_hangup_request(self, event: Event, _now: datetime) -> None:
        call = self._home.get(_text(event, "Uniqueid"))
        if call and _code(event, "Cause") == _SHUTDOWN:
            call.stopped = True

    def _user_event(self, event: Event, now: datetime) -> None:
        kind = _text(event, "UserEvent")
        if kind not in ("ObzvonAnswer", "ObzvonNotPlayed"):
            return
        leg = self._leg(_text(event, "Uniqueid"), _text(event, "Linkedid"), now, name=_text(event, "Channel"))
        if leg and kind == "ObzvonNotPlayed":
            self._home[leg.uid].not_played = True
        elif leg and not self._home[leg.uid].key and _KEY.fullmatch(_text(event, "Key")):
            self._home[leg.uid].key = _text(event, "Key")

    # -- calls and their legs

    def _dialled(self, event: Event, now: datetime) -> Leg | None:
        return self._leg(
            _text(event, "DestUniqueid"), _text(event, "DestLinkedid"), now, name=_text(event, "DestChannel")
        )

    def _leg(self, uid: str, linkedid: str, now: datetime, *, name: str, begun: datetime | None = None) -> Leg | None:
        """Return the leg that an event is about, tracked from its first event; None for one that is gone."""
        call = self._home.get(uid)
        if call is None:
            if not uid or not linkedid or uid in self.gone or len(self._home) >= MAX_CHANNELS:
                return None
            call = self._calls.setdefault(linkedid, TrackedCall(linkedid, now))
            call.legs[uid] = Leg(uid)
            self._home[uid] = call
            if begun is None and uid == linkedid:  # its Newchannel was missed, and perhaps the call's other channels
                call.gap = now
        leg = call.legs[uid]
        if name and not leg.name:
            leg.name = name
            if uid == call.linkedid:
                self._recognise(call, name)
        leg.begun = leg.begun or begun
        call.seen = now
        return leg

    def _recognise(self, call: TrackedCall, name: str) -> None:
        """Mark a call as ours if its first leg is L1 of a number in one of our contexts."""
        number, context = parse_first_leg(name) or ("", "")
        if context in self._contexts and _NUMBER.fullmatch(number):
            call.number, call.context = number, context
            self.new_calls.append((call.linkedid, name, context))

    def _note_if_over(self, call: TrackedCall) -> None:
        if call.is_over:
            self._ending[call.linkedid] = call

    def _forget(self, call: TrackedCall) -> None:
        self._ending.pop(call.linkedid, None)
        self._calls.pop(call.linkedid, None)
        for uid in call.legs:
            self._home.pop(uid, None)
            self.gone[uid] = None
            self._gone_order.append(uid)
        while len(self._gone_order) > _MAX_FORMER_CHANNELS:
            self.gone.pop(self._gone_order.popleft(), None)


def is_trunk_channel(trunk: str, channel: str) -> bool:
    """Return whether a channel belongs to a trunk.

    `PJSIP/a` has `PJSIP/a-00000001`, but neither `PJSIP/ab-00000001` nor `PJSIP/a-b-00000001`.
    """
    if not channel.startswith(trunk):
        return False
    rest = channel[len(trunk) :].rpartition("-")[0]
    return not rest or rest.startswith("/") or not trunk[-1:].isalnum()


def _text(event: Event, name: str) -> str:
    """Return a field of an event, the first value if the event has it twice."""
    value = event.get(name, "")
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""


def _code(event: Event, name: str) -> int:
    """Return a number of up to three digits, 0 for anything else."""
    value = _text(event, name)
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 4 else 0


def _seconds(duration: str) -> int:
    found = _TIMES.fullmatch(duration)
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3]) if found else 0
