"""What Asterisk does in the spool is made durable once a second, in the background."""

import errno
import logging

import pytest

from obzvon.asterisk.transport.spool_sync import SpoolSync


class Disk:
    def __init__(self) -> None:
        self.now = 100.0
        self.synced: list[float] = []
        self.fails = False
        self.sync = SpoolSync(self._sync, clock=lambda: self.now)

    def request(self, after: float) -> None:
        self.now += after
        self.sync.request()
        self.sync.wait()

    def _sync(self) -> None:
        self.synced.append(self.now)
        if self.fails:
            raise OSError(errno.EIO, "Input/output error")


def test_it_is_synced_at_most_once_a_second() -> None:
    disk = Disk()
    for _ in range(10):
        disk.request(0.25)
    assert disk.synced == [100.25, 101.25, 102.25]


def test_a_disk_that_cannot_be_synced_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    disk = Disk()
    disk.fails = True
    with caplog.at_level(logging.WARNING, logger="obzvon"):
        disk.request(1)
        disk.request(1)
        assert len(caplog.records) == 1
        disk.fails = False
        disk.request(1)
        disk.fails = True
        disk.request(1)
    assert len(caplog.records) == 2
