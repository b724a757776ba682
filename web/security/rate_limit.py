"""How often somebody may be wrong: failures counted by key in bounded memory. Pure but for its own lock."""

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable

MAX_FAILURES = 20
"""So many wrong passwords in a row; the next attempt waits."""
WINDOW_SECONDS = 900.0
"""Seconds that a key's failures are remembered, counted from the first of them."""
_KEYS = 20_000


class RateLimiter:
    """An attempt is counted before it is looked at, so that many at once get no more tries than one after another."""

    def __init__(self, most: int = MAX_FAILURES, window: float = WINDOW_SECONDS, keys: int = _KEYS) -> None:
        self._most = most
        self._window = window
        self._keys = keys
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, keys: Iterable[str], now: float) -> int:
        """Counts an attempt under all the keys and returns 0, or the seconds to wait if there were too many."""
        keys = tuple(keys)
        with self._lock:
            counted = {key: self._count(key, now) for key in keys}
            wait = max(
                (self._window - (now - since) for count, since in counted.values() if count >= self._most), default=0.0
            )
            if wait > 0:
                return math.ceil(wait)
            for key, (count, since) in counted.items():
                self._counts[key] = count + 1, since
                self._counts.move_to_end(key)
            while len(self._counts) > self._keys:
                self._counts.popitem(last=False)
            return 0

    def forgive(self, key: str) -> None:
        """The last attempt under this key was no failure."""
        with self._lock:
            if key in self._counts:
                count, since = self._counts[key]
                self._counts[key] = max(0, count - 1), since

    def forget(self, key: str) -> None:
        """None of this key's attempts counts any more."""
        with self._lock:
            self._counts.pop(key, None)

    def __len__(self) -> int:
        return len(self._counts)

    def _count(self, key: str, now: float) -> tuple[int, float]:
        count, since = self._counts.get(key, (0, now))
        return (count, since) if 0 <= now - since < self._window else (0, now)
