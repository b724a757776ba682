"""Power cuts on a real ext4: what was not synced is gone, its journal is replayed, and the service starts again.

The cut is ext4's own shutdown without a flush (EXT4_IOC_SHUTDOWN), at any step of the service or of Asterisk.
"""

import fcntl
import os
import random
import shutil
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from obzvon.asterisk import spool as spool_module
from obzvon.asterisk.callfile import parse_start
from obzvon.asterisk.transport import earlier_boot
from obzvon.common import files as disk
from obzvon.journal.day_record import DayRecordFile
from obzvon.journal.transitions import CallTransitions
from obzvon.service import handover
from tests.support import profile
from tests.support.workshop import ROOT, Workshop, at, number_in, numbers, shift

pytestmark = pytest.mark.skipif(
    not ROOT or shutil.which("mkfs.ext4") is None, reason="needs root and mkfs.ext4: a filesystem that loses power"
)

_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
_WITHOUT_FLUSH = struct.pack("I", 2)
PEOPLE = numbers(24)
NINE = at("09:00:00")


class Machine:
    """A machine whose disk is an image, and whose Asterisk keeps its ledger elsewhere: whom it has called."""

    def __init__(self, folder: Path) -> None:
        self.image, self.mounted, self.ledger = folder / "image", folder / "disk", folder / "ledger"
        self.mounted.mkdir()
        self.ledger.touch()
        with self.image.open("wb") as image:
            image.truncate(48 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)
        self.now = NINE
        self.boots = 0

    def start(self) -> None:
        self.boots += 1
        subprocess.run(["mount", "-o", "loop", self.image, self.mounted], check=True)

    def stop(self) -> None:
        subprocess.run(["umount", self.mounted], check=True)

    def cut(self) -> NoReturn:
        """Lose power: nothing more gets to the disk, and nothing runs."""
        descriptor = os.open(self.mounted, os.O_RDONLY)
        fcntl.ioctl(descriptor, _SHUTDOWN, _WITHOUT_FLUSH)
        os._exit(0)

    def workshop(self) -> Workshop:
        return Workshop(self.mounted / "folder", phones=PEOPLE, bundle=3, timeout=2)

    def called(self) -> Counter[str]:
        return Counter(self.ledger.read_text().split())

    def live(self, steps: int | None, *, boot: str, is_swept: bool, of_asterisk: bool = False) -> None:
        """A life of the machine, in a process of its own, for so many steps or until the run is over.

        With `of_asterisk` only Asterisk's own steps count, so that the power goes right after one of them.
        """
        child = os.fork()
        if child == 0:
            try:
                self._live(steps, boot, is_swept=is_swept, of_asterisk=of_asterisk)
            finally:
                os._exit(1)  # only a test that fails gets here
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def _live(self, steps: int | None, boot: str, *, is_swept: bool, of_asterisk: bool) -> None:
        began = time.monotonic()
        for module in (earlier_boot, handover, spool_module):
            module.boot_id = lambda: boot  # type: ignore[attr-defined]
        earlier_boot.uptime = lambda: time.monotonic() - began  # type: ignore[attr-defined]
        left = steps

        def count() -> None:
            nonlocal left
            if left is not None:
                left -= 1
                if left <= 0:
                    self.cut()

        if not of_asterisk:
            _count_steps(count)
        workshop = Workshop.existing(self.mounted / "folder")
        spool = workshop.spool()
        if is_swept:
            spool.sweep()
        chance = random.Random(f"{boot} {self.boots}")
        with shift(workshop, self.now) as working:
            for second in range(600):
                working.dialer.step(self.now + timedelta(seconds=second))
                self._be_asterisk(workshop.spool_folder, chance, count)
                if second % 4 == 0:
                    spool.sync()
                if working.dialer.run is None and not working.dialer.handover.outstanding:
                    break
        os.sync()
        os._exit(0)

    def _be_asterisk(self, outgoing: Path, chance: random.Random, count: Callable[[], None]) -> None:
        for file in sorted(outgoing.iterdir()):
            if parse_start(file.read_bytes()) is None:
                with self.ledger.open("a") as ledger:
                    ledger.write(f"{number_in(file)}\n")
                with file.open("a") as stream:
                    stream.write(f"\nStartRetry: {os.getpid()} 1 ({int(time.time())})\n")
                count()
            elif chance.random() < 0.4:
                file.unlink()
                count()


def _count_steps(count: Callable[[], None]) -> None:
    """Count before and after everything that the service makes durable."""

    def counted(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def call(*args: object, **kwargs: object) -> object:
            count()
            result = original(*args, **kwargs)
            count()
            return result

        setattr(owner, name, call)

    for name in ("rename", "replace", "fsync", "unlink"):
        counted(os, name)
    counted(disk, "sync_filesystem")
    counted(DayRecordFile, "save")
    for name in ("begin_handing", "end_handing", "return_to_waiting", "end_calls"):
        counted(CallTransitions, name)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    try:
        machine.start()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"an image cannot be mounted here: {error}")
    machine.workshop()
    os.sync()
    yield machine
    machine.stop()


def runs_with_cuts(machine: Machine, cuts: int, *, boots_differ: bool = True) -> tuple[int, Counter[str]]:
    """Let runs lose power again and again; returns how many were called twice in a run, and all results."""
    chance, twice, results = random.Random(20260105), 0, Counter[str]()
    while cuts > 0:
        for _ in range(chance.randrange(3, 9)):
            boot, of_asterisk = f"{machine.boots if boots_differ else 0:012x}", chance.random() < 0.5
            steps = chance.randrange(1, 7) if of_asterisk else chance.randrange(5, 120)
            machine.live(steps, boot=boot, is_swept=chance.random() < 0.5, of_asterisk=of_asterisk)
            machine.stop()
            machine.start()
            machine.now += timedelta(minutes=1)
            cuts -= 1
        machine.live(None, boot=f"{machine.boots if boots_differ else 0:012x}", is_swept=True)
        with_journal = machine.workshop().journal()
        lines = list(with_journal.calls.records_on(machine.now.date()))
        with_journal.close()
        results += Counter(line.result for line in lines)
        called = machine.called()
        twice += sum(count > 1 for count in called.values())
        never = {number for number in PEOPLE if number not in called}
        assert {line.result for line in lines if line.number in never} <= {"unknown"}
        machine.ledger.write_text("")
        machine.now = (machine.now + timedelta(days=1)).replace(hour=NINE.hour, minute=NINE.minute)
    return twice, results


def test_nobody_is_called_twice_however_often_the_power_is_cut(machine: Machine) -> None:
    twice, results = runs_with_cuts(machine, profile.often(commit=10, long=220))
    assert twice == 0
    assert set(results) <= {"handed", "unknown"}
    print(f"results: {dict(results)}")


@pytest.mark.long
def test_without_the_boot_in_the_journal_somebody_would_be(machine: Machine) -> None:
    twice, _ = runs_with_cuts(machine, 25, boots_differ=False)
    assert twice > 0
