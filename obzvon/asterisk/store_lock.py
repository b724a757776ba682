"""Shows which services use one store: each holds a locked file in it that names its journal.

Several campaigns may share a store and a spool. But a second service that was started by mistake, for example a
rehearsal in another folder, calls the same people, and the lock of one journal does not show it. A copied folder has
the same identity of the journal: that service is refused.
"""

import contextlib
import fcntl
import hashlib
import os
import socket
import weakref
from collections.abc import Iterator
from pathlib import Path

import msgspec

from obzvon.common.i18n import Message, say

LOCK_PREFIX = ".obzvon-service-"


class OtherService(msgspec.Struct, frozen=True):
    """Another service that uses the store: its journal and its machine, and the identity of its journal, if known."""

    journal: str
    identity: str = ""


class StoreLock:
    """A service's own file in the store, locked until it is released, as long as its process lives at most."""

    def __init__(self, store: Path, journal: str, identity: str = "") -> None:
        self._file = store / _file_name(journal)
        # Open for reading only: a file that is open for writing keeps its filesystem from being remounted read-only.
        descriptor = os.open(self._file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        self._close = weakref.finalize(self, os.close, descriptor)
        # Already locked: by a service that checks it now, or by one with our journal, which the journal's lock shows.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for_writing = os.open(self._file, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.write(for_writing, f"{journal} on {socket.gethostname()}\n{identity}\n".encode())
            finally:
                os.close(for_writing)

    def release(self) -> None:
        """Leave the store: others do not see this service any more."""
        self._close()


def other_services(store: Path, journal: str) -> list[OtherService]:
    """Return the other services that use this store, as far as their files can be read."""
    return sorted(_locked_by_others(store, _file_name(journal)), key=lambda other: other.journal)


def describe_copy(other: OtherService) -> tuple[Message, Message]:
    """Return what is wrong, and what to do, where another service works with the journal of which ours is a copy."""
    return (
        say(
            "a service works here with the journal {journal}, and this campaign's journal is a copy of it: both would "
            "call the same people",
            journal=other.journal,
        ),
        say(
            "stop the service that should not be there. If this folder is meant as another campaign, delete "
            "its copied journal, and start it only tomorrow"
        ),
    )


def _locked_by_others(store: Path, own_file: str) -> Iterator[OtherService]:
    with contextlib.suppress(OSError):
        for path in store.glob(f"{LOCK_PREFIX}*"):
            if path.name != own_file and (holder := _holder(path)):
                yield holder


def _holder(path: Path) -> OtherService | None:
    """Return the service that has the file locked, None if none has."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        journal, _, identity = os.pread(descriptor, 1000, 0).decode("utf-8", "replace").strip().partition("\n")
        return OtherService(journal or path.name, identity)
    finally:
        os.close(descriptor)
    return None


def _file_name(journal: str) -> str:
    return LOCK_PREFIX + hashlib.sha256(f"{journal} {socket.gethostname()}".encode()).hexdigest()[:16]
