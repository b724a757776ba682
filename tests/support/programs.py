"""Run obzvon's command line in processes that are forked from one that has imported it.

Each is a separate process, as an installed program is, without the second of imports. Other tests start the installed
program itself. A service that is forked so checks itself only where a test wants it: that is a process with imports of
its own, each time.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

_SECONDS = 120
_FINDS_NOTHING = ("/bin/sh", "-c", "echo '[]'")
_forked = multiprocessing.get_context("forkserver")
_forked.set_forkserver_preload(["obzvon.cli.main", "tests.support.programs", "tests.support.warm_editor"])


class Program:
    """A command that runs beside the test, used as subprocess.Popen is. It reads nothing."""

    def __init__(self, *arguments: str | Path, cwd: Path, stdout: int, stderr: int, self_check: bool = False) -> None:
        self.command = [os.fspath(argument) for argument in arguments]
        with Path(os.devnull).open("rb") as stdin:
            streams = (stdin.fileno(), stdout, stderr)
            self._process = _start(self.command, cwd, os.environ, streams, self_check=self_check)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wait()

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process.pid
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, negative after a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit status, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.command, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal if it still runs."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def run_obzvon(
    *arguments: str | Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    given: str = "",
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, in a folder, with some variables beside those of this process."""
    command = [os.fspath(argument) for argument in arguments]
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(given.encode())
        stdin.seek(0)
        streams = (stdin.fileno(), stdout.fileno(), stderr.fileno())
        process = _start(command, cwd, {**os.environ, **(environment or {})}, streams)
        process.join(_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(command, _SECONDS)
        printed = [_text(stream) for stream in (stdout, stderr)]
    assert process.exitcode is not None
    return subprocess.CompletedProcess(command, process.exitcode, *printed)


def _start(
    command: list[str],
    cwd: Path,
    environment: Mapping[str, str],
    streams: tuple[int, int, int],
    *,
    self_check: bool = False,
) -> BaseProcess:
    """Fork a process that runs a command with these three streams."""
    arguments = (command, os.fspath(cwd), dict(environment), [DupFd(stream) for stream in streams], self_check)
    process = _forked.Process(target=_run, args=arguments)
    process.start()
    return process


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def _run(
    command: list[str], folder: str, environment: dict[str, str], streams: Sequence[Any], self_check: bool
) -> None:
    from obzvon.checks.background import BackgroundCheck
    from obzvon.cli.main import main  # which the process that is forked has done already

    if not self_check:
        BackgroundCheck.program = _FINDS_NOTHING

    for target, stream in enumerate(streams):
        os.dup2(stream.detach(), target)
    sys.stdin, sys.stdout, sys.stderr = (
        open(0, encoding="utf-8", closefd=False),  # noqa: SIM115 - as the interpreter opens them
        open(1, "w", encoding="utf-8", closefd=False),  # noqa: SIM115
        open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False),  # noqa: SIM115
    )
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["obzvon", *command]
    try:
        main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
