"""What the whole tier shares: what every test would make anew, cheap or made once."""

from collections.abc import Iterator

import pytest

from obzvon import users
from tests.support import statements


@pytest.fixture(scope="session", autouse=True)
def _cheap_password_hashes() -> Iterator[None]:
    """A test hashes a password at nearly every login."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(users, "HASH_METHOD", "scrypt:256:8:1")
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    yield from statements.shared()
