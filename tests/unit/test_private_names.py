"""A name that begins with an underscore is used in its own module only; ruff (SLF001) holds that for attributes."""

import ast
from collections.abc import Iterator

from tests.support.paths import ROOT

FOREIGN = {"openpyxl.workbook.child"}


def private_imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module not in FOREIGN:
            for one in node.names:
                if one.name.startswith("_") and not one.name.startswith("__"):
                    yield f"{node.module}.{one.name}"


def test_no_module_imports_a_private_name_of_another() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for package in ("obzvon", "web", "tests")
        for path in (ROOT / package).rglob("*.py")
        for name in private_imports(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_a_private_import_is_seen() -> None:
    assert list(private_imports("from obzvon.users import _hash, Users")) == ["obzvon.users._hash"]
