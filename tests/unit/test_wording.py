"""Plain English and small pieces in the whole program, and in the modules that its tests share."""

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.support.paths import ROOT
from tests.support.plain_words import avoided_words

#: Places that are held to it. A module of the tests is held unless it has tests itself.
HELD = ("obzvon", "web", "tests")
#: The list of avoided words contains them.
WORD_LIST = ROOT / "tests/support/plain_words.py"
CATALOGUES = (
    "obzvon/translations/ru/LC_MESSAGES/obzvon.po",
    "web/translations/ru/LC_MESSAGES/messages.po",
)
MODULE_LINES = 400
FUNCTION_LINES = 40

#: Words that name nothing: a docstring that begins with one describes, instead of saying what the function does.
NO_BEGINNING = re.compile(
    r"(What|Whether|Who|Whose|How|Where|When|One|Those|Of|All of|That|Which|Some|Something|Somebody|Nobody|It|They|He)"
    r"\b"
)
#: "Исправить или убрать", where a remedy begins or names another way.
INFINITIVE = re.compile(
    r"(?:^|; |\bили |\bлибо )(?:не |сначала |снова )*(?!есть|часть|очередь)[а-яё]+(?:ть|ти|чь)\b(?! можно)"
)
#: Sentences that journals of earlier versions hold.
STORED = frozenset({"already rung today"})
_FORMER = """
    told ways course desk deeds standing outlook instruments readout agenda shelf claims presence obey foresee daylog
    wiring doctor examination examine intake apart lookalikes harmless neighbours went trouble troubles worth rung known
    met judgement judged judge listed hand_some strike_off making_do spoken_day spoken_time why_none sign signs visit
    fate mended
"""
#: Names of the former private language.
FORMER_NAMES = frozenset(_FORMER.split())

FILES = [path for place in HELD for path in sorted((ROOT / place).rglob("*.py")) if not path.name.startswith("test_")]
# By module, so that the tests of one file follow each other and it is parsed once.
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)), scope="module")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@each_file
def test_docstrings_sentences_and_comments_are_plain(path: Path) -> None:
    constants = [node.value for node in _nodes(path) if isinstance(node, ast.Constant)]
    sentences = [text for text in constants if isinstance(text, str) and " " in text and text not in STORED]
    texts = [*sentences, *_comments(path)] if path != WORD_LIST else []
    assert [word for text in texts for word in avoided_words(text)] == []


@each_file
def test_docstrings_say_what_a_thing_is_or_does(path: Path) -> None:
    documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
    texts = [ast.get_docstring(node) for node in _nodes(path) if isinstance(node, documented)]
    assert [text for text in texts if text and NO_BEGINNING.match(text)] == []


@each_file
def test_no_former_name_is_used(path: Path) -> None:
    assert [name for name in _names(path) if name.lower().strip("_") in FORMER_NAMES] == []


@each_file
def test_modules_and_functions_are_small(path: Path) -> None:
    assert path.read_text().count("\n") <= MODULE_LINES
    functions = [node for node in _nodes(path) if isinstance(node, Function)]
    assert [one.name for one in functions if (one.end_lineno or 0) - one.lineno >= FUNCTION_LINES] == []


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_sentences_of_the_pages_are_plain(catalogue: str) -> None:
    with (ROOT / catalogue).open("rb") as stream:
        messages = [message.id for message in read_po(stream)]
    texts = [text for message in messages for text in ([message] if isinstance(message, str) else message)]
    assert [word for text in texts for word in avoided_words(text)] == []


def test_a_remedy_says_do_and_not_to_do() -> None:
    with (ROOT / CATALOGUES[0]).open("rb") as stream:
        russian = {message.id: message.string for message in read_po(stream) if isinstance(message.string, str)}
    remedies = {text for path in (ROOT / "obzvon").rglob("*.py") for text in _remedies(path)}
    assert len(remedies) > 100
    found = {russian[remedy] for remedy in remedies if remedy in russian}
    assert sorted(text for text in found if INFINITIVE.search(text)) == []


def test_a_class_name_is_used_once() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for package in ("obzvon", "web"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for name in re.findall(r"^class (\w+)", path.read_text(), re.MULTILINE):
                places[name].append(str(path.relative_to(ROOT)))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


@functools.lru_cache(maxsize=1)
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def _remedies(path: Path) -> Iterator[str]:
    """Yield the sentences that say what to do about a problem: the third of a problem, a finding, or one named so."""
    for node in _nodes(path):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        given = node.args[2:3] if name in ("Problem", "error", "warning") else []
        for value in [*given, *(word.value for word in node.keywords if word.arg == "remedy")]:
            for inner in ast.walk(value):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.value


def _comments(path: Path) -> list[str]:
    """Return what follows each hash; that some are part of a string does no harm."""
    return re.findall("#.*", path.read_text())


def _names(path: Path) -> Iterator[str]:
    """Yield every name that the module defines or assigns."""
    for node in _nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
