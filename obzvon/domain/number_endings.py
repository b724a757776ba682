"""Find the shortened further numbers behind a phone number: the 54 of "201-00-53, 54". Pure."""

import re
from collections.abc import Iterator

import msgspec

_SEPARATOR = r"(?:[,;/\\|&+(\n]|(?<!\w)(?:и|или|по|and|or)(?!\w)|\.{2,}|\u2026|[-\u2010-\u2015])"
_ENDING = re.compile(
    rf"[^\S\n]*{_SEPARATOR}[\s(\-\u2010-\u2015]*(?P<digits>(?<!-)\d{{2}}-\d{{2}}|\d{{2,4}})\)?(?=[^\S\n]*(?:\Z|\)|{_SEPARATOR}))"
)
_LAST_GROUP = re.compile(r"\d+\Z")
_MIN_DIGITS = 5
#: Digits of a number without its country's code. One that begins with 9 is a mobile phone's.
_NATIONAL_DIGITS = 10


class NumberEnding(msgspec.Struct, frozen=True):
    """The last digits of a further number, their place with what divides them, and what the number may be in full."""

    start: int
    end: int
    digits: str
    whole: str


def find_endings(text: str, number: str, start: int, stop: int) -> Iterator[NumberEnding]:
    """Yield the endings between `start`, where the number ends, and `stop`.

    An ending has as many digits as the last group of the number. Behind a mobile number without groups stand years and
    ages, and no endings.
    """
    last, digits = _LAST_GROUP.search(number), re.sub(r"\D", "", number)
    if last is None or len(digits) < _MIN_DIGITS:
        return
    is_grouped = len(last[0]) < _MIN_DIGITS
    if not is_grouped and digits[-_NATIONAL_DIGITS:].startswith("9"):
        return
    while found := _ENDING.match(text, start, stop):
        ending = found["digits"]
        if "-" not in ending and len(ending) != (len(last[0]) if is_grouped else 2):
            return
        yield NumberEnding(found.start(), found.end("digits"), ending, _with_ending(number, ending))
        start = found.end("digits") + text.startswith(")", found.end("digits"))


def _with_ending(number: str, ending: str) -> str:
    """Return the number with other last digits: its own groups stay."""
    left = re.sub(r"\D", "", ending)
    chars = list(number)
    for place in range(len(chars) - 1, -1, -1):
        if left and chars[place].isdigit():
            chars[place], left = left[-1], left[:-1]
    return "".join(chars)
