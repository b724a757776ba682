"""Ledger of the simulated carrier: who was called, when, and whether somebody answered; in memory and in a file."""

import logging
import os
from collections import Counter
from pathlib import Path

import msgspec

log = logging.getLogger("obzvon.sandbox.pbx")


class LedgerAttempt(msgspec.Struct, frozen=True, gc=False):
    """Attempt at a number; `ended` is None while it lasts.

    `at` and `ended` are seconds since 1970; `code` is the code dialled after the answer, so only where there was one.
    """

    number: str
    code: str
    at: float
    answered: bool
    ended: float | None = None


class Ledger:
    """Attempts of one life of the stand-in.

    In its file, if it has one, each attempt is a line of JSON when it begins and another when it ends, handed to the
    kernel at once, so that it outlives a process killed the next moment. `read_ledger` joins the two.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.attempts: list[LedgerAttempt] = []
        self.attempts_by_number: Counter[str] = Counter()
        self._file = file
        self._descriptor = -1

    def begin(self, attempt: LedgerAttempt) -> int:
        """Record an attempt; return its row."""
        self.attempts.append(attempt)
        self.attempts_by_number[attempt.number] += 1
        self._write(attempt)
        return len(self.attempts) - 1

    def end(self, row: int, now: float) -> None:
        """Record the end of an attempt."""
        attempt = self.attempts[row] = msgspec.structs.replace(self.attempts[row], ended=now)
        self._write(attempt)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, attempt: LedgerAttempt) -> None:
        if self._file is None:
            return
        try:
            if self._descriptor < 0:
                self._descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(self._descriptor, msgspec.json.encode(attempt) + b"\n")
        except OSError as error:
            log.warning("cannot write the ledger %s: %s", self._file, error.strerror)


def read_ledger(file: Path) -> list[LedgerAttempt]:
    """Return the attempts in the file of a ledger, in the order in which they began, however its writer ended."""
    attempts: list[LedgerAttempt] = []
    lasting: dict[tuple[str, float], list[int]] = {}
    for line in file.read_bytes().split(b"\n")[:-1]:  # the rest after the last newline is still being written
        attempt = msgspec.json.decode(line, type=LedgerAttempt)
        rows = lasting.setdefault((attempt.number, attempt.at), [])
        if attempt.ended is not None and rows:
            attempts[rows.pop(0)] = attempt
        else:
            rows.append(len(attempts))
            attempts.append(attempt)
    return attempts
