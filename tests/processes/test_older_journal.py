"""The programs on a journal of an older version."""

import subprocess
from pathlib import Path

from tests.support.older_journals import copy_older
from tests.support.paths import ROOT
from tests.support.programs import run_obzvon
from tests.support.workshop import Workshop


def obzvon(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_obzvon("--settings", folder / "settings.ini", *arguments, cwd=ROOT)


def test_commands_refuse_it_until_the_service_has_started_and_show_its_results_then(tmp_path: Path) -> None:
    Workshop(tmp_path, phones=["89161111111"], start="00:00", language="en")
    copy_older("first.db", tmp_path / "journal.db")
    for command in ("status", "plan", "report"):
        refused = obzvon(tmp_path, command)
        assert refused.returncode == 2
        assert "an older version of obzvon wrote this journal" in refused.stderr
    checked = obzvon(tmp_path, "check")
    assert checked.returncode == 1
    assert "✗" in checked.stdout
    assert "the service converts it at its start" in checked.stdout
    started = obzvon(tmp_path, "run", "--once")
    assert started.returncode == 0, started.stderr
    assert (tmp_path / "journal.db.schema-1").is_file()
    report = obzvon(tmp_path, "report", "--date", "2026-11-27", "--format", "csv")
    assert report.stdout.count("8916000") == 40
