"""Asterisk's folders: the store, where call files are written, the spool, where Asterisk takes them, and its archive.

Only this module and `staging` touch them. The rename into the spool is the moment when a call is handed over.
"""

import contextlib
import os
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from obzvon.asterisk import callfile, process, staging, store_lock
from obzvon.common import files as disk
from obzvon.common.boot import boot_id
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import Message, say
from obzvon.domain.results import Disposition
from obzvon.settings.model import Settings


class ReleaseError(UserError):
    """Not every file could be moved into the spool; those in `released` were."""

    def __init__(self, released: Sequence[str], error: OSError) -> None:
        super().__init__([write_problem(error)])
        self.released = released


class Spool:
    """`store` and `target` are folders of one filesystem; `owner` (uid, gid; -1 = any) and `mode` are the call files'.

    Without an owner the files get the spool's: Asterisk must be able to append to a file and to set its times.
    """

    def __init__(
        self,
        store: Path,
        target: Path,
        *,
        owner: tuple[int, int] | None = None,
        mode: int = 0o640,
        pid_file: Path | None = None,
    ) -> None:
        self.store = store
        self.target = target
        self.done = target.with_name("outgoing_done")
        self.pid_file = pid_file
        self._owner = owner
        self._mode = mode
        self._ahead: staging.Prefetcher | None = None
        self._store_lock: store_lock.StoreLock | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the store and the spool of the settings."""
        return cls(
            settings.store, settings.target, owner=settings.owner, mode=settings.mode, pid_file=settings.pid_file
        )

    def prepare_folders(self, *, home: Path) -> None:
        """Make the store, and a spool within `home`; a missing spool elsewhere is taken for a wrong path.

        Raises UserError with every problem that would keep calls from being handed over.
        """
        try:
            self.store.parent.mkdir(parents=True, exist_ok=True)
            if self.target.is_relative_to(home):
                disk.make_folder(self.target)
            for folder in (self.store, *(self.store / half for half in staging.STORE_FOLDERS)):
                disk.make_folder(folder)
        except OSError as error:
            raise UserError([write_problem(error)]) from error
        if problems := list(self.find_problems()):
            raise UserError(problems)

    def other_services(self, journal: str, identity: str = "") -> list[store_lock.OtherService]:
        """Return the other services that use this store now. They see us too, unless we have a copied journal."""
        if self._store_lock is None:
            self._store_lock = store_lock.StoreLock(self.store, journal, identity)
        others = store_lock.other_services(self.store, journal)
        if identity and any(other.identity == identity for other in others):
            self._store_lock.release()
            self._store_lock = None
        return others

    def find_problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the folders, without touching the spool."""
        problems = list(self._folder_problems())
        yield from problems
        if not problems:
            yield from self.find_move_problems()
            yield from self._owner_problems()

    def find_move_problems(self) -> Iterator[Problem]:
        """Yield why files could not be moved from the store into the spool, also while the store is still to be made.

        Nothing is written: Asterisk takes every file in the spool for a call.
        """
        if staging.rename_domain(self.store) == staging.rename_domain(self.target):
            return
        yield Problem(
            f"dir_store {self.store}",
            say(
                "it is on another filesystem than dir_target {path}: files cannot be moved there in one step",
                path=self.target,
            ),
            self._move_remedy(),
        )

    def _folder_problems(self) -> Iterator[Problem]:
        for key, folder in (("dir_store", self.store), ("dir_target", self.target)):
            where = f"{key} {folder}"
            if not folder.is_dir():
                yield Problem(
                    where,
                    say("there is no such folder"),
                    say("create it, or correct the path in [Dirs] {key}", key=key),
                )
            elif not os.access(folder, os.W_OK | os.X_OK):
                yield Problem(
                    where,
                    say("the service's user (uid {uid}) cannot write here", uid=os.geteuid()),
                    say("run the service as the owner of the folder, or let that user write here"),
                )

    def _move_remedy(self) -> Message:
        beside = self.target.with_name("obzvon_store")
        if staging.rename_domain(self.target) != staging.rename_domain(self.target.parent):
            return say(
                "dir_target is a mount of its own: mount the folder above it instead, {path}, with dir_store in "
                "it; or write transport = ami in [AMI], which needs no folder",
                path=self.target.parent,
            )
        if beside == self.store:
            return say("dir_store is a mount of its own: unmount it, or name a folder on the filesystem of dir_target")
        return say("put dir_store beside dir_target, for example {path}", path=beside)

    def _owner_problems(self) -> Iterator[Problem]:
        uid, gid = self.file_owner()
        if os.geteuid() != 0 and uid not in (-1, os.geteuid()):
            yield Problem(
                f"dir_target {self.target}",
                say(
                    "call files must belong to uid {uid}, and the service runs as uid {own}: "
                    "Asterisk would lose the calls",
                    uid=uid,
                    own=os.geteuid(),
                ),
                self._owner_remedy(uid),
            )
        elif os.geteuid() != 0 and gid not in (-1, os.getegid(), *os.getgroups()):
            yield Problem(
                f"dir_target {self.target}",
                say("call files must belong to group {gid}, and the service's user is not in it", gid=gid),
                say("add the service's user to the group, or set [Spool] owner"),
            )

    def _owner_remedy(self, uid: int) -> Message:
        if uid == 0:  # most likely made by root by mistake: Asterisk and the service should run as another user
            return say(
                "give the folder to the user that Asterisk and the service run as: chown asterisk: {path}; "
                "or name the owner of call files in [Spool] owner",
                path=self.target,
            )
        return say("run the service as that user (supervisor: user=asterisk), or name the owner in [Spool] owner")

    def file_owner(self) -> tuple[int, int]:
        """Return the owner for call files as uid and gid, -1 = the service's own."""
        if self._owner is not None:
            return self._owner
        folder = self.target.stat()
        # Not root, the service cannot always give the folder's group, and need not: Asterisk reads as the owner.
        may_give = os.geteuid() == 0 or folder.st_gid in (os.getegid(), *os.getgroups())
        return folder.st_uid, folder.st_gid if may_give else -1

    # -- handing over

    def stage(self, files: staging.Files) -> None:
        """Write whole call files into the store, with owner, mode and a past mtime, and make them durable together.

        Raises OSError; then none of them is left in the store.
        """
        staging.stage_files(self._file_mode(), [(staging.staging_path(name), data) for name, data in files])

    def stage_ahead(self, files: staging.Files) -> None:
        """Begin to stage in a second process the files that will most likely be needed next."""
        if self._ahead is None:
            self._ahead = staging.Prefetcher(self._file_mode())
        self._ahead.begin([(staging.staging_path(name), data) for name, data in files])

    def finish_staging_ahead(self, names: Sequence[str]) -> bool:
        """Wait for `stage_ahead`; return whether exactly these files are staged. Any others are deleted again."""
        return self._ahead is not None and self._ahead.finish([staging.staging_path(name) for name in names])

    def release(self, names: Sequence[str]) -> None:
        """Move staged files into the spool, in this order, and make that durable; raises `ReleaseError`."""
        released = 0
        sources = [staging.staging_path(name) for name in names]
        try:
            with staging.open_folder(self.store) as store, staging.open_folder(self.target) as target:
                try:
                    for name, source in zip(names, sources, strict=True):
                        _rename(source, name, store, target)
                        released += 1
                finally:
                    os.fsync(target)
                    for folder in {source.partition("/")[0] for source in sources}:
                        disk.sync_folder(self.store / folder)
        except OSError as error:
            error.filename = str(self.target)
            error.filename2 = None
            raise ReleaseError(names[:released], error) from error

    def discard(self, names: Iterable[str]) -> None:
        """Delete staged files that were never handed over."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                (self.store / staging.staging_path(name)).unlink()

    def close(self) -> None:
        """End staging ahead, and delete the files that it has staged for calls that still wait."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def _file_mode(self) -> staging.FileMode:
        return staging.FileMode(str(self.store), self.file_owner(), self._mode)

    # -- evidence

    def staged_files(self) -> list[str]:
        """Return our files in the store."""
        return [name for folder in staging.STORE_FOLDERS for name in _ours(self.store / folder)]

    def files_in_spool(self) -> list[str]:
        """Return our files in the spool: calls that wait for Asterisk or are in progress."""
        return _ours(self.target)

    def was_started_before_sweep(self, name: str) -> bool | None:
        """Return whether a file in the store was swept there after its call had begun; None if it is not there."""
        try:
            return callfile.parse_start((self.store / staging.staging_path(name)).read_bytes()) is not None
        except FileNotFoundError:
            return None

    def boot_of_sweep(self, name: str) -> str | None:
        """Return under which boot a sweep put the file into the store before its call began; None if none did."""
        try:
            return callfile.parse_mark((self.store / staging.staging_path(name)).read_bytes())
        except FileNotFoundError:
            return None

    def is_in_store(self, name: str) -> bool:
        """Return whether the file is in the store."""
        return (self.store / staging.staging_path(name)).exists()

    def is_in_spool(self, name: str) -> bool:
        """Return whether the file is in the spool: then Asterisk has not finished with it."""
        return (self.target / name).exists()

    def read_archive(self, name: str) -> tuple[bool, Disposition | None]:
        """Return whether the file is in Asterisk's archive, and its status once that is written."""
        try:
            return True, callfile.parse_disposition((self.done / name).read_bytes())
        except FileNotFoundError:
            return False, None

    def archived_at(self, name: str) -> float | None:
        """Return when the status of an archived file was written, in seconds since 1970; None if it is gone."""
        with contextlib.suppress(FileNotFoundError):
            return (self.done / name).stat().st_mtime
        return None

    def asterisk_state(self) -> process.AsteriskState:
        """Return whether Asterisk runs, as far as that shows here."""
        return process.asterisk_state(self.pid_file)

    def asterisk_identity(self) -> process.AsteriskIdentity | None:
        """Return which Asterisk runs; None if none is seen."""
        return process.asterisk_identity(self.pid_file)

    def folder_identity(self) -> tuple[int, int] | None:
        """Return which folder the spool is, by device and inode; None if there is none."""
        try:
            found = self.target.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def is_watched(self) -> bool | None:
        """Return whether the running Asterisk watches the spool; None if that cannot be seen."""
        running = self.asterisk_identity()
        return process.watches_folder(running[0], self.target) if running else None

    def is_started(self, name: str) -> bool | None:
        """Return whether Asterisk has begun the call of a file in the spool; None if the file is gone."""
        try:
            return callfile.parse_start((self.target / name).read_bytes()) is not None
        except FileNotFoundError:
            return None

    def running_asterisks(self) -> list[process.RunningAsterisk] | None:
        """Return the Asterisks that may have begun the calls in the spool; None where that cannot be seen."""
        return process.running_asterisks(self.pid_file)

    def is_orphaned(self, name: str, running: Callable[[], Sequence[process.RunningAsterisk] | None]) -> bool:
        """Return whether the file's call was begun by an Asterisk that has ended: none of `running`, no later one.

        `running` is asked only about a call that has begun: without a pid file it looks at every process.

        The next one would make it again (pbx_spool.c: even with MaxRetries 0, once the file's mtime has passed), or,
        with the same process id, leave the file there for ever.
        """
        try:
            with open(f"{self.target}/{name}", "rb") as file:  # noqa: PTH123 - each second, for every call in progress
                start = callfile.parse_start(file.read())
                touched = os.fstat(file.fileno()).st_ctime
        except FileNotFoundError:
            return False
        if start is None or not process.is_asterisk_gone(start.pid, start.at, touched, running()):
            return False
        # It may have been started after that look, and this be its call.
        return process.is_asterisk_gone(start.pid, start.at, touched, self.running_asterisks())

    def was_touched_since(self, name: str, moment: float) -> bool:
        """Return whether the file in the spool was changed after that moment, in seconds since 1970."""
        try:
            return (self.target / name).stat().st_ctime >= moment
        except FileNotFoundError:
            return False

    def sync(self) -> None:
        """Make durable what Asterisk has done in the spool, which it does not do itself."""
        disk.sync_filesystem(self.target)

    def withdraw(self, name: str) -> bool | None:
        """Take a file out of the spool; return whether its call had begun, None if Asterisk was faster.

        It stays in the store as the evidence until the journal says what became of the call: then `discard` it.
        """
        if not self._to_store(name):
            return None
        begun = self.was_started_before_sweep(name)
        disk.sync_folder(self.target)
        return begun

    def sweep(self, tokens: Container[str] | None = None) -> int:
        """Move all our files from the spool into the store, where the service finds them; return how many.

        Only while Asterisk is down: at its start it would make these calls, however old they are. With `tokens` only
        the files of those runs are moved, as another campaign may use the same spool.
        """
        halves = [self.store / half for half in staging.STORE_FOLDERS]
        for folder in (self.store, *halves):
            disk.make_folder(folder)
        names = [name for name in self.files_in_spool() if tokens is None or _token(name) in tokens]
        taken = [name for name in names if self._to_store(name)]
        for name in taken:
            path = self.store / staging.staging_path(name)
            staging.append(path, callfile.mark_untouched(path.read_bytes(), boot_id()))
        for folder in (self.target, *halves):
            disk.sync_folder(folder)
        if taken:
            disk.sync_filesystem(self.store)
        return len(taken)

    def _to_store(self, name: str) -> bool:
        try:
            os.rename(self.target / name, (self.store / staging.staging_path(name)))  # noqa: PTH104 - like the other rename
        except FileNotFoundError:
            return False
        return True


def write_problem(error: OSError) -> Problem:
    """Return a filesystem error as a problem with its remedy."""
    return Problem(
        str(error.filename or ""),
        say("cannot write here: {why}", why=os_error_reason(error)),
        say("free some space or correct the permissions; the run continues by itself"),
    )


def _rename(source: str, name: str, store: int, target: int) -> None:
    """Move a file, also where the rename is answered with an error and has succeeded, as over a network (rename(2))."""
    try:
        os.rename(source, name, src_dir_fd=store, dst_dir_fd=target)
    except OSError:
        if os.access(source, os.F_OK, dir_fd=store) or not os.access(".", os.F_OK, dir_fd=store):
            raise


def _token(name: str) -> str:
    found = callfile.parse_call_file_name(name)
    return found.token if found else ""


def _ours(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(name for entry in entries if callfile.is_call_file_name(name := entry.name))
