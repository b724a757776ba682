"""Writes call files into the store: in this process, or one batch ahead in a second one.

Creating files takes more kernel time than anything else in a hand-over, and the threads of one Python process take
turns at it. So a run without a delay between its bundles has the next batch written by a second process.
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

# The store's halves: files that are being written and files that are being moved do not wait for the same folder.
STORE_FOLDERS = ("0", "1")

# pbx_spool.c delays a call if its file's mtime is in the future. A clock may be set back a little.
_PAST_SECONDS = 60
_LENGTH = struct.Struct("!I")
_PR_SET_PDEATHSIG = 1

# Names and contents.
Files = Sequence[tuple[str, bytes]]


class FileMode(msgspec.Struct, frozen=True):
    """Parameters of new call files: the store, the owner (uid, gid; -1 = unchanged) and the mode."""

    store: str
    owner: tuple[int, int]
    mode: int


def staging_path(name: str) -> str:
    """Return the path in the store where a call file of ours is staged; the name alone determines it."""
    position = int(name.rsplit("-", 2)[1])
    return f"{STORE_FOLDERS[position // 1000 % len(STORE_FOLDERS)]}/{name}"


def stage_files(file_mode: FileMode, files: Iterable[tuple[str, bytes]]) -> None:
    """Write whole call files, given by their paths in the store, and make them durable together.

    An existing file of that name was staged for a call that still waits, and is replaced. Raises OSError with a file
    name; then none of the files is left in the store.
    """
    staged: list[str] = []
    past = time.time() - _PAST_SECONDS
    with open_folder(Path(file_mode.store)) as store:
        try:
            missing = None
            for name, data in files:
                staged.append(name)
                file = _create(name, file_mode.mode, store)
                try:
                    rest = data
                    while rest := rest[os.write(file, rest) :]:
                        pass  # a full disk takes a part, and raises at the next write
                    if missing is None:
                        missing = _missing_attributes(file_mode, os.fstat(file))
                    if missing[0] is not None:
                        os.fchown(file, *missing[0])
                    if missing[1] is not None:
                        os.fchmod(file, missing[1])
                    os.utime(file, (past, past))
                finally:
                    os.close(file)
            disk.sync_filesystem(Path(file_mode.store))
        except OSError as error:
            for name in staged:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=store)
            error.filename = file_mode.store
            raise


def append(path: Path, data: bytes) -> None:
    """Add to a file in the store, if this process may."""
    with contextlib.suppress(PermissionError), path.open("ab") as file:
        file.write(data)


@contextlib.contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """Open a folder and yield its descriptor, for calls relative to it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Prefetcher:
    """A second process that stages the next batch while this one hands over the current one."""

    def __init__(self, file_mode: FileMode) -> None:
        self._file_mode = file_mode
        self.process: subprocess.Popen[bytes] | None = None
        self._names: list[str] = []

    def begin(self, files: Files) -> None:
        """Have the files staged if a second process can be started; `finish` reports the result."""
        try:
            if self.process is None:
                self.process = subprocess.Popen(  # noqa: S603 - this module, by this Python
                    # -P: otherwise it would import from the working folder, where the editor's user may write.
                    [sys.executable, "-P", "-m", "obzvon.asterisk.staging", str(os.getpid())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            assert self.process.stdin is not None  # noqa: S101 - a pipe was requested above
            _send(self.process.stdin, msgspec.msgpack.encode((self._file_mode, files)))
        except OSError:
            self.close()
        else:
            self._names = [name for name, _ in files]

    def finish(self, names: Sequence[str]) -> bool:
        """Wait for the files of `begin`; return whether exactly these are staged now. Any others are deleted again."""
        if not self._names:
            return False
        begun, self._names = self._names, []
        assert self.process is not None  # noqa: S101 - `begin` has started it
        assert self.process.stdout is not None  # noqa: S101 - a pipe was requested
        reply = _receive(self.process.stdout)
        if reply is None:
            self.close()
        if reply == b"" and begun == list(names):
            return True
        # The cause of a failure there, such as a full disk, makes this process fail as well, and is reported then.
        for name in begun:
            with contextlib.suppress(OSError):
                (Path(self._file_mode.store) / name).unlink()
        return False

    def close(self) -> None:
        """End the second process."""
        self.finish(())
        if self.process is not None:
            process, self.process = self.process, None
            with contextlib.suppress(BrokenPipeError), process:  # unread requests no longer matter
                if process.stdin is not None:
                    process.stdin.close()


def main(parent: int) -> None:
    """Stage the files that the parent process sends, until that process ends in any way."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that; its calls are for another service to hand over by now
        return
    for number in (
        signal.SIGINT,
        signal.SIGHUP,
    ):  # a terminal sends them to this process too, and the service stops it in order
        signal.signal(number, signal.SIG_IGN)
    while (request := _receive(sys.stdin.buffer)) is not None:
        file_mode, files = msgspec.msgpack.decode(request, type=tuple[FileMode, list[tuple[str, bytes]]])
        try:
            stage_files(file_mode, files)
        except OSError as error:
            _send(sys.stdout.buffer, str(error).encode())
        else:
            _send(sys.stdout.buffer, b"")


def rename_domain(folder: Path) -> tuple[str, int]:
    """Return what rename(2) cannot cross: the mount, even within one filesystem, and the device, as of a subvolume.

    For a folder that is still to be made, those of the folder that it will be made in. "" = the mount is unknown.
    """
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    mount = ""
    descriptor = os.open(there, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)  # needs no right to read it
    try:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii").splitlines()
            mount = next((line for line in lines if line.startswith("mnt_id:")), "")
        return mount, os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)


def _create(name: str, mode: int, store: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(name, flags, mode, dir_fd=store)
    except FileExistsError:
        os.unlink(name, dir_fd=store)
        return os.open(name, flags, mode, dir_fd=store)


def _missing_attributes(file_mode: FileMode, made: os.stat_result) -> tuple[tuple[int, int] | None, int | None]:
    """Return the owner and the mode that a new file still needs, None where they are right already."""
    uid, gid = file_mode.owner
    has_owner = uid in (-1, made.st_uid) and gid in (-1, made.st_gid)
    return None if has_owner else file_mode.owner, None if stat.S_IMODE(
        made.st_mode
    ) == file_mode.mode else file_mode.mode


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
