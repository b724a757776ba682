"""Judges calls that were handed over before the machine was started again, as after a power cut.

Asterisk syncs nothing that it writes into a call file. So a file that looks as if its call had not begun proves nothing
after a power cut, nor does one that is back in the store: the rename may not have been durable yet, and the call made.
Such a call is unknown, unless a sweep has taken its file out while Asterisk was down, and has said so in it.
"""

import time
from datetime import datetime

from obzvon.asterisk.spool import Spool
from obzvon.asterisk.transport.base import CallProgress, attempt_name
from obzvon.common.boot import boot_id, uptime
from obzvon.common.i18n import say
from obzvon.domain.calls import CallOutcome, PendingCall
from obzvon.domain.results import Disposition

_CUT_OFF = say(
    "the machine was switched off or started again after the hand-over, and its disk does not show whether the call "
    "was made"
)


class EarlierBoot:
    """The evidence of calls of another boot of the machine than this one; `boot` is its id, None = unknown."""

    def __init__(self, spool: Spool, boot: str | None = None) -> None:
        self._spool = spool
        self._boot = boot or boot_id()

    def concerns(self, call: PendingCall) -> bool:
        """Return whether the call was handed over under another boot."""
        return call.boot is not None and self._boot is not None and call.boot != self._boot

    def is_untouched(self, call: PendingCall) -> bool:
        """Return whether a sweep under the call's own boot has taken its file out before it began."""
        return self._spool.boot_of_sweep(attempt_name(call)) == call.boot

    def check_progress(self, call: PendingCall, now: datetime) -> CallOutcome | CallProgress | None:
        """Return what became of the call, or how far it is; None if its file is in neither folder."""
        name = attempt_name(call)
        if self._spool.is_in_spool(name):
            if self.is_in_progress(name) or self._spool.withdraw(name) is None:
                return CallProgress.IN_PROGRESS
        elif self.is_untouched(call):
            return CallProgress.RETURNED
        elif not self._spool.is_in_store(name):
            return None
        return CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, _CUT_OFF)

    def is_in_progress(self, name: str) -> bool:
        """Return whether an Asterisk of this boot makes the call of a file in the spool, as far as can be seen."""
        if not self._spool.is_started(name) or not self._spool.was_touched_since(name, time.time() - uptime()):
            return False
        return not self._spool.is_orphaned(name, self._spool.running_asterisks)
