"""How many calls may go now, and when a run will be through. Pure."""

import math
from datetime import datetime, timedelta

import msgspec

HANDFUL = 1000
"""Calls handed over in one go at the most; a larger bundle is several of these without a delay between them.

It bounds how long a stop or a pause waits, and what an interrupted hand-over leaves to be looked through.
"""


class Pace(msgspec.Struct, frozen=True):
    """A bundle of calls, a delay in seconds, the next bundle."""

    bundle: int
    delay: float

    def wait(self, now: datetime, last: datetime | None) -> float:
        """Seconds until the next bundle may go, when the last one went at `last`; a clock set back delays nothing."""
        if last is None or now < last:
            return 0.0
        return max(0.0, self.delay - (now - last).total_seconds())

    def bundles(self, calls: int) -> int:
        """How many bundles that many calls are."""
        return math.ceil(calls / self.bundle)

    def lasts(self, calls: int) -> timedelta:
        """From the first bundle to the last: there is no delay after the last one."""
        return timedelta(seconds=max(0, self.bundles(calls) - 1) * self.delay)
