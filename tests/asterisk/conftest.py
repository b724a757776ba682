"""A rig for each Asterisk. Where Asterisk cannot be had, its tests skip and say why; with CI=true they fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asterisk.rig import Rig
from tests.asterisk.roots import SUITES, require_root


@pytest.fixture(scope="session", params=SUITES, ids=lambda version: f"asterisk-{version}")
def asterisk_root(request: pytest.FixtureRequest) -> Path:
    """A root folder with Asterisk in it, one for each version."""
    return require_root(request.param)


@pytest.fixture(scope="session")
def shared_rig(asterisk_root: Path) -> Iterator[Rig]:
    """One rig for all the tests of a session."""
    with Rig(asterisk_root, OBZVON_MENU_WAIT=1) as rig:
        yield rig


@pytest.fixture
def rig(shared_rig: Rig) -> Iterator[Rig]:
    """A running rig with an empty spool and an empty ledger; a test that stops or kills the PBX builds a Rig itself."""
    shared_rig.carrier.forget()
    shared_rig.pbx.forget_log()
    yield shared_rig
    shared_rig.pbx.clear()
