"""Finds out whether Asterisk runs, as far as that shows on this machine."""

import enum
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from obzvon.common.processes import is_process_alive, read_pid

_NUMBERS = re.compile(r"^NSpid:\s*([0-9\s]+)$", re.MULTILINE)
_WATCHED = re.compile(r"^inotify wd:\S+ ino:([0-9a-f]+) ", re.MULTILINE)


class AsteriskState(enum.Enum):
    """State of Asterisk's process."""

    RUNNING = "running"
    DOWN = "down"
    #: No pid file is known: it may run on another machine or in a container, or this folder is not Asterisk's.
    UNSEEN = "unseen"


#: Its pid, when its process was started, in ticks, and when it wrote its pid file: `core restart` keeps the process.
AsteriskIdentity = tuple[int, int, float]


class RunningAsterisk(msgspec.Struct, frozen=True):
    """A running Asterisk: the process ids that it is known by, and when it was started, by the clock; 0 = unknown.

    `is_named_by_file`: its pid file says so, and so there is no other that reads our spool.
    """

    pids: frozenset[int]
    started_at: float
    is_named_by_file: bool = True


def asterisk_state(pid_file: Path | None) -> AsteriskState:
    """Return the state by Asterisk's pid file, if there is one."""
    if pid_file is None:
        return AsteriskState.UNSEEN
    pid = read_pid(pid_file)
    return AsteriskState.RUNNING if pid is not None and is_process_alive(pid) else AsteriskState.DOWN


def asterisk_identity(pid_file: Path | None) -> AsteriskIdentity | None:
    """Return which Asterisk is running; None if none is seen."""
    pid = read_pid(pid_file) if pid_file is not None else None
    if pid_file is None or pid is None or not is_process_alive(pid):
        return None
    return pid, _start_ticks(pid), _modified_at(pid_file)


def watches_folder(pid: int, folder: Path) -> bool | None:
    """Return whether a process watches a folder by inotify; None if that is not for us to see."""
    try:
        wanted = folder.stat().st_ino
        infos = [path.read_text(encoding="ascii") for path in Path(f"/proc/{pid}/fdinfo").iterdir()]
    except OSError:
        return None
    watched = {int(found[1], 16) for info in infos for found in _WATCHED.finditer(info)}
    return wanted in watched


def running_asterisks(pid_file: Path | None) -> list[RunningAsterisk] | None:
    """Return the Asterisks that may have begun the calls in the spool; None where that cannot be seen.

    With a pid file that is one at most. Without it, every process of that name that this machine shows.
    """
    if pid_file is None:
        return _visible_asterisks() or None
    pid = read_pid(pid_file)
    if pid is None or not is_process_alive(pid):
        return []
    # Its clock may have been set since: the file's time and that of the process are both asked, and the earlier counts.
    moments = [_started_at(pid), _modified_at(pid_file)]
    return [RunningAsterisk(frozenset({pid}), min((moment for moment in moments if moment), default=0.0))]


def is_asterisk_gone(pid: int, started_at: int, touched: float, running: Sequence[RunningAsterisk] | None) -> bool:
    """Return whether the Asterisk that began a call has certainly ended.

    It has written its pid and the moment, in whole seconds, into the call file; 0 = unreadable. `touched` is when the
    file was last changed. An Asterisk in a container has the pid of the one before it: there the time tells them apart,
    as the running one has written nothing before its own start.
    """
    if running is None:
        return False
    is_known = False
    for asterisk in running:
        if pid in asterisk.pids or not pid:
            is_older = 0 < touched < asterisk.started_at or 0 < started_at <= asterisk.started_at - 1
            if not is_older:
                return False
            is_known = True
    return is_known or not running or running[0].is_named_by_file or not is_process_alive(pid)


def _visible_asterisks() -> list[RunningAsterisk]:
    """Return the processes called asterisk, in containers too, with their numbers inside and outside."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text(encoding="utf-8", errors="replace").strip() == "asterisk":
                status = (folder / "status").read_text(encoding="utf-8", errors="replace")
                numbers = _NUMBERS.search(status)
                pids = {int(folder.name), *(map(int, numbers[1].split()) if numbers else ())}
                found.append(RunningAsterisk(frozenset(pids), _started_at(int(folder.name)), is_named_by_file=False))
        except OSError:
            continue
    return found


def _started_at(pid: int) -> float:
    """Return when a process was started, by the clock as it is now; 0 if that cannot be seen."""
    ticks = _start_ticks(pid)
    if not ticks:
        return 0.0
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return boot + ticks / os.sysconf("SC_CLK_TCK")


def _start_ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[19])  # proc(5): starttime is field 22, and the first two come before the bracket
    except (OSError, IndexError, ValueError):
        return 0


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
