"""Whether something keeps this machine's clock right, as the kernel knows it."""

import ctypes

_ERROR = 5
_TIMEX = 512
"""Bytes: struct timex is 208 on 64-bit Linux; `modes`, its first field, stays 0, so nothing is changed."""


def is_synchronised() -> bool | None:
    """By adjtimex(2): TIME_ERROR is a clock that no NTP client keeps.

    None where the kernel does not tell, as in some containers.
    """
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else bool(state != _ERROR)
