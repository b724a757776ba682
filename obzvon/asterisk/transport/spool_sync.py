"""Makes durable, about once a second, what Asterisk writes into the spool.

Asterisk appends that a call has begun, and removes the file of one that has ended, without syncing either. After a
power cut that is missing, and the call is unknown. The more often it is synced, the fewer those are.
"""

import logging
import threading
import time
from collections.abc import Callable

from obzvon.common.errors import os_error_reason
from obzvon.common.i18n import say

log = logging.getLogger("obzvon")

_EVERY_SECONDS = 1.0


class SpoolSync:
    """Calls `sync` in the background. A disk that is slow to sync makes it come less often, and delays nothing."""

    def __init__(self, sync: Callable[[], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sync = sync
        self._clock = clock
        self._begun_at: float | None = None
        self._thread: threading.Thread | None = None
        self._has_failed = False

    def request(self) -> None:
        """Begin to sync, unless that was done less than a second ago or is still in progress."""
        now = self._clock()
        if self._begun_at is not None and now - self._begun_at < _EVERY_SECONDS:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._begun_at = now
        self._thread = threading.Thread(target=self._run, name="spool-sync", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait for a sync in progress."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._sync()
        except OSError as error:
            if not self._has_failed:
                log.warning(
                    "%s",
                    say(
                        "what Asterisk does in the spool cannot be made durable, so more calls would be unknown after "
                        "a power cut: {why}",
                        why=os_error_reason(error),
                    ),
                )
            self._has_failed = True
        else:
            self._has_failed = False
