"""What is in use at this moment: our own calls in progress, and, where AMI tells them, the channels of the PBX.

Our files in the spool, and what was originated and is not over, are our calls in progress, but for one whose Local pair
has optimised itself away: of that the channels alone know. A call is there from the moment of its hand-over, a channel
only a little later. So of both counts of ours the greater one is right.
"""

from collections.abc import Callable
from typing import Protocol

from obzvon.pacing import Reading


class InUse(Protocol):
    """Lines in use, counted in calls."""

    @property
    def ours(self) -> int:
        """Those of our calls."""

    @property
    def others(self) -> int:
        """Other people's."""


class Channels(Protocol):
    """Who counts the channels of the PBX."""

    def channels(self) -> InUse | None:
        """What is in use; None while nobody knows."""


class Gauge:
    """Both counts; `present` lists our calls in progress."""

    def __init__(self, present: Callable[[], list[str]], channels: Channels | None = None) -> None:
        self._present = present
        self._channels = channels
        self._others = 0
        self.by_channels = False
        """Whether the last look was answered by the channels too."""

    def look(self) -> Reading:
        """What is in use now. While the channels are silent, other people's calls count as they did last."""
        seen = self._channels.channels() if self._channels else None
        ours = len(self._present())
        self.by_channels = seen is not None
        if seen is not None:
            ours, self._others = max(ours, seen.ours), seen.others
        return Reading(ours, self._others)
