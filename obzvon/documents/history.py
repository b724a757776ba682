"""Earlier revisions of a document, numbered, and its last good copy: `.history/NAME.17`, `.history/NAME.good`.

They are copies and not links: programs that write a document in place would write into a link too.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from obzvon.common import files

KEPT = 50
_BYTES = 256_000_000
"""Beyond this the oldest go before there are `KEPT` of them, but never the last few."""
_ALWAYS = 3
_MODE = 0o660


class Revision(msgspec.Struct, frozen=True):
    """One earlier state of a document: when it came into force, and its size in bytes."""

    number: int
    at: datetime
    size: int


class History:
    """The revisions of one document; whoever records one holds the document's lock."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._folder = path.parent / ".history"

    def revisions(self) -> list[Revision]:
        """Newest first."""
        prefix = f"{self._name}."
        found = []
        for number in (name.removeprefix(prefix) for name in self._names() if name.startswith(prefix)):
            if number.isascii() and number.isdecimal():
                stat = self._path(number).stat()
                found.append(Revision(int(number), datetime.fromtimestamp(stat.st_mtime, UTC), stat.st_size))
        return sorted(found, key=lambda revision: -revision.number)

    def read(self, number: int | str) -> tuple[bytes, float]:
        """The bytes of one of them and the time at which they came into force."""
        return self._path(number).read_bytes(), self._path(number).stat().st_mtime

    def record(self, data: bytes, modified: float | None = None) -> None:
        """Keeps these bytes as the newest revision, unless they are it already, and lets go of the oldest."""
        kept = self.revisions()
        if kept and kept[0].size == len(data) and self.read(kept[0].number)[0] == data:
            return
        self._write(kept[0].number + 1 if kept else 1, data, modified)
        total = len(data)
        for place, revision in enumerate(kept, 2):
            total += revision.size
            if place > KEPT or (place > _ALWAYS and total > _BYTES):
                self._path(revision.number).unlink(missing_ok=True)

    def keep_good(self, data: bytes, modified: float) -> None:
        """Keeps these bytes as the last ones that could be read, with the time at which they came into force."""
        self._write("good", data, modified)

    @property
    def good_path(self) -> Path:
        """Where the last good copy is kept."""
        return self._path("good")

    def good(self) -> tuple[bytes, float] | None:
        """The last good copy and its time."""
        try:
            return self.read("good")
        except OSError:
            return None

    def _names(self) -> list[str]:
        return [path.name for path in self._folder.iterdir()] if self._folder.is_dir() else []

    def _path(self, number: int | str) -> Path:
        return self._folder / f"{self._name}.{number}"

    def _write(self, number: int | str, data: bytes, modified: float | None) -> None:
        files.make_folder(self._folder)
        files.write_durably(self._path(number), data, _MODE)
        if modified is not None:
            os.utime(self._path(number), (modified, modified))
