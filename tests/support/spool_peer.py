"""The side that takes call files: the stand-in or a real Asterisk, seen from the spool."""

import os
import re
from pathlib import Path
from typing import Protocol

from obzvon.sandbox.ledger import read_ledger
from obzvon.sandbox.pbx import Sandbox
from tests.support.waiting import until

TALK = 0.5
"""Seconds that a peer's answered calls last; a number that ends with 5 talks until the peer stops."""


class SpoolPeer(Protocol):
    """Takes call files from `outgoing` once it is started, and ends each call by the number's last digit.

    0 to 4 answer, 5 answers and never hangs up, 6 is busy, 7 rings until WaitTime, 8 gets congestion, 9 does not exist.
    """

    outgoing: Path
    outgoing_done: Path

    def put(self, name: str, text: str, mtime: float | None = None) -> Path:
        """Hand over a call file by one rename; its mtime is in the past unless given."""

    def attempts(self, number: str) -> int:
        """Return how many times that number was called since the peer was made, also before a restart."""

    def start(self) -> None:
        """Start the process."""

    def stop(self) -> None:
        """Stop the process as SIGTERM does."""

    def kill(self) -> None:
        """End the process as a crash does."""


class StandIn:
    """The embedded stand-in as a peer; each start makes another Sandbox."""

    def __init__(self, folder: Path) -> None:
        self.outgoing = folder / "outgoing"
        self.outgoing_done = folder / "outgoing_done"
        self._store = folder / "store"
        self._ledger = folder / "ledger"
        self._ledger.touch()
        for path in (self.outgoing, self._store):
            path.mkdir()
        self._sandbox: Sandbox | None = None

    def put(self, name: str, text: str, mtime: float | None = None) -> Path:
        return place(self._store / name, self.outgoing, text, mtime)

    def attempts(self, number: str) -> int:
        return sum(attempt.number == number for attempt in read_ledger(self._ledger))

    def start(self) -> None:
        self._sandbox = Sandbox(
            self.outgoing, self.outgoing_done, talk=TALK, long_talk=3600, ring=3600, busy=0.1, ledger=self._ledger
        )
        self._sandbox.start()

    def stop(self) -> None:
        if self._sandbox:
            self._sandbox.stop()

    def kill(self) -> None:
        if self._sandbox:
            self._sandbox.kill()


def place(draft: Path, outgoing: Path, text: str, mtime: float | None, user: tuple[int, int] | None = None) -> Path:
    """Write a call file at `draft`, give it to `user` and rename it into `outgoing`, as the service does."""
    draft.write_bytes(text.encode())
    if user:
        os.chown(draft, *user)
    mtime = draft.stat().st_mtime - 10 if mtime is None else mtime
    os.utime(draft, (mtime, mtime))
    return draft.rename(outgoing / draft.name)


def status(archived: Path) -> str:
    """Wait for the status in a finished call file; it can be missing for an instant after the move."""

    def found() -> str:
        notes = archived.read_text() if archived.exists() else ""
        return "".join(re.findall(r"^Status: (\w+)$", notes, re.MULTILINE))

    return until(found, f"{archived.name} in the archive with a status")
