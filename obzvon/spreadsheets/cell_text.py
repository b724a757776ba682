"""Protect text from what spreadsheets do to it: formulas, lost digits, limits of a cell. Pure."""

import re

#: UTF-16 units that fit into a cell. A spreadsheet moves longer text into the next row or calls the file damaged.
MAX_CELL_UNITS = 32_767
#: Rows of one sheet. Excel's own limit is a little higher.
MAX_ROWS = 1_000_000

_FORMULA = frozenset("=+-@＝＋－＠")
_FLOAT = re.compile(r"([0-9]+)[.,]0+", re.ASCII)
_SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eEеЕ]\+?([0-9]{1,2})", re.ASCII)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
#: Errors of formulas as English and Russian spreadsheets save them: a VLOOKUP that found nothing, a deleted cell.
_ERRORS = re.compile(
    r"#(N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!|SPILL!|CALC!|GETTING_DATA|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!"
    r"|Н/Д|ЗНАЧ!|ССЫЛКА!|ССЫЛ!|ДЕЛ/0!|ЧИСЛО!|ИМЯ\?|ПУСТО!|ПЕРЕНОС!|ВЫЧИСЛ!|ОЖИДАНИЕ_ДАННЫХ|ПОЛЕ!)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'\s*=\s*(?:"((?:[^"]|"")*)"|(\+?[0-9]+))\s*')
_LINK = re.compile(
    r'\s*=\s*(?:HYPERLINK|ГИПЕРССЫЛКА)\(\s*"([^"]*)"\s*(?:[;,]\s*"((?:[^"]|"")*)"\s*)?\)\s*', re.IGNORECASE
)
_TEN_DIGITS = re.compile(r"[0-9](?:[\s().+_-]{0,3}[0-9]){9}")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet reads the text as a formula, also behind spaces and invisible characters."""
    if not text:
        return False
    first = next((char for char in text if char.isprintable() and not char.isspace()), "")
    return first in _FORMULA or text[0] in "\t\r\n"


def escape_formula(text: str) -> str:
    """Return the text with a leading apostrophe if it needs one; `unescape_formula` gives exactly the text back."""
    return "'" + text if is_formula(text.lstrip("'")) else text


def unescape_formula(text: str) -> str:
    """Return the text that `escape_formula` was given. A text that really began with an apostrophe keeps it."""
    return text[1:] if text.startswith("'") and is_formula(text.lstrip("'")) else text


def is_error_value(text: str) -> bool:
    """Return whether the text is what a spreadsheet shows for a formula that failed."""
    return _ERRORS.fullmatch(text.strip()) is not None


def looks_like_phone(text: str) -> bool:
    """Return whether the text has ten digits in a row, apart from what stands between digits of a phone number."""
    return len(text) > 9 and _TEN_DIGITS.search(text) is not None


def unquote_formula(text: str) -> str:
    """Return the text of ="89161111111" or =89161111111, by which a CSV keeps the digits, and others unchanged.

    Of =HYPERLINK("tel:+79161111111";"call") the text is returned or, if only that has a number, the address.
    """
    if link := _LINK.fullmatch(text):
        address, shown = link[1], (link[2] or "").replace('""', '"')
        return shown if looks_like_phone(shown) or not looks_like_phone(address) else address
    found = _QUOTED.fullmatch(text)
    return text if not found else found[2] if found[1] is None else found[1].replace('""', '"')


def integer_digits(text: str) -> str:
    """Return the digits of an integer that a spreadsheet wrote as a fraction, and any other text unchanged.

    79161234567.0 and 7.9161234567E+10 have all their digits. 7,9E+10 has lost some, so it stays as it is.
    """
    if found := _FLOAT.fullmatch(text):
        return found[1]
    if found := _SCIENTIFIC.fullmatch(text):
        digits = found[1] + (found[2] or "")
        if len(digits) == int(found[3]) + 1:
            return digits
    return text


def truncate_to_cell(text: str, room: int = MAX_CELL_UNITS) -> str:
    """Return the text, cut if it is longer than `room` UTF-16 units."""
    if len(text) > room // 2:
        units = text.encode("utf-16-le", "replace")
        if len(units) > 2 * room:
            return units[: 2 * (room - 1)].decode("utf-16-le", "ignore") + "…"
    return text


def escape_xml_text(text: str) -> str:
    r"""Return the text as a workbook's XML holds it: a character that XML cannot hold becomes `_x000B_`."""
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", _SURROGATES.sub("\ufffd", text))


def unescape_xml_text(text: str) -> str:
    """Return the text that `escape_xml_text` was given."""
    if "_x" not in text:
        return text
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if _SURROGATES.search(text):
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: Characters that change the direction of the text behind them.
_DIRECTION_MARKS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVALID_CHARACTERS = re.compile(r"[\ud800-\udfff\ufffe\uffff]")
#: Marks that come along when a text is copied out of a telephone or a web page, and are seen nowhere.
_INVISIBLE = re.compile(r"[\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_BREAKS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_SPACES = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def clean_cell(text: str) -> str:
    """Return the text without invisible marks, with ordinary spaces and line breaks. Emoji of several parts stay."""
    if text.isprintable():
        return text
    return _SPACES.sub(" ", _INVISIBLE.sub("", _BREAKS.sub("\n", text)))


def to_one_line(text: str) -> str:
    """Return the text as one line without control characters that fits into a cell."""
    if not text.isprintable():
        text = _INVALID_CHARACTERS.sub("\ufffd", _DIRECTION_MARKS.sub("", _CONTROLS.sub(" ", text)))
    return truncate_to_cell(text, MAX_CELL_UNITS - 1)  # leaves room for an apostrophe
