"""Several pytest processes that share a run: each test runs once, and a failure in any of them is the run's."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

_MODULE = """
import os
import pathlib
import pytest

with (pathlib.Path(__file__).parents[1] / "roots").open("a") as roots:  # each process reads each module
    roots.write(f"{{os.getpid()}}={{os.environ.get('PYTEST_DEBUG_TEMPROOT')}} ")

@pytest.fixture(scope="module")
def shared():
    yield
    with (pathlib.Path(__file__).parents[1] / "ended").open("a") as ended:
        ended.write("{name} ")

@pytest.mark.parametrize("number", range(3))
def test_it(number, shared):
    with (pathlib.Path(__file__).parents[1] / "ran").open("a") as ran:
        ran.write(f"{name}{{number}} ")
    assert (number, "{name}") != {fails}
"""


@pytest.mark.parametrize(("fails", "status"), [(None, 0), ((1, "b"), 1)])
def test_each_test_runs_once_in_one_of_the_processes(
    tmp_path: Path, fails: tuple[int, str] | None, status: int
) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    for name, folder in zip("abcd", ("one", "two", "one", "two"), strict=True):
        text = _MODULE.format(name=name, fails=fails)
        (tmp_path / folder / f"test_{name}.py").write_text(text)
    turns = [sys.executable, "-m", "tests.support.turns", "2"]
    pytest_options = [f"--rootdir={tmp_path}", "-c", "/dev/null", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run([*turns, *pytest_options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert sorted((tmp_path / "ran").read_text().split()) == [
        f"{name}{number}" for name in "abcd" for number in range(3)
    ]
    assert sorted((tmp_path / "ended").read_text().split()) == list("abcd")
    roots = dict(root.split("=") for root in (tmp_path / "roots").read_text().split())
    assert len(set(roots.values())) == len(roots) == 2  # they end together, and each cleans up its own
    assert ("1 failed" in done.stdout) == (fails is not None)
