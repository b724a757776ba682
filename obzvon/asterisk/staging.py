"""Writes call files into the store: here, or one handful ahead in a process of its own.

Making a file costs more of the kernel's time than anything else in a hand-over, and threads of one Python process take
turns at it. So a run without a delay between its bundles has the next handful written by a second process meanwhile.
"""

import contextlib
import ctypes
import os
import signal
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from obzvon.common import files as disk

STORE_FOLDERS = ("0", "1")
"""The store's halves: what is being written and what is moved away at one time do not wait for the same folder."""

_PAST = 60
"""Seconds: pbx_spool.c delays a call whose file has a future mtime, and clocks may be set back a little."""
_LENGTH = struct.Struct("!I")
_PR_SET_PDEATHSIG = 1

Files = Sequence[tuple[str, bytes]]
"""Names and contents."""


class FileMode(msgspec.Struct, frozen=True):
    """How call files are made: the store, the owner (uid, gid; -1 = as it comes) and the mode."""

    store: str
    owner: tuple[int, int]
    mode: int


def staging_path(name: str) -> str:
    """Where in the store a call file of ours is staged: one name has one place, whoever writes it."""
    position = int(name.rsplit("-", 2)[1])
    return f"{STORE_FOLDERS[position // 1000 % len(STORE_FOLDERS)]}/{name}"


def stage_files(manner: FileMode, files: Iterable[tuple[str, bytes]]) -> None:
    """Writes whole call files, given by their paths in the store, and makes them durable at once.

    A file of that name that is there already was staged for a call that still waits, and is replaced. Raises OSError
    with a file name; then none of them is left there.
    """
    staged: list[str] = []
    past = time.time() - _PAST
    with open_folder(Path(manner.store)) as store:
        try:
            dress = None
            for name, data in files:
                staged.append(name)
                file = _create(name, manner.mode, store)
                try:
                    rest = data
                    while rest := rest[os.write(file, rest) :]:
                        pass  # a disk that is full takes a part, and says so at the next
                    if dress is None:
                        dress = _lacking(manner, os.fstat(file))
                    if dress[0] is not None:
                        os.fchown(file, *dress[0])
                    if dress[1] is not None:
                        os.fchmod(file, dress[1])
                    os.utime(file, (past, past))
                finally:
                    os.close(file)
            disk.sync_filesystem(Path(manner.store))
        except OSError as error:
            for name in staged:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=store)
            error.filename = manner.store
            raise


@contextlib.contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """A descriptor of the folder, for calls relative to it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Prefetcher:
    """A second process that stages the next handful while this one hands over the last."""

    def __init__(self, manner: FileMode) -> None:
        self._manner = manner
        self._process: subprocess.Popen[bytes] | None = None
        self._names: list[str] = []

    def begin(self, files: Files) -> None:
        """Has the files staged, if there is a second process to be had; `finish` tells how it went."""
        try:
            if self._process is None:
                self._process = subprocess.Popen(  # noqa: S603 - this very module, by this very Python
                    # -P: else it would import from the working folder, where the editor's user may write.
                    [sys.executable, "-P", "-m", "obzvon.asterisk.staging", str(os.getpid())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            assert self._process.stdin is not None  # noqa: S101 - it was asked for above
            _send(self._process.stdin, msgspec.msgpack.encode((self._manner, files)))
        except OSError:
            self.close()
        else:
            self._names = [name for name, _ in files]

    def finish(self, names: Sequence[str]) -> bool:
        """Waits for what was begun; whether exactly these files are staged now. Others that were are deleted again."""
        if not self._names:
            return False
        begun, self._names = self._names, []
        assert self._process is not None  # noqa: S101 - `begin` has started it
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        reply = _receive(self._process.stdout)
        if reply is None:
            self.close()
        if reply == b"" and begun == list(names):
            return True
        # What went wrong there, a full disk for one, will go wrong here again and is told then.
        for name in begun:
            with contextlib.suppress(OSError):
                (Path(self._manner.store) / name).unlink()
        return False

    def close(self) -> None:
        """Ends the second process."""
        self.finish(())
        if self._process is not None:
            process, self._process = self._process, None
            with contextlib.suppress(BrokenPipeError), process:  # what it has not read does not matter any more
                if process.stdin is not None:
                    process.stdin.close()


def main(parent: int) -> None:
    """The second process: stages what it is sent until its parent ends, in whatever way."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that; what it asked for is another service's to hand over by now
        return
    for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to us too, and the service ends in order
        signal.signal(number, signal.SIG_IGN)
    while (request := _receive(sys.stdin.buffer)) is not None:
        manner, files = msgspec.msgpack.decode(request, type=tuple[FileMode, list[tuple[str, bytes]]])
        try:
            stage_files(manner, files)
        except OSError as error:
            _send(sys.stdout.buffer, str(error).encode())
        else:
            _send(sys.stdout.buffer, b"")


def _create(name: str, mode: int, store: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(name, flags, mode, dir_fd=store)
    except FileExistsError:
        os.unlink(name, dir_fd=store)
        return os.open(name, flags, mode, dir_fd=store)


def _lacking(manner: FileMode, made: os.stat_result) -> tuple[tuple[int, int] | None, int | None]:
    """The owner and the mode that a new file still needs, None where this process makes files as they should be."""
    uid, gid = manner.owner
    given = uid in (-1, made.st_uid) and gid in (-1, made.st_gid)
    return None if given else manner.owner, None if stat.S_IMODE(made.st_mode) == manner.mode else manner.mode


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    return stream.read(_LENGTH.unpack(head)[0])


if __name__ == "__main__":
    main(int(sys.argv[1]))
