"""A rig for each Asterisk. Without Asterisk its tests skip and give the reason; with CI=true they fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asterisk.rig import Rig
from tests.asterisk.roots import SUITES, require_root


@pytest.fixture(scope="session", params=SUITES, ids=lambda version: f"asterisk-{version}")
def asterisk_root(request: pytest.FixtureRequest) -> Path:
    """Return a root folder with Asterisk, one for each version."""
    return require_root(request.param)


@pytest.fixture(scope="session")
def shared_rig(asterisk_root: Path) -> Iterator[Rig]:
    """Start a rig for all tests of the session."""
    with Rig(asterisk_root, OBZVON_MENU_WAIT=2) as rig:
        yield rig


@pytest.fixture
def rig(shared_rig: Rig) -> Iterator[Rig]:
    """Return a running rig with an empty spool and ledger. A test that stops or kills the PBX makes its own Rig."""
    shared_rig.carrier.forget()
    shared_rig.pbx.forget_log()
    yield shared_rig
    shared_rig.pbx.clear()
