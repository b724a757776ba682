"""Wait for another process."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, *, within: float = 30, every: float = 0.02) -> T:
    """Return the first true value of `condition`; raise AssertionError if it does not become true in time."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {within} s"
        time.sleep(every)
    return value
