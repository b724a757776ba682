"""A working folder with its own editor on waitress, and requests to it as a browser or a program sends them."""

import contextlib
import http.client
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from obzvon.users import Role, Users

LOGIN = {"Authorization": "Basic " + b64encode(b"anna:correct horse").decode()}


@contextmanager
def office(port: int, furnish: Callable[[Path], object]) -> Iterator[tuple[Path, int]]:
    """Serve an editor on a folder that `furnish` fills, and yield the folder and the editor's process id."""
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


class Answer(NamedTuple):
    """An answer of the editor; `location` is the path that it redirects to."""

    status: int
    text: str
    size: int
    location: str


def ask(
    port: int,
    path: str,
    body: str | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "",
    statuses: tuple[int, ...] = (200, 204, 303),
) -> Answer:
    """Send a request with the login, POST if it has a body and no other method, and return the answer."""
    method = method or ("GET" if body is None else "POST")
    form = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=300)) as connection:
        connection.request(method, path, body, {**LOGIN, **form, **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
    text = content.decode(errors="replace")
    assert answer.status in statuses, (answer.status, text[:500])
    return Answer(answer.status, text, len(content), answer.headers.get("Location", "").partition("?")[0])


def show(what: str, do: Callable[[], Answer], times: int = 5) -> None:
    """Print the shortest and the longest time of an answer, and its size."""
    lasted, size = [], 0
    for _ in range(times):
        begun = time.perf_counter()
        size = do().size
        lasted.append(time.perf_counter() - begun)
    print(f"{what:45} {min(lasted) * 1000:6.0f} ms (worst {max(lasted) * 1000:.0f}), {size:,} bytes")
