"""Meaning of the words in a column that says who is called and who is not. Pure.

A word that can be read in two ways has no meaning here: the operator is asked.
"""

import re
from collections.abc import Collection
from typing import Literal

from obzvon.spreadsheets.cell_text import integer_digits, is_error_value
from obzvon.spreadsheets.headings import CALLED, PAUSED

#: What a cell says about its row. `SILENT` leaves a pause as it is; `UNCLEAR` has to be asked.
PauseMeaning = Literal["paused", "called", "silent", "unclear"]
MEANINGS: tuple[PauseMeaning, ...] = ("paused", "called", "silent")

_YES = frozenset(("да", "yes", "y", "true", "истина", "1", "on", "вкл", "+", "✓", "✔", "☑"))
_NO = frozenset(("нет", "no", "n", "false", "ложь", "0", "off", "выкл"))
#: Marks of a column in which every other cell is empty. A cross says yes to "do not call", and anything to "call".
_MARKS = frozenset(("x", "х", "v", "*", "●", "•"))
_PAUSING = re.compile(
    r"(больше )?не (звон\w+|беспоко\w+|обзван\w+|надо звонить|нужно звонить)|(на |стоит на )?пауз[ае]|стоп|paused?"
    r"|do not call|don'?t call|dnc"
)
_CALLING = re.compile(r"(можно |нужно |надо )?(звонить|обзванивать)|звоним|можно|не на паузе|без паузы|call|not paused")
_ACTIVE = re.compile(rf"активен|активна|активный|активная|active|enabled|действует|{_CALLING.pattern}")
_INACTIVE = re.compile(rf"не ?актив(ен|на|ный|ная)|inactive|disabled|не действует|{_PAUSING.pattern}")
_REMARK = re.compile(
    r"\bне (надо |нужно |стоит )?(звон|беспоко|обзван|тревож)|\b(на паузе|стоп|черный список|уволен|уволена|уволился"
    r"|уволилась|умер|умерла|do not call|don'?t call|dnc)\b|\bотказал\w* от (звон|обзв)"
    r"|\b(в (отпуске|декрете|командировке)|на больничном)\b|\A(отпуск|больничный|декрет)( (с|до|по) .*)?\Z"
)
_NO_DATA = frozenset(("н/д", "n/a", "нет данных", "не указано", "null", "none", "(пусто)", "пусто"))


def are_yes_and_no(words: Collection[str]) -> bool:
    """Return whether the words of a column are a "no" and others that say yes or no."""
    return not _NO.isdisjoint(words) and not _YES.isdisjoint(words) and set(words) <= _YES | _NO


def says_not_to_call(text: str) -> bool:
    """Return whether a remark of any length may ask not to call somebody."""
    return _REMARK.search(text.casefold().replace("ё", "е")) is not None


def pause_meaning(text: str, role: str) -> PauseMeaning:
    """Return what a cell of a column with this role says."""
    word = plain_word(text)
    if not word or word in _NO_DATA or is_error_value(text):
        return "silent"
    if is_dash(word):  # beside a plus, a dash says no
        return "unclear" if role == CALLED and "." not in word else "silent"
    if role == PAUSED:
        return _meaning(word, _YES | _MARKS, _PAUSING, _NO, _CALLING)
    if role == CALLED:
        return _meaning(word, _NO, _INACTIVE, _YES, _ACTIVE)
    return _meaning(word, frozenset(), _PAUSING, frozenset(), _CALLING)


def _meaning(
    word: str,
    paused: frozenset[str],
    pausing: re.Pattern[str],
    called: frozenset[str],
    calling: re.Pattern[str],
) -> PauseMeaning:
    if word in paused or pausing.fullmatch(word):
        return "paused"
    return "called" if word in called or calling.fullmatch(word) else "unclear"


def plain_word(text: str) -> str:
    """Return the text of a cell in one notation: words that differ only in case or spaces are one."""
    words = " ".join(text.strip().lstrip("'").casefold().replace("ё", "е").split())
    return integer_digits(words if is_dash(words) else words.rstrip(".!"))


def is_dash(word: str) -> bool:
    """Return whether a cell holds only a dash or dots, and so says that there is nothing."""
    return bool(word) and all(char in "-‐‑‒–—―−_.…·," for char in word)
