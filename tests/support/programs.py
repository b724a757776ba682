"""Run obzvon's command line in processes that are forked from one that has imported it.

Each is a separate process, as an installed program is, without the half second of imports. Other tests start the
installed program itself.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any

from obzvon.cli.main import main

_SECONDS = 120
_forked = multiprocessing.get_context("forkserver")
_forked.set_forkserver_preload(["obzvon.cli.main", "tests.support.programs"])


def run_obzvon(
    *arguments: str | Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    given: str = "",
    timeout: float = 120,
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, in a folder, with some variables beside those of this process."""
    command = [os.fspath(argument) for argument in arguments]
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(given.encode())
        stdin.seek(0)
        process = _forked.Process(
            target=_run,
            args=(
                command,
                os.fspath(cwd),
                {**os.environ, **(environment or {})},
                [DupFd(stream.fileno()) for stream in (stdin, stdout, stderr)],
            ),
        )
        process.start()
        process.join(_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(command, _SECONDS)
        printed = [_text(stream) for stream in (stdout, stderr)]
    assert process.exitcode is not None
    return subprocess.CompletedProcess(command, process.exitcode, *printed)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def _run(command: list[str], folder: str, environment: dict[str, str], streams: Sequence[Any]) -> None:
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
