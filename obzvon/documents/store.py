"""The operator's documents on the disk: read, saved only over the revision that was read, restored.

A document is its bytes, and its revision is their hash. Any program may write it, also in place and without our lock.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from filelock import FileLock, Timeout

from obzvon.common import files, safe_open
from obzvon.common.errors import Problem, RefusedFileError, UserError, os_error_reason
from obzvon.common.i18n import Message, say
from obzvon.documents import messages_json, phones_json, schedule_json
from obzvon.documents.access import SavingUser, find_access_problem
from obzvon.documents.history import History, Revision
from obzvon.documents.json_codec import MalformedError
from obzvon.documents.lost_values import LostValue, find_lost_values, note_on_losses, still_lost
from obzvon.documents.undo_stack import UndoStack
from obzvon.domain.messages import Messages
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule

T = TypeVar("T")
#: The undo stack after a save: of the stack before, the number of the new revision, and its hash.
_Follow = Callable[[UndoStack, int, str], UndoStack]

#: A list of a million people has about as many bytes. More would take the memory of the service or the editor.
MAX_BYTES = 100_000_000

#: The name of the document of the messages.
MESSAGES_FILE = "messages.json"

_MODE = 0o660
_LOCK_SECONDS = 10
#: The service waits no longer for the good copy: it has one in memory.
_COPY_LOCK_SECONDS = 1
#: Filesystems store later times than Python can.
_MAX_TIMESTAMP = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class DocumentError(UserError):
    """The document cannot be read or written. `revision` is that of the current bytes; '' = there are none."""

    def __init__(self, *problems: Problem, revision: str = "") -> None:
        super().__init__(problems)
        self.revision = revision


class ExternallyChangedError(UserError):
    """Another save has changed the document since the revision that the save is based on."""

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
    """A parsed document, when it was written, and notes on what is odd in it.

    If `problems` is not empty, the document is broken and `data` is from its last good copy.
    """

    data: T
    revision: str
    changed: datetime
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    #: Values that a save of another program has lost.
    lost: tuple[LostValue, ...] = ()


class Document(Generic[T]):
    """A JSON document. `parse` and `dump` (new data, bytes before) convert its bytes.

    With `finds_losses` it notices values that a save of another program has lost.
    """

    def __init__(
        self,
        path: Path,
        parse: Callable[[bytes], tuple[T, tuple[Problem, ...]]],
        dump: Callable[[T, bytes], bytes],
        *,
        finds_losses: bool = False,
    ) -> None:
        self._named = path.absolute()
        self._parse_bytes = parse
        self._dump = dump
        self._finds_losses = finds_losses

    @property
    def path(self) -> Path:
        """The file itself. A link is followed each time, for it may lead to another file later.

        Not one that neither root nor this user has made: it is refused when it is opened.
        """
        try:
            return safe_open.resolve_links(self._named)
        except OSError:
            return self._named

    def signature(self) -> tuple[int, ...] | None:
        """Return what changes with each change of the file, or of a link to it; None while it may change unseen."""
        found = files.settled_signature(self._named)
        return (*found, *files.link_signature(self._named)) if found else found

    @property
    def history(self) -> History:
        """Earlier revisions of the file, in a folder beside it."""
        return History(self.path)

    def load(self) -> LoadedDocument[T]:
        """Read the document; raise DocumentError if there is none or it is broken."""
        return self.parse_current(*self.read_bytes())

    def save(self, data: T, based_on: str, *, by: str = "") -> str:
        """Replace the revision `based_on` ('' = there is no file) and return the new one. `by` is the author's name.

        Raises ExternallyChangedError if the current revision is another one, and DocumentError.
        """
        with self._locked(based_on) as before:
            try:
                after = self._dump(data, before or b"")
            except MalformedError as error:
                raise DocumentError(*self._with_places(error), revision=based_on) from error
            return self._replace(before, after, by=by)

    def revisions(self) -> list[Revision]:
        """Return the earlier revisions, newest first: the first is the current one unless another program wrote."""
        with self._os_errors_as(say("the earlier versions cannot be read")):
            return self.history.revisions()

    def load_revision(self, number: int) -> LoadedDocument[T]:
        """Return an earlier revision."""
        with self._os_errors_as(say("version {number} cannot be read", number=number)):
            data, modified = self.history.read_revision(number)
        return self.parse(data, modified)

    def undo(self, based_on: str, *, by: str = "") -> str:
        """Restore the state before the last change that is not undone, and return the new revision.

        The current file may be broken or missing. Raises as `save` does.
        """
        with self._locked(based_on) as before:
            with self._os_errors_as(say("the earlier versions cannot be read")):
                for number in reversed(self.history.undo_stack().past):
                    if (after := self._restorable(number, before)) is not None:
                        return self._replace(before, after, partial(_after_undo, number), by=by)
            raise self._nothing(say("there is no earlier version to restore"), based_on)

    def redo(self, based_on: str, *, by: str = "") -> str:
        """Take back the last undo, and return the new revision. Raises as `save` does."""
        with self._locked(based_on) as before:
            with self._os_errors_as(say("the earlier versions cannot be read")):
                for number in self.history.undo_stack().at(based_on).redo:
                    if (after := self._restorable(number, before)) is not None:
                        return self._replace(before, after, partial(_after_redo, number), by=by)
            raise self._nothing(say("nothing has been undone that could be done again"), based_on)

    def restore(self, based_on: str, number: int, *, by: str = "") -> str:
        """Save an earlier revision again, and return the new one. Raises as `save` does."""
        with self._locked(based_on) as before:
            with self._os_errors_as(say("version {number} cannot be read", number=number)):
                after = self._as_saved(self.history.read_revision(number)[0])
            if after is None:
                raise self._nothing(say("there is no earlier version to restore"), based_on)
            return self._replace(before, after, by=by)

    def undo_steps(self, revision: str) -> tuple[bool, bool]:
        """Return whether there is something to undo and something to redo at this current revision."""
        with self._os_errors_as(say("the earlier versions cannot be read")):
            stack = self.history.undo_stack()
        is_ours = stack.revision == revision or not stack.revision
        return len(stack.past) > is_ours, bool(stack.at(revision).redo)

    def read_bytes(self) -> tuple[bytes, float]:
        """Return the current bytes and the time at which they were written."""
        try:
            data, found = safe_open.read_file(self._named, MAX_BYTES)
        except FileNotFoundError as error:
            raise DocumentError(
                Problem(
                    str(self.path),
                    say("there is no such file"),
                    say("create it in the editor, or restore an earlier version"),
                )
            ) from error
        except OSError as error:
            raise DocumentError(
                self._failure(say("it cannot be read"), error, self._remedy_for_readers(error))
            ) from error
        return data, found.st_mtime

    def parse(self, data: bytes, modified: float) -> LoadedDocument[T]:
        """Return the document that these bytes are; raise DocumentError."""
        revision = revision_of(data)
        try:
            value, notes = self._parse_bytes(data)
        except MalformedError as error:
            raise DocumentError(*self._with_places(error), revision=revision) from error
        named = tuple(self._in_file(note) for note in notes)
        return LoadedDocument(
            value, revision, datetime.fromtimestamp(min(max(modified, 0), _MAX_TIMESTAMP), UTC), named
        )

    def parse_current(self, data: bytes, modified: float) -> LoadedDocument[T]:
        """Return the document that the current bytes are, with what they have lost; raise DocumentError."""
        loaded = self.parse(data, modified)
        lost = tuple(still_lost(self._lost_values(data), data))
        if not lost:
            return loaded
        note = self._in_file(note_on_losses(list(lost)))
        return msgspec.structs.replace(loaded, notes=(*loaded.notes, note), lost=lost)

    def accept_losses(self, based_on: str) -> None:
        """Accept the current revision as it is, and forget the lost values. Raises as `save` does."""
        with self._locked(based_on) as before, self._os_errors_as(say("it cannot be saved, nothing has been changed")):
            if before is not None:
                self.history.record(before, self.path.stat().st_mtime)
            self.history.keep_lost_values([])

    def keep_good_copy(self, data: bytes, modified: float) -> None:
        """Save the current bytes as the last good copy, and what they have lost against it.

        A save at the same moment keeps its own: then, and where it cannot be written, DocumentError is raised.
        """
        with (
            self._locked(revision_of(data), seconds=_COPY_LOCK_SECONDS),
            self._os_errors_as(say("its last good copy cannot be saved")),
        ):
            kept = self.history.good_copy()
            if kept is None or kept[0] != data:
                if lost := still_lost(self._lost_values(data), data):  # the copy that has them is replaced
                    self.history.keep_lost_values(lost)
                self.history.save_good_copy(data, modified)

    def _lost_values(self, data: bytes) -> list[LostValue]:
        """Return the values that were lost earlier, and the values of the newest copy that `data` lacks."""
        if not self._finds_losses:
            return []
        history = self.history
        lost = history.lost_values()
        with contextlib.suppress(OSError):  # check_history reports what cannot be read
            earlier = history.newest_copy()
            if earlier is not None and earlier != data:
                seen = {(one.row, one.field) for one in lost}
                lost += [one for one in find_lost_values(earlier, data) if (one.row, one.field) not in seen]
        return lost

    def _replace(
        self, before: bytes | None, after: bytes, follow: _Follow = UndoStack.after_save, *, by: str = ""
    ) -> str:
        if after != before:
            with self._os_errors_as(say("it cannot be saved, nothing has been changed")):
                if before is not None and (problem := find_access_problem(self.path, SavingUser.current())):
                    raise DocumentError(problem, revision=revision_of(before))
                stack = self.history.undo_stack().at(revision_of(before))
                if before is not None:  # another program may have written it, so that no save of ours has recorded it
                    lost = self._lost_values(before)
                    stack = stack.with_current(self.history.record(before, self.path.stat().st_mtime))
                    self.history.keep_lost_values(still_lost(lost, after))
                files.write_durably(self.path, after, _MODE)
            with contextlib.suppress(OSError):  # it is saved; the next save records it
                self.history.keep_undo_stack(follow(stack, self.history.record(after, by=by), revision_of(after)))
        return revision_of(after)

    def _restorable(self, number: int, current: bytes | None) -> bytes | None:
        """Return the bytes that restore a revision; None if they would change nothing, or it is broken or deleted."""
        try:
            after = self._as_saved(self.history.read_revision(number)[0])
        except FileNotFoundError:
            return None
        unchanged = (current, self._as_saved(current)) if current is not None else ()
        return None if after in unchanged else after

    def _nothing(self, what: Message, revision: str) -> DocumentError:
        return DocumentError(Problem(str(self.path), what), revision=revision)

    @contextlib.contextmanager
    def _locked(self, based_on: str, seconds: float | None = None) -> Iterator[bytes | None]:
        """Hold the lock that every save takes, and give the current bytes; raise if their revision is another one."""
        seconds = _LOCK_SECONDS if seconds is None else seconds
        lock = self.path.with_name(f".{self.path.name}.lock")
        what = say("it cannot be saved, nothing has been changed")
        with self._os_errors_as(what):
            files.make_file(lock, _MODE, like=self.path)
            held = FileLock(lock, timeout=seconds, mode=_MODE)
            try:
                held.acquire()
            except Timeout as error:
                raise DocumentError(
                    Problem(
                        str(self.path),
                        say("another program has been saving it for {n} s", n=int(seconds)),
                        say("try again"),
                    )
                ) from error
        try:
            before = self.read_bytes()[0] if self.path.exists() else None
            found = revision_of(before)
            if found != based_on:
                raise ExternallyChangedError(self.path, based_on, found)
            yield before
        finally:
            held.release()

    def _as_saved(self, data: bytes) -> bytes | None:
        """Return an earlier revision in the form in which a save writes it today; None if it is broken."""
        try:
            return self._dump(self._parse_bytes(data)[0], data)
        except MalformedError:
            return None

    @contextlib.contextmanager
    def _os_errors_as(self, what: Message) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DocumentError(self._failure(what, error)) from error

    def _failure(self, what: Message, error: OSError, remedy: Message | None = None) -> Problem:
        where = str(error.filename or self.path)
        sentence = (
            say("{what}: {why}", what=what, why=os_error_reason(error))
            if where == str(self.path)
            else say("{what}: {file}: {why}", what=what, file=where, why=os_error_reason(error))
        )
        return Problem(str(self.path), sentence, remedy or say("fix the permissions of the folder, or make room there"))

    def _remedy_for_readers(self, error: OSError) -> Message | None:
        if isinstance(error, RefusedFileError):
            return say(
                "move it away, mv {path} {path}.refused, and restore an earlier version in the editor", path=self.path
            )
        if not isinstance(error, PermissionError):
            return None
        return say("let the service and the editor read it: their common group and chmod g+r {path}", path=self.path)

    def _with_places(self, error: MalformedError) -> list[Problem]:
        return [self._in_file(problem) for problem in error.problems]

    def _in_file(self, problem: Problem) -> Problem:
        return Problem(f"{self.path}{problem.where}", problem.what, problem.remedy)


def _after_undo(target: int, stack: UndoStack, number: int, revision: str) -> UndoStack:
    return stack.after_undo(target, number, revision)


def _after_redo(target: int, stack: UndoStack, number: int, revision: str) -> UndoStack:
    return stack.after_redo(target, number, revision)


def revision_of(data: bytes | None) -> str:
    """Return the revision of these bytes; '' for None, which means no file."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def phones_document(path: Path, plan: NumberingPlan | None = None) -> Document[list[Phone]]:
    """Return the document of the list, todo.json. With a plan, numbers are saved as they are dialled."""
    return Document(path, phones_json.parse, lambda phones, _: phones_json.dump(phones, plan), finds_losses=True)


def schedule_document(path: Path) -> Document[Schedule]:
    """Return the document of the schedule, schedule.json."""
    return Document(path, schedule_json.parse, schedule_json.dump)


def messages_document(folder: Path) -> Document[Messages]:
    """Return the document of the messages, messages.json in the folder of their sounds."""
    return Document(folder / MESSAGES_FILE, messages_json.parse, messages_json.dump)
