"""Finds a number or a name in the journal, in any notation and case, in the database's own way."""

import re

from sqlalchemy import ColumnElement, and_, func, or_

from obzvon.journal.schema import calls

_DIGITS = frozenset("0123456789+-() \u00a0.*")
_PUNCTUATION = "+-() \u00a0."


def matches(text: str, *, sqlite: bool) -> ColumnElement[bool]:
    """Whether a call has the text in its number, its code or its name."""
    text = text.strip().replace("\0", "")
    named = _has(calls.c.name, text, sqlite=sqlite)
    digits = digits_of(text)
    if not digits:
        return or_(named, calls.c.number.contains(text, autoescape=True), calls.c.code.contains(text, autoescape=True))
    # What could not be called stands as it was written, with its brackets and dashes.
    odd = calls.c.number.op("GLOB")("*[^0-9]*") if sqlite else calls.c.number.op("~")("[^0-9]")
    bare: ColumnElement[str] = calls.c.number
    for sign in _PUNCTUATION:
        bare = func.replace(bare, sign, "")
    return or_(
        calls.c.number.contains(digits, autoescape=True),
        calls.c.code.contains(digits, autoescape=True),
        and_(odd, bare.contains(digits, autoescape=True)),
        named,
    )


def digits_of(text: str) -> str:
    """The digits of a number in any notation, without what +7 and 8 say alike; '' for what is no number."""
    text = text.strip()
    if not text or not _DIGITS.issuperset(text):
        return ""
    digits = "".join(char for char in text if char in "0123456789*")
    if (text.startswith("+7") or len(digits) == 11) and digits[:1] in ("7", "8"):
        return digits[1:]
    return digits


def _has(column: ColumnElement[str], text: str, *, sqlite: bool) -> ColumnElement[bool]:
    """Neither SQLite's LIKE nor PostgreSQL's in the C locale knows Cyrillic capitals: the pattern names both."""
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
