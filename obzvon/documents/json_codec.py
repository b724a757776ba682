"""JSON that operators, editors and old scripts write: decoded in any of its encodings, with the place of an error."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Any, NoReturn

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say
from obzvon.common.text import UndecodableTextError, decode_text

_NOT_ASCII = re.compile("[^\\x00-\\x7f]+")

_decoder = msgspec.json.Decoder(float_hook=msgspec.Raw)


class MalformedError(Exception):
    """The bytes are not such a document. `where` of each problem continues the file's name: `:3:14`, ` "17"`."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


def decode(data: bytes) -> object:
    """Return the value in UTF-8, with or without a BOM, else in Windows-1251. Fractions come as Raw, as written.

    Raises MalformedError with line and column.
    """
    try:
        return _decoder.decode(data.removeprefix(codecs.BOM_UTF8))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        text = _decode_document(data)
    if not text.strip():
        raise MalformedError(Problem("", say("the file is empty"), _restore()))
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        _explain(text, error)


def decode_pairs(data: bytes) -> list[tuple[str, object]]:
    """Return the members of the outermost object in order, those with a repeated key too.

    `decode` must have accepted the data.
    """
    outermost: list[tuple[str, object]] = []

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal outermost
        outermost = pairs
        return dict(pairs)

    _decode_objects(data, keep)
    return outermost


def keys_within(data: bytes, key: str) -> list[str]:
    """Return the keys of the object that is the value of `key`, as written, repeated ones too."""
    keys: dict[int, list[str]] = {}
    objects: list[dict[str, object]] = []

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        objects.append(dict(pairs))  # kept alive, so that no two have the same id
        keys[id(objects[-1])] = [name for name, _ in pairs]
        return objects[-1]

    found = _decode_objects(data, keep)
    return keys.get(id(found.get(key)), []) if isinstance(found, dict) else []


def repeated_keys(data: bytes) -> list[tuple[str, str, int]]:
    """Return the keys that appear more than once in a row of the document: the row's key, theirs, and how often."""
    counts: dict[int, Counter[str]] = {}
    objects: list[object] = []

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            objects.append(found)  # kept alive, so that no two have the same id
            counts[id(found)] = Counter(name for name, _ in pairs)
        return found

    document = _decode_objects(data, keep)
    rows = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    return [
        (str(key), name, count)
        for key, row in rows
        for name, count in counts.get(id(row), Counter()).items()
        if count > 1
    ]


def _decode_objects(data: bytes, keep: Callable[[list[tuple[str, object]]], object]) -> Any:
    """Return the value in which `keep` has made each object of its members, those with a repeated key too.

    `decode` must have accepted the data.
    """
    try:
        return json.loads(_decode_document(data), object_pairs_hook=keep, parse_float=msgspec.Raw)
    except RecursionError as error:  # json recurses a little less deep than msgspec
        raise MalformedError(Problem("", say("it is not JSON: {why}", why=error), _restore())) from error


def count_members(value: object) -> int:
    """Return how many members the objects of a decoded value have, at every depth."""
    if isinstance(value, dict):
        return len(value) + sum(map(count_members, value.values()))
    return sum(map(count_members, value)) if isinstance(value, list) else 0


def encode(value: object) -> bytes:
    r"""Return the value as JSON on one line, in ASCII: `\u0418` is read in every locale and encoding."""
    data = msgspec.json.encode(value)
    return data if data.isascii() else _NOT_ASCII.sub(_escape, data.decode()).encode()


def _escape(found: re.Match[str]) -> str:
    return encode_basestring_ascii(found[0])[1:-1]


def value_text(value: object) -> str:
    """Return a value of any kind as text: a string itself, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _decode_document(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise MalformedError(Problem("", say("it is not in UTF-8"), say("save the file in UTF-8")))
    try:
        return decode_text(data)[0]
    except UndecodableTextError as error:
        what, remedy = (
            (say("a letter is damaged here, the rest is in UTF-8"), _restore())
            if error.is_damaged
            else (say("it is neither in UTF-8 nor in Windows-1251"), say("save the file in UTF-8"))
        )
        raise MalformedError(Problem(_line_and_column(data, error.position), what, remedy)) from None


def _explain(text: str, error: Exception) -> NoReturn:
    """Raise MalformedError with line and column, which only the standard library's slower parser knows."""
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as found:
        cut_off = found.pos >= len(text.rstrip()) or found.msg.startswith("Unterminated string")
        what = (
            say("the file is cut off: it ends before its JSON does")
            if cut_off
            else say("it is not JSON from here on: {near}", near=_excerpt(text, found.pos))
        )
        raise MalformedError(Problem(f":{found.lineno}:{found.colno}", what, _restore())) from error
    except (ValueError, RecursionError):
        pass
    raise MalformedError(Problem("", say("it is not JSON: {why}", why=error), _restore())) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _excerpt(text: str, position: int) -> str:
    found = text[position : position + 20].split("\n", 1)[0]
    return found if found.isprintable() else ascii(found)[1:-1]


def _line_and_column(data: bytes, position: int) -> str:
    lines = data[:position].split(b"\n")
    return f":{len(lines)}:{len(lines[-1]) + 1}"


def _restore() -> Message:
    return say("fix the file, or restore an earlier version of it")
