"""The command line's help in the reader's language: our own sentences in it, and click's."""

import gettext
import os

import click

from obzvon.common.i18n import CATALOGUE, TRANSLATIONS, current_language, say, say_many


def told(text: str) -> str:
    """Marks a help text for translation; `translate` words it."""
    return text


CLICK_SAYS = (
    told("Usage:"),
    told("[OPTIONS]"),
    told("COMMAND [ARGS]..."),
    told("Options"),
    told("Commands"),
    told("Positional arguments"),
    told("Show this message and exit."),
    told("Show the version and exit."),
    told("default: {default}"),
    told("Error: {message}"),
    told("Try '{command} {option}' for help."),
    told("Missing argument"),
    told("Missing option"),
    told("Missing command."),
    told("No such command {name!r}."),
    told("No such option {name!r}."),
    told("No such option: {name}"),
    told("Option {name!r} does not take a value."),
    told("Invalid value: {message}"),
    told("Invalid value for {param_hint}: {message}"),
    told("{name} {filename!r} is a file."),
    told("{name} {filename!r} is a directory."),
    told("{name} {filename!r} is not readable."),
    told("{name} {filename!r} is not writable."),
    say_many("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})", 1),
    say_many("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", 1),
    say_many("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments.", 1),
    say_many("{value!r} is not {choice}.", "{value!r} is not one of {choices}.", 1),
    say_many("{value!r} does not match the format {format}.", "{value!r} does not match the formats {formats}.", 1),
)
"""What click (8.1 and later) says of its own and looks up in the catalogue; here, so that `pybabel extract` sees it."""


def translate(command: click.Command) -> None:
    """Words the help of a command, its options and its subcommands in the language of this process."""
    gettext.bindtextdomain(CATALOGUE, TRANSLATIONS)
    gettext.textdomain(CATALOGUE)
    os.environ["LANGUAGE"] = current_language()  # where gettext itself, and so click, looks for the reader's language
    _word(command)


def _word(command: click.Command) -> None:
    command.help = _worded(command.help)
    command.options_metavar = _worded(command.options_metavar)
    for param in command.params:
        param.metavar = _worded(param.metavar)
        if isinstance(param, click.Option):
            param.help = _worded(param.help)
    if isinstance(command, click.Group):
        command.subcommand_metavar = _worded(command.subcommand_metavar) or ""
        for inner in command.commands.values():
            _word(inner)


def _worded(text: str | None) -> str | None:
    return str(say(text)) if text else text
