"""The lists of commands in the help."""

from collections.abc import Iterator

import click
import pytest

from obzvon.cli.main import cli
from obzvon.common.i18n import say

_TERMINAL = 80


def groups(group: click.Group) -> Iterator[click.Group]:
    yield group
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from groups(command)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("group", list(groups(cli)), ids=lambda group: group.name or "obzvon")
def test_no_line_of_a_list_of_commands_is_cut(group: click.Group, language: str) -> None:
    room = _TERMINAL - 2 - 4 - max(map(len, group.commands))
    for name, command in group.commands.items():
        shown = say(command.short_help or (command.help or "").partition(". ")[0]).in_language(language)
        assert len(shown) <= room, f"{name}: {shown}"
