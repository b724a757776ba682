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
# By package, so that the tests of its modules follow each other and each of these is parsed once.
each_package = pytest.mark.parametrize(
    "package", sorted({path.parent for path in FILES}), ids=lambda path: str(path.relative_to(ROOT)), scope="module"
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@each_package
def test_docstrings_sentences_and_comments_are_plain(package: Path) -> None:
    texts = [(path, text) for path in _modules(package) if path != WORD_LIST for text in _english(path)]
    assert [(path.name, word) for path, text in texts for word in avoided_words(text)] == []


@each_package
def test_docstrings_say_what_a_thing_is_or_does(package: Path) -> None:
    documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
    texts = [
        (path.name, ast.get_docstring(node))
        for path in _modules(package)
        for node in _nodes(path)
        if isinstance(node, documented)
    ]
    assert [(name, text) for name, text in texts if text and NO_BEGINNING.match(text)] == []


@each_package
def test_no_former_name_is_used(package: Path) -> None:
    names = [(path.name, name) for path in _modules(package) for name in _names(path)]
    assert [(module, name) for module, name in names if name.lower().strip("_") in FORMER_NAMES] == []


@each_package
def test_modules_and_functions_are_small(package: Path) -> None:
    assert [path.name for path in _modules(package) if path.read_text().count("\n") > MODULE_LINES] == []
    functions = [(path.name, node) for path in _modules(package) for node in _nodes(path) if isinstance(node, Function)]
    assert [
        (module, one.name) for module, one in functions if (one.end_lineno or 0) - one.lineno >= FUNCTION_LINES
    ] == []


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


def _modules(package: Path) -> list[Path]:
    return [path for path in FILES if path.parent == package]


@functools.lru_cache(maxsize=60)
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


def _english(path: Path) -> list[str]:
    """Return the sentences of a module, its docstrings among them, and its comments."""
    constants = [node.value for node in _nodes(path) if isinstance(node, ast.Constant)]
    sentences = [text for text in constants if isinstance(text, str) and " " in text and text not in STORED]
    return [*sentences, *_comments(path)]


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
