"""Shared by the whole tier: work that is the same in every test is made cheap, or done once."""

from collections.abc import Iterator

import pytest

from obzvon import users
from tests.support import statements


@pytest.fixture(scope="session", autouse=True)
def _cheap_password_hashes() -> Iterator[None]:
    """Make password hashes cheap: a test computes one at nearly every login."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(users, "HASH_METHOD", "scrypt:256:8:1")
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    yield from statements.shared()
