"""Shows which services use one store: each holds a locked file in it that names its journal.

Several campaigns may share a store and a spool, so no service is refused. But a second service that was started by
mistake, for example a rehearsal in another folder, calls the same people, and the lock of one journal does not show it.
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
        self._file = store / _file_name(journal)
        # Open for reading only: a file that is open for writing keeps its filesystem from being remounted read-only.
        descriptor = os.open(self._file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        weakref.finalize(self, os.close, descriptor)
        # Already locked by a service that checks it now, or by one with our journal, whose own lock shows that.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for_writing = os.open(self._file, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.write(for_writing, f"{journal} on {socket.gethostname()}\n".encode())
            finally:
                os.close(for_writing)


def other_services(store: Path, journal: str) -> list[str]:
    """Return the journals of the other services that use this store, as far as their files can be read."""
    return sorted(_locked_by_others(store, _file_name(journal)))


def _locked_by_others(store: Path, own_file: str) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for path in store.glob(f"{LOCK_PREFIX}*"):
            if path.name != own_file and (holder := _holder(path)):
                yield holder


def _holder(path: Path) -> str:
    """Return the text of the file if a service has it locked, else ''."""
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


def _file_name(journal: str) -> str:
    return LOCK_PREFIX + hashlib.sha256(f"{journal} {socket.gethostname()}".encode()).hexdigest()[:16]
