"""How many calls may go now, and when a run will be through. Pure."""

import enum
import math
from datetime import datetime, timedelta

import msgspec

from obzvon.common.i18n import Message, say

MAX_BATCH = 1000
"""Calls handed over in one go at the most; a larger bundle is several of these without a delay between them.

It bounds how long a stop or a pause waits, and what an interrupted hand-over leaves to be looked through.
"""

RECHECK_SECONDS = 0.05
"""Seconds until a full PBX is looked at again: at this pace a line is idle for a few thousandths of a talk."""

_SLICE = 0.1
"""Seconds whose calls go together in the adaptive mode: a rate of 100 a second is 10 calls ten times a second."""


class PaceMode(enum.StrEnum):
    """How the next bundle is chosen."""

    FIXED = "fixed"
    """A bundle every timeout, whatever the PBX has to do."""
    THROTTLED = "throttled"
    """A bundle every timeout, cut to what is free."""
    ADAPTIVE = "adaptive"
    """As soon as there is room, up to a rate."""


class LinesInUse(msgspec.Struct, frozen=True):
    """What is in use, counted in calls: `ours`, and of the PBX or the trunk `others`, as far as anybody counts them."""

    ours: int
    others: int = 0


class Capacity(msgspec.Struct, frozen=True):
    """What must never be exceeded, counted in calls; None = no such bound.

    `lines` is what the trunk or the PBX carries in all, `reserve` is what of it stays free for the office, `limit` is
    the most that is ours.
    """

    lines: int | None = None
    reserve: int = 0
    limit: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether it bounds anything."""
        return self.lines is not None or self.limit is not None

    @property
    def max_ours(self) -> int | None:
        """The most calls that can be ours while nobody else calls."""
        bounds = [self.limit] if self.limit is not None else []
        if self.lines is not None:
            bounds.append(max(0, self.lines - self.reserve))
        return min(bounds, default=None)

    def free(self, reading: LinesInUse) -> int | None:
        """How many more calls there is room for; other people's count against the lines, not against the limit."""
        rooms = [self.limit - reading.ours] if self.limit is not None else []
        if self.lines is not None:
            rooms.append(self.lines - self.reserve - reading.ours - reading.others)
        return max(0, min(rooms)) if rooms else None

    def batch_room(self, reading: LinesInUse) -> int:
        """How many more calls may go at once."""
        free = self.free(reading)
        return MAX_BATCH if free is None else min(MAX_BATCH, free)


class Pace(msgspec.Struct, frozen=True):
    """A bundle of calls, a delay in seconds, the next bundle; `rate` is the adaptive mode's calls per second."""

    bundle: int
    delay: float
    mode: PaceMode = PaceMode.FIXED
    rate: float = 10.0
    ceiling: Capacity = Capacity()

    @property
    def is_bounded(self) -> bool:
        """Whether what is in use has to be looked at before a bundle goes."""
        return self.mode is not PaceMode.FIXED and self.ceiling.is_set

    @property
    def bundle_size(self) -> int:
        """Calls of a whole bundle."""
        return max(1, int(self.rate * _SLICE)) if self.mode is PaceMode.ADAPTIVE else self.bundle

    @property
    def interval(self) -> float:
        """Seconds from a whole bundle to the next."""
        return self.bundle_size / self.rate if self.mode is PaceMode.ADAPTIVE else self.delay

    def seconds_until_next(self, now: datetime, last: datetime | None, calls: int | None = None) -> float:
        """Seconds until the next bundle may go, when the last one, of so many calls, went at `last`.

        A clock set back delays nothing. In the adaptive mode a bundle that was cut is waited for as much less.
        """
        if last is None or now < last:
            return 0.0
        step = calls / self.rate if calls is not None and self.mode is PaceMode.ADAPTIVE else self.interval
        return max(0.0, step - (now - last).total_seconds())

    def count_bundles(self, calls: int) -> int:
        """How many whole bundles that many calls are."""
        return math.ceil(calls / self.bundle_size)

    def duration(self, calls: int) -> timedelta:
        """From the first bundle to the last, if none is cut or held up: there is no delay after the last one."""
        return timedelta(seconds=max(0, self.count_bundles(calls) - 1) * self.interval)

    def describe(self) -> Message:
        """The pace as an operator reads it."""
        if self.mode is PaceMode.ADAPTIVE:
            words = say("as soon as there is room, up to {rate} calls a second", rate=_short(self.rate))
        else:
            words = say("bundles of {size} calls, {step} s apart", size=self.bundle_size, step=_short(self.interval))
        if not self.is_bounded:
            return words
        return say("{pace}, at most {most} calls at once", pace=words, most=self.ceiling.max_ours or 0)


def _short(value: float) -> str:
    return f"{value:g}"
