"""The columns that were chosen for files of each shape, in `.drafts/layouts.json` beside the list.

The next file of that shape opens with them. They are a convenience: without the file nothing is lost.
"""

import logging
import threading
from datetime import datetime
from pathlib import Path

import msgspec

from obzvon.common import files

log = logging.getLogger("obzvon")

_MOST = 100
_MODE = 0o660


class RememberedLayout(msgspec.Struct, frozen=True):
    """The roles of the columns, and when they were last used in an import."""

    roles: tuple[str, ...]
    at: datetime


class RememberedLayouts:
    """The chosen columns by the shape of the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def get(self, shape: str) -> RememberedLayout | None:
        """Return the columns that were chosen for files of this shape, or None."""
        return self._load().get(shape) if shape else None

    def remember(self, shape: str, roles: tuple[str, ...], now: datetime) -> None:
        """Keep the roles for this shape, and the last hundred shapes."""
        self._change(shape, RememberedLayout(roles, now))

    def forget(self, shape: str) -> None:
        """Let the next file of this shape be judged by its cells."""
        self._change(shape, None)

    def _change(self, shape: str, layout: RememberedLayout | None) -> None:
        with self._lock:
            kept = self._load()
            before = kept.pop(shape, None)
            if not shape or (layout is None and before is None):
                return
            if layout is not None:
                kept[shape] = layout
            try:
                files.make_folder(self._path.parent)
                files.write_durably(self._path, msgspec.json.encode(dict(list(kept.items())[-_MOST:])), _MODE)
            except OSError as error:
                log.warning("editor: the columns of the import are not remembered: %s", error)

    def _load(self) -> dict[str, RememberedLayout]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, RememberedLayout])
        except (OSError, msgspec.MsgspecError):
            return {}
