"""What the link to Asterisk's manager interface says of itself, and how long it takes over things."""

from datetime import datetime

import msgspec

from obzvon.common.errors import Problem


class Timeouts(msgspec.Struct, frozen=True):
    """How long things take, in seconds."""

    patience: float = 10.0
    """For a connection, for an answer: after that the other side is mute."""
    ping: float = 2.0
    fresh: float = 6.0
    """How long lines in use are believed after anything was heard."""
    settle: float = 0.1
    group: float = 0.5
    compare: float = 30.0
    steady: float = 2.0
    """How long a connection must have stood for the next failure to be the first one."""


class ConnectionStatus(msgspec.Struct, frozen=True):
    """Whether events come, since when it is so, and what is wrong where they do not."""

    up: bool
    since: datetime
    problem: Problem | None = None
