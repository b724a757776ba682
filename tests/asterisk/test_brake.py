"""A carrier that refuses every call in the middle of a run: few are used up, and all of them are called again."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from obzvon.journal.journal import Journal
from obzvon.reports.status import service_status
from tests.asterisk.far_office import FarOffice, may_originate
from tests.asterisk.rig import Rig
from tests.asterisk.run_folder import Office, ended, office_with_ami
from tests.support.profile import often
from tests.support.programs import Program, run_obzvon
from tests.support.waiting import until

CAUSES = {"503": 34, "403": 21}


@pytest.fixture
def dying(rig: Rig) -> Iterator[Rig]:
    """A rig whose carrier answers for a second; afterwards it works again."""
    rig.carrier.set(TALK=1)
    yield rig
    rig.carrier.set(TALK=0, DEAD=0)


def people(first: int) -> dict[str, str]:
    """Return numbers that answer."""
    return {f"8916{first + place:05d}00": "" for place in range(often(commit=120, long=240))}


def is_held(office: Office) -> bool:
    journal = Journal(f"sqlite:///{office.folder / 'journal.db'}")
    try:
        usage = service_status(journal.heartbeats.latest(), datetime.now(UTC)).line_usage
    finally:
        journal.close()
    return usage is not None and usage.hold is not None


def assert_nobody_lost_a_call(rig: Rig, office: Office, numbers: dict[str, str], service: Program) -> None:
    lines = ended(service, office)
    ledger = rig.carrier.ledger()
    refused = [entry for entry in ledger if entry.answered is None]
    assert 10 <= len({entry.number for entry in refused}) <= 20
    assert Counter(entry.number for entry in ledger if entry.answered) == Counter(list(numbers))
    assert Counter(line.result for line in lines.values()) == {"answered": len(numbers)}


def die(rig: Rig, office: Office, cause: int) -> Program:
    """Start the run, and let the carrier die in the middle of it."""
    service = office.serve()
    until(lambda: len(rig.carrier.ledger()) >= 60, "sixty people are called", every=0.05)
    rig.carrier.set(DEAD=cause)
    return service


def test_a_dead_trunk_holds_the_run_until_an_operator_says_that_it_works(tmp_path: Path, dying: Rig) -> None:
    numbers = people(70_000)
    office = office_with_ami(tmp_path, dying, numbers, dying.pbx.ami_port, bundle=5)
    service = die(dying, office, CAUSES["503"])
    until(lambda: is_held(office), "the run is held", every=0.1)
    dying.carrier.set(DEAD=0)
    resumed = run_obzvon("--settings", office.folder / "settings.ini", "resume", "--at-night", cwd=office.folder)
    assert resumed.returncode == 0, resumed.stderr
    assert_nobody_lost_a_call(dying, office, numbers, service)


@pytest.mark.long
@pytest.mark.parametrize("transport", ["spool", "ami"])
@pytest.mark.parametrize("answer", sorted(CAUSES))
def test_half_a_minute_of_refusals_costs_nobody_their_call(
    tmp_path: Path, dying: Rig, answer: str, transport: str
) -> None:
    numbers = people(71_000 if transport == "ami" else 72_000)
    with ExitStack() as running:
        if transport == "ami":
            running.enter_context(may_originate(dying))
            office: Office = FarOffice(tmp_path, dying, numbers, dying.pbx.ami_port, bundle=5)
        else:
            office = office_with_ami(tmp_path, dying, numbers, dying.pbx.ami_port, bundle=5)
        service = die(dying, office, CAUSES[answer])
        over = time.monotonic() + 30
        until(lambda: time.monotonic() >= over, "half a minute has passed", every=0.5)
        dying.carrier.set(DEAD=0)
        assert_nobody_lost_a_call(dying, office, numbers, service)
