"""Notices that Asterisk takes call files without making calls of them, as it does while it stops.

From `core stop gracefully` until its last call ends, Asterisk makes no channel any more, but pbx_spool still takes each
file and expires it within a millisecond.
"""

from datetime import datetime, timedelta

from obzvon.asterisk.process import AsteriskIdentity
from obzvon.asterisk.transport.base import TransportUnavailableError
from obzvon.common.errors import Problem
from obzvon.common.i18n import say

#: Between two calls that are handed over to see whether they are made again.
_PROBE_EVERY = timedelta(seconds=60)
#: A file that is gone this long has had its events; of several gone at once not all can be late.
_SURE_AFTER = timedelta(seconds=0.5)
_SURE_FROM = 3
#: Files are looked at each second; a suspicion that is not renewed then was wrong.
_SUSPECTED_FOR = timedelta(seconds=2)


class StopWatch:
    """Holds the hand-over from the first call that was not made until one is made, or until another Asterisk runs."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._held_at: datetime | None = None
        self._probed_at: datetime | None = None
        self._asterisk: AsteriskIdentity | None = None
        self._changed_at: datetime | None = None
        # Events show that no calls are made; else it is only that they end at once.
        self._is_certain = True
        # Files of which no call is heard, in the current look, and when there were too many of them.
        self._suspects = 0
        self._suspected_at: datetime | None = None

    @property
    def is_probing(self) -> bool:
        """True if the next call is a probe, and no other may go with it."""
        return self._held_at is not None

    def ensure_open(self, now: datetime) -> None:
        """Raise TransportUnavailableError while calls are not made, but for one probe a minute.

        For a moment also while that is only suspected, so that few files are lost until it is known.
        """
        if self._suspected_at is not None and timedelta() <= now - self._suspected_at < _SUSPECTED_FOR:
            raise self.unavailable(is_transient=True)
        last = self._probed_at or self._held_at
        if last is not None and timedelta() <= now - last < _PROBE_EVERY:
            raise self.unavailable()

    def unavailable(self, *, is_transient: bool = False) -> TransportUnavailableError:
        """Return the error while calls are not made."""
        what = say("Asterisk takes the call files and makes no calls: it is shutting down")
        remedy = say(
            "the hand-over continues by itself when Asterisk is running again; calls that were not made go again"
        )
        if not self._is_certain:
            what = say(
                "Asterisk ends every call at once: it is shutting down, or its trunk or dialplan refuses all of them"
            )
            remedy = say(
                "see what is wrong: obzvon check; one call a minute is made, and the hand-over continues by itself as "
                "soon as one lasts; calls that were not made go again"
            )
        return TransportUnavailableError([Problem(self._where, what, remedy)], is_transient=is_transient)

    def note_sent(self, now: datetime) -> None:
        """Note a probe that was handed over."""
        self._probed_at = now

    def note_not_made(self, handed_at: datetime, now: datetime, *, is_certain: bool = True) -> None:
        """Note a call that was not made; one of before the hold, or of an earlier Asterisk, says nothing new."""
        if self._changed_at is not None and handed_at <= self._changed_at <= now:
            return
        if self._held_at is None or handed_at > self._held_at:
            self._held_at = now
            self._is_certain = is_certain

    def note_made(self, handed_at: datetime) -> None:
        """End a hold that no events explain because a call that was handed over since is made."""
        if not self._is_certain and self._held_at is not None and handed_at >= self._held_at:
            self._held_at = self._probed_at = None

    def suspect(self, now: datetime, gone_for: timedelta) -> None:
        """Note a file that has gone, of whose call nothing is heard."""
        self._suspects += 1
        if self._suspects >= _SURE_FROM or gone_for >= _SURE_AFTER:
            self._suspected_at = now

    def observe(self, now: datetime, running: AsteriskIdentity | None, last_call: datetime | None) -> None:
        """End the hold if another Asterisk runs, or if a call was made since."""
        self._suspects = 0
        if self._held_at is not None and self._held_at > now:  # the clock was set back
            self._held_at = now
        is_another = running is not None and self._asterisk is not None and running != self._asterisk
        self._asterisk = running or self._asterisk
        was_made = self._held_at is not None and last_call is not None and last_call > self._held_at
        if is_another:
            self._changed_at = now
        if is_another or was_made:
            self._held_at = self._probed_at = self._suspected_at = None
