"""Parts of terminal output that the tables share: facts, moments, and text that is safe to print.

Text of the list may be anything. None of it is read as rich's markup, and none of it moves the cursor. In a terminal 80
columns suffice; elsewhere the output is plain lines.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from obzvon.cli.columns import Cell
from obzvon.common.i18n import Message, say, say_many
from obzvon.common.text import group_digits
from obzvon.domain.labels import format_result_counts, weekday_label
from obzvon.domain.results import DeliveryCounts
from obzvon.spreadsheets.cell_text import to_one_line

#: Width where there is no terminal: wider than a row of the longest cells.
_WIDE = 10_000
#: Characters shown of one cell at most.
_LONGEST = 200
_LONGEST_SENTENCE = 5000

CODE = say("Code")


def number_cell(number: str) -> Cell:
    """Return a number with its digits grouped; a dash if there is none."""
    return Cell(printable(group_digits(number)) or "—")


def print_parts(console: Console, *parts: RenderableType) -> None:
    """Print the parts. Where there is no terminal, nothing is cut or broken, and no line ends in spaces."""
    for part in parts:
        if console.is_terminal:
            console.print(part)
        else:
            wide = console.render_lines(part, console.options.update(width=_WIDE), pad=False)
            console.out(
                *("".join(segment.text for segment in line).rstrip() for line in wide), sep="\n", highlight=False
            )


def facts_table(facts: Iterable[tuple[Message, RenderableType]]) -> Table:
    """Return a table of labels and values."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in facts:
        table.add_row(plain_text(label), value)
    return table


def format_counts(calls: int, counts: Mapping[str, int], delivery: DeliveryCounts | None) -> Message:
    """Return how many calls there are, and how many of each result if there are any."""
    if not any(counts.values()):
        return say_many("{n} call", "{n} calls", calls)
    return say_many(
        "{n} call: {counts}",
        "{n} calls: {counts}",
        calls,
        counts=format_result_counts(counts, delivery if delivery and delivery.least else None),
    )


def format_day(day: date) -> Message:
    """Return a weekday and date."""
    return say("{weekday}, {date}", weekday=weekday_label(day.weekday()), date=day)


def format_moment(moment: datetime, *, seconds: bool = False) -> Message:
    """Return a weekday, date and time."""
    return say(
        "{day}, {time}", day=format_day(moment.date()), time=f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    )


def format_time(moment: datetime, day: date | None) -> str:
    """Return the time, with its day if that is not the run's `day`."""
    return f"{moment:%H:%M:%S}" if moment.date() == day else str(format_moment(moment, seconds=True))


def printable(text: str, longest: int = _LONGEST) -> str:
    """Return one line of printable characters, whatever the text contains, and no longer than `longest`."""
    text = to_one_line(text[: longest + 1])
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def printable_lines(message: Message) -> str:
    """Return a message with its remedy on a line of its own, neither of them cut: the advice is at the end."""
    return "\n".join(printable(line.strip(), _LONGEST_SENTENCE) for line in str(message).splitlines())


def plain_text(value: object, style: str = "") -> Text:
    """Return a text in which nothing is read as markup."""
    return Text(str(value), style)
