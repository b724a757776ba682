"""The errors of the system in the reader's language."""

import errno
import os
import socket

import pytest

from obzvon.common.errors import os_error_reason

# What happens to the files and sockets of this program; the rest has no reason to come up.
EXPECTED = [
    *(errno.EACCES, errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EBUSY, errno.ECONNREFUSED, errno.ECONNRESET),
    *(errno.EDQUOT, errno.EEXIST, errno.EFBIG, errno.EHOSTUNREACH, errno.EINVAL, errno.EIO, errno.EISDIR, errno.ELOOP),
    *(errno.EMFILE, errno.ENAMETOOLONG, errno.ENETUNREACH, errno.ENFILE, errno.ENOENT, errno.ENOMEM, errno.ENOSPC),
    *(errno.ENOTDIR, errno.ENOTEMPTY, errno.EPERM, errno.EPIPE, errno.EROFS, errno.ESTALE, errno.ETIMEDOUT),
]


@pytest.mark.parametrize("number", EXPECTED, ids=errno.errorcode.get)
def test_an_error_of_the_system_is_said_in_the_readers_language(number: int) -> None:
    reason = os_error_reason(OSError(number, os.strerror(number)))
    assert not reason.in_language("ru").isascii()
    assert reason.in_language("en").isascii()


def test_an_unknown_host_is_said_in_the_readers_language() -> None:
    reason = os_error_reason(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    assert not reason.in_language("ru").isascii()
