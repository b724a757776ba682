"""The commands that copy, restore and move the journal, and decide about calls that it does not know."""

import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from obzvon.cli.context import echo, open_journal, show_day_conflict, use_settings
from obzvon.cli.control import AT_NIGHT, refuse_at_night, requester, send_command
from obzvon.cli.translate import help_text
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import say, say_many
from obzvon.common.supervision import supervisor_command
from obzvon.journal import transfer
from obzvon.journal.journal import Journal
from obzvon.reports.day_conflict import describe_counts, find_day_conflict
from obzvon.reports.status import service_status
from obzvon.service.clock_guard import CLOCK_ACCEPTED, NO_LATER_TIME, ClockGuard
from obzvon.service.day_guard import (
    CALLS_ACCEPTED,
    NO_CALLS_ACCEPTED,
    NOT_KNOWN_WHOM,
    NOTHING_TO_DECIDE,
    DayDecision,
    DayGuard,
)
from obzvon.settings.model import Settings
from obzvon.settings.paths import journal_url
from obzvon.settings.secrets import mask_password, parse_journal_url
from obzvon.settings.values import InvalidValueError


@click.group(
    short_help=help_text("Copy, restore or move the journal."),
    help=help_text("Copy, restore or move the journal, or decide about calls that it does not know."),
)
def journal() -> None:
    """Group the commands about the journal."""


@journal.command(
    short_help=help_text("Write a copy of the journal."),
    help=help_text("Write a copy of the journal into FILE, also while the service works. FILE is replaced as a whole."),
)
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False), metavar=help_text("FILE"))
@click.pass_obj
def backup(file: Path | None, target: Path) -> None:
    """Back the journal up."""
    settings = use_settings(file)
    with open_journal(settings) as opened, _file_errors(target):
        transfer.back_up(opened, target)
    echo(say("the journal is copied: {path}", path=target))


@journal.command(
    short_help=help_text("Put a copy in the place of the journal."),
    help=help_text("Put the copy in FILE in the place of the journal, which is kept. The service must be stopped."),
)
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False), metavar=help_text("FILE"))
@click.pass_obj
def restore(file: Path | None, source: Path) -> None:
    """Restore the journal from a copy."""
    settings = use_settings(file)
    with _file_errors(source):
        kept = transfer.restore(source, settings.journal.reveal())
    echo(say("the journal is restored from {path}", path=source))
    if kept is not None:
        echo(say("the one that was there before is kept: {path}", path=kept))
    with open_journal(settings) as opened:
        show_day_conflict(settings, opened)


@journal.command(
    short_help=help_text("Move the journal to another database."),
    help=help_text(
        "Move the journal to another database: a file, or postgresql+psycopg://… as in [Journal] url. "
        "A service that works on the old one stops handing over."
    ),
)
@click.argument("url", metavar=help_text("URL"))
@click.pass_obj
def move(file: Path | None, url: str) -> None:
    """Move the journal to another database."""
    settings = use_settings(file)
    try:
        address = journal_url(settings.file.parent, parse_journal_url(url))
    except InvalidValueError as error:
        raise UserError([Problem(mask_password(url), error.what, error.remedy)]) from error
    with open_journal(settings) as source, contextlib.closing(Journal(address)) as target:
        count = transfer.move(source, target)
        echo(say_many("{n} row was moved to {target}", "{n} rows were moved to {target}", count, target=target.address))
    echo(
        say(
            "nobody is called before the new address is in {settings}, [Journal] url; write it there, then: {command}",
            settings=settings.file,
            command=supervisor_command("restart", "obzvon obzvon-web"),
        )
    )


@journal.command(
    short_help=help_text("Decide about calls that the journal does not know."),
    help=help_text(
        "Decide what happens today with a journal that does not know whom obzvon has already called. "
        "It is another journal, or an older copy."
    ),
)
@click.option("--no-calls", is_flag=True, help=help_text("nobody else is called today"))
@click.option(
    "--call",
    "may_call",
    is_flag=True,
    help=help_text("call everybody who waits in this journal, some perhaps for the second time"),
)
@click.option("--rest", is_flag=True, help=help_text("call only those who were not called today"))
@click.option(
    "--clock",
    "clock",
    is_flag=True,
    help=help_text("the clock is right, and the later times in the journal come from a clock that was wrong"),
)
@AT_NIGHT
@click.pass_obj
def accept(file: Path | None, no_calls: bool, may_call: bool, rest: bool, clock: bool, *, at_night: bool) -> None:
    """Decide a conflict of the journal with the day record, or with the clock."""
    if no_calls + may_call + rest + clock != 1:
        raise click.UsageError(str(say("choose one of --no-calls, --call, --rest and --clock")))
    settings = use_settings(file)
    refuse_at_night(file, confirmed=at_night or no_calls)
    with open_journal(settings) as opened:
        now = datetime.now(UTC)
        seen = _show_rest(settings, opened, now) if rest else {}
        if service_status(opened.heartbeats.latest(), now).alive:
            send_command(file, "accept", **({"clock": True} if clock else seen or {"call": may_call}))
            return
        lock = opened.acquire_lock()
        try:
            if clock:
                _accept_clock(settings, opened, now)
                return
            decision = _decision(may_call=may_call, rest=rest)
            is_decided = DayGuard(settings, opened).accept(now, by=requester(), decision=decision)
        finally:
            lock.release()
    if not is_decided:
        raise UserError([Problem(opened.address, NOTHING_TO_DECIDE)])
    if rest:
        echo(say("accepted: when the service runs, the run continues; if none is in progress: obzvon start --rest"))
        return
    echo(CALLS_ACCEPTED if may_call else NO_CALLS_ACCEPTED)


def _decision(*, may_call: bool, rest: bool) -> DayDecision:
    if rest:
        return DayDecision.REST
    return DayDecision.EVERYBODY if may_call else DayDecision.NOBODY


def _show_rest(settings: Settings, opened: Journal, now: datetime) -> dict[str, int]:
    """Print whom `--rest` would call, ask at a terminal, and return the command's parameters."""
    conflict = find_day_conflict(settings, opened, now)
    if conflict is None or conflict.left is None:
        what = NOTHING_TO_DECIDE if conflict is None else NOT_KNOWN_WHOM
        raise UserError([Problem(opened.address, what)])
    echo(describe_counts(conflict))
    if sys.stdin.isatty():
        click.confirm(str(say("call those who are left?")), abort=True)
    return {"rest": True, "left": conflict.left}


def _accept_clock(settings: Settings, opened: Journal, now: datetime) -> None:
    if not ClockGuard(settings, opened).accept(now):
        raise UserError([Problem(opened.address, NO_LATER_TIME)])
    echo(CLOCK_ACCEPTED)


@contextlib.contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Raise UserError for an error of the disk or of SQLite."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = os_error_reason(error) if isinstance(error, OSError) else error
        raise UserError(
            [
                Problem(
                    str(path),
                    say("the copy cannot be read or written: {why}", why=why),
                    say("name another file, or fix the permissions and the free space of its folder"),
                )
            ]
        ) from error
