"""Which services work with one store: each holds a locked file in it that names its journal.

Several campaigns may share a store and a spool, so nobody is refused; but a second service that nobody meant to be
there, as of a rehearsal in another folder, rings the same people, and the lock of one journal does not show it.
"""

import contextlib
import fcntl
import hashlib
import os
import socket
import weakref
from collections.abc import Iterator
from pathlib import Path

LOCK_PREFIX = ".obzvon-service-"


class StoreLock:
    """A service's own file in the store, locked as long as its process lives."""

    def __init__(self, store: Path, journal: str) -> None:
        self._file = store / _name(journal)
        # It is held open for reading: a file that is open for writing keeps its filesystem from being made read-only.
        descriptor = os.open(self._file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        weakref.finalize(self, os.close, descriptor)
        # Held already: by whoever looks at this moment, or by a service of this journal, which its own lock tells.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            writing = os.open(self._file, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.write(writing, f"{journal} on {socket.gethostname()}\n".encode())
            finally:
                os.close(writing)


def other_services(store: Path, journal: str) -> list[str]:
    """The journals of the other services that are at work with this store, as far as we may look."""
    return sorted(_at_work(store, _name(journal)))


def _at_work(store: Path, own: str) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for path in store.glob(f"{LOCK_PREFIX}*"):
            if path.name != own and (said := _held(path)):
                yield said


def _held(path: Path) -> str:
    """What the file says if somebody holds it, else ''."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.pread(descriptor, 1000, 0).decode("utf-8", "replace").strip() or path.name
    finally:
        os.close(descriptor)
    return ""


def _name(journal: str) -> str:
    return LOCK_PREFIX + hashlib.sha256(f"{journal} {socket.gethostname()}".encode()).hexdigest()[:16]
