"""A client of the manager interface against the AMI server of the tests."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.ami.connection import Timeouts
from obzvon.asterisk.ami.errors import Backoff
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.settings.ami import AmiSettings
from obzvon.settings.secrets import Secret
from tests.support.ami_server import SECRET, AmiServer, packed
from tests.support.recorded_events import RECORDED
from tests.support.waiting import until

QUICK = Timeouts(patience=1.0, ping=0.05, fresh=6.0, settle=0.01, group=0.05, compare=0.05, steady=0.0)
# Asks for the list of channels only at the start.
CALM = msgspec.structs.replace(QUICK, compare=3600.0)


def at_once(_kind: Backoff, _failures: int) -> float:
    """Return a very short wait before the next connection."""
    return 0.01


def ami_of(server: AmiServer, **changes: object) -> AmiSettings:
    """Return settings for the server, with these changes."""
    return msgspec.structs.replace(AmiSettings("127.0.0.1", server.port, secret=Secret(SECRET)), **changes)


@contextmanager
def linked(
    server: AmiServer, *, times: Timeouts = CALM, pause: Callable[[Backoff, int], float] = at_once, **changes: object
) -> Iterator[AmiClient]:
    """Start a client of the server, and check that it stops and leaves no thread behind."""
    link = AmiClient(ami_of(server, **changes), "avtoobzvon", "avtoobzvon-ivr", times=times, backoff=pause)
    link.start()
    try:
        yield link
    finally:
        link.stop()
        assert not any(thread.name == "ami" for thread in threading.enumerate())


def is_up(link: AmiClient) -> bool:
    """Return whether the client is connected."""
    return link.status().up


def problem(link: AmiClient) -> str:
    """Wait for a problem and return its text."""
    until(lambda: link.status().problem)
    return str(link.status().problem)


def play(server: AmiServer, version: str, kind: str) -> None:
    """Send the recorded events of a call."""
    server.send(b"".join(packed(fields) for _, fields in RECORDED[version][kind]))


def outcomes(link: AmiClient, count: int) -> list[AttemptOutcome]:
    """Wait for exactly this number of outcomes and return them."""
    taken: list[AttemptOutcome] = []

    def have() -> bool:
        taken.extend(link.calls.take_outcomes())
        return len(taken) >= count

    until(have)
    assert len(taken) == count
    return taken


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the logged warnings and errors."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
