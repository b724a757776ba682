"""What `plan` says beside the forecast."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from obzvon.cli import workspace
from obzvon.cli.main import cli
from obzvon.common.i18n import say
from obzvon.journal.day_record import DayRecord
from obzvon.journal.journal import Journal
from obzvon.reports.day_conflict import open_day_record
from obzvon.settings.model import load_settings


@pytest.mark.usefixtures("english")  # which restores the language
def test_the_plan_says_what_keeps_the_service_from_its_work(tmp_path: Path) -> None:
    file = workspace.create_folder(tmp_path, rehearsal=True, time_zone="Europe/Moscow")
    journal = Journal(f"sqlite:///{tmp_path}/journal.db")
    now = datetime.now(UTC)
    journal.heartbeats.begin(at=now)
    held = say("the run does not start: {why}", why=say("this sound is empty"))
    journal.heartbeats.beat(at=now, problem=msgspec.json.encode([held]).decode())
    journal.close()
    result = CliRunner().invoke(cli, ["--settings", str(file), "plan"], catch_exceptions=False)
    assert "the run does not start: this sound is empty" in result.stderr
    assert result.exit_code == 1
    as_json = CliRunner().invoke(cli, ["--settings", str(file), "plan", "--json"], catch_exceptions=False)
    assert json.loads(as_json.stdout)["problems"] == ["the run does not start: this sound is empty"]
    assert as_json.exit_code == 1


@pytest.mark.usefixtures("english")
def test_the_plan_for_programs_has_the_conflict_that_keeps_the_run(tmp_path: Path) -> None:
    file = workspace.create_folder(tmp_path, rehearsal=True, time_zone="Europe/Moscow")
    settings = load_settings(file)
    Journal(settings.journal.reveal()).close()
    settings.store.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    record = DayRecord("another", 7, "/old/journal.db", {now.astimezone(settings.zone).date(): now})
    open_day_record(settings).save(record)
    result = CliRunner().invoke(cli, ["--settings", str(file), "plan", "--json"], catch_exceptions=False)
    [problem] = json.loads(result.stdout)["problems"]
    assert "obzvon has already called today, with another journal" in problem
    assert result.exit_code == 1


@pytest.mark.usefixtures("english")
def test_the_plan_for_programs_says_that_nothing_keeps_the_run(tmp_path: Path) -> None:
    file = workspace.create_folder(tmp_path, rehearsal=True, time_zone="Europe/Moscow")
    result = CliRunner().invoke(cli, ["--settings", str(file), "plan", "--json"], catch_exceptions=False)
    assert json.loads(result.stdout)["problems"] == []
    assert result.exit_code == 0
