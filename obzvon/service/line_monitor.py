"""Counts the lines in use, and logs when Asterisk stops reporting them."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.line_usage import AmiConnectionState, CountedBy, LineUsage
from obzvon.domain.pacing import LinesInUse, Pace
from obzvon.settings.ami import AmiSettings as Configured


class LineUsageSource(Protocol):
    """Lines in use, counted in calls."""

    @property
    def ours(self) -> int:
        """Those of our calls."""

    @property
    def others(self) -> int:
        """Other people's."""


class ChannelCounter(Protocol):
    """Who counts the channels of the PBX."""

    def lines_in_use(self) -> LineUsageSource | None:
        """What is in use; None while nobody knows."""


class LineCounter:
    """Both counts; `present` lists our calls in progress."""

    def __init__(self, present: Callable[[], list[str]], channels: ChannelCounter | None = None) -> None:
        self._present = present
        self._channels = channels
        self._others = 0
        self.includes_channels = False
        """Whether the last look was answered by the channels too."""

    def count(self) -> LinesInUse:
        """What is in use now. While the channels are silent, other people's calls count as they did last."""
        seen = self._channels.lines_in_use() if self._channels else None
        ours = len(self._present())
        self.includes_channels = seen is not None
        if seen is not None:
            ours, self._others = max(ours, seen.ours), seen.others
        return LinesInUse(ours, self._others)


log = logging.getLogger("obzvon")

_REPEATED = timedelta(minutes=10)
"""A link that falls silent again within this time is not told again."""


class LinkStatus(Protocol):
    """How a link stands."""

    @property
    def up(self) -> bool:
        """Whether events come."""

    @property
    def since(self) -> datetime:
        """Since when it is so."""

    @property
    def problem(self) -> Problem | None:
        """What is wrong where they do not."""


class LinkMonitor(Protocol):
    """Who knows how the link stands."""

    def status(self) -> LinkStatus:
        """At this moment."""


class LineMonitor:
    """The line_counter, and the link where one is configured."""

    def __init__(
        self, line_counter: LineCounter, configured: Configured | None = None, link: LinkMonitor | None = None
    ) -> None:
        self._line_counter = line_counter
        self._link = link
        ami = configured or Configured()
        self._counts = CountedBy.TRUNK if ami.trunk else CountedBy.GROUP if ami.group else CountedBy.PBX
        self._changed: tuple[bool, datetime] | None = None
        self._silent = False
        self._told: datetime | None = None

    def read_usage(self, now: datetime, pace: Pace) -> LineUsage:
        """What they show; raises OSError where the spool cannot be looked at."""
        reading = self._line_counter.count()
        told = self._line_counter.includes_channels
        by = self._counts if told else CountedBy.SPOOL
        readout = LineUsage(pace=pace, ours=reading.ours, others=reading.others, by=by, ami=self._ami(now, told=told))
        self._tell(readout, now)
        return readout

    def _ami(self, now: datetime, *, told: bool) -> AmiConnectionState | None:
        if self._link is None:
            return None
        state = self._link.status()
        if state.up == told:
            self._changed = None
            return AmiConnectionState(
                told, state.since, state.problem.message() if state.problem and not told else None
            )
        if self._changed is None or self._changed[0] != told:  # it stands, and has not been heard for some seconds
            self._changed = told, now
        return AmiConnectionState(told, self._changed[1])

    def _tell(self, readout: LineUsage, now: datetime) -> None:
        if readout.is_silent and not self._silent and readout.pace.is_bounded:
            if self._told is not None and timedelta() <= now - self._told < _REPEATED:
                return
            self._silent, self._told = True, now
            log.warning(
                "%s",
                say("Asterisk does not tell the lines in use: {consequence}", consequence=readout.describe_fallback()),
            )
        elif self._silent and not readout.is_silent:
            self._silent = False
            log.info(
                "%s",
                say("Asterisk tells the lines in use again; they are counted {how}", how=readout.describe_counting()),
            )
