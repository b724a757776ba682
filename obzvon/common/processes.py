"""Whether Asterisk runs, as far as it can be seen from here."""

import os
from pathlib import Path


def read_pid(pid_file: Path) -> int | None:
    """The number in a pid file, None if there is none."""
    try:
        text = pid_file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def is_process_alive(pid: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # a number too big for any process
        return False
    except PermissionError:
        return True
    return True
