"""Judges the clock by the time since the machine's boot, which nobody can set. Pure.

A clock that is wrong for a moment must not begin another day: machines come up in 1970 or at the date of their build,
and a time server may be wrong once.
"""

from datetime import UTC, datetime, timedelta

import msgspec

#: A change of less is no other day, and time services make it now and then.
STEP = timedelta(seconds=60)
#: How long a new time must have stood to be believed.
STANDS = timedelta(minutes=2)


class ClockMemory(msgspec.Struct, frozen=True):
    """The clock as it was seen last: `offset` is its time at the boot, in seconds since 1970.

    `changed` is another one that is not believed yet, and was first seen `since` seconds after the boot. At the first
    look after a boot both are the same.
    """

    boot: str
    offset: float
    changed: float | None = None
    since: float = 0.0

    @property
    def is_settling(self) -> bool:
        """Return whether the clock is not believed yet."""
        return self.changed is not None

    @property
    def was_set(self) -> tuple[datetime, datetime] | None:
        """Return from which time to which the clock was set, if it is not believed for that."""
        if self.changed is None or self.changed == self.offset:
            return None
        return _moment(self.offset + self.since), _moment(self.changed + self.since)

    def expected(self, uptime: float) -> datetime | None:
        """Return the time without the change; None if it was never known."""
        return None if self.changed == self.offset else _moment(self.offset + uptime)


def observe_clock(memory: ClockMemory | None, boot: str, now: datetime, uptime: float) -> ClockMemory:
    """Return the new memory of the clock that shows `now`, `uptime` seconds after the boot of that id."""
    offset = now.timestamp() - uptime
    if memory is None or memory.boot != boot:
        memory = ClockMemory(boot, offset, offset)  # it has stood since the boot, as far as can be known
    is_first = memory.changed == memory.offset
    if not is_first and _is_same(offset, memory.offset):
        return ClockMemory(boot, memory.offset)
    if memory.changed is None or not _is_same(offset, memory.changed):
        return ClockMemory(boot, memory.offset, offset, uptime)
    has_stood = uptime - memory.since >= STANDS.total_seconds()
    return ClockMemory(boot, memory.changed) if has_stood else memory


def is_set_back(now: datetime, latest: datetime | None, accepted: datetime | None) -> bool:
    """Return whether the clock shows less than the latest moment of the journal.

    Moments up to `accepted` do not count: somebody has said that they come from a wrong clock.
    """
    if latest is None or (accepted is not None and latest <= accepted):
        return False
    return now < latest - STEP


def _is_same(one: float, other: float) -> bool:
    return abs(one - other) <= STEP.total_seconds()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
