"""Lists as dispatchers have them: every number is taken or named, no code or pause is wrong, nobody is there twice."""

from collections import Counter
from pathlib import Path

import pytest

from obzvon.domain.numbering import NumberingPlan
from obzvon.spreadsheets import column_roles, merge, questions, worker
from obzvon.spreadsheets.merge import MergePlan
from obzvon.spreadsheets.table import Table, TableRow
from tests.support.awkward_lists import awkward_lists
from tests.support.dispatchers_lists import dispatchers_lists
from tests.support.exported_lists import exported_lists
from tests.support.made_up_people import DispatchersList

PLAN = NumberingPlan()
LISTS = [*dispatchers_lists(), *awkward_lists(), *exported_lists()]
each_list = pytest.mark.parametrize("made", LISTS, ids=lambda made: made.origin)


def imported(made: DispatchersList, folder: Path, **answers: str) -> tuple[Table, MergePlan]:
    """The decisions of an import into an empty list."""
    upload = folder / made.file
    upload.write_bytes(made.data)
    rows: list[TableRow] = []
    table = worker.read_table(upload, rows.append)
    layout = column_roles.guess_roles(rows, table.columns, PLAN)
    assert layout.problem() is None
    return table, merge.plan_merge(rows, layout, [], PLAN, choices=questions.choices_from(answers))


@each_list
def test_every_number_is_taken_or_named(made: DispatchersList, tmp_path: Path) -> None:
    table, judged = imported(made, tmp_path)
    taken = {row.dialled for row in judged.rows if row.kind in ("new", "other_code", "twice")}
    assert taken <= made.numbers
    named = sum(column.count for column in judged.untaken) + judged.counts["refused"]
    named += sum(sheet.phones or 0 for sheet in table.other_sheets())
    assert len(made.numbers - taken) <= named
    assert judged.counts["refused"] == made.wrong


@each_list
def test_nobody_is_without_a_name_who_has_one(made: DispatchersList, tmp_path: Path) -> None:
    _, judged = imported(made, tmp_path)
    assert all(bool(row.name) != made.is_nameless for row in judged.rows_of("new"))


@each_list
def test_no_code_is_wrong(made: DispatchersList, tmp_path: Path) -> None:
    _, judged = imported(made, tmp_path)
    assert {row.dialled: row.code for row in judged.rows_of("new") if row.code} == {
        number: code for number, code in made.codes.items() if code
    }


@each_list
def test_no_pause_is_wrong_and_none_is_guessed(made: DispatchersList, tmp_path: Path) -> None:
    _, judged = imported(made, tmp_path)
    for row in judged.rows_of("new"):
        if not (row.unclear or row.remark):
            assert bool(row.paused) == (row.dialled in made.paused), row
    asked = {row.dialled for row in judged.rows if row.unclear or row.remark}
    paused = {row.dialled for row in judged.rows if row.paused}
    assert made.paused <= paused | asked


@each_list
def test_nobody_is_in_the_list_twice(made: DispatchersList, tmp_path: Path) -> None:
    _, judged = imported(made, tmp_path)
    assert [
        number for number, count in Counter(row.dialled for row in judged.rows_of("new")).items() if count > 1
    ] == []
