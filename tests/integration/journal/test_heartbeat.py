"""The heartbeat of the service."""

import os
import socket
from datetime import UTC, date, datetime, timedelta

import pytest

from obzvon.journal.heartbeat import Heartbeats
from obzvon.journal.journal import Journal

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
WRITTEN = datetime(2026, 1, 5, 7, tzinfo=UTC)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def heartbeats(journal: Journal) -> Heartbeats:
    return journal.heartbeats


def test_the_service_gives_signs_of_life_from_its_start_to_its_end(heartbeats: Heartbeats) -> None:
    assert heartbeats.latest() is None
    heartbeats.begin(at=NOON)
    heartbeat = heartbeats.latest()
    assert heartbeat is not None
    assert (heartbeat.pid, heartbeat.host, heartbeat.started_at, heartbeat.seen_at) == (
        os.getpid(),
        socket.gethostname(),
        NOON,
        NOON,
    )
    assert (heartbeat.stopped_at, heartbeat.problem) == (None, "")
    later = NOON + timedelta(minutes=1)
    heartbeats.beat(at=later, problem="[]", line_usage="{}")
    heartbeat = heartbeats.latest()
    assert heartbeat is not None
    assert (heartbeat.started_at, heartbeat.seen_at, heartbeat.problem, heartbeat.line_usage) == (
        NOON,
        later,
        "[]",
        "{}",
    )
    heartbeats.beat(at=later)
    heartbeats.end(at=later)
    heartbeat = heartbeats.latest()
    assert heartbeat is not None
    assert (heartbeat.stopped_at, heartbeat.problem) == (later, "")


def test_a_service_that_was_killed_has_not_said_so_and_the_next_takes_its_place(heartbeats: Heartbeats) -> None:
    heartbeats.begin(at=NOON)
    heartbeats.beat(at=NOON, line_usage="{}")
    later = NOON + timedelta(hours=1)
    heartbeats.begin(at=later)
    heartbeat = heartbeats.latest()
    assert heartbeat is not None
    assert (heartbeat.started_at, heartbeat.stopped_at, heartbeat.line_usage) == (later, None, "")
