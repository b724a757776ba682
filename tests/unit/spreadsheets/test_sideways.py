"""Tables that lie on their side, and others that only look so."""

import pytest

from obzvon.spreadsheets.sideways import turn_sideways
from obzvon.spreadsheets.table import TableRow

A, B, C, D = "8 (916) 111-11-11", "8 (916) 111-11-12", "8 (916) 111-11-13", "89161111114"


def table(*rows: list[str]) -> list[TableRow]:
    return [TableRow(line, row) for line, row in enumerate(rows, 1)]


@pytest.mark.parametrize(
    ("rows", "turned"),
    [
        (
            [["Иванов И.", "Петров П."], [A, B], ["Орлов О.", "Котов К."], [C, D]],
            [(2, ["Иванов И.", A]), (2, ["Петров П.", B]), (4, ["Орлов О.", C]), (4, ["Котов К.", D])],
        ),
        (
            [["ФИО", "Иванов", "Петров", "Орлов"], ["Телефон", A, B, C], ["Добавочный", "", "12"]],
            [
                (1, ["ФИО", "Телефон", "Добавочный"]),
                (2, ["Иванов", A, ""]),
                (2, ["Петров", B, "12"]),
                (2, ["Орлов", C, ""]),
            ],
        ),
        (
            [["Смена 1", "", "Смена 2"], ["Иванов", "", "Петров"], [A, B, C]],
            [(1, ["Смена 1 Смена 2"]), (3, ["Иванов", A]), (3, ["", B]), (3, ["Петров", C])],
        ),
        ([["Приёмная", "Склад"], [A, B]], [(2, ["Приёмная", A]), (2, ["Склад", B])]),
        (
            [["Иванов", "Петров", "Орлов"], [A, "", C]],
            [(2, ["Иванов", A]), (2, ["Петров", ""]), (2, ["Орлов", C])],
        ),
    ],
)
def test_each_person_gets_a_row_with_the_line_of_the_number(
    rows: list[list[str]], turned: list[tuple[int, list[str]]]
) -> None:
    found = turn_sideways(table(*rows))
    assert found is not None
    assert [(row.line, row.cells) for row in found] == turned


@pytest.mark.parametrize(
    "rows",
    [
        [["Водитель", "Экспедитор"], [A, B]],
        [["Телефон 1", "Телефон 2"], [A, B]],
        [["Иванов", A, B], ["Петров", C, D]],
        [["Телефон", "ФИО"], [A, "Иванов"], [B, "Петров"]],
        [["Иванов", "Петров"], [A, B], [C, D]],
        [["Иванов", "Петров"], [A, B], ["Всего", "2"]],
        [["Номер", "Телефон дом", "Телефон моб"], ["1", A, B]],
        [["ФИО", "Иванов"], ["Телефон", A], ["ФИО", "Петров"], ["Телефон", B]],
        [["Иванов"], [A], ["Петров"], [B]],
        [["Список", "Смена"], ["Иванов", A], ["Петров", B]],
    ],
)
def test_other_tables_stay_as_they_are(rows: list[list[str]]) -> None:
    assert turn_sideways(table(*rows)) is None
