"""Lines in use, the connection to Asterisk and the pace that depends on them, as the service measured them last. Pure.

The service stores them in its heartbeat; pages and commands describe them from there.
"""

import enum
from datetime import datetime

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.brake import RunHold
from obzvon.domain.pacing import Capacity, LinesInUse, Pace


class CountedBy(enum.StrEnum):
    """Source of the count of lines in use."""

    #: Our own calls in progress, from our own records: files in the spool, or orders to AMI.
    SPOOL = "spool"
    TRUNK = "trunk"
    GROUP = "group"
    PBX = "pbx"


class AmiConnectionState(msgspec.Struct, frozen=True):
    """State of the connection to Asterisk's manager interface, since when, and the problem if it is down."""

    up: bool
    since: datetime
    problem: Message | None = None

    @property
    def state(self) -> str:
        """Return the state in one word, as the JSON interfaces have it."""
        return "up" if self.up else "down"


class LineUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Lines in use, in calls; other people's as counted last. `ami` is None if AMI is not configured."""

    pace: Pace
    ours: int = 0
    others: int = 0
    by: CountedBy = CountedBy.SPOOL
    ami: AmiConnectionState | None = None
    #: The run in progress is held; None if it is not.
    hold: RunHold | None = None

    @property
    def in_use(self) -> int:
        """Return all calls."""
        return self.ours + self.others

    @property
    def ceiling(self) -> Capacity | None:
        """Return what bounds the pace; None if nothing does."""
        return self.pace.ceiling if self.pace.is_bounded else None

    @property
    def free(self) -> int | None:
        """Return how many more calls of ours there is room for; None if nothing bounds them."""
        return self.ceiling.free(LinesInUse(self.ours, self.others)) if self.ceiling else None

    @property
    def is_worth_showing(self) -> bool:
        """Return whether it says more than how many calls are in progress: something bounds them, or counts others."""
        return self.pace.is_bounded or self.ami is not None

    @property
    def is_silent(self) -> bool:
        """Return whether Asterisk should report the lines in use, and does not."""
        return self.ami is not None and not self.ami.up

    def describe(self) -> Message:
        """Return the lines in use as a sentence."""
        ceiling = self.ceiling
        if ceiling is None:
            return say("ours {ours}, others {others}", ours=self.ours, others=self.others)
        if ceiling.lines is not None and self.ami is None:
            return say(
                "{used} of {lines}, all ours; free for us {free}", used=self.in_use, lines=ceiling.lines, free=self.free
            )
        if ceiling.lines is None:
            return say("ours {ours} of {limit}, free {free}", ours=self.ours, limit=ceiling.limit, free=self.free)
        return say(
            "{used} of {lines}: ours {ours}, others {others}; free for us {free}",
            used=self.in_use,
            lines=ceiling.lines,
            ours=self.ours,
            others=self.others,
            free=self.free,
        )

    def describe_counting(self) -> Message:
        """Return how the lines are counted."""
        return _COUNTED[self.by]

    def describe_ami(self, since: object) -> Message:
        """Return the state of the AMI connection; `since` is its moment on the reader's clock."""
        if self.ami is None:
            return say("not configured")
        if self.ami.up:
            return say("connected since {time}", time=since)
        return say("silent since {time}: {consequence}", time=since, consequence=self.describe_fallback())

    def describe_fallback(self) -> Message:
        """Return how calls are handed over while Asterisk does not report what is in use."""
        if not self.pace.is_bounded:
            return say("the pace does not depend on it, and how calls end is not known meanwhile")
        if self.pace.ceiling.lines is None:
            return say("only our own calls are counted")
        return say(
            "only our own calls are counted, and other people's calls as they were last: {others}", others=self.others
        )

    def lines_as_dict(self, language: str) -> dict[str, object]:
        """Return the lines with the keys of the JSON interfaces."""
        ceiling = self.ceiling or Capacity()
        return {
            "pacing": self.pace.mode,
            "pace": self.pace.describe().in_language(language),
            "ours": self.ours,
            "others": self.others if self.ami else None,
            "in_use": self.in_use,
            "lines": ceiling.lines,
            "reserve": ceiling.reserve,
            "limit": ceiling.limit,
            "free": self.free,
            "counted_by": self.by,
        }


_COUNTED = {
    CountedBy.SPOOL: say("by our own calls"),
    CountedBy.TRUNK: say("by the channels of the trunk"),
    CountedBy.GROUP: say("by the channels of the group"),
    CountedBy.PBX: say("by all calls of the PBX"),
}


def encode_line_usage(usage: LineUsage) -> str:
    """Return the text to store in the heartbeat."""
    return msgspec.json.encode(usage).decode()


def decode_line_usage(text: str) -> LineUsage | None:
    """Return the stored lines; None if there are none, or if another version stored them."""
    try:
        return msgspec.json.decode(text, type=LineUsage) if text else None
    except msgspec.DecodeError:
        return None
