"""The command line: `obzvon [--settings FILE] COMMAND`.

Exit status: 0 done; 1 it ran and something is wrong; 2 it could not run.
"""

import io
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NoReturn, TypeVar

import click
from rich.console import Console

from obzvon import __version__
from obzvon.asterisk.process import AsteriskState
from obzvon.asterisk.spool import Spool
from obzvon.checks import runner
from obzvon.cli import control, editor, tables, translate, workspace
from obzvon.cli import demo as demonstration
from obzvon.cli.context import open_existing_journal
from obzvon.cli.context import use_settings as _settings
from obzvon.cli.progress import RunProgressBar
from obzvon.cli.translate import help_text
from obzvon.common import files, i18n, logs
from obzvon.common.errors import ObzvonError, Problem, UserError, os_error_reason
from obzvon.common.i18n import Message, say, say_many
from obzvon.documents.store import Document, DocumentError, LoadedDocument
from obzvon.documents.watcher import WatchedDocument, way_back
from obzvon.domain.schedule import Schedule
from obzvon.journal.database import JournalUnavailableError
from obzvon.journal.findings import Level, worst_level
from obzvon.journal.journal import Journal
from obzvon.journal.lock import JournalBusyError
from obzvon.reports import call_report
from obzvon.reports.next_run import next_run_forecast
from obzvon.reports.status import current_status
from obzvon.service import factory
from obzvon.service.scheduler import stop_on_signals
from obzvon.settings.model import Settings, load_settings

log = logging.getLogger("obzvon")
T = TypeVar("T")
watch = logging.getLogger("obzvon.watch")

WRONG = 1
NOT_RUN = 2

_RETRY = 10.0
"""Seconds until a journal that cannot be opened is tried again."""

_MARKS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.ERROR: ("✗", "red")}


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    help=help_text("Rings everybody on a list at the day's hour through Asterisk."),
)
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path),
    metavar=help_text("FILE"),
    help=help_text("settings.ini; else $OBZVON_SETTINGS, ./settings.ini, /etc/obzvon/settings.ini"),
)
@click.version_option(__version__, prog_name="obzvon", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, file: Path | None) -> None:
    """The group; the settings are read by the commands that need them."""
    context.obj = file


@cli.command(
    help=help_text(
        "Shows all of it in a temporary folder; nobody is rung. A list, a week, the editor, a run in 3 seconds."
    )
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar=help_text("DIR"),
    help=help_text("use this folder and keep it"),
)
@click.option("--exit", "once", is_flag=True, help=help_text("end with the run and print its summary"))
def demo(folder: Path | None, once: bool) -> None:
    """The demonstration."""
    with demonstration.demo_folder(folder) as chosen:
        shown = demonstration.Demo(chosen.absolute(), _say)
        with editor.serve_demo(shown.settings), _logging(shown.settings), _bar(shown.journal) as bar:
            run = shown.run(bar, once=once)
        if run is not None:
            tables.show_report(
                Console(),
                shown.journal.calls.records_on(run.day),
                day=run.day,
                zone=shown.settings.zone,
                least=shown.settings.delivered,
            )
        if folder is not None:
            _say(say("the folder is kept: {path}", path=folder))
        shown.journal.close()


@cli.command(
    help=help_text(
        "Makes a working folder. In it: settings.ini, an empty list, a week without a start. With "
        "--settings FILE the settings are written there instead."
    )
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar=help_text("DIR"))
@click.option(
    "--rehearsal",
    is_flag=True,
    help=help_text("with a spool of its own in DIR: the Asterisk of this machine rings nobody by it"),
)
@click.pass_obj
def init(file: Path | None, folder: Path, rehearsal: bool) -> None:
    """A new working folder."""
    file = workspace.create_folder(folder.absolute(), file=file and file.absolute(), rehearsal=rehearsal)
    known = load_settings(file)
    now = datetime.now(UTC)
    with _journal(known) as journal:  # from now on an edit of the week can be told from a missed start
        journal.seen_schedules.remember(Schedule(), now.astimezone(known.zone).date(), now)
    _say(say("made: {path}\nread it, then: obzvon --settings {path} check", path=file))
    editor.add_first_user(file)


@cli.command(help=help_text("The service, in the foreground, for supervisor."))
@click.option(
    "--once", is_flag=True, help=help_text("one check, as from cron: a run that is due is done whole, then it ends")
)
@click.pass_obj
def run(file: Path | None, once: bool) -> None:
    """The service."""
    known = _settings(file)
    with _logging(known), _journal(known, patient=not once) as journal, _bar(journal) as bar:
        if once and known.log_level != "DEBUG":
            watch.setLevel(logging.CRITICAL)
        try:
            lock = journal.acquire_lock()
        except JournalBusyError as busy:
            if not once:
                raise
            watch.info("%s", busy)
            return
        for note in known.notes:
            watch.warning("%s", note)
        service = factory.build_service(known, journal, lock)
        finished = True
        try:
            with stop_on_signals(service):
                if once:
                    finished = service.run_once(bar)
                else:
                    service.run_forever(bar)
        except ObzvonError as error:
            log.error("%s", error)  # noqa: TRY400 - it is told to an operator, not traced
            raise
        finally:
            service.dialer.handover.close()
            lock.release()
    if not finished:
        sys.exit(WRONG)


@cli.command(help=help_text("The self-check: each problem with its remedy."))
@click.pass_obj
def check(file: Path | None) -> None:
    """The self-check."""
    known = _settings(file)
    findings = list(runner.run_checks(known, Spool.from_settings(known), now=datetime.now(UTC)))
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        click.echo(f"{click.style(mark, fg=colour, bold=True)} {finding}")
    problems = sum(finding.level is not Level.OK for finding in findings)
    click.echo(
        str(
            say_many("{n} thing needs your attention", "{n} things need your attention", problems)
            if problems
            else say("all is well")
        )
    )
    if worst_level(findings) is Level.ERROR:
        sys.exit(WRONG)


@cli.command(help=help_text("What the next run would do and when it would end. And the next seven starts."))
@click.option("--json", "as_json", is_flag=True, help=help_text("one JSON document"))
@click.pass_obj
def plan(file: Path | None, as_json: bool) -> None:
    """The next run."""
    known = _settings(file)
    phones, week = _in_force(factory.open_phones(known)), _in_force(factory.open_schedule(known))
    with open_existing_journal(known) as journal:
        foreseen = next_run_forecast(known, phones.data, week, journal, datetime.now(UTC))
    if as_json:
        click.echo(foreseen.to_json())
    else:
        tables.show_forecast(Console(), foreseen)
    if phones.problems or week.problems:
        sys.exit(WRONG)


@cli.command(help=help_text("The run in progress or the last one."))
@click.option("--json", "as_json", is_flag=True, help=help_text("one JSON document"))
@click.pass_obj
def status(file: Path | None, as_json: bool) -> None:
    """How the run stands."""
    known = _settings(file)
    with open_existing_journal(known) as journal:
        found = current_status(
            journal,
            journal.heartbeats.latest() if journal else None,
            datetime.now(UTC),
            zone=known.zone,
            pace=known.pace(),
            latest=known.latest,
            least=known.delivered,
        )
        if as_json:
            click.echo(found.to_json())
        else:
            tables.show_status(Console(), found)


@cli.command(help=help_text("Calls of a day and their results."))
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar=help_text("YYYY-MM-DD"),
    help=help_text("the day; else today"),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "xlsx", "json"]),
    default="table",
    show_default=True,
    help=help_text("what to print"),
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar=help_text("FILE"),
    help=help_text("write to this file; else to the standard output"),
)
@click.pass_obj
def report(file: Path | None, day: datetime | None, form: str, output: Path | None) -> None:
    """A day's calls."""
    known = _settings(file)
    wanted = day.date() if day else datetime.now(UTC).astimezone(known.zone).date()
    with open_existing_journal(known) as journal:
        lines = journal.calls.records_on(wanted) if journal else iter(())
        active = journal.runs.active() if journal and not day else None
        if active is not None and active.day < wanted:
            click.echo(
                str(
                    say(
                        "run {run} of {day} is still in progress: obzvon report --date {day}",
                        run=active.id,
                        day=active.day,
                    )
                ),
                err=True,
            )
        if form == "table":
            tables.show_report(Console(), lines, day=wanted, zone=known.zone, least=known.delivered)
            return
        with _output(output, form) as stream:
            if form == "csv":
                call_report.write_calls_csv(lines, stream, zone=known.zone, least=known.delivered)
            elif form == "xlsx":
                call_report.write_calls_xlsx(lines, stream, zone=known.zone, least=known.delivered)
            else:
                call_report.write_calls_json(lines, stream, day=wanted, zone=known.zone, least=known.delivered)


@cli.command(
    help=help_text("Clears what an Asterisk crash left in the spool. Only before Asterisk starts, from its unit.")
)
@click.pass_obj
def sweep(file: Path | None) -> None:
    """Before Asterisk's start."""
    known = _settings(file)
    spool = Spool.from_settings(known)
    if spool.asterisk_state() is AsteriskState.RUNNING:
        click.echo(
            str(
                say(
                    "Asterisk is running: what lies in the spool are its calls, and nothing is taken out; "
                    "stop Asterisk first"
                )
            ),
            err=True,
        )
        sys.exit(WRONG)
    try:
        with open_existing_journal(known) as journal:
            tokens = journal.runs.tokens() if journal else None
    except UserError:  # a journal that is away is no reason to let Asterisk ring
        tokens = None
    taken = spool.sweep(tokens)
    _say(say_many("{n} call file was taken out of the spool", "{n} call files were taken out of the spool", taken))


for order in (control.start, control.pause, control.resume, control.stop, control.call):
    cli.add_command(order)
cli.add_command(editor.web)
cli.add_command(editor.user)


def main() -> NoReturn:
    """The program: every error becomes its lines on stderr and the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show is no reason to show nothing
            stream.reconfigure(errors="replace")
    i18n.set_language(i18n.preferred_language())
    translate.translate(cli)
    try:
        cli(standalone_mode=False)
        if sys.stdout is not None:  # closed by who started us
            sys.stdout.flush()
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(NOT_RUN)
    except ObzvonError as error:
        click.echo(str(error), err=True)
        sys.exit(NOT_RUN)
    except BrokenPipeError:  # who read our output has had enough
        sys.exit(NOT_RUN)
    except OSError as error:
        click.echo(str(Problem(str(error.filename or ""), os_error_reason(error))), err=True)
        sys.exit(NOT_RUN)
    sys.exit(0)


@contextmanager
def _journal(known: Settings, *, patient: bool = False) -> Iterator[Journal]:
    """The journal, opened; a service is patient with one that cannot be used yet, as before its database is up."""
    told = None
    while True:
        try:
            journal = factory.open_journal(known, patience=1.0 if patient else 30.0)
            break
        except JournalUnavailableError as error:
            if not patient:
                raise
            if error.problems != told:
                told = error.problems
                log.error("%s", error)  # noqa: TRY400 - it is told to an operator, not traced
            time.sleep(_RETRY)
    try:
        yield journal
    finally:
        journal.close()


def _in_force(document: Document[T]) -> LoadedDocument[T]:
    """A document as the service goes by it: where it is broken, its last good copy, and that is said."""
    try:
        return document.load()
    except DocumentError as error:
        loaded = WatchedDocument(document).current()
        click.echo(f"{error}\n{way_back(document)}", err=True)
        return loaded


@contextmanager
def _logging(known: Settings) -> Iterator[None]:
    logs.set_up_logging(known.logs, known.zone, level=known.log_level, keep_days=known.keep_days, terminal=True)
    try:
        yield
    finally:
        logs.remove_log_handlers()


@contextmanager
def _bar(journal: Journal) -> Iterator[RunProgressBar]:
    with RunProgressBar(journal, Console(stderr=True)) as bar:
        yield bar


@contextmanager
def _output(file: Path | None, form: str) -> Iterator[IO[bytes]]:
    if file is None:
        if form == "xlsx" and sys.stdout.isatty():
            raise click.UsageError(str(say("a workbook cannot be shown in a terminal; name a file with --output")))
        yield sys.stdout.buffer
        return
    try:
        if file.exists() and not file.is_file():  # a pipe or /dev/stdout: nothing may take its place
            with file.open("wb") as stream:
                yield stream
        else:
            with files.replace_file(file) as descriptor, open(descriptor, "wb", closefd=False) as stream:
                yield stream
    except OSError as error:
        raise UserError(
            [
                Problem(
                    str(file),
                    say("cannot be written: {why}", why=os_error_reason(error)),
                    say("name another file with --output"),
                )
            ]
        ) from error


def _say(text: Message) -> None:
    click.echo(str(text))


if __name__ == "__main__":
    main()
