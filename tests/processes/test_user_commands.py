"""The commands that change the editor's users, as programs."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from obzvon.users import Role, Users, password_matches
from tests.support.programs import run_obzvon

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def obzvon(tmp_path: Path) -> Run:
    def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return run_obzvon(*arguments, cwd=tmp_path, environment={"OBZVON_LANGUAGE": "en"}, given=given)

    return run


def test_init_makes_the_first_user_and_prints_the_password_once(obzvon: Run, tmp_path: Path) -> None:
    made = obzvon("init", "work")
    assert made.returncode == 0, made.stderr
    password = made.stdout.split("password: ")[1].splitlines()[0]
    user = Users(tmp_path / "work" / "users.json").load()["admin"]
    assert user.role is Role.ADMINISTRATOR
    assert user.password.startswith("scrypt:32768:8:1$")  # which takes an eighth of a second and 32 MB
    assert password_matches(user, password)


def test_the_commands_add_change_list_and_remove(obzvon: Run, tmp_path: Path) -> None:
    (tmp_path / "settings.ini").write_text("[Web]\nusers = access.json\n")
    users = Users(tmp_path / "access.json")
    assert "no users yet" in obzvon("user", "list").stdout
    added = obzvon("user", "add", "ivan")
    assert added.returncode == 0, added.stderr
    assert password_matches(users.load()["ivan"], added.stdout.split("password: ")[1].strip())
    silent = obzvon("user", "add", "anna", "--role", "viewer", "--stdin", given="correct horse\n")
    assert "correct horse" not in silent.stdout + silent.stderr
    assert password_matches(users.load()["anna"], "correct horse")
    assert obzvon("user", "list").stdout == "anna\tviewer\nivan\toperator\n"
    assert obzvon("user", "passwd", "anna", "--stdin", given="battery staple\n").returncode == 0
    assert password_matches(users.load()["anna"], "battery staple")
    assert obzvon("user", "role", "anna", "administrator").returncode == 0
    assert obzvon("user", "list").stdout == "anna\tadministrator\nivan\toperator\n"
    last = obzvon("user", "remove", "anna")
    assert (last.returncode, "last administrator" in last.stderr) == (2, True)
    assert obzvon("user", "role", "ivan", "administrator").returncode == 0
    assert obzvon("user", "remove", "anna").returncode == 0
    assert list(json.loads(users.path.read_text())) == ["ivan"]
    for wrong in (
        ["add", "ivan"],
        ["passwd", "anna"],
        ["role", "ivan", "god"],
        ["remove", "anna"],
        ["add", "olga", "--stdin"],
    ):
        answer = obzvon("user", *wrong)
        assert (answer.returncode, "Traceback" in answer.stderr) == (2, False)
