"""A run of the whole service that hears Asterisk's events: its journal against the carrier's ledger."""

from collections import Counter
from pathlib import Path

import pytest

from tests.asterisk.rig import Rig
from tests.asterisk.run_folder import ENDINGS, assert_listened, office_with_ami, phones, run
from tests.asterisk.wire import wire_cut_every
from tests.support.profile import often
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk

COARSE = {"answered": "answered", "unknown": "unknown"}
"""What an archive tells of a disposition; all else is `not answered`."""


def test_calls_of_every_kind_end_in_the_journal_as_at_the_carrier(tmp_path: Path, rig: Rig) -> None:
    rig.carrier.set(TALK=2)
    numbers = phones(often(commit=154, long=400), first=50_000)
    lines = run(office_with_ami(tmp_path, rig, numbers, rig.pbx.ami_port))
    until(lambda: all(entry.ended for entry in rig.carrier.ledger()), "the carrier has hung up")
    ledger = {entry.number: entry for entry in rig.carrier.ledger()}
    assert Counter(entry.number for entry in rig.carrier.ledger()) == Counter(numbers.keys())
    assert {number: line.result for number, line in lines.items()} == {
        number: ENDINGS[number[-2:]] for number in numbers
    }
    for number, line in lines.items():
        entry = ledger[number]
        assert (line.result == "answered") == bool(entry.answered)
        assert line.tries == 1
    assert_listened({number: line.listened for number, line in lines.items()}, ledger.values())
    rig.carrier.set(TALK=0)


@pytest.mark.parametrize("archive", ["no", "yes"])
def test_with_the_link_cut_every_three_seconds_no_disposition_is_wrong(tmp_path: Path, rig: Rig, archive: str) -> None:
    rig.carrier.set(TALK=2)
    numbers = phones(110, first=60_000 if archive == "no" else 61_000)
    with wire_cut_every(3, rig.pbx.ami_port) as wire:
        lines = run(office_with_ami(tmp_path, rig, numbers, wire.port, archive=archive, bundle=10))
    assert Counter(entry.number for entry in rig.carrier.ledger()) == Counter(numbers.keys())
    allowed = {
        number: {
            ENDINGS[number[-2:]],
            "unknown" if archive == "no" else COARSE.get(ENDINGS[number[-2:]], "not answered"),
        }
        for number in numbers
    }
    assert not {number: line.result for number, line in lines.items() if line.result not in allowed[number]}
    rig.carrier.set(TALK=0)


def test_a_day_with_events_and_one_without_are_the_same_run_but_for_the_detail(tmp_path: Path, rig: Rig) -> None:
    rig.carrier.set(TALK=1)
    numbers = phones(44, first=70_000)
    heard = run(office_with_ami(_folder(tmp_path, "heard"), rig, numbers, rig.pbx.ami_port))
    rig.pbx.clear()
    rig.carrier.forget()
    unheard = run(office_with_ami(_folder(tmp_path, "unheard"), rig, numbers, 0, archive="yes"))
    assert heard.keys() == unheard.keys() == numbers.keys()
    assert {number: COARSE.get(line.result, "not answered") for number, line in heard.items()} == {
        number: line.result for number, line in unheard.items()
    }
    assert {number: (line.position, line.bundle) for number, line in heard.items()} == {
        number: (line.position, line.bundle) for number, line in unheard.items()
    }
    rig.carrier.set(TALK=0)


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder
