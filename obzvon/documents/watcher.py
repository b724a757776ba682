"""A document as the service uses it: while it is broken or missing, its last good revision counts."""

import contextlib
from typing import Generic

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say
from obzvon.documents.store import Document, DocumentError, LoadedDocument, T, revision_of


class WatchedDocument(Generic[T]):
    """A document as the service uses it: while the file is broken or missing, its last good revision counts.

    It holds no parsed data: a list of 100,000 rows is read again each time it is needed.
    """

    def __init__(self, document: Document[T]) -> None:
        self._document = document
        self._seen: tuple[int, ...] | None = None
        self._state: LoadedDocument[None] | None = None
        self._unsaved_copy: tuple[bytes, float] | None = None

    @property
    def recovery_hint(self) -> Message:
        """Remedy for a broken document: the last good copy, or a repair."""
        return recovery_hint(self._document)

    def current_state(self) -> LoadedDocument[None]:
        """Return the current revision without its data. The file is read only if it has changed.

        Raises DocumentError if there has never been a good revision.
        """
        return self._refresh()[0]

    def load_current(self) -> LoadedDocument[T]:
        """Return the current revision with its data; raise DocumentError if there has never been a good one."""
        state, fresh = self._refresh()
        if fresh:
            return fresh
        with contextlib.suppress(DocumentError):  # another program may be writing it at this moment
            data, modified = self._document.read_bytes()
            if revision_of(data) == state.revision:
                return self._document.parse_current(data, modified)
        return self._last_good(state.problems)

    def _refresh(self) -> tuple[LoadedDocument[None], LoadedDocument[T] | None]:
        signature = self._document.signature()
        if self._state and signature is not None and signature == self._seen:
            return self._state, None
        fresh: LoadedDocument[T] | None = None
        try:
            data, modified = self._document.read_bytes()
            if self._state is None or self._state.problems or self._state.revision != revision_of(data):
                fresh = self._document.parse_current(data, modified)
                self._save_good_copy(data, modified)
                self._state = _without_data(fresh)
        except DocumentError as error:
            self._state = _without_data(self._last_good(error.problems, error))
        self._seen = signature
        return self._state, fresh

    def _save_good_copy(self, data: bytes, modified: float) -> None:
        self._unsaved_copy = data, modified
        with contextlib.suppress(DocumentError):  # no permission, no room, or a save: it lasts as long as this process
            kept = self._document.history.good_copy()
            if kept is None or kept[0] != data:
                self._document.keep_good_copy(data, modified)
            self._unsaved_copy = None

    def _last_good(self, problems: tuple[Problem, ...], error: DocumentError | None = None) -> LoadedDocument[T]:
        kept = self._unsaved_copy or self._document.history.good_copy()
        if kept is None:
            raise error or DocumentError(*problems)
        return msgspec.structs.replace(self._document.parse(*kept), problems=problems)


def recovery_hint(document: Document[T]) -> Message:
    """Return what to do about a document that cannot be read and has a last good copy."""
    return say(
        "the last good copy is in use; fix the document, or: cp {good} {path}",
        good=document.history.good_copy_path,
        path=document.path,
    )


def _without_data(loaded: LoadedDocument[T]) -> LoadedDocument[None]:
    return LoadedDocument(None, loaded.revision, loaded.changed, loaded.notes, loaded.problems)
