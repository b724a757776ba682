"""Searches the journal for a number or a name, in any notation and case, with the database's own means."""

import re

from sqlalchemy import ColumnElement, and_, func, or_

from obzvon.journal.schema import calls

_DIGITS = frozenset("0123456789+-() \u00a0.*")
_PUNCTUATION = "+-() \u00a0."


def contains_text(text: str, *, sqlite: bool) -> ColumnElement[bool]:
    """Return the condition for calls that have the text in their number, their code or their name."""
    text = text.strip().replace("\0", "")
    in_name = _contains_any_case(calls.c.name, text, sqlite=sqlite)
    digits = searchable_digits(text)
    if not digits:
        return or_(
            in_name, calls.c.number.contains(text, autoescape=True), calls.c.code.contains(text, autoescape=True)
        )
    # A number that could not be called is stored as it was written, with its brackets and dashes.
    is_odd = calls.c.number.op("GLOB")("*[^0-9]*") if sqlite else calls.c.number.op("~")("[^0-9]")
    bare: ColumnElement[str] = calls.c.number
    for mark in _PUNCTUATION:
        bare = func.replace(bare, mark, "")
    return or_(
        calls.c.number.contains(digits, autoescape=True),
        calls.c.code.contains(digits, autoescape=True),
        and_(is_odd, bare.contains(digits, autoescape=True)),
        in_name,
    )


def searchable_digits(text: str) -> str:
    """Return the digits of a number in any notation, without a leading +7 or 8; '' for text that is no number."""
    text = text.strip()
    if not text or not _DIGITS.issuperset(text):
        return ""
    digits = "".join(char for char in text if char in "0123456789*")
    if (text.startswith("+7") or len(digits) == 11) and digits[:1] in ("7", "8"):
        return digits[1:]
    return digits


def _contains_any_case(column: ColumnElement[str], text: str, *, sqlite: bool) -> ColumnElement[bool]:
    # Neither SQLite's LIKE nor PostgreSQL's in the C locale folds Cyrillic letters: the pattern names both cases.
    if sqlite:
        return column.op("GLOB", is_comparison=True)("*" + "".join(map(_any_case, text)) + "*")
    return column.op("~", is_comparison=True)("".join(_any_case(char, escape="\\") for char in text))


def _any_case(char: str, escape: str = "") -> str:
    forms = {form for form in (char, char.lower(), char.upper()) if len(form) == 1}
    if forms & set("еёЕЁ"):
        forms = set("еёЕЁ")
    if len(forms) > 1:
        return "[" + "".join(sorted(forms)) + "]"
    if escape:
        return re.escape(char)
    return f"[{char}]" if char in "*?[" else char
