"""Notices call files that Asterisk has expired at once, where no events show whether it made calls of them.

While it stops, pbx_spool takes each file and expires it within a millisecond. No phone rings in a tenth of a second,
but a number can be refused in that time; so only several such files in a row, or the end of Asterisk, decide.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec

from obzvon.asterisk.process import AsteriskIdentity
from obzvon.asterisk.transport.base import attempt_name
from obzvon.domain.calls import PendingCall

#: Seconds from the rename to the status. The kernel's file times are up to a hundredth of a second behind the clock.
_AT_ONCE = 0.1
_TICK = 0.02
#: That many calls in a row are no coincidence,
_IN_A_ROW = 8
#: once the calls handed over beside them have had the time to show that they last, at two looks a second apart.
_SHOWN_AFTER = timedelta(seconds=2)
#: Nothing more becomes known about a call after this time.
_DOUBTED_FOR = timedelta(seconds=15)
#: Asterisk is not shutting down any more: probes that end at once after this time were refused.
_STOPS_WITHIN = timedelta(minutes=5)


class _Doubt(msgspec.Struct):
    order: tuple[datetime, int]
    since: datetime


class ExpiryWatch:
    """Judges calls that ended at once; `clock` gives seconds since 1970 as files have them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        # When the files were renamed into the spool.
        self._sent: dict[str, float] = {}
        self._doubts: dict[str, _Doubt] = {}
        # The latest call that lasted, by hand-over and position.
        self._lasted: tuple[datetime, int] | None = None
        self._asterisk: AsteriskIdentity | None = None
        self._ended_at: datetime | None = None
        # Files of calls that are made no longer, and those of them that go again.
        self._certain: set[str] = set()
        self._decided: set[str] = set()
        self._held_since: datetime | None = None
        self._not_made: set[tuple[int, int]] = set()

    @property
    def is_in_doubt(self) -> bool:
        """True if it matters whether a call lasts."""
        return bool(self._doubts) or self._held_since is not None

    def note_sending(self, calls: Iterable[PendingCall]) -> None:
        """Note that files are about to be renamed."""
        self._sent.update(dict.fromkeys(map(attempt_name, calls), self._clock()))

    def note_lasting(self, call: PendingCall) -> None:
        """Note a call that did not end at once: Asterisk made those handed over before it, too."""
        order = _order(call)
        if order is not None and (self._lasted is None or order > self._lasted):
            self._lasted = order

    def forget(self, names: Iterable[str]) -> None:
        """Forget calls of which the journal knows what became."""
        for name in names:
            self._sent.pop(name, None)
            self._doubts.pop(name, None)
            self._certain.discard(name)
            self._decided.discard(name)

    def observe(self, now: datetime, running: AsteriskIdentity | None, *, is_held: bool) -> None:
        """Look whether Asterisk has ended, and whether there are too many doubts."""
        if self._asterisk is not None and running != self._asterisk:
            self._ended_at = now
            self._not_made.clear()
        self._asterisk = running
        if self._lasted is not None and self._lasted[0] > now:  # the clock was set back
            self._lasted = None
        in_a_row = [
            name
            for name, doubt in self._doubts.items()
            if not self._is_made(doubt) and now - doubt.since >= _SHOWN_AFTER
        ]
        if is_held or len(in_a_row) >= _IN_A_ROW:
            self._held_since = self._held_since or now
            self._certain.update(in_a_row)
        else:
            self._held_since = None

    def was_not_made(self, call: PendingCall, archived_at: float | None, now: datetime) -> bool | None:
        """Return whether Asterisk made no call of an expired file; None while that may still become known."""
        name, order = attempt_name(call), _order(call)
        if name in self._decided:
            return True
        lasted = archived_at - self._sent[name] if archived_at is not None and name in self._sent else None
        if order is None or lasted is None or not -_TICK <= lasted <= _AT_ONCE:
            self.note_lasting(call)
            return False
        doubt = self._doubts.setdefault(name, _Doubt(order, now))
        if self._is_made(doubt) or not timedelta() <= now - doubt.since < _DOUBTED_FOR:
            return False
        has_ended = self._ended_at is not None and doubt.order[0] <= self._ended_at <= now
        if not has_ended and name not in self._certain:
            return None
        if not has_ended and not self._is_first_time(call, now):
            return False
        self._decided.add(name)
        return True

    def _is_first_time(self, call: PendingCall, now: datetime) -> bool:
        """Return whether a call that ended at once goes again. A number that is always refused at once does not."""
        key = call.run_id, call.position
        is_new = key not in self._not_made
        self._not_made.add(key)
        return is_new or (self._held_since is not None and timedelta() <= now - self._held_since < _STOPS_WITHIN)

    def _is_made(self, doubt: _Doubt) -> bool:
        return self._lasted is not None and doubt.order < self._lasted


def _order(call: PendingCall) -> tuple[datetime, int] | None:
    return (call.handed_at, call.position) if call.handed_at else None
