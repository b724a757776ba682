"""Translates the help of the command line: our own sentences and click's."""

import gettext
import os

import click

from obzvon.common.i18n import CATALOGUE, TRANSLATIONS, current_language, say, say_many


def help_text(text: str) -> str:
    """Mark a help text for translation and return it. `translate` translates it later."""
    return text


#: Sentences of click (8.1 and later), which it looks up in the catalogue. They are here for `pybabel extract`.
CLICK_SENTENCES = (
    help_text("Usage:"),
    help_text("[OPTIONS]"),
    help_text("COMMAND [ARGS]..."),
    help_text("Options"),
    help_text("Commands"),
    help_text("Positional arguments"),
    help_text("Show this message and exit."),
    help_text("Show the version and exit."),
    help_text("default: {default}"),
    help_text("Error: {message}"),
    help_text("Try '{command} {option}' for help."),
    help_text("Missing argument"),
    help_text("Missing option"),
    help_text("Missing command."),
    help_text("No such command {name!r}."),
    help_text("No such option {name!r}."),
    help_text("No such option: {name}"),
    help_text("Option {name!r} does not take a value."),
    help_text("Invalid value: {message}"),
    help_text("Invalid value for {param_hint}: {message}"),
    help_text("{name} {filename!r} is a file."),
    help_text("{name} {filename!r} is a directory."),
    help_text("{name} {filename!r} is not readable."),
    help_text("{name} {filename!r} is not writable."),
    say_many("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})", 1),
    say_many("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", 1),
    say_many("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments.", 1),
    say_many("{value!r} is not {choice}.", "{value!r} is not one of {choices}.", 1),
    say_many("{value!r} does not match the format {format}.", "{value!r} does not match the formats {formats}.", 1),
)


def translate(command: click.Command) -> None:
    """Translate the help of a command, its options and its subcommands into the language of this process."""
    gettext.bindtextdomain(CATALOGUE, TRANSLATIONS)
    gettext.textdomain(CATALOGUE)
    os.environ["LANGUAGE"] = current_language()  # where gettext itself, and so click, looks for the reader's language
    _translate(command)


def _translate(command: click.Command) -> None:
    command.help = _translated(command.help)
    command.short_help = _translated(command.short_help)
    command.options_metavar = _translated(command.options_metavar)
    for param in command.params:
        param.metavar = _translated(param.metavar)
        if isinstance(param, click.Option):
            param.help = _translated(param.help)
    if isinstance(command, click.Group):
        command.subcommand_metavar = _translated(command.subcommand_metavar) or ""
        for inner in command.commands.values():
            _translate(inner)


def _translated(text: str | None) -> str | None:
    return str(say(text)) if text else text
