"""The journal's commands while a service works on it: backed up, restored and moved, and nobody is called twice."""

import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.programs import Program, run_obzvon
from tests.support.waiting import until
from tests.support.workshop import Workshop, numbers, service, zone_of_noon

PEOPLE = numbers(20)


def obzvon(workshop: Workshop, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_obzvon(
        "--settings", workshop.folder / "settings.ini", *arguments, cwd=ROOT, environment={"OBZVON_LANGUAGE": "en"}
    )


def end(process: Program) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(180)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(
        tmp_path, phones=PEOPLE, start="00:01", bundle=1, timeout=0.5, time_zone=zone_of_noon(), language="en"
    )


def test_a_journal_is_backed_up_moved_and_the_run_goes_on_from_the_new_one(workshop: Workshop) -> None:
    folder = workshop.folder
    working = service(workshop)
    until(lambda: len(workshop.in_spool()) >= 2, "the first calls")
    copied = obzvon(workshop, "journal", "backup", folder / "backup.db")
    assert copied.returncode == 0, copied.stderr
    refused = obzvon(workshop, "journal", "restore", folder / "backup.db")
    assert refused.returncode == 2
    assert "another obzvon service is using this journal" in refused.stderr
    moved = obzvon(workshop, "journal", "move", "new.db")
    assert moved.returncode == 0, moved.stderr
    assert f"rows were moved to {folder}/new.db" in moved.stdout
    until(lambda: "was moved to" in (folder / "said").read_text(), "the old service's stop")
    assert len(workshop.in_spool()) < len(PEOPLE)
    end(working)
    settings = folder / "settings.ini"
    settings.write_text(settings.read_text() + "[Journal]\nurl = new.db\n")
    working = service(workshop)
    until(lambda: len(workshop.in_spool()) == len(PEOPLE), "the rest")
    end(working)
    assert Counter(workshop.in_spool()) == Counter(PEOPLE)


def test_a_restored_copy_calls_nobody_until_somebody_decides(workshop: Workshop) -> None:
    folder = workshop.folder
    working = service(workshop)
    until(lambda: len(workshop.in_spool()) >= 2, "the first calls")
    assert obzvon(workshop, "journal", "backup", folder / "backup.db").returncode == 0
    before = len(workshop.in_spool())
    until(lambda: len(workshop.in_spool()) >= before + 2, "further calls")
    end(working)
    called = workshop.in_spool()
    restored = obzvon(workshop, "journal", "restore", folder / "backup.db")
    assert restored.returncode == 0, restored.stderr
    assert "this journal is an older copy" in restored.stderr
    for command, status in (("check", 1), ("plan", 1), ("status", 0)):
        said = obzvon(workshop, command)
        assert said.returncode == status
        assert "this journal is an older copy" in said.stdout + said.stderr
    working = service(workshop)
    until(lambda: "this journal is an older copy" in (folder / "said").read_text(), "the problem in the log")
    accepted = obzvon(workshop, "journal", "accept", "--no-calls")
    assert accepted.returncode == 0, accepted.stderr
    assert "nobody else is called today" in accepted.stdout
    end(working)
    assert workshop.in_spool() == called
    assert obzvon(workshop, "check").stdout.count("older copy") == 0


def test_without_a_service_the_command_decides_itself(workshop: Workshop) -> None:
    working = service(workshop)
    until(lambda: len(workshop.in_spool()) >= 2, "the first calls")
    end(working)
    called = workshop.in_spool()
    (workshop.folder / "journal.db").unlink()
    nothing = obzvon(workshop, "journal", "accept")
    assert nothing.returncode == 2
    assert "choose one of --no-calls, --call, --rest and --clock" in nothing.stderr
    accepted = obzvon(workshop, "journal", "accept", "--no-calls")
    assert accepted.returncode == 0, accepted.stderr
    no_clock = obzvon(workshop, "journal", "accept", "--clock")
    assert no_clock.returncode == 2
    assert "the journal holds no time after that of the clock" in no_clock.stderr
    assert obzvon(workshop, "run", "--once").returncode == 0
    assert workshop.in_spool() == called
