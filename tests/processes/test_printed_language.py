"""What the program prints is in one language, the reader's."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from obzvon.cli import demo
from tests.support.commands import command_names
from tests.support.sentences import PACKAGE, Sentence, forms, translated

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
            *(f"{command} --help" for command in command_names()),
            *MISTAKES,
            "run --once",
            "check",
            "plan",
            "status",
            "report",
            "sweep",
            "recover",
            "init .",
            "--settings broken.ini plan",
            "--settings nowhere.ini plan",
        )
        return language, outputs | shown.result()


def english(sentence: Sentence, russian: str) -> Iterator[str]:
    """What of a sentence would be English wherever it stood: its words between the places, but for what is typed."""
    for form in forms(sentence):
        for part in re.split(r"\{[^{}]*\}", form):
            words = " ".join(part.split())
            if words not in russian and (words == form or re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", words)):
                yield words


def stands_in(words: str, text: str) -> bool:
    return words in text and re.search(rf"(?<![\w/.[-]){re.escape(words)}(?![\w/.\]-])", text) is not None


def test_in_russian_nothing_is_said_in_english_and_the_other_way_round(printed: tuple[str, dict[str, str]]) -> None:
    language, outputs = printed
    phrases = [(sentence, words) for sentence, russian in translated() for words in english(sentence, russian[0])]
    for arguments, output in outputs.items():
        text = " ".join(output.split())
        assert text or arguments == "run --once", arguments
        if language == "en":
            for name in sorted((phone.name for phone in demo.demo_phones()), key=len, reverse=True):
                text = text.replace(name, "")  # which is the operator's own
            assert not re.search(r"[а-яёА-ЯЁ]", text), f"{arguments}: {text}"
            continue
        assert re.search(r"[а-яё]", text) or not text, f"{arguments}: {text}"
        if arguments in ("user add --help", "user role --help"):
            text = re.sub(r"\b(viewer|operator|administrator)\b", "", text)  # which are typed as they stand
        for sentence, words in phrases:
            assert not stands_in(words, text), f"{arguments}: {sentence!r} in: {text}"


def test_a_mistake_on_the_command_line_is_told_in_the_readers_language(printed: tuple[str, dict[str, str]]) -> None:
    language, outputs = printed
    for arguments, russian in MISTAKES.items():
        last = outputs[arguments].splitlines()[-1]
        if language == "ru":
            assert last == f"Ошибка: {russian}"
        else:
            assert last.startswith("Error: ")
