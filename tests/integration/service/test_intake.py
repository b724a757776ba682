"""A running Asterisk that takes no call files: its folder was replaced, or it has missed them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.workshop import Workshop, at, begin_call, dead_pid, end_call, numbers, shift

PEOPLE = numbers(5)
EIGHT, NINE = at("08:00:00"), at("09:00:00")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Five numbers at once, and an Asterisk that is this very process and watches nothing."""
    (tmp_path / "asterisk.pid").write_text(str(os.getpid()))
    return Workshop(tmp_path, phones=PEOPLE, bundle=10, pid_file="asterisk.pid")


def test_files_that_are_not_taken_are_taken_out_within_a_minute_and_the_run_is_held(
    workshop: Workshop, logged: Callable[[str], int]
) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:05"))
        assert workshop.in_spool() == PEOPLE
        working.work(at("09:00:06"), at("09:00:45"))
        assert workshop.in_spool() == []
        assert working.dialer.run is not None, "the run is not done"
        assert set(working.results(NINE).values()) == {"waiting"}
        assert "has not taken a call file within 30 s" in str(working.dialer.problems[0])
        assert "restart Asterisk: systemctl restart asterisk" in str(working.dialer.problems[0])
        assert logged("has not taken a call file") == 1


def test_one_call_a_minute_is_tried_until_files_are_taken_again_and_then_the_others_go(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:01:25"))
        assert workshop.in_spool() == []
        assert [gone for _, gone in working.work(at("09:01:26"), at("09:02:10"))] == [PEOPLE[:1]]
        assert workshop.in_spool() == [], "the probe was not taken either"
        came: list[str] = []
        for second in range(130, 400, 5):
            clock = f"09:{second // 60:02d}:{second % 60:02d}"
            came += [number for _, gone in working.work(at(clock), at(clock)) for number in gone]
            for file in list(workshop.spool_folder.iterdir()):
                end_call(file)
        assert came == PEOPLE
        assert set(working.results(NINE).values()) == {"handed"}


def test_another_asterisk_takes_them_at_once(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:50"))
        assert workshop.in_spool() == []
        (workshop.folder / "asterisk.pid").write_text(str(os.getppid()))
        working.work(at("09:00:51"), at("09:01:05"))
        assert workshop.in_spool() == PEOPLE


def test_a_folder_that_is_replaced_is_noticed_before_anything_is_handed_over(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:00"), at("08:59:05"))
        assert working.ask("call", at("08:59:10"), number=PEOPLE[0]).ok
        end_call(next(workshop.spool_folder.iterdir()))
        workshop.spool_folder.rename(workshop.folder / "away")
        workshop.spool_folder.mkdir()
        working.work(at("08:59:50"), at("09:00:40"))
        assert workshop.in_spool() == []
        assert "the folder was replaced under a running Asterisk" in str(working.dialer.problems[0])


def test_calls_in_progress_and_an_asterisk_that_is_down_are_left_alone(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:05"))
        for file in workshop.spool_folder.iterdir():
            begin_call(file, os.getpid())
        working.work(at("09:00:06"), at("09:05:00"))
        assert workshop.in_spool() == PEOPLE
        assert not working.dialer.problems


def test_what_asterisk_cannot_see_while_it_is_down_waits_for_its_start(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:05"))
        (workshop.folder / "asterisk.pid").write_text(str(dead_pid()))
        working.work(at("09:00:06"), at("09:05:00"))
        assert workshop.in_spool() == PEOPLE


@pytest.mark.parametrize("pid_file", ["none", "asterisk.pid"])
def test_files_that_asterisk_has_passed_over_go_again_and_the_run_continues(
    tmp_path: Path, logged: Callable[[str], int], pid_file: str
) -> None:
    (tmp_path / "asterisk.pid").write_text(str(os.getpid()))
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=10, pid_file=pid_file)
    with shift(workshop, EIGHT) as working:
        working.work(at("08:59:59"), at("09:00:11"))
        assert workshop.in_spool() == PEOPLE[:4]
        for file in sorted(workshop.spool_folder.iterdir())[2:]:
            end_call(file)
        working.work(at("09:00:12"), at("09:00:25"))
        assert workshop.in_spool() == [*PEOPLE[:2], PEOPLE[4]]
        end_call(max(workshop.spool_folder.iterdir()))
        working.work(at("09:00:26"), at("09:00:50"))
        assert working.dialer.problems == ()
        assert logged("though it has taken later ones") == 1
        for file in workshop.spool_folder.iterdir():
            end_call(file)
        working.work(at("09:00:51"), at("09:01:30"))
        assert set(working.results(NINE).values()) == {"handed"}
        assert working.dialer.run is None
