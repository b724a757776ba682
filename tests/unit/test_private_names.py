"""A name that begins with an underscore is used in its own module only; ruff (SLF001) holds that for attributes."""

import re
from collections.abc import Iterator

from tests.support.paths import ROOT

FOREIGN = {"openpyxl.workbook.child"}


_IMPORT = re.compile(r"^\s*from\s+(\S+)\s+import\s*(\([^)]*\)|.*)", re.MULTILINE)


def private_imports(source: str) -> Iterator[str]:
    for module, names in _IMPORT.findall(re.sub(r"#.*", "", source)):
        if module not in FOREIGN:
            for name in re.findall(r"(?<!\bas )\b_(?!_)\w*", names):
                yield f"{module}.{name}"


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
    source = "def f():\n    from web.app import (\n        build_app,  # made (once)\n        _make as make,\n    )"
    assert list(private_imports(source)) == ["web.app._make"]
    assert list(private_imports("from obzvon import users as _users, __version__")) == []
