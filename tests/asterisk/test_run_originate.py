"""Runs whose calls go to Asterisk by its manager interface, with no spool, against the carrier's ledger."""

import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from obzvon.asterisk.ami.permissions import Permissions
from tests.asterisk.ami import ami_of, permissions_of
from tests.asterisk.far_office import FarOffice, may_originate
from tests.asterisk.rig import Rig
from tests.asterisk.run_folder import ENDINGS, assert_listened, phones, run
from tests.asterisk.wire import Wire, wire_cut_every
from tests.support.ports import free_port
from tests.support.profile import often
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk


@pytest.fixture
def pbx(rig: Rig) -> Iterator[Rig]:
    """A rig whose manager user may originate, as the shipped file says it in a comment; its spool is to stay empty."""
    with may_originate(rig):
        yield rig


def rung(rig: Rig) -> Counter[str]:
    return Counter(entry.number for entry in rig.carrier.ledger())


def test_calls_of_every_kind_end_as_at_the_carrier(tmp_path: Path, pbx: Rig) -> None:
    pbx.carrier.set(TALK=2)
    numbers = phones(often(commit=110, long=220), first=30_000) | {f"8916{39_000 + n:05d}03": "12*3" for n in range(10)}
    with_code = {number: code for number, code in numbers.items() if code}
    pbx.carrier.set_codes(with_code)
    pbx.carrier.set_talk(dict.fromkeys(with_code, 12))
    lines = run(FarOffice(tmp_path, pbx, numbers, pbx.pbx.ami_port))
    until(lambda: all(entry.ended for entry in pbx.carrier.ledger()), "the carrier has hung up")
    assert rung(pbx) == Counter(numbers.keys())
    assert {number: line.result for number, line in lines.items()} == {
        number: "answered" if code else ENDINGS[number[-2:]] for number, code in numbers.items()
    }
    ledger = {entry.number: entry for entry in pbx.carrier.ledger()}
    assert_listened({number: line.listened for number, line in lines.items()}, ledger.values())
    for line in lines.values():
        assert line.via == "ami"
    assert {entry.menu for number, entry in ledger.items() if numbers[number]} == {"12*3"}
    assert {entry.caller for number, entry in ledger.items() if numbers[number]} == {"6122103"}
    assert {path.name for path in tmp_path.iterdir()} == {
        "settings.ini",
        "todo.json",
        "schedule.json",
        ".todo.json.lock",
        ".schedule.json.lock",
        "log",
        "console",
        ".history",
        "journal.db",
        "journal.db.lock",
    }
    pbx.carrier.set(TALK=0)


def test_with_the_link_cut_every_three_seconds_nobody_is_rung_twice_and_nobody_is_missing(
    tmp_path: Path, pbx: Rig
) -> None:
    pbx.carrier.set(TALK=2)
    numbers = phones(110, first=41_000)
    with wire_cut_every(3, pbx.pbx.ami_port) as wire:
        lines = run(FarOffice(tmp_path, pbx, numbers, wire.port, bundle=10))
    _is_right(pbx, numbers, {number: (line.result, str(line.reason or "")) for number, line in lines.items()})
    pbx.carrier.set(TALK=0)


def test_a_service_killed_again_and_again_rings_everybody_once(tmp_path: Path, pbx: Rig) -> None:
    pbx.carrier.set(TALK=2)
    numbers = phones(66, first=42_000)
    office = FarOffice(tmp_path, pbx, numbers, pbx.pbx.ami_port, bundle=3, timeout=0.3)
    for wait in (0.0, 0.31, 0.62, 0.05, 0.93, 0.25):
        before = len(pbx.carrier.ledger())
        service = office.serve()
        until(
            lambda before=before: len(pbx.carrier.ledger()) > before,  # type: ignore[misc]
            "it rings somebody",
            every=0.005,
        )
        time.sleep(wait)  # not for anything to happen: the instant of the kill is what varies
        service.kill()
        service.wait()
    assert 0 < len(pbx.carrier.ledger()) < len(numbers)
    lines = run(office)
    _is_right(pbx, numbers, {number: (line.result, str(line.reason or "")) for number, line in lines.items()})
    pbx.carrier.set(TALK=0)


class CuttingWire(Wire):
    """It lets every third order through to Asterisk, and is cut before the answer comes back."""

    orders = 0
    cuts = 0

    def _pass(self, source: socket.socket, target: socket.socket) -> bool:  # type: ignore[override]
        try:
            data = source.recv(65536)
            target.sendall(data)
        except OSError:
            return False
        self.orders += data.count(b"Action: Originate")
        if b"Action: Originate" in data and self.orders % 3 == 0:
            self.cuts += 1
            target.shutdown(socket.SHUT_WR)
            while target.recv(65536):  # until Asterisk has read the order, answered, and closed
                pass
            return False
        return bool(data)


def test_an_order_that_asterisk_has_carried_out_unanswered_is_not_given_again(tmp_path: Path, pbx: Rig) -> None:
    pbx.carrier.set(TALK=4)
    numbers = phones(33, first=45_000)
    wire = CuttingWire(pbx.pbx.ami_port)
    carrying = threading.Thread(target=wire.carry)
    carrying.start()
    try:
        lines = run(FarOffice(tmp_path, pbx, numbers, wire.port, bundle=5, timeout=2))
    finally:
        wire.end()
        carrying.join()
    _is_right(pbx, numbers, {number: (line.result, str(line.reason or "")) for number, line in lines.items()})
    assert wire.orders == len(numbers)
    assert wire.cuts == len(numbers) // 3
    assert rung(pbx) == Counter(numbers.keys())
    pbx.carrier.set(TALK=0)


def test_with_the_connection_away_the_spool_of_this_machine_stands_in(tmp_path: Path, pbx: Rig) -> None:
    pbx.carrier.set(TALK=1)
    numbers = phones(11, first=46_000)
    office = FarOffice(tmp_path, pbx, numbers, free_port(socket.SOCK_STREAM))
    file = tmp_path / "settings.ini"
    file.write_text(
        file.read_text().replace(
            "[Dirs]\n", f"[Dirs]\ndir_target = {pbx.pbx.outgoing}\ndir_store = {pbx.pbx.home / 'obzvon_store'}\n"
        )
    )
    lines = run(office)
    assert rung(pbx) == Counter(numbers.keys())
    assert {line.via for line in lines.values()} == {None}
    assert "calls go through the spool" in office.console()
    pbx.carrier.set(TALK=0)


def test_a_ceiling_is_kept(tmp_path: Path, pbx: Rig) -> None:
    pbx.carrier.set(TALK=2)
    numbers = phones(80, first=43_000)
    office = FarOffice(
        tmp_path, pbx, numbers, pbx.pbx.ami_port, more="[Pace]\npacing = adaptive\ncalls_per_second = 50\nlines = 8\n"
    )
    lines = run(office)
    until(lambda: all(entry.ended for entry in pbx.carrier.ledger()), "the carrier has hung up")
    assert rung(pbx) == Counter(numbers.keys())
    assert {number: line.result for number, line in lines.items()} == {
        number: ENDINGS[number[-2:]] for number in numbers
    }
    # The carrier notes an end a moment after the PBX has seen it, when the next call may have come already.
    long = [(entry.at + 1, entry.ended) for entry in pbx.carrier.ledger() if entry.ended and entry.ended > entry.at + 1]
    moments = sorted([(at, 1) for at, _ in long] + [(ended, -1) for _, ended in long])
    up, most = 0, 0
    for _, change in moments:
        up += change
        most = max(most, up)
    assert 4 < most <= 8
    pbx.carrier.set(TALK=0)


def test_without_the_right_the_calls_wait_and_go_when_it_is_given(tmp_path: Path, rig: Rig) -> None:
    rig.carrier.set(TALK=0)
    numbers = phones(6, first=44_000)
    office = FarOffice(tmp_path, rig, numbers, rig.pbx.ami_port)
    service = office.serve()
    try:
        until(lambda: "may not originate calls" in office.console(), "it is told")
        assert {line.result for line in office.lines()} == {"waiting"}
        assert not rig.carrier.ledger()
        with may_originate(rig):
            until(office.is_over, "every call has ended", every=0.5)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(180)
    assert office.console().count("may not originate calls") == 1
    assert rung(rig) == Counter(numbers.keys())


def test_the_right_that_it_takes_is_told_when_it_is_lacking(rig: Rig) -> None:
    ami = ami_of(rig.pbx, transport="ami")
    assert permissions_of(ami) == Permissions(("write=originate",))
    with may_originate(rig):
        assert permissions_of(ami) == Permissions()
        assert permissions_of(ami_of(rig.pbx)) == Permissions((), ("write=originate",))


def _is_right(rig: Rig, numbers: dict[str, str], results: dict[str, tuple[str, str]]) -> None:
    """Nobody twice, nobody missing; who was not rung is unknown, and what is unknown says why."""
    times = rung(rig)
    print(Counter(result for result, _ in results.values()), "not rung:", set(numbers) - set(times))
    assert max(times.values()) == 1
    assert results.keys() == numbers.keys()
    assert {number for number in numbers if number not in times} <= {
        number for number, (result, _) in results.items() if result == "unknown"
    }
    assert not {
        number: result for number, (result, _) in results.items() if result not in (ENDINGS[number[-2:]], "unknown")
    }
    assert all(reason for result, reason in results.values() if result == "unknown")
