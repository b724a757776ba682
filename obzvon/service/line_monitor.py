"""Counts the lines in use, and logs when Asterisk stops reporting them."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.line_usage import AmiConnectionState, CountedBy, LineUsage
from obzvon.domain.pacing import LinesInUse, Pace
from obzvon.settings.ami import AmiSettings

log = logging.getLogger("obzvon")

#: A connection that falls silent again within this time is not logged again.
_NOT_LOGGED_AGAIN = timedelta(minutes=10)


class LineUsageSource(Protocol):
    """Lines in use, counted in calls."""

    @property
    def ours(self) -> int:
        """Our calls."""

    @property
    def others(self) -> int:
        """Other people's calls."""


class ChannelCounter(Protocol):
    """Counts the channels of the PBX."""

    def lines_in_use(self) -> LineUsageSource | None:
        """Return the lines in use, None while they are unknown."""


class LineCounter:
    """Counts our calls by their files or orders, and everybody's by the channels of the PBX.

    `calls_in_progress` lists our calls. It misses those whose Local channels were optimised away, and channels appear a
    little late, so the larger count of ours is taken.
    """

    def __init__(self, calls_in_progress: Callable[[], list[str]], channels: ChannelCounter | None = None) -> None:
        self.calls_in_progress = calls_in_progress
        self._channels = channels
        self._others = 0
        #: True if the last count included the channels.
        self.includes_channels = False

    def count(self) -> LinesInUse:
        """Return the lines in use. While the channels are unknown, other people's calls count as they did last."""
        counted = self._channels.lines_in_use() if self._channels else None
        ours = len(self.calls_in_progress())
        self.includes_channels = counted is not None
        if counted is not None:
            ours, self._others = max(ours, counted.ours), counted.others
        return LinesInUse(ours, self._others)


class ConnectionState(Protocol):
    """The state of the AMI connection."""

    @property
    def up(self) -> bool:
        """True while events arrive."""

    @property
    def since(self) -> datetime:
        """The moment when the state last changed."""

    @property
    def problem(self) -> Problem | None:
        """The problem, if events do not arrive."""


class Connection(Protocol):
    """The AMI connection."""

    def status(self) -> ConnectionState:
        """Return its current state."""


class LineMonitor:
    """Reads the line counter, and the AMI connection if one is configured."""

    def __init__(
        self, line_counter: LineCounter, ami_settings: AmiSettings | None = None, ami: Connection | None = None
    ) -> None:
        self._line_counter = line_counter
        self._ami = ami
        ami_settings = ami_settings or AmiSettings()
        self._counted_by = (
            CountedBy.TRUNK if ami_settings.trunk else CountedBy.GROUP if ami_settings.group else CountedBy.PBX
        )
        self._differs_since: tuple[bool, datetime] | None = None
        self._is_silent = False
        self._logged_at: datetime | None = None

    def read_usage(self, now: datetime, pace: Pace) -> LineUsage:
        """Return the lines in use and the state of the AMI connection. Raise OSError if the spool cannot be read."""
        lines = self._line_counter.count()
        is_heard = self._line_counter.includes_channels
        usage = LineUsage(
            pace=pace,
            ours=lines.ours,
            others=lines.others,
            by=self._counted_by if is_heard else CountedBy.SPOOL,
            ami=self._ami_state(now, is_heard=is_heard),
        )
        self._log_silence(usage, now)
        return usage

    def _ami_state(self, now: datetime, *, is_heard: bool) -> AmiConnectionState | None:
        """Return whether AMI reports the lines in use, which it may fail to do while the connection is up."""
        if self._ami is None:
            return None
        state = self._ami.status()
        if state.up == is_heard:
            self._differs_since = None
            problem = state.problem.message() if state.problem and not is_heard else None
            return AmiConnectionState(is_heard, state.since, problem)
        if self._differs_since is None or self._differs_since[0] != is_heard:
            self._differs_since = is_heard, now
        return AmiConnectionState(is_heard, self._differs_since[1])

    def _log_silence(self, usage: LineUsage, now: datetime) -> None:
        if usage.is_silent and not self._is_silent and usage.pace.is_bounded:
            if self._logged_at is not None and timedelta() <= now - self._logged_at < _NOT_LOGGED_AGAIN:
                return
            self._is_silent, self._logged_at = True, now
            log.warning(
                "%s",
                say("Asterisk does not report the lines in use: {consequence}", consequence=usage.describe_fallback()),
            )
        elif self._is_silent and not usage.is_silent:
            self._is_silent = False
            log.info(
                "%s",
                say("Asterisk reports the lines in use again; they are counted {how}", how=usage.describe_counting()),
            )
