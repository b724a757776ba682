"""The sentences of the program in both languages, from its code and its catalogue."""

import string
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import obzvon

PACKAGE = Path(obzvon.__file__).parent
PO = PACKAGE / "translations" / "ru" / "LC_MESSAGES" / "obzvon.po"
KEYWORDS = {"say": None, "say_many": (1, 2), "help_text": None}

Sentence = str | tuple[str, ...]


@cache
def catalogue() -> Catalog:
    with PO.open("rb") as stream:
        return read_po(stream, locale="ru", abort_invalid=True)


@cache
def in_code() -> frozenset[Sentence]:
    """Return each sentence of the code; one with a count as its two English forms."""
    return frozenset(found[2] for found in extract_from_dir(PACKAGE, [("**.py", "python")], keywords=KEYWORDS))


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def translated() -> Iterator[tuple[Sentence, tuple[str, ...]]]:
    for entry in catalogue():
        if entry.id:
            yield (entry.id if isinstance(entry.id, str) else tuple(entry.id)), forms(entry.string)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def catalogue_entries(catalogue: Catalog) -> set[tuple[str, str]]:
    """Return each sentence with its translation, all forms in one text."""

    def joined(text: str | Sequence[str]) -> str:
        return text if isinstance(text, str) else "\0".join(text)

    return {(joined(entry.id), joined(entry.string or "")) for entry in catalogue if entry.id}
