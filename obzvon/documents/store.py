"""The operator's documents on the disk: read, saved only over what was read, brought back, watched for changes.

A document is its bytes and its revision their hash. Any program may write it, also in place and without our lock.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from filelock import FileLock, Timeout

from obzvon.common import files
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import Message, say
from obzvon.documents import phones_json, schedule_json
from obzvon.documents.history import History, Revision
from obzvon.documents.json_codec import MalformedError
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule

T = TypeVar("T")

_MODE = 0o660
_PATIENCE = 10
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""Filesystems know later times than Python does."""


class DocumentError(UserError):
    """The document cannot be read or written; `revision` is that of the bytes that stand there ('' = none)."""

    def __init__(self, *problems: Problem, revision: str = "") -> None:
        super().__init__(problems)
        self.revision = revision


class ExternallyChangedError(UserError):
    """Somebody else has changed the document since the revision that the save was made on."""

    def __init__(self, path: Path, based_on: str, found: str) -> None:
        super().__init__(
            [
                Problem(
                    str(path),
                    say("it has been changed by someone else in the meantime"),
                    say("read it again and repeat your change"),
                )
            ]
        )
        self.based_on = based_on
        self.found = found


class LoadedDocument(msgspec.Struct, Generic[T], frozen=True):
    """What a document says, since when, and what is odd in it.

    `problems` is not empty where the document is broken and `data` is its last good copy.
    """

    data: T
    revision: str
    changed: datetime
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


class Document(Generic[T]):
    """One JSON document; `parse` and `dump` (new data, bytes before) know its text."""

    def __init__(
        self, path: Path, parse: Callable[[bytes], tuple[T, tuple[Problem, ...]]], dump: Callable[[T, bytes], bytes]
    ) -> None:
        self._named = path.absolute()
        self._parse = parse
        self._dump = dump

    @property
    def path(self) -> Path:
        """The file itself; a link may come to lead to another one."""
        return Path(os.path.realpath(self._named))

    @property
    def history(self) -> History:
        """The file's earlier revisions, which lie beside it."""
        return History(self.path)

    def load(self) -> LoadedDocument[T]:
        """Reads it; raises DocumentError when there is none or it is broken."""
        data, modified = self.read()
        return self.understand(data, modified)

    def save(self, data: T, based_on: str) -> str:
        """Replaces the revision `based_on` ('' = there is no file) and returns the new one; or ExternallyChanged."""
        with self._locked(based_on) as before:
            try:
                after = self._dump(data, before or b"")
            except MalformedError as error:
                raise DocumentError(*self._with_places(error), revision=based_on) from error
            return self._replace(before, after)

    def revisions(self) -> list[Revision]:
        """The earlier revisions, newest first; the first is the one in force if no other program has changed it."""
        with self._failing(say("the earlier versions cannot be read")):
            return self.history.revisions()

    def load_revision(self, number: int) -> LoadedDocument[T]:
        """What an earlier revision said."""
        with self._failing(say("version {number} cannot be read", number=number)):
            data, modified = self.history.read(number)
        return self.understand(data, modified)

    def undo(self, based_on: str, to: int | None = None) -> str:
        """Brings back revision `to`, else the last one before that in force, as a new revision, and returns it.

        A second one undoes the first. Neither the broken revision in force nor a missing file stands in its way.
        """
        with self._locked(based_on) as before:
            with self._failing(say("the earlier versions cannot be read")):
                numbers = [revision.number for revision in self.history.revisions()] if to is None else [to]
                for number in numbers:
                    data, _ = self.history.read(number)
                    if (to is not None or data != before) and self._is_readable(data):
                        return self._replace(before, data)
            raise DocumentError(
                Problem(str(self.path), say("there is no earlier version that could be brought back")),
                revision=based_on,
            )

    def read(self) -> tuple[bytes, float]:
        """The bytes that stand there and the time they were changed at."""
        try:
            # A pipe would have us wait for ever; a folder says by itself that it is none.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as stream:  # noqa: PTH123 - it is a descriptor
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode):
                    raise DocumentError(Problem(str(self.path), say("it is not a file"), say("put the document there")))
                return stream.read(), found.st_mtime
        except FileNotFoundError as error:
            raise DocumentError(
                Problem(
                    str(self.path),
                    say("there is no such file"),
                    say("make it in the editor, or bring back an earlier version"),
                )
            ) from error
        except OSError as error:
            raise DocumentError(self._failure(say("it cannot be read"), error, self._for_readers(error))) from error

    def understand(self, data: bytes, modified: float) -> LoadedDocument[T]:
        """What bytes of this document say; raises DocumentError."""
        revision = revision_of(data)
        try:
            value, notes = self._parse(data)
        except MalformedError as error:
            raise DocumentError(*self._with_places(error), revision=revision) from error
        named = tuple(self._in_file(note) for note in notes)
        return LoadedDocument(value, revision, datetime.fromtimestamp(min(max(modified, 0), _LATEST), UTC), named)

    def _replace(self, before: bytes | None, after: bytes) -> str:
        if after != before:
            with self._failing(say("it cannot be saved, nothing has been changed")):
                if before is not None:  # it may be another program's work, which no save of ours has recorded
                    self.history.record(before, self.path.stat().st_mtime)
                files.write_durably(self.path, after, _MODE)
            with contextlib.suppress(OSError):  # it is saved; the next save records it
                self.history.record(after)
        return revision_of(after)

    @contextlib.contextmanager
    def _locked(self, based_on: str) -> Iterator[bytes | None]:
        """Holds the lock that all savers take, gives the bytes in force."""
        lock = self.path.with_name(f".{self.path.name}.lock")
        what = say("it cannot be saved, nothing has been changed")
        with self._failing(what):
            files.make_file(lock, _MODE)
            held = FileLock(lock, timeout=_PATIENCE, mode=_MODE)
            try:
                held.acquire()
            except Timeout as error:
                raise DocumentError(
                    Problem(
                        str(self.path),
                        say("another program has been saving it for {n} s", n=_PATIENCE),
                        say("try again"),
                    )
                ) from error
        try:
            before = self.read()[0] if self.path.exists() else None
            found = revision_of(before)
            if found != based_on:
                raise ExternallyChangedError(self.path, based_on, found)
            yield before
        finally:
            held.release()

    def _is_readable(self, data: bytes) -> bool:
        try:
            self._parse(data)
        except MalformedError:
            return False
        return True

    @contextlib.contextmanager
    def _failing(self, what: Message) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DocumentError(self._failure(what, error)) from error

    def _failure(self, what: Message, error: OSError, remedy: Message | None = None) -> Problem:
        where = str(error.filename or self.path)
        told = (
            say("{what}: {why}", what=what, why=os_error_reason(error))
            if where == str(self.path)
            else say("{what}: {file}: {why}", what=what, file=where, why=os_error_reason(error))
        )
        return Problem(str(self.path), told, remedy or say("mend the rights or the room of the folder"))

    def _for_readers(self, error: OSError) -> Message | None:
        if not isinstance(error, PermissionError):
            return None
        return say("let the service and the editor read it: their common group and chmod g+r {path}", path=self.path)

    def _with_places(self, error: MalformedError) -> list[Problem]:
        return [self._in_file(problem) for problem in error.problems]

    def _in_file(self, problem: Problem) -> Problem:
        return Problem(f"{self.path}{problem.where}", problem.what, problem.remedy)


def revision_of(data: bytes | None) -> str:
    """The revision that these bytes are; '' where there is no file."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def phones_document(path: Path) -> Document[list[Phone]]:
    """todo.json."""
    return Document(path, phones_json.parse, lambda phones, _: phones_json.dump(phones))


def week_document(path: Path) -> Document[Schedule]:
    """schedule.json."""
    return Document(path, schedule_json.parse, schedule_json.dump)
