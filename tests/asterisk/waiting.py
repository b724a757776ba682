"""Wait for another process."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_SELDOM = 0.25
"""To look takes time from what is waited for."""


def until(condition: Callable[[], T], what: str, *, within: float = 180, every: float = 0.02) -> T:
    """Return the first true value of `condition`, asked less and less often; raise AssertionError if none comes."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {within} s"
        time.sleep(every)
        every = min(every * 1.2, max(every, _SELDOM))
    return value
