"""Dates in sentences that people read are words, never figures as machines write them."""

import ast
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from obzvon.common.i18n import date_label, moment_label, say
from tests.support.paths import ROOT

DAY = date(2026, 12, 5)
NINE = datetime(2026, 12, 5, 9, 0, tzinfo=UTC)
SENTENCES = frozenset({"say", "say_many", "_", "gettext", "ngettext"})
#: Names of values that are typed at a command or written to a file, as in: obzvon report --date 2026-12-05.
TYPED = frozenset({"date"})
#: Names of files, which are sorted by them.
FILE_NAMES = frozenset({"List %(day)s", "Results %(day)s"})
#: How a date becomes figures: a module without either need not be parsed.
MACHINES = ("isoformat", "%Y-%m")
FILES = sorted(path for folder in ("obzvon", "web") for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(
    ("value", "english", "russian"),
    [
        (DAY, "5 December 2026", "5 декабря 2026"),
        (NINE, "5 December 2026, 09:00", "5 декабря 2026, 09:00"),
        (date_label(DAY), "5 December", "5 декабря"),
        (moment_label(NINE), "5 December 2026, 09:00", "5 декабря 2026, 09:00"),
    ],
)
def test_a_date_becomes_words_wherever_a_sentence_has_one(value: object, english: str, russian: str) -> None:
    sentence = say("the next run starts on {start}", start=value)
    assert sentence.in_language("en") == f"the next run starts on {english}"
    assert sentence.in_language("ru") == f"следующий обзвон {russian}"


def _as_machines_write(value: ast.expr) -> bool:
    """Return whether an argument holds a date by `isoformat` or by a format that begins with the year."""
    for node in ast.walk(value):
        if isinstance(node, ast.Attribute) and node.attr == MACHINES[0]:
            return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and MACHINES[1] in node.value:
            return True
    return False


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


@pytest.mark.parametrize(
    "package", sorted({path.parent for path in FILES}), ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_sentence_is_given_a_date_in_figures(package: Path) -> None:
    modules = [(path, path.read_text(encoding="utf-8")) for path in FILES if path.parent == package]
    found = [
        f"{path.name}:{node.lineno}"
        for path, text in modules
        for node in (ast.walk(ast.parse(text)) if any(sign in text for sign in MACHINES) else ())
        if isinstance(node, ast.Call)
        and _name(node.func) in SENTENCES
        and not any(isinstance(text, ast.Constant) and text.value in FILE_NAMES for text in node.args)
        for keyword in node.keywords
        if keyword.arg not in TYPED and _as_machines_write(keyword.value)
    ]
    assert found == []
