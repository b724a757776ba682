"""The line monitor: its usage, and what the log says when the AMI connection falls silent."""

import logging
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.line_usage import AmiConnectionState, CountedBy
from obzvon.domain.pacing import Capacity, LinesInUse, Pace, PaceMode
from obzvon.service.line_monitor import LineCounter, LineMonitor
from obzvon.settings.ami import AmiSettings as Configured

NINE = datetime(2026, 1, 5, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOUNDED = Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(30))


class Health(msgspec.Struct):
    """As the link has it."""

    up: bool
    since: datetime
    problem: Problem | None = None


class Link:
    """A link that is played by hand."""

    def __init__(self) -> None:
        self.health = Health(up=True, since=NINE)
        self.lines: LinesInUse | None = LinesInUse(2, 7)

    def lines_in_use(self) -> LinesInUse | None:
        return self.lines

    def status(self) -> Health:
        return self.health

    def falls_silent(self, at: datetime) -> None:
        self.lines = None
        self.health = Health(up=False, since=at, problem=Problem("AMI", say("no answer")))

    def comes_back(self, at: datetime) -> None:
        self.lines = LinesInUse(2, 7)
        self.health = Health(up=True, since=at)


@pytest.fixture
def link() -> Link:
    return Link()


def of(link: Link, **configured: str) -> LineMonitor:
    return LineMonitor(LineCounter(lambda: ["a", "b", "c"], link), Configured("127.0.0.1", **configured), link)  # type: ignore[arg-type]


def test_without_a_link_our_files_are_what_there_is() -> None:
    usage = LineMonitor(LineCounter(lambda: ["a", "b"])).read_usage(NINE, BOUNDED)
    assert (usage.ours, usage.others, usage.by, usage.ami, usage.pace) == (
        2,
        0,
        CountedBy.SPOOL,
        None,
        BOUNDED,
    )


@pytest.mark.parametrize(
    ("configured", "by"),
    [({}, CountedBy.PBX), ({"trunk": "PJSIP/x"}, CountedBy.TRUNK), ({"group": "g@c"}, CountedBy.GROUP)],
)
def test_it_is_told_by_what_lines_are_counted(link: Link, configured: dict[str, str], by: CountedBy) -> None:
    monitor = of(link, **configured)
    assert monitor.read_usage(NINE, BOUNDED).by is by
    link.falls_silent(NINE + MINUTE)
    usage = monitor.read_usage(NINE + MINUTE, BOUNDED)
    assert (usage.by, usage.ours, usage.others) == (CountedBy.SPOOL, 3, 7)
    assert usage.ami == AmiConnectionState(False, NINE + MINUTE, Problem("AMI", say("no answer")).message())


def test_a_link_that_stands_and_has_not_been_heard_for_some_seconds_is_silent_since_that_was_seen(link: Link) -> None:
    monitor = of(link)
    assert monitor.read_usage(NINE, BOUNDED).ami == AmiConnectionState(True, NINE)
    link.lines = None
    for seconds in (5, 6):
        usage = monitor.read_usage(NINE + timedelta(seconds=seconds), BOUNDED)
        assert usage.ami == AmiConnectionState(False, NINE + timedelta(seconds=5))
    link.lines = LinesInUse(1)
    assert monitor.read_usage(NINE + MINUTE, BOUNDED).ami == AmiConnectionState(True, NINE)


def test_the_log_says_once_that_it_is_silent_and_that_it_is_not_any_more(
    link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "obzvon")
    monitor = of(link)
    for minute in range(5):
        if minute == 1:
            link.falls_silent(NINE + MINUTE)
        elif minute == 3:
            link.comes_back(NINE + 3 * MINUTE)
        monitor.read_usage(NINE + minute * MINUTE, BOUNDED)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    link.falls_silent(NINE + 6 * MINUTE)
    monitor.read_usage(NINE + 6 * MINUTE, BOUNDED)
    link.comes_back(NINE + 7 * MINUTE)
    monitor.read_usage(NINE + 7 * MINUTE, BOUNDED)
    assert len(caplog.records) == 2  # one that comes and goes does not fill the log
    link.falls_silent(NINE + 20 * MINUTE)
    monitor.read_usage(NINE + 20 * MINUTE, BOUNDED)
    assert len(caplog.records) == 3


def test_a_pace_that_goes_by_no_gauge_says_nothing_of_its_silence(link: Link, caplog: pytest.LogCaptureFixture) -> None:
    link.falls_silent(NINE)
    of(link).read_usage(NINE, Pace(2, 10))
    assert not caplog.records
