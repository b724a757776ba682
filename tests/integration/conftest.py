"""What the whole tier shares: passwords are hashed cheaply, for a test hashes one at nearly every login."""

from collections.abc import Iterator

import pytest

from obzvon import users


@pytest.fixture(scope="session", autouse=True)
def _cheap_password_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(users, "HASH_METHOD", "scrypt:256:8:1")
        yield
