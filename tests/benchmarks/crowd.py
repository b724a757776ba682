"""Measure how fast the editor answers under load from others: python -m tests.benchmarks.crowd

500 idle connections, 100 requests sent a byte at a time, 40 logins at once, 16 commands that no service answers.
"""

import contextlib
import json
import re
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from obzvon.domain.phones import Candidate, Phone
from obzvon.journal.journal import Journal
from obzvon.users import Role, Users
from tests.benchmarks.office import LOGIN, ask, office

PORT = 18233
IDLE, SLOW, LOGINS, COMMANDS = 500, 100, 40, 16
_SECONDS = 10.0
PATHS = "/healthz", "/phones", "/run"


def main() -> None:
    with office(PORT, furnish) as (_, _pid):
        ask(PORT, "/phones")
        for what, crowd in (
            ("alone", contextlib.nullcontext),
            (f"{IDLE} idle connections", idle),
            (f"{SLOW} requests sent slowly", slow),
            (f"{LOGINS} logins at once", logins),
            (f"{COMMANDS} commands that no service answers", commands),
        ):
            with crowd():
                measure(what)


def furnish(folder: Path) -> None:
    rows = {str(key): {"0": f"8916{key:07}", "1": "", "name": f"Абонент {key}"} for key in range(10_000)}
    (folder / "todo.json").write_text(json.dumps(rows))
    users = Users(folder / "users.json")
    for number in range(LOGINS):
        users.add(f"user{number}", "correct horse", Role.VIEWER)
    journal = Journal(f"sqlite:///{folder / 'journal.db'}")
    now = datetime.now(UTC)
    candidates = [Candidate(Phone("0", "89160000000", "", ""), "89160000000")]
    journal.runs.begin("crowd", now.date(), "manual", candidates, at=now)
    journal.close()


def measure(what: str) -> None:
    """Print the slowest answers of ten seconds, or of the time that the crowd lasts."""
    slowest = dict.fromkeys(PATHS, 0.0)
    until = time.perf_counter() + _SECONDS
    while time.perf_counter() < until:
        for path in PATHS:
            begun = time.perf_counter()
            ask(PORT, path)
            slowest[path] = max(slowest[path], time.perf_counter() - begun)
        time.sleep(0.05)
    figures = "   ".join(f"{path} {seconds * 1000:5.0f} ms" for path, seconds in slowest.items())
    print(f"{what:32} slowest: {figures}", flush=True)


@contextlib.contextmanager
def idle() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(socket.create_connection(("127.0.0.1", PORT), timeout=60))
        yield


@contextlib.contextmanager
def slow() -> Iterator[None]:
    head = "POST /phones/import HTTP/1.1\r\nHost: x\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in LOGIN.items()) + "Content-Length: 100000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(("127.0.0.1", PORT))) for _ in range(SLOW)]

        def trickle(ended: threading.Event) -> None:
            for byte in head.encode() + b"x" * 10_000:
                for connection in connections:
                    with contextlib.suppress(OSError):
                        connection.sendall(bytes([byte]))
                if ended.wait(0.05):
                    return

        with background(trickle):
            yield


@contextlib.contextmanager
def logins() -> Iterator[None]:
    """Log 40 people in at once, again and again; every other password is wrong."""

    def login(number: int) -> None:
        password = "correct horse" if number % 2 else f"wrong {time.perf_counter()}"
        headers = {"Authorization": "Basic " + b64encode(f"user{number}:{password}".encode()).decode()}
        ask(PORT, "/phones", headers=headers, statuses=(200, 401, 429, 503))

    def rounds(ended: threading.Event) -> None:
        with ThreadPoolExecutor(LOGINS) as pool:
            while not ended.is_set():
                begun = time.perf_counter()
                list(pool.map(login, range(LOGINS)))
                lasted.append(time.perf_counter() - begun)

    lasted: list[float] = []
    with background(rounds):
        yield
    print(f"    all {LOGINS} were answered within {max(lasted) * 1000:.0f} ms in the slowest of {len(lasted)} rounds")


@contextlib.contextmanager
def commands() -> Iterator[None]:
    token = re.search(r'name="token" value="([^"]*)"', ask(PORT, "/run").text)
    assert token

    def pause(_number: int) -> None:
        ask(PORT, "/run/pause", f"token={token[1]}")

    with ThreadPoolExecutor(COMMANDS) as pool:
        pending = [pool.submit(pause, number) for number in range(COMMANDS)]
        yield
        for answer in pending:
            answer.result()


@contextlib.contextmanager
def background(act: Callable[[threading.Event], object]) -> Iterator[None]:
    """Run `act` in a thread until the end of the context, which sets the event."""
    ended = threading.Event()
    thread = threading.Thread(target=act, args=(ended,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()
