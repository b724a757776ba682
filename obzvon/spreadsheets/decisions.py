"""Decisions about the numbers of a table, and choices of the operator. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Literal

import msgspec

from obzvon.common.i18n import Message
from obzvon.spreadsheets.pause_words import PauseMeaning

RowKind = Literal["new", "changed", "same", "twice", "other_code", "further", "refused", "no_phone", "empty"]
ROW_KINDS: tuple[RowKind, ...] = (
    "new",
    "changed",
    "same",
    "twice",
    "other_code",
    "further",
    "refused",
    "no_phone",
    "empty",
)

#: What to do with a number that is there under another extension code: leave it, take the file's code, or have both.
OtherCode = Literal["", "keep", "file", "both"]
#: Whether all numbers of a person are taken, or the first.
FurtherNumbers = Literal["", "all", "first"]


class MergeChoices(msgspec.Struct, frozen=True):
    """Answers of the operator; "" where there is none yet."""

    #: Numbers that the list has under another code, and numbers that the file itself has under several.
    other_code: OtherCode = ""
    file_codes: OtherCode = ""
    further: FurtherNumbers = ""
    #: What to do with people beside whom a remark says not to call them.
    remarks: PauseMeaning | Literal[""] = ""
    #: By `word_key`: the meaning of a word about calling.
    words: Mapping[str, PauseMeaning] = {}

    def meaning(self, column: int, word: str) -> PauseMeaning:
        """Return what the operator has said about a word of a column."""
        if not self.words:
            return "unclear"
        return self.words.get(word_key(column, word)) or self.words.get(word_key(column), "unclear")


def word_key(column: int, word: str = "") -> str:
    """Return a short key for a word of a column, or for all words that have no key of their own."""
    digest = hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()[:12] if word else "rest"
    return f"{column}-{digest}"


class RowDecision(msgspec.Struct, gc=False):
    """A number of the table: its fields as they would be saved, and what happens to it.

    `part` counts the numbers of one row from 0.
    """

    line: int
    part: int
    number: str
    code: str
    name: str
    paused: bool | None
    kind: RowKind = "new"
    reason: Message | None = None
    #: What would be dialled; "" for a row that cannot be called.
    dialled: str = ""
    #: The position in the list of the phone that the row matches.
    place: int | None = None
    #: The words about calling that are asked, as (column, word), and whether one of them has no answer yet.
    unclear: tuple[tuple[int, str], ...] = ()
    is_open: bool = False
    #: Whether the person has a number before this one in the same row.
    is_further: bool = False
    is_corrected: bool = False
    #: A text of the row that says not to call.
    remark: str = ""
    #: Where the number is under other codes: positions in the list, else the line of the file.
    others: tuple[int, ...] = ()
    other_line: int = 0
    #: The code of the file where the code of the list is kept.
    given_code: str = ""

    @property
    def id(self) -> str:
        """The line, and the part of a row with several numbers."""
        return f"{self.line}-{self.part}" if self.part else str(self.line)
