"""An upload read in a process of its own, which may use so much memory, time and disk and no more.

Whatever a file does to its reader, the editor goes on; and the memory that the reading took is given back. This module
is that process: `python -m obzvon.spreadsheets.worker UPLOAD FOLDER [--pasted] [--sheet N]`. It prints how far it is,
in thousandths, and at the end the table or the reason why there is none, as JSON. In FOLDER it leaves `rows`, one JSON
array a line, and then `table`.
"""

import argparse
import io
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.spreadsheets import csv_reader, xlsx_reader
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError

MEMORY = 1_000_000_000
SECONDS = 90
DISK = 500_000_000
NICE = 5
ROWS, TABLE = "rows", "table"
FAILED, NOTHING = say("it could not be read; try again"), say("there is nothing in it")
"""What is told where no other reason is known, and of an empty table."""

_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BUFFER = 1_000_000


class WorkerReply(msgspec.Struct, omit_defaults=True):
    """What the process says last."""

    table: Table | None = None
    refused: Message | None = None


def read(
    upload: Path,
    keep: Callable[[TableRow], None],
    *,
    pasted: bool = False,
    sheet: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Table:
    """The table in a file of any kind, which its first bytes tell; raises Unreadable."""
    with upload.open("rb") as stream:
        head = stream.read(2_000)
        stream.seek(0)
        if pasted:
            return csv_reader.read(stream.read(), keep, pasted=True, progress=progress)
        if head.startswith(b"PK"):
            return xlsx_reader.read(stream, keep, sheet=sheet, progress=progress)
        _refuse_others(head)
        return csv_reader.read(stream.read(), keep, progress=progress)


def _refuse_others(head: bytes) -> None:
    if head.startswith(_OLD_EXCEL):
        raise UnreadableTableError(
            say(
                "it is an old .xls, or protected by a password; open it in Excel and save it as .xlsx, "
                "without a password"
            )
        )
    if head.startswith(b"%PDF"):
        raise UnreadableTableError(say("it is a PDF; choose a file .xlsx or .csv"))
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<html", b"<!doctype", b"<?xml", b"<table", b"<meta", b"{\\rtf")):
        raise UnreadableTableError(
            say("it is a web page or a document, whatever its name says; open it in Excel and save it as .xlsx")
        )


class _RowFile(io.BufferedWriter):
    """A file of rows."""

    def keep(self, row: TableRow) -> None:
        """One more."""
        self.write(_encoder.encode(row) + b"\n")


_encoder = msgspec.json.Encoder()


def main(arguments: list[str] | None = None) -> None:
    """The process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("upload", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pasted", action="store_true")
    parser.add_argument("--sheet", type=int)
    told = parser.parse_args(arguments)
    _limit()
    try:
        answer = WorkerReply(table=_keep(told.upload, told.folder, pasted=told.pasted, sheet=told.sheet))
    except UnreadableTableError as error:
        answer = WorkerReply(refused=error.reason)
    except (MemoryError, RecursionError):
        answer = WorkerReply(refused=too_much())
    sys.stdout.buffer.write(_encoder.encode(answer) + b"\n")


def too_much() -> Message:
    """What is told of a file that the process did not get to the end of."""
    return say(
        "reading it takes more memory or time than a list needs; delete the sheets and columns that are not "
        "needed, or save it as CSV"
    )


def _keep(upload: Path, folder: Path, *, pasted: bool, sheet: int | None) -> Table:
    said = -1

    def progress(part: float) -> None:
        nonlocal said
        if (now := int(part * 1000)) >= said + 10:
            said = now
            sys.stdout.write(f"{now}\n")
            sys.stdout.flush()

    (folder / TABLE).unlink(missing_ok=True)
    with _RowFile(io.FileIO(folder / ROWS, "wb"), _BUFFER) as rows:
        table = read(upload, rows.keep, pasted=pasted, sheet=sheet, progress=progress)
    fresh = folder / f"{TABLE}.new"
    fresh.write_bytes(_encoder.encode(table))
    fresh.replace(folder / TABLE)
    return table


def _limit() -> None:
    os.nice(NICE)
    os.umask(0o007)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, DISK),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main()
