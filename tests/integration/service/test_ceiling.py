"""A run against a ceiling: never over it, never idle while numbers wait and there is room."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from obzvon.domain.pacing import LinesInUse
from obzvon.service.line_monitor import LineCounter
from tests.support.workshop import Shift, Workshop, at, end_call, numbers, shift

PHONES = numbers(12)


@pytest.fixture(params=["throttled", "adaptive"])
def mode(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@contextlib.contextmanager
def begun(folder: Path, mode: str, **keys: Any) -> Iterator[tuple[Workshop, Shift]]:
    workshop = Workshop(folder, phones=PHONES, pacing=mode, **{"bundle": 5, "timeout": 10, **keys})
    with shift(workshop, at("08:59")) as working:
        yield workshop, working


def free(workshop: Workshop, count: int) -> None:
    """End that number of calls."""
    for file in sorted(workshop.spool_folder.iterdir())[:count]:
        end_call(file)


def test_a_throttled_run_goes_in_bundles_that_are_cut_to_what_is_free(tmp_path: Path) -> None:
    with begun(tmp_path, "throttled", lines=9, reserve=2) as (workshop, working):
        assert working.work(at("09:00"), at("09:00:15")) == [("09:00:00", PHONES[:5]), ("09:00:10", PHONES[5:7])]
        free(workshop, 4)
        assert working.work(at("09:00:16"), at("09:00:19")) == []  # a cut bundle is a bundle
        assert working.work(at("09:00:20"), at("09:00:40")) == [("09:00:20", PHONES[7:11])]
        free(workshop, 7)
        assert [came for _, came in working.work(at("09:00:41"), at("09:01"))] == [PHONES[11:]]
        assert working.dialer.run is None


def test_an_adaptive_run_fills_every_line_at_once_and_each_that_becomes_free(tmp_path: Path) -> None:
    with begun(tmp_path, "adaptive", limit=6, calls_per_second=50) as (workshop, working):
        working.work(at("09:00"), at("09:00:01"))
        assert len(workshop.in_spool()) == 6
        free(workshop, 2)
        assert working.dialer.step(at("09:00:01") + timedelta(seconds=0.05)) < 0.1
        assert len(workshop.in_spool()) == 6
        for second in range(2, 20):
            free(workshop, 1)
            working.work(at(f"09:00:{second:02}"), at(f"09:00:{second:02}"))
        assert working.dialer.run is None
        assert set(working.results(at("09:00"))) == set(PHONES)


def test_an_adaptive_run_is_no_faster_than_its_rate(tmp_path: Path) -> None:
    with begun(tmp_path, "adaptive", limit=100, calls_per_second=2) as (workshop, working):
        working.work(at("09:00"), at("09:00:02"))
        assert len(workshop.in_spool()) == 5


def test_other_peoples_calls_count_against_the_lines(tmp_path: Path, mode: str) -> None:
    with begun(tmp_path, mode, lines=6, timeout=0, calls_per_second=1000) as (workshop, working):
        others = [4]
        working.dialer.runs.line_counter = LineCounter(
            working.dialer.runs.line_counter.calls_in_progress,
            type("Told", (), {"lines_in_use": lambda _: LinesInUse(0, others[0])})(),
        )
        working.work(at("09:00"), at("09:00:01"))
        assert len(workshop.in_spool()) == 2
        others[0] = 0
        working.work(at("09:00:01"), at("09:00:02"))
        assert len(workshop.in_spool()) == 6


def test_a_pace_that_is_changed_during_the_run_counts_from_the_next_bundle(tmp_path: Path) -> None:
    with begun(tmp_path, "throttled", lines=100) as (workshop, working):
        assert working.work(at("09:00"), at("09:00:05")) == [("09:00:00", PHONES[:5])]
        workshop.write_settings(time_zone="Europe/Moscow", dir_target="outgoing", bundle=2, timeout=3)
        assert working.work(at("09:00:06"), at("09:00:09")) == [("09:00:06", PHONES[5:7]), ("09:00:09", PHONES[7:9])]


def test_a_full_pbx_holds_up_neither_a_stop_nor_a_pause(tmp_path: Path, mode: str) -> None:
    with begun(tmp_path, mode, limit=3, timeout=0, calls_per_second=1000) as (workshop, working):
        working.work(at("09:00"), at("09:00:01"))
        assert working.ask("pause", at("09:00:02")).ok
        free(workshop, 3)
        working.work(at("09:00:02"), at("09:00:04"))
        assert workshop.in_spool() == []
        assert working.ask("stop", at("09:00:05")).ok
        assert working.dialer.run is None
