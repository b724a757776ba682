"""Columns of text: what fits is laid out, what is too wide is wrapped, and nothing is lost."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from obzvon.cli.columns import Cell, print_columns


def lines(rows: list[list[str]], headings: tuple[str, ...] = (), *, width: int | None = None) -> list[str]:
    """Printed in a terminal of that width, or where there is none."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=width is not None, color_system=None)
    print_columns(console, [[Cell(text) for text in row] for row in rows], headings)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [None, 80])
def test_a_column_is_as_wide_as_its_widest_cell_and_no_line_ends_in_spaces(width: int | None) -> None:
    assert lines([["1", "Иванов", "x"], ["1000", "Ли", ""]], ("Row", "Name", "Code"), width=width) == [
        "Row   Name    Code",
        "1     Иванов  x",
        "1000  Ли",
    ]


def test_a_column_in_which_nothing_stands_is_left_out() -> None:
    assert lines([["1", "", "a"], ["2", "", "b"]], ("Row", "Name", "Code")) == ["Row  Code", "1    a", "2    b"]


def test_what_is_too_wide_is_wrapped_in_its_own_column_in_a_terminal_alone() -> None:
    row = ["1", "a name of many words", "and a reason of even more words, which is long"]
    assert lines([row], width=40) == [
        "1  a name of    and a reason of even",
        "   many words   more words, which is",
        "                long",
    ]
    assert lines([row]) == ["1  a name of many words  and a reason of even more words, which is long"]


def test_letters_that_take_two_columns_are_counted_so() -> None:
    assert lines([["日本", "x"], ["abc", "y"]], width=80) == ["日本  x", "abc   y"]


def test_a_cell_has_its_colour_in_a_terminal() -> None:
    out = io.StringIO()
    print_columns(
        Console(file=out, width=80, force_terminal=True, color_system="standard"), [[Cell("a"), Cell("b", "red")]]
    )
    assert out.getvalue() == "a  \x1b[31mb\x1b[0m\n"


@given(
    st.lists(st.lists(st.text("abc dя日", max_size=30), min_size=3, max_size=3), min_size=1, max_size=5),
    st.integers(12, 60),
)
def test_in_a_terminal_no_line_is_wider_than_it_and_nothing_is_lost(rows: list[list[str]], width: int) -> None:
    shown = lines(rows, width=width)
    assert all(cell_len(line) <= width for line in shown)
    assert sorted("".join("".join(row) for row in rows).replace(" ", "")) == sorted("".join(shown).replace(" ", ""))


def test_of_no_rows_nothing_is_printed() -> None:
    assert lines([], ("Row", "Name")) == []
