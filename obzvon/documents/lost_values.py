"""Values of the list that a save of another program has lost. Pure.

The first users' page saves with PHP's JSON_NUMERIC_CHECK: every text that looks like a number becomes one, so a code 01
becomes 1, also in rows that nobody touched. A row that is edited there keeps its number and code only.
"""

import re
from collections.abc import Iterable

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.i18n import say, say_many
from obzvon.common.text import escape_controls
from obzvon.documents import json_codec, phones_json
from obzvon.documents.json_codec import MalformedError
from obzvon.domain.phones import NUMBER, Phone

_CODE = "1"
#: What keeps a number from being called.
PAUSES = ("paused", *phones_json.ABSENCE_KEYS)
#: What PHP takes for a number (is_numeric).
_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\r\v\f]*", re.ASCII)
#: The last digits of a number are the same in every notation.
_TAIL = 7
_MAX_NAMED = 3

Row = dict[str, object]


class LostValue(msgspec.Struct, frozen=True):
    """A value of a row as it was, and what another program has made of it; None = it has left the field out."""

    row: str
    number: str
    field: str
    was: object
    now: object = None


def find_lost_values(before: bytes, after: bytes) -> list[LostValue]:
    """Return the values of `before` that `after` has in the form to which such a save changes them.

    Pauses come first: without its pause a number is called.
    """
    earlier, rows = _rows(before), _rows(after)
    lost: list[LostValue] = []
    for key, row in rows.items():
        was = earlier.get(key)
        if was is None or not _is_saved_form(was.get(NUMBER), row.get(NUMBER)):
            continue
        number = _text(row.get(NUMBER))
        for field, value in was.items():
            if field in row:
                if _is_spoilt(value, row[field]):
                    lost.append(LostValue(key, number, field, value, row[field]))
            elif value and row.keys() == {NUMBER, _CODE} and isinstance(row[NUMBER], int):
                lost.append(LostValue(key, number, field, value))
    return sorted(lost, key=lambda one: one.field not in PAUSES)


def still_lost(lost: Iterable[LostValue], data: bytes) -> list[LostValue]:
    """Return those that the rows of `data` still lack."""
    lost = list(lost)
    rows = _rows(data) if lost else {}
    return [
        one
        for one in lost
        if (row := rows.get(one.row)) is not None
        and _tail(_text(row.get(NUMBER))) == _tail(one.number)
        and _text(row.get(one.field)) == _text(one.now)
    ]


def restore_values(phones: Iterable[Phone], lost: Iterable[LostValue]) -> list[Phone]:
    """Return the phones with these values."""
    by_row: dict[str, list[LostValue]] = {}
    for one in lost:
        by_row.setdefault(one.row, []).append(one)
    return [
        phones_json.replace_values(phone, {one.field: one.was for one in by_row[phone.key]})
        if phone.key in by_row
        else phone
        for phone in phones
    ]


def describe_loss(lost: LostValue) -> str:
    """Return a lost value in one line: number, field unless it is the code or name, the value before and now."""
    field = "" if lost.field in {NUMBER, _CODE, "name"} else f"{lost.field} "
    return escape_controls(f"{lost.number}: {field}{describe_change(lost)}"[:100])


def describe_change(lost: LostValue) -> str:
    """Return the value before and now."""
    return escape_controls(f"{_text(lost.was)} → {'—' if lost.now is None else _text(lost.now)}"[:100])


def note_on_losses(lost: list[LostValue]) -> Problem:
    """Return the note for the list, the log and the checks."""
    named = [describe_loss(one) for one in lost[:_MAX_NAMED]]
    return Problem(
        "",
        say_many(
            "another program has saved the list and lost {n} value: {values}",
            "another program has saved the list and lost {n} values: {values}",
            len(lost),
            values="; ".join([*named, *["…"] * (len(lost) > _MAX_NAMED)]),
        ),
        say("restore them on the page of the list, or: obzvon recover"),
    )


def encode_lost_values(lost: list[LostValue]) -> bytes:
    """Return them as JSON."""
    return json_codec.encode([msgspec.structs.asdict(one) for one in lost])


def decode_lost_values(data: bytes) -> list[LostValue]:
    """Return what `encode_lost_values` wrote, and nothing for anything else."""
    try:
        return msgspec.convert(json_codec.decode(data), list[LostValue])
    except (MalformedError, msgspec.ValidationError):
        return []


def _rows(data: bytes) -> dict[str, Row]:
    """Return the rows that are objects or lists, by key; of a broken document none."""
    try:
        document = json_codec.decode(data)
    except MalformedError:
        return {}
    return {key: row for key, value in _members(document).items() if (row := _members(value))}


def _members(value: object) -> Row:
    if isinstance(value, list):
        return {str(index): one for index, one in enumerate(value)}
    return value if isinstance(value, dict) else {}


def _is_spoilt(was: object, now: object) -> bool:
    """Return whether such a save makes `now` of `was`, and the text differs."""
    return _is_saved_form(was, now) and not _is_same_text(was, now)


def _is_saved_form(was: object, now: object) -> bool:
    """Return whether `now` is the same value, or the form to which such a save changes it."""
    if isinstance(was, dict | list) and isinstance(now, dict | list):
        before, after = _members(was), _members(now)
        return before.keys() == after.keys() and all(_is_saved_form(before[key], after[key]) for key in before)
    return _text(was) == _text(now) or _is_numeric_form(was, now)


def _is_same_text(was: object, now: object) -> bool:
    if isinstance(was, dict | list) and isinstance(now, dict | list):
        before, after = _members(was), _members(now)
        return type(was) is type(now) and all(_is_same_text(before[key], after[key]) for key in before)
    return _text(was).strip().lstrip("+") == _text(now) or (isinstance(was, msgspec.Raw) and _is_numeric_form(was, now))


def _is_numeric_form(was: object, now: object) -> bool:
    """Return whether `now` is the number that PHP makes of the text `was`."""
    text = _text(was)
    if (
        isinstance(now, bool)
        or not isinstance(now, int | msgspec.Raw)
        or len(text) > 400
        or not _NUMERIC.fullmatch(text)
    ):
        return False
    number = _text(now)
    try:
        return int(text) == int(number)
    except ValueError:
        return float(text) == float(number)


def _text(value: object) -> str:
    return "" if value is None else json_codec.value_text(value)


def _tail(number: str) -> str:
    return "".join(filter(str.isdecimal, number))[-_TAIL:]
