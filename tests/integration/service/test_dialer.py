"""A day's work: the calls and their times, through restarts, edits, failures and both clock changes."""

import contextlib
import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from obzvon.domain.calls import CallState
from tests.support.faults import InterruptedProcess, every_other, fail_journal
from tests.support.mounts import in_memory, remount, tmpfs
from tests.support.profile import often, thinned
from tests.support.workshop import (
    ROOT,
    Shift,
    Workshop,
    at,
    begin_call,
    day_of,
    dead_pid,
    end_call,
    number_in,
    numbers,
    shift,
)

PEOPLE = numbers(5)
EIGHT, NINE, TEN = at("08:00:00"), at("09:00:00"), at("10:00:00")
MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Five numbers, two every ten seconds, at nine."""
    return Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=10)


# -- a day


def test_a_run_begins_at_its_time_and_goes_in_bundles_with_no_delay_after_the_last(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        dispatched = working.work(at("08:59:57"), at("09:00:20.5"))
        assert dispatched == [("09:00:00", PEOPLE[:2]), ("09:00:10", PEOPLE[2:4]), ("09:00:20", PEOPLE[4:])]
        assert working.dialer.run is None
        run = working.journal.runs.latest()
        assert run is not None
        assert (run.state, run.kind, run.day, run.started_at, run.ended_at) == (
            "done",
            "week",
            NINE.date(),
            NINE,
            at("09:00:20"),
        )
        assert [line.bundle for line in working.journal.calls.records_on(NINE.date())] == [1, 1, 2, 2, 3]


def test_a_list_that_fills_its_last_bundle_ends_with_it(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE[:4], bundle=2, timeout=10)
    with shift(workshop, EIGHT) as working:
        dispatched = working.work(at("08:59:57"), at("09:00:10"))
        assert dispatched == [("09:00:00", PEOPLE[:2]), ("09:00:10", PEOPLE[2:4])]
        assert working.dialer.run is None


def test_without_a_delay_one_bundle_follows_the_other_at_once(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=0)
    assert day_of(workshop, at("08:59:59"), NINE) == [
        ("09:00:00", PEOPLE[:2]),
        ("09:00:00", PEOPLE[2:4]),
        ("09:00:00", PEOPLE[4:]),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("timeout", "second"),
    [
        (0.5, "09:00:00"),
        pytest.param(0, "09:00:00", marks=pytest.mark.long),
        pytest.param(30, "09:00:30", marks=pytest.mark.long),
    ],
)
def test_a_big_bundle_goes_in_handfuls_with_no_delay_within_it(tmp_path: Path, timeout: float, second: str) -> None:
    people = numbers(4600)
    with in_memory(tmp_path) as memory:
        workshop = Workshop(memory, phones=people, bundle=2500, timeout=timeout)
        with shift(workshop, EIGHT) as working:
            dispatched = working.work(at("08:59:59"), at("09:00:30"))
            assert [(moment, len(gone)) for moment, gone in dispatched] == [
                *[("09:00:00", size) for size in (1000, 1000, 500)],
                *[(second, size) for size in (1000, 1000, 100)],
            ]
            assert [number for _, gone in dispatched for number in gone] == people
            bundles = Counter(line.bundle for line in working.journal.calls.records_on(NINE.date()))
            assert bundles == {1: 2500, 2: 2100}
            assert workshop.in_store() == []


def test_an_empty_list_is_a_run_without_calls(tmp_path: Path, logged: Callable[[str], int]) -> None:
    with shift(Workshop(tmp_path), EIGHT) as working:
        assert working.work(at("08:59:59"), at("09:00:02")) == []
        run = working.journal.runs.latest()
        assert run is not None
        assert (run.state, run.total) == ("done", 0)


def test_a_run_by_hand_is_refused_for_an_empty_list(tmp_path: Path) -> None:
    with shift(Workshop(tmp_path), EIGHT) as working:
        answer = working.ask("start", EIGHT)
        assert not answer.ok
        assert str(answer.text).startswith("the list is empty: there is nobody to call")


def test_where_lines_decide_the_log_promises_no_time_for_the_last_call(
    tmp_path: Path, logged: Callable[[str], int]
) -> None:
    with shift(Workshop(tmp_path, phones=numbers(3), pacing="adaptive", limit=1), EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:02"))
        assert logged("calls: 3, rows skipped: 0; the last call goes no earlier than 09:00:00")


def test_rows_that_cannot_be_called_are_in_the_run_with_the_reason(tmp_path: Path) -> None:
    rows = {
        "0": PEOPLE[0],
        "3": "777",
        "4": {"0": PEOPLE[1], "1": "", "paused": True},
        "9": PEOPLE[0],
        "10": {"0": PEOPLE[2], "1": "context 22"},
    }
    with shift(Workshop(tmp_path, phones=rows), EIGHT) as working:
        assert working.work(at("08:59:59"), at("09:00:02")) == [("09:00:00", PEOPLE[:1])]
        lines = list(working.journal.calls.records_on(NINE.date()))
        assert [(line.row, line.result) for line in lines] == [
            ("0", "handed"),
            ("3", "skipped"),
            ("4", "skipped"),
            ("9", "skipped"),
            ("10", "skipped"),
        ]
        assert all(line.reason for line in lines[1:])


def test_a_day_has_one_run_however_often_it_is_looked_and_the_next_day_another(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        assert len(working.work(at("08:59:57"), at("09:00:30"))) == 3
        assert working.work(at("09:00:31"), at("23:59:59"), every=600) == []
        assert working.work(at("08:59:57", "2026-01-06"), at("09:00:05", "2026-01-06")) == [("09:00:00", PEOPLE[:2])]


def test_a_start_that_was_missed_is_made_up_for_the_same_day_and_not_the_next(workshop: Workshop) -> None:
    assert day_of(workshop, at("11:05:00"), at("11:05:00")) == [("11:05:00", PEOPLE[:2])]
    with shift(workshop, at("03:00:00", "2026-01-09")) as working:
        assert working.journal.runs.scheduled_days(NINE.date()) == {NINE.date()}


def test_the_order_is_the_lists(tmp_path: Path) -> None:
    rows = {"9": PEOPLE[4], "1": PEOPLE[1], "30": PEOPLE[0]}
    workshop = Workshop(tmp_path, phones=rows, bundle=1, timeout=1)
    with shift(workshop, NINE) as working:
        dispatched = working.work(NINE, at("09:00:03"))
        phones = [line.number for line in working.journal.calls.records_on(NINE.date())]
    assert [gone[0] for _, gone in dispatched] == phones
    assert sorted(phones) == sorted(rows.values())


# -- restarts


def test_a_service_that_is_started_again_goes_on_where_it_was(workshop: Workshop, logged: Callable[[str], int]) -> None:
    assert day_of(workshop, EIGHT, at("09:00:00.5"), every=60) == [("09:00:00", PEOPLE[:2])]
    with shift(workshop, at("09:00:03")) as working:
        working.came()
        assert working.work(at("09:00:03"), at("09:01:00")) == [("09:00:10", PEOPLE[2:4]), ("09:00:20", PEOPLE[4:])]
        assert [line.bundle for line in working.journal.calls.records_on(NINE.date())] == [1, 1, 2, 2, 3]
    assert logged("continues where it stopped") == 1
    assert day_of(workshop, at("09:02:00"), at("10:00:00"), every=60) == [("09:02:00", PEOPLE)]  # nothing new


def test_a_service_restarted_at_every_step_calls_each_number_once(workshop: Workshop) -> None:
    now = at("08:59:58")
    while now < at("09:00:40"):
        with shift(workshop, now) as working:
            working.dialer.step(now)
        now += timedelta(seconds=1.7)
    assert workshop.in_spool() == PEOPLE
    with contextlib.closing(workshop.journal()) as journal:
        assert [line.result for line in journal.calls.records_on(NINE.date())] == ["handed"] * 5
        handed = sorted({line.handed_at for line in journal.calls.records_on(NINE.date()) if line.handed_at})
    assert all(later - earlier >= timedelta(seconds=10) for earlier, later in pairwise(handed))


@pytest.mark.slow
def test_the_rest_of_a_big_bundle_that_was_cut_off_goes_after_the_delay(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=numbers(1500), bundle=1200, timeout=30)
    with shift(workshop, NINE) as working:
        working.dialer.step(NINE)
        assert len(working.came()) == 1000
    with shift(workshop, at("09:00:01")) as working:
        working.came()
        dispatched = working.work(at("09:00:01"), at("09:01:00"))
    assert [(moment, len(gone)) for moment, gone in dispatched] == [("09:00:30", 500)]


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before the step", "after the step"])
def test_a_stop_at_any_step_of_a_day_calls_nobody_twice_and_forgets_nobody(tmp_path: Path, after: bool) -> None:
    stride = often(fast=24, commit=6, long=1)
    with in_memory(tmp_path) as memory:
        step = (3 if after else 0) % stride
        whole = False
        while not whole:
            step += stride
            workshop = Workshop(memory / str(step), phones=PEOPLE, bundle=2, timeout=10, archive="yes")
            workshop.write_list({"0": "777"} | {str(n): one for n, one in enumerate(PEOPLE, 1)})
            came: Counter[str] = Counter()
            working = Shift(workshop)
            with InterruptedProcess(workshop.spool_folder, step, after=after, asterisk=archives) as life:
                live_through_a_day(working)
                whole = True
            where = f"stopped {'after' if after else 'before'} step {step}, {life.steps[-1]}"
            came += life.came
            working.end()
            working = Shift(workshop)
            with InterruptedProcess(workshop.spool_folder, asterisk=archives) as life:
                live_through_a_day(working)
            came += life.came
            called = Counter(name.split("-")[3] for name in came.elements())
            assert called == {f"{position:06d}": 1 for position in range(2, 7)}, where
            results = Counter(line.result for line in working.journal.calls.records_on(NINE.date()))
            assert results == {"skipped": 1, "answered": 5}, where
            assert [run.state for run in working.journal.runs.on_days(NINE.date())] == ["done"], where
            working.end()
            shutil.rmtree(workshop.folder)
        assert step > 80


def live_through_a_day(working: Shift) -> None:
    working.dialer.prepare(at("08:59:59"))
    working.work(at("08:59:59"), at("09:00:45"), every=10)


def archives(file: Path) -> None:
    end_call(file, "Completed", done=file.parent.with_name("outgoing_done"))


# -- edits


def test_a_start_time_can_be_changed_until_it_has_come(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        assert working.work(at("08:30:00"), at("08:30:05")) == []
        workshop.write_week("08:45", changed=at("08:30:06"))
        dispatched = working.work(at("08:30:30"), at("08:45:00"), every=30)
        assert dispatched == [("08:45:00", PEOPLE[:2])]


def test_a_start_time_moved_into_the_past_calls_nobody_and_is_logged(
    workshop: Workshop, logged: Callable[[str], int]
) -> None:
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        workshop.write_week("07:30", changed=at("08:10:00"))
        assert working.work(at("08:10:01"), at("10:00:00"), every=60) == []
        assert logged("was missed and will not be made up for") == 1
        tomorrow = "2026-01-06"
        assert working.work(at("07:29:59", tomorrow), at("07:30:00", tomorrow)) == [("07:30:00", PEOPLE[:2])]


def test_a_start_time_changed_after_the_run_does_not_ring_twice(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:30"))
        workshop.write_week("09:30", changed=at("09:01:00"))
        assert working.work(at("09:01:00"), at("12:00:00"), every=30) == []


def test_a_start_time_changed_during_the_run_changes_nothing_today(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:01"))
        workshop.write_week("00:00", changed=at("09:00:01"))
        assert working.work(at("09:00:02"), at("09:01:00")) == [("09:00:10", PEOPLE[2:4]), ("09:00:20", PEOPLE[4:])]


def test_an_edit_while_the_service_was_down_is_no_missed_start(
    workshop: Workshop, logged: Callable[[str], int]
) -> None:
    sunday = "2026-01-04"
    day_of(workshop, at("12:00:00", sunday), at("12:01:00", sunday))
    workshop.write_week("10:00", changed=at("11:00:00"))
    with shift(workshop, at("12:00:00")) as working:
        working.came()
        assert working.work(at("12:00:00"), at("12:01:00")) == []
        assert logged("was missed and will not be made up for") == 1


def test_from_cron_the_log_says_once_why_a_missed_start_calls_nobody(
    tmp_path: Path, logged: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look is a process of its own, which says nothing that all the others would say as well."""
    workshop = Workshop(tmp_path, phones=PEOPLE, late_start="1:00")
    monkeypatch.setattr(logging.getLogger("obzvon.watch"), "level", logging.CRITICAL)
    day_of(workshop, at("07:00:00"), at("07:01:00"))
    for minute in range(14, 17):
        day_of(workshop, at(f"14:{minute}:00"), at(f"14:{minute}:01"))
    assert logged("today's start at 09:00 was missed and will not be made up for") == 1
    day_of(workshop, at("14:00:00", "2026-01-06"), at("14:00:01", "2026-01-06"))
    assert logged("was missed and will not be made up for") == 2
    assert workshop.in_spool() == []


def test_from_cron_the_log_says_once_that_the_day_has_had_its_run(
    workshop: Workshop, logged: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("obzvon.watch"), "level", logging.CRITICAL)
    day_of(workshop, at("08:59:59"), at("09:01:00"))
    workshop.write_week("12:00", changed=at("11:00:00"))
    for minute in range(3):
        day_of(workshop, at(f"12:0{minute}:00"), at(f"12:0{minute}:01"))
    assert logged("today's start at 12:00 starts no run: the day has already had its run") == 1


def test_a_row_deleted_or_paused_during_the_run_is_not_called(workshop: Workshop, logged: Callable[[str], int]) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:01"))
        workshop.write_list(
            {"0": PEOPLE[0], "1": PEOPLE[1], "2": PEOPLE[2], "4": {"0": PEOPLE[4], "paused": True}},
            changed=at("09:00:02"),
        )
        assert working.work(at("09:00:02"), at("09:01:00")) == [("09:00:10", [PEOPLE[2]])]
        assert working.results(NINE) == dict(
            zip(PEOPLE, ["handed", "handed", "handed", "withdrawn", "withdrawn"], strict=True)
        )
        reasons = working.reasons(NINE)
        assert "taken off the list" in reasons[PEOPLE[3]]
        assert "paused" in reasons[PEOPLE[4]]
        assert logged("the list was changed during the run") == 1


def test_a_deletion_is_honoured_up_to_the_very_hand_over(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:09"))
        workshop.write_list(PEOPLE[:3], changed=at("09:00:09.5"))
        assert working.work(at("09:00:10"), at("09:01:00")) == [("09:00:10", [PEOPLE[2]])]


@pytest.mark.slow
def test_a_deletion_between_the_handfuls_of_a_bundle_is_honoured_too(tmp_path: Path) -> None:
    people = numbers(2500)
    with in_memory(tmp_path) as memory:
        workshop = Workshop(memory, phones=people, bundle=2500, timeout=0)
        with shift(workshop, NINE) as working:
            assert working.dialer.step(NINE) == 0
            kept = [number for number in people if number not in people[1500:1600]]
            workshop.write_list(kept, changed=at("09:00:01"))
            working.work(NINE, NINE + MINUTE)
            assert workshop.in_spool() == kept
            assert workshop.in_store() == []


def test_a_list_with_renumbered_rows_changes_nothing(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:01"))
        workshop.write_list(
            {str(key): number for key, number in enumerate(reversed(PEOPLE), 100)}, changed=at("09:00:02")
        )
        assert working.work(at("09:00:02"), at("09:01:00")) == [("09:00:10", PEOPLE[2:4]), ("09:00:20", PEOPLE[4:])]
        assert set(working.results(NINE).values()) == {"handed"}


def test_rows_added_during_the_run_wait_for_the_next(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:01"))
        workshop.write_list(numbers(7), changed=at("09:00:02"))
        working.work(at("09:00:02"), at("09:01:00"))
        assert workshop.in_spool() == PEOPLE


def test_a_list_broken_during_the_run_is_logged_once_and_changes_nothing(
    workshop: Workshop, logged: Callable[[str], int]
) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:01"))
        workshop.write_text("todo.json", '{"0": {"0": "8916', changed=at("09:00:02"))
        assert working.work(at("09:00:02"), at("09:01:00")) == [("09:00:10", PEOPLE[2:4]), ("09:00:20", PEOPLE[4:])]
    assert logged("the last good copy is in use") == 1


def test_a_run_of_a_broken_list_calls_its_last_good_copy(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        workshop.write_text("todo.json", "{", changed=at("08:30:00"))
        assert len(working.work(at("08:59:59"), at("09:01:00"))) == 3


@pytest.mark.slow
def test_a_missing_list_holds_the_run_and_is_logged_once(workshop: Workshop, logged: Callable[[str], int]) -> None:
    (workshop.folder / "todo.json").unlink()
    with shift(workshop, EIGHT) as working:
        assert working.work(at("08:59:59"), at("09:30:00")) == []
        assert working.dialer.problems
        workshop.write_list(PEOPLE, changed=at("09:30:00"))
        dispatched = working.work(at("09:30:00"), at("09:30:40"))
        assert [gone for _, gone in dispatched] == [PEOPLE[:2], PEOPLE[2:4], PEOPLE[4:]]
        assert not working.dialer.problems
    assert logged("there is no such file") <= 2  # by the watch, and as what holds the run
    assert logged("work continues") == 1


# -- ends


def test_after_the_latest_time_the_rest_is_withdrawn_with_the_reason(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=40, latest="09:01")
    with shift(workshop, EIGHT) as working:
        dispatched = working.work(at("08:59:59"), at("09:02:00"))
        assert dispatched == [("09:00:00", PEOPLE[:2]), ("09:00:40", PEOPLE[2:4])]
        assert working.work(at("09:02:01"), at("10:00:00"), every=30) == []
        assert working.results(NINE)[PEOPLE[4]] == "withdrawn"
        assert "09:01" in working.reasons(NINE)[PEOPLE[4]]
        run = working.journal.runs.latest()
        assert run is not None
        assert (run.state, run.ended_at) == ("done", at("09:01:00"))


def test_a_paused_run_ends_at_the_latest_time_too(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=10, latest="09:01")
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:01"))
        working.ask("pause", at("09:00:02"))
        working.work(at("09:00:03"), at("09:01:01"))
        assert working.dialer.run is None
        assert list(working.results(NINE).values()) == ["handed"] * 2 + ["withdrawn"] * 3


def test_a_late_start_after_latest_calls_nobody_and_withdraws_everybody(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, latest="21:00")
    with shift(workshop, at("22:00:00")) as working:
        assert working.work(at("22:00:00"), at("22:01:00")) == []
        assert list(working.results(NINE).values()) == ["withdrawn"] * 5


def test_the_next_days_run_ends_yesterdays_paused_one(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:01"))
        working.ask("pause", at("09:00:02"))
        working.work(at("09:00:03"), at("20:00:00"), every=600)
    tomorrow = "2026-01-06"
    with shift(workshop, at("07:00:00", tomorrow)) as working:
        working.came()
        dispatched = working.work(at("08:59:59", tomorrow), at("09:01:00", tomorrow))
        assert [gone for _, gone in dispatched] == [PEOPLE[:2], PEOPLE[2:4], PEOPLE[4:]]
        assert list(working.results(NINE).values()) == ["handed"] * 2 + ["withdrawn"] * 3
        assert "6 January began" in working.reasons(NINE)[PEOPLE[4]]
        assert [run.state for run in working.journal.runs.on_days(NINE.date())] == ["stopped"]


def test_the_scheduled_run_calls_those_whom_a_run_by_hand_has_left(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        working.ask("start", at("08:30:00"))
        working.work(at("08:30:00"), at("08:30:15"))
        working.ask("stop", at("08:30:16"))
        assert workshop.in_spool() == PEOPLE[:4]
        assert working.work(at("08:59:59"), at("09:01:00")) == [("09:00:00", PEOPLE[4:])]
        assert [run.kind for run in working.journal.runs.on_days(NINE.date())] == ["manual", "week"]


def test_numbers_of_a_run_by_hand_that_passes_the_scheduled_start_are_not_called_twice(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        working.ask("start", at("08:59:55"))
        dispatched = working.work(at("08:59:55"), at("09:01:00"))
        assert [number for _, gone in dispatched for number in gone] == PEOPLE
        kinds = [(run.kind, run.state) for run in working.journal.runs.on_days(NINE.date())]
        assert kinds == [("manual", "done"), ("week", "done")]
        assert {line.result for line in working.journal.calls.records_on(NINE.date()) if line.kind == "week"} == {
            "skipped"
        }


def test_a_run_by_hand_delays_the_scheduled_run_and_does_not_make_it_late(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE[:3], bundle=1, timeout=100, late_start=0)
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        working.ask("start", at("08:59:55"))
        working.work(at("08:59:55"), at("09:01:50"))
        workshop.write_list(PEOPLE[:4])
        assert working.work(at("09:01:51"), at("09:04:00")) == [("09:03:15", PEOPLE[2:3]), ("09:03:16", PEOPLE[3:4])]
        assert [run.kind for run in working.journal.runs.on_days(NINE.date())] == ["manual", "week"]


@pytest.mark.parametrize("stops_at", ["09:00:30", "09:00:55"])
def test_a_restart_does_not_lose_a_scheduled_run_that_waits_for_one_by_hand(tmp_path: Path, stops_at: str) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE[:3], bundle=1, timeout=30, late_start=0)
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        working.ask("start", at("08:59:55"))
        working.work(at("08:59:55"), at(stops_at))
    workshop.write_list(PEOPLE[:4])
    with shift(workshop, at("09:02:00")) as working:
        working.work(at("09:02:00"), at("09:05:00"))
        assert [run.kind for run in working.journal.runs.on_days(NINE.date())] == ["manual", "week"]
        assert sorted(workshop.in_spool()) == PEOPLE[:4]


def test_a_test_call_does_not_count_as_a_call_of_the_day(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        assert working.ask("call", EIGHT, number=PEOPLE[0]).ok
        assert working.came() == PEOPLE[:1]
        assert len(working.work(at("08:59:59"), at("09:00:30"))) == 3
        assert Counter(workshop.in_spool())[PEOPLE[0]] == 2


@pytest.mark.parametrize("steps", thinned(range(1, 40), 5))
def test_a_test_call_that_is_cut_off_is_never_made_up_for(tmp_path: Path, steps: int) -> None:
    with in_memory(tmp_path) as memory:
        workshop = Workshop(memory, phones=PEOPLE)
        working = Shift(workshop)
        working.dialer.prepare(EIGHT)
        with InterruptedProcess(workshop.spool_folder, steps) as life:
            working.dialer.runs.make_test_call(PEOPLE[0], "", now=EIGHT, by="anna")
        working.end()
        with shift(workshop, at("08:10:00")) as working:
            working.work(at("08:10:00"), at("08:15:00"), every=10)
            assert working.dialer.run is None
            lines = list(working.journal.calls.records_on(EIGHT.date()))
            assert {line.result for line in lines} <= ({"handed", "unknown"} if life.came else {"withdrawn"})
            assert workshop.in_spool() == PEOPLE[: life.came.total()]


# -- clocks


def test_a_clock_set_back_during_the_run_does_not_stall_it(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        assert working.work(at("08:59:59"), at("09:00:05")) == [("09:00:00", PEOPLE[:2])]
        assert working.work(at("06:00:00"), at("06:00:30")) == [("06:00:00", PEOPLE[2:4]), ("06:00:10", PEOPLE[4:])]


def test_a_clock_set_back_while_something_is_in_the_way_does_not_stall_it(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        (workshop.folder / "todo.json").rename(workshop.folder / "away")
        shutil.rmtree(workshop.folder / ".history", ignore_errors=True)
        working.work(at("09:00:00"), at("09:00:02"))
        assert working.dialer.problems
        (workshop.folder / "away").rename(workshop.folder / "todo.json")
        working.ask("start", at("06:00:00"))
        assert working.work(at("06:00:00"), at("06:00:01")) == [("06:00:00", PEOPLE[:2])]


def test_a_clock_set_back_over_the_start_or_midnight_calls_nobody_again(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:30"))
        assert working.work(at("08:50:00"), at("09:10:00"), every=10) == []
        assert working.work(at("23:00:00", "2026-01-04"), at("23:59:59", "2026-01-04"), every=60) == []
        assert working.work(at("00:00:00"), at("23:59:00"), every=300) == []


def test_outcomes_are_collected_after_the_clock_was_set_back(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:30"))
        for file in workshop.spool_folder.iterdir():
            end_call(file)
        working.work(at("07:00:00"), at("07:00:02"))
        assert working.dialer.handover.outstanding == 0


@pytest.mark.parametrize(
    ("day", "start", "begins"),
    [
        ("2026-03-29", "02:30", "2026-03-29T01:30:00+00:00"),  # a time that the clocks skip: as much later, 03:30
        ("2026-03-29", "03:00", "2026-03-29T01:00:00+00:00"),
        ("2026-10-25", "02:30", "2026-10-25T00:30:00+00:00"),  # a time that comes twice: at its first coming
        ("2026-10-25", "03:00", "2026-10-25T02:00:00+00:00"),
    ],
)
def test_on_the_days_of_both_clock_changes_everybody_is_called_once(
    tmp_path: Path, day: str, start: str, begins: str
) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=5, start=start, time_zone="Europe/Berlin")
    moment = at("00:00:00", day, BERLIN).astimezone(ZoneInfo("UTC"))
    with shift(workshop, moment) as working:
        for step in [MINUTE] * 5 * 60 + [10 * MINUTE] * 90:
            working.dialer.step(moment)
            moment += step
        runs = working.journal.runs.on_days(at("12:00:00", day).date())
        assert [run.started_at.isoformat() for run in runs] == [begins]
        assert list(working.results(at("12:00:00", day)).values()) == ["handed"] * 5
    assert workshop.in_spool() == PEOPLE


# -- what is in the way


def test_while_asterisk_is_down_the_run_is_held_and_then_goes_on(tmp_path: Path, logged: Callable[[str], int]) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=10, pid_file="asterisk.pid")
    pid_file = tmp_path / "asterisk.pid"
    pid_file.write_text(str(os.getpid()))
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:05"))
        for file in workshop.spool_folder.iterdir():
            end_call(file)
        pid_file.write_text(str(dead_pid()))
        assert working.work(at("09:00:06"), at("09:10:00")) == []
        assert "Asterisk is not running" in str(working.dialer.problems[0])
        assert logged("Asterisk is not running") == 1
        pid_file.write_text(str(os.getpid()))
        dispatched = working.work(at("09:10:01"), at("09:10:25"))
        assert [gone for _, gone in dispatched] == [PEOPLE[2:4], PEOPLE[4:]]
        assert not working.dialer.problems
        assert logged("work continues") == 1


def test_while_asterisk_is_down_calls_that_it_left_behind_are_still_taken_out(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=10, pid_file="asterisk.pid")
    (tmp_path / "asterisk.pid").write_text(str(os.getpid()))
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:05"))
        dead = dead_pid()
        begin_call(min(workshop.spool_folder.iterdir()), dead)
        (tmp_path / "asterisk.pid").write_text(str(dead))
        working.work(at("09:00:06"), at("09:00:40"))
        assert working.results(NINE)[PEOPLE[0]] == "unknown"
        assert workshop.in_spool() == PEOPLE[1:2]


def test_a_test_call_is_refused_while_asterisk_is_down_and_not_made_later(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, pid_file="asterisk.pid")
    with shift(workshop, EIGHT) as working:
        answer = working.ask("call", EIGHT, number=PEOPLE[0])
        assert not answer.ok
        assert "Asterisk is not running" in str(answer.text)
        assert workshop.in_spool() == workshop.in_store() == []


def spool_goes(workshop: Workshop) -> None:
    workshop.spool_folder.rename(workshop.folder / "away")
    workshop.spool_folder.write_text("something else instead of it")


def spool_comes_back(workshop: Workshop) -> None:
    workshop.spool_folder.unlink()
    (workshop.folder / "away").rename(workshop.spool_folder)


def test_a_spool_that_goes_away_holds_the_run_and_it_goes_on_when_it_is_back(
    workshop: Workshop, logged: Callable[[str], int]
) -> None:
    with shift(workshop, EIGHT) as working:
        assert len(working.work(at("08:59:59"), at("09:00:05"))) == 1
        spool_goes(workshop)
        now = at("09:00:06")
        while now < at("09:30:00"):
            now += timedelta(seconds=min(working.dialer.step(now), 1))
        assert working.dialer.problems
        assert logged(str(workshop.spool_folder)) <= 3
        assert logged("continues where it stopped") == 0
        spool_comes_back(workshop)
        dispatched = working.work(now, at("09:31:00"))
        assert [gone for _, gone in dispatched] == [PEOPLE[2:4], PEOPLE[4:]]
        assert not working.dialer.problems
        assert list(working.results(NINE).values()) == ["handed"] * 5


def test_a_spool_missing_at_the_start_is_logged_and_waited_for(tmp_path: Path) -> None:
    elsewhere = tmp_path / "asterisk" / "outgoing"
    elsewhere.mkdir(parents=True)
    workshop = Workshop(
        tmp_path / "home", phones=PEOPLE, bundle=5, dir_target=elsewhere, dir_store=elsewhere.with_name("store")
    )
    elsewhere.rmdir()
    working = Shift(workshop)
    try:
        for second in range(30):
            working.dialer.step(NINE + timedelta(seconds=second))
        assert "there is no such folder" in str(working.dialer.problems[0])
        assert not working.ask("start", NINE).ok
        elsewhere.mkdir()
        assert [gone for _, gone in working.work(at("09:00:30"), at("09:01:00"))] == [PEOPLE]
    finally:
        working.end()


def test_a_command_while_the_spool_is_away_does_not_make_a_second_run_beside_the_one_that_waits(
    workshop: Workshop,
) -> None:
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        working.ask("start", EIGHT)
    spool_goes(workshop)
    working = Shift(workshop)
    working.dialer.step(at("08:00:05"))
    assert not working.ask("start", at("08:00:05"), again=True).ok
    assert not working.ask("call", at("08:00:05"), number=PEOPLE[0]).ok
    spool_comes_back(workshop)
    dispatched = working.work(at("08:00:06"), at("08:01:00"))
    assert sorted(number for _, gone in dispatched for number in gone) == PEOPLE
    assert len(working.journal.runs.on_days(NINE.date())) == 1
    working.end()


def test_a_run_can_be_stopped_while_something_is_in_the_way(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:05"))
        spool_goes(workshop)
        for second in range(6, 30):
            working.dialer.step(at(f"09:00:{second:02d}"))
        assert working.dialer.problems
        assert working.ask("stop", at("09:00:30")).ok
        spool_comes_back(workshop)
        assert working.work(at("09:00:31"), at("09:05:00")) == []
        assert list(working.results(NINE).values()) == ["handed"] * 2 + ["withdrawn"] * 3


def test_a_disk_that_is_read_only_for_a_while_loses_nothing(tmp_path: Path, logged: Callable[[str], int]) -> None:
    with tmpfs(tmp_path / "spool", "size=1m,mode=755") as disk:
        workshop = on_disk(disk, tmp_path / "home")
        with shift(workshop, EIGHT) as working:
            working.work(at("08:59:59"), at("09:00:05"))
            remount(disk, "ro")
            assert working.work(at("09:00:06"), at("09:20:00"), every=10) == []
            assert 1 <= logged(str(disk)) <= 3  # what failed, and once what the folders look like
            remount(disk, "rw")
            dispatched = working.work(at("09:20:01"), at("09:21:00"))
            assert [gone for _, gone in dispatched] == [PEOPLE[2:4], PEOPLE[4:]]
            assert list(working.results(NINE).values()) == ["handed"] * 5


@pytest.mark.slow
def test_a_full_disk_under_the_store_holds_the_run_until_there_is_room(
    tmp_path: Path, logged: Callable[[str], int]
) -> None:
    with tmpfs(tmp_path / "spool", "size=64k,mode=755") as disk:
        workshop = on_disk(disk, tmp_path / "home")
        with shift(workshop, EIGHT) as working:
            working.work(at("08:59:59"), at("09:00:05"))
            ballast = fill(disk)
            assert working.work(at("09:00:06"), at("09:20:00")) == []
            assert logged(str(disk)) == 1
            assert logged("continues where it stopped") == 0
            ballast.unlink()
            dispatched = working.work(at("09:20:01"), at("09:21:00"))
            assert [gone for _, gone in dispatched] == [PEOPLE[2:4], PEOPLE[4:]]
            assert list(working.results(NINE).values()) == ["handed"] * 5
            assert logged("work continues") == 1


@pytest.mark.slow
def test_a_full_disk_under_the_journal_holds_the_run_until_there_is_room(
    tmp_path: Path, logged: Callable[[str], int]
) -> None:
    with tmpfs(tmp_path / "base", "size=2m,mode=755") as disk:
        workshop = Workshop(tmp_path / "home", phones=numbers(40), bundle=10, timeout=10, url=disk / "journal.db")
        with shift(workshop, EIGHT) as working:
            first = working.work(at("08:59:59"), at("09:00:05"))
            ballast = fill(disk)
            held = working.work(at("09:00:06"), at("09:20:00"))
            assert working.dialer.problems
            assert 1 <= logged(str(disk)) <= 2
            ballast.unlink()
            then = working.work(at("09:20:01"), at("09:22:00"))
            assert sorted(number for _, gone in first + held + then for number in gone) == numbers(40)
            assert set(working.results(NINE).values()) == {"handed"}


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def on_disk(disk: Path, home: Path) -> Workshop:
    """Return a workshop whose spool and store are on a filesystem of their own."""
    store, target = disk / "store", make(disk / "outgoing")
    return Workshop(home, phones=PEOPLE, bundle=2, timeout=10, dir_store=store, dir_target=target)


def fill(disk: Path) -> Path:
    """Leaves no room on that disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(b"\0" * 512)
    return ballast


@pytest.mark.slow
@pytest.mark.skipif(not ROOT, reason="the rights of others are set by root")
def test_a_folder_whose_rights_were_lost_holds_the_run_until_they_are_back(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, logged: Callable[[str], int]
) -> None:
    rename = os.rename

    def refusing(source: str, target: str, **folders: int) -> None:
        if folders:
            raise PermissionError(13, os.strerror(13))
        rename(source, target)

    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:05"))
        with monkeypatch.context() as patched:
            patched.setattr(os, "rename", refusing)
            assert working.work(at("09:00:06"), at("09:10:00")) == []
        assert logged(str(workshop.spool_folder)) == 1
        assert workshop.in_store() == []
        dispatched = working.work(at("09:10:01"), at("09:10:25"))
        assert [gone for _, gone in dispatched] == [PEOPLE[2:4], PEOPLE[4:]]


@pytest.mark.parametrize(
    "method",
    [
        "transitions.begin_handing",
        "transitions.end_handing",
        "transitions.end_calls",
        "runs.settle",
        "runs.set_state",
        "calls.count_results",
        "calls.last_bundle",
        "transitions.return_to_waiting",
        "runs.get",
        "runs.begin",
    ],
)
@pytest.mark.parametrize("done", thinned([True, False], 2), ids=lambda done: "done" if done else "undone")
def test_a_journal_failure_at_any_point_calls_nobody_twice_and_forgets_nobody(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, method: str, done: bool
) -> None:
    with shift(workshop, EIGHT) as working:
        fail_journal(monkeypatch, method, done=done, fails=every_other)
        dispatched = working.work(at("08:59:59"), at("09:05:00"))
        assert sorted(number for _, gone in dispatched for number in gone) == PEOPLE
        monkeypatch.undo()
        for file in workshop.spool_folder.iterdir():
            end_call(file)
        working.work(at("09:05:01"), at("09:06:00"))
        assert set(working.results(NINE).values()) <= {"handed"}
        assert [run.state for run in working.journal.runs.on_days(NINE.date())] == ["done"]


# -- what comes back


def test_files_swept_out_before_they_were_begun_go_again_in_their_run(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:05"))
        workshop.spool().sweep()
        working.came()
        dispatched = working.work(at("09:00:06"), at("09:02:00"))
        assert sorted(number for _, gone in dispatched for number in gone) == PEOPLE
        assert workshop.in_spool() == PEOPLE
        assert working.dialer.run is None


def test_files_swept_out_after_the_run_was_through_open_it_again_the_same_day(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:01:00"))
        begin_call(min(workshop.spool_folder.iterdir()), dead_pid())
        workshop.spool().sweep()
        working.came()
        dispatched = working.work(at("15:00:00"), at("15:01:00"))
        assert [number for _, gone in dispatched for number in gone] == PEOPLE[1:]
        assert working.results(NINE) == dict(zip(PEOPLE, ["unknown"] + ["handed"] * 4, strict=True))
        assert [run.state for run in working.journal.runs.on_days(NINE.date())] == ["done"]


@pytest.mark.parametrize(("day", "latest"), [("2026-01-06", ""), ("2026-01-05", "12:00")])
def test_files_swept_out_that_come_back_when_their_day_is_over_are_withdrawn(
    tmp_path: Path, day: str, latest: str
) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=5, latest=latest)
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:01:00"))
    workshop.spool().sweep()
    with shift(workshop, at("13:00:00", day)) as working:
        workshop.write_week("00:00", changed=NINE)
        assert working.work(at("13:00:00", day), at("13:01:00", day)) == []
        assert list(working.results(NINE).values()) == ["withdrawn"] * 5
        assert workshop.in_store() == []


@pytest.mark.slow
def test_a_stop_while_files_come_back_forgets_nobody(tmp_path: Path) -> None:
    with in_memory(tmp_path) as memory:
        step = 0
        whole = False
        while not whole:
            step += often(fast=16, commit=4, long=1)
            workshop = Workshop(memory / str(step), phones=PEOPLE, bundle=5)
            with shift(workshop, EIGHT) as working:
                working.work(at("08:59:59"), at("09:01:00"))
            workshop.spool().sweep()
            working = Shift(workshop)
            with InterruptedProcess(workshop.spool_folder, step) as life:
                working.dialer.prepare(at("10:00:00"))
                working.work(at("10:00:00"), at("10:00:30"))
                whole = True
            working.end()
            with shift(workshop, at("10:01:00")) as working:
                working.work(at("10:01:00"), at("10:01:30"))
                where = f"step {step}, {life.steps[-1]}"
                assert workshop.in_spool() == PEOPLE, where
                assert set(working.results(NINE).values()) == {"handed"}, where
                assert [run.state for run in working.journal.runs.on_days(NINE.date())] == ["done"], where
            shutil.rmtree(workshop.folder)
        assert step > 20


def test_calls_are_looked_for_in_the_journal_only_while_they_are_on_the_way(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:01:00"))
        assert len(working.journal.calls.in_transit(CallState.HANDED)) == 5
        for file in workshop.spool_folder.iterdir():
            assert number_in(file) in PEOPLE
            end_call(file)
        working.work(at("09:01:01"), at("09:01:05"))
        assert working.journal.calls.in_transit(CallState.HANDED) == []
        assert working.dialer.step(at("09:01:10")) > 3600


def test_a_run_that_was_cut_off_calls_nobody_when_the_machine_starts_at_night(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        assert working.work(NINE, at("09:00:05")) == [("09:00:00", PEOPLE[:2])]
    night = at("03:00:00", "2026-01-06")
    with shift(workshop, night) as working:
        working.came()
        assert working.work(night, night + MINUTE) == []
        assert working.dialer.run is None
        assert [working.results(NINE)[number] for number in PEOPLE] == ["handed", "handed", *["withdrawn"] * 3]
        assert "cut off" in working.reasons(NINE)[PEOPLE[4]]


@pytest.mark.parametrize(("until", "last"), [("2026-01-05", 5), ("2026-01-06", 4)])
def test_a_run_keeps_its_own_day_past_midnight(tmp_path: Path, until: str, last: int) -> None:
    """An absence that begins or ended at that midnight changes nothing; one of the run's day still holds."""
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=20, start="23:59")
    with shift(workshop, EIGHT) as working:
        assert working.work(at("23:59:00"), at("23:59:05")) == [("23:59:00", PEOPLE[:2])]
    midnight = at("00:00:05", "2026-01-06")
    rows: dict[str, object] = {str(key): {"0": number, "1": ""} for key, number in enumerate(PEOPLE)}
    rows["2"] = {"0": PEOPLE[2], "paused_from": "2026-01-06"}
    rows["4"] = {"0": PEOPLE[4], "paused_until": until}
    with shift(workshop, midnight) as working:
        working.came()
        workshop.write_list(rows, changed=midnight)
        called = working.work(midnight, midnight + MINUTE)
        assert [number for _, bundle in called for number in bundle] == PEOPLE[2:last]


@pytest.mark.parametrize(("until", "calls"), [("2026-01-05", 5), ("2026-01-06", 4), ("soon", 4)])
def test_who_is_absent_on_the_day_is_not_called_and_the_result_says_until_when(
    tmp_path: Path, until: str, calls: int
) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE)
    workshop.write_list(
        {**{str(key): number for key, number in enumerate(PEOPLE[:4])}, "4": {"0": PEOPLE[4], "paused_until": until}}
    )
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:05:00"))
        reasons = working.reasons(NINE)
        assert len([result for result in working.results(NINE).values() if result == "handed"]) == calls
        if calls == 4:
            said = {"2026-01-06": "not to be called until 6 January", "soon": "until when not to call: “soon”"}
            assert said[until] in reasons[PEOPLE[4]]


def test_a_run_that_is_going_on_at_midnight_goes_on(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=20, start="23:59")
    with shift(workshop, EIGHT) as working:
        assert working.work(at("23:59:00"), at("23:59:05")) == [("23:59:00", PEOPLE[:2])]
    midnight = at("00:00:05", "2026-01-06")
    with shift(workshop, midnight) as working:
        working.came()
        assert working.work(midnight, midnight + MINUTE) == [("00:00:05", PEOPLE[2:4]), ("00:00:25", PEOPLE[4:])]


def test_a_run_paused_overnight_continues_on_resume(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(NINE, at("09:00:05"))
        working.ask("pause", at("09:00:06"))
    morning = at("07:00:00", "2026-01-06")
    with shift(workshop, morning) as working:
        working.came()
        assert working.work(morning, morning + MINUTE) == []
        working.ask("resume", morning + MINUTE)
        assert [came for _, came in working.work(morning + MINUTE, morning + 2 * MINUTE)] == [PEOPLE[2:4], PEOPLE[4:]]


def test_a_run_resumed_on_another_day_goes_on_after_a_trouble_too(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(NINE, at("09:00:05"))
        working.ask("pause", at("09:00:06"))
    morning = at("07:00:00", "2026-01-06")
    with shift(workshop, morning) as working:
        working.came()
        working.work(morning, morning)
        working.ask("resume", morning)
        working.dialer.report_problems(morning, ())
        assert [came for _, came in working.work(morning + MINUTE, morning + 2 * MINUTE)] == [PEOPLE[2:4], PEOPLE[4:]]


def test_a_second_start_time_on_a_day_that_had_its_run_is_logged_once_and_calls_nobody(
    workshop: Workshop, logged: Callable[[str], int]
) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:01:00"))
        assert logged("starts no run") == 0
        workshop.write_week("11:00", changed=at("10:00:00"))
        assert working.work(at("10:00:00"), at("11:00:10"), every=30) == []
    assert logged("today's start at 11:00 starts no run: the day has already had its run (run 1)") == 1


def test_the_last_outcome_of_a_run_is_a_line_and_so_is_each_that_nobody_knows(
    tmp_path: Path, logged: Callable[[str], int]
) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE[:2], bundle=2, timeout=0, archive="yes")
    workshop.done_folder.mkdir()
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:05"))
        first, second = sorted(workshop.spool_folder.iterdir())
        first.unlink()  # Asterisk's archive has lost it
        working.work(at("09:00:06"), at("09:00:10"))
        assert logged("run 1: all calls have ended") == 0
        assert logged("run 1, call 1: unknown, the file is not in Asterisk's archive") == 1
        (workshop.done_folder / second.name).write_text(second.read_text() + "\nStatus: Completed\n")
        second.unlink()
        working.work(at("09:00:11"), at("09:00:20"))
    assert logged("run 1: all calls have ended: answered 1, unknown 1") == 1
