"""What waitress does with a request that is too large to be kept.

Of itself it answers at once, in one line of English, and closes; a browser that is still sending sees only that the
connection is gone. So what is too large is read to its end and thrown away, and the app, which sees from the length
alone that it is too large, answers with its own page.
"""

import io
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import RequestEntityTooLarge

PASSED_OVER = 1_000_000_000
"""Beyond so many bytes nobody waits for the end."""


class _Nothing:
    """A buffer that keeps nothing."""

    def append(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def getfile(self) -> io.BytesIO:
        return io.BytesIO()


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Passes over a body that is too large; one that comes in chunks tells no length and is still cut off."""

    body_rcv: Any
    error: Any

    def received(self, data: bytes) -> int:
        if isinstance(self.body_rcv, FixedStreamReceiver) and isinstance(self.body_rcv.getbuf(), _Nothing):
            consumed: int = self.body_rcv.received(data)
            self.completed = self.body_rcv.completed
            return consumed
        consumed = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge) and 0 < self.content_length <= PASSED_OVER:
            self.body_rcv = FixedStreamReceiver(self.content_length, _Nothing())
            self.error, self.completed = None, False
        return consumed


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection of such requests."""

    parser_class = _Parser
