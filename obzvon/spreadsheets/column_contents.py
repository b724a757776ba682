"""Tell from the cells of a column what it may hold: numbers, extension codes, names. Pure."""

import re
from collections.abc import Sequence

import msgspec

from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phone_text import find_phones
from obzvon.spreadsheets.cell_text import integer_digits
from obzvon.spreadsheets.headings import NUMBER, OTHER, REMARK
from obzvon.spreadsheets.pause_words import plain_word
from obzvon.spreadsheets.table import TableRow

_CODE = re.compile(r"[0-9*#wW]{1,6}", re.ASCII)
_CODES = re.compile(r"[0-9]{1,6}(?:\s*[,;/\u2010-\u2015-]\s*[0-9]{1,6})+", re.ASCII)
_PREFIX = re.compile(r"\(?(?:\+?[78][ -]?)?\(?[0-9]{3,5}\)?", re.ASCII)
_REST_OF_NUMBER = re.compile(r"[0-9](?:[ .-]?[0-9]){4,6}", re.ASCII)
_PERSON = re.compile(r"[А-ЯЁA-Z][\w'’-]+(\s+[А-ЯЁA-Z]([\w'’-]+|\.)\s*){1,3}")
_NO_DIGITS = re.compile(r"[^0-9+]", re.ASCII)
#: Letters beside a number that do not make a sentence of it.
_MOST_LETTERS = 30
#: Different words of a column that are remembered.
_MOST_WORDS = 50


class ColumnContents(msgspec.Struct, frozen=True):
    """Counts of the cells of one column in the rows of a sample."""

    rows: int = 0
    filled: int = 0
    #: Cells with a phone number.
    phones: int = 0
    codes: int = 0
    #: Cells that are mostly letters, and of them those like "Сомов Иван".
    letters: int = 0
    people: int = 0
    distinct: int = 0
    #: Cells of digits that begin with two zeros, as the codes of 1C do.
    padded: int = 0
    words: frozenset[str] = frozenset()
    #: Cells of three to five digits, as an area code has.
    prefixes: int = 0
    #: Cells with several codes, such as "102-103" or "104, 105", and cells that only say that there is nothing.
    code_lists: int = 0
    dashes: int = 0

    @property
    def phone_share(self) -> float:
        """The share of the texts that are phone numbers."""
        return self.phones / self.filled if self.filled else 0.0

    def is_numbers(self, hint: str) -> bool:
        """Return whether the column holds phone numbers, under a heading with this hint."""
        if not self.phones or hint == OTHER:
            return False
        if hint == NUMBER:
            return self.phone_share >= 0.2
        if hint == REMARK and self.phones < self.rows / 2:
            return False
        return self.phone_share >= 0.5

    @property
    def are_prefixes(self) -> bool:
        """True if the column can be area codes."""
        return bool(self.filled) and self.prefixes >= 0.8 * self.filled

    @property
    def may_be_codes(self) -> bool:
        """True if a column that is called so can be extension codes: most texts are digits, or several codes."""
        return not self.filled or self.codes + self.code_lists >= (self.filled - self.dashes) / 2

    @property
    def are_codes(self) -> bool:
        """True if a column under the heading "code" is extension codes, and not a code of each row or of a country."""
        if not self.filled:
            return True
        is_one_each = self.distinct == self.filled and self.filled >= self.rows / 2
        is_the_same = self.distinct == 1 and self.filled == self.rows and self.rows > 1
        return self.codes == self.filled and not self.padded and not is_one_each and not is_the_same

    @property
    def may_be_names(self) -> bool:
        """True if a column that is called so can be names."""
        return not self.filled or self.letters >= self.filled / 2

    @property
    def are_different(self) -> bool:
        """True if most texts are different ones, as names are, and not a few words, as "wife" and "son" are."""
        return 0 < 0.7 * self.filled <= self.distinct

    @property
    def name_score(self) -> float:
        """Likeness to names, 0 for none. A word that is the same in most rows is hardly one."""
        if not self.filled:
            return 0.0
        variety = 1.0 if self.distinct > self.filled / 2 or self.filled < 3 else 0.4
        return (self.letters / max(1, self.rows)) * variety + self.people / self.filled


def column_contents(rows: Sequence[TableRow], place: int, plan: NumberingPlan) -> ColumnContents:
    """Count the cells of a column."""
    texts = [text for row in rows if place < len(row.cells) and (text := row.cells[place].strip())]
    digits = [integer_digits(text) for text in texts]
    words = {plain_word(text) for text in texts}
    return ColumnContents(
        rows=len(rows),
        filled=len(texts),
        phones=sum(is_number(text, plan) for text in texts),
        codes=sum(_CODE.fullmatch(text) is not None for text in digits),
        letters=sum(sum(map(str.isalpha, text)) > len(text) / 2 for text in texts),
        people=sum(_PERSON.fullmatch(text) is not None for text in texts),
        distinct=len(set(texts)),
        padded=sum(text.startswith("00") and len(text) > 4 for text in digits),
        words=frozenset(list(words)[:_MOST_WORDS]),
        prefixes=sum(_PREFIX.fullmatch(text) is not None for text in digits),
        code_lists=sum(_CODES.fullmatch(text) is not None for text in texts),
        dashes=sum(not any(map(str.isalnum, text)) for text in texts),
    )


def is_number(text: str, plan: NumberingPlan) -> bool:
    """Return whether the text is a phone number, allowed or not, with few words beside it."""
    if not any(map(str.isdigit, text)) or sum(map(str.isalpha, text)) > _MOST_LETTERS:
        return False
    return any(
        plan.recognizes(_NO_DIGITS.sub("", integer_digits(found.number))) for found in find_phones(text, plan).phones
    )


def is_split_number(prefix: str, rest: str, plan: NumberingPlan) -> bool:
    """Return whether an area code and the rest of the number in the next column are a phone number together."""
    prefix, rest = integer_digits(prefix.strip()), integer_digits(rest.strip())
    if not (_PREFIX.fullmatch(prefix) and _REST_OF_NUMBER.fullmatch(rest)):
        return False
    return plan.recognizes(_NO_DIGITS.sub("", prefix + rest))
