"""The commands to the service, before any service is asked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from obzvon.cli import control
from obzvon.cli.main import cli
from tests.support.workshop import zone_where_it_is

#: Commands after which people are called.
CALLING = [["start"], ["start", "--again"], ["start", "--only", "busy"], ["resume"], ["call", "89161111111"]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the commands that were submitted to the service."""
    names: list[str] = []
    monkeypatch.setattr(control, "send_command", lambda _file, name, **_params: names.append(name))
    return names


def _settings(folder: Path, hour: int) -> Path:
    file = folder / "settings.ini"
    file.write_text(f"[Day]\ntime_zone = {zone_where_it_is(hour, datetime.now(UTC))}\n[Log]\nlanguage = en\n")
    return file


@pytest.mark.parametrize("hour", [0, 7, 21, 23])
@pytest.mark.parametrize("command", CALLING, ids=" ".join)
def test_nobody_is_called_at_night_unless_it_is_meant(
    tmp_path: Path, sent: list[str], command: list[str], hour: int
) -> None:
    file = _settings(tmp_path, hour)
    refused = CliRunner().invoke(cli, ["--settings", str(file), *command])
    assert refused.exit_code == 1
    assert "nobody is called: it is " in refused.stderr
    assert "--at-night" in refused.stderr
    assert sent == []
    assert CliRunner().invoke(cli, ["--settings", str(file), *command, "--at-night"]).exit_code == 0
    assert sent == command[:1]


@pytest.mark.parametrize("command", [*CALLING, ["pause"], ["stop"]], ids=" ".join)
def test_in_daytime_nothing_is_asked(tmp_path: Path, sent: list[str], command: list[str]) -> None:
    assert CliRunner().invoke(cli, ["--settings", str(_settings(tmp_path, 12)), *command]).exit_code == 0
    assert sent == command[:1]


@pytest.mark.parametrize("decision", ["--call", "--rest", "--clock"])
def test_no_decision_lets_calls_begin_at_night_unless_it_is_meant(tmp_path: Path, decision: str) -> None:
    command = ["--settings", str(_settings(tmp_path, 23)), "journal", "accept", decision]
    refused = CliRunner().invoke(cli, command)
    assert refused.exit_code == 1
    assert "nobody is called: it is 23:" in refused.stderr
    nothing_to_decide = CliRunner().invoke(cli, [*command, "--at-night"])
    assert nothing_to_decide.exception
    assert "nobody is called" not in nothing_to_decide.stderr


def test_that_nobody_is_called_is_decided_at_any_hour(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["--settings", str(_settings(tmp_path, 23)), "journal", "accept", "--no-calls"])
    assert "nobody is called: it is" not in done.stderr


@pytest.mark.parametrize("command", [["pause"], ["stop"]], ids=" ".join)
def test_a_run_is_paused_and_stopped_at_any_hour(tmp_path: Path, sent: list[str], command: list[str]) -> None:
    assert CliRunner().invoke(cli, ["--settings", str(_settings(tmp_path, 23)), *command]).exit_code == 0
    assert sent == command
