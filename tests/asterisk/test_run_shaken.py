"""A run that hears Asterisk's events while one thing after another is taken from under it: nobody is rung twice, and no
disposition is wrong."""

import re
from collections import Counter
from pathlib import Path

import pytest

from obzvon.domain.calls import CallRecord
from tests.asterisk.rig import Rig
from tests.asterisk.run_folder import ENDINGS, Office, ended, office_with_ami, phones
from tests.asterisk.wire import wire_cut_every
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk


def check(office: Office, numbers: dict[str, str], lines: dict[str, CallRecord]) -> None:
    """Nobody twice; every result as the number's, or unknown."""
    ledger = office.rig.carrier.ledger()
    assert max(Counter(entry.number for entry in ledger).values()) == 1, office.console()
    assert lines.keys() == numbers.keys()
    # Who was not on the line yet when the PBX went down has not answered, whatever he was about to do.
    began = re.findall(r'Executing \[play@avtoobzvon:1\] \w+\("Local/(\d+)@', office.rig.pbx.log())
    played = numbers.keys() & set(began)
    wrong = {
        number: line.result
        for number, line in lines.items()
        if line.result not in ("unknown", ENDINGS[number[-2:]], "" if number in played else "no answer")
    }
    assert not wrong, f"{wrong}\n{office.console()}"
    assert {ENDINGS[number[-2:]] for number in played} <= {"answered"}
    answered = {entry.number for entry in ledger if entry.answered}
    assert {number for number, line in lines.items() if line.result == "answered"} <= answered
    assert "Traceback" not in office.console()


def warnings(office: Office) -> list[str]:
    return re.findall(r"(?m)^\S+ \S+ (?:WARNING|ERROR) (AMI .*)$", office.console())


def test_a_service_killed_again_and_again_while_its_link_is_cut(tmp_path: Path, rig: Rig) -> None:
    rig.carrier.set(TALK=2)
    numbers = phones(88, first=80_000)
    with wire_cut_every(1, rig.pbx.ami_port) as wire:
        office = office_with_ami(tmp_path, rig, numbers, wire.port, bundle=8)
        for count in (8, 24, 40, 56):
            service = office.serve()
            until(lambda count=count: len(rig.carrier.ledger()) >= count, "some have been rung")  # type: ignore[misc]
            service.kill()
            service.wait()
        lines = ended(office.serve(), office)
    check(office, numbers, lines)
    assert Counter(entry.number for entry in rig.carrier.ledger()) == Counter(numbers.keys())
    rig.carrier.set(TALK=0)


def test_two_campaigns_that_ring_the_same_numbers_through_one_asterisk(tmp_path: Path, rig: Rig) -> None:
    rig.carrier.set(TALK=2)
    numbers = phones(66, first=81_000)
    offices = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        office = office_with_ami(tmp_path / name, rig, numbers, rig.pbx.ami_port, bundle=6)
        file = tmp_path / name / "settings.ini"
        file.write_text(file.read_text().replace("obzvon_store", f"obzvon_store_{name}"))
        offices.append(office)
    services = [office.serve() for office in offices]
    results = [ended(service, office) for service, office in zip(services, offices, strict=True)]
    rung = Counter(entry.number for entry in rig.carrier.ledger())
    assert rung == dict.fromkeys(numbers, 2)
    for office, lines in zip(offices, results, strict=True):
        assert not {
            number: line.result
            for number, line in lines.items()
            if line.result not in ("unknown", ENDINGS[number[-2:]])
        }, office.console()
        assert warnings(office) == []
    rig.carrier.set(TALK=0)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_asterisk_restarted_in_the_middle_of_a_run(tmp_path: Path, asterisk_root: Path, how: str) -> None:
    with Rig(asterisk_root) as rig:
        rig.carrier.set(TALK=4)
        numbers = phones(66, first=82_000)
        office = office_with_ami(tmp_path, rig, numbers, rig.pbx.ami_port, bundle=6)
        service = office.serve()
        until(lambda: len(rig.carrier.ledger()) >= 20, "some have been rung")
        getattr(rig.pbx, how)()
        until(lambda: "Asterisk is not running" in office.console(), "the service has noticed")
        until(lambda: not list(rig.pbx.outgoing.iterdir()), "what was left is taken out")
        rig.pbx.start()
        lines = ended(service, office)
        check(office, numbers, lines)
        assert [line.rpartition(": ")[2] for line in warnings(office)] == [
            "the connection was lost",
            "nothing listens there",
        ]
        assert office.console().count(": connected") == 1


def test_rights_that_are_taken_away_in_the_middle_of_a_run(tmp_path: Path, asterisk_root: Path) -> None:
    """Asterisk takes them from those who are logged in at their next login."""
    with Rig(asterisk_root) as rig, wire_cut_every(3600, rig.pbx.ami_port) as wire:
        rig.carrier.set(TALK=2)
        numbers = phones(88, first=83_000)
        office = office_with_ami(tmp_path, rig, numbers, wire.port, bundle=4)
        file = rig.pbx.home / "etc" / "manager_obzvon.conf"
        whole = file.read_text()
        service = office.serve(self_check=True)
        for count, text in (
            (12, whole.replace("read = call,user", "read = user")),
            (30, whole),
            (40, whole.replace("write = reporting", "write = ")),
            (60, whole.replace("secret = ", "secret = x")),
        ):
            until(lambda count=count: len(rig.carrier.ledger()) >= count, "some have been rung")  # type: ignore[misc]
            file.write_text(text)
            rig.pbx.cli("manager reload")
            wire.cut()
        lines = ended(service, office)
        check(office, numbers, lines)
        told = [line.rpartition(": ")[2] for line in warnings(office)]
        assert len(told) == len(set(told)), told
        assert rig.pbx.log().count("failed to authenticate") <= 1
