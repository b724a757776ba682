"""Calls that did not get through are retried in the same run, if the settings say so."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from obzvon.domain.calls import CallOutcome, EventDetail
from obzvon.domain.results import Disposition
from tests.support.workshop import Shift, Workshop, at, end_call, numbers, shift

PHONES = numbers(3)


@contextlib.contextmanager
def begun(folder: Path, **keys: Any) -> Iterator[tuple[Workshop, Shift]]:
    workshop = Workshop(folder, phones=PHONES, bundle=3, timeout=1, archive="yes", **keys)
    with shift(workshop, at("08:59")) as working:
        working.work(at("09:00"), at("09:00:01"))
        assert workshop.in_spool() == PHONES
        yield workshop, working


def all_end(workshop: Workshop, *statuses: str) -> None:
    for file, status in zip(sorted(workshop.spool_folder.iterdir()), statuses, strict=True):
        end_call(file, status, done=workshop.done_folder)


def test_unreached_numbers_are_retried_and_answered_ones_are_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "obzvon")
    with begun(tmp_path, not_answered="1 x 5m") as (workshop, working):
        all_end(workshop, "Completed", "Expired", "Expired")
        assert working.work(at("09:00:02"), at("09:05")) == []
        assert working.results(at("09:00")) == {PHONES[0]: "answered", PHONES[1]: "waiting", PHONES[2]: "waiting"}
        assert working.dialer.run is not None
        [(moment, came)] = working.work(at("09:05:01"), at("09:06"))
        assert moment <= "09:05:05"
        assert came == PHONES[1:]
        assert caplog.messages[-1].endswith(f"2 calls handed over again: {PHONES[1]}, {PHONES[2]}")
        all_end(workshop, "Completed", "Expired")
        working.work(at("09:06:01"), at("09:20"))
        assert working.results(at("09:00")) == {PHONES[0]: "answered", PHONES[1]: "answered", PHONES[2]: "not answered"}
        assert [line.attempt for line in working.journal.calls.records_on(at("09:00").date())] == [1, 2, 2]
        assert working.dialer.run is None


def test_without_the_rule_a_run_ends_with_its_last_bundle(tmp_path: Path) -> None:
    with begun(tmp_path) as (workshop, working):
        assert working.dialer.run is None
        all_end(workshop, "Expired", "Expired", "Expired")
        assert working.work(at("09:00:02"), at("09:20")) == []
        assert set(working.results(at("09:00")).values()) == {"not answered"}


def test_a_restart_knows_who_waits_for_which_attempt(tmp_path: Path) -> None:
    with begun(tmp_path, not_answered="2 x 5m") as (workshop, working):
        all_end(workshop, "Completed", "Expired", "Completed")
        working.work(at("09:00:02"), at("09:00:05"))
    with shift(workshop, at("09:01")) as working:
        assert working.work(at("09:01"), at("09:04:59")) == []
        [(_, came)] = working.work(at("09:05"), at("09:05:30"))
        assert came == [PHONES[1]]
        all_end(workshop, "Expired")
        [(moment, came)] = working.work(at("09:05:31"), at("09:11"))
        assert came == [PHONES[1]]
        assert moment > "09:10"
        all_end(workshop, "Expired")
        working.work(at("09:11:01"), at("09:30"))
        assert working.results(at("09:00"))[PHONES[1]] == "not answered"
        assert working.dialer.run is None


def test_past_latest_and_after_a_stop_the_last_result_stays_with_the_reason(tmp_path: Path) -> None:
    with begun(tmp_path, not_answered="1 x 1h", latest="09:30") as (workshop, working):
        all_end(workshop, "Expired", "Expired", "Completed")
        working.work(at("09:00:02"), at("09:01"))
        working.work(at("09:30"), at("09:30:05"))
        assert working.results(at("09:00"))[PHONES[0]] == "not answered"
        assert working.reasons(at("09:00"))[PHONES[0]].startswith("no further attempt: it was 09:30")
        assert working.dialer.run is None


def test_a_number_removed_meanwhile_is_not_retried(tmp_path: Path) -> None:
    with begun(tmp_path, not_answered="1 x 5m") as (workshop, working):
        workshop.write_list(PHONES[1:], changed=None)
        working.work(at("09:00:02"), at("09:00:03"))
        all_end(workshop, "Expired", "Expired", "Completed")
        assert [came for _, came in working.work(at("09:00:04"), at("09:10"))] == [[PHONES[1]]]
        assert working.results(at("09:00"))[PHONES[0]] == "not answered"
        assert "taken off the list" in working.reasons(at("09:00"))[PHONES[0]]


def test_a_stop_cancels_all_retries(tmp_path: Path) -> None:
    with begun(tmp_path, not_answered="1 x 5m") as (workshop, working):
        all_end(workshop, "Expired", "Expired", "Completed")
        working.work(at("09:00:02"), at("09:00:05"))
        assert working.ask("stop", at("09:01")).ok
        assert working.work(at("09:01"), at("09:20")) == []
        assert set(working.results(at("09:00")).values()) == {"answered", "not answered"}


def test_a_number_that_waits_for_a_retry_counts_as_called_today(tmp_path: Path) -> None:
    with begun(tmp_path, not_answered="1 x 5m") as (workshop, working):
        all_end(workshop, "Expired", "Expired", "Completed")
        working.work(at("09:00:02"), at("09:00:05"))
        assert {number for number, _ in working.journal.calls.called_on(at("09:00").date())} == set(PHONES)


def test_an_opt_out_of_today_holds_even_if_everybody_is_called_again(tmp_path: Path) -> None:
    with begun(tmp_path) as (workshop, working):
        all_end(workshop, "Completed", "Completed", "Completed")
        run = working.journal.runs.latest()
        assert run
        working.journal.transitions.end_calls(
            [CallOutcome(run.id, 2, Disposition.ANSWERED, at("09:00:02"), detail=EventDetail(key="9"))]
        )
        working.work(at("09:00:02"), at("09:00:05"))
        working.came()
        assert working.ask("start", at("09:01"), again=True).ok
        assert [came for _, came in working.work(at("09:01"), at("09:01:05"))] == [[PHONES[0], PHONES[2]]]


def test_a_last_bundle_that_is_not_full_keeps_nobody_busy_until_the_next_attempt(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=numbers(12), bundle=10, timeout=5, archive="yes", not_answered="1 x 5m")
    with shift(workshop, at("08:59")) as working:
        for second in range(10):
            for _ in range(3):
                wait = working.dialer.step(at(f"09:00:{second:02}"))
        assert len(workshop.in_spool()) == 12
        assert wait > 0
