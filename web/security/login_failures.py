"""Wrong logins, counted in bounded memory. Knows no clock: the caller gives the time.

By network and name the limit is strict, so that nobody guesses a password. By name alone it is mild: it only leaves
each network fewer attempts, because a limit that refused them all would let anybody lock a user out from outside.
"""

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping

#: Wrong passwords for one name from one network before the next attempt must wait.
MAX_BY_NETWORK_AND_NAME = 10
#: Wrong passwords from one network, for any names.
MAX_BY_NETWORK = 30
#: Wrong passwords for one name from all networks, before each of them has only `MAX_UNDER_ATTACK`.
MAX_BY_NAME = 100
MAX_UNDER_ATTACK = 3
#: How long failures count, from the first of them.
WINDOW_SECONDS = 900.0
_MAX_KEYS = 20_000

#: A network and a name; '' stands for any.
_Key = tuple[str, str]


class LoginFailures:
    """Counts attempts before they are checked, so that parallel ones get no more tries than successive ones."""

    def __init__(
        self,
        *,
        by_network_and_name: int = MAX_BY_NETWORK_AND_NAME,
        by_network: int = MAX_BY_NETWORK,
        by_name: int = MAX_BY_NAME,
        window: float = WINDOW_SECONDS,
        keys: int = _MAX_KEYS,
    ) -> None:
        self._by_network_and_name = by_network_and_name
        self._by_network = by_network
        self._by_name = by_name
        self._window = window
        self._keys = keys
        self._counts: OrderedDict[_Key, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, network: str, name: str, now: float) -> int:
        """Count an attempt and return 0, or return the seconds to wait if there were too many."""
        name = _name_key(name)
        with self._lock:
            is_attacked = self._count(("", name), now)[0] >= self._by_name
            limits = {
                (network, name): MAX_UNDER_ATTACK if is_attacked else self._by_network_and_name,
                (network, ""): self._by_network,
            }
            if wait := self._wait(limits, now):
                return wait
            for key in (*limits, ("", name)):
                count, since = self._count(key, now)
                self._counts[key] = count + 1, since
                self._counts.move_to_end(key)
            while len(self._counts) > self._keys:
                self._counts.popitem(last=False)
            return 0

    def succeed(self, network: str, name: str) -> None:
        """Take back the last attempt, which was right, and what this network had tried for the name before."""
        name = _name_key(name)
        with self._lock:
            self._counts.pop((network, name), None)
            self._subtract((network, ""), 1)
            self._subtract(("", name), 1)

    def forget(self, name: str) -> None:
        """Drop all attempts for this name, whose password has changed: they say nothing about the new one."""
        name = _name_key(name)
        with self._lock:
            for network, of_name in [key for key in self._counts if key[1] == name]:
                count, _ = self._counts.pop((network, of_name))
                if network:
                    self._subtract((network, ""), count)

    def __len__(self) -> int:
        return len(self._counts)

    def _wait(self, limits: Mapping[_Key, int], now: float) -> int:
        waits = [0.0]
        for key, most in limits.items():
            count, since = self._count(key, now)
            if count >= most:
                waits.append(self._window - (now - since))
        return math.ceil(max(waits))

    def _subtract(self, key: _Key, number: int) -> None:
        if key in self._counts:
            count, since = self._counts[key]
            self._counts[key] = max(0, count - number), since

    def _count(self, key: _Key, now: float) -> tuple[int, float]:
        count, since = self._counts.get(key, (0, now))
        return (count, since) if 0 <= now - since < self._window else (0, now)


def _name_key(name: str) -> str:
    """Return a key of fixed length: names of strangers may have any."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
