"""The commands of the program, read from the program itself."""

from collections.abc import Iterator

import click

from obzvon.cli.main import cli


def command_names(group: click.Group = cli, before: str = "") -> Iterator[str]:
    """Yield every command as it is typed, those of a group after it: `user`, `user add`."""
    for name, command in group.commands.items():
        yield before + name
        if isinstance(command, click.Group):
            yield from command_names(command, f"{before}{name} ")
