"""The state of Asterisk by its pid file and the processes of this machine."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from obzvon.asterisk import process
from obzvon.asterisk.process import AsteriskState
from obzvon.common.processes import is_process_alive
from tests.support.workshop import dead_pid


@pytest.mark.parametrize("text", ["", "\n", "abc", "-1", "12 13", "1.5", "\xff\xfe", "9" * 30])
def test_a_pid_file_with_nonsense_in_it_tells_of_no_asterisk(tmp_path: Path, text: str) -> None:
    file = tmp_path / "asterisk.pid"
    file.write_text(text, encoding="latin-1")
    assert process.asterisk_state(file) is AsteriskState.DOWN


def test_a_missing_pid_file_tells_that_asterisk_is_down_and_none_tells_nothing(tmp_path: Path) -> None:
    assert process.asterisk_state(tmp_path / "asterisk.pid") is AsteriskState.DOWN
    assert process.asterisk_state(tmp_path) is AsteriskState.DOWN
    assert process.asterisk_state(None) is AsteriskState.UNSEEN


def test_a_pid_file_is_believed_only_if_the_process_lives(tmp_path: Path) -> None:
    file = tmp_path / "asterisk.pid"
    file.write_text(f"{os.getpid()}\n")
    assert process.asterisk_state(file) is AsteriskState.RUNNING
    file.write_text(f"{dead_pid()}\n")
    assert process.asterisk_state(file) is AsteriskState.DOWN


def test_a_process_of_another_user_lives_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    assert is_process_alive(1)


def test_an_asterisk_is_gone_when_its_pid_file_names_another_or_it_lives_no_more(tmp_path: Path) -> None:
    file = tmp_path / "asterisk.pid"
    dead = dead_pid()
    assert process.is_asterisk_gone(os.getpid(), file)
    file.write_text(str(os.getpid()))
    assert not process.is_asterisk_gone(os.getpid(), file)
    assert process.is_asterisk_gone(dead, file)
    file.write_text(str(dead))
    assert process.is_asterisk_gone(dead, file)


def test_without_a_pid_file_it_is_gone_only_where_an_asterisk_can_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = dead_pid()
    assert not process.is_asterisk_gone(os.getpid(), None)
    with monkeypatch.context() as patched:
        patched.setattr(process, "_any_asterisk", lambda: False)
        assert not process.is_asterisk_gone(dead, None)
    program = tmp_path / "asterisk"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as running:
        try:
            named = Path(f"/proc/{running.pid}/comm")
            while named.read_text() != "asterisk\n":  # the kernel gives the name a moment after it lets us go on
                pass
            assert process.is_asterisk_gone(dead, None)
        finally:
            running.kill()
