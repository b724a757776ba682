"""Sleep that a signal handler or another thread can end early."""

import contextlib
import os
import select

_DRAINED_BYTES = 1024


class Waker:
    """A self-pipe: `wake` ends the current sleep, or the next one if nobody sleeps."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def wake(self) -> None:
        """End a sleep early. It takes no lock and logs nothing, so a signal handler or any thread may call it."""
        with contextlib.suppress(BlockingIOError):  # the pipe is full of earlier wakes
            os.write(self._write_end, b"!")

    def sleep(self, seconds: float) -> None:
        """Sleep for that long, or until `wake`."""
        if select.select([self._read_end], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read_end, _DRAINED_BYTES)
