"""Other users of this machine: actions under their ids, and a folder that they share. For root only."""

import codecs
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def as_user(uid: int, gid: int, act: Callable[[], None], *, groups: Sequence[int] = ()) -> int:
    """Run `act` in a child process of that user and return its exit status, 0 if it did not fail."""
    return os.waitstatus_to_exitcode(os.waitpid(start_as_user(uid, gid, act, groups=groups), 0)[1])


def start_as_user(uid: int, gid: int, act: Callable[[], None], *, groups: Sequence[int] = ()) -> int:
    """Begin `act` in a child process of that user, and return its process id."""
    for encoding in ("ascii", "utf-8-sig", "cp1251"):
        codecs.lookup(encoding)  # the user may not be able to read the folder of this Python
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups(list(groups))
            os.setgid(gid)
            os.setuid(uid)
            os.umask(0o022)
            act()
            status = 0
        except BaseException as error:
            print(repr(error), file=sys.stderr)
        finally:  # never return into pytest
            os._exit(status)
    return child


def shared_folder(tmp_path: Path) -> Path:
    """Return a new folder of user 4001 that the group 5000 shares."""
    temporary = Path(tempfile.gettempdir())
    for folder in (tmp_path, *tmp_path.parents):
        if folder in (temporary, Path("/dev/shm"), *temporary.parents):
            break
        folder.chmod(0o755)
    folder = tmp_path / "shared"
    folder.mkdir()
    os.chown(folder, 4001, 5000)
    folder.chmod(0o2770)
    return folder
