"""Find the encoding of a text by its bytes and by how often each Russian letter occurs. Pure."""

import codecs
import math
import re
from collections import Counter

from obzvon.common.i18n import say
from obzvon.common.text import UndecodableTextError, decode_text
from obzvon.spreadsheets.table import UnreadableTableError

#: Encodings of one byte a letter, by Python's name, and how much rarer than Windows-1251 each is, as a logarithm.
_OLD_ENCODINGS = {
    "cp1251": ("Windows-1251", 0.0),
    "cp866": ("DOS (cp866)", -2.0),
    "koi8_r": ("KOI8-R", -2.0),
    "mac_cyrillic": ("MacCyrillic", -5.0),
    "iso8859_5": ("ISO 8859-5", -6.0),
}
#: Occurrences of a letter in 10,000 letters of Russian names and text.
# fmt: off
_FREQUENCIES = {
    "о": 1097, "е": 845, "а": 801, "и": 735, "н": 670, "т": 626, "с": 547, "р": 473, "в": 454, "л": 440, "к": 349,
    "м": 321, "д": 298, "п": 281, "у": 262, "я": 201, "ы": 190, "ь": 174, "г": 170, "з": 165, "б": 159, "ч": 144,
    "й": 121, "х": 97, "ж": 94, "ш": 73, "ю": 64, "ц": 48, "щ": 36, "э": 32, "ф": 26, "ъ": 25, "ё": 100,
}
# fmt: on
_EVEN = 10_000 / 33
_WEIGHTS = {letter: math.log(many / _EVEN) for letter, many in _FREQUENCIES.items()}
#: Letters of other languages in these encodings, and marks that lists have.
_RARE_LETTERS = frozenset("іїєґўқғүұөәһј")
_MARKS = frozenset("№«»—–“”„’…·•°\xa0§")
_RARE_WEIGHT, _MARK_WEIGHT, _OTHER_WEIGHT = -1.5, -0.5, -6.0
#: A capital letter after a small one, or a mark before one: what another encoding read as Windows-1251 is full of.
_WRONG_CASE = re.compile(r"(?<=[а-яё])[А-ЯЁ]|[”’…·•°»—–№](?=[а-яё])")
_WRONG_CASE_WEIGHT = -3.0
_NAME = re.compile(r"(?<![А-Яа-яЁё])[А-ЯЁ][а-яё]+")
_NAME_WEIGHT = 1.0
#: Letters that a second encoding has made two of each.
_MIN_PAIRS = 4
#: Control characters that no text has; more than one in a hundred bytes make it something else.
_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x19\x1c-\x1f]")
_CONTROL_SHARE = 100
_SAMPLE_BYTES = 200_000
#: The worst average of a text that is Russian.
_MIN_AVERAGE = -2.5
#: The share of letters, digits and usual marks in a text that was decoded rightly.
_MIN_USUAL = 0.9
_USUAL = re.compile(r"[\t\r\n -~\xa0-\xffЀ-ӿ№‐-„…]")


def decode_table(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding. Raises UnreadableTableError."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_utf16(data, "utf-16"), "UTF-16"
    if b"\0" in data[:_SAMPLE_BYTES]:
        return _utf16_without_mark(data), "UTF-16"
    try:
        text, encoding = decode_text(data)
    except UndecodableTextError as error:
        if error.is_damaged:
            raise UnreadableTableError(
                say(
                    "a letter in line {line} is damaged, the rest is in UTF-8; save the file again",
                    line=data.count(b"\n", 0, error.position) + 1,
                )
            ) from None
        return _decode_old(data, error.position)
    if encoding != "UTF-8":
        return _decode_old(data, 0)
    once = _undo_second_encoding(text)
    return (text, encoding) if once is None else (once, "UTF-8 (2×)")


def _undo_second_encoding(text: str) -> str | None:
    """Return the text that a program took for Windows-1251 and encoded once more, None for other texts."""
    if text.isascii():
        return None
    try:  # Python's Windows-1251 lacks the byte 98
        once = b"\x98".join(part.encode("cp1251") for part in text.split("\x98")).decode("utf-8")
    except UnicodeError:
        return None
    return once if len(text) - len(once) >= _MIN_PAIRS else None


def _decode_utf16(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _unknown_encoding(data, error.start) from None
    if (place := text.find("\0")) >= 0:
        raise _zero_byte(text.count("\n", 0, place) + 1)
    return text


def _utf16_without_mark(data: bytes) -> str:
    """Return the text of UTF-16 data that has no mark of the byte order."""
    best, share = "", 0.0
    for encoding in ("utf-16-le", "utf-16-be") if len(data) % 2 == 0 else ():
        sample = data[:_SAMPLE_BYTES].decode(encoding, "replace")
        usual = len(_USUAL.findall(sample)) / len(sample)
        if usual > share:
            best, share = encoding, usual
    if share < _MIN_USUAL:
        raise _zero_byte(data.count(b"\n", 0, data.index(b"\0")) + 1)
    return _decode_utf16(data, best)


def _decode_old(data: bytes, position: int) -> tuple[str, str]:
    """Return the text in the encoding of one byte a letter that makes it most like Russian."""
    sample = data[:_SAMPLE_BYTES]
    if _CONTROL_SHARE * len(_CONTROLS.findall(sample)) > len(sample):
        raise _unknown_encoding(data, position)
    scores = []
    for encoding, (_, rarity) in _OLD_ENCODINGS.items():
        if (text := _decoded(sample, encoding)) is not None and (letters := _count_others(text)):
            weight = _weigh(text)
            scores.append((weight + rarity, weight / letters, encoding))
    for _, average, encoding in sorted(scores, reverse=True):
        if average >= _MIN_AVERAGE and (text := _decoded(data, encoding)) is not None:
            return text, _OLD_ENCODINGS[encoding][0]
    raise _unknown_encoding(data, position)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _count_others(text: str) -> int:
    """Return the number of characters that are not ASCII."""
    return sum(char > "\x7f" for char in text)


def _weigh(text: str) -> float:
    """Return how much the text is like Russian: the sum over its letters, marks and words."""
    counts = Counter(char for char in text.lower() if char > "\x7f")
    weight = sum(_weight(char) * times for char, times in counts.items())
    return weight + _WRONG_CASE_WEIGHT * len(_WRONG_CASE.findall(text)) + _NAME_WEIGHT * len(_NAME.findall(text))


def _weight(char: str) -> float:
    if char in _WEIGHTS:
        return _WEIGHTS[char]
    if char in _RARE_LETTERS:
        return _RARE_WEIGHT
    return _MARK_WEIGHT if char in _MARKS else _OTHER_WEIGHT


def _zero_byte(line: int) -> UnreadableTableError:
    return UnreadableTableError(say("it is not a table: there is a zero byte in line {line}", line=line))


def _unknown_encoding(data: bytes, position: int) -> UnreadableTableError:
    return UnreadableTableError(
        say(
            "the encoding of the text is unknown (line {line}); save it in UTF-8",
            line=data.count(b"\n", 0, position) + 1,
        )
    )
