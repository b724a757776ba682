"""Converts todo.json from bytes to phones and back. Pure.

Several programs and people write its rows: objects or lists, with strings or integers. Everything in a row that has no
field in `Phone` goes to `Phone.extra` under its own name and is written back. `extra` also keeps a value of one of our
own fields that was not text, under that field's name. It is written again as long as the field has not changed.
"""

import gc
from collections.abc import Iterable, Mapping
from typing import Annotated, cast

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say
from obzvon.documents import json_codec
from obzvon.documents.json_codec import MalformedError
from obzvon.domain.absence import Absence, parse_day, read_absence
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import NUMBER, Phone, next_free_key, to_saved_form

_FALSE_TEXTS = ("", "0", "false", "no", "off", "нет")
_WHOLE_ROW = ""
#: The dates of an absence, as YYYY-MM-DD: the first day without a call, and the day of the next call.
ABSENCE_KEYS = ("paused_from", "paused_until")


class ScalarRow(msgspec.Struct, frozen=True):
    """A whole row that is neither an object nor a list; in `Phone.extra` under an empty name."""

    value: object


class _EncodedRow(msgspec.Struct, gc=False, omit_defaults=True, rename={"number": "0", "code": "1"}):
    """A row as it is written: the keys that the old editor and script read, and our own if they are set."""

    number: str
    code: str
    name: str = ""
    paused: bool = False
    paused_from: str = ""
    paused_until: str = ""


class _CommonRow(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename={"number": "0", "code": "1"}):
    """A row as nearly all rows are."""

    number: str | Annotated[int, msgspec.Meta(ge=0)]
    code: str | int | msgspec.UnsetType | None = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET


class _DatedRow(_CommonRow, gc=False, forbid_unknown_fields=True, rename={"number": "0", "code": "1"}):
    """A row that may have dates, too."""

    paused_from: str | msgspec.UnsetType = msgspec.UNSET
    paused_until: str | msgspec.UnsetType = msgspec.UNSET


_common_rows = msgspec.json.Decoder(dict[str, _CommonRow])
_dated_rows = msgspec.json.Decoder(dict[str, _DatedRow])


def parse(data: bytes) -> tuple[list[Phone], tuple[Problem, ...]]:
    """Return the rows in their order, none left out, and notes; raise MalformedError if it is no list of rows at all.

    If two rows have one key, both are kept, the later one under a new key, and a note says so.
    """
    collecting = gc.isenabled()
    gc.disable()  # it would scan a million small objects again and again, none of them garbage
    try:
        return _parse_common(data) or _parse_any(data)
    finally:
        if collecting:
            gc.enable()


def dump(phones: Iterable[Phone], plan: NumberingPlan | None = None) -> bytes:
    """Return the JSON, one row a line; raise MalformedError for what JSON cannot hold and for a key used twice.

    With a plan, numbers are written as they are dialled.
    """
    lines: list[bytes] = []
    keys: set[str] = set()
    for phone in phones:
        if phone.key in keys:
            raise MalformedError(
                Problem(f' "{phone.key}"', say("two rows have this key"), say("give one of them another"))
            )
        keys.add(phone.key)
        try:
            lines.append(json_codec.encode(phone.key) + b": " + _row(phone, plan))
        except (UnicodeEncodeError, msgspec.MsgspecError, TypeError) as error:
            raise MalformedError(
                Problem(
                    f' "{ascii(phone.key)[1:-1]}"',
                    say("it cannot be written: {why}", why=error),
                    say("take out the damaged characters"),
                )
            ) from error
    return b"{\n" + b",\n".join(lines) + b"\n}\n" if lines else b"{}\n"


def replace_values(phone: Phone, values: dict[str, object]) -> Phone:
    """Return the phone as it is read from its row with these values in place of others."""
    row = {NUMBER: phone.number, "1": phone.code, "name": phone.name, "paused": phone.paused}
    row |= _absence_fields(phone) | (phone.extra or {})
    return _full(phone.key, row | values)


def _parse_common(data: bytes) -> tuple[list[Phone], tuple[Problem, ...]] | None:
    """Return the phones of a list without any odd row, at twice the speed; None for any other list."""
    rows: Mapping[str, _CommonRow]
    is_dated = b'"paused_' in data
    try:
        rows = (_dated_rows if is_dated else _common_rows).decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if _has_more(data, len(rows)):
        return None
    members, phones, unset = len(rows), [], msgspec.UNSET
    for key, row in rows.items():
        number, code, name, paused = row.number, row.code, row.name, row.paused
        members += 1 + (code is not unset) + (name is not unset) + (paused is not unset)
        if is_dated and (fields := _fields_with_dates(row)):
            members += len(fields.keys() & set(ABSENCE_KEYS))
            phones.append(_full(key, fields))
            continue
        phones.append(
            Phone(
                key,
                number if type(number) is str else str(number),
                code if type(code) is str else "" if code is unset else _text(code),
                name or "",
                paused or False,
            )
        )
    return phones, _notes_on_repeated(data, members)


def _parse_any(data: bytes) -> tuple[list[Phone], tuple[Problem, ...]]:
    document = json_codec.decode(data)
    repeated = _notes_on_repeated(data, json_codec.count_members(document))
    if isinstance(document, list):
        return [_phone(str(index), row) for index, row in enumerate(document)], repeated
    if not isinstance(document, dict):
        raise MalformedError(Problem(":1:1", say("it is not a list of phones"), _shape()))
    rows = cast("dict[str, object]", document)
    whole = sum(isinstance(row, dict | list) for row in rows.values())
    if whole < len(rows) or _has_more(data, whole):
        pairs = json_codec.decode_pairs(data)
        if len(pairs) > len(rows):
            phones, notes = _with_hidden(pairs)
            return phones, (*notes, *repeated)
    return [_phone(key, row) for key, row in rows.items()], repeated


def _has_more(data: bytes, rows: int) -> bool:
    """Return whether there are more objects and lists than rows: nested, as brackets in a name, or hidden.

    A later row with the same key hides the earlier one; people who copy lines leave such rows behind.
    """
    return data.count(b"{") + data.count(b"[") > rows + 1


def _notes_on_repeated(data: bytes, members: int) -> tuple[Problem, ...]:
    """Return a note on each key that a row has twice. JSON silently takes the last value."""
    if data.count(b":") <= members:  # each member has a colon, and text may have more
        return ()
    return tuple(
        Problem(
            f' "{row}" "{name}"',
            say("this key appears {n} times in the row, and the last value is taken", n=count),
            say("keep one of them; a save in the editor writes the last"),
        )
        for row, name, count in json_codec.repeated_keys(data)
    )


def _with_hidden(pairs: list[tuple[str, object]]) -> tuple[list[Phone], tuple[Problem, ...]]:
    free = next_free_key(key for key, _ in pairs)
    seen: set[str] = set()
    notes: list[Problem] = []
    phones: list[Phone] = []
    for key, row in pairs:
        new_key = key
        if key in seen:
            new_key, free = str(free), free + 1
            notes.append(
                Problem(
                    f' "{key}"',
                    say("two rows have this key; the later one is taken as {key}", key=new_key),
                    say("a save in the editor writes it so"),
                )
            )
        seen.add(new_key)
        phones.append(_phone(new_key, row))
    return phones, tuple(notes)


def _phone(key: str, row: object) -> Phone:
    if isinstance(row, dict):
        return _full(key, row)
    if isinstance(row, list):
        return _full(key, {str(index): value for index, value in enumerate(row)})
    return Phone(key, json_codec.value_text(row), extra={_WHOLE_ROW: ScalarRow(row)})


def _full(key: str, row: dict[str, object]) -> Phone:
    extra = {name: value for name, value in row.items() if not _is_plain(name, value)}
    return Phone(
        key,
        _text(row.get("0")),
        _text(row.get("1")),
        _name(row.get("name")),
        _flag(row.get("paused")),
        extra or None,
        read_absence(*(_date_text(row.get(name)) for name in ABSENCE_KEYS)),
    )


def _fields_with_dates(row: _CommonRow) -> dict[str, object] | None:
    """Return the fields of a row under their names in the file; None if it has no date."""
    if not isinstance(row, _DatedRow) or row.paused_until is row.paused_from is msgspec.UNSET:
        return None
    names = zip(row.__struct_fields__, row.__struct_encode_fields__, strict=True)
    return {name: value for field, name in names if (value := getattr(row, field)) is not msgspec.UNSET}


def _absence_fields(phone: Phone) -> dict[str, object]:
    absence = phone.absence or Absence()
    dates = zip(ABSENCE_KEYS, (absence.first, absence.until), strict=True)
    return {name: day.isoformat() for name, day in dates if day is not None}


def absence_texts(phone: Phone) -> dict[str, str]:
    """Return the dates of a row's absence by their keys, as YYYY-MM-DD or as they were written; '' for none."""
    texts = dict.fromkeys(ABSENCE_KEYS, "")
    if phone.absence is None:
        return texts
    written = {name: _date_text((phone.extra or {}).get(name)) for name in ABSENCE_KEYS}
    texts |= {name: text for name, text in written.items() if text in phone.absence.unreadable}
    return texts | cast("dict[str, str]", _absence_fields(phone))


def _row(phone: Phone, plan: NumberingPlan | None) -> bytes:
    extra = phone.extra and {name: value for name, value in phone.extra.items() if _is_unchanged(phone, name, value)}
    if extra != phone.extra:
        phone = msgspec.structs.replace(phone, extra=extra)
    if plan:
        phone = to_saved_form(phone, plan)
    if not extra:
        dates = cast("dict[str, str]", _absence_fields(phone)) if phone.absence else {}
        return json_codec.encode(_EncodedRow(phone.number, phone.code, phone.name, phone.paused, **dates))
    fields: dict[str, object] = {NUMBER: phone.number, "1": phone.code}
    if phone.name:
        fields["name"] = phone.name
    if phone.paused:
        fields["paused"] = True
    fields |= _absence_fields(phone)
    for name, value in extra.items():
        if isinstance(value, ScalarRow):
            if fields == {NUMBER: json_codec.value_text(value.value), "1": ""}:
                return json_codec.encode(value.value)
        else:
            fields[name] = value
    return json_codec.encode(fields)


def _is_plain(name: str, value: object) -> bool:
    """Return whether a field of `Phone` holds everything that the row has under that name."""
    if name == "paused":
        return value is None or isinstance(value, bool)
    if name == NUMBER:
        return _is_number_text(value)
    if name in ABSENCE_KEYS:
        return value is None or (isinstance(value, str) and parse_day(value) is not None)
    if name in {"1", "name"}:
        return value is None or (isinstance(value, str | int | msgspec.Raw) and not isinstance(value, bool))
    return False


def _is_number_text(value: object) -> bool:
    """Return whether a number may be meant: a fraction or a negative number has digits of one by chance only."""
    return value is None or isinstance(value, str) or (type(value) is int and value >= 0)


def _is_unchanged(phone: Phone, name: str, value: object) -> bool:
    match name:
        case "0":
            return _text(value) == phone.number
        case "1":
            return _text(value) == phone.code
        case "name":
            return _name(value) == phone.name
        case "paused":
            return _flag(value) == phone.paused
        case "paused_from" | "paused_until":
            return _is_same_day(value, phone.absence or Absence(), name)
    return True


def _is_same_day(value: object, absence: Absence, name: str) -> bool:
    text = _date_text(value)
    if text and parse_day(text) is None:
        return text in absence.unreadable
    return parse_day(text) == (absence.first if name == "paused_from" else absence.until)


def _text(value: object) -> str:
    return "" if value is None else json_codec.value_text(value)


def _name(value: object) -> str:
    return _text(value) if _is_plain("name", value) else ""


def _date_text(value: object) -> str:
    """Return the text of a date or of another value that was written for one; '' for none."""
    return "" if value is None or value is False else _text(value).strip()


def _flag(value: object) -> bool:
    """Return the flag. Somebody wrote it to say "do not call", so only a plain no counts as no."""
    if isinstance(value, str):
        return value.strip().lower() not in _FALSE_TEXTS
    return bool(value)


def _shape() -> Message:
    return say("write the rows as {example}", example='{"0": {"0": "89161111111", "1": ""}}')
