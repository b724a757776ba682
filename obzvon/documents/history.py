"""Earlier revisions of a document, numbered, and its last good copy: `.history/NAME.17`, `.history/NAME.good`.

`.history/NAME.lost` has values that another program's save has lost and nobody has decided about yet,
`.history/NAME.undo` the order in which undo goes back, `.history/NAME.authors` who saved a revision.

They are copies, not links: a program that writes a document in place would write into a link too.
"""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from obzvon.common import files, safe_open
from obzvon.documents.lost_values import LostValue, decode_lost_values, encode_lost_values
from obzvon.documents.undo_stack import UndoStack

MAX_REVISIONS = 50
#: Beyond this total size the oldest are deleted before there are `MAX_REVISIONS`, but never the newest few.
_MAX_BYTES = 256_000_000
_ALWAYS_KEPT = 3
#: Another program's revision may be larger than a document may be today.
_MAX_READ = 256_000_000
_MODE = 0o660


class Revision(msgspec.Struct, frozen=True):
    """A state of a document: when it was written, its size in bytes, and who saved it; '' = another program."""

    number: int
    at: datetime
    size: int
    by: str = ""


class History:
    """The revisions of one document. The caller of `record` holds the document's lock."""

    def __init__(self, path: Path) -> None:
        self._document = path
        self._name = path.name
        self._folder = path.parent / ".history"

    def revisions(self) -> list[Revision]:
        """Return the revisions, newest first."""
        prefix = f"{self._name}."
        authors = self._authors()
        found = []
        for number in (name.removeprefix(prefix) for name in self._names() if name.startswith(prefix)):
            if number.isascii() and number.isdecimal():
                with contextlib.suppress(FileNotFoundError):  # a save has deleted the oldest at this moment
                    stat = self._path(number).stat()
                    at = datetime.fromtimestamp(stat.st_mtime, UTC)
                    found.append(Revision(int(number), at, stat.st_size, authors.get(number, "")))
        return sorted(found, key=lambda revision: -revision.number)

    def read_revision(self, number: int | str) -> tuple[bytes, float]:
        """Return the bytes of a revision and the time at which it was written."""
        data, found = safe_open.read_file(self._path(number), _MAX_READ, follow=False)
        return data, found.st_mtime

    def record(self, data: bytes, modified: float | None = None, *, by: str = "") -> int:
        """Save these bytes as the newest revision, unless they are it already, and return its number.

        Deletes the oldest revisions.
        """
        kept = self.revisions()
        if kept and kept[0].size == len(data) and self.read_revision(kept[0].number)[0] == data:
            return kept[0].number
        number = kept[0].number + 1 if kept else 1
        self._write(number, data, modified)
        total = len(data)
        for place, revision in enumerate(kept, 2):
            total += revision.size
            if place > MAX_REVISIONS or (place > _ALWAYS_KEPT and total > _MAX_BYTES):
                self._path(revision.number).unlink(missing_ok=True)
        if by:
            names = {str(one.number): one.by for one in kept[:MAX_REVISIONS] if one.by} | {str(number): by}
            self._write("authors", msgspec.json.encode(names), None)
        return number

    def _authors(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self.read_revision("authors")[0], type=dict[str, str])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):  # who it was is not worth losing the revisions
            return {}

    def undo_stack(self) -> UndoStack:
        """Return the steps of undo and redo; where none are kept, one step back for each revision."""
        try:
            return msgspec.json.decode(self.read_revision("undo")[0], type=UndoStack)
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            return UndoStack(tuple(revision.number for revision in reversed(self.revisions())))

    def keep_undo_stack(self, stack: UndoStack) -> None:
        """Save the steps of undo and redo."""
        self._write("undo", msgspec.json.encode(stack), None)

    def save_good_copy(self, data: bytes, modified: float) -> None:
        """Save these bytes as the last ones that could be parsed, with the time at which they were written."""
        self._write("good", data, modified)

    @property
    def good_copy_path(self) -> Path:
        """Path of the last good copy."""
        return self._path("good")

    def good_copy(self) -> tuple[bytes, float] | None:
        """Return the last good copy and its time; None if there is none."""
        try:
            return self.read_revision("good")
        except OSError:
            return None

    def newest_copy(self) -> bytes | None:
        """Return the newest revision, or the last good copy if that was written later; None if there is neither."""
        revisions, good = self.revisions(), self.good_copy()
        if not revisions:
            return good[0] if good else None
        data, modified = self.read_revision(revisions[0].number)
        return good[0] if good and good[1] > modified else data

    def lost_values(self) -> list[LostValue]:
        """Return the values that another program's save had lost when the document was last saved or read."""
        try:
            return decode_lost_values(self.read_revision("lost")[0])
        except OSError:
            return []

    def keep_lost_values(self, lost: list[LostValue]) -> None:
        """Save these as the lost values; none deletes the file."""
        if lost:
            self._write("lost", encode_lost_values(lost), None)
        else:
            self._path("lost").unlink(missing_ok=True)

    def _names(self) -> list[str]:
        return [path.name for path in self._folder.iterdir()] if self._folder.is_dir() else []

    def _path(self, number: int | str) -> Path:
        return self._folder / f"{self._name}.{number}"

    def _write(self, number: int | str, data: bytes, modified: float | None) -> None:
        files.make_folder(self._folder)
        files.write_durably(self._path(number), data, _MODE, like=self._document, modified=modified)
