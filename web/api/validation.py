"""Finds every issue in a JSON value, in the reader's language.

msgspec validates fast and exactly, and stops at the first issue. Only if it finds one, the value is checked here again,
to report all of them.
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

#: JSON pointers and what is wrong there.
Issues = Iterator[tuple[str, str]]


def find_issues(value: object, shape: type[Any], error: msgspec.ValidationError) -> list[ValidationIssue]:
    """Return the issues of the value. `error` is that of msgspec, for the case that none is found here."""
    found = [
        ValidationIssue(what, pointer="#" + where)
        for where, what in islice(_issues(value, inspect.type_info(shape), ""), MAX_ISSUES)
    ]
    return found or [ValidationIssue(str(error), pointer="#")]


def describe_expected(kind: inspect.Type) -> str:
    """Return the sentence that says what is expected of a value of this kind."""
    text = _("An object is expected")
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            example = next(iter((extra or {}).get("examples", ())), None)
            text = _("Write it as %(example)s", example=example) if example else describe_expected(inner)
        case inspect.BoolType():
            text = _("true or false is expected")
        case inspect.IntType(ge=least, le=most) if least is not None and most is not None:
            text = _("A whole number from %(least)s to %(most)s is expected", least=least, most=most)
        case inspect.StrType(max_length=most) if most is not None:
            text = _("A text of at most %(most)s characters is expected", most=most)
        case inspect.StrType():
            text = _("A text, in quotes, is expected")
        case inspect.DateType():
            text = _("Write the date as %(example)s", example="2026-12-31")
        case inspect.LiteralType(values=values):
            text = _("One of these is expected: %(names)s", names=", ".join(map(str, values)))
        case inspect.ListType():
            text = _("A list is expected")
    return str(text)


def _issues(value: object, kind: inspect.Type, where: str) -> Issues:
    bare = kind.type if isinstance(kind, inspect.Metadata) else kind
    match bare:
        case inspect.StructType() if isinstance(value, dict):
            yield from _struct_issues(value, bare, where)
        case inspect.DictType() if isinstance(value, dict):
            yield from _dict_issues(value, bare, where)
        case inspect.ListType(item_type=item) if isinstance(value, list):
            for position, one in enumerate(value):
                yield from _issues(one, item, f"{where}/{position}")
        case _ if not _fits(value, bare):
            yield where, describe_expected(kind)


def _struct_issues(value: dict[str, object], kind: inspect.StructType, where: str) -> Issues:
    fields = {field.encode_name: field for field in kind.fields}
    for name, field in fields.items():
        if name in value:
            yield from _issues(value[name], field.type, _pointer(where, name))
        elif field.required:
            yield _pointer(where, name), _("It is missing")
    for name in value.keys() - fields.keys() if kind.forbid_unknown_fields else ():
        yield _pointer(where, name), _("There is no such field; there are: %(names)s", names=", ".join(fields))


def _dict_issues(value: dict[str, object], kind: inspect.DictType, where: str) -> Issues:
    if kind.max_length is not None and len(value) > kind.max_length:
        yield where, _("At most %(most)s of them are accepted", most=kind.max_length)
    for name, one in value.items():
        if isinstance(kind.key_type, inspect.DateType) and not _fits(name, kind.key_type):
            yield _pointer(where, name), describe_expected(kind.key_type)
        yield from _issues(one, kind.value_type, _pointer(where, name))


def _fits(value: object, kind: inspect.Type) -> bool:
    """Return whether a scalar value has the expected kind."""
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


def _pointer(where: str, name: str) -> str:
    return f"{where}/{name.replace('~', '~0').replace('/', '~1')}"
