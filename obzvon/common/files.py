"""Durable writes. Every step on the disk goes through this module, so that a test can stop it at any of them.

Every OSError has the name of the file.
"""

import contextlib
import ctypes
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from obzvon.common import safe_open

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
#: Clocks of filesystems are coarse: a second change within this time of the first may leave the same signature.
_SETTLED_SECONDS = 1.0


def signature(path: Path) -> tuple[int, ...]:
    """Return what changes with each change of the file: its times, size and inode; () if there is no file to see."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def link_signature(path: Path) -> tuple[int, int]:
    """Return what changes when a link is exchanged for another, even to the same file; (0, 0) if there is nothing."""
    try:
        found = path.lstat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_ctime_ns


def settled_signature(path: Path) -> tuple[int, ...] | None:
    """Return the file's signature, or None while the last change is so recent that another one might not show."""
    found = signature(path)
    return None if found and abs(time.time() - found[0] / 1e9) < _SETTLED_SECONDS else found


def write_durably(
    path: Path, data: bytes, mode: int = 0o640, *, like: Path | None = None, modified: float | None = None
) -> None:
    """Write the file as a whole or not at all, and sync it before returning.

    A replaced file passes on its mode, and its owner and group if this process may set them. A new file gets `mode`,
    whatever the umask, and, from root, the owner of its folder; with `like` the group of that file, unless the folder
    gives its own group to what is made in it. `modified` is the time that it shows. A link of root's or of this
    user's own is followed; another one raises RefusedFileError.
    """
    with replace_file(path, mode, like=like) as descriptor:
        _write_all(descriptor, data)
        if modified is not None:
            os.utime(descriptor, (modified, modified))


@contextlib.contextmanager
def replace_file(path: Path, mode: int = 0o640, *, like: Path | None = None) -> Iterator[int]:
    """Give the descriptor of a temporary file that replaces `path` at the end, as `write_durably` does."""
    path = safe_open.resolve_links(path) if path.is_symlink() else path.absolute()
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with safe_open.open_folder(path.parent) as folder:
        try:
            with add_file_name(temporary):
                descriptor = os.open(temporary.name, _CREATE, 0o600, dir_fd=folder)
                try:
                    if (before := _regular_file(path.name, folder)) is not None:
                        _keep_ownership(descriptor, before)
                    else:
                        _set_ownership(descriptor, os.fstat(folder), mode, like)
                    yield descriptor
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            with add_file_name(path):
                # Every step is a function of `os`, so that a test sees them all.
                os.replace(temporary.name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary.name, dir_fd=folder)
            raise
    sync_folder(path.parent)


def append_durably(path: Path, data: bytes) -> None:
    """Append to an existing file, and sync it before returning. Raise OSError."""
    with (
        safe_open.open_file(path, os.O_WRONLY | os.O_APPEND, follow=False) as descriptor,
        add_file_name(path),
    ):
        _write_all(descriptor, data)
        os.fsync(descriptor)


def publish(draft: Path, target: Path) -> None:
    """Sync a file that is complete, and give it its name, in place of what has it."""
    with add_file_name(draft):
        descriptor = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(draft, target)  # noqa: PTH105 - as above
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Sync the names in the folder: files created, renamed and deleted there."""
    with add_file_name(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_filesystem(path: Path) -> None:
    """Sync the filesystem of `path`: one call for a whole bundle of files."""
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
    """Add the file's name to an OSError without one. write and fsync know only a descriptor."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def make_folder(folder: Path) -> None:
    """Create the folder if it does not exist, with its parent's owner and mode but no write access for others."""
    with contextlib.suppress(FileExistsError):
        with safe_open.open_folder(folder.parent) as above:
            os.mkdir(folder.name, 0o700, dir_fd=above)
            parent = os.fstat(above)
            made = os.open(folder.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
            try:
                if os.geteuid() == 0:
                    os.fchown(made, parent.st_uid, parent.st_gid)
                os.fchmod(made, parent.st_mode & 0o6775)  # not writable by everyone, even below /tmp
            finally:
                os.close(made)
        sync_folder(folder.parent)


def make_file(path: Path, mode: int, *, like: Path | None = None) -> None:
    """Create an empty file if it does not exist, with the owner and mode that `write_durably` gives a new one."""
    with contextlib.suppress(FileExistsError), safe_open.open_folder(path.parent) as folder, add_file_name(path):
        descriptor = os.open(path.name, _CREATE, 0o600, dir_fd=folder)
        try:
            _set_ownership(descriptor, os.fstat(folder), mode, like)
        finally:
            os.close(descriptor)


def _regular_file(name: str, folder: int) -> os.stat_result | None:
    """Return the state of a file in the folder; None for one that does not exist, and for a link or a pipe."""
    with contextlib.suppress(FileNotFoundError):
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        return found if stat.S_ISREG(found.st_mode) else None
    return None


def _keep_ownership(descriptor: int, before: os.stat_result) -> None:
    _give(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, before.st_mode & 0o777)


def _set_ownership(descriptor: int, folder: os.stat_result, mode: int, like: Path | None) -> None:
    """Set owner, group and mode of a new file, as `write_durably` says."""
    uid, gid = (folder.st_uid, folder.st_gid) if os.geteuid() == 0 else (-1, -1)
    if like is not None and like.is_file() and not folder.st_mode & stat.S_ISGID:
        gid = like.stat().st_gid
    if (uid, gid) != (-1, -1):
        _give(descriptor, uid, gid)
    os.fchmod(descriptor, mode)


def _give(descriptor: int, uid: int, gid: int) -> None:
    """Set owner and group of a file, or only the group if this process may not set the owner."""
    for owner in (uid, -1):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, owner, gid)
            break


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
