"""Calls and lines as Asterisk's events show them, for any thread to read."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

from obzvon.asterisk.ami.call_tracker import CallTracker, LineCounts
from obzvon.asterisk.ami.connection import AmiConnection, Message
from obzvon.asterisk.ami.originate import is_channel_id
from obzvon.asterisk.ami.outcomes import AttemptOutcome, HeardSpan
from obzvon.settings.ami import AmiSettings

# Outcomes that wait to be taken. A service that takes them later than that loses the oldest.
MAX_OUTCOMES = 100_000


class CallView:
    """A thread-safe `CallTracker` with the outcomes that nobody has taken yet.

    `ordinary` and `coded` are the contexts of the two kinds of call files. The service reads it from any thread; the
    loop of the connection feeds it. Without a connection nothing is known, and counts are None.
    """

    def __init__(
        self, ami: AmiSettings, ordinary: str, coded: str, *, clock: Callable[[], datetime], fresh_seconds: float
    ) -> None:
        self._ami = ami
        self._ordinary = ordinary
        self._coded = coded
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._lock = threading.Lock()
        self._tracker = CallTracker({ordinary, coded})
        self._outcomes: deque[AttemptOutcome] = deque(maxlen=MAX_OUTCOMES)
        self._connection: AmiConnection | None = None
        self._listening_since: datetime | None = None
        self._heard_until: datetime | None = None
        self._heard_before: HeardSpan | None = None
        # GROUP_COUNT, and how many of those lines were ours when it was read.
        self._group_count: tuple[int, int] | None = None
        #: Called in the connection's thread whenever outcomes wait to be taken.
        self.on_outcomes: Callable[[], None] = _do_nothing

    # -- for the service, from any thread

    @property
    def connection(self) -> AmiConnection | None:
        """The connection that is up, None while there is none."""
        return self._connection

    def is_fresh(self) -> bool:
        """Return whether the connection is up and something was heard not long ago."""
        with self._lock:
            return self._is_fresh()

    def lines_in_use(self) -> LineCounts | None:
        """Return the lines in use now, None where that is unknown: the connection is down or has been silent."""
        with self._lock:
            if not self._is_fresh():
                return None
            lines = self._tracker.count_lines(self._ami.trunk)
            if not self._ami.group:
                return lines
            if self._group_count is None:
                return None
            count, ours = self._group_count
            return LineCounts(lines.ours, max(0, count - ours), lines.channels)

    def take_outcomes(self) -> list[AttemptOutcome]:
        """Return the outcomes since the last call of this, oldest first, and forget them."""
        with self._lock:
            outcomes = list(self._outcomes)
            self._outcomes.clear()
            return outcomes

    def has_outcomes(self) -> bool:
        """Return whether outcomes wait to be taken."""
        return bool(self._outcomes)

    def call_starts(self) -> dict[tuple[str, str, str | None], datetime]:
        """Return when the last call of each number, context and code (None = unknown) began.

        Only our calls that are up, or whose outcome is not ready yet.
        """
        with self._lock:
            return self._tracker.call_starts() if self._connection else {}

    def has_listened_since(self, moment: datetime) -> bool:
        """Return whether the connection is up and has shown every event since that moment.

        Then a call without an outcome has not ended yet.
        """
        since = self._listening_since
        return since is not None and since <= moment

    def heard_before_loss(self) -> HeardSpan | None:
        """Return what the last connection that was lost had shown until then; None if none was."""
        return self._heard_before

    def listening_since(self) -> datetime | None:
        """Return since when every event is heard; None while events are missed."""
        return self._listening_since

    def heard_until(self) -> datetime | None:
        """Return the moment up to which all events have been heard; None while the connection is down."""
        return self._heard_until

    def linkedids(self) -> set[str]:
        """Return the Linkedids of the calls that are up, or over without a ready outcome."""
        with self._lock:
            return self._tracker.linkedids()

    def hung_up(self, linkedids: Collection[str]) -> set[str]:
        """Return the given calls that have no channel left."""
        with self._lock:
            return self._tracker.hung_up(linkedids)

    # -- for the connection, in its loop

    def attach(self, connection: AmiConnection) -> None:
        """Trust what this connection shows from now on."""
        with self._lock:
            self._connection = connection

    def detach(self) -> None:
        """Mark everything as unknown: the connection is lost."""
        with self._lock:
            now = self._clock()
            if self._connection is not None and self._listening_since is not None:
                until = now - timedelta(seconds=self._connection.silent_seconds())
                self._heard_before = HeardSpan(self._listening_since, until, self._tracker.call_starts())
            self._connection = self._group_count = self._listening_since = self._heard_until = None
            self._tracker.mark_gap(now)

    def feed(self, event: Message) -> None:
        """Take in one event."""
        with self._lock:
            self._tracker.feed(event, self._clock())

    def has_ending_calls(self) -> bool:
        """Return whether an ended call still has no outcome."""
        return self._tracker.has_ending_calls

    def has_new_calls(self) -> bool:
        """Return whether there are new calls, so that Asterisk must be asked for their extension codes."""
        return bool(self._tracker.new_calls)

    def settle(self) -> None:
        """Make the outcomes of the calls that are over ready to be taken."""
        with self._lock:
            if self._tracker.has_ending_calls:
                now = self._clock()
                outcomes = self._tracker.take_outcomes(now)
                if len(self._outcomes) + len(outcomes) > MAX_OUTCOMES and self._listening_since:
                    self._listening_since = now
                self._outcomes.extend(outcomes)
        if self._outcomes:
            self.on_outcomes()

    def channels_up(self) -> frozenset[str]:
        """Return the channels that are held to be up; ask before the list of channels is asked for."""
        with self._lock:
            return self._tracker.channels_up()

    def reconcile(self, channels: Iterable[Message], before: Collection[str], *, is_first: bool) -> int:
        """Correct the view by a whole list of channels; return how many channels came unannounced."""
        with self._lock:
            return self._tracker.reconcile(channels, before, self._clock(), is_first=is_first)

    def set_listening_since(self, moment: datetime) -> None:
        """Note that every event since that moment has been heard."""
        self._listening_since = moment

    def set_heard_until(self, moment: datetime) -> None:
        """Note that all events up to that moment have been heard."""
        self._heard_until = moment

    def set_group_count(self, value: str) -> None:
        """Take in GROUP_COUNT, with how many of ours are up: until the next one ours are known by their events."""
        with self._lock:
            ours = self._tracker.count_lines().ours
            self._group_count = (int(value), ours) if value.isdecimal() else None

    def take_calls_without_code(self) -> list[tuple[str, str]]:
        """Return the new calls without a known extension code, as (Linkedid, channel), each once.

        Calls in the ordinary context have no code, unless both kinds of calls share one context.
        """
        with self._lock:
            new = [call for call in self._tracker.new_calls if not is_channel_id(call[0])]
            self._tracker.new_calls.clear()
            if self._ordinary != self._coded:
                for linkedid, _, context in new:
                    if context == self._ordinary:
                        self._tracker.set_code(linkedid, "")
        return [(linkedid, channel) for linkedid, channel, context in new if context == self._coded]

    def may_lack_code(self) -> bool:
        """Return whether a call in the context of coded calls may have no code."""
        return self._ordinary == self._coded

    def set_code(self, linkedid: str, code: str) -> None:
        """Note the extension code of a call."""
        with self._lock:
            self._tracker.set_code(linkedid, code)

    def _is_fresh(self) -> bool:
        return self._connection is not None and self._connection.silent_seconds() <= self._fresh_seconds


def _do_nothing() -> None:
    """Ignore outcomes until the service asks for them."""
