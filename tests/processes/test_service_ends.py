"""The service as a process: how it ends by a signal, and a second one beside it."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.mounts import in_memory
from tests.support.waiting import until
from tests.support.workshop import Workshop, numbers, service, zone_of_noon

PEOPLE = numbers(5)
DEADLINE = 180


@pytest.mark.parametrize("timeout", [0, 60])
def test_a_process_told_to_end_in_the_middle_of_a_big_bundle_ends_soon_and_the_next_goes_on(
    tmp_path: Path, timeout: int
) -> None:
    people = numbers(30_000)
    with in_memory(tmp_path) as memory:
        workshop = Workshop(
            memory, phones=people, start="00:01", bundle=30_000, timeout=timeout, time_zone=zone_of_noon()
        )
        first = service(workshop)
        try:
            until(lambda: count(workshop) >= 3000, "the first files")
            asked = time.monotonic()
            first.send_signal(signal.SIGTERM)
            assert first.wait(180) == 0
            print(f"ended {time.monotonic() - asked:.2f} s after SIGTERM with {count(workshop)} of 30,000 handed over")
        finally:
            first.kill()
            first.wait()
        assert 3000 <= count(workshop) < 30_000
        assert workshop.in_store() == []
        journal = workshop.journal()
        counts = journal.calls.count_results(1)
        assert counts == {"handed": count(workshop), "waiting": 30_000 - count(workshop)}
        # The rest of a bundle that was cut off waits for the delay: as if it had gone a minute ago.
        with journal.write_transaction() as connection:
            connection.exec_driver_sql(
                "UPDATE calls SET handed_at = datetime(handed_at, '-90 seconds') WHERE handed_at IS NOT NULL"
            )
        journal.close()
        second = service(workshop, "--once")
        assert second.wait(180) == 0, (workshop.folder / "said").read_text()
        assert sorted(workshop.in_spool()) == people


def count(workshop: Workshop) -> int:
    return sum(1 for _ in os.scandir(workshop.spool_folder))


def test_a_second_process_on_the_same_journal_leaves_the_work_to_the_first(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, start="00:00")
    first = service(workshop)
    try:
        journal = None

        def alive() -> bool:
            nonlocal journal
            journal = journal or (workshop.journal() if (tmp_path / "journal.db").exists() else None)
            return journal is not None and journal.heartbeats.latest() is not None

        until(alive, "the first sign of life")
        assert service(workshop).wait(DEADLINE) == 2
        assert str(tmp_path / "journal.db") in (tmp_path / "said").read_text()
        assert service(workshop, "--once").wait(DEADLINE) == 0
        assert first.poll() is None
        if journal:
            journal.close()
    finally:
        first.terminate()
        assert first.wait(DEADLINE) == 0


def test_a_service_whose_terminal_is_closed_ends_in_order_and_says_so(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=numbers(3000), start="00:01", bundle=10, timeout=0.1, time_zone=zone_of_noon())
    terminal, side = pty.openpty()
    working = subprocess.Popen(
        [
            "setsid",
            "--ctty",
            sys.executable,
            "-m",
            "obzvon.cli.main",
            "--settings",
            workshop.folder / "settings.ini",
            "run",
        ],
        stdin=side,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    try:
        with contextlib.ExitStack() as until_closed:
            until_closed.callback(os.close, terminal)
            while count(workshop) < 100:
                os.read(terminal, 100_000)
        assert working.wait(180) == 0
    finally:
        working.kill()
        working.wait()
    [log] = (workshop.folder / "log").iterdir()
    assert "SIGHUP" in log.read_text()
    assert workshop.in_store() == []
