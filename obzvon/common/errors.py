"""The base classes of our errors, and the problems that they report to operators."""

import errno
import socket
from collections.abc import Iterable
from pathlib import Path

import msgspec

from obzvon.common.i18n import Message, say

#: The usual errors of the system: strerror words them in the language of the machine, not of the reader.
_ERRNO_REASONS = {
    errno.EACCES: say("Permission denied"),
    errno.EPERM: say("Operation not permitted"),
    errno.ENOENT: say("No such file or directory"),
    errno.ENOTDIR: say("Not a directory"),
    errno.EISDIR: say("Is a directory"),
    errno.EEXIST: say("File exists"),
    errno.ENOSPC: say("No space left on device"),
    errno.EDQUOT: say("Disk quota exceeded"),
    errno.EROFS: say("Read-only file system"),
    errno.EXDEV: say("Invalid cross-device link"),
    errno.EIO: say("Input/output error"),
    errno.EMFILE: say("Too many open files"),
    errno.ENFILE: say("Too many open files"),
    errno.ENOMEM: say("Cannot allocate memory"),
    errno.EFBIG: say("File too large"),
    errno.ENAMETOOLONG: say("File name too long"),
    errno.ELOOP: say("Too many levels of symbolic links"),
    errno.ENOTEMPTY: say("Directory not empty"),
    errno.EBUSY: say("Device or resource busy"),
    errno.EINVAL: say("Invalid argument"),
    errno.ENODEV: say("No such device"),
    errno.ENXIO: say("No such device"),
    errno.ESTALE: say("Stale file handle"),
    errno.EADDRINUSE: say("Address already in use"),
    errno.EADDRNOTAVAIL: say("this machine has no such address"),
    errno.ECONNREFUSED: say("Connection refused"),
    errno.ECONNRESET: say("Connection reset by peer"),
    errno.EPIPE: say("Broken pipe"),
    errno.ETIMEDOUT: say("Connection timed out"),
    errno.EHOSTUNREACH: say("No route to host"),
    errno.ENETUNREACH: say("Network is unreachable"),
    errno.EAFNOSUPPORT: say("Address family not supported"),
}


class RefusedFileError(OSError):
    """A file that is not opened although the system would: a link of somebody else's, a pipe, far too many bytes."""

    def __init__(self, path: Path, reason: Message) -> None:
        super().__init__(errno.EINVAL, str(reason), str(path))
        self.reason = reason


def os_error_reason(error: OSError) -> Message:
    """Return the system's reason, in the reader's language if we have its words."""
    if isinstance(error, RefusedFileError):
        return error.reason
    if isinstance(error, socket.gaierror):
        return say("there is no machine of that name")
    reason = _ERRNO_REASONS.get(error.errno or 0)
    return reason or Message("{why}", {"why": error.strerror or str(error)})


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fault for the operator: where it is, what it is and what to do about it."""

    where: str
    what: Message
    remedy: Message = Message("")

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else str(self.what)
        return f"{line}\n    → {self.remedy}" if self.remedy.text else line

    def message(self) -> Message:
        """Return the problem as one message, to be translated when it is shown."""
        place = "{where}: " if self.where else ""
        remedy = "\n    → {remedy}" if self.remedy.text else ""
        return Message(f"{place}{{what}}{remedy}", {"where": self.where, "what": self.what, "remedy": self.remedy})


class ObzvonError(Exception):
    """Base class of all our errors."""


class UserError(ObzvonError):
    """An error that the operator can fix, with every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(*self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))

    def message(self) -> Message:
        """Return the problems as one message, to be translated when it is shown."""
        values = {f"problem{number}": problem.message() for number, problem in enumerate(self.problems)}
        return Message("\n".join(f"{{{name}}}" for name in values), dict(values))
