"""The pages of the documentation, and their blocks of code, headings and tables."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import ROOT

DOCS = ROOT / "docs"
LANGUAGES = ("en", "ru")
#: The dispatcher's guide, which exists in Russian only.
GUIDE = "guide/"
READMES = (ROOT / "README.md", ROOT / "README.ru.md")

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Fence(NamedTuple):
    """A block of code: its language and its text, without indentation."""

    language: str
    text: str


def page(language: str, name: str) -> Path:
    """Return the path of a page, named as `reference/settings`."""
    return DOCS / language / f"{name}.md"


def names(language: str) -> set[str]:
    """Return the names of a language's pages, without the guide."""
    folder = DOCS / language
    found = {file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.md")}
    return {name for name in found if not name.startswith(GUIDE)}


def every_page() -> list[Path]:
    """Return every page of documentation in the repository."""
    return sorted(
        [
            *READMES,
            ROOT / "CHANGELOG.md",
            ROOT / "CONTRIBUTING.md",
            ROOT / "asterisk" / "README.md",
            *DOCS.rglob("*.md"),
        ]
    )


def pairs() -> list[tuple[Path, Path]]:
    """Return the pages that exist in both languages, the English one first."""
    return [READMES, *((page("en", name), page("ru", name)) for name in sorted(names("en") & names("ru")))]


def fences(file: Path) -> Iterator[Fence]:
    """Yield the page's blocks of code."""
    for indent, language, text in _FENCE.findall(file.read_text(encoding="utf-8")):
        lines = (line.removeprefix(indent) for line in text.splitlines())
        yield Fence(language, "\n".join(lines) + "\n")


def prose(file: Path) -> str:
    """Return the page's text without its blocks of code."""
    return _FENCE.sub("", file.read_text(encoding="utf-8"))


def headings(file: Path) -> list[tuple[str, str]]:
    """Return the page's headings, each with its number signs."""
    return re.findall(r"^(#+) (.+)$", prose(file), re.MULTILINE)


def anchor(heading: str) -> str:
    """Return the name by which a link finds a heading, as git hosts and MyST make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section(file: Path, heading: str) -> str:
    """Return the text below the one heading that contains the given text, up to the next heading."""
    parts = re.split(r"^(#+ .+)$", prose(file), flags=re.MULTILINE)
    [text] = [text for title, text in zip(parts[1::2], parts[2::2], strict=True) if heading in title]
    return text


def table(text: str) -> list[list[str]]:
    """Return the cells of every table row in a text, without the rows of dashes."""
    rows = [re.split(r" *(?<!\\)\| *", line.strip(" |")) for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if not set("".join(row)) <= {"-"}]
