"""How a message names the command that follows, so that it runs where it is typed."""

import sys
from pathlib import Path

import pytest

from obzvon.cli.workspace import own_command


def make_program(folder: Path) -> Path:
    folder.mkdir()
    program = folder / "obzvon"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_a_program_that_the_shell_finds_is_named_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = make_program(tmp_path / "venv")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "obzvon").symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for started in (program, tmp_path / "bin" / "obzvon"):
        monkeypatch.setattr(sys, "argv", [str(started)])
        assert own_command("--settings", "a b", "check") == "obzvon --settings 'a b' check"


def test_a_program_of_a_virtual_environment_is_named_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_program(tmp_path / "venv")
    other = make_program(tmp_path / "bin")
    monkeypatch.setattr(sys, "argv", [str(program)])
    for path in ("", str(other.parent)):
        monkeypatch.setenv("PATH", path)
        assert own_command("run") == f"{program} run"


def test_a_module_is_named_with_its_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", ["/somewhere/obzvon/cli/__main__.py"])
    assert own_command("run") == f"{sys.executable} -m obzvon.cli run"
