"""The service where it lives: under a real supervisord, and in cron's bare environment."""

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from obzvon.journal.journal import Journal
from obzvon.sandbox.pbx import Sandbox
from tests.support.paths import ROOT
from tests.support.waiting import until

PROGRAMS = ROOT / "asterisk" / "supervisor" / "obzvon.conf"
SCRIPTS = Path(sysconfig.get_path("scripts"))
ROWS = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a run that is due: the day's start has passed and the week is old."""
    (tmp_path / "settings.ini").write_text(
        "[Dirs]\ndir_source = .\ndir_store = store\ndir_target = outgoing\ndir_logs = log\n"
        "[CreateCallFiles]\nbundle = 2\ntimeout = 0.2\n[Calls]\narchive = yes\n"
    )
    (tmp_path / "outgoing").mkdir()
    (tmp_path / "todo.json").write_text(
        json.dumps({str(row): {"0": str(89161110000 + 10 * row), "1": ""} for row in range(ROWS)})
    )
    (tmp_path / "schedule.json").write_text(json.dumps({str(day): "00:01" for day in range(1, 8)}))
    os.utime(tmp_path / "schedule.json", (0, 0))
    return tmp_path


@pytest.fixture
def ledger(folder: Path) -> Iterator[Callable[[], Counter[str]]]:
    """The stand-in takes the call files; its ledger says which numbers were called and how often."""
    # A living process id: on a machine with a real Asterisk the files of a dead one would be taken for left behind.
    with Sandbox(folder / "outgoing", folder / "outgoing_done", talk=0.1, pid=os.getpid()) as sandbox:
        yield lambda: Counter(attempt.number for attempt in sandbox.ledger)


@pytest.fixture
def supervisor(folder: Path) -> Iterator[Callable[..., str]]:
    """supervisorctl of a supervisord that runs the project's own program file; only paths and users are changed."""
    if not (SCRIPTS / "supervisord").exists():
        pytest.skip("no supervisord beside this Python: pip install 'obzvon[test]'")
    program = re.search(r"(?ms)^\[program:obzvon\]$.*?(?=^\[|\Z|^; The editor)", PROGRAMS.read_text())
    assert program
    text = program[0].replace("/opt/obzvon/venv/bin/obzvon", str(SCRIPTS / "obzvon"))
    for place in ("/etc/obzvon", "/var/lib/obzvon", "/var/log/supervisor"):
        assert place in text
        text = text.replace(place, str(folder))
    text = re.sub(r"(?m)^user=.*\n", "", text)
    conf = folder / "supervisord.conf"
    socket = folder / "s"
    conf.write_text(
        f"[supervisord]\nnodaemon=true\nlogfile={folder}/supervisord.log\npidfile={folder}/supervisord.pid\n"
        f"[unix_http_server]\nfile={socket}\n[supervisorctl]\nserverurl=unix://{socket}\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n" + text
    )
    daemon = subprocess.Popen(
        [SCRIPTS / "supervisord", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
    )

    def control(*command: str) -> str:
        return subprocess.run(
            [SCRIPTS / "supervisorctl", "-c", conf, *command], capture_output=True, text=True, check=False, cwd=folder
        ).stdout

    until(socket.exists, "supervisord listens")
    yield control
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(180)


def pid(control: Callable[..., str]) -> int:
    found = re.search(r"RUNNING\s+pid (\d+)", control("status", "obzvon"))
    return int(found[1]) if found else 0


def dispositions(folder: Path) -> Counter[str]:
    if not (folder / "journal.db").exists():
        return Counter()
    journal = Journal(f"sqlite:///{folder / 'journal.db'}")
    try:
        run = journal.runs.latest()
        return journal.calls.count_results(run.id) if run else Counter()
    finally:
        journal.close()


def test_supervisord_starts_it_brings_it_back_after_a_kill_and_stops_it(
    folder: Path, supervisor: Callable[..., str], ledger: Callable[[], Counter[str]]
) -> None:
    until(lambda: pid(supervisor), "the service is up")
    until(lambda: len(ledger()) >= 6, "the run has started")
    first = pid(supervisor)
    os.kill(first, signal.SIGKILL)
    until(lambda: pid(supervisor) not in (0, first), "supervisord has brought it back")
    until(lambda: dispositions(folder)["answered"] + dispositions(folder)["unknown"] == ROWS, "the run is through")
    assert ledger() == Counter({str(89161110000 + 10 * row): 1 for row in range(ROWS)})
    assert "stopped" in supervisor("stop", "obzvon")
    assert "the next start continues" in log(folder) or "следующий" in log(folder), "it was stopped, not killed"


def test_a_stop_in_the_middle_of_a_run_is_clean_and_the_next_start_goes_on(
    folder: Path, supervisor: Callable[..., str], ledger: Callable[[], Counter[str]]
) -> None:
    until(lambda: len(ledger()) >= 6, "the run has started")
    assert "stopped" in supervisor("stop", "obzvon")
    assert not [path for path in (folder / "store").rglob("*.call*") if path.is_file()]
    called = len(ledger())
    assert called < ROWS
    supervisor("start", "obzvon")
    until(lambda: dispositions(folder)["answered"] == ROWS, "the run is through")
    assert ledger() == Counter({str(89161110000 + 10 * row): 1 for row in range(ROWS)})


def test_from_crons_bare_environment_a_due_run_is_done_whole_and_only_once(
    folder: Path, ledger: Callable[[], Counter[str]]
) -> None:
    def cron() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["/bin/sh", "-c", f"{SCRIPTS / 'obzvon'} --settings {folder}/settings.ini run --once"],
            env={"HOME": "/", "LOGNAME": "nobody", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert (SCRIPTS / "obzvon").exists() or pytest.skip(f"obzvon is not installed in {sys.prefix}")
    first = cron()
    assert first.returncode == 0, first.stderr
    second = cron()
    assert second.returncode == 0, second.stderr
    until(lambda: len(ledger()) == ROWS, "everybody is called")
    assert ledger() == Counter({str(89161110000 + 10 * row): 1 for row in range(ROWS)})


def log(folder: Path) -> str:
    return "".join(path.read_text() for path in sorted((folder / "log").iterdir()))
