"""How much the tests that search do: little on each commit, much when OBZVON_TEST_PROFILE=long asks for it."""

import os

from hypothesis import settings

LONG = os.environ.get("OBZVON_TEST_PROFILE") == "long"


def often(*, commit: int, long: int) -> int:
    """Return the one of the two numbers that belongs to the profile of this run."""
    return long if LONG else commit


def load() -> None:
    """Choose hypothesis's profile. On a commit its examples are the same each time; the long run looks for new ones."""
    settings.register_profile("commit", max_examples=20, derandomize=True, database=None, deadline=None)
    settings.register_profile("long", max_examples=300, deadline=None, print_blob=True)
    settings.load_profile("long" if LONG else "commit")
