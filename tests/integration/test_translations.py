"""Everything that is said to an operator is said in Russian and in English, and in one of them at a time."""

import gettext
import io
import os
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import obzvon
from obzvon.cli import demo
from obzvon.cli.translate import CLICK_SENTENCES
from obzvon.common.i18n import Message, say_many

PACKAGE = Path(obzvon.__file__).parent
PO = PACKAGE / "translations" / "ru" / "LC_MESSAGES" / "obzvon.po"
KEYWORDS = {"say": None, "say_many": (1, 2), "help_text": None}
RENEW = """To renew the catalogue, beside README.md:
    pybabel extract --project=obzvon --no-location --sort-output -k say -k say_many:1,2 -k help_text \\
        -o /tmp/obzvon.pot obzvon
    pybabel update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \\
        -D obzvon -i /tmp/obzvon.pot -d obzvon/translations
    (put the missing translations into obzvon/translations/ru/LC_MESSAGES/obzvon.po)
    pybabel compile -D obzvon -d obzvon/translations"""

COMMANDS = (
    "demo",
    "init",
    "run",
    "check",
    "plan",
    "start",
    "pause",
    "resume",
    "stop",
    "call",
    "status",
    "report",
    "sweep",
    "web",
    "user",
    "user add",
    "user passwd",
    "user remove",
    "user list",
    "user role",
)
MISTAKES = {
    "chek": "Нет такой команды: 'chek'. Возможно, 'check'?",
    "plan --jsn": "Нет такого параметра: '--jsn'. Возможно, '--json'?",
    "plan more": "Лишний аргумент (more)",
    "plan --json=1": "Параметр '--json' не принимает значения.",
    "call": "Не указан аргумент 'НОМЕР'.",
    "call --code": "Параметру '--code' нужно значение.",
    "report --date today": "Неверное значение '--date': 'today' — не дата вида ГГГГ-ММ-ДД.",
    "report --format pdf": "Неверное значение '--format': 'pdf' не подходит, можно: 'table', 'csv', 'xlsx', 'json'.",
    "report --output /": "Неверное значение '--output': '/' — папка, а нужен файл.",
    "demo --dir /etc/passwd": "Неверное значение '--dir': '/etc/passwd' — файл, а нужна папка.",
}

ONE_AFTER_THE_OTHER = """
import sys
from obzvon.cli.main import main
for line in sys.argv[1:]:
    print(end="\x1e", flush=True)
    sys.argv = ["obzvon", *line.split()]
    try:
        main()
    except SystemExit:
        sys.stdout.flush()
"""

Sentence = str | tuple[str, ...]


@cache
def catalogue() -> Catalog:
    with PO.open("rb") as stream:
        return read_po(stream, locale="ru", abort_invalid=True)


@cache
def in_code() -> frozenset[Sentence]:
    """Each sentence of the code; one with a count is its two English forms."""
    return frozenset(found[2] for found in extract_from_dir(PACKAGE, [("**.py", "python")], keywords=KEYWORDS))


def forms(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def translated() -> Iterator[tuple[Sentence, tuple[str, ...]]]:
    for entry in catalogue():
        if entry.id:
            yield (entry.id if isinstance(entry.id, str) else tuple(entry.id)), forms(entry.string)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


# -- the catalogue


def test_every_sentence_of_the_code_has_its_russian() -> None:
    ready = {sentence for sentence, russian in translated() if all(russian)}
    missing = in_code() - ready
    assert not missing, f"without a translation: {sorted(map(str, missing))}\n{RENEW}"


def test_every_russian_sentence_is_one_of_the_code() -> None:
    superfluous = {sentence for sentence, _ in translated()} - in_code()
    assert not superfluous, f"nobody says: {sorted(map(str, superfluous))}\n{RENEW}"
    assert not catalogue().obsolete, RENEW


def test_no_translation_is_a_guess() -> None:
    assert not [entry.id for entry in catalogue() if entry.id and entry.fuzzy]


def test_a_translation_has_the_places_of_its_original_in_every_form() -> None:
    of_click = {message.text if isinstance(message, Message) else message for message in CLICK_SENTENCES}
    for sentence, russian in translated():
        expected = set().union(*map(places, forms(sentence)))
        for form in russian:
            if forms(sentence)[0] in of_click:  # which may give more than Russian needs
                assert places(form) <= expected, sentence
            else:
                assert places(form) == expected, sentence


def test_a_sentence_with_a_count_has_three_russian_forms() -> None:
    for sentence, russian in translated():
        assert len(russian) == (1 if isinstance(sentence, str) else 3), sentence


def test_a_translation_has_the_lines_of_its_original_and_russian_quotes() -> None:
    for sentence, russian in translated():
        for form in russian:
            assert form == form.strip()
            assert not re.search(r"[“”„]", form), form
            assert form.count("\n") == forms(sentence)[0].count("\n"), form


def test_the_compiled_catalogue_is_the_written_one() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue())
    compiled.seek(0)
    with PO.with_suffix(".mo").open("rb") as stream:
        shipped, written = gettext.GNUTranslations(stream), gettext.GNUTranslations(compiled)
    del shipped._catalog[""], written._catalog[""]  # the headers name the version of Babel
    assert shipped._catalog == written._catalog, RENEW


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "0 звонков"),
        (1, "1 звонок"),
        (2, "2 звонка"),
        (4, "4 звонка"),
        (5, "5 звонков"),
        (11, "11 звонков"),
        (12, "12 звонков"),
        (14, "14 звонков"),
        (20, "20 звонков"),
        (21, "21 звонок"),
        (22, "22 звонка"),
        (100, "100 звонков"),
        (101, "101 звонок"),
        (111, "111 звонков"),
        (112, "112 звонков"),
        (1_000_001, "1000001 звонок"),
    ],
)
def test_russian_counts(n: int, expected: str) -> None:
    assert say_many("{n} call", "{n} calls", n).in_language("ru") == expected


# -- what the program prints


def printed_by(language: str, folder: Path, *lines: str) -> dict[str, str]:
    """What the program prints in a language, for each of these lines of arguments."""
    kept = {name: value for name, value in os.environ.items() if name not in ("LANGUAGE", "OBZVON_SETTINGS")}
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER, *lines],
        cwd=folder,
        check=False,
        timeout=300,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **kept,
            "OBZVON_LANGUAGE": language,
            "COLUMNS": "80",
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(PACKAGE.parent),
        },
    )
    assert "Traceback" not in done.stdout, done.stdout
    return dict(zip(lines, done.stdout.split("\x1e")[1:], strict=True))


@pytest.fixture(scope="module", params=["ru", "en"])
def printed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """The language, and what the commands print in it, each by its arguments."""
    language: str = request.param
    folder = tmp_path_factory.mktemp("w")
    outputs = printed_by(language, folder, "init .")
    (folder / "todo.json").write_text(
        '{"0": {"0": "89161111111", "1": "1", "name": "Smith"}, "1": {"0": 777},'
        ' "2": {"0": "89161111111", "1": "1"}, "3": {"0": "8916", "paused": true}}'
    )
    (folder / "schedule.json").write_text('{"1": "09:00", "2": "9-30", "3": "00:00"}')
    (folder / "broken.ini").write_text(
        "[Dirs]\nfoo = 1\n[CreateCallFiles]\nbundle = 0\ntimeout = x\n[Day]\nlatest = 9\nodd line\n"
    )
    with ThreadPoolExecutor() as pool:
        shown = pool.submit(printed_by, language, folder, "demo --fast --exit")
        outputs |= printed_by(
            language,
            folder,
            "--help",
            *(f"{command} --help" for command in COMMANDS),
            *MISTAKES,
            "run --once",
            "check",
            "plan",
            "status",
            "report",
            "sweep",
            "init .",
            "--settings broken.ini plan",
            "--settings nowhere.ini plan",
        )
        return language, outputs | shown.result()


def english(sentence: Sentence, russian: str) -> Iterator[re.Pattern[str]]:
    """What of a sentence would be English wherever it stood: its words between the places, but for what is typed."""
    for form in forms(sentence):
        for part in re.split(r"\{[^{}]*\}", form):
            words = " ".join(part.split())
            if words not in russian and (words == form or re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", words)):
                yield re.compile(rf"(?<![\w/.[-]){re.escape(words)}(?![\w/.\]-])")


def test_in_russian_nothing_is_said_in_english_and_the_other_way_round(printed: tuple[str, dict[str, str]]) -> None:
    language, outputs = printed
    for arguments, output in outputs.items():
        text = " ".join(output.split())
        assert text or arguments == "run --once", arguments
        if language == "en":
            for name in sorted((phone.name for phone in demo.demo_phones()), key=len, reverse=True):
                text = text.replace(name, "")  # which is the operator's own
            assert not re.search(r"[а-яёА-ЯЁ]", text), f"{arguments}: {text}"
            continue
        assert re.search(r"[а-яё]", text) or not text, f"{arguments}: {text}"
        if arguments == "user add --help":
            text = re.sub(r"\b(viewer|operator|administrator)\b", "", text)  # which are typed as they stand
        for sentence, russian in translated():
            for pattern in english(sentence, russian[0]):
                assert not pattern.search(text), f"{arguments}: {sentence!r} in: {text}"


def test_a_mistake_on_the_command_line_is_told_in_the_readers_language(printed: tuple[str, dict[str, str]]) -> None:
    language, outputs = printed
    for arguments, russian in MISTAKES.items():
        last = outputs[arguments].splitlines()[-1]
        if language == "ru":
            assert last == f"Ошибка: {russian}"
        else:
            assert last.startswith("Error: ")
