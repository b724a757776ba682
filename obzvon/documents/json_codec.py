"""The JSON that operators, editors and old scripts write: any of its encodings read, and where it is broken. Pure."""

import codecs
import json
import re
from typing import NoReturn

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say

_decoder = msgspec.json.Decoder(float_hook=msgspec.Raw)
_UTF8_PAIR = re.compile(rb"[\xd0\xd1][\x80-\xbf]")
_HIGH = re.compile(rb"[\x80-\xff]")


class MalformedError(Exception):
    """The bytes are no such document. `where` of each problem goes on from the file's name: `:3:14`, ` "17"`."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


def decode(data: bytes) -> object:
    """The value in UTF-8, with or without a BOM, else in Windows-1251; fractions come as Raw, as they are written.

    Raises Malformed with line and column.
    """
    try:
        return _decoder.decode(data.removeprefix(codecs.BOM_UTF8))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        text = _text(data)
    if not text.strip():
        raise MalformedError(Problem("", say("the file is empty"), _restore()))
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        _explain(text, error)


def decode_pairs(data: bytes) -> list[tuple[str, object]]:
    """The members of the outermost object, one after another though their keys be the same; `decode` took the data."""
    outermost: list[tuple[str, object]] = []

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal outermost
        outermost = pairs
        return dict(pairs)

    try:
        json.loads(_text(data), object_pairs_hook=keep, parse_float=msgspec.Raw)
    except RecursionError as error:  # it goes a little less deep than `decode`
        raise MalformedError(Problem("", say("it is not JSON: {why}", why=error), _restore())) from error
    return outermost


def keys_within(data: bytes, key: str) -> list[str]:
    """The keys of the object that stands under `key`, as they are written, also one that stands there twice."""
    keys: dict[int, list[str]] = {}
    objects: list[dict[str, object]] = []

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        objects.append(dict(pairs))  # which keeps them, so that none has the identity of another
        keys[id(objects[-1])] = [name for name, _ in pairs]
        return objects[-1]

    found = json.loads(_text(data), object_pairs_hook=keep, parse_float=msgspec.Raw)
    return keys.get(id(found.get(key)), []) if isinstance(found, dict) else []


def encode(value: object) -> bytes:
    """The value in UTF-8, on one line."""
    return msgspec.json.encode(value)


def one_line(value: object) -> str:
    """What a value of any kind is as text: itself, or its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise MalformedError(Problem("", say("it is not in UTF-8"), say("save the file in UTF-8")))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Half a UTF-8 file would be valid Windows-1251 too, and a save would make its names unreadable for good.
        if 4 * len(_UTF8_PAIR.findall(data)) > len(_HIGH.findall(data)):
            raise MalformedError(
                Problem(_place(data, error.start), say("a letter is damaged here, the rest is in UTF-8"), _restore())
            ) from None
    try:
        return data.decode("cp1251")
    except UnicodeDecodeError as error:
        raise MalformedError(
            Problem(
                _place(data, error.start),
                say("it is neither in UTF-8 nor in Windows-1251"),
                say("save the file in UTF-8"),
            )
        ) from None


def _explain(text: str, error: Exception) -> NoReturn:
    """Tells the line and column, which only the standard library's slower reader knows."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as found:
        cut_off = found.pos >= len(text.rstrip()) or found.msg.startswith("Unterminated string")
        what = (
            say("the file is cut off: it ends before its JSON does")
            if cut_off
            else say("it is not JSON from here on: {near}", near=_near(text, found.pos))
        )
        raise MalformedError(Problem(f":{found.lineno}:{found.colno}", what, _restore())) from error
    except (ValueError, RecursionError):
        pass
    raise MalformedError(Problem("", say("it is not JSON: {why}", why=error), _restore())) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _near(text: str, position: int) -> str:
    found = text[position : position + 20].split("\n", 1)[0]
    return found if found.isprintable() else ascii(found)[1:-1]


def _place(data: bytes, position: int) -> str:
    lines = data[:position].split(b"\n")
    return f":{len(lines)}:{len(lines[-1]) + 1}"


def _restore() -> Message:
    return say("mend the file, or bring back an earlier version of it")
