"""The self-check as a process of its own: python -m obzvon.checks SETTINGS PARENT prints what it finds as JSON."""

import ctypes
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from obzvon import doctor, settings, wiring
from obzvon.checks.findings import of
from obzvon.errors import UserError
from obzvon.findings import Finding, Level

_PR_SET_PDEATHSIG = 1
_NICE = 10
"""Whoever hands over calls goes first."""


def main(file: Path, parent: int) -> None:
    """Looks at everything, unless whoever wanted it ends before."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what it has made in the store is deleted on the way out
    for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to us too, and the service ends in order
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return
    os.nice(_NICE)
    sys.stdout.buffer.write(msgspec.json.encode(_examine(file)))


def _examine(file: Path) -> list[Finding]:
    try:
        known = settings.load(file)
    except UserError as failed:  # it was right when the service read it, and has been changed since
        return [of(problem, Level.ERROR) for problem in failed.problems]
    return list(doctor.examine(known, wiring.spool_of(known), now=datetime.now(UTC)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
