"""Finds out whether Asterisk runs, as far as that shows on this machine."""

import enum
from pathlib import Path

from obzvon.common.processes import is_process_alive, read_pid


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
