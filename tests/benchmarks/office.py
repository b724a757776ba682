"""An office with an editor of its own on waitress, to be asked as a browser and a program ask it."""

import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from obzvon.users import Role, Users

LOGIN = {"Authorization": "Basic " + b64encode(b"anna:correct horse").decode()}


@contextmanager
def office(port: int, furnish: Callable[[Path], object]) -> Iterator[tuple[Path, int]]:
    """A folder with what `furnish` puts into it, and the pid of its editor."""
    with tempfile.TemporaryDirectory(prefix="obzvon-bench-") as name:
        folder = Path(name)
        (folder / "settings.ini").write_text(f"[Day]\ntime_zone = Europe/Moscow\n[Web]\nport = {port}\n")
        (folder / "schedule.json").write_text('{"1": "09:00"}')
        Users(folder / "users.json").add("anna", "correct horse", Role.OPERATOR)
        furnish(folder)
        server = subprocess.Popen(
            [sys.executable, "-m", "obzvon.cli.main", "--settings", folder / "settings.ini", "web"],
            stdout=subprocess.PIPE,
        )
        try:
            assert server.stdout
            server.stdout.readline()
            yield folder, server.pid
        finally:
            server.terminate()
            server.wait()
