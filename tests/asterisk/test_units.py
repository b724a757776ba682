"""The supervisor programs and the systemd units, read by the programs that will run them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.asterisk.rig import SNIPPETS
from tests.support.waiting import until

COMMAND = "/opt/obzvon/venv/bin/obzvon"
SUPERVISORD_CONF = """\
[supervisord]
logfile={folder}/log
pidfile={folder}/pid
[unix_http_server]
file={folder}/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{folder}/socket
[include]
files={folder}/obzvon.conf
"""


def test_supervisor_runs_the_service_and_the_editor(tmp_path: Path) -> None:
    """With the users, the folder and the program of this machine; all else as shipped."""
    text = (SNIPPETS / "supervisor" / "obzvon.conf").read_text()
    program = tmp_path / "obzvon"
    program.write_text('#!/bin/sh\necho "$1 $OBZVON_SETTINGS $(umask)"\nexec sleep 3600\n')
    program.chmod(0o755)
    for shipped, here in {
        COMMAND: str(program), "/var/lib/obzvon\n": f"{tmp_path}\n", "/var/log/supervisor": str(tmp_path),
        "user=asterisk\n": "", "user=obzvon-web\n": "",
    }.items():  # fmt: skip
        assert shipped in text
        text = text.replace(shipped, here)
    (tmp_path / "obzvon.conf").write_text(text)
    config = tmp_path / "supervisord.conf"
    config.write_text(SUPERVISORD_CONF.format(folder=tmp_path))

    def control(*command: str) -> str:
        ask = [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(config), *command]
        return subprocess.run(ask, capture_output=True, text=True, check=False).stdout

    start = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-n", "-c", str(config)]
    supervisord = subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: control("status").count("RUNNING") == 2, "both programs running", every=0.3)
        for name, command in {"obzvon": "run", "obzvon-web": "web"}.items():
            said = (tmp_path / f"{name}.log").read_text().split()
            assert said == [command, "/etc/obzvon/settings.ini", "0007"]
    finally:
        supervisord.terminate()
        supervisord.wait(180)


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    units = shutil.copytree(SNIPPETS / "systemd", tmp_path / "units")
    (units / "asterisk.service").write_text("[Service]\nExecStart=/bin/true\n")
    for unit in units.rglob("*.*"):
        if unit.is_file():
            unit.write_text(unit.read_text().replace(COMMAND, "/bin/true"))
    for name in ("obzvon", "obzvon-web", "asterisk"):
        verified = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(units / f"{name}.service")],
            env=os.environ | {"SYSTEMD_LOG_TARGET": "console"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (verified.returncode, verified.stderr) == (0, "")


def test_every_starter_uses_the_same_program_and_settings() -> None:
    starters = [SNIPPETS / "supervisor" / "obzvon.conf", *(SNIPPETS / "systemd").rglob("*.service"),
                SNIPPETS / "systemd" / "asterisk.service.d" / "obzvon-sweep.conf"]  # fmt: skip
    for starter in starters:
        if starter.is_file():
            assert COMMAND in starter.read_text()
            assert "/etc/obzvon/settings.ini" in starter.read_text()
