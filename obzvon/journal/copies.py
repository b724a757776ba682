"""Copies of a SQLite journal, made while others use it: whole files that appear under their names when complete."""

import sqlite3
from pathlib import Path

from obzvon.common import files

_MODE = 0o660
_BUSY_SECONDS = 30.0


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy the journal's last committed state to `target`, durably, and replace what is there.

    The copy is one file, without a -wal beside it. Raise OSError or sqlite3.Error; then `target` is as it was.
    """
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)  # of a copy that was cut off
    files.make_file(draft, _MODE)
    try:
        reader, writer = sqlite3.connect(f"file:{_quoted(source)}?mode=ro", uri=True), sqlite3.connect(draft)
        try:
            reader.backup(writer)
            writer.execute("PRAGMA journal_mode=DELETE")
        finally:
            writer.close()
            reader.close()
        files.publish(draft, target)
    finally:
        for part in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + part).unlink(missing_ok=True)


def overwrite_sqlite(source: Path, target: Path) -> None:
    """Write the content of a whole journal into the file `target`, which others may have open.

    They see it as one transaction. A file exchanged under them would leave them, and their -wal, with the one that is
    gone. Raise sqlite3.Error; then `target` is as it was.
    """
    reader = sqlite3.connect(f"file:{_quoted(source)}?mode=ro", uri=True)
    writer = sqlite3.connect(target, timeout=_BUSY_SECONDS)
    try:
        writer.execute("PRAGMA synchronous=FULL")
        reader.backup(writer)
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        writer.close()
        reader.close()


def _quoted(path: Path) -> str:
    return path.absolute().as_uri().removeprefix("file://")
