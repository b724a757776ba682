"""How the plan, the status and a day's report look in a terminal: 80 columns suffice; elsewhere they are plain lines.

What stands in the list may be anything: none of it is read as rich's markup, and none of it moves the cursor.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from itertools import groupby, islice

from rich.console import Console, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from obzvon.cli import columns
from obzvon.cli.columns import Cell
from obzvon.common.i18n import Message, say, say_many
from obzvon.common.text import group_digits
from obzvon.domain.calls import CallRecord
from obzvon.domain.forecast import CutOffReason, RunForecast, SkipReason
from obzvon.domain.labels import format_result_counts, run_kind_label, run_state_label, weekday_label
from obzvon.domain.results import DeliveryCounts, ResultTone, result_tone
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
from obzvon.reports.status import CurrentStatus, RunStatus, ServiceStatus
from obzvon.spreadsheets.cell_text import to_one_line

_WIDE = 10_000
"""Columns of what is no terminal: more than a row of the longest cells takes."""
_BATCH = 500
"""Calls in one table: the report is printed as it is read, and its headings stand again above each."""
_LONGEST = 200
"""Characters of one cell that are shown at the most."""

_CODE = say("Code")
_WHY = {
    SkipReason.PAUSED: say("paused"),
    SkipReason.REFUSED: say("cannot be called"),
    SkipReason.DUPLICATE: say("stands twice"),
    SkipReason.CALLED_TODAY: say("already rung today"),
}
_TONE_STYLES = {
    ResultTone.GOOD: "green",
    ResultTone.MISSED: "yellow",
    ResultTone.FAULT: "red",
    ResultTone.PLAIN: "",
    ResultTone.QUIET: "dim",
}
_STATE_STYLES = {"running": "bold green", "paused": "bold yellow", "stopped": "yellow"}


def show_forecast(console: Console, plan: RunForecast, *, rows: int = 20) -> None:
    """Prints what the next run would do, up to so many of the rows that it skips, and the next starts."""
    _print(console, _facts(_plan_facts(plan)))
    if plan.skipped:
        listed = [
            (
                Cell(_shown(one.row), "dim"),
                _number(one.number),
                Cell(_shown(one.code)),
                Cell(_shown(one.name)),
                Cell(_shown(str(one.reason)), "yellow"),
            )
            for one in plan.skipped[:rows]
        ]
        _print(console, "")
        columns.print_columns(
            console, listed, [str(one) for one in (say("Row"), NUMBER, _CODE, NAME, say("Why it is skipped"))]
        )
    if len(plan.skipped) > rows:
        _print(console, _text(say_many("and {n} more row", "and {n} more rows", len(plan.skipped) - rows), "dim"))
    if plan.starts:
        _print(console, "", _text(say("Next starts"), "bold"), *(Text(f"  {_moment(start)}") for start in plan.starts))


def show_status(console: Console, status: CurrentStatus) -> None:
    """Prints whether the service lives, and how far the run has come."""
    facts = [
        (say("Service"), _service(status.service, status.zone)),
        *((say("Trouble"), Text(_lines(one), "bold red")) for one in status.service.problems),
    ]
    facts += _readout_facts(status)
    run = (
        _run_facts(status.run, status, bar=console.is_terminal)
        if status.run
        else [(RUN, _text(say("there has been none yet")))]
    )
    _print(console, _facts([*facts, *run]))
    if status.others:
        others = [
            (
                Cell(str(other.run.id), "dim"),
                Cell(str(_moment(other.run.started_at.astimezone(status.zone)))),
                Cell(str(run_kind_label(other.run.kind))),
                Cell(str(run_state_label(other.run.state)), _STATE_STYLES.get(other.run.state, "")),
                Cell(str(_counted(other.calls, other.counts, other.delivery))),
            )
            for other in status.others
        ]
        _print(console, "", _text(say("Other runs"), "bold"))
        columns.print_columns(console, others)


def show_report(
    console: Console, lines: Iterable[CallRecord], *, day: date, zone: tzinfo, least: float = 0.0
) -> ResultCounts:
    """Prints a day's calls as they come, run by run, and how many there were of each result; returns those counts."""
    reader, counts = ReportLabels(zone, least=least), ResultCounts(least)
    width = console.width if console.is_terminal else sys.maxsize
    headings = [str(heading) for heading, least, _ in _COLUMNS if least <= width]
    cells = [cell for _, least, cell in _COLUMNS if least <= width]
    _print(console, _text(say("Calls of {day} ({zone})", day=_day(day), zone=zone), "bold"))
    lines = counts.of(lines)
    for run, calls in _by_run(lines) if console.is_terminal else [(None, lines)]:
        if run:
            _print(console, "", _text(run, "bold"))
        while batch := list(islice(calls, _BATCH)):
            columns.print_columns(console, [[cell(line, reader) for cell in cells] for line in batch], headings)
    _print(
        console,
        "",
        _text(_counted(counts.total(), counts, counts.delivery) if counts else say("nobody was rung on that day")),
    )
    return counts


def _by_run(lines: Iterable[CallRecord]) -> Iterator[tuple[Message | None, Iterator[CallRecord]]]:
    for (run, kind), calls in groupby(lines, lambda line: (line.run_id, line.kind)):
        yield say("Run {run}, {kind}", run=run, kind=run_kind_label(kind)), calls


def _result(line: CallRecord, reader: ReportLabels) -> Cell:
    result, reason = reader.result(line.result), _shown(reader.reason(line))
    return Cell(f"{result}: {reason}" if reason else result, _TONE_STYLES[result_tone(line.result)])


def _clock(moment: datetime | None, reader: ReportLabels) -> Cell:
    return Cell(f"{reader.clock(moment):%H:%M:%S}" if moment else "")


def _number(number: str) -> Cell:
    return Cell(_shown(group_digits(number)) or "—")


_COLUMNS: tuple[tuple[Message, int, Callable[[CallRecord, ReportLabels], Cell]], ...] = (
    (
        RUN,
        sys.maxsize,
        lambda line, reader: Cell(
            str(line.run_id) if line.kind == "week" else f"{line.run_id}, {reader.word(run_kind_label(line.kind))}"
        ),
    ),
    (HANDED, 0, lambda line, reader: _clock(line.handed_at, reader)),
    (ENDED, 100, lambda line, reader: _clock(line.ended_at, reader)),
    (NUMBER, 0, lambda line, _: _number(line.number)),
    (_CODE, 0, lambda line, _: Cell(_shown(line.code))),
    (NAME, 0, lambda line, _: Cell(_shown(line.name))),
    (BUNDLE, 120, lambda line, _: Cell(str(line.bundle or ""), "dim")),
    (ATTEMPT, 130, lambda line, _: Cell(str(line.attempt), "dim")),
    (RESULT, 0, _result),
)
"""Headings, how many columns a terminal needs to have room for it, and cells of the report."""


def _print(console: Console, *parts: RenderableType) -> None:
    """Prints them; where there is no terminal, nothing is cut or broken, and no line ends in spaces."""
    for part in parts:
        if console.is_terminal:
            console.print(part)
        else:
            wide = console.render_lines(part, console.options.update(width=_WIDE), pad=False)
            console.out(
                *("".join(segment.text for segment in line).rstrip() for line in wide), sep="\n", highlight=False
            )


def _facts(facts: Iterable[tuple[Message, RenderableType]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in facts:
        table.add_row(_text(label), value)
    return table


def _plan_facts(plan: RunForecast) -> Iterator[tuple[Message, Text]]:
    start = _moment(plan.start) if plan.start else None
    if start is None:
        yield say("Next run"), _text(say("none: the week has no start"), "yellow")
    elif plan.overdue:
        yield (
            say("Next run"),
            _text(
                say(
                    "{start} ({zone}): passed, and made up for as soon as the service works",
                    start=start,
                    zone=plan.zone,
                ),
                "bold yellow",
            ),
        )
    else:
        yield say("Next run"), _text(say("{start} ({zone})", start=start, zone=plan.zone), "bold green")
    yield say("Calls"), _text(plan.calls)
    if plan.pace.is_bounded:
        yield say("Pace"), _text(plan.pace.describe())
    else:
        yield (
            say("Bundles"),
            _text(
                say(
                    "{bundles}, of up to {bundle} calls, {delay} s apart",
                    bundles=plan.bundles,
                    bundle=plan.bundle,
                    delay=f"{plan.delay:g}",
                )
            ),
        )
    if plan.first_bundle and plan.last_bundle:
        if not plan.pace.is_bounded:
            yield say("First bundle"), _text(_time(plan.first_bundle, plan.day))
        last = _time(plan.last_bundle, plan.day)
        yield (
            (say("Last call"), _text(say("not before {time}; how long the calls last decides", time=last)))
            if plan.pace.is_bounded
            else (say("Last bundle"), _text(last))
        )
    if plan.cut_off and plan.until:
        why = (
            say("the next run begins then")
            if plan.until_because is CutOffReason.NEXT_START
            else say("nothing is handed over after that")
        )
        yield (
            say("Cut off"),
            _text(
                say_many(
                    "{n} call at {time}: {why}",
                    "{n} calls at {time}: {why}",
                    plan.cut_off,
                    time=_time(plan.until, plan.day),
                    why=why,
                ),
                "bold red",
            ),
        )
    kinds = ", ".join(str(say("{why}: {n}", why=_WHY[why], n=n)) for why, n in plan.count_skipped().items())
    yield say("Skipped"), _text(f"{len(plan.skipped)} ({kinds})" if kinds else 0)


def _service(service: ServiceStatus, zone: tzinfo) -> Text:
    def when(moment: datetime) -> Message:
        return _moment(moment.astimezone(zone), seconds=True)

    if service.alive and service.started:
        return _text(
            say(
                "works since {time} (process {pid} on {host})",
                time=when(service.started),
                pid=str(service.pid),
                host=service.host,
            ),
            "green",
        )
    if service.stopped and service.once:
        return _text(say("from cron; it looked last on {time}", time=when(service.stopped)))
    if service.stopped:
        return _text(say("does not run: it was stopped on {time}", time=when(service.stopped)), "bold red")
    if service.seen:
        return _text(say("does not run: its last sign of life is of {time}", time=when(service.seen)), "bold red")
    return _text(say("has never run"), "bold red")


def _readout_facts(status: CurrentStatus) -> Iterator[tuple[Message, Text]]:
    """The lines in use and the link, where they say more than the run does."""
    readout = status.service.line_usage
    if readout is None or not readout.is_worth_showing:
        return
    yield say("Pace"), _text(readout.pace.describe())
    yield (
        say("Lines in use"),
        _text(say("{lines}; counted {how}", lines=readout.describe(), how=readout.describe_counting())),
    )
    if readout.ami is not None:
        since = _moment(readout.ami.since.astimezone(status.zone), seconds=True)
        yield say("AMI"), _text(readout.describe_ami(since), "bold yellow" if readout.is_silent else "")


def _run_facts(one: RunStatus, status: CurrentStatus, *, bar: bool) -> Iterator[tuple[Message, RenderableType]]:
    run, zone = one.run, status.zone
    begun = _moment(run.started_at.astimezone(zone), seconds=True)
    yield (
        RUN,
        _text(
            say("{run}, {kind}: {state}", run=run.id, kind=run_kind_label(run.kind), state=run_state_label(run.state)),
            _STATE_STYLES.get(run.state, "bold"),
        ),
    )
    yield (
        say("Begun"),
        _text(say("{time}, by {who}", time=begun, who=_shown(run.started_by)) if run.started_by else begun),
    )
    if run.ended_at:
        yield ENDED, _text(_moment(run.ended_at.astimezone(zone), seconds=True))
    if run.note:
        yield say("Note"), Text(_shown(str(run.note)), "yellow")
    if run.active:
        yield say("Progress"), _progress(one.progress, bar=bar)
    if not one.depends_on_talk:
        yield say("Bundles"), _text(say("{done} of {all}", done=one.bundles_done, all=one.bundles))
    yield say("Calls"), _text(_counted(one.calls, one.counts, one.delivery))
    if one.cut_off and one.ends:
        yield say("Cut off"), _text(say_many("{n} call", "{n} calls", one.cut_off), "bold red")
    last = say("Last call") if one.depends_on_talk else say("Last bundle")
    if one.ends:
        ends = _time(one.ends.astimezone(zone), run.day)
        yield (
            last,
            _text(
                say("at about {time}, if calls go on lasting as long", time=ends)
                if one.depends_on_talk
                else say("at about {time}", time=ends)
            ),
        )
    elif run.state == "running" and not status.service.alive:
        yield last, _text(say("not before the service works again"), "bold red")
    elif run.state == "paused":
        yield last, _text(say("not before the run is resumed"), "yellow")


def _progress(done: float, *, bar: bool) -> RenderableType:
    percent = Text(f"{done:.0%}")
    if not bar:
        return percent
    line = Table.grid(padding=(0, 1))
    line.add_row(ProgressBar(1, done, width=30, style="dim", complete_style="green", finished_style="green"), percent)
    return line


def _counted(calls: int, counts: Mapping[str, int], delivery: DeliveryCounts | None) -> Message:
    if not any(counts.values()):
        return say_many("{n} call", "{n} calls", calls)
    return say_many(
        "{n} call: {counts}",
        "{n} calls: {counts}",
        calls,
        counts=format_result_counts(counts, delivery if delivery and delivery.least else None),
    )


def _day(day: date) -> Message:
    return say(
        "{weekday} {year}-{month}-{day}",
        weekday=weekday_label(day.weekday()),
        year=str(day.year),
        month=f"{day.month:02}",
        day=f"{day.day:02}",
    )


def _moment(moment: datetime, *, seconds: bool = False) -> Message:
    return say("{day}, {time}", day=_day(moment.date()), time=f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}")


def _time(moment: datetime, day: date | None) -> str:
    """The time, with its day if that is not the run's."""
    return f"{moment:%H:%M:%S}" if moment.date() == day else str(_moment(moment, seconds=True))


def _shown(text: str) -> str:
    """One line of what can be seen, however odd the text is."""
    text = to_one_line(text[: _LONGEST + 1])
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _lines(message: Message) -> str:
    """A message with its remedy on a line of its own."""
    return "\n".join(_shown(line.strip()) for line in str(message).splitlines())


def _text(value: object, style: str = "") -> Text:
    return Text(str(value), style)
