"""Finds out whether Asterisk runs, as far as that shows on this machine."""

import enum
import re
from pathlib import Path

from obzvon.common.processes import is_process_alive, read_pid

_WATCHED = re.compile(r"^inotify wd:\S+ ino:([0-9a-f]+) ", re.MULTILINE)


class AsteriskState(enum.Enum):
    """State of Asterisk's process."""

    RUNNING = "running"
    DOWN = "down"
    #: No pid file is known: it may run on another machine or in a container, or this folder is not Asterisk's.
    UNSEEN = "unseen"


def asterisk_state(pid_file: Path | None) -> AsteriskState:
    """Return the state by Asterisk's pid file, if there is one."""
    if pid_file is None:
        return AsteriskState.UNSEEN
    pid = read_pid(pid_file)
    return AsteriskState.RUNNING if pid is not None and is_process_alive(pid) else AsteriskState.DOWN


def asterisk_identity(pid_file: Path | None) -> tuple[int, int] | None:
    """Return the pid of a running Asterisk and when it was started, in ticks; None if none is seen."""
    pid = read_pid(pid_file) if pid_file is not None else None
    if pid is None or not is_process_alive(pid):
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return pid, int(fields[19])  # proc(5): starttime is field 22, and the first two come before the bracket
    except (OSError, IndexError, ValueError):
        return pid, 0


def watches_folder(pid: int, folder: Path) -> bool | None:
    """Return whether a process watches a folder by inotify; None if that is not for us to see."""
    try:
        wanted = folder.stat().st_ino
        infos = [path.read_text(encoding="ascii") for path in Path(f"/proc/{pid}/fdinfo").iterdir()]
    except OSError:
        return None
    watched = {int(found[1], 16) for info in infos for found in _WATCHED.finditer(info)}
    return wanted in watched


def is_asterisk_gone(pid: int, pid_file: Path | None) -> bool:
    """Return whether the Asterisk that had this process id has certainly ended.

    Without a pid file that is certain only where another process is called asterisk. Otherwise Asterisk may run in a
    container, where its processes have other ids.
    """
    if pid_file is not None:
        return read_pid(pid_file) != pid or not is_process_alive(pid)
    return not is_process_alive(pid) and _any_asterisk()


def _any_asterisk() -> bool:
    for process in Path("/proc").glob("[0-9]*/comm"):
        try:
            if process.read_text(encoding="utf-8", errors="replace").strip() == "asterisk":
                return True
        except OSError:
            continue
    return False
