"""Pace of a run: how many calls may go now, and how long the run takes. Pure."""

import enum
import math
from datetime import datetime, timedelta

import msgspec

from obzvon.common.i18n import Message, say

#: The most calls handed over at once. A larger bundle is several batches without a delay between them.
#: It bounds how long a stop or a pause waits, and how much an interrupted hand-over leaves to recover.
MAX_BATCH = 1000

#: Time until a full PBX is checked again: a line is idle for a few thousandths of a talk.
RECHECK_SECONDS = 0.05

#: In the adaptive mode the calls of this time go together: at 100 a second, 10 calls ten times a second.
_SLICE_SECONDS = 0.1


class PaceMode(enum.StrEnum):
    """Rule by which the next bundle is chosen."""

    #: A bundle every timeout, however busy the PBX is.
    FIXED = "fixed"
    #: A bundle every timeout, cut to what is free.
    THROTTLED = "throttled"
    #: As soon as there is room, up to a rate.
    ADAPTIVE = "adaptive"


class LinesInUse(msgspec.Struct, frozen=True):
    """Lines in use, counted in calls: `ours`, and `others` of the PBX or the trunk, if they are counted."""

    ours: int
    others: int = 0


class Capacity(msgspec.Struct, frozen=True):
    """Bounds that must never be exceeded, counted in calls; None = no such bound.

    `lines` is what the trunk or the PBX carries in all, `reserve` is how much of it stays free for the office, `limit`
    is the most that is ours.
    """

    lines: int | None = None
    reserve: int = 0
    limit: int | None = None

    @property
    def is_set(self) -> bool:
        """Return whether it bounds anything."""
        return self.lines is not None or self.limit is not None

    @property
    def max_ours(self) -> int | None:
        """Return the most calls that can be ours while nobody else calls; None = no bound."""
        bounds = [self.limit] if self.limit is not None else []
        if self.lines is not None:
            bounds.append(max(0, self.lines - self.reserve))
        return min(bounds, default=None)

    def free(self, in_use: LinesInUse) -> int | None:
        """Return how many more calls there is room for; None = no bound.

        Other people's calls count against the lines, not against the limit.
        """
        rooms = [self.limit - in_use.ours] if self.limit is not None else []
        if self.lines is not None:
            rooms.append(self.lines - self.reserve - in_use.ours - in_use.others)
        return max(0, min(rooms)) if rooms else None

    def batch_room(self, in_use: LinesInUse) -> int:
        """Return how many calls may go in the next batch."""
        free = self.free(in_use)
        return MAX_BATCH if free is None else min(MAX_BATCH, free)


class Pace(msgspec.Struct, frozen=True):
    """Size of a bundle and the delay in seconds to the next; `rate` is the adaptive mode's calls per second."""

    bundle: int
    delay: float
    mode: PaceMode = PaceMode.FIXED
    rate: float = 10.0
    ceiling: Capacity = Capacity()

    @property
    def is_bounded(self) -> bool:
        """Return whether the lines in use have to be checked before a bundle goes."""
        return self.mode is not PaceMode.FIXED and self.ceiling.is_set

    @property
    def bundle_size(self) -> int:
        """Return the number of calls in a whole bundle."""
        return max(1, int(self.rate * _SLICE_SECONDS)) if self.mode is PaceMode.ADAPTIVE else self.bundle

    @property
    def interval(self) -> float:
        """Return the seconds from a whole bundle to the next."""
        return self.bundle_size / self.rate if self.mode is PaceMode.ADAPTIVE else self.delay

    def seconds_until_next(self, now: datetime, last: datetime | None, calls: int | None = None) -> float:
        """Return the seconds until the next bundle may go; the last one, of `calls` calls, went at `last`.

        A clock set back delays nothing. In the adaptive mode the wait after a smaller bundle is shorter in proportion.
        """
        if last is None or now < last:
            return 0.0
        step = calls / self.rate if calls is not None and self.mode is PaceMode.ADAPTIVE else self.interval
        return max(0.0, step - (now - last).total_seconds())

    def count_bundles(self, calls: int) -> int:
        """Return how many bundles `calls` calls make."""
        return math.ceil(calls / self.bundle_size)

    def duration(self, calls: int) -> timedelta:
        """Return the time from the first bundle to the last, if none is cut or held up."""
        return timedelta(seconds=max(0, self.count_bundles(calls) - 1) * self.interval)

    def describe(self) -> Message:
        """Return the pace as a sentence."""
        if self.mode is PaceMode.ADAPTIVE:
            words = say("as soon as there is room, up to {rate} calls a second", rate=_short(self.rate))
        else:
            words = say("bundles of {size} calls, {step} s apart", size=self.bundle_size, step=_short(self.interval))
        if not self.is_bounded:
            return words
        return say("{pace}, at most {most} calls at once", pace=words, most=self.ceiling.max_ours or 0)


def _short(value: float) -> str:
    return f"{value:g}"
