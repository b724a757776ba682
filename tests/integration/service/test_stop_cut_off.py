"""A stop with withdrawal that is cut off at any step: nobody whom Asterisk never had counts as handed over."""

import shutil
from pathlib import Path

import pytest

from tests.support.faults import InterruptedProcess
from tests.support.mounts import in_memory
from tests.support.profile import often
from tests.support.workshop import Shift, Workshop, at, numbers, shift

PEOPLE = numbers(5)
NINE = at("09:00:00")


@pytest.mark.parametrize("after", [False, True], ids=["before a step", "after a step"])
def test_whoever_is_taken_out_is_withdrawn_wherever_the_stop_is_cut_off(tmp_path: Path, after: bool) -> None:
    step, is_whole = 0, False
    with in_memory(tmp_path) as memory:
        while not is_whole:
            step += often(fast=5, commit=2, long=1)
            workshop = Workshop(memory / str(step), phones=PEOPLE, bundle=3, timeout=60)
            working = Shift(workshop)
            working.dialer.prepare(at("08:59:59"))
            working.work(at("08:59:59"), at("09:00:05"))
            with InterruptedProcess(workshop.spool_folder, step, after=after) as life:
                working.ask("stop", at("09:00:10"), withdraw=True)
                is_whole = True
            working.end()
            where = f"step {step}, {life.steps[-1]}"
            left = workshop.in_spool()
            with shift(workshop, at("09:00:20")) as working:
                if working.dialer.run is None:
                    working.work(at("09:00:20"), at("09:00:40"))
                    results = working.results(NINE)
                    assert {number for number, result in results.items() if result == "handed"} == set(left), where
                    assert set(results.values()) <= {"handed", "withdrawn"}, where
                assert workshop.in_store() == [], where
            shutil.rmtree(workshop.folder)
    assert step > 10
