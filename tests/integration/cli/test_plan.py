"""What `plan` says beside the forecast."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from obzvon.cli import workspace
from obzvon.cli.main import cli
from obzvon.common.i18n import say
from obzvon.journal.journal import Journal


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
