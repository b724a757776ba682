"""Columns of text without lines between them, fast enough for a report of a million calls. rich only colours them.

rich's own tables lay out only a thousand rows a second, because each of their cells is an object that is wrapped and
cut.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment, Segments
from rich.text import Text

_GAP = 2
#: Terminal columns that one letter may take.
_LEAST = 2
#: Terminal columns that the last cell of a row gets at least. The widest of the other cells make room for it.
_NARROWEST = 24


class Cell(NamedTuple):
    """A line of text and the name of its style in rich."""

    text: str
    style: str = ""


def print_columns(console: Console, rows: Sequence[Sequence[Cell]], headings: Sequence[str] = ()) -> None:
    """Print rows of cells, leaving out empty columns.

    In a terminal, text that is too wide is wrapped within its column. Elsewhere nothing is cut or broken.
    """
    used = [column for column in range(len(rows[0])) if any(row[column].text for row in rows)] if rows else []
    if not used:
        return
    lines = [[row[column] for column in used] for row in rows]
    if headings:
        lines.insert(0, [Cell(headings[column], "bold") for column in used])
    widths = [max(cell_len(line[place].text) for line in lines) for place in range(len(used))]
    if not console.is_terminal:
        console.out("\n".join("".join(cell.text for cell in _padded(line, widths)) for line in lines), highlight=False)
        return
    fitting = _fitted(widths, console.width)
    if fitting != widths:
        lines = [part for line in lines for part in _wrapped(console, line, fitting)]
    styles = {style: console.get_style(style) for style in {cell.style for line in lines for cell in line}}
    segments: list[Segment] = []
    for line in lines:
        segments += (Segment(cell.text, styles[cell.style]) for cell in _padded(line, fitting))
        segments.append(Segment.line())
    console.print(Segments(segments), end="", crop=False)


def _padded(line: Sequence[Cell], widths: Sequence[int]) -> Iterable[Cell]:
    """Yield the cells of a line padded to their columns, up to the last cell that has text."""
    last = max((place for place, cell in enumerate(line) if cell.text), default=-1)
    for place, cell in enumerate(line[: last + 1]):
        room = " " * (widths[place] - cell_len(cell.text) + _GAP) if place < last else ""
        yield Cell(cell.text + room, cell.style)


def _fitted(widths: Sequence[int], width: int) -> list[int]:
    """Return widths that fit. The last column gets the rest, and the widest of the others are narrowed for it."""
    *others, last = widths
    room = width - _GAP * len(others)
    while sum(others) > max(room - min(_NARROWEST, last), _LEAST * len(others)):
        widest = max(others)
        others[others.index(widest)] -= 1
    return [*others, min(last, max(room - sum(others), _LEAST))]


def _wrapped(console: Console, line: Sequence[Cell], widths: Sequence[int]) -> Iterator[list[Cell]]:
    """Yield the lines that a line takes in columns of these widths."""
    if all(cell_len(cell.text) <= width for cell, width in zip(line, widths, strict=True)):
        yield list(line)
        return
    parts = [Text(cell.text).wrap(console, width, overflow="fold") for cell, width in zip(line, widths, strict=True)]
    for pieces in zip_longest(*parts, fillvalue=Text("")):
        yield [Cell(piece.plain.rstrip(), cell.style) for piece, cell in zip(pieces, line, strict=True)]
