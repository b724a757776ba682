"""Reads an upload in a process of its own with limits on memory, time and disk.

A file that breaks its reader does not break the editor, and the memory is freed at the end. This module is that
process: `python -m obzvon.spreadsheets.worker UPLOAD FOLDER [--pasted] [--sheet N]`. It prints its progress in
thousandths, and at the end the table or the reason why there is none, as JSON. In FOLDER it leaves `rows`, one JSON
array a line, and then `table`.
"""

import argparse
import io
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.common.limited_process import limit_resources
from obzvon.spreadsheets import csv_reader, html_reader, ods_reader, xls_reader, xlsx_reader
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError

MAX_MEMORY_BYTES = 1_000_000_000
MAX_CPU_SECONDS = 90
MAX_DISK_BYTES = 500_000_000
ROWS, TABLE = "rows", "table"
#: The reason where no other one is known.
READ_FAILED = say("it could not be read; try again")
#: The reason for a file at which a reader failed.
UNKNOWN_KIND = say("it is damaged, or a kind of file that is not known; open it in Excel and save it as .xlsx")
#: The reason for an empty table.
NOTHING = say("there is nothing in it")

#: First bytes of other kinds of files, with what to do.
_OTHERS = {
    (b"%PDF",): say("it is a PDF; choose a file .xlsx or .csv"),
    (b"{\\rtf",): say("it is a document, whatever its name says; copy the table out of it and paste it"),
    (b"MOXCEL",): say("it is a table of 1C; save it in 1C as .xlsx"),
    (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b"): say("it is an archive; unpack it and choose the file in it"),
    (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"RIFF"): say("it is a picture; ask for the list as a file"),
}
_BUFFER = 1_000_000


class WorkerReply(msgspec.Struct, omit_defaults=True):
    """The last line that the process prints."""

    table: Table | None = None
    refused: Message | None = None


def read_table(
    upload: Path,
    keep: Callable[[TableRow], None],
    *,
    pasted: bool = False,
    sheet: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Table:
    """Read the table in a file. Raises UnreadableTableError."""
    with upload.open("rb") as stream:
        return read_stream(stream, keep, pasted=pasted, sheet=sheet, progress=progress)


def read_stream(
    stream: IO[bytes],
    keep: Callable[[TableRow], None],
    *,
    pasted: bool = False,
    sheet: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Table:
    """Pass each row of a file to `keep`; its first bytes tell the kind. Raises UnreadableTableError."""
    head = stream.read(2_000)
    stream.seek(0)
    if pasted:
        return csv_reader.read_csv(stream.read(), keep, pasted=True, progress=progress)
    if ods_reader.is_ods(head):
        return ods_reader.read_ods(stream, keep, sheet=sheet, progress=progress)
    if xls_reader.is_xls(head):
        return xls_reader.read_xls(stream.read(), keep, sheet=sheet)
    if head.startswith(b"PK"):
        return xlsx_reader.read_xlsx(stream, keep, sheet=sheet, progress=progress)
    _refuse_others(head)
    if html_reader.is_page(head):
        return html_reader.read_html(stream.read(), keep, sheet=sheet)
    return csv_reader.read_csv(stream.read(), keep, progress=progress)


def _refuse_others(head: bytes) -> None:
    for beginnings, reason in _OTHERS.items():
        if head.startswith(beginnings):
            raise UnreadableTableError(reason)


class _RowFile(io.BufferedWriter):
    """A file of rows, one JSON array a line."""

    def keep(self, row: TableRow) -> None:
        """Write one more row."""
        self.write(_encoder.encode(row) + b"\n")


_encoder = msgspec.json.Encoder()


def main(arguments: list[str] | None = None) -> None:
    """Run the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("upload", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pasted", action="store_true")
    parser.add_argument("--sheet", type=int)
    options = parser.parse_args(arguments)
    limit_resources(memory=MAX_MEMORY_BYTES, cpu_seconds=MAX_CPU_SECONDS, disk=MAX_DISK_BYTES)
    try:
        answer = WorkerReply(
            table=store_table(options.upload, options.folder, pasted=options.pasted, sheet=options.sheet)
        )
    except UnreadableTableError as error:
        answer = WorkerReply(refused=error.reason)
    except (MemoryError, RecursionError):
        answer = WorkerReply(refused=limits_exceeded())
    except Exception:  # a fault of a reader, which is no excess of memory or time
        traceback.print_exc()
        answer = WorkerReply(refused=UNKNOWN_KIND)
    sys.stdout.buffer.write(_encoder.encode(answer) + b"\n")


def limits_exceeded() -> Message:
    """Return the reason for a file that exceeds the limits on memory or time."""
    return say(
        "reading it takes more memory or time than a list needs; delete the sheets and columns that are not "
        "needed, or save it as CSV"
    )


def store_table(upload: Path, folder: Path, *, pasted: bool, sheet: int | None) -> Table:
    """Read the upload, leave its rows and its table in the folder, and print how far that is."""
    said = -1

    def progress(part: float) -> None:
        nonlocal said
        if (now := int(part * 1000)) >= said + 10:
            said = now
            sys.stdout.write(f"{now}\n")
            sys.stdout.flush()

    (folder / TABLE).unlink(missing_ok=True)
    with _RowFile(io.FileIO(folder / ROWS, "wb"), _BUFFER) as rows:
        table = read_table(upload, rows.keep, pasted=pasted, sheet=sheet, progress=progress)
    fresh = folder / f"{TABLE}.new"
    fresh.write_bytes(_encoder.encode(table))
    fresh.replace(folder / TABLE)
    return table


if __name__ == "__main__":
    main()
