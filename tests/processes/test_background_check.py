"""The self-check in a process of its own: what it finds is left in the journal, and nothing ever waits for it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from obzvon.asterisk.ami.reconnect import LoginState
from obzvon.checks.background import BackgroundCheck
from obzvon.journal.findings import CheckReport, CheckSummary, Level
from obzvon.journal.journal import Journal
from obzvon.service.scheduler import Scheduler
from tests.support.waiting import until
from tests.support.workshop import Shift, Workshop, at, numbers

NINE = at("09:00:00")
FINDS = """
import sys
print('[{"level": "error", "where": "here", "what": {"text": "it is a folder"}}]', end="")
"""
HANGS = "import time; time.sleep(600)"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, phones=numbers(3), bundle=2, timeout=0)


@pytest.fixture
def journal(workshop: Workshop) -> Iterator[Journal]:
    opened = workshop.journal()
    yield opened
    opened.close()


def examination(workshop: Workshop, journal: Journal, script: str | None = None, **options: Any) -> BackgroundCheck:
    if script is not None:
        options["program"] = [sys.executable, "-c", script]
    return BackgroundCheck(workshop.settings.file, journal.findings, journal.commands, **options)


def done(one: BackgroundCheck, journal: Journal) -> CheckReport:
    """Looks until it is over."""

    def over() -> bool:
        one.poll(NINE)
        return not one.busy

    until(over, "the self-check")
    latest = journal.findings.latest()
    assert latest is not None
    return latest


ARGUMENTS = """
import json, sys
print(json.dumps([{"level": "ok", "where": "", "what": {"text": " ".join(sys.argv[3:])}}]), end="")
"""


def test_one_that_nobody_has_asked_for_is_told_that_the_login_is_refused(workshop: Workshop, journal: Journal) -> None:
    state = [LoginState.UNKNOWN]
    one = BackgroundCheck(
        workshop.settings.file,
        journal.findings,
        journal.commands,
        login_state=lambda: state[0],
        program=[sys.executable, "-c", ARGUMENTS],
    )

    def told(*asked: int) -> str:
        one.request(*asked)
        return str(done(one, journal).findings[0].what)

    assert told() == ""
    state[0] = LoginState.REFUSED
    assert told() == "refused"
    assert told(journal.commands.submit("check", by="anna", at=NINE)) == ""
    state[0] = LoginState.CONNECTED
    assert told(journal.commands.submit("check", by="anna", at=NINE)) == "connected"


def test_what_the_self_check_finds_is_left_in_the_journal(workshop: Workshop, journal: Journal) -> None:
    workshop.write_list({"0": "89161111111", "1": "777"})
    one = examination(workshop, journal)
    one.request()
    latest = done(one, journal)
    assert latest.at == NINE
    assert latest.pid == os.getpid()
    assert any("too short" in str(finding.what) for finding in latest.with_level(Level.WARNING))
    assert latest.with_level(Level.OK)


def test_a_settings_file_that_has_been_spoilt_since_the_start_is_found(workshop: Workshop, journal: Journal) -> None:
    one = examination(workshop, journal)
    (workshop.folder / "settings.ini").write_text("[CreateCallFiles]\nbundle = many\n")
    one.request()
    [error] = done(one, journal).with_level(Level.ERROR)
    assert "bundle" in error.where


def test_looking_never_waits_and_who_asked_is_answered_when_it_is_done(workshop: Workshop, journal: Journal) -> None:
    commands = journal.commands
    one = examination(workshop, journal, FINDS)
    first = commands.submit("check", by="anna", at=NINE)
    one.request(first)
    assert one.busy
    one.poll(NINE)
    later = commands.submit("check", by="boris", at=NINE)
    one.request(later)  # while the first is under way: what was mended meanwhile is to be seen
    assert commands.result(first) is None
    assert done(one, journal).with_level(Level.ERROR)[0].where == "here"
    for number in (first, later):
        answer = commands.result(number)
        assert answer is not None
        assert str(answer.text) == "everything has been checked: 1 error"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("raise SystemExit('no memory')", "no memory"),
        ("print('[')", "0"),
        ("import os; os.kill(os.getpid(), 9)", "-9"),
        ("print('{}')", "0"),
        ('print(\'[{"level": "odd"}]\')', "0"),
    ],
)
def test_a_self_check_that_fails_itself_is_an_error_with_its_reason(
    workshop: Workshop, journal: Journal, script: str, says: str
) -> None:
    one = examination(workshop, journal, script)
    one.request()
    [error] = done(one, journal).findings
    assert error.level is Level.ERROR
    assert f"the self-check has failed: {says}" in str(error.what)
    assert "obzvon check" in str(error.remedy)


def test_one_that_cannot_be_begun_is_an_error(workshop: Workshop, journal: Journal) -> None:
    one = BackgroundCheck(workshop.settings.file, journal.findings, journal.commands, program=["/nowhere/python"])
    one.request()
    [error] = done(one, journal).findings
    assert "No such file" in str(error.what)


def test_one_that_hangs_is_ended_and_told(workshop: Workshop, journal: Journal) -> None:
    one = examination(workshop, journal, HANGS, patience=0.1)
    one.request()
    [error] = done(one, journal).findings
    assert "was not done after" in str(error.what)


def test_the_end_of_the_service_ends_it_and_keeps_what_was_known(workshop: Workshop, journal: Journal) -> None:
    one = examination(workshop, journal, FINDS)
    one.request()
    known = done(one, journal)
    other = examination(workshop, journal, HANGS)
    other.request()
    other.poll(NINE)
    process = other.process
    assert process is not None
    other.stop()
    assert process.returncode is not None
    assert not other.busy
    assert journal.findings.latest() == known
    other.stop()


def test_one_that_is_ended_in_the_middle_leaves_nothing_in_the_store(workshop: Workshop, journal: Journal) -> None:
    slow = """
import sys, time
from pathlib import Path
from obzvon.asterisk import staging
from obzvon.checks import __main__ as child
stage = staging.stage_files
staging.stage_files = lambda *given: stage(*given) or time.sleep(600)
child.main(Path(sys.argv[1]), int(sys.argv[2]))
"""
    workshop.store_folder.mkdir()
    one = examination(workshop, journal, slow)
    one.request()
    one.poll(NINE)
    until(lambda: any(workshop.store_folder.iterdir()), "the probe in the store")
    one.stop()
    assert list(workshop.store_folder.iterdir()) == []


def test_it_does_not_outlive_a_service_that_was_killed(workshop: Workshop, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            """
import subprocess, sys, os, time
one = subprocess.Popen([sys.executable, "-c", '''
import sys, time
from obzvon.checks import __main__ as child
child._examine = lambda file: time.sleep(600) or []
child.main(None, int(sys.argv[1]))
''', str(os.getpid())], stdout=subprocess.DEVNULL)
print(one.pid, flush=True)
time.sleep(600)
""",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(
        lambda: not Path(f"/proc/{child}").exists() or "(zombie)" in Path(f"/proc/{child}/status").read_text(),
        "the end of the child",
    )


def test_nothing_is_imported_from_the_working_folder_which_the_editor_may_write(
    workshop: Workshop, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever plants a module there would run programs as Asterisk."""
    for name in ("obzvon.py", "click.py", "msgspec.py", "sqlalchemy.py"):
        (workshop.folder / name).write_text("open('planted', 'w')\nraise SystemExit('planted')\n")
    monkeypatch.chdir(workshop.folder)
    one = examination(workshop, journal)
    one.request()
    assert "planted" not in str(done(one, journal).findings)
    assert not (workshop.folder / "planted").exists()


# -- the service's clock


def working(workshop: Workshop, life: Shift, script: str, clock: object = lambda: NINE) -> Scheduler:
    known = examination(workshop, life.journal, script)
    return Scheduler(
        life.dialer,
        life.schedule_watch,
        life.commands,
        life.heartbeats,
        now=clock,  # type: ignore[arg-type]
        background_check=known,
    )


def test_the_service_looks_at_its_start_and_obeys_who_asks_for_another_look(workshop: Workshop) -> None:
    workshop.write_week("00:00")
    life = Shift(workshop)
    service = working(workshop, life, FINDS)
    findings = life.journal.findings
    asked: list[int] = []

    def each() -> None:
        if findings.latest_summary() and not asked:
            asked.append(life.commands.submit("check", by="anna", at=NINE))
        elif asked and life.commands.result(asked[0]):
            service.stop()

    service.run_forever(each)
    assert findings.latest_summary() == CheckSummary(NINE, False, 1)
    assert [job.unit for job in service.timers.jobs.jobs] == ["minutes", "hours"]
    life.end()


def test_a_self_check_that_hangs_holds_up_no_bundle_and_no_stop(workshop: Workshop) -> None:
    life = Shift(workshop)
    service = working(workshop, life, HANGS)
    stopped: list[float] = []

    def each() -> None:
        if not stopped and workshop.in_spool() == numbers(3):
            stopped.append(time.monotonic())
            service.stop()

    service.run_forever(each)
    print(f"stopped after {time.monotonic() - stopped[0]:.2f} s")
    assert life.journal.findings.latest() is None
    assert not service.background_check.busy  # type: ignore[union-attr]
    life.end()


def test_cron_has_it_made_once_an_hour_and_waits_for_it(workshop: Workshop) -> None:
    workshop.write_week("00:00")
    for minutes, expected in ((0, 0), (1, 0), (59, 0), (60, 60), (61, 60)):
        now = NINE + timedelta(minutes=minutes)
        life = Shift(workshop)
        assert working(workshop, life, FINDS, lambda now=now: now).run_once()
        latest = life.journal.findings.latest()
        assert latest is not None
        assert (latest.at, latest.once) == (NINE + timedelta(minutes=expected), True)
        life.end()
