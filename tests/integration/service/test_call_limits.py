"""Limits of how many calls are handed over: in a run, on a day, and as test calls."""

from collections.abc import Callable
from pathlib import Path

from tests.support.workshop import Workshop, at, end_call, numbers, shift

PEOPLE = numbers(5)
NINE = at("09:00:00")


def test_a_run_ends_at_its_limit_and_says_of_the_others_why(tmp_path: Path, logged: Callable[[str], int]) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, timeout=1, calls_a_run=3)
    with shift(workshop, NINE) as working:
        went = working.work(at("08:59:59"), at("09:01:00"))
        assert [one for _, one in went] == [PEOPLE[:2], [PEOPLE[2]]]
        assert working.dialer.run is None
        assert [working.results(NINE)[one] for one in PEOPLE[3:]] == ["withdrawn"] * 2
        assert "3 calls, as many as [Day] calls_a_run allows" in working.reasons(NINE)[PEOPLE[4]]
    assert logged("2 calls withdrawn: the run has handed over 3 calls") == 1


def test_a_limit_of_the_day_outlasts_a_restart_and_holds_for_another_run(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=1, timeout=10, calls_a_day=4)
    with shift(workshop, NINE) as working:
        working.work(at("08:59:59"), at("09:00:15"))
    with shift(workshop, at("09:00:20")) as working:
        working.came()
        assert working.work(at("09:00:20"), at("09:00:21")) == [("09:00:20", [PEOPLE[2]])]
        assert working.ask("call", at("09:00:22"), number=PEOPLE[0]).ok
        working.came()
        assert working.work(at("09:00:23"), at("09:02:00")) == []
        assert [working.results(NINE)[one] for one in PEOPLE[3:]] == ["withdrawn"] * 2
        refused = working.ask("call", at("09:02:01"), number=PEOPLE[0])
        assert "as many as [Day] calls_a_day allows" in str(refused.text)
        assert working.ask("start", at("09:02:02"), again=True).ok
        assert working.work(at("09:02:02"), at("09:03:00")) == []


def test_a_limit_that_is_reached_with_the_last_call_ends_the_run_quietly(
    tmp_path: Path, logged: Callable[[str], int]
) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=5, calls_a_run=5)
    with shift(workshop, NINE) as working:
        working.work(at("08:59:59"), at("09:00:10"))
        assert working.dialer.run is None
        assert set(working.results(NINE).values()) == {"handed"} or len(working.results(NINE)) == 5
    assert logged("withdrawn: ") == 0


def test_an_attempt_that_is_made_again_counts_again(tmp_path: Path) -> None:
    workshop = Workshop(
        tmp_path, phones=PEOPLE[:2], bundle=2, archive="yes", not_answered="1 x 1m", calls_a_run=3, hold_after=0
    )
    with shift(workshop, NINE) as working:
        working.work(at("08:59:59"), at("09:00:02"))
        for file in sorted(workshop.spool_folder.iterdir()):
            end_call(file, "Expired", done=workshop.done_folder)
        assert working.work(at("09:00:03"), at("09:05:00")) == [("09:01:03", [PEOPLE[0]])]


def test_test_calls_of_a_day_have_a_limit(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, start="00:00", test_calls=2)
    with shift(workshop, NINE) as working:
        for second in (1, 2):
            assert working.ask("call", at(f"09:00:0{second}"), number=PEOPLE[0]).ok
        refused = working.ask("call", at("09:00:03"), number=PEOPLE[0])
        assert "2 test calls were made today" in str(refused.text)
        assert "[Day] test_calls allows no more" in str(refused.text)
        assert len(working.came()) == 2
