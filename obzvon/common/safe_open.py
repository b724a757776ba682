"""Opening of files in a folder that another user may write in, where a name may become a link or a pipe at any moment.

A link is followed only if root or this process's own user made it: nobody else may lead us to another place. What is
opened is looked at through its descriptor, and never by its name again.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from obzvon.common.errors import RefusedFileError
from obzvon.common.i18n import say

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITING = os.O_WRONLY | os.O_RDWR
#: Links in one path, as the kernel counts them.
_MAX_LINKS = 40


def read_file(path: Path, most: int, *, follow: bool = True) -> tuple[bytes, os.stat_result]:
    """Return the bytes of a regular file of at most `most` bytes, and its state. Raise OSError, as `open_file` does."""
    with open_file(path, follow=follow) as descriptor:
        found = os.fstat(descriptor)
        if found.st_size > most:
            raise _too_large(path, found.st_size, most)
        parts, left = [], most + 1
        while left and (part := os.read(descriptor, min(left, 1 << 24))):
            parts.append(part)
            left -= len(part)
    if not left:  # it has grown meanwhile
        raise _too_large(path, most + 1, most)
    return b"".join(parts), found


@contextlib.contextmanager
def open_file(path: Path, flags: int = _READ, *, follow: bool = True) -> Iterator[int]:
    """Give the descriptor of an existing regular file. Raise RefusedFileError for a link, a pipe, a folder or a device.

    With `follow`, a link of root's or of this user's own is followed. A file with another name is not written in.
    """
    place = resolve_links(path) if follow and path.is_symlink() else path
    with open_folder(place.parent) as folder:
        descriptor = _open_in(folder, place, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise RefusedFileError(path, say("it is not a file"))
            if flags & _WRITING and found.st_nlink > 1:
                raise RefusedFileError(path, say("it is a file of another folder, too (a hard link)"))
            yield descriptor
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def open_folder(path: Path) -> Iterator[int]:
    """Give the descriptor of a folder, to which names in it are relative. Raise OSError, as `open_file` does."""
    path = path.absolute()
    descriptor = _open_unlinked(path)
    if descriptor is None:
        descriptor = _open_unlinked(resolve_links(path))
    if descriptor is None:  # it was exchanged since
        raise RefusedFileError(path, say("it has become a link while it was opened"))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def resolve_links(path: Path) -> Path:
    """Return the path without links. Raise RefusedFileError for a link that neither root nor this user made.

    What does not exist stays as it is named.
    """
    trusted = {0, os.geteuid()}
    found, rest, links = Path("/"), list(reversed(path.absolute().parts[1:])), 0
    while rest:
        name = rest.pop()
        if name == "..":
            found = found.parent
            continue
        target = _link_target(found / name, trusted)
        if target is None:
            found /= name
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        if target.is_absolute():
            found = Path("/")
        rest += reversed([part for part in target.parts if part != "/"])
    return found


def _link_target(path: Path, trusted: set[int]) -> Path | None:
    """Return where a link leads, None if it is no link. Owner and target are read from the same link."""
    try:
        if not path.is_symlink():
            return None
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):  # opening it gives the reason
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISLNK(found.st_mode):
            return None
        if found.st_uid not in trusted:
            raise RefusedFileError(path, say("it is a link that neither root nor the program's own user has made"))
        return Path(os.readlink("", dir_fd=descriptor))
    finally:
        os.close(descriptor)


def _open_unlinked(path: Path) -> int | None:
    """Return the descriptor of a folder; None if a link was followed on the way to it."""
    try:
        descriptor = os.open(path, _FOLDER)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and path.is_symlink():
            return None
        raise
    try:
        is_the_path = Path(f"/proc/self/fd/{descriptor}").readlink() == path
    except OSError:  # without /proc nothing tells
        os.close(descriptor)
        raise
    if is_the_path:
        return descriptor
    os.close(descriptor)
    return None


def _open_in(folder: int, place: Path, flags: int) -> int:
    try:
        return os.open(place.name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise RefusedFileError(place, say("it is a link where a file should be")) from error
        if error.errno == errno.ENXIO:  # a pipe that nobody reads, or a socket
            raise RefusedFileError(place, say("it is not a file")) from error
        error.filename = str(place)
        raise


def _too_large(path: Path, size: int, most: int) -> RefusedFileError:
    return RefusedFileError(
        path,
        say(
            "it has {size} MB, and no more than {most} MB are read",
            size=-(-size // 1_000_000),
            most=-(-most // 1_000_000),
        ),
    )
