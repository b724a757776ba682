"""The command by which the service is started here: systemd's, supervisor's, or our own."""

from pathlib import Path

from obzvon.common.supervision import supervisor_command


def test_supervisorctl_is_named_only_where_it_is(tmp_path: Path) -> None:
    folders = (tmp_path,)
    found, missing = (lambda _: "/usr/bin/supervisorctl"), (lambda _: None)
    assert supervisor_command("start", which=found, unit_folders=folders) == "supervisorctl start obzvon"
    assert supervisor_command("start", which=missing, unit_folders=folders) == "obzvon run"
    assert supervisor_command("status", which=missing, unit_folders=folders) == "obzvon status"
    both = supervisor_command("restart", "obzvon obzvon-web", which=found, unit_folders=folders)
    assert both == "supervisorctl restart obzvon obzvon-web"
    assert supervisor_command("restart", which=missing, unit_folders=folders) == "obzvon run"
    assert supervisor_command("stop", which=missing, unit_folders=folders) == "kill PID"
    (tmp_path / "obzvon.service").touch()
    assert supervisor_command("start", which=found, unit_folders=folders) == "systemctl start obzvon"


def test_the_editor_has_a_command_of_its_own_where_nothing_supervises_it(tmp_path: Path) -> None:
    found = [
        supervisor_command(action, "obzvon-web", which=lambda _: None, unit_folders=(tmp_path,))
        for action in ("start", "restart")
    ]
    assert found == ["obzvon web"] * 2
