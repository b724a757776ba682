"""The forecast of the next run and the status in a terminal."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from rich.console import Console, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from obzvon.cli import columns
from obzvon.cli.columns import Cell
from obzvon.cli.rendering import (
    CODE,
    facts_table,
    format_counts,
    format_moment,
    format_time,
    number_cell,
    plain_text,
    print_parts,
    printable,
    printable_lines,
)
from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.forecast import CutOffReason, RunForecast, SkipReason
from obzvon.domain.labels import run_kind_label, run_state_label
from obzvon.reports.call_report import (
    ENDED,
    NAME,
    NUMBER,
    RUN,
)
from obzvon.reports.status import CurrentStatus, RunStatus, ServiceStatus

_SKIP_REASONS = {
    SkipReason.PAUSED: say("paused"),
    SkipReason.REFUSED: say("cannot be called"),
    SkipReason.DUPLICATE: say("in the list twice"),
    SkipReason.CALLED_TODAY: say("already called today"),
}
_STATE_STYLES = {"running": "bold green", "paused": "bold yellow", "stopped": "yellow"}


def show_forecast(console: Console, forecast: RunForecast, *, rows: int = 20) -> None:
    """Print the forecast of the next run, the first `rows` rows that it skips, and the next starts."""
    print_parts(console, facts_table(_forecast_facts(forecast)))
    if forecast.skipped:
        cells = [
            (
                Cell(printable(skipped.row), "dim"),
                number_cell(skipped.number),
                Cell(printable(skipped.code)),
                Cell(printable(skipped.name)),
                Cell(printable(str(skipped.reason)), "yellow"),
            )
            for skipped in forecast.skipped[:rows]
        ]
        print_parts(console, "")
        columns.print_columns(
            console, cells, [str(heading) for heading in (say("Row"), NUMBER, CODE, NAME, say("Why it is skipped"))]
        )
    if len(forecast.skipped) > rows:
        print_parts(
            console, plain_text(say_many("and {n} more row", "and {n} more rows", len(forecast.skipped) - rows), "dim")
        )
    if forecast.starts:
        print_parts(
            console,
            "",
            plain_text(say("Next starts"), "bold"),
            *(Text(f"  {format_moment(start)}") for start in forecast.starts),
        )


def show_status(console: Console, status: CurrentStatus) -> None:
    """Print whether the service is alive, and how far the run has come."""
    facts = [
        (say("Service"), service_text(status.service, status.zone)),
        *((say("Problem"), Text(printable_lines(problem), "bold red")) for problem in status.service.problems),
    ]
    facts += _line_facts(status)
    run = (
        _run_facts(status.run, status, bar=console.is_terminal)
        if status.run
        else [(RUN, plain_text(say("there has been none yet")))]
    )
    print_parts(console, facts_table([*facts, *run]))
    if status.others:
        others = [
            (
                Cell(str(other.run.id), "dim"),
                Cell(str(format_moment(other.run.started_at.astimezone(status.zone)))),
                Cell(str(run_kind_label(other.run.kind))),
                Cell(str(run_state_label(other.run.state)), _STATE_STYLES.get(other.run.state, "")),
                Cell(str(format_counts(other.calls, other.counts, other.delivery))),
            )
            for other in status.others
        ]
        print_parts(console, "", plain_text(say("Other runs"), "bold"))
        columns.print_columns(console, others)


def _forecast_facts(forecast: RunForecast) -> Iterator[tuple[Message, Text]]:
    yield say("Next run"), _start_fact(forecast)
    yield say("Calls"), plain_text(forecast.calls)
    yield from _pace_facts(forecast)
    if forecast.cut_off and forecast.until:
        why = (
            say("the next run starts then")
            if forecast.until_because is CutOffReason.NEXT_START
            else say("nothing is handed over after that")
        )
        until = format_time(forecast.until, forecast.day)
        cut_off = say_many(
            "{n} call at {time}: {why}", "{n} calls at {time}: {why}", forecast.cut_off, time=until, why=why
        )
        yield say("Cut off"), plain_text(cut_off, "bold red")
    counts = forecast.count_skipped().items()
    kinds = ", ".join(str(say("{why}: {n}", why=_SKIP_REASONS[reason], n=n)) for reason, n in counts)
    yield say("Skipped"), plain_text(f"{len(forecast.skipped)} ({kinds})" if kinds else 0)


def _start_fact(forecast: RunForecast) -> Text:
    if forecast.start is None:
        return plain_text(say("none: the schedule has no start times"), "yellow")
    start = format_moment(forecast.start)
    if forecast.overdue:
        missed = say(
            "{start} ({zone}): missed; it starts as soon as the service is running", start=start, zone=forecast.zone
        )
        return plain_text(missed, "bold yellow")
    return plain_text(say("{start} ({zone})", start=start, zone=forecast.zone), "bold green")


def _pace_facts(forecast: RunForecast) -> Iterator[tuple[Message, Text]]:
    """Yield the pace or the bundles, and when the first and the last call go."""
    is_bounded = forecast.pace.is_bounded
    if is_bounded:
        yield say("Pace"), plain_text(forecast.pace.describe())
    else:
        bundles = say(
            "{bundles}, of up to {bundle} calls, {delay} s apart",
            bundles=forecast.bundles,
            bundle=forecast.bundle,
            delay=f"{forecast.delay:g}",
        )
        yield say("Bundles"), plain_text(bundles)
    if not (forecast.first_bundle and forecast.last_bundle):
        return
    last = format_time(forecast.last_bundle, forecast.day)
    if is_bounded:
        yield (
            say("Last call"),
            plain_text(say("no earlier than {time}, depending on how long the calls last", time=last)),
        )
    else:
        yield say("First bundle"), plain_text(format_time(forecast.first_bundle, forecast.day))
        yield say("Last bundle"), plain_text(last)


def service_text(service: ServiceStatus, zone: tzinfo) -> Text:
    """Return what the service does at the moment, or since when it does nothing."""

    def when(moment: datetime) -> Message:
        return format_moment(moment.astimezone(zone), seconds=True)

    if service.alive and service.started:
        return plain_text(
            say(
                "running since {time} (process {pid} on {host})",
                time=when(service.started),
                pid=str(service.pid),
                host=service.host,
            ),
            "green",
        )
    if service.stopped and service.once:
        return plain_text(say("from cron; last check on {time}", time=when(service.stopped)))
    if service.stopped:
        return plain_text(say("not running: stopped on {time}", time=when(service.stopped)), "bold red")
    if service.seen:
        return plain_text(say("not running: last heartbeat on {time}", time=when(service.seen)), "bold red")
    return plain_text(say("has never run"), "bold red")


def _line_facts(status: CurrentStatus) -> Iterator[tuple[Message, Text]]:
    """Yield the lines in use and the AMI connection, where they say more than the run does."""
    usage = status.service.line_usage
    if usage is None or not usage.is_worth_showing:
        return
    yield say("Pace"), plain_text(usage.pace.describe())
    yield (
        say("Lines in use"),
        plain_text(say("{lines}; counted {how}", lines=usage.describe(), how=usage.describe_counting())),
    )
    if usage.ami is not None:
        since = format_moment(usage.ami.since.astimezone(status.zone), seconds=True)
        yield say("AMI"), plain_text(usage.describe_ami(since), "bold yellow" if usage.is_silent else "")


def _run_facts(one: RunStatus, status: CurrentStatus, *, bar: bool) -> Iterator[tuple[Message, RenderableType]]:
    run, zone = one.run, status.zone
    begun = format_moment(run.started_at.astimezone(zone), seconds=True)
    yield (
        RUN,
        plain_text(
            say("{run}, {kind}: {state}", run=run.id, kind=run_kind_label(run.kind), state=run_state_label(run.state)),
            _STATE_STYLES.get(run.state, "bold"),
        ),
    )
    yield (
        say("Started"),
        plain_text(say("{time}, by {who}", time=begun, who=printable(run.started_by)) if run.started_by else begun),
    )
    if run.ended_at:
        yield ENDED, plain_text(format_moment(run.ended_at.astimezone(zone), seconds=True))
    if run.note:
        yield say("Note"), Text(printable(str(run.note)), "yellow")
    if run.active:
        yield say("Progress"), _progress(one.progress, bar=bar)
    if not one.depends_on_talk:
        yield say("Bundles"), plain_text(say("{done} of {all}", done=one.bundles_done, all=one.bundles))
    yield say("Calls"), plain_text(format_counts(one.calls, one.counts, one.delivery))
    if one.cut_off and one.ends:
        yield say("Cut off"), plain_text(say_many("{n} call", "{n} calls", one.cut_off), "bold red")
    yield from _end_facts(one, status)


def _end_facts(one: RunStatus, status: CurrentStatus) -> Iterator[tuple[Message, Text]]:
    """Yield when the last call goes, or what it waits for."""
    last = say("Last call") if one.depends_on_talk else say("Last bundle")
    if one.ends:
        ends = format_time(one.ends.astimezone(status.zone), one.run.day)
        end = (
            say("at about {time}, if calls last as long as so far", time=ends)
            if one.depends_on_talk
            else say("at about {time}", time=ends)
        )
        yield last, plain_text(end)
    elif one.run.state == "running" and not status.service.alive:
        yield last, plain_text(say("not before the service is running again"), "bold red")
    elif one.hold:
        yield last, plain_text(say("not before a call gets through again; to continue now: obzvon resume"), "bold red")
    elif one.run.state == "paused":
        yield last, plain_text(say("not before the run is resumed"), "yellow")


def _progress(done: float, *, bar: bool) -> RenderableType:
    percent = Text(f"{done:.0%}")
    if not bar:
        return percent
    line = Table.grid(padding=(0, 1))
    line.add_row(ProgressBar(1, done, width=30, style="dim", complete_style="green", finished_style="green"), percent)
    return line
