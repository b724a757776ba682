"""What the numbers in a workbook's cells are as text: whole numbers exactly, dates as dates. Pure."""

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
"""The formats that have a number and no text: those of dates and times."""
_NOT_A_DATE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_DATE = re.compile(r"[dmyhs]", re.IGNORECASE)
_ZEROS = re.compile(r"0+")
_EXACT = 2 ** 53
_DAYS = 2_958_466
"""Days until the year 10000, where a spreadsheet's calendar ends."""


class Format:
    """How a cell's number is shown."""

    def __init__(self, number: int = 0, code: str = "") -> None:
        self.date = number in _DATES or bool(_DATE.search(_NOT_A_DATE.sub("", code)))
        self.digits = len(code) if _ZEROS.fullmatch(code) else 0
        """With the format 00000 the number 42 is shown as 00042."""


GENERAL = Format()


def number(raw: str, form: Format, *, since_1904: bool = False) -> str:
    """The text of a numeric cell; one whose digits do not all stand there stays as it is written."""
    if form.date:
        return _date(raw, since_1904=since_1904)
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= 15):
        raw = _whole(raw)
    return raw.zfill(form.digits) if form.digits and raw.isdecimal() else raw


def _whole(raw: str) -> str:
    try:
        value = Decimal(raw)
    except InvalidOperation:
        return raw
    if value.is_finite() and value.adjusted() < 17 and abs(value) < _EXACT and value == value.to_integral_value():
        return str(int(value))
    return raw


def _date(raw: str, *, since_1904: bool) -> str:
    try:
        days = float(raw)
    except ValueError:
        return raw
    if not 0 <= days < _DAYS:
        return raw
    if since_1904:
        days += 1462
    moment = datetime(1899, 12, 30) + timedelta(days=days, milliseconds=500)  # noqa: DTZ001 - a cell has no zone
    if days < 1:
        return f"{moment:%H:%M}"
    return f"{moment:%Y-%m-%d}" if days == int(days) else f"{moment:%Y-%m-%d %H:%M}"
