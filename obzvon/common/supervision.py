"""The command by which an administrator starts, stops or inspects our programs on this machine."""

import shutil
from collections.abc import Callable
from pathlib import Path

_UNIT_FOLDERS = (Path("/etc/systemd/system"), Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))
EDITOR = "obzvon-web"
#: What to type where nothing supervises our programs.
_UNSUPERVISED = {
    "start": "obzvon run",
    "restart": "obzvon run",
    "stop": "kill PID",
    "status": "obzvon status",
}


def supervisor_command(
    action: str,
    programs: str = "obzvon",
    *,
    which: Callable[[str], str | None] = shutil.which,
    unit_folders: tuple[Path, ...] = _UNIT_FOLDERS,
) -> str:
    """Return the command for these programs: of systemd if it has our unit, else of supervisor if that is installed.

    `action` is start, stop, restart or status. Without either, the command runs the service in the foreground, ends its
    process, or asks our journal.
    """
    if any((folder / "obzvon.service").exists() for folder in unit_folders):
        return f"systemctl {action} {programs}"
    if which("supervisorctl"):
        return f"supervisorctl {action} {programs}"
    if programs == EDITOR and action in ("start", "restart"):
        return "obzvon web"
    return _UNSUPERVISED[action]
