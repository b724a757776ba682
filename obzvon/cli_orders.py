"""The commands that ask the service for something, and wait for its answer."""

import getpass
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from obzvon.again import results_in
from obzvon.cli_language import told
from obzvon.cli_settings import journal_if_any, settings_of
from obzvon.commands import Answer, Commands
from obzvon.language import say

_WRONG = 1
_PATIENCE = 5.0
"""Seconds in which a service that is there takes a command."""
_ANSWER = 30.0
"""Seconds in which a command that was taken is answered."""


@click.command(help=told("Begins a run now, beside the week's."))
@click.option("--again", is_flag=True, help=told("ring also those who were rung today already"))
@click.option("--rest", is_flag=True, help=told("ring only those who were not rung today"))
@click.option("--only", metavar=told("RESULTS"), help=told(
    "ring again only those with these results, commas between them; a wrong one is answered with all there are"))
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), metavar=told("YYYY-MM-DD"),
              help=told("with --only: the day whose results those are; else today"))
@click.pass_obj
def start(file: Path | None, again: bool, rest: bool, only: str | None, day: datetime | None) -> None:
    """A run by hand."""
    if again + rest + (only is not None) > 1:
        raise click.UsageError(str(say("--again, --rest and --only exclude each other")))
    if day is not None and only is None:
        raise click.UsageError(str(say("--date goes with --only")))
    if only is None:
        _order(file, "start", again=again, rest=rest)
    else:
        wanted = ",".join(sorted(results_in(only)))
        _order(file, "start", only=wanted, day=day.date().isoformat() if day else "")


@click.command(help=told("Holds the hand-over; calls in progress go on."))
@click.pass_obj
def pause(file: Path | None) -> None:
    """Holds the run."""
    _order(file, "pause")


@click.command(help=told("Goes on with a paused run."))
@click.pass_obj
def resume(file: Path | None) -> None:
    """Goes on."""
    _order(file, "resume")


@click.command(help=told("Ends the run: who was not rung yet will not be."))
@click.option("--withdraw", is_flag=True,
              help=told("take files that Asterisk has not started out of the spool as well"))
@click.pass_obj
def stop(file: Path | None, withdraw: bool) -> None:
    """Ends the run."""
    _order(file, "stop", withdraw=withdraw)


@click.command(help=told("One test call to NUMBER, outside any run."))
@click.argument("number", metavar=told("NUMBER"))
@click.option("--code", default="", metavar=told("DIGITS"), help=told("extension code, sent after the answer"))
@click.pass_obj
def call(file: Path | None, number: str, code: str) -> None:
    """A test call."""
    _order(file, "call", number=number, code=code)


def _order(file: Path | None, name: str, **params: str | bool) -> None:
    """Leaves a command for the service and prints its answer."""
    with journal_if_any(settings_of(file)) as journal:
        answer = None
        if journal is not None:
            commands = Commands(journal)
            answer = _answer(commands, commands.ask(name, by=_who(), at=datetime.now(UTC), **params))
    if answer is None:
        click.echo(str(say("no service took the command within {seconds} seconds; is it running? See: "
                           "supervisorctl status obzvon", seconds=int(_PATIENCE))), err=True)
        sys.exit(_WRONG)
    click.echo(str(answer.text), err=not answer.ok)
    if not answer.ok:
        sys.exit(_WRONG)


def _answer(commands: Commands, number: int) -> Answer | None:
    asked = time.monotonic()
    taken = False
    while (answer := commands.answered(number)) is None:
        waited = time.monotonic() - asked
        if waited > _ANSWER or (not taken and waited > _PATIENCE and commands.give_up(number)):
            return None
        taken = taken or waited > _PATIENCE
        time.sleep(0.05)
    return answer


def _who() -> str:
    """Who types: the login behind sudo, else the user of the process."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
