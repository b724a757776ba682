"""What is wrong with a JSON value, all of it at once and in the reader's language.

msgspec says whether a value has the shape that is asked for, fast and exactly, and stops at the first thing that is
wrong. Only then, and for the reader, the value is gone through here once more.
"""

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

import msgspec
from flask_babel import gettext as _
from msgspec import inspect

from web.problems import MAX_ISSUES, ValidationIssue

Wrong = Iterator[tuple[str, str]]
"""JSON pointers and what is wrong there."""


def find_issues(value: object, shape: type[Any], error: msgspec.ValidationError) -> list[ValidationIssue]:
    """What is wrong with it; `error` is what msgspec said."""
    found = [
        ValidationIssue(what, pointer="#" + where)
        for where, what in islice(_wrong(value, inspect.type_info(shape), ""), MAX_ISSUES)
    ]
    return found or [ValidationIssue(str(error), pointer="#")]


def describe_expected(kind: inspect.Type) -> str:
    """What is expected of a single value."""
    said = _("An object is expected")
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            example = next(iter((extra or {}).get("examples", ())), None)
            said = _("Write it as %(example)s", example=example) if example else describe_expected(inner)
        case inspect.BoolType():
            said = _("true or false is expected")
        case inspect.IntType(ge=least, le=most) if least is not None and most is not None:
            said = _("A whole number from %(least)s to %(most)s is expected", least=least, most=most)
        case inspect.StrType(max_length=most) if most is not None:
            said = _("A text of at most %(most)s characters is expected", most=most)
        case inspect.StrType():
            said = _("A text, in quotes, is expected")
        case inspect.DateType():
            said = _("Write the date as %(example)s", example="2026-12-31")
        case inspect.LiteralType(values=values):
            said = _("One of these is expected: %(names)s", names=", ".join(map(str, values)))
        case inspect.ListType():
            said = _("A list is expected")
    return str(said)


def _wrong(value: object, kind: inspect.Type, where: str) -> Wrong:
    bare = kind.type if isinstance(kind, inspect.Metadata) else kind
    match bare:
        case inspect.StructType() if isinstance(value, dict):
            yield from _wrong_struct(value, bare, where)
        case inspect.DictType() if isinstance(value, dict):
            yield from _wrong_dict(value, bare, where)
        case inspect.ListType(item_type=item) if isinstance(value, list):
            for place, one in enumerate(value):
                yield from _wrong(one, item, f"{where}/{place}")
        case _ if not _fits(value, bare):
            yield where, describe_expected(kind)


def _wrong_struct(value: dict[str, object], kind: inspect.StructType, where: str) -> Wrong:
    known = {field.encode_name: field for field in kind.fields}
    for name, field in known.items():
        if name in value:
            yield from _wrong(value[name], field.type, _inside(where, name))
        elif field.required:
            yield _inside(where, name), _("It is missing")
    for name in value.keys() - known.keys() if kind.forbid_unknown_fields else ():
        yield _inside(where, name), _("There is no such field; there are: %(names)s", names=", ".join(known))


def _wrong_dict(value: dict[str, object], kind: inspect.DictType, where: str) -> Wrong:
    if kind.max_length is not None and len(value) > kind.max_length:
        yield where, _("At most %(most)s of them are accepted", most=kind.max_length)
    for name, one in value.items():
        if isinstance(kind.key_type, inspect.DateType) and not _fits(name, kind.key_type):
            yield _inside(where, name), describe_expected(kind.key_type)
        yield from _wrong(one, kind.value_type, _inside(where, name))


def _fits(value: object, kind: inspect.Type) -> bool:
    """Whether a value that has no others in it is what is expected."""
    match kind:
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.StrType(max_length=most, pattern=pattern):
            return (
                isinstance(value, str)
                and (most is None or len(value) <= most)
                and (pattern is None or re.search(pattern, value) is not None)
            )
        case inspect.DateType():
            return isinstance(value, str) and _is_date(value)
    return False


def _is_date(text: str) -> bool:
    try:
        msgspec.convert(text, date)
    except msgspec.ValidationError:
        return False
    return True


def _inside(where: str, name: str) -> str:
    return f"{where}/{name.replace('~', '~0').replace('/', '~1')}"
