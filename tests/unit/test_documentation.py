"""The documentation: both languages say the same, and nothing that can be set, typed or read is missing in either."""

import configparser
import fnmatch
import functools
import re
from pathlib import Path

import click
import msgspec
import pytest
from babel.messages.pofile import read_po

from obzvon.asterisk.callfile import CallFileTemplate
from obzvon.cli.main import cli
from obzvon.domain.results import RESULTS, Disposition
from obzvon.journal import called_numbers, day_record
from obzvon.settings.keys import KEYS, SettingKey
from tests.support import pages
from tests.support.paths import ROOT
from tests.support.plain_words import avoided_words
from tests.support.settings_text import load_text
from web.api import openapi
from web.api.schemas.reports import Report
from web.api.schemas.status import ForecastDocument, Status

both = pytest.mark.parametrize("language", pages.LANGUAGES)
every_pair = pytest.mark.parametrize("pair", pages.pairs(), ids=lambda pair: str(pair[0].relative_to(ROOT)))


def codes(text: str) -> list[str]:
    """The first cell of each table row that holds one word of code."""
    return re.findall(r"^\| `([\w./{}]+)` \|", text, re.MULTILINE)


# -- both languages


def test_both_languages_have_the_same_pages() -> None:
    assert pages.names("en") == pages.names("ru")


@every_pair
def test_both_have_the_same_headings_tables_and_lists(pair: tuple[Path, Path]) -> None:
    # The guide exists in Russian only: its section of the index has no counterpart.
    texts = (
        re.sub(r"^## .+\n\n(- \[.+\]\(guide/.*\n(  .*\n)*)+", "", pages.prose(file), flags=re.MULTILINE)
        for file in pair
    )
    english, russian = (re.findall(r"^ *(#+ |\| |- |\d\. )", text, re.MULTILINE) for text in texts)
    assert english == russian


@every_pair
def test_both_have_the_same_code(pair: tuple[Path, Path]) -> None:
    for english, russian in zip(*map(pages.fences, pair), strict=True):
        assert english.language == russian.language
        # What a program prints, and a drawing, is in the reader's language.
        translated = english.language in {"console", "mermaid", "text"} and re.search("[а-яё]", russian.text)
        assert english.text == russian.text or translated


# -- how the pages hang together


@pytest.mark.parametrize("file", pages.every_page(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", pages.prose(file)):
        if target.startswith("https://"):
            continue
        name, _, place = target.partition("#")
        other = file.parent / name if name else file
        assert other.exists(), target
        assert not place or place in {pages.anchor(heading) for _, heading in pages.headings(other)}, target


@both
def test_the_index_leads_to_every_page(language: str) -> None:
    listed = re.findall(r"^- \[.+?\]\(([\w/-]+)\.md\)", pages.prose(pages.page(language, "index")), re.MULTILINE)
    wanted = pages.names(language) - {"index"}
    assert {name for name in listed if not name.startswith(pages.GUIDE)} == wanted
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("readme", pages.READMES, ids=lambda path: path.name)
def test_a_readme_is_short(readme: Path) -> None:
    assert len(readme.read_text(encoding="utf-8").splitlines()) <= 200


# -- settings


@both
@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.section}-{key.name}")
def test_every_key_of_the_settings_is_in_its_section(language: str, key: SettingKey) -> None:
    assert key.name in codes(pages.section(pages.page(language, "reference/settings"), f"[{key.section}]"))


@both
def test_no_key_is_explained_that_does_not_exist(language: str) -> None:
    for section in {key.section for key in KEYS}:
        explained = codes(pages.section(pages.page(language, "reference/settings"), f"[{section}]"))
        assert sorted(explained) == sorted(key.name for key in KEYS if key.section == section)


@both
def test_no_section_is_explained_that_does_not_exist(language: str) -> None:
    text = "\n".join(heading for _, heading in pages.headings(pages.page(language, "reference/settings")))
    assert set(re.findall(r"\[(\w+)\]", text)) == {key.section for key in KEYS}


# -- commands


def explained_commands(language: str) -> dict[str, str]:
    """The rows of the table of commands; the first that names a command is its own."""
    rows: dict[str, str] = {}
    for line in pages.prose(pages.page(language, "reference/commands")).splitlines():
        if found := re.match(r"\| `obzvon (\w+)", line):
            rows.setdefault(found[1], line)
    return rows


@both
def test_every_command_and_its_options_are_explained_and_no_other(language: str) -> None:
    rows = explained_commands(language)
    assert set(rows) == set(cli.commands)
    for name, command in cli.commands.items():
        for option in command.params:
            wanted = option.opts[0] if isinstance(option, click.Option) else option.make_metavar(click.Context(command))
            assert wanted in rows[name], name


@both
def test_every_subcommand_of_user_is_explained_with_its_options(language: str) -> None:
    user = cli.commands["user"]
    assert isinstance(user, click.Group)
    row = explained_commands(language)["user"]
    for name, command in user.commands.items():
        assert f"`{name}" in row
        for option in command.params:
            assert not isinstance(option, click.Option) or option.opts[0] in row, name


@both
@pytest.mark.parametrize(
    ("command", "shape"),
    [
        ("obzvon plan --json", ForecastDocument),
        ("obzvon status --json", Status),
        ("obzvon report --format json", Report),
    ],
)
def test_the_keys_of_the_json_are_listed(language: str, command: str, shape: type) -> None:
    [row] = [row for row in pages.table(pages.prose(pages.page(language, "reference/commands"))) if command in row[0]]
    listed = re.findall(r"`(\w+)`", row[1])
    assert sorted(listed) == sorted(field.encode_name for field in msgspec.structs.fields(shape))


# -- results, the JSON interface, metrics


@both
def test_every_result_is_explained_and_no_other(language: str) -> None:
    rows = pages.table(pages.prose(pages.page(language, "reference/results")))
    explained = [row[1].strip("`") for row in rows[1:] if row[1].startswith("`")]
    assert sorted(explained) == sorted(RESULTS)
    assert {result.value for result in Disposition} <= set(explained)


@both
def test_every_address_of_the_json_interface_is_explained_and_no_other(language: str) -> None:
    rows = pages.table(pages.prose(pages.page(language, "reference/json-api")))
    explained = {(row[0].strip("`"), method.lower()) for row in rows[1:] for method in row[1].split(", ")}
    assert explained == {(one.path.replace("{row}", "ROW"), one.method) for one in openapi.OPERATIONS}


@both
def test_every_metric_is_explained_and_no_other(language: str) -> None:
    explained = codes(pages.prose(pages.page(language, "reference/metrics")))
    source = (ROOT / "web" / "metrics.py").read_text(encoding="utf-8")
    exposed = set(re.findall(r'"(obzvon_\w+)"', source))
    assert len(explained) == len(set(explained))
    assert {name.removesuffix("_total") for name in explained} == exposed


@both
def test_every_metric_of_the_rules_exists(language: str) -> None:
    named = set(re.findall(r"\bobzvon_\w+", (pages.page(language, "how-to/monitoring")).read_text(encoding="utf-8")))
    assert named
    assert named <= set(codes(pages.prose(pages.page(language, "reference/metrics"))))


# -- the call file and the dialplan


@both
def test_the_call_files_are_those_that_are_handed_over(language: str, tmp_path: Path) -> None:
    ordinary, coded = (text for kind, text in pages.fences(pages.page(language, "reference/call-file")) if kind)
    settings = load_text(tmp_path, "")
    assert ordinary == CallFileTemplate(settings.ordinary).render("89161111111").decode() + "\n"
    assert coded == CallFileTemplate(settings.coded).render("89502222222", "1").decode() + "\n"


@both
def test_every_variable_of_the_dialplan_is_explained_with_its_default(language: str) -> None:
    text = (ROOT / "asterisk" / "extensions_obzvon.conf").read_text(encoding="utf-8")
    globals_ = dict(re.findall(r"^(OBZVON_\w+)=(.*)$", text, re.MULTILINE))
    rows = pages.table(pages.prose(pages.page(language, "reference/dialplan")))
    explained = {row[0].strip("`"): row[2] for row in rows if row[0].startswith("`OBZVON_")}
    assert {name: value.strip("`") if "`" in value else "" for name, value in explained.items()} == globals_


# -- the architecture


@both
def test_the_layers_are_those_of_the_import_contract(language: str) -> None:
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter", encoding="utf-8")
    layers = [
        re.split(r" *\| *", layer) for layer in contract["importlinter:contract:layers"]["layers"].split("\n") if layer
    ]
    rows = pages.table(
        pages.section(pages.page(language, "explanation/architecture"), "## Пак" if language == "ru" else "## Pack")
    )
    drawn = [re.findall(r"`(\w+)`", row[1]) for row in rows if row[0].isdigit()]
    assert drawn == layers
    described = [row[0].strip("`") for row in rows if row[0].startswith("`")]
    assert sorted(described) == sorted(["web", *(name for layer in layers for name in layer)])


# -- the backup


@both
@pytest.mark.parametrize("prefix", [day_record.PREFIX, called_numbers.PREFIX])
def test_a_backup_leaves_out_what_must_not_come_back_with_an_old_journal(language: str, prefix: str) -> None:
    [line] = [
        line
        for _, text in pages.fences(pages.page(language, "how-to/backup"))
        for line in text.splitlines()
        if line.startswith("tar -c")
    ]
    patterns = re.findall(r"--exclude='([^']+)'", line)
    assert any(fnmatch.fnmatch(f"{prefix}0123.json", pattern) for pattern in patterns)


# -- what the program says about the documentation


def test_every_page_that_the_program_names_exists() -> None:
    named = set()
    for folder in ("obzvon", "web"):
        for file in [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.po"), *(ROOT / folder).rglob("*.ini")]:
            if file.name == "retired.po":  # former wordings name former pages
                continue
            # A catalogue may break a name at the end of a line.
            text = file.read_text(encoding="utf-8").replace('"\n"', "")
            assert "README," not in text, file
            named |= set(re.findall(r"docs/\w+/[\w/-]+\.md", text))
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


# -- what the documentation says about the editor


@functools.cache
def sentences() -> dict[str, str]:
    """Every English sentence of the program, with its Russian."""
    found: dict[str, str] = {}
    for catalogue in ("obzvon/translations/ru/LC_MESSAGES/obzvon.po", "web/translations/ru/LC_MESSAGES/messages.po"):
        with (ROOT / catalogue).open("rb") as file:
            for message in read_po(file, locale="ru"):
                if isinstance(message.id, str) and isinstance(message.string, str):
                    found[message.id.rstrip("…")] = message.string.rstrip("…")
    return found


@every_pair
def test_every_page_button_and_result_that_is_quoted_exists(pair: tuple[Path, Path]) -> None:
    known = sentences()
    english, russian = (set(re.findall("«([^»]+)»", pages.prose(file))) - {"Справка"} for file in pair)
    assert english <= set(known), "the editor has no such page or button"
    assert russian <= set(known.values())


# -- the language


@pytest.mark.parametrize(
    "file",
    [
        *(
            file
            for file in pages.every_page()
            if "ru" not in {file.parent.parent.name, file.parent.name} and ".ru." not in file.name
        ),
        *sorted((ROOT / "asterisk").rglob("*.conf")),
        *sorted((ROOT / "asterisk").rglob("*.service")),
    ],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_the_english_is_plain(file: Path) -> None:
    assert avoided_words(file.read_text(encoding="utf-8")) == []
