"""A service without AMI whose Asterisk expires every call file at once: nobody loses a call by it."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.workshop import Shift, Workshop, at, begin_call, end_call, number_in, numbers, shift

PEOPLE = numbers(16)
HELD = "Asterisk ends every call at once"


def eat(working: Shift, since: datetime, until: datetime, *, is_eaten: Callable[[str], bool] = lambda _: True) -> None:
    """Let the service work while each such number's file is expired at once, and the others' calls last."""
    now = since
    while now <= until:
        working.work(now, now)
        for file in working.workshop.spool_folder.iterdir():
            if is_eaten(number_in(file)):
                end_call(file, "Expired", done=working.workshop.done_folder, lasted=0)
            elif "StartRetry" not in file.read_text():
                begin_call(file, os.getpid())
        now += timedelta(seconds=1)


def results(working: Shift) -> set[str]:
    return set(working.results(at("09:00")).values())


def test_calls_that_a_stopping_asterisk_expires_go_again_and_few_files_are_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=1, archive="yes")
    with shift(workshop, at("08:59")) as working:
        eat(working, at("09:00"), at("09:02:30"))
        assert caplog.text.count(HELD) == 1
        assert results(working) == {"waiting"}
        attempts = [line.attempt for line in working.journal.calls.records_on(at("09:00").date())]
        assert 8 <= sum(attempt > 1 for attempt in attempts) <= 14
        eat(working, at("09:02:31"), at("09:04:30"), is_eaten=lambda _: False)
        assert results(working) == {"handed"}


def test_calls_that_ended_at_once_just_before_asterisk_stopped_go_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE[:2], bundle=2, timeout=1, archive="yes")
    with shift(workshop, at("08:59")) as working:
        monkeypatch.setattr("obzvon.asterisk.spool.Spool.asterisk_identity", lambda _: (7, 1, 0.0))
        eat(working, at("09:00"), at("09:00:03"))
        assert results(working) == {"handed"}
        monkeypatch.setattr("obzvon.asterisk.spool.Spool.asterisk_identity", lambda _: (7, 1, 9.0))
        working.work(at("09:00:04"), at("09:00:08"))
        assert [line.attempt for line in working.journal.calls.records_on(at("09:00").date())] == [2, 2]


def test_busy_numbers_beside_others_are_not_called_again(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=1, archive="yes")
    with shift(workshop, at("08:59")) as working:
        eat(working, at("09:00"), at("09:00:10"), is_eaten=lambda number: number in PEOPLE[::2])
        for file in workshop.spool_folder.iterdir():
            end_call(file, "Completed", done=workshop.done_folder)
        working.work(at("09:00:31"), at("09:01"))
        assert results(working) == {"answered", "not answered"}
        assert {line.attempt for line in working.journal.calls.records_on(at("09:00").date())} == {1}
