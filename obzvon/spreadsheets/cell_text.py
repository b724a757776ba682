"""What a spreadsheet does to text, and how it is kept from it: formulas, digits that get lost, cells' limits. Pure."""

import re

CELL = 32_767
"""UTF-16 units that fit into a cell; a spreadsheet puts what is longer into the next row, or calls the file broken."""
ROWS = 1_000_000
"""Rows of one sheet; Excel's own limit is a little higher."""

_FORMULA = frozenset("=+-@＝＋－＠")
_FLOAT = re.compile(r"([0-9]+)[.,]0+", re.ASCII)
_SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eEеЕ]\+?([0-9]{1,2})", re.ASCII)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_HALVES = re.compile(r"[\ud800-\udfff]")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet that reads it takes it for a formula, whatever stands before the sign that begins one."""
    if not text:
        return False
    first = next((char for char in text if char.isprintable() and not char.isspace()), "")
    return first in _FORMULA or text[0] in "\t\r\n"


def guarded(text: str) -> str:
    """The text with an apostrophe in front if it needs one; `unguarded` gives exactly the text back."""
    return "'" + text if is_formula(text.lstrip("'")) else text


def unguarded(text: str) -> str:
    """What `guarded` was given; a text that really began with an apostrophe keeps it."""
    return text[1:] if text.startswith("'") and is_formula(text.lstrip("'")) else text


def whole(text: str) -> str:
    """The digits of an integer that a spreadsheet wrote as a fraction; any other text as it is.

    79161234567.0 and 7.9161234567E+10 have all their digits; 7,9E+10 has lost them, and nobody can know them.
    """
    if found := _FLOAT.fullmatch(text):
        return found[1]
    if found := _SCIENTIFIC.fullmatch(text):
        digits = found[1] + (found[2] or "")
        if len(digits) == int(found[3]) + 1:
            return digits
    return text


def fitting(text: str, room: int = CELL) -> str:
    """The text, cut if it is longer than a cell; `room` in UTF-16 units."""
    if len(text) > room // 2:
        units = text.encode("utf-16-le", "replace")
        if len(units) > 2 * room:
            return units[: 2 * (room - 1)].decode("utf-16-le", "ignore") + "…"
    return text


def written(text: str) -> str:
    r"""A text as a workbook's XML holds it: what XML cannot hold as `_x000B_`."""
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", _HALVES.sub("\ufffd", text))


def read(text: str) -> str:
    """What `written` was given."""
    if "_x" not in text:
        return text
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if _HALVES.search(text):
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""They turn the direction of whatever stands behind them."""
_NO_CHARACTERS = re.compile(r"[\ud800-\udfff\ufffe\uffff]")


def one_line(text: str) -> str:
    """Any text as one line without control characters, no longer than a spreadsheet's cell takes."""
    if not text.isprintable():
        text = _NO_CHARACTERS.sub("\ufffd", _TURNS.sub("", _BREAKS.sub(" ", text)))
    return fitting(text, CELL - 1)  # and room for an apostrophe
