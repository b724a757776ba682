"""Shares a run between several pytest processes: each takes the next module that no other has taken.

    python -m tests.support.turns 2 tests/unit -m "not postgresql"

A worker of pytest-xdist reports every step of each test to a controller: a tenth of the fast tier's time. These
processes share only the folder OBZVON_TEST_TURNS, in which the one that takes a module makes an entry for it.
"""

import contextlib
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_FOLDER = "OBZVON_TEST_TURNS"


def main(count: int, arguments: list[str]) -> int:
    """Run pytest in `count` processes, print the output of one as it comes and of the others at the end."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.turns", *arguments]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as opened:
        environments = [{**os.environ, _FOLDER: folder, "PYTEST_DEBUG_TEMPROOT": _temporary(n)} for n in range(count)]
        outputs = [opened.enter_context(tempfile.TemporaryFile("w+")) for _ in range(count - 1)]
        others = [
            subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
            for environment, output in zip(environments[1:], outputs, strict=True)
        ]
        statuses = [subprocess.call(command, env=environments[0]), *(other.wait() for other in others)]
        for output in outputs:
            output.seek(0)
            print(output.read())
    return next(filter(None, statuses), 0)


def _temporary(number: int) -> str:
    """Return a root for a process's temporary folders: two that end together would delete the same links."""
    root = Path(os.environ.get("PYTEST_DEBUG_TEMPROOT") or tempfile.gettempdir()) / f"turns-{os.getuid()}-{number}"
    root.mkdir(mode=0o700, exist_ok=True)
    return str(root)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the largest modules, so that all processes end at about the same time."""
    items.sort(key=lambda item: (-_size(item.path), str(item.path)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests of the modules that no other process has taken."""
    if session.testsfailed or session.config.option.collectonly:
        return None  # pytest's own loop says what is wrong
    items = (item for item in session.items if _takes(item.path, session.config.rootpath))
    item = next(items, None)
    while item is not None:
        following = next(items, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


@functools.cache
def _size(module: Path) -> int:
    return module.stat().st_size


@functools.cache
def _takes(module: Path, root: Path) -> bool:
    """Take a module, and return whether it was free."""
    try:
        (Path(os.environ[_FOLDER]) / "-".join(module.relative_to(root).parts)).mkdir()
    except FileExistsError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
