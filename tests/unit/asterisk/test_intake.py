"""Noticing that a running Asterisk no longer takes call files."""

from datetime import timedelta

import pytest

from obzvon.asterisk.transport.base import TransportUnavailableError
from obzvon.asterisk.transport.intake import IntakeWatch
from tests.support.workshop import at

NINE = at("09:00:00")


class FakeSpool:
    """A spool beside an Asterisk that watches it or not. Its folder has the same inode all the time."""

    target = "outgoing"

    def __init__(self) -> None:
        self.watched: bool | None = True

    def asterisk_identity(self) -> tuple[int, int]:
        return 100, 1

    def folder_identity(self) -> tuple[int, int]:
        return 8, 4711

    def is_watched(self) -> bool | None:
        return self.watched


def test_a_new_folder_with_the_inode_of_the_old_one_is_noticed_within_ten_seconds() -> None:
    spool = FakeSpool()
    watch = IntakeWatch(spool)  # type: ignore[arg-type]
    for second in range(3):
        watch.ensure_taken(NINE + timedelta(seconds=second))
    spool.watched = False
    watch.ensure_taken(NINE + timedelta(seconds=9))
    with pytest.raises(TransportUnavailableError, match="replaced under a running Asterisk"):
        watch.ensure_taken(NINE + timedelta(seconds=11))
    spool.watched = True
    watch.ensure_taken(NINE + timedelta(seconds=12))


@pytest.mark.parametrize("unknown", [False, None])
def test_an_asterisk_that_was_never_seen_to_watch_is_not_accused(unknown: bool | None) -> None:
    spool = FakeSpool()
    spool.watched = unknown
    watch = IntakeWatch(spool)  # type: ignore[arg-type]
    for second in range(0, 60, 5):
        watch.ensure_taken(NINE + timedelta(seconds=second))
