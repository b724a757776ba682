"""Which keys of a changed settings.ini wait for a restart, and of which program."""

import re
from pathlib import Path

import pytest

from obzvon.common.supervision import EDITOR
from obzvon.settings.keys import KEYS
from obzvon.settings.reload import SettingsWatch
from obzvon.settings.restarts import EDITOR_FIELDS, SERVICE, programs_of_names, setting_digests
from tests.support.paths import ROOT
from tests.support.settings_text import load_text


@pytest.mark.parametrize(
    ("before", "after", "service", "editor"),
    [
        ("", "[Calls]\ncaller_id = 6122103\n", ["[Calls] caller_id"], []),
        ("[Calls]\nwait_time = 60\n", "", ["[Calls] wait_time"], []),
        ("", "[Web]\nport = 8081\n", [], ["[Web] port"]),
        ("", "[Day]\nlatest = 20:00\n", ["[Day] latest"], ["[Day] latest"]),
        ("", "[Rounds]\nbusy = 2 x 10 min\n", ["[Rounds] busy"], []),
        ("", "[AMI]\nuser = u\nsecret = hush\n", *[["[AMI] user", "[AMI] secret"]] * 2),
        ("", "[CreateCallFiles]\nbundle = 7\n[Pace]\nlines = 8\n", [], []),
        ("", "[CreateCallFiles]\nstatus = Off\n", [], []),
        ("[Day]\nlatest = 20:00\n", "[Day]\n; a comment\nlatest = 20:00\n", [], []),
    ],
)
def test_the_keys_are_named_that_differ_and_are_not_read_again(
    tmp_path: Path, before: str, after: str, service: list[str], editor: list[str]
) -> None:
    watch = SettingsWatch(load_text(tmp_path, before))
    load_text(tmp_path, after + "; changed\n")
    assert watch.waiting(SERVICE) == service
    assert watch.waiting(EDITOR) == editor
    load_text(tmp_path, before)
    assert watch.waiting(SERVICE) == []


@pytest.mark.parametrize(
    ("names", "programs"),
    [
        (["[Calls] caller_id"], "obzvon"),
        (["[Web] port"], "obzvon-web"),
        (["[Web] port", "[Calls] caller_id"], "obzvon obzvon-web"),
        (["[Day] latest"], "obzvon obzvon-web"),
        ([], ""),
    ],
)
def test_the_programs_to_restart_are_those_that_use_a_key(names: list[str], programs: str) -> None:
    assert programs_of_names(names) == programs


def test_a_password_is_not_in_the_digest(tmp_path: Path) -> None:
    digests = setting_digests(load_text(tmp_path, "[AMI]\nuser = u\nsecret = hush\n"))
    assert digests["[AMI] secret"]
    assert "hush" not in str(digests)


def test_every_setting_that_the_editor_uses_is_known_as_its_own() -> None:
    files = [*(ROOT / "web").rglob("*.py"), *(ROOT / "web").rglob("*.html")]
    used = {name for file in files for name in re.findall(r"settings\.(?:ordinary\.|coded\.)?(\w+)", file.read_text())}
    assert {key.field for key in KEYS if not key.group or key.field == "archive"} & used <= EDITOR_FIELDS
