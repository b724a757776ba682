"""The command by which an administrator starts, stops or inspects our programs on this machine."""

import shutil
from collections.abc import Callable
from pathlib import Path

_UNIT_FOLDERS = (Path("/etc/systemd/system"), Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))
#: What to type where nothing supervises our programs.
_UNSUPERVISED = {"start": "obzvon run", "status": "obzvon status"}


def supervisor_command(
    action: str, *, which: Callable[[str], str | None] = shutil.which, unit_folders: tuple[Path, ...] = _UNIT_FOLDERS
) -> str:
    """Return the command for the service: of systemd if it has our unit, else of supervisor if that is installed.

    `action` is start or status. Without either, the command runs the service in the foreground, or asks our journal.
    """
    if any((folder / "obzvon.service").exists() for folder in unit_folders):
        return f"systemctl {action} obzvon"
    if which("supervisorctl"):
        return f"supervisorctl {action} obzvon"
    return _UNSUPERVISED[action]
