"""A document as the service sees it: its last good revision stays in force."""

import contextlib
from typing import Generic

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.files import settled_signature
from obzvon.common.i18n import Message, say
from obzvon.documents.store import Document, DocumentError, LoadedDocument, T, revision_of


class WatchedDocument(Generic[T]):
    """A document as the service sees it: its last good revision stays in force while the file is broken or gone.

    Holds no parsed data: a list of 100,000 rows is read again when it is asked for.
    """

    def __init__(self, document: Document[T]) -> None:
        self._document = document
        self._seen: tuple[int, ...] | None = None
        self._state: LoadedDocument[None] | None = None
        self._unkept: tuple[bytes, float] | None = None

    @property
    def way_back(self) -> Message:
        """How the last good copy takes the broken document's place."""
        return way_back(self._document)

    def look(self) -> LoadedDocument[None]:
        """What is in force, without its data; reads the file only if it has changed.

        Raises DocumentError when there is no good one and has never been.
        """
        return self._look()[0]

    def current(self) -> LoadedDocument[T]:
        """What is in force."""
        state, fresh = self._look()
        if fresh:
            return fresh
        with contextlib.suppress(DocumentError):  # it may be changing at this very moment
            data, modified = self._document.read()
            if revision_of(data) == state.revision:
                return self._document.understand(data, modified)
        return self._last_good(state.problems)

    def _look(self) -> tuple[LoadedDocument[None], LoadedDocument[T] | None]:
        signature = settled_signature(self._document.path)
        if self._state and signature is not None and signature == self._seen:
            return self._state, None
        fresh: LoadedDocument[T] | None = None
        try:
            data, modified = self._document.read()
            if self._state is None or self._state.problems or self._state.revision != revision_of(data):
                fresh = self._document.understand(data, modified)
                self._keep(data, modified)
                self._state = _without_data(fresh)
        except DocumentError as error:
            self._state = _without_data(self._last_good(error.problems, error))
        self._seen = signature
        return self._state, fresh

    def _keep(self, data: bytes, modified: float) -> None:
        history = self._document.history
        kept = history.good()
        try:
            if kept is None or kept[0] != data:
                history.keep_good(data, modified)
            self._unkept = None
        except OSError:  # no rights or no room: it lasts as long as this process
            self._unkept = data, modified

    def _last_good(self, problems: tuple[Problem, ...], error: DocumentError | None = None) -> LoadedDocument[T]:
        kept = self._unkept or self._document.history.good()
        if kept is None:
            raise error or DocumentError(*problems)
        return msgspec.structs.replace(self._document.understand(*kept), problems=problems)


def way_back(document: Document[T]) -> Message:
    """What to do about a document that cannot be read and has a last good copy."""
    return say(
        "the last good copy is in force; mend the document, or: cp {good} {path}",
        good=document.history.good_path,
        path=document.path,
    )


def _without_data(loaded: LoadedDocument[T]) -> LoadedDocument[None]:
    return LoadedDocument(None, loaded.revision, loaded.changed, loaded.notes, loaded.problems)
