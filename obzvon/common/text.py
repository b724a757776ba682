"""Text from files and people: decoded, and made safe to show, so that it controls no terminal and no line of a log."""

import re
from typing import overload

import msgspec

from obzvon.common.errors import ObzvonError, Problem, UserError
from obzvon.common.i18n import Message

#: Control characters, line separators, direction marks and lone surrogates.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_UTF8_CYRILLIC = re.compile(rb"[\xd0\xd1][\x80-\xbf]")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")


class UndecodableTextError(ObzvonError):
    """The bytes are text in neither encoding. `position` is the first bad byte.

    `is_damaged` = nearly all of it is UTF-8, with a letter that is damaged.
    """

    def __init__(self, position: int, *, is_damaged: bool = False) -> None:
        super().__init__(position)
        self.position = position
        self.is_damaged = is_damaged


def decode_text(data: bytes, *, refuse_damaged: bool = True) -> tuple[str, str]:
    """Return the text and its encoding: UTF-8 with or without a BOM, else Windows-1251.

    Raises UndecodableTextError, also for damaged UTF-8 unless `refuse_damaged` is off: half a UTF-8 file would be valid
    Windows-1251 too, with names that nobody can read, and a save would make that permanent.
    """
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as error:
        if refuse_damaged and 4 * len(_UTF8_CYRILLIC.findall(data)) > len(_HIGH_BYTE.findall(data)):
            raise UndecodableTextError(error.start, is_damaged=True) from None
    try:
        return data.decode("cp1251"), "Windows-1251"
    except UnicodeDecodeError as error:
        raise UndecodableTextError(error.start) from None


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
