"""The seam to the disk: every durable write of a file goes through here, so that a test can stop it at any step.

All raise OSError with the file's name in it.
"""

import contextlib
import ctypes
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

#: Clocks of filesystems are coarse: a second change within this time of the first may leave the same signature.
_SETTLED_SECONDS = 1.0


def signature(path: Path) -> tuple[int, ...]:
    """Return what changes with each change of the file: its times, size and inode; () if there is no file to see."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


def settled_signature(path: Path) -> tuple[int, ...] | None:
    """Return the file's signature, or None while the last change is so recent that another one might not show."""
    found = signature(path)
    return None if found and abs(time.time() - found[0] / 1e9) < _SETTLED_SECONDS else found


def write_durably(path: Path, data: bytes, mode: int = 0o640) -> None:
    """Puts the file there whole or not at all, and on the disk before it returns.

    A file that is replaced passes on its mode, and its owner and group as far as this process may give them. A new one
    gets `mode`, whatever the umask, and from root the owner of its folder. A link is followed.
    """
    with replace_file(path, mode) as descriptor:
        _write_all(descriptor, data)


@contextlib.contextmanager
def replace_file(path: Path, mode: int = 0o640) -> Iterator[int]:
    """As `write_durably`, for what is written bit by bit: the descriptor of a file that takes the place at the end."""
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with add_file_name(temporary):
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                _dress(descriptor, path if path.exists() else path.parent, mode)
                yield descriptor
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        with add_file_name(path):
            os.replace(temporary, path)  # noqa: PTH105 - the steps are all `os`'s own, to be seen as one list
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in the folder durable: what was created, renamed and deleted there."""
    with add_file_name(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_filesystem(path: Path) -> None:
    """Makes everything on the filesystem of `path` durable: one call for a whole bundle of files."""
    with add_file_name(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            syncfs = getattr(_libc(), "syncfs", None)
            if syncfs is None:
                os.sync()
            elif syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(path))
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def add_file_name(path: Path) -> Iterator[None]:
    """Gives the file's name to an OSError that has none: those of write and fsync know only a descriptor."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def make_folder(folder: Path) -> None:
    """Makes the folder, if there is none, with the owner and the rights of the one that it lies in, but for others."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(0o700)
        above = folder.parent.stat()
        if os.geteuid() == 0:
            os.chown(folder, above.st_uid, above.st_gid)
        folder.chmod(above.st_mode & 0o6775)  # as /tmp is, nothing of ours has to be
        sync_folder(folder.parent)


def make_file(path: Path, mode: int) -> None:
    """Makes an empty file, if there is none, as `write_durably` makes a new one."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _dress(descriptor, path.parent, mode)
        finally:
            os.close(descriptor)


def _dress(descriptor: int, like: Path, mode: int) -> None:
    before = like.stat()
    if like.is_file() or os.geteuid() == 0:
        for uid, gid in ((before.st_uid, before.st_gid), (-1, before.st_gid)):
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, uid, gid)
                break
    os.fchmod(descriptor, before.st_mode & 0o777 if like.is_file() else mode)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
