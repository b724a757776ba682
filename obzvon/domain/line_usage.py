"""What the service read last: the lines in use, its link to Asterisk, and the pace that goes by them. Pure.

The service leaves it in its sign of life, and whoever looks from outside words it by this.
"""

import enum
from datetime import datetime

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.pacing import Capacity, LinesInUse, Pace


class CountedBy(enum.StrEnum):
    """What lines in use are counted by."""

    SPOOL = "spool"
    """Our own calls in progress, by what we know of them ourselves: files in the spool, or orders."""
    TRUNK = "trunk"
    GROUP = "group"
    PBX = "pbx"


class AmiConnectionState(msgspec.Struct, frozen=True):
    """Whether Asterisk's manager interface tells the lines in use, since when it is so, and what is wrong if not."""

    up: bool
    since: datetime
    problem: Message | None = None

    @property
    def state(self) -> str:
        """In one word, as programs have it."""
        return "up" if self.up else "down"


class LineUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Lines in use, in calls; other people's as they were told last. `ami` is None where none is configured."""

    pace: Pace
    ours: int = 0
    others: int = 0
    by: CountedBy = CountedBy.SPOOL
    ami: AmiConnectionState | None = None

    @property
    def in_use(self) -> int:
        """All of them."""
        return self.ours + self.others

    @property
    def ceiling(self) -> Capacity | None:
        """What bounds the pace; None where nothing does."""
        return self.pace.ceiling if self.pace.is_bounded else None

    @property
    def free(self) -> int | None:
        """How many more calls of ours there is room for; None where nothing bounds them."""
        return self.ceiling.free(LinesInUse(self.ours, self.others)) if self.ceiling else None

    @property
    def is_worth_showing(self) -> bool:
        """Whether it says more than how many calls are in progress: something bounds them, or should tell of others."""
        return self.pace.is_bounded or self.ami is not None

    @property
    def is_silent(self) -> bool:
        """Whether Asterisk should tell the lines in use, and does not."""
        return self.ami is not None and not self.ami.up

    def describe(self) -> Message:
        """The lines in use as an operator reads them."""
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
        """What they are counted by."""
        return _COUNTED[self.by]

    def describe_ami(self, since: object) -> Message:
        """How the link stands; `since` is its moment as the reader's clock shows it."""
        if self.ami is None:
            return say("not configured")
        if self.ami.up:
            return say("connected since {time}", time=since)
        return say("silent since {time}: {consequence}", time=since, consequence=self.describe_fallback())

    def describe_fallback(self) -> Message:
        """How calls are handed over while Asterisk does not tell what is in use."""
        if not self.pace.is_bounded:
            return say("the pace does not depend on it, and how calls end is not known meanwhile")
        if self.pace.ceiling.lines is None:
            return say("only our own calls are counted")
        return say(
            "only our own calls are counted, and other people's calls as they were last: {others}", others=self.others
        )

    def lines_as_dict(self, language: str) -> dict[str, object]:
        """The lines as the JSON interfaces have them."""
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


def encode_line_usage(readout: LineUsage) -> str:
    """As it is kept."""
    return msgspec.json.encode(readout).decode()


def decode_line_usage(text: str) -> LineUsage | None:
    """The other way; None where there is none, or one of another version."""
    try:
        return msgspec.json.decode(text, type=LineUsage) if text else None
    except msgspec.DecodeError:
        return None
