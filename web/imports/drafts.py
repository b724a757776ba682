"""Imports that are not confirmed yet.

Each is a folder beside the list: `.drafts/ID/` with the upload, its rows, the choices.

A draft belongs to one user. It lasts a day, or until it is imported or discarded.
"""

import contextlib
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import msgspec

from obzvon.common import files
from obzvon.common.errors import ObzvonError
from obzvon.spreadsheets import worker
from obzvon.spreadsheets.column_roles import ColumnRoles

LASTS = timedelta(days=1)
#: Drafts of one user; the next one replaces the oldest.
EACH = 3
#: Bytes of all drafts together; above that no new one is taken until some are discarded.
BYTES = 600_000_000
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MODE = 0o660
_PIECE = 1_000_000


class TooManyDraftsError(ObzvonError):
    """There is no room for another draft."""


class PageChoices(msgspec.Struct, frozen=True):
    """The requests of one page: the number of the last one, and the fields that any of them has changed."""

    number: int = 0
    fields: tuple[str, ...] = ()


class Draft(msgspec.Struct, frozen=True):
    """An import and the choices made for it. `version` grows with every choice."""

    id: str
    owner: str
    name: str
    at: datetime
    pasted: bool = False
    version: int = 0
    sheet: int | None = None
    #: The sheets that are imported.
    sheets_done: tuple[int, ...] = ()
    layout: ColumnRoles | None = None
    #: Whether columns that were remembered are passed over.
    is_judged_again: bool = False
    replace: bool = False
    #: By the id of a decision: the number, code and name that replace those of the file.
    corrections: dict[str, tuple[str, str, str]] = {}
    #: By question: what the operator has answered.
    answers: dict[str, str] = {}
    #: The ids of the decisions that are left over when the rest has been imported; None before.
    only: frozenset[str] | None = None
    pages: dict[str, PageChoices] = {}


class Drafts:
    """The drafts of all users."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._updating = threading.Lock()

    def create(self, owner: str, name: str, stream: IO[bytes], now: datetime, *, pasted: bool = False) -> Draft:
        """Store an upload as a new draft; raise TooManyDraftsError or OSError."""
        self.sweep(now)
        mine = self.drafts_of(owner)
        for old in mine[EACH - 1 :]:
            self.drop(old.id)
        if self._size() > BYTES:
            raise TooManyDraftsError
        draft = Draft(secrets.token_hex(16), owner, name, now, pasted)
        files.make_folder(self._folder)
        files.make_folder(self.folder(draft))
        try:
            with (
                files.replace_file(self.upload(draft), _MODE) as descriptor,
                open(descriptor, "wb", closefd=False) as file,
            ):
                shutil.copyfileobj(stream, file, _PIECE)
            self.save(draft)
        except BaseException:
            self.drop(draft.id)
            raise
        return draft

    def get(self, key: str, owner: str, now: datetime) -> Draft | None:
        """Return the owner's draft with this key while it lasts, else None. Other users do not see it."""
        draft = self._read(key)
        return draft if draft is not None and draft.owner == owner and now - draft.at < LASTS else None

    def drafts_of(self, owner: str) -> list[Draft]:
        """Return the owner's drafts, newest first."""
        return sorted(
            (draft for draft in self._all() if draft.owner == owner), key=lambda draft: draft.at, reverse=True
        )

    def save(self, draft: Draft) -> None:
        """Write the draft with its choices."""
        files.write_durably(self.folder(draft) / "draft.json", msgspec.json.encode(draft), _MODE)

    def turn_to_sheet(self, draft: Draft, done: int, sheet: int) -> Draft:
        """Return the draft on another sheet, where nothing is chosen yet, after one that is done. Raises OSError."""

        def turn(current: Draft) -> Draft:
            return Draft(
                current.id,
                current.owner,
                current.name,
                current.at,
                current.pasted,
                current.version + 1,
                sheet,
                (*current.sheets_done, done),
            )

        return self.update(draft, turn)

    def update(self, draft: Draft, change: Callable[[Draft], Draft]) -> Draft:
        """Apply the change to the draft as it is stored now, one request at a time, and return the result.

        Raises OSError. Another sheet has to be read from the file again.
        """
        with self._updating:
            current = self._read(draft.id) or draft
            fresh = change(current)
            if fresh.sheet != current.sheet:
                (self.folder(draft) / worker.TABLE).unlink(missing_ok=True)
            if fresh is not current:
                self.save(fresh)
            return fresh

    def drop(self, key: str) -> None:
        """Delete a draft."""
        shutil.rmtree(self._folder / key, ignore_errors=True)

    def sweep(self, now: datetime) -> None:
        """Delete drafts older than a day, and what a crash has left behind."""
        for folder in self._folders():
            draft = self._read(folder.name)
            with contextlib.suppress(OSError):
                at = draft.at if draft else datetime.fromtimestamp(folder.stat().st_mtime, UTC)
                if now - at >= LASTS:
                    self.drop(folder.name)

    def folder(self, draft: Draft) -> Path:
        """Return the folder of a draft."""
        return self._folder / draft.id

    def upload(self, draft: Draft) -> Path:
        """Return the path of the uploaded file."""
        return self.folder(draft) / "upload"

    def _all(self) -> Iterator[Draft]:
        for folder in self._folders():
            if (draft := self._read(folder.name)) is not None:
                yield draft

    def _folders(self) -> list[Path]:
        try:
            return [path for path in self._folder.iterdir() if _ID.fullmatch(path.name)]
        except OSError:
            return []

    def _read(self, key: str) -> Draft | None:
        if not _ID.fullmatch(key):
            return None
        try:
            return msgspec.json.decode((self._folder / key / "draft.json").read_bytes(), type=Draft)
        except (OSError, msgspec.MsgspecError):
            return None

    def _size(self) -> int:
        total = 0
        for folder in self._folders():
            with contextlib.suppress(OSError):
                total += sum(path.stat().st_size for path in folder.iterdir())
        return total
