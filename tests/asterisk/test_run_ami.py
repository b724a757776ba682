"""A run of the whole service that hears Asterisk's events: its journal against the carrier's ledger."""

import select
import signal
import socket
import subprocess  # noqa: TC003 - beside the others
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from obzvon.domain.calls import CallRecord
from tests.asterisk.rig import Rig
from tests.asterisk.test_run import Office
from tests.asterisk.waiting import until

pytestmark = pytest.mark.asterisk

ENDINGS = {
    "00": "answered", "01": "answered", "02": "answered", "04": "answered", "05": "answered", "06": "busy",
    "07": "no answer", "08": "congestion", "09": "no such number", "17": "no answer", "19": "refused",
}  # fmt: skip
COARSE = {"answered": "answered", "unknown": "unknown"}
"""What an archive tells of a disposition; all else is `not answered`."""


def phones(count: int, first: int) -> dict[str, str]:
    """As many numbers as that, of every behaviour in turn."""
    endings = list(ENDINGS)
    return {f"8916{first + place:05d}{endings[place % len(endings)]}": "" for place in range(count)}


def office_with_ami(
    folder: Path, rig: Rig, numbers: dict[str, str], port: int, *, archive: str = "no", bundle: int = 20
) -> Office:
    office = Office(folder, rig, numbers, bundle=bundle, timeout=1)
    file = folder / "settings.ini"
    file.write_text(
        file.read_text().replace("archive = yes", f"archive = {archive}")
        + (
            f"[AMI]\nhost = 127.0.0.1\nport = {port}\nuser = {rig.pbx.ami_user}\nsecret = {rig.pbx.ami_secret}\n"
            "trunk = PJSIP/carrier\n"
            if port
            else ""
        )
    )
    return office


def run(office: Office) -> dict[str, CallRecord]:
    """Serves until every call has ended; the journal's lines by number."""
    return ended(office.serve(), office)


def ended(service: "subprocess.Popen[bytes]", office: Office) -> dict[str, CallRecord]:
    """Waits for the end of every call, and ends the service."""
    try:
        until(office.is_over, "every call has ended", within=200, every=0.5)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(30)
    return {line.number: line for line in office.lines()}


class Wire:
    """A piece of wire to AMI that can be cut: what goes through it goes on to `port`."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._cut = threading.Event()
        self._ended = threading.Event()

    def cut(self) -> None:
        self._cut.set()

    def carry(self) -> None:
        with self._listening:
            self._carry()

    def _carry(self) -> None:
        while not self._ended.is_set():
            if not select.select([self._listening], [], [], 0.1)[0]:
                continue
            near, _ = self._listening.accept()
            self._cut.clear()
            with near, socket.create_connection(("127.0.0.1", self._to)) as far:
                while not self._cut.is_set() and not self._ended.is_set():
                    ready = select.select([near, far], [], [], 0.05)[0]
                    if not all(self._pass(one, far if one is near else near) for one in ready):
                        break

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket) -> bool:
        try:
            data = source.recv(65536)
            target.sendall(data)
        except OSError:
            return False
        return bool(data)

    def end(self) -> None:
        self._ended.set()


@contextmanager
def wire_cut_every(seconds: float, port: int) -> Iterator[Wire]:
    wire = Wire(port)
    over = threading.Event()

    def cutting() -> None:
        while not over.wait(seconds):
            wire.cut()

    threads = [threading.Thread(target=wire.carry), threading.Thread(target=cutting)]
    for thread in threads:
        thread.start()
    try:
        yield wire
    finally:
        over.set()
        wire.end()
        for thread in threads:
            thread.join()


def test_four_hundred_calls_end_in_the_journal_as_at_the_carrier(tmp_path: Path, rig: Rig) -> None:
    rig.carrier.set(TALK=2)
    numbers = phones(400, first=50_000)
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
        if entry.answered and entry.ended:
            assert line.listened == pytest.approx(entry.ended - entry.answered, abs=1)
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
