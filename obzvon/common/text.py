"""Text from files and people, made safe to show: it controls no terminal and forges no line of a log."""

import re
from typing import overload

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message

#: Control characters, line separators, direction marks and lone surrogates.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def escape_controls(text: str) -> str:
    r"""Return the text with newlines and control characters as escape sequences: `\n`."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


@overload
def escape_values(value: Message) -> Message: ...
@overload
def escape_values(value: object) -> object: ...
def escape_values(value: object) -> object:
    """Return the value with its text escaped. In a message only the values are; its own text keeps its newlines."""
    if isinstance(value, Problem | UserError):
        value = value.message()
    if isinstance(value, Message):
        return msgspec.structs.replace(value, values={name: escape_values(one) for name, one in value.values.items()})
    return value if isinstance(value, int | float) else escape_controls(str(value))


def group_digits(number: str) -> str:
    """Return a number as people read it, 8 916 111-11-11; numbers of another form are returned unchanged."""
    if len(number) == 11 and number[0] == "8" and number.isascii() and number.isdecimal():
        return f"8 {number[1:4]} {number[4:7]}-{number[7:9]}-{number[9:]}"
    return number


def upper_first(text: str) -> str:
    """Return the text with a capital letter first, as a sentence of its own."""
    return text[:1].upper() + text[1:]
