"""Asterisk stopped, restarted and killed in runs of 240 over a SIP trunk: the carrier's ledger is the judge.

Each run is made twice: with a trunk that works, and with one that refuses every call for half a minute meanwhile.
"""

import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from obzvon.domain.calls import CallRecord
from tests.asterisk.carrier import LedgerEntry
from tests.asterisk.far_office import FarOffice, may_originate
from tests.asterisk.rig import Rig
from tests.asterisk.run_folder import Office, ended, office_with_ami
from tests.support.waiting import until

pytestmark = [pytest.mark.asterisk, pytest.mark.long]

PEOPLE = 240
#: The hangup cause of a trunk that refuses with 503.
NO_ROOM = 34
#: Results that a call cut off by a killed Asterisk may have, whatever the carrier saw.
UNCERTAIN = {"unknown"}


def stop_gracefully(rig: Rig) -> None:
    rig.pbx.cli("core stop gracefully")
    until(lambda: not rig.pbx.running, "Asterisk has stopped", every=0.2)
    rig.pbx.stop()
    rig.pbx.start()


def restart_gracefully(rig: Rig) -> None:
    restart(rig, "core restart gracefully")


def restart_now(rig: Rig) -> None:
    restart(rig, "core restart now")


def restart(rig: Rig, command: str) -> None:
    booted = rig.pbx.log().count("Asterisk Ready")
    rig.pbx.cli(command)
    until(lambda: rig.pbx.log().count("Asterisk Ready") > booted, "Asterisk has restarted", every=0.2)


def terminate(rig: Rig) -> None:
    rig.pbx.stop()
    rig.pbx.start()


def kill(rig: Rig) -> None:
    rig.pbx.kill()
    rig.pbx.start()


WAYS: dict[str, Callable[[Rig], None]] = {
    "stop gracefully": stop_gracefully,
    "restart gracefully": restart_gracefully,
    "restart now": restart_now,
    "SIGTERM": terminate,
    "SIGKILL": kill,
    "SIGKILL, same pid": kill,
}


def find_faults(
    rig: Rig, ledger: list[LedgerEntry], lines: dict[str, CallRecord], *, was_killed: bool
) -> dict[str, list[str]]:
    """Return the numbers that were called twice, that were forgotten, and whose result is untrue.

    Who was not on the line yet when the PBX went down has not answered, whatever he was about to do.
    """
    played = set(re.findall(r"Executing \[play@avtoobzvon:1\] \w+\(\"Local/(\d+)@", rig.pbx.log()))
    reached = Counter(entry.number for entry in ledger if not entry.refused)
    answered = {entry.number for entry in ledger if entry.answered and entry.number in played}
    tried = {entry.number for entry in ledger}
    found = {
        "twice": [f"{number} {count}" for number, count in reached.items() if count > 1],
        "never dialled": [
            number for number in lines if number not in tried and not (was_killed and lines[number].result in UNCERTAIN)
        ],
        "untrue": [
            f"{number} {line.result} {line.reason}"
            for number, line in lines.items()
            if line.result not in UNCERTAIN
            and ((line.result == "answered") != (number in answered) or number not in tried)
        ],
        "used up": [
            f"{number} {line.result}" for number, line in lines.items() if number not in reached and number in tried
        ],
    }
    return {name: faults for name, faults in found.items() if faults}


@pytest.mark.parametrize("is_refusing", [False, True], ids=["works", "refuses"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("transport", ["spool", "ami", "archive"])
def test_nobody_is_called_twice_and_nobody_forgotten(
    tmp_path: Path, asterisk_root: Path, transport: str, way: str, is_refusing: bool
) -> None:
    numbers = {f"8916{70_000 + place:05d}00": "" for place in range(PEOPLE)}
    with Rig(asterisk_root, is_contained=way.endswith("same pid")) as rig, ExitStack() as running:
        rig.carrier.set(TALK=2)
        office: Office
        if transport == "ami":
            running.enter_context(may_originate(rig))
            office = FarOffice(tmp_path, rig, numbers, rig.pbx.ami_port, bundle=10)
        elif transport == "spool":
            office = office_with_ami(tmp_path, rig, numbers, rig.pbx.ami_port, bundle=10)
        else:
            office = office_with_ami(tmp_path, rig, numbers, 0, bundle=10, archive="yes")
        if way.endswith("same pid"):  # its pid file names another process of this machine
            settings = tmp_path / "settings.ini"
            settings.write_text(re.sub(r"(?m)^pid_file = .*$", "pid_file = none", settings.read_text()))
        service = office.serve()
        until(lambda: len(rig.carrier.ledger()) >= 60, "sixty people are called", every=0.05)
        WAYS[way](rig)
        if is_refusing:
            until(lambda: len(rig.carrier.ledger()) >= 130, "half of them are called", every=0.05)
            rig.carrier.set(DEAD=NO_ROOM)
            over = time.monotonic() + 30
            until(lambda: time.monotonic() >= over, "half a minute has passed", every=0.5)
            rig.carrier.set(DEAD=0)
        lines = ended(service, office)
        ledger = rig.carrier.ledger()
        is_abrupt = way not in ("stop gracefully", "restart gracefully")
        faults = find_faults(rig, ledger, lines, was_killed=is_abrupt)
    print(Counter(line.result for line in lines.values()), len(ledger))
    refused = {entry.number for entry in ledger if entry.refused}
    assert len(refused) <= 20
    assert not faults, office.console()
    assert lines.keys() == numbers.keys()
    assert "Traceback" not in office.console()
