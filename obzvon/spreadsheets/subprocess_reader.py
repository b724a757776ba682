"""Starts the process that reads an upload, and waits for its answer."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from obzvon.common.limited_process import child_environment
from obzvon.spreadsheets import worker
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError

#: A reading that takes longer is killed.
TIMEOUT_SECONDS = 150.0
_TWO_AT_ONCE = threading.BoundedSemaphore(2)
_EXIT_SECONDS = 5


def read_upload(
    upload: Path,
    folder: Path,
    *,
    pasted: bool = False,
    sheet: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
    timeout: float = TIMEOUT_SECONDS,
) -> Table:
    """Read the upload, leave its rows in the folder and return the table. At most two are read at once.

    Raises UnreadableTableError.
    """
    command = _command(upload, folder, pasted=pasted, sheet=sheet)
    with (
        _TWO_AT_ONCE,
        subprocess.Popen(  # noqa: S603 - this Python, a module of ours, two paths of ours and a number
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
        ) as process,
    ):
        last = threading.Timer(timeout, process.kill)
        last.daemon = True
        last.start()
        try:
            answer = _read_replies(process, progress)
        finally:
            last.cancel()
            try:
                process.wait(_EXIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
    if answer.table is None:
        raise UnreadableTableError(answer.refused or worker.limits_exceeded())
    return answer.table


def _command(upload: Path, folder: Path, *, pasted: bool, sheet: int | None) -> list[str]:
    # -P: import nothing from the current folder
    command = [sys.executable, "-P", "-m", "obzvon.spreadsheets.worker", str(upload), str(folder)]
    return command + ["--pasted"] * pasted + (["--sheet", str(sheet)] if sheet is not None else [])


def load_rows(folder: Path) -> list[TableRow]:
    """Return the rows that a reading has left."""
    return msgspec.json.Decoder(TableRow).decode_lines((folder / worker.ROWS).read_bytes())


def load_table(folder: Path) -> Table | None:
    """Return the table that a reading has left, None if no reading has finished."""
    try:
        return msgspec.json.decode((folder / worker.TABLE).read_bytes(), type=Table)
    except (OSError, msgspec.MsgspecError):
        return None


def _read_replies(process: "subprocess.Popen[bytes]", progress: Callable[[float], None]) -> worker.WorkerReply:
    if process.stdout is None:
        raise UnreadableTableError(worker.READ_FAILED)
    for line in process.stdout:
        if line[:1].isdigit():
            progress(int(line) / 1000)
        else:
            with contextlib.suppress(msgspec.MsgspecError):
                return msgspec.json.decode(line, type=worker.WorkerReply)
    return worker.WorkerReply()
