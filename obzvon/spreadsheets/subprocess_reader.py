"""Starts the process that reads an upload, and waits for its word."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

import obzvon
from obzvon.spreadsheets import worker
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError

PATIENCE = 150.0
"""Seconds until a reading that does not end is ended."""
_AT_ONCE = threading.BoundedSemaphore(2)
_A_MOMENT = 5
_KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONUTF8", "TMPDIR")


def read(
    upload: Path,
    folder: Path,
    *,
    pasted: bool = False,
    sheet: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
    patience: float = PATIENCE,
) -> Table:
    """The table, whose rows are then in the folder; raises Unreadable. No more than two are read at once."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "obzvon.spreadsheets.worker",
        str(upload),
        str(folder),
    ]  # -P: not from the cwd
    command += ["--pasted"] * pasted + (["--sheet", str(sheet)] if sheet is not None else [])
    with (
        _AT_ONCE,
        subprocess.Popen(  # noqa: S603 - this Python, a module of ours, two paths of ours and a number
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        ) as process,
    ):
        last = threading.Timer(patience, process.kill)
        last.daemon = True
        last.start()
        try:
            answer = _listen(process, progress)
        finally:
            last.cancel()
            try:
                process.wait(_A_MOMENT)
            except subprocess.TimeoutExpired:
                process.kill()
    if answer.table is None:
        raise UnreadableTableError(answer.refused or worker.too_much())
    return answer.table


def rows(folder: Path) -> list[TableRow]:
    """The rows that a reading has left."""
    return msgspec.json.Decoder(TableRow).decode_lines((folder / worker.ROWS).read_bytes())


def table(folder: Path) -> Table | None:
    """The table that a reading has left, None where none has come to its end."""
    try:
        return msgspec.json.decode((folder / worker.TABLE).read_bytes(), type=Table)
    except (OSError, msgspec.MsgspecError):
        return None


def _environment() -> dict[str, str]:
    """Where the program is, and nothing that it has no need to know."""
    places = [str(Path(obzvon.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {"PYTHONPATH": os.pathsep.join(places)}


def _listen(process: "subprocess.Popen[bytes]", progress: Callable[[float], None]) -> worker.WorkerReply:
    if process.stdout is None:
        raise UnreadableTableError(worker.FAILED)
    for line in process.stdout:
        if line[:1].isdigit():
            progress(int(line) / 1000)
        else:
            with contextlib.suppress(msgspec.MsgspecError):
                return msgspec.json.decode(line, type=worker.WorkerReply)
    return worker.WorkerReply()
