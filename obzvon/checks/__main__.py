"""Self-check as a separate process: python -m obzvon.checks SETTINGS PARENT LOGIN prints its findings.

LOGIN is the `LoginState` of the service's own login to Asterisk's manager interface, "" if nothing is known of it.
"""

import ctypes
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from obzvon.asterisk.ami.reconnect import LoginState
from obzvon.asterisk.spool import Spool
from obzvon.checks import runner
from obzvon.checks.context import Machine, finding_from
from obzvon.common.errors import UserError
from obzvon.journal.findings import Finding, Level
from obzvon.settings.model import load_settings

_PR_SET_PDEATHSIG = 1
#: The hand-over of calls has priority.
_NICE = 10


def main(file: Path, parent: int, login: LoginState = LoginState.UNKNOWN) -> None:
    """Run every check and print the findings, unless the process that asked ends first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the probe file in the store is deleted on the way out
    for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to us too, and the service ends in order
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return
    os.nice(_NICE)
    sys.stdout.buffer.write(msgspec.json.encode(_check(file, Machine(ami_login=login, journal_in_use=True))))


def _check(file: Path, machine: Machine) -> list[Finding]:
    try:
        settings = load_settings(file)
    except UserError as failed:  # it was right when the service read it, and has been changed since
        return [finding_from(problem, Level.ERROR) for problem in failed.problems]
    return list(runner.run_checks(settings, Spool.from_settings(settings), now=datetime.now(UTC), machine=machine))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), LoginState(sys.argv[3]))
