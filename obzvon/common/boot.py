"""The boot of this machine: which one it is, and how long ago it was."""

import functools
import time
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: Enough to tell the boots of one machine apart.
_DIGITS = 12


@functools.cache
def boot_id() -> str | None:
    """Return what identifies this boot of the machine; None where the kernel does not say."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").replace("-", "")[:_DIGITS]
    except OSError:
        return None


def uptime() -> float:
    """Return the seconds since the boot. Nobody can set this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
