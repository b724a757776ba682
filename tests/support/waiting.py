"""Wait for what another thread or process does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_SELDOM = 0.25
"""To look takes time from what is waited for."""


def until(
    condition: Callable[[], T], what: str = "it", *, within: float = 180, every: float = 0.005, seldom: float = _SELDOM
) -> T:
    """Return the first true value of `condition`; raise AssertionError if none comes.

    It is asked less and less often, at last once in `seldom` seconds: a state that passes quickly needs a small value.
    """
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {within} s"
        time.sleep(every)
        every = min(every * 1.2, max(every, seldom))
    return value
