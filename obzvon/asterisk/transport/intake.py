"""Notices when a running Asterisk no longer takes call files, and when it does so again.

Asterisk watches the folder that `outgoing` was when it started (inotify). If the folder is deleted and made again under
it, or the kernel's queue of events overflows, files stay unnoticed until Asterisk's next start, which calls them all.
"""

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from obzvon.asterisk.spool import Spool
from obzvon.asterisk.transport.base import TransportUnavailableError
from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say

if TYPE_CHECKING:
    from obzvon.asterisk.process import AsteriskIdentity

log = logging.getLogger("obzvon")

#: A running Asterisk takes a file within milliseconds; a very busy one within seconds.
_TAKEN_WITHIN = timedelta(seconds=30)
#: The same once it is known that files are not taken.
_TAKEN_WITHIN_HELD = timedelta(seconds=5)
#: Between two calls that are handed over to see whether files are taken again.
_PROBE_EVERY = timedelta(seconds=60)
#: Between two looks at what Asterisk watches. They are needed, because a new folder often has the old one's inode.
_LOOK_EVERY = timedelta(seconds=10)

_REMEDY = say(
    "restart Asterisk: systemctl restart asterisk; its module pbx_spool cannot be loaded again by itself. The call "
    "files have been taken out, and their calls go again once Asterisk takes them"
)


class IntakeWatch:
    """Watches whether the Asterisk of this machine takes call files. Without its pid file nothing is judged.

    While it does not, one call a minute is handed over as a probe. It is taken out again if it stays.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        # The running Asterisk, since when it was seen, and the folder that it watches.
        self._asterisk: AsteriskIdentity | None = None
        self._seen_since: datetime | None = None
        self._folder: tuple[int, int] | None = None
        self._looked_at: datetime | None = None
        self._was_watched = False
        self._problem: Problem | None = None
        self._held_at: datetime | None = None
        self._probe = ""
        # The latest hand-over of which Asterisk has taken a file, and when it was reported that one was missed.
        self._taken_of: datetime | None = None
        self._missed_at: datetime | None = None

    @property
    def is_probing(self) -> bool:
        """True if the next call is a probe, and no other may go with it."""
        return self._problem is not None

    def ensure_taken(self, now: datetime) -> None:
        """Raise TransportUnavailableError while files are not taken, but for one probe a minute."""
        self.observe(now)
        if self._problem is None or self._held_at is None:
            return
        if self._probe or timedelta() <= now - self._held_at < _PROBE_EVERY:
            raise self.unavailable()

    def unavailable(self) -> TransportUnavailableError:
        """Return the error while files are not taken."""
        return TransportUnavailableError([self._problem] if self._problem else [])

    def observe(self, now: datetime) -> None:
        """Look whether Asterisk was started again, and whether the folder is still the same."""
        running, folder = self._spool.asterisk_identity(), self._spool.folder_identity()
        if running != self._asterisk:
            self._asterisk, self._seen_since, self._folder = running, now, folder
            self._looked_at, self._was_watched = None, False
            self._release()
        elif running is not None and folder is not None and folder != self._folder:
            self._folder = folder
            if not self._spool.is_watched():
                self._hold(now, say("the folder was replaced under a running Asterisk, which watches the old one"))
        elif running is not None and self._problem is None and self._is_watch_lost(now):
            self._hold(now, say("the folder was replaced under a running Asterisk, which watches the old one"))
        if self._problem is not None and (self._spool.is_watched() or self._was_probe_taken()):
            self._release()

    def _is_watch_lost(self, now: datetime) -> bool:
        """Return whether Asterisk has ceased to watch the folder, as seen every ten seconds."""
        if self._looked_at is not None and timedelta() <= now - self._looked_at < _LOOK_EVERY:
            return False
        self._looked_at = now
        watched = self._spool.is_watched()
        lost = self._was_watched and watched is False
        self._was_watched = watched is True
        return lost

    def note_sent(self, name: str) -> None:
        """Note a probe that was handed over."""
        self._probe = name

    def is_untaken(self, name: str, handed_at: datetime | None, now: datetime) -> bool:
        """Return whether a file has stayed in the spool for too long without its call being begun.

        Without a pid file that is certain only of one that Asterisk has passed over.
        """
        if self.is_passed_over(handed_at):
            return handed_at is not None and now - handed_at >= _TAKEN_WITHIN and self._spool.is_started(name) is False
        if self._asterisk is None or self._seen_since is None:
            return False
        patience = _TAKEN_WITHIN if self._problem is None else _TAKEN_WITHIN_HELD
        since = max(handed_at or self._seen_since, self._seen_since)
        return now - since >= patience and self._spool.is_started(name) is False

    def note_taken(self, handed_at: datetime | None) -> None:
        """Note that Asterisk has taken a file of that hand-over."""
        if handed_at is not None and (self._taken_of is None or handed_at > self._taken_of):
            self._taken_of = handed_at

    def is_passed_over(self, handed_at: datetime | None) -> bool:
        """Return whether Asterisk has taken a file that was handed over later than that."""
        return handed_at is not None and self._taken_of is not None and handed_at < self._taken_of

    def report_missed(self, now: datetime) -> None:
        """Log, once a minute, that Asterisk has missed a file and takes others."""
        if self._missed_at is not None and timedelta() <= now - self._missed_at < _PROBE_EVERY:
            return
        self._missed_at = now
        log.warning(
            "%s",
            say(
                "Asterisk has not taken a call file within {seconds} s, though it has taken later ones; such files are "
                "taken out, and their calls go again",
                seconds=int(_TAKEN_WITHIN.total_seconds()),
            ),
        )

    def hold(self, now: datetime) -> None:
        """Note that a file was not taken: no more are handed over."""
        self._probe = ""
        seconds = int(_TAKEN_WITHIN.total_seconds())
        self._hold(now, say("Asterisk is running, and has not taken a call file within {seconds} s", seconds=seconds))

    def _hold(self, now: datetime, what: Message) -> None:
        self._held_at = now
        if self._problem is None:
            self._problem = Problem(f"dir_target {self._spool.target}", what, _REMEDY)

    def _release(self) -> None:
        self._problem = self._held_at = None
        self._probe = ""

    def _was_probe_taken(self) -> bool:
        return bool(self._probe) and self._spool.is_started(self._probe) is not False
