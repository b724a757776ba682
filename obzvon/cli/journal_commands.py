"""The commands that copy, restore and move the journal, and decide about calls that it does not know."""

from datetime import UTC, datetime
from pathlib import Path

import click

from obzvon.cli.context import echo, open_journal, use_settings
from obzvon.cli.control import requester, send_command
from obzvon.cli.translate import help_text
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.reports.status import service_status
from obzvon.service.day_guard import CALLS_ACCEPTED, NO_CALLS_ACCEPTED, DayGuard


@click.group(help=help_text("Copy, restore or move the journal, or decide about calls that it does not know."))
def journal() -> None:
    """Group the commands about the journal."""


@journal.command(
    help=help_text(
        "Decide what happens today with a journal that does not know whom obzvon has already called. "
        "It is another journal, or an older copy."
    )
)
@click.option("--no-calls", is_flag=True, help=help_text("nobody else is called today"))
@click.option(
    "--call",
    "may_call",
    is_flag=True,
    help=help_text("call everybody who waits in this journal, some perhaps for the second time"),
)
@click.pass_obj
def accept(file: Path | None, no_calls: bool, may_call: bool) -> None:
    """Decide a conflict of the journal with the day record."""
    if no_calls == may_call:
        raise click.UsageError(str(say("choose one of --no-calls and --call")))
    settings = use_settings(file)
    with open_journal(settings) as opened:
        now = datetime.now(UTC)
        if service_status(opened.heartbeats.latest(), now).alive:
            send_command(file, "accept", call=may_call)
            return
        lock = opened.acquire_lock()
        try:
            is_decided = DayGuard(settings, opened).accept(now, by=requester(), may_call=may_call)
        finally:
            lock.release()
    if not is_decided:
        raise UserError(
            [Problem(opened.address, say("there is nothing to decide: the journal knows of all of today's calls"))]
        )
    echo(CALLS_ACCEPTED if may_call else NO_CALLS_ACCEPTED)
