"""The amount of work of tests that search: little in the fast tier, more on a commit, all in the long profile.

OBZVON_TEST_PROFILE is `fast`, `commit` or `long`; tests/run sets it, and without it the profile is `commit`.
"""

import os
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import HealthCheck, settings

_T = TypeVar("_T")
_NAME = os.environ.get("OBZVON_TEST_PROFILE", "commit")
FAST = _NAME == "fast"
LONG = _NAME == "long"
#: Tests with one of these marks do not run in this profile.
LEFT_OUT = frozenset() if LONG else frozenset({"long", "slow"}) if FAST else frozenset({"long"})


def often(*, commit: int, long: int, fast: int | None = None) -> int:
    """Return the number for the profile of this run; `fast` is `commit` if left out."""
    if LONG:
        return long
    return fast if FAST and fast is not None else commit


def thinned(values: Sequence[_T], every: int) -> Sequence[_T]:
    """Return all values; in the fast tier every second, third, … of them."""
    return values[::every] if FAST else values


def load() -> None:
    """Choose hypothesis's profile. On a commit its examples are the same each time; the long run looks for new ones."""
    slow = (HealthCheck.too_slow,)  # a machine that is busy with something else is no fault
    settings.register_profile(
        "fast", max_examples=8, derandomize=True, database=None, deadline=None, suppress_health_check=slow
    )
    settings.register_profile(
        "commit", max_examples=20, derandomize=True, database=None, deadline=None, suppress_health_check=slow
    )
    settings.register_profile("long", max_examples=300, deadline=None, print_blob=True, suppress_health_check=slow)
    settings.load_profile(_NAME)
