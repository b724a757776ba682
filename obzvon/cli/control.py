"""The commands that submit a command to the service and wait for its answer."""

import getpass
import os
import pwd
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from obzvon.cli.context import EXIT_WRONG, echo, open_existing_journal, use_settings
from obzvon.cli.translate import help_text
from obzvon.common.i18n import Message, say
from obzvon.common.supervision import supervisor_command
from obzvon.domain.redial import parse_results
from obzvon.domain.schedule import is_night
from obzvon.journal.commands import RESULT_SECONDS, TAKE_SECONDS, CommandOutcome, CommandStatus
from obzvon.journal.journal import Journal
from obzvon.reports.status import service_status

AT_NIGHT = click.option(
    "--at-night", is_flag=True, help=help_text("call even between 21:00 and 8:00, when people are usually not called")
)


@click.command(help=help_text("Start a run now, outside the schedule."))
@click.option("--again", is_flag=True, help=help_text("also call those who were already called today"))
@click.option("--rest", is_flag=True, help=help_text("call only those who were not called today"))
@click.option(
    "--only",
    metavar=help_text("RESULTS"),
    help=help_text(
        "call again only those with these results, separated by commas; an unknown result lists all of them"
    ),
)
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar=help_text("YYYY-MM-DD"),
    help=help_text("with --only: the day of those results; default: today"),
)
@AT_NIGHT
@click.pass_obj
def start(
    file: Path | None, again: bool, rest: bool, only: str | None, day: datetime | None, *, at_night: bool
) -> None:
    """Start a run by hand."""
    if again + rest + (only is not None) > 1:
        raise click.UsageError(str(say("--again, --rest and --only cannot be combined")))
    if day is not None and only is None:
        raise click.UsageError(str(say("--date needs --only")))
    wanted = None if only is None else ",".join(sorted(parse_results(only)))
    refuse_at_night(file, confirmed=at_night)
    if wanted is None:
        send_command(file, "start", again=again, rest=rest)
    else:
        send_command(file, "start", only=wanted, day=day.date().isoformat() if day else "")


@click.command(help=help_text("Pause the run; calls in progress continue."))
@click.pass_obj
def pause(file: Path | None) -> None:
    """Pause the run."""
    send_command(file, "pause")


@click.command(help=help_text("Resume a run that is paused or held."))
@AT_NIGHT
@click.pass_obj
def resume(file: Path | None, *, at_night: bool) -> None:
    """Resume the run."""
    refuse_at_night(file, confirmed=at_night)
    send_command(file, "resume")


@click.command(help=help_text("End the run: nobody else will be called."))
@click.option(
    "--withdraw", is_flag=True, help=help_text("also take call files that Asterisk has not started out of the spool")
)
@click.pass_obj
def stop(file: Path | None, withdraw: bool) -> None:
    """End the run."""
    send_command(file, "stop", withdraw=withdraw)


@click.command(help=help_text("Make one test call to NUMBER, outside any run."))
@click.argument("number", metavar=help_text("NUMBER"))
@click.option(
    "--code", default="", metavar=help_text("DIGITS"), help=help_text("extension code, sent after the answer")
)
@AT_NIGHT
@click.pass_obj
def call(file: Path | None, number: str, code: str, *, at_night: bool) -> None:
    """Make a test call."""
    refuse_at_night(file, confirmed=at_night)
    send_command(file, "call", number=number, code=code)
    echo(say("to see how it ends: obzvon report"))


def refuse_at_night(file: Path | None, *, confirmed: bool) -> None:
    """Exit with status 1 at an hour when people are usually not called, unless --at-night says that it is meant."""
    now = datetime.now(UTC).astimezone(use_settings(file).zone)
    if is_night(now) and not confirmed:
        text = say(
            "nobody is called: it is {time}, when people are usually not called; if you mean it, add --at-night",
            time=f"{now:%H:%M}",
        )
        echo(text, err=True)
        sys.exit(EXIT_WRONG)


def send_command(file: Path | None, name: str, **params: Any) -> None:
    """Submit a command to the service, print its result, and exit with status 1 if it was not done."""
    params = {key: _encodable(value) if isinstance(value, str) else value for key, value in params.items()}
    with open_existing_journal(use_settings(file)) as journal:
        outcome = journal.commands.submit_and_wait(name, by=requester(), at=datetime.now(UTC), **params)
        text = _outcome_text(journal, outcome)
    is_done = outcome.status is CommandStatus.DONE
    echo(text, err=not is_done)
    if not is_done:
        sys.exit(EXIT_WRONG)


def _outcome_text(journal: Journal, outcome: CommandOutcome) -> Message:
    """Return the sentence for the operator."""
    if outcome.status is CommandStatus.NOT_TAKEN:
        if service_status(journal.heartbeats.latest(), datetime.now(UTC)).alive:
            return say(
                "the service did not answer in time; it may be busy with a big list; see: obzvon "
                "status, then give the command again"
            )
        return say(
            "no service took the command within {seconds} seconds; is it running? See: {command}",
            seconds=int(TAKE_SECONDS),
            command=supervisor_command("status"),
        )
    if outcome.status is CommandStatus.NOT_ANSWERED:
        return say(
            "the service took the command but did not answer within {seconds} seconds; see: obzvon status",
            seconds=int(RESULT_SECONDS),
        )
    if outcome.status is CommandStatus.UNKNOWN:
        return say("{what}; see: obzvon status", what=outcome.text)
    return outcome.text


def requester() -> str:
    """Return the name of the operator: the login behind sudo or runuser, else the user of the process."""
    try:
        return _encodable(os.environ.get("SUDO_USER") or login_name() or getpass.getuser())
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _encodable(text: str) -> str:
    """Return the text with undecodable bytes replaced: the journal cannot store them."""
    return text.encode(errors="replace").decode()


def login_name(loginuid: Path = Path("/proc/self/loginuid")) -> str:
    """Return the user who logged in, even after sudo or su; '' if the kernel has not recorded it."""
    try:
        return pwd.getpwuid(int(loginuid.read_text(encoding="ascii"))).pw_name
    except (KeyError, OSError, ValueError, OverflowError):  # 4294967295, which is no user, if nobody logged in
        return ""
