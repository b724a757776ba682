"""The command line: `obzvon [--settings FILE] COMMAND`.

Exit status: 0 done; 1 it ran and something is wrong; 2 it could not run.
"""

import contextlib
import io
import logging
import platform
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from obzvon.asterisk.process import AsteriskState
from obzvon.asterisk.spool import Spool
from obzvon.checks import runner
from obzvon.cli import control, editor, journal_commands, recover, report_table, tables, translate, workspace
from obzvon.cli import demo as demonstration
from obzvon.cli.context import (
    EXIT_NOT_RUN,
    EXIT_WRONG,
    echo,
    load_current,
    open_existing_journal,
    open_journal,
    open_output,
    open_service_journal,
    show_day_conflict,
    show_progress,
    use_settings,
    write_log,
)
from obzvon.cli.translate import help_text
from obzvon.common import i18n
from obzvon.common.errors import ObzvonError, Problem, UserError, os_error_reason
from obzvon.common.i18n import say, say_many
from obzvon.common.version import installed_version
from obzvon.domain.forecast import format_json
from obzvon.domain.schedule import Schedule
from obzvon.journal.findings import Level, worst_level
from obzvon.journal.lock import JournalBusyError
from obzvon.journal.schema import SCHEMA
from obzvon.reports import call_report
from obzvon.reports.next_run import next_run_forecast
from obzvon.reports.status import current_status, service_status
from obzvon.service import factory
from obzvon.service.scheduler import stop_on_signals
from obzvon.settings.model import load_settings

log = logging.getLogger("obzvon")
watch_log = logging.getLogger("obzvon.watch")


_MARKS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.ERROR: ("✗", "red")}


def _print_version(context: click.Context) -> None:
    """Print what a report of a fault needs to say, and exit."""
    click.echo(f"obzvon {installed_version()}")
    echo(say("journal: schema {schema}", schema=SCHEMA))
    click.echo(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")
    context.exit()


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    help=help_text("Calls everyone on a list through Asterisk at a set time each day."),
)
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path),
    metavar=help_text("FILE"),
    help=help_text("the settings.ini to use; default: $OBZVON_SETTINGS, ./settings.ini, /etc/obzvon/settings.ini"),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, wanted: _print_version(context) if wanted else None,
    help=help_text("Show the version and exit."),
)
@click.pass_context
def cli(context: click.Context, file: Path | None) -> None:
    """Remember the settings file for the commands, which read it if they need it."""
    context.obj = file


@cli.command(
    help=help_text(
        "Show everything in a temporary folder, without real calls. A list, a schedule, the editor, "
        "and a run that takes two minutes."
    )
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar=help_text("DIR"),
    help=help_text("use this folder, and keep it"),
)
@click.option("--exit", "once", is_flag=True, help=help_text("end with the run, and print its report"))
@click.option("--fast", is_flag=True, help=help_text("a run of a few seconds"))
def demo(folder: Path | None, once: bool, fast: bool) -> None:
    """Run the demonstration."""
    pace = demonstration.FAST if fast else demonstration.WATCHABLE
    with demonstration.demo_folder(folder) as chosen:
        shown = demonstration.Demo(chosen.absolute(), echo, pace)
        # In a terminal the progress bar shows the run. The lines of the log would push the editor's address away.
        log_here = not sys.stderr.isatty()
        with (
            editor.serve_demo(shown.settings) as access,
            write_log(shown.settings, terminal=log_here),
            show_progress(shown.journal) as bar,
        ):
            run = shown.run(bar, access, once=once)
        if run is not None:
            report_table.show_report(
                Console(),
                shown.journal.calls.records_on(run.day),
                day=run.day,
                zone=shown.settings.zone,
                least=shown.settings.delivered,
            )
        if folder is not None:
            echo(say("the folder is kept: {path}", path=folder))
        shown.journal.close()


@cli.command(
    help=help_text(
        "Create a working folder. It contains settings.ini, an empty list and a schedule without "
        "start times. With --settings FILE the settings are written to that file instead."
    )
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar=help_text("DIR"))
@click.option(
    "--rehearsal",
    is_flag=True,
    help=help_text("with a spool of its own in DIR, so that the Asterisk of this machine calls nobody"),
)
@click.pass_obj
def init(file: Path | None, folder: Path, rehearsal: bool) -> None:
    """Create a working folder."""
    file = workspace.create_folder(folder.absolute(), file=file and file.absolute(), rehearsal=rehearsal)
    settings = load_settings(file)
    now = datetime.now(UTC)
    with open_journal(settings) as journal:  # from now on an edit of the schedule differs from a missed start
        journal.seen_schedules.remember(Schedule(), now.astimezone(settings.zone).date(), now)
    echo(say("created: {path}", path=file))
    for message in editor.add_first_user(file):
        echo(message)
    if rehearsal:
        echo(workspace.describe_rehearsal(file, settings))
    echo(say("read the settings, then run: {command}", command=workspace.own_command("--settings", str(file), "check")))


@cli.command(
    short_help=help_text("Run the service in the foreground."),
    help=help_text("Run the service in the foreground, for supervisor or systemd."),
)
@click.option("--once", is_flag=True, help=help_text("check once, as from cron: finish a run that is due, then end"))
@click.pass_obj
def run(file: Path | None, once: bool) -> None:
    """Run the service."""
    settings = use_settings(file)
    with write_log(settings), contextlib.ExitStack() as stack:
        if once and settings.log_level != "DEBUG":
            watch_log.setLevel(logging.CRITICAL)
        try:
            journal = stack.enter_context(open_service_journal(settings, waits=not once))
            lock = journal.acquire_lock()
        except JournalBusyError as busy:
            if not once:
                raise
            watch_log.info("%s", busy)
            return
        bar = stack.enter_context(show_progress(journal))
        for note in settings.notes:
            watch_log.warning("%s", note)
        service = factory.build_service(settings, journal, lock)
        finished = True
        try:
            with stop_on_signals(service):
                if once:
                    finished = service.run_once(bar)
                else:
                    service.run_forever(bar)
        except ObzvonError as error:
            log.error("%s", error)  # noqa: TRY400 - written for an operator, no traceback
            raise
        finally:
            service.dialer.handover.close()
            lock.release()
    if not finished:
        sys.exit(EXIT_WRONG)


@cli.command(help=help_text("Check everything, and list each problem with its remedy."))
@click.pass_obj
def check(file: Path | None) -> None:
    """Print the findings of a self-check."""
    settings = use_settings(file)
    findings = list(runner.run_checks(settings, Spool.from_settings(settings), now=datetime.now(UTC)))
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        click.echo(f"{click.style(mark, fg=colour, bold=True)} {finding}")
    if problems := sum(finding.level is not Level.OK for finding in findings):
        echo(say_many("{n} thing needs your attention", "{n} things need your attention", problems))
    else:
        echo(say("everything is in order"))
    if worst_level(findings) is Level.ERROR:
        sys.exit(EXIT_WRONG)


@cli.command(
    short_help=help_text("Show what the next run will do."),
    help=help_text("Show what the next run will do, when it will end, and the next seven starts."),
)
@click.option("--json", "as_json", is_flag=True, help=help_text("print one JSON document"))
@click.pass_obj
def plan(file: Path | None, as_json: bool) -> None:
    """Print the forecast of the next run."""
    settings = use_settings(file)
    phones, week = load_current(factory.open_phones(settings)), load_current(factory.open_schedule(settings))
    with open_existing_journal(settings) as journal:
        forecast = next_run_forecast(settings, phones.data, week, journal, datetime.now(UTC))
        foreign = show_day_conflict(settings, journal)
        held = () if foreign else service_status(journal.heartbeats.latest(), datetime.now(UTC)).problems
    for problem in held:
        echo(say("the service reports a problem: {trouble}", trouble=problem), err=True)
    if as_json:
        reasons = [foreign.message()] if foreign else held
        click.echo(format_json(forecast.as_dict() | {"problems": [str(reason) for reason in reasons]}))
    else:
        tables.show_forecast(Console(), forecast)
    if phones.problems or week.problems or foreign or held:
        sys.exit(EXIT_WRONG)


@cli.command(help=help_text("Show the run in progress, or the last one."))
@click.option("--json", "as_json", is_flag=True, help=help_text("print one JSON document"))
@click.pass_obj
def status(file: Path | None, as_json: bool) -> None:
    """Print the state of the service and of its run."""
    settings = use_settings(file)
    with open_existing_journal(settings) as journal:
        found = current_status(settings, journal, datetime.now(UTC))
        if as_json:
            click.echo(found.to_json())
        else:
            tables.show_status(Console(), found)
        if not found.service.problems:
            show_day_conflict(settings, journal)


@cli.command(help=help_text("Show a day's calls and their results."))
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar=help_text("YYYY-MM-DD"),
    help=help_text("the day; default: today"),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "xlsx", "json"]),
    default="table",
    show_default=True,
    help=help_text("the format of the report"),
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar=help_text("FILE"),
    help=help_text("write to this file; default: the standard output"),
)
@click.pass_obj
def report(file: Path | None, day: datetime | None, form: str, output: Path | None) -> None:
    """Print or write the calls of a day."""
    settings = use_settings(file)
    wanted = day.date() if day else datetime.now(UTC).astimezone(settings.zone).date()
    with open_existing_journal(settings) as journal:
        lines = journal.calls.records_on(wanted)
        active = journal.runs.active() if not day else None
        if active is not None and active.day < wanted:
            echo(
                say(
                    "run {run} of {day} is still in progress: obzvon report --date {date}",
                    run=active.id,
                    day=active.day,
                    date=active.day.isoformat(),
                ),
                err=True,
            )
        if form == "table":
            report_table.show_report(Console(), lines, day=wanted, zone=settings.zone, least=settings.delivered)
            return
        with open_output(output, form) as stream:
            if form == "csv":
                call_report.write_calls_csv(lines, stream, zone=settings.zone, least=settings.delivered)
            elif form == "xlsx":
                call_report.write_calls_xlsx(lines, stream, zone=settings.zone, least=settings.delivered)
            else:
                call_report.write_calls_json(lines, stream, day=wanted, zone=settings.zone, least=settings.delivered)


@cli.command(
    help=help_text("Clear what an Asterisk crash left in the spool. Only before Asterisk starts, from its unit.")
)
@click.pass_obj
def sweep(file: Path | None) -> None:
    """Take call files of ours out of the spool before Asterisk starts."""
    settings = use_settings(file)
    spool = Spool.from_settings(settings)
    if spool.asterisk_state() is AsteriskState.RUNNING:
        echo(
            say(
                "Asterisk is running: the files in the spool are its calls, and none was taken out; stop Asterisk first"
            ),
            err=True,
        )
        sys.exit(EXIT_WRONG)
    try:
        with open_existing_journal(settings) as journal:
            tokens = None if journal.is_absent else journal.runs.tokens()
    except UserError:  # an unreachable journal is no reason to let Asterisk make the calls
        tokens = None
    taken = spool.sweep(tokens)
    echo(say_many("{n} call file was taken out of the spool", "{n} call files were taken out of the spool", taken))


for order in (control.start, control.pause, control.resume, control.stop, control.call):
    cli.add_command(order)
cli.add_command(journal_commands.journal)
cli.add_command(recover.recover)
cli.add_command(editor.web)
cli.add_command(editor.user)


def main() -> NoReturn:
    """Run the program. Every error becomes a message on stderr and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # print what the terminal can show of a name
            stream.reconfigure(errors="replace")
    i18n.set_language(i18n.preferred_language())
    translate.translate(cli)
    try:
        cli(standalone_mode=False)
        if sys.stdout is not None:  # None if the parent process closed it
            sys.stdout.flush()
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_NOT_RUN)
    except ObzvonError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_NOT_RUN)
    except BrokenPipeError:  # the reader of our output has closed it
        sys.exit(EXIT_NOT_RUN)
    except OSError as error:
        click.echo(str(Problem(str(error.filename or ""), os_error_reason(error))), err=True)
        sys.exit(EXIT_NOT_RUN)
    sys.exit(0)


if __name__ == "__main__":
    main()
