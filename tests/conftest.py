"""Shared by every tier: marks by folder, groups of tests that wait, and journals in both kinds of database."""

import functools
import gc
import logging
import os
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from obzvon.common.i18n import current_language, set_language
from tests.support import profile
from tests.support.postgres import PostgresServer, new_journal_url

_TESTS = Path(__file__).parent
_WHOLE_RUNS = (
    "asterisk/test_brake.py",
    "asterisk/test_stopping.py",
    "/test_question.py",
    "/test_run_ami.py",
    "/test_run_originate.py",
    "/test_run_shaken.py",
    "::test_a_service_killed_again",
    "::test_when_asterisk_crashes",
)
#: The share of a run, from its beginning, over which the modules of a tier are spread; other tiers use the whole run.
_SPREAD_OVER = {"postgresql": 0.1, "asterisk": 0.7, "browser": 0.85}
_LONG_MODULES = (*_WHOLE_RUNS, "/test_accessibility.py", "/test_imports.py")
_TIERS = ("unit", "integration", "processes", "asterisk", "browser")


profile.load()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Mark each test with its tier, group tests that share a server, and leave out tests of a longer profile.

    A group of pytest-xdist runs on one worker. The groups of Asterisk and the browser mostly wait, so they overlap with
    the other workers.
    """
    for item in items:
        tier = _tier(item.path)
        if tier in _TIERS:
            item.add_marker(tier)
        if _uses_postgresql(item):
            item.add_marker("postgresql")
            item.add_marker(pytest.mark.xdist_group("postgresql"))
        elif tier in ("asterisk", "browser"):
            if _is_whole_run_on_16(item):
                item.add_marker("long")
            part = next(filter(None, map(_params(item).get, ("asterisk_root", "peer", "own_peer", "language"))), "")
            item.add_marker(pytest.mark.xdist_group("-".join(filter(None, (tier, str(part), item.path.stem)))))
    parts: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        parts[profile.LEFT_OUT.isdisjoint(mark.name for mark in item.iter_markers())].append(item)
    items[:] = parts[True]
    config.hook.pytest_deselected(items=parts[False])
    yield
    if hasattr(config, "workerinput"):  # one of several workers: a single one would set up fixtures again and again
        _interleave(items)


def pytest_collection_finish() -> None:
    """Let the garbage collector skip shared objects and run less often: it took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _interleave(items: list[pytest.Item]) -> None:
    """Spread the modules of each tier over the run, so that tests that wait overlap with tests that compute.

    Long modules are not left for the end.
    """
    modules: dict[str, dict[str, list[pytest.Item]]] = {}
    for item in items:
        tier, group = _tier(item.path), item.get_closest_marker("xdist_group")
        if _uses_postgresql(item):
            tier = "postgresql"
        modules.setdefault(tier, {}).setdefault(group.args[0] if group else str(item.path), []).append(item)
    places = [
        ((place + 0.5) / len(of_tier) * _SPREAD_OVER.get(tier, 1.0), module)
        for tier, of_tier in modules.items()
        for place, module in enumerate(sorted(of_tier.values(), key=_is_short))
    ]
    items[:] = [item for _, module in sorted(places, key=lambda pair: pair[0]) for item in module]


@functools.cache
def _tier(module: Path) -> str:
    """Return the folder of the tests in which the module is."""
    return module.relative_to(_TESTS).parts[0]


def _is_short(module: list[pytest.Item]) -> bool:
    return not any(name in item.nodeid for item in module for name in _LONG_MODULES)


def _params(item: pytest.Item) -> dict[str, object]:
    return dict(item.callspec.params) if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}


def _uses_postgresql(item: pytest.Item) -> bool:
    return "postgresql" in _params(item).values() or "postgres" in getattr(item, "fixturenames", ())


def _is_whole_run_on_16(item: pytest.Item) -> bool:
    """Return whether a test makes a whole run on Asterisk 16. A commit runs one of these, and all of Asterisk 22."""
    return _params(item).get("asterisk_root") == 16 and any(name in item.nodeid for name in _WHOLE_RUNS)


@pytest.fixture(scope="session", autouse=True)
def _hung_up_as_from_a_terminal() -> Iterator[None]:
    """Let programs receive the SIGHUP that tests send, also when the tests run under nohup."""
    before = signal.getsignal(signal.SIGHUP)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)  # not inherited by the processes that tests start
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Return a folder for one test: on a real disk for tests marked `disk`, else in pytest's temporary folder."""
    if request.node.get_closest_marker("disk") is None:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="obzvon-", dir=os.environ.get("OBZVON_TEST_DISK")) as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Start a PostgreSQL server for the session."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a journal that does not exist yet, or is opened before the test, in each kind of database."""
    opened = "journal" in request.fixturenames
    return new_journal_url(request, tmp_path / "journal.db", holds_journal=opened)


@pytest.fixture
def english() -> Iterator[None]:
    """Set the language of this process to English for the test."""
    before = current_language()
    set_language("en")
    yield
    set_language(before)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[str], int]:
    """Return a function that counts the lines of the log, from INFO on, that contain these words."""
    caplog.set_level(logging.INFO, "obzvon")
    return lambda words: sum(words in message for message in caplog.messages)
