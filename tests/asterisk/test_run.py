"""Whole runs on a real Asterisk: the service's journal against the ledger that the carrier keeps for itself."""

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.asterisk.rig import Rig
from tests.asterisk.run_folder import Office
from tests.support.profile import often
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk

ANSWERED = set("012345")


def is_answered(number: str) -> bool:
    return number[-1] in ANSWERED


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"8916{first + number:07d}" for number in range(count)]


def test_numbers_of_every_kind_are_each_rung_once_and_as_the_journal_says(tmp_path: Path, rig: Rig) -> None:
    phones = {number: "12*3" if number[-1] == "3" else "" for number in numbers(often(commit=100, long=200))}
    rig.carrier.set(TALK=1)
    with_code = {number: code for number, code in phones.items() if code}
    rig.carrier.set_codes(with_code)
    rig.carrier.set_talk(dict.fromkeys(with_code, 12))
    office = Office(tmp_path, rig, phones)
    service = office.serve()
    try:
        until(office.is_over, "every call has ended", every=0.5)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(180)
    ledger = rig.carrier.ledger()
    journal = {line.number: line for line in office.lines()}
    assert Counter(entry.number for entry in ledger) == Counter(phones.keys()), office.console()
    answered = {entry.number for entry in ledger if entry.answered}
    assert answered == {number for number, line in journal.items() if line.disposition == "answered"}
    assert answered == {number for number in phones if is_answered(number)}
    assert {entry.number: entry.menu for entry in ledger if phones[entry.number]} == with_code
    assert {line.disposition for line in journal.values()} == {"answered", "not answered"}
    rig.carrier.set(TALK=0)


def test_a_service_killed_again_and_again_rings_everybody_once(tmp_path: Path, rig: Rig) -> None:
    rig.carrier.set(TALK=1)
    phones = dict.fromkeys(numbers(60, first=1000), "")
    office = Office(tmp_path, rig, phones, bundle=3, timeout=0.3)
    for wait in (0.7, 0.9, 1.1, 0.8, 1.3, 1.0):
        service = office.serve()
        time.sleep(wait)  # not for anything to happen: the instant of the kill is what varies
        service.kill()
        service.wait()
    service = office.serve()
    try:
        until(office.is_over, "every call has ended", every=0.5)
    finally:
        service.terminate()
        service.wait(180)
    assert Counter(entry.number for entry in rig.carrier.ledger()) == Counter(phones.keys()), office.console()
    rig.carrier.set(TALK=0)


def test_when_asterisk_crashes_nobody_is_rung_again_by_its_restart(tmp_path: Path, asterisk_root: Path) -> None:
    with Rig(asterisk_root) as rig:
        rig.carrier.set(TALK=5)
        phones = dict.fromkeys((number for number in numbers(300, first=2000) if number[-1] in "01"), "")
        office = Office(tmp_path, rig, phones, bundle=10, timeout=1)
        service = office.serve()
        try:
            until(lambda: len(rig.carrier.ledger()) >= 20, "two bundles are on the line")
            rig.pbx.kill()
            until(lambda: "Asterisk is not running" in office.console(), "the service has noticed")
            until(lambda: not list(rig.pbx.outgoing.iterdir()), "what the crash left is taken out")
            rig.pbx.start()
            until(office.is_over, "every call has ended", every=0.5)
        finally:
            service.terminate()
            service.wait(180)
        rung = Counter(entry.number for entry in rig.carrier.ledger())
        assert max(rung.values()) == 1, office.console()
        results = {line.number: line.disposition for line in office.lines()}
        assert {number for number in phones if number not in rung} <= {
            number for number, result in results.items() if result == "unknown"
        }
        assert results.keys() == phones.keys()


def test_killed_and_started_under_the_same_process_number_it_leaves_no_line_in_use(
    tmp_path: Path, asterisk_root: Path
) -> None:
    with Rig(asterisk_root, is_contained=True) as rig:
        rig.carrier.set(TALK=600)
        phones = dict.fromkeys([f"89162222{place:02d}1" for place in range(4)], "")
        office = Office(tmp_path, rig, phones, bundle=2, timeout=1)
        settings = tmp_path / "settings.ini"
        named = f"pid_file = {rig.pbx.home / 'run' / 'asterisk.pid'}"
        settings.write_text(
            settings.read_text().replace(named, "pid_file = none") + "[Pace]\npacing = throttled\nlines = 2\n"
        )
        service = office.serve()
        try:
            until(lambda: len(rig.carrier.ledger()) >= 2, "all lines are in use")
            rig.pbx.kill()
            rig.carrier.set(TALK=1)
            rig.pbx.start()
            until(office.is_over, "the lines are free again, and every call has ended", every=0.5)
        finally:
            service.terminate()
            service.wait(180)
        assert list(rig.pbx.outgoing.iterdir()) == [], office.console()
        assert Counter(entry.number for entry in rig.carrier.ledger()) == Counter(phones.keys()), office.console()
        assert Counter(line.disposition for line in office.lines()) == {"unknown": 2, "answered": 2}
