"""Limits and environment of a process that reads a file from outside.

A file that breaks its reader does not break the program, and the memory is freed at the end.
"""

import os
import resource
from pathlib import Path

NICE = 5
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "PYTHONUTF8", "TMPDIR")


def child_environment(**more: str) -> dict[str, str]:
    """Return the environment of the child: where the program is, and nothing that it does not need."""
    import obzvon  # noqa: PLC0415 - this module is a part of it

    places = [str(Path(obzvon.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(places)} | more


def limit_resources(*, memory: int, cpu_seconds: int, disk: int) -> None:
    """Limit this process and its children: bytes of memory and of each file, seconds of CPU. Lower its priority."""
    os.nice(NICE)
    os.umask(0o007)
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, disk),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
