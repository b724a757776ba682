"""A limit on failures, counted by key in bounded memory. Knows no clock: the caller gives the time."""

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable

#: Wrong passwords in a row before the next attempt must wait.
MAX_FAILURES = 20
#: How long the failures of a key count, from the first of them.
WINDOW_SECONDS = 900.0
_MAX_KEYS = 20_000


class RateLimiter:
    """Counts attempts before they are checked, so that parallel ones get no more tries than successive ones."""

    def __init__(self, most: int = MAX_FAILURES, window: float = WINDOW_SECONDS, keys: int = _MAX_KEYS) -> None:
        self._most = most
        self._window = window
        self._keys = keys
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, keys: Iterable[str], now: float) -> int:
        """Count an attempt under all the keys and return 0, or return the seconds to wait if there were too many."""
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
        """Take back the last attempt under this key: it was no failure."""
        with self._lock:
            if key in self._counts:
                count, since = self._counts[key]
                self._counts[key] = max(0, count - 1), since

    def forget(self, key: str) -> None:
        """Drop all attempts under this key."""
        with self._lock:
            self._counts.pop(key, None)

    def __len__(self) -> int:
        return len(self._counts)

    def _count(self, key: str, now: float) -> tuple[int, float]:
        count, since = self._counts.get(key, (0, now))
        return (count, since) if 0 <= now - since < self._window else (0, now)
