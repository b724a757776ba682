"""Cuts a run's waiting calls into bundles, and bundles into batches."""

from collections.abc import Callable

import msgspec

from obzvon.domain.calls import PendingCall
from obzvon.domain.pacing import MAX_BATCH, Pace

#: Returns the calls that wait behind that position, at most that many.
ReadWaiting = Callable[[int, int], list[PendingCall]]


class Batch(msgspec.Struct, frozen=True):
    """Calls to hand over in one go, and what comes after them."""

    calls: list[PendingCall]
    #: The batch that follows without a delay, already read, so that its files can be written meanwhile.
    following: list[PendingCall] = []
    #: Calls of the bundle that are left after this batch.
    left: int = 0
    #: False if no call waits for its first attempt behind this batch.
    has_more: bool = False


class BundleCursor:
    """Position of a run in its waiting calls.

    `bundle` is the number of the current bundle, `left` how many of its calls have not gone yet (0 between bundles) and
    `sent` how many have. `next` holds calls that were read ahead; the others are behind the position `after`.
    """

    def __init__(self, bundle: int, read_waiting: ReadWaiting) -> None:
        self.bundle = bundle
        self.left = 0
        self.sent = 0
        self._after = 0
        self._next: list[PendingCall] = []
        self._read_waiting = read_waiting

    def most(self, pace: Pace, room: int) -> int:
        """Return the size limit of the next batch."""
        return min(self.left or pace.bundle_size, MAX_BATCH, room)

    def take(self, pace: Pace, room: int) -> Batch:
        """Return the next batch: the rest of the bundle, or a new one, or as much as fits into `room`.

        A bundle that does not fit is cut, and the rest goes with the next one. Call `advance` once the batch has gone.
        If it does not go, the next call looks for waiting calls from the beginning, where those given back are.
        """
        size = self.left or pace.bundle_size
        most = self.most(pace, room)
        calls = self._next[:most] or self._read_waiting(self._after, most)
        if not calls:
            return Batch([])
        left = 0 if room < min(size, MAX_BATCH) else size - len(calls)
        follows_at_once = bool(left) or not pace.interval
        limit = min(left or pace.bundle_size, MAX_BATCH) if follows_at_once else 1
        following = self._read_waiting(calls[-1].position, limit)
        if not self.left:
            self.bundle += 1
        self._next, self._after = [], 0
        return Batch(calls, following if follows_at_once else [], left, bool(following))

    def advance(self, batch: Batch) -> None:
        """Move behind a batch that has gone."""
        self._next, self._after = batch.following, batch.calls[-1].position
        self.sent = len(batch.calls) + (self.sent if self.left else 0)
        self.left = batch.left if batch.has_more else 0

    def begin_retries(self) -> None:
        """Count a bundle for retries, which do not come from the waiting calls."""
        self.bundle += 1

    def end_bundle(self, sent: int | None = None) -> None:
        """End the current bundle early; `sent` calls of it have gone, if that is known."""
        self.left = 0
        if sent is not None:
            self.sent = sent

    def forget_read_ahead(self) -> None:
        """Read the next calls again: some of them have been withdrawn."""
        self._next = []
