"""Process numbers, and whether a process runs."""

import os
from pathlib import Path


def read_pid(pid_file: Path) -> int | None:
    """Return the process number in a pid file, None if there is none."""
    try:
        text = pid_file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def is_process_halted(pid: int) -> bool:
    """Return whether a process was stopped by a signal (SIGSTOP, Ctrl+Z) or by a debugger, and so does nothing."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[:1] in ([b"T"], [b"t"])


def is_process_alive(pid: int) -> bool:
    """Return whether there is a process with that number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # a number too large for any process
        return False
    except PermissionError:
        return True
    return True
