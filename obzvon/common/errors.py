"""The errors of the house: everything an operator can be told is one of these."""

import errno
from collections.abc import Iterable

import msgspec

from obzvon.common.i18n import Message, say

_SYSTEM_SAYS = {
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
}
"""The system's own words, of what an office meets: the system has them in the language of the machine only."""


def os_error_reason(error: OSError) -> Message:
    """What the system says is wrong, in the reader's language where we know it."""
    known = _SYSTEM_SAYS.get(error.errno or 0)
    return known or Message("{why}", {"why": error.strerror or str(error)})


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong: where it is, what it is and what to do about it."""

    where: str
    what: Message
    remedy: Message = Message("")

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else str(self.what)
        return f"{line}\n    → {self.remedy}" if self.remedy.text else line

    def message(self) -> Message:
        """The same as one message, to be worded in the reader's language later."""
        place = "{where}: " if self.where else ""
        remedy = "\n    → {remedy}" if self.remedy.text else ""
        return Message(f"{place}{{what}}{remedy}", {"where": self.where, "what": self.what, "remedy": self.remedy})


class ObzvonError(Exception):
    """The base of all our errors."""


class UserError(ObzvonError):
    """Something that the operator can mend: every problem found, at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(*self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))

    def message(self) -> Message:
        """All the problems as one message, to be worded in the reader's language later."""
        values = {f"problem{number}": problem.message() for number, problem in enumerate(self.problems)}
        return Message("\n".join(f"{{{name}}}" for name in values), dict(values))
