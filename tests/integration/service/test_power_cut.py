"""A power cut during a run, rebuilt to every disk that it may leave: nobody who was called is called again.

The journal is durable at each step, and so are a staged file and the rename once its folder is synced. Asterisk syncs
nothing: what it appends may be there, in part, as zero bytes or not at all, and a file that it removed may be back.
"""

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from obzvon.asterisk import spool as spool_module
from obzvon.asterisk import staging
from obzvon.asterisk.callfile import CallFileTemplate, mark_untouched
from obzvon.asterisk.transport import earlier_boot
from obzvon.asterisk.transport.base import attempt_name
from obzvon.asterisk.transport.failover import TransportSelector
from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.domain.calls import CallOutcome, CallState, PendingCall
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.service.handover import HandOver
from tests.support.workshop import Workshop, at

NINE = at("09:00")
BEFORE, SINCE = "0123456789ab", "ba9876543210"
LINE = b"\nStartRetry: 4711 1 (1767592800)\n"
APPENDED = {
    "nothing": b"",
    "one byte": LINE[:1],
    "a part": LINE[:6],
    "the pid": LINE[:18],
    "zero bytes": b"\0" * len(LINE),
    "a part and zero bytes": LINE[:9] + b"\0" * 20,
    "the line": LINE,
}


class Disk(msgspec.Struct, frozen=True):
    """What a cut has left of one call: its state in the journal, where its file is, and what was appended to it."""

    state: CallState
    #: store, spool, done or none.
    place: str
    appended: bytes
    #: Whether Asterisk had the file, and so may have called.
    was_taken: bool


def disks() -> list[Disk]:
    """Every disk of every moment of a hand-over, and of a sweep before the cut."""
    found = []
    for appended in APPENDED.values():
        # The rename is not durable yet: the file is back in the store, as it was staged, whatever Asterisk has added.
        found.append(Disk(CallState.HANDING, "store", appended, was_taken=True))
        # It is durable; the journal may or may not have come to say so.
        for state in (CallState.HANDING, CallState.HANDED):
            found.append(Disk(state, "spool", appended, was_taken=True))
            # The call has ended: the removal is durable, or it is not, which is the disk before this one.
            found.append(Disk(state, "none", b"", was_taken=True))
            found.append(Disk(state, "done", appended, was_taken=True))
    found.append(Disk(CallState.HANDING, "store", b"", was_taken=False))
    for place, mark in itertools.product(("store", "spool"), (True, False)):
        if place == "store" or not mark:
            text = mark_untouched(TEXT, BEFORE) if mark else b""
            found.append(Disk(CallState.HANDED, place, text, was_taken=False))
            found.append(Disk(CallState.HANDING, place, text, was_taken=False))
    return found


TEXT = b"Channel: local/89161111111@avtoobzvon\nPriority: 1"


class Cut:
    """A run with a call for each disk, after the cut and before the service."""

    def __init__(self, folder: Path, *, archive: bool) -> None:
        self.workshop = Workshop(folder, archive="yes" if archive else "no")
        self.spool = self.workshop.spool()
        self.journal = self.workshop.journal()
        self.form = self.workshop.settings.ordinary
        self.disks = disks()
        rows = [Candidate(Phone(str(n), f"8916{n:07d}"), f"8916{n:07d}") for n in range(len(self.disks))]
        run = self.journal.runs.begin("20260105-abcdef", NINE.date(), "week", rows, at=NINE)
        assert run is not None
        calls = self.journal.calls.waiting(run.id)
        self.journal.transitions.begin_handing(calls, 1, boot=BEFORE)
        handed = [call for call, disk in self.pairs(calls) if disk.state is CallState.HANDED]
        self.journal.transitions.end_handing(handed, at=NINE)
        for call, disk in self.pairs(calls):
            self._leave(call, disk)

    def pairs(self, calls: list[PendingCall]) -> Iterator[tuple[PendingCall, Disk]]:
        return zip(calls, self.disks, strict=True)

    def _leave(self, call: PendingCall, disk: Disk) -> None:
        name = attempt_name(call)
        folders = {"store": self.spool.store / staging.staging_path(name), "spool": self.spool.target / name}
        path = folders.get(disk.place, self.spool.done / name)
        if disk.place != "none":
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(CallFileTemplate(self.form).render(call.number) + disk.appended)

    def recover(self) -> dict[str, Disk]:
        """A service looks through what is left, for a minute; returns the calls that would be made again."""
        transports = TransportSelector(SpoolTransport(self.spool, self.form, self.form))
        handover = HandOver(self.journal, transports, boot=SINCE)
        handover.recover(now=NINE)
        for second in (0, 1, 30, 60):
            handover.requeue(handover.collect(now=NINE + timedelta(seconds=second)).returned)
        assert handover.outstanding == len(self.spool.files_in_spool())
        lines = list(self.journal.calls.records_on(NINE.date()))
        return {line.number: disk for line, disk in zip(lines, self.disks, strict=True) if line.result == "waiting"}

    def results(self) -> Counter[str]:
        return Counter(line.result for line in self.journal.calls.records_on(NINE.date()))


@pytest.fixture(params=[False, True], ids=["no archive", "archive"])
def cut(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cut]:
    monkeypatch.setattr(earlier_boot, "boot_id", lambda: SINCE)
    monkeypatch.setattr(spool_module, "boot_id", lambda: SINCE)
    # The files of these tests are older than the boot.
    monkeypatch.setattr(earlier_boot, "uptime", lambda: -3600.0)
    cut = Cut(tmp_path, archive=request.param)
    yield cut
    cut.journal.close()


@pytest.mark.parametrize("is_swept", [True, False], ids=["swept", "not swept"])
def test_nobody_whose_call_asterisk_had_is_called_again_whatever_the_disk_shows(cut: Cut, is_swept: bool) -> None:
    if is_swept:
        cut.spool.sweep()
    again = cut.recover()
    assert {disk for disk in again.values() if disk.was_taken} == set()
    # Certain are only those that a sweep had taken out before the cut, and had marked.
    assert {disk.appended for disk in again.values()} == {mark_untouched(TEXT, BEFORE)}
    assert cut.results()["unknown"] > 0
    assert cut.spool.files_in_spool() == []


def test_a_file_that_is_marked_and_begun_all_the_same_is_no_proof(cut: Cut) -> None:
    for file in cut.spool.store.rglob("*.call"):
        with file.open("ab") as stream:
            stream.write(LINE)
    assert cut.recover() == {}


def test_within_one_boot_the_file_in_the_store_goes_again(cut: Cut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier_boot, "boot_id", lambda: BEFORE)
    again = cut.recover()
    assert {disk.place for disk in again.values()} == {"store"}


def test_a_call_that_the_asterisk_of_this_boot_makes_is_waited_for(cut: Cut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier_boot, "uptime", time.time)
    pid_file = cut.workshop.folder / "asterisk.pid"
    cut.spool.pid_file = pid_file
    pid_file.write_text("1")  # a process that has been there since the boot, and is not ours to ask
    name = next(file.name for file, disk in _in_spool(cut) if disk.appended == LINE)
    (cut.spool.target / name).write_bytes(TEXT + f"\nStartRetry: 1 1 ({int(time.time())})\n".encode())
    cut.recover()
    assert name in cut.spool.files_in_spool()


def _in_spool(cut: Cut) -> Iterator[tuple[Path, Disk]]:
    for file in sorted(cut.spool.target.iterdir()):
        yield file, cut.disks[int(file.name.split("-")[-2]) - 1]


def test_files_that_are_back_of_calls_that_have_ended_are_taken_out(cut: Cut) -> None:
    disks_of_handed = [disk for disk in cut.disks if disk.state is CallState.HANDED]
    handed = zip(cut.journal.calls.in_transit(CallState.HANDED), disks_of_handed, strict=True)
    ended = [call for call, disk in handed if disk.place == "spool"]
    outcomes = [CallOutcome(call.run_id, call.position, Disposition.ANSWERED, NINE) for call in ended]
    cut.journal.transitions.end_calls(outcomes)
    cut.recover()
    assert cut.spool.files_in_spool() == cut.spool.staged_files() == []
    assert cut.results()["answered"] == len(ended)
