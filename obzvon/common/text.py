"""Values that come from files and people, made fit to be shown: they act on no terminal and forge no line."""

import re
from typing import overload

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What is not text: control characters, separators of lines, signs that turn the direction of what follows."""


def escape_controls(text: str) -> str:
    r"""The text with its newlines and control characters shown as they are written in a program: `\n`."""
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


@overload
def escape_values(value: Message) -> Message: ...
@overload
def escape_values(value: object) -> object: ...
def escape_values(value: object) -> object:
    """A value with everything in it escaped; of a message its values are, and the newlines of its own text are kept."""
    if isinstance(value, Problem | UserError):
        value = value.message()
    if isinstance(value, Message):
        return msgspec.structs.replace(value, values={name: escape_values(one) for name, one in value.values.items()})
    return value if isinstance(value, int | float) else escape_controls(str(value))


def group_digits(number: str) -> str:
    """A number as people read it: 8 916 111-11-11; one that is not written so stays as it is."""
    if len(number) == 11 and number[0] == "8" and number.isascii() and number.isdecimal():
        return f"8 {number[1:4]} {number[4:7]}-{number[7:9]}-{number[9:]}"
    return number
