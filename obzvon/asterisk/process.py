"""Whether Asterisk runs, as far as it can be seen from here."""

import enum
from pathlib import Path

from obzvon.common.processes import is_process_alive, read_pid


class AsteriskState(enum.Enum):
    """What can be seen of Asterisk's process."""

    RUNNING = "running"
    DOWN = "down"
    UNSEEN = "unseen"
    """No pid file is known: it may run on another machine or in a container, or this folder is not Asterisk's."""


def asterisk_state(pid_file: Path | None) -> AsteriskState:
    """Looks at Asterisk's pid file, if there is one to look at."""
    if pid_file is None:
        return AsteriskState.UNSEEN
    pid = read_pid(pid_file)
    return AsteriskState.RUNNING if pid is not None and is_process_alive(pid) else AsteriskState.DOWN


def is_asterisk_gone(pid: int, pid_file: Path | None) -> bool:
    """Whether the Asterisk that had this process id is certainly no longer there.

    Without a pid file only a machine on which some process is called asterisk can tell: elsewhere Asterisk may live in
    a container, where its processes have other numbers.
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
