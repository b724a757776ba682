"""The report of a day's calls in a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, tzinfo
from itertools import groupby, islice

from rich.console import Console

from obzvon.cli import columns
from obzvon.cli.columns import Cell
from obzvon.cli.rendering import CODE, format_counts, format_day, number_cell, plain_text, print_parts, printable
from obzvon.common.i18n import Message, say
from obzvon.domain.calls import CallRecord
from obzvon.domain.labels import run_kind_label
from obzvon.domain.results import ResultTone, result_tone
from obzvon.reports.call_report import (
    ATTEMPT,
    BUNDLE,
    ENDED,
    HANDED,
    NAME,
    NUMBER,
    RESULT,
    RUN,
    ReportLabels,
    ResultCounts,
)

#: Calls in one table. The report is printed as it is read, with its headings repeated above each table.
_BATCH = 500

_TONE_STYLES = {
    ResultTone.GOOD: "green",
    ResultTone.MISSED: "yellow",
    ResultTone.FAULT: "red",
    ResultTone.PLAIN: "",
    ResultTone.QUIET: "dim",
}


def show_report(
    console: Console, lines: Iterable[CallRecord], *, day: date, zone: tzinfo, least: float = 0.0
) -> ResultCounts:
    """Print a day's calls as they are read, run by run, then the counts of their results. Return the counts.

    `least` is how many seconds of a message count as delivered.
    """
    labels, counts = ReportLabels(zone, least=least), ResultCounts(least)
    width = console.width if console.is_terminal else sys.maxsize
    headings = [str(heading) for heading, needed, _ in _COLUMNS if needed <= width]
    cells = [cell for _, needed, cell in _COLUMNS if needed <= width]
    print_parts(console, plain_text(say("Calls of {day} ({zone})", day=format_day(day), zone=zone), "bold"))
    lines = counts.of(lines)
    for run, calls in _by_run(lines) if console.is_terminal else [(None, lines)]:
        if run:
            print_parts(console, "", plain_text(run, "bold"))
        while batch := list(islice(calls, _BATCH)):
            columns.print_columns(console, [[cell(line, labels) for cell in cells] for line in batch], headings)
    print_parts(
        console,
        "",
        plain_text(format_counts(counts.total(), counts, counts.delivery) if counts else say("no calls on that day")),
    )
    return counts


def _by_run(lines: Iterable[CallRecord]) -> Iterator[tuple[Message | None, Iterator[CallRecord]]]:
    for (run, kind), calls in groupby(lines, lambda line: (line.run_id, line.kind)):
        yield say("Run {run}, {kind}", run=run, kind=run_kind_label(kind)), calls


def _result(line: CallRecord, labels: ReportLabels) -> Cell:
    result, reason = labels.result(line.result), printable(labels.reason(line))
    return Cell(f"{result}: {reason}" if reason else result, _TONE_STYLES[result_tone(line.result)])


def _clock(moment: datetime | None, labels: ReportLabels) -> Cell:
    return Cell(f"{labels.clock(moment):%H:%M:%S}" if moment else "")


#: Heading, least width of a terminal that has room for the column, and cell.
_COLUMNS: tuple[tuple[Message, int, Callable[[CallRecord, ReportLabels], Cell]], ...] = (
    (
        RUN,
        sys.maxsize,
        lambda line, labels: Cell(
            str(line.run_id) if line.kind == "week" else f"{line.run_id}, {labels.word(run_kind_label(line.kind))}"
        ),
    ),
    (HANDED, 0, lambda line, labels: _clock(line.handed_at, labels)),
    (ENDED, 100, lambda line, labels: _clock(line.ended_at, labels)),
    (NUMBER, 0, lambda line, _: number_cell(line.number)),
    (CODE, 0, lambda line, _: Cell(printable(line.code))),
    (NAME, 0, lambda line, _: Cell(printable(line.name))),
    (BUNDLE, 120, lambda line, _: Cell(str(line.bundle or ""), "dim")),
    (ATTEMPT, 130, lambda line, _: Cell(str(line.attempt), "dim")),
    (RESULT, 0, _result),
)
