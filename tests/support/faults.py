"""Faults at a chosen step: a process that stops there, or a journal method that fails."""

import contextlib
import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, NoReturn

import pytest

from obzvon.asterisk import staging
from obzvon.common import files as disk
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.journal.calls import CallStore
from obzvon.journal.runs import RunStore
from obzvon.journal.transitions import CallTransitions


def fail_journal(monkeypatch: pytest.MonkeyPatch, method: str, *, done: bool, fails: Callable[[int], bool]) -> None:
    """Make a method of the journal ("runs.begin") fail; `fails` gets the number of the call, from 1.

    With `done` the method does its work before it fails.
    """
    subject, name = method.split(".")
    owner = {"runs": RunStore, "calls": CallStore, "transitions": CallTransitions}[subject]
    do: Callable[..., object] = getattr(owner, name)
    calls = count(1)

    def failing(*args: object, **named: object) -> object:
        is_failing = fails(next(calls))
        result = do(*args, **named) if done or not is_failing else None
        if is_failing:
            raise UserError([Problem("journal", say("it cannot be used"))])
        return result

    monkeypatch.setattr(owner, name, failing)


def every_other(call: int) -> bool:
    """Return whether this is the first, third, fifth … call."""
    return call % 2 == 1


class ProcessStopped(BaseException):
    """The process ends here. No `except Exception` of the program catches it."""


class InterruptedProcess:
    """A process that ends at its n-th step on the disk or in the journal: just before the step, or just after it.

    Every later step fails too, so that a `finally` changes nothing. With `ends_at` = 0 the process does not end.
    With `only` it ends at the n-th step of that name, such as "rename". `asterisk` is called with each file as soon as
    it is in the spool; `came` counts these files by name.
    """

    _DISK = ("open", "write", "fsync", "rename", "replace", "unlink", "utime", "fchown", "fchmod", "mkdir")
    _JOURNAL: ClassVar[dict[type, tuple[str, ...]]] = {
        RunStore: ("begin", "set_state", "settle"),
        CallTransitions: ("begin_handing", "end_handing", "return_to_waiting", "end_calls", "withdraw_waiting"),
    }

    def __init__(
        self,
        spool: Path,
        ends_at: int = 0,
        *,
        after: bool = False,
        only: str = "",
        asterisk: Callable[[Path], object] = lambda _: None,
    ) -> None:
        self.steps: list[str] = []
        self.came: Counter[str] = Counter()
        self._spool = spool
        self._ends_at = ends_at
        self._after = after
        self._only = only
        self._asterisk = asterisk
        self._over = False
        self._elsewhere = False
        self._patched = pytest.MonkeyPatch()

    def __enter__(self) -> "InterruptedProcess":
        for name in self._DISK:
            self._patched.setattr(os, name, self._step(name, getattr(os, name)))
        self._patched.setattr(disk, "sync_filesystem", self._step("syncfs", disk.sync_filesystem))
        self._patched.setattr(staging, "Prefetcher", _InProcessPrefetcher)
        for owner, names in self._JOURNAL.items():
            for name in names:
                self._patched.setattr(owner, name, self._step(f"journal.{name}", getattr(owner, name)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._patched.undo()
        return kind is ProcessStopped

    @contextlib.contextmanager
    def others(self) -> Iterator[None]:
        """Count no steps within the block: they belong to somebody else."""
        before, self._elsewhere = self._elsewhere, True
        try:
            yield
        finally:
            self._elsewhere = before

    def _step(self, name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **named: Any) -> Any:
            if self._elsewhere:
                return do(*args, **named)
            if self._over:
                raise ProcessStopped
            self.steps.append(name)
            counted = self.steps.count(self._only) if self._only else len(self.steps)
            last = counted == self._ends_at and self._only in ("", name)
            self._over = last and not self._after
            if self._over:
                raise ProcessStopped
            result = None
            try:
                result = do(*args, **named)
            finally:
                if last and name == "open" and result is not None:
                    os.close(result)
                if last and name != "rename":
                    self._end()
            if name == "rename" and (file := self._arrived(named.get("dst_dir_fd"), args[1])):
                self.came[file.name] += 1
                with self.others():
                    self._asterisk(file)
            if last:
                self._end()
            return result

        return step

    def _end(self) -> NoReturn:
        self._over = True
        raise ProcessStopped

    def _arrived(self, folder: int | None, name: str) -> Path | None:
        """Return the file that a rename has moved into the spool; None if it went to another folder."""
        here = folder is not None and os.path.samestat(os.fstat(folder), self._spool.stat())
        return self._spool / name if here else None


#: Kinds of faults of a disk; a torn write writes half, and a lying rename all, before they report an error.
DISK_FAULTS = ("ENOSPC", "EIO", "EMFILE", "torn write", "lying rename")
_FAULTY_STEPS = {
    "ENOSPC": ("write", "open", "mkdir"),
    "EIO": ("fsync", "write", "rename", "unlink"),
    "EMFILE": ("open",),
    "torn write": ("write",),
    "lying rename": ("rename", "replace"),
}


class FaultyDisk:
    """A disk whose steps of a kind fail from the n-th on, every other one."""

    def __init__(self, kind: str, begins_at: int) -> None:
        self._kind = kind
        self._begins_at = begins_at
        self._steps = 0
        self._elsewhere = False
        self._patched = pytest.MonkeyPatch()

    def __enter__(self) -> "FaultyDisk":
        for name in _FAULTY_STEPS[self._kind]:
            self._patched.setattr(os, name, self._step(getattr(os, name)))
        self._patched.setattr(staging, "Prefetcher", _InProcessPrefetcher)
        return self

    def __exit__(self, *_: object) -> None:
        self._patched.undo()

    @contextlib.contextmanager
    def others(self) -> Iterator[None]:
        """Let everything succeed within the block: it is on another disk."""
        before, self._elsewhere = self._elsewhere, True
        try:
            yield
        finally:
            self._elsewhere = before

    def _step(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **named: Any) -> Any:
            if self._elsewhere:
                return do(*args, **named)
            self._steps += 1
            if self._steps < self._begins_at or (self._steps - self._begins_at) % 2:
                return do(*args, **named)
            if self._kind == "torn write":
                do(args[0], bytes(args[1])[: len(args[1]) // 2], **named)
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            if self._kind == "lying rename":
                do(*args, **named)
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            code = getattr(errno, self._kind)
            raise OSError(code, os.strerror(code))

        return step


class _InProcessPrefetcher(staging.Prefetcher):
    """Stage files ahead in this process, so that the steps are counted."""

    def begin(self, files: staging.Files) -> None:
        staging.stage_files(self._file_mode, files)
        self._names = [name for name, _ in files]

    def finish(self, names: Iterable[str]) -> bool:
        begun, self._names = self._names, []
        if begun and begun == list(names):
            return True
        for name in begun:
            (Path(self._file_mode.store) / name).unlink()
        return False
