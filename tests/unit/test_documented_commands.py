"""The code in the documentation: commands exist with their options, and files are what the program itself can read."""

import re
import shlex
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po

from obzvon.cli.main import cli
from obzvon.documents import phones_json, schedule_json
from tests.support import pages
from tests.support.paths import ROOT
from tests.support.settings_text import load_text

every_page = pytest.mark.parametrize("file", pages.every_page(), ids=lambda file: str(file.relative_to(ROOT)))

#: Programs of the system that the documentation names. Each of them is checked by hand before it is added.
SYSTEM = frozenset(
    {
        "a2enmod",
        "a2ensite",
        "addgroup",
        "adduser",
        "apachectl",
        "apt-get",
        "asterisk",
        "cd",
        "chmod",
        "chown",
        "cp",
        "createdb",
        "createuser",
        "curl",
        "delgroup",
        "deluser",
        "docker",
        "echo",
        "espeak-ng",
        "find",
        "fwconsole",
        "git",
        "install",
        "ln",
        "make",
        "mkdir",
        "mv",
        "nginx",
        "openssl",
        "python3",
        "rm",
        "sed",
        "sox",
        "sqlite3",
        "ssh",
        "supervisorctl",
        "systemctl",
        "tar",
        "tests/run",
        "umask",
    }
)
OWN = re.compile(r"(\.venv/bin/|/opt/obzvon/venv/bin/)?obzvon")
IN_A_VENV = re.compile(r"(\.venv|/opt/obzvon/venv)/bin/(python|pip|pre-commit)")
LANGUAGES = {"", "apache", "console", "ini", "json", "mermaid", "nginx", "sh", "text", "yaml"}


def command_lines(file: Path) -> list[str]:
    """Every line that the page gives to be typed."""
    lines = []
    for language, text in pages.fences(file):
        if language == "sh":
            lines += [line for line in text.splitlines() if line.strip()]
        elif language == "console":
            lines += [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    return lines


def simple_commands(line: str) -> list[list[str]]:
    """The commands that a shell would run for a line, each as its words, without redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;>")
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    redirected = False
    for word in lexer:
        if redirected:
            redirected = False
        elif set(word) <= set("&|;"):
            commands.append([])
        elif set(word) <= {">"}:
            redirected = True
        else:
            commands[-1].append(word)
    return [unwrapped(command) for command in commands]


def unwrapped(command: list[str]) -> list[str]:
    """The command without what only says as whom and where it runs."""
    while command and "=" in command[0]:
        command = command[1:]
    if command[:2] == ["runuser", "-u"]:
        return command[command.index("--") + 1 :]
    return command


def parse(command: click.Command, name: str, words: list[str], parent: click.Context | None = None) -> None:
    """Raise click's error if the command would not take these words."""
    context = command.make_context(name, list(words), parent=parent)
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        found, child, more = command.resolve_command(context, rest)
        assert found is not None
        assert child is not None
        parse(child, found, more, context)


@every_page
def test_every_command_exists_with_its_options(file: Path) -> None:
    for line in command_lines(file):
        for words in simple_commands(line):
            if OWN.fullmatch(words[0]):
                parse(cli, "obzvon", words[1:])
            else:
                assert words[0] in SYSTEM or IN_A_VENV.fullmatch(words[0]), line


@every_page
def test_every_command_in_the_text_exists_with_its_options(file: Path) -> None:
    for span in re.findall(r"`obzvon ([^`]+)`", pages.prose(file)):
        words = span.split()
        while words and words[0] in {"--settings", "FILE"}:
            words = words[1:]
        if not words or not re.fullmatch("[a-z]+", words[0]):
            continue
        command = cli.commands[words[0]]
        if isinstance(command, click.Group) and len(words) > 1:
            command = command.commands[words[1]]
        known = {name for option in command.params for name in option.opts} | {"--help"}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, span


@every_page
def test_every_block_of_code_has_a_language_that_is_known(file: Path) -> None:
    assert {fence.language for fence in pages.fences(file)} <= LANGUAGES - {""}


def test_what_the_documentation_does_not_show_is_no_longer_on_the_list() -> None:
    typed = {words[0] for file in pages.every_page() for line in command_lines(file) for words in simple_commands(line)}
    assert typed >= SYSTEM


@every_page
def test_settings_are_those_that_the_program_takes(file: Path, tmp_path: Path) -> None:
    for language, text in pages.fences(file):
        if language == "ini":
            load_text(tmp_path, text)


@every_page
def test_documents_are_those_that_the_program_reads(file: Path) -> None:
    for language, text in pages.fences(file):
        if language == "json":
            read = schedule_json.parse if '"7"' in text else phones_json.parse
            _, problems = read(text.encode())
            assert not problems


#: What stands for a value in a sentence of the catalogue.
PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_the_finding_that_is_shown_is_one_of_the_program(language: str) -> None:
    with (ROOT / "obzvon/translations/ru/LC_MESSAGES/obzvon.po").open("rb") as file:
        said = [one.id if language == "en" else one.string for one in read_po(file, locale="ru")]
    known = [re.compile(PLACEHOLDER.sub(".+", re.escape(text))) for text in said if isinstance(text, str) and text]
    [block] = [fence.text for fence in pages.fences(pages.page(language, "how-to/troubleshoot")) if "✗" in fence.text]
    finding, remedy = block.splitlines()
    assert any(text.fullmatch(finding.partition(": ")[2]) for text in known)
    assert any(text.fullmatch(remedy.strip().removeprefix("→ ")) for text in known)
