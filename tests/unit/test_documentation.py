"""The two READMEs say the same, and nothing that can be set or typed is missing in either."""

import re
from pathlib import Path

import click
import pytest

from obzvon.cli.main import cli
from obzvon.settings.keys import KEYS, SettingKey

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.ru.md"]
PAGES = [*READMES, ROOT / "CHANGELOG.md", ROOT / "asterisk" / "README.md"]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

both = pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.+)$", prose(page), re.MULTILINE)


def table_of(readme: Path, section: str) -> list[str]:
    """The keys under the heading that names a section of settings.ini."""
    parts = re.split(r"^(#+ .+)$", prose(readme), flags=re.MULTILINE)
    [text] = [text for heading, text in zip(parts[1::2], parts[2::2], strict=True) if f"[{section}]" in heading]
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def told_commands(readme: Path) -> dict[str, str]:
    """The lines of the table of commands, which is the first to name each of them."""
    lines: dict[str, str] = {}
    for line in prose(readme).splitlines():
        if found := re.match(r"\| `obzvon (\w+)", line):
            lines.setdefault(found[1], line)
    return lines


def anchor(heading: str) -> str:
    """The name by which a link finds a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@both
@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.section}-{key.name}")
def test_every_key_of_the_settings_stands_under_its_section(readme: Path, key: SettingKey) -> None:
    assert key.name in table_of(readme, key.section)


@both
def test_no_key_is_told_that_there_is_not(readme: Path) -> None:
    for section in {key.section for key in KEYS}:
        assert set(table_of(readme, section)) == {key.name for key in KEYS if key.section == section}


@both
def test_every_command_and_its_options_are_told_and_no_other(readme: Path) -> None:
    lines = told_commands(readme)
    assert set(lines) == set(cli.commands)
    for name, command in cli.commands.items():
        for option in command.params:
            told = option.opts[0] if isinstance(option, click.Option) else option.make_metavar(click.Context(command))
            assert told in lines[name], name


def test_both_have_the_same_headings_tables_and_lists() -> None:
    english, russian = (re.findall(r"^(#+ |\| |- |\d\. )", prose(readme), re.MULTILINE) for readme in READMES)
    assert english == russian


def test_both_have_the_same_lines_to_type() -> None:
    def typed(readme: Path) -> list[str]:
        fences = FENCE.findall(readme.read_text(encoding="utf-8"))
        return [
            line.partition("  #")[0].rstrip()
            for language, text in fences
            if language == "sh"
            for line in text.splitlines()
        ]

    english, russian = (typed(readme) for readme in READMES)
    assert english == russian
    assert english


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        file, _, place = target.partition("#")
        other = page.parent / file if file else page
        assert other.exists(), target
        assert not place or place in {anchor(heading) for _, heading in headings(other)}, target
