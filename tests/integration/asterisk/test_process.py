"""The state of Asterisk by its pid file and the processes of this machine."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from obzvon.asterisk import process
from obzvon.asterisk.process import AsteriskState
from obzvon.common.processes import is_process_alive
from tests.support.workshop import dead_pid


@pytest.mark.parametrize("text", ["", "\n", "abc", "-1", "12 13", "1.5", "\xff\xfe", "9" * 30])
def test_a_pid_file_with_nonsense_in_it_shows_no_asterisk(tmp_path: Path, text: str) -> None:
    file = tmp_path / "asterisk.pid"
    file.write_text(text, encoding="latin-1")
    assert process.asterisk_state(file) is AsteriskState.DOWN


def test_a_missing_pid_file_means_down_and_no_pid_file_means_unseen(tmp_path: Path) -> None:
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
    dead, own, now = dead_pid(), os.getpid(), time.time()

    def is_gone(pid: int) -> bool:
        return process.is_asterisk_gone(pid, int(now), now, process.running_asterisks(file))

    assert is_gone(own)
    file.write_text(str(own))
    assert not is_gone(own)
    assert is_gone(dead)
    file.write_text(str(dead))
    assert is_gone(dead)


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("pid", "started_at", "touched", "gone"),
    [
        (1, NOW + 5, NOW + 5.2, False),
        (1, NOW, NOW + 0.4, False),  # the whole second in which Asterisk was started
        (1, NOW - 1, NOW - 0.3, True),
        (1, NOW, NOW - 0.2, True),  # killed and started within one second: the file's own time tells
        (1, NOW - 60, NOW + 5, True),  # something else has touched the file since
        (1, 0, NOW + 5, False),
        (1, 0, NOW - 5, True),
        (0, 0, NOW + 5, False),  # nothing can be read of the line but zero bytes
        (0, 0, NOW - 5, True),
        (2, NOW + 5, NOW + 5, True),
    ],
)
def test_an_asterisk_of_the_same_pid_has_written_nothing_before_its_start(
    pid: int, started_at: float, touched: float, gone: bool
) -> None:
    running = [process.RunningAsterisk(frozenset({1, 4711}), NOW + 0.3)]
    assert process.is_asterisk_gone(pid, int(started_at), touched, running) is gone


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_was_set_since_does_not_end_a_running_asterisk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    file = tmp_path / "asterisk.pid"
    file.write_text(str(os.getpid()))
    before, clock = time.time(), time.time
    monkeypatch.setattr(time, "time", lambda: clock() + hours * 3600)
    later = time.time()
    for written in (before, later):
        assert not process.is_asterisk_gone(os.getpid(), int(written), written, process.running_asterisks(file))


def test_without_a_pid_file_it_is_gone_only_where_an_asterisk_can_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, now = dead_pid(), time.time()

    def is_gone(pid: int, at: float) -> bool:
        return process.is_asterisk_gone(pid, int(at), at, process.running_asterisks(None))

    with monkeypatch.context() as patched:
        patched.setattr(process, "_visible_asterisks", list)
        assert not is_gone(os.getpid(), now)
        assert not is_gone(dead, now)
    program = tmp_path / "asterisk"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as running:
        try:
            named = Path(f"/proc/{running.pid}/comm")
            while named.read_text() != "asterisk\n":  # the kernel gives the name a moment after it lets us go on
                pass
            assert is_gone(dead, now)
            assert not is_gone(os.getpid(), now)  # a process of another name, and perhaps an Asterisk all the same
            assert not is_gone(running.pid, now + 60)
            assert is_gone(running.pid, now - 60)
        finally:
            running.kill()
