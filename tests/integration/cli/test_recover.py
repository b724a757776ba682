"""`obzvon recover`: what another program's save has lost comes back, or is left in peace."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from obzvon.cli.main import cli
from obzvon.documents.store import phones_document
from obzvon.domain.phones import Phone
from tests.support.first_users_page import PageOfFirstUsers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "settings.ini").write_text("[Dirs]\ndir_target = outgoing\n")
    phones_document(tmp_path / "todo.json").save([Phone("0", "89502222222", "01", "007")], "")
    return tmp_path


def recover(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["--settings", str(folder / "settings.ini"), "recover", *options])


def test_nothing_lost_is_said(folder: Path) -> None:
    answer = recover(folder)
    assert (answer.exit_code, answer.output) == (0, "nothing is lost: the list has all values that it had\n")


def test_lost_values_are_named_and_restored(folder: Path) -> None:
    PageOfFirstUsers(folder).add("89177777777", "")
    answer = recover(folder)
    assert answer.output == "89502222222: 01 → 1\n89502222222: 007 → 7\n2 values were restored\n"
    assert phones_document(folder / "todo.json").load().data[0] == Phone("0", "89502222222", "01", "007")
    assert "nothing is lost" in recover(folder).output


def test_they_may_stay_lost(folder: Path) -> None:
    PageOfFirstUsers(folder).add("89177777777", "")
    assert recover(folder, "--dismiss").output.endswith("2 values stay as they are\n")
    assert phones_document(folder / "todo.json").load().data[0].code == "1"
    assert "nothing is lost" in recover(folder).output
