"""Filesystems for tests: one in memory, and those that only root can mount."""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.workshop import ROOT


@contextlib.contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """Yield a folder in memory, where a sync costs nothing; `otherwise` on a machine that has none."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield otherwise
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="obzvon-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def tmpfs(folder: Path, options: str = "size=64k") -> Iterator[Path]:
    """Mount a small filesystem at that folder; skip the test if it cannot be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@contextlib.contextmanager
def bind_mount(source: Path, folder: Path) -> Iterator[Path]:
    """Mount the source folder at a second place; skip the test if it cannot be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("--bind", str(source), str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def remount(folder: Path, options: str) -> None:
    """Change the options of a mounted filesystem: ro, rw, size=…; wait for files that are being written."""
    deadline = time.monotonic() + 180
    while (error := _mount_error("-o", f"remount,{options}", str(folder))) and "busy" in error:
        assert time.monotonic() < deadline, error
        time.sleep(0.01)
    assert not error


def _mount(*arguments: str) -> None:
    if not ROOT:
        pytest.skip("only root can mount")
    if error := _mount_error(*arguments):
        pytest.skip(f"cannot mount here: {error}")


def _mount_error(*arguments: str) -> str:
    """Run mount and return its error message; '' if it succeeds."""
    try:
        done = subprocess.run(
            ["mount", *arguments], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError as error:
        return str(error)
    return (done.stderr.strip() or f"status {done.returncode}") if done.returncode else ""
