"""Read from a row of the table the numbers to call, each with its code, name and pause. Pure.

A row has one number, several of one person in columns of their own, or several people side by side.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phone_text import PhoneText, find_phones
from obzvon.spreadsheets.cell_text import clean_cell, integer_digits, is_error_value
from obzvon.spreadsheets.column_contents import is_split_number
from obzvon.spreadsheets.column_roles import (
    CODE,
    IGNORED,
    NAME,
    NUMBER,
    PAUSE_ROLES,
    PREFIX,
    ColumnRoles,
    heading_texts,
    is_exported_list,
    text_at,
)
from obzvon.spreadsheets.decisions import MergeChoices, RowDecision
from obzvon.spreadsheets.headings import plain_heading
from obzvon.spreadsheets.pause_words import PauseMeaning, is_dash, pause_meaning, plain_word, says_not_to_call
from obzvon.spreadsheets.table import TableRow

#: Words in the place of a number that say there is none.
_NO_PHONE = frozenset(
    ("нет", "нет телефона", "нет номера", "без телефона", "не указан", "н/д", "-", "–", "—", "no", "none", "n/a")
)
_PART_OF_NAME = re.compile(r"имя|фамили|отчеств|(first|last|middle|given|family)\b|surname")


class ColumnBlock(msgspec.Struct, frozen=True):
    """A column of numbers, and the columns that say more about them. `code` and `prefix` are -1 where there is none."""

    number: int
    code: int
    names: tuple[int, ...]
    pauses: tuple[int, ...]
    #: The column of the area codes.
    prefix: int = -1


class RowReader:
    """Reads the numbers of rows by the roles of the columns.

    `corrections` maps the id of a decision to the number, code and name that replace those of the file. A text that
    `is_listed` is taken as it stands.
    """

    def __init__(
        self,
        rows: Sequence[TableRow],
        roles: ColumnRoles,
        plan: NumberingPlan,
        *,
        corrections: Mapping[str, Sequence[str]],
        choices: MergeChoices,
        is_listed: Callable[[str, str], bool],
    ) -> None:
        self.roles = roles
        headings = heading_texts(rows, roles.head, len(roles.roles))
        self.blocks = column_blocks(roles.roles, headings)
        self._is_export = is_exported_list(headings)
        self.is_side_by_side = len(self.blocks) > 1 and len({block.names for block in self.blocks}) > 1
        self._plan = plan
        self._corrections = corrections
        self._choices = choices
        self._remark_columns = [place for place, role in enumerate(roles.roles) if role not in PAUSE_ROLES]
        self._is_listed = is_listed
        self._used = {place for place, role in enumerate(roles.roles) if role != IGNORED}
        self._head = next((row.cells for row in rows if row.line == roles.head), None)

    def is_uncomputed(self, row: TableRow) -> bool:
        """Return whether a formula in a column that is used has no value."""
        return bool(row.uncomputed) and not self._used.isdisjoint(row.uncomputed)

    def entries(self, row: TableRow) -> list[RowDecision]:
        """Return the numbers of a row; one decision without a number if it has none.

        Headings are repeated on every page of a printed list: such a row is empty.
        """
        if row.cells == self._head:
            return [RowDecision(row.line, 0, "", "", "", None)]
        found: list[RowDecision] = []
        for block in self.blocks:
            name, (paused, unclear) = self._name(row, block), self._pause(row, block)
            before = len(found) if self.is_side_by_side else 0
            for entry in self._numbers(row, block):
                entry.part, entry.is_further = len(found), len(found) > before
                entry.name = f"{name} ({entry.name})" if name and entry.name else name or entry.name
                entry.paused, entry.unclear = paused, unclear
                entry.is_open = any(self._choices.meaning(*word) == "unclear" for word in unclear)
                found.append(entry)
        self._place_codes(row, found)
        if not found:
            found = [self._without_number(row)]
        remark = "" if self._is_export else self._remark(row)
        for entry in found:
            entry.remark = remark
            if remark and entry.paused is None and self._choices.remarks in ("paused", "called"):
                entry.paused = True if self._choices.remarks == "paused" else None
            if (typed := self._corrections.get(entry.id)) is not None:
                entry.number, entry.code, entry.name = typed
                entry.is_corrected, entry.reason = True, None
        return found

    def _place_codes(self, row: TableRow, found: Sequence[RowDecision]) -> None:
        """Give a code to the only number of the row if the code's own column of numbers is empty."""
        if self.is_side_by_side or len(self.blocks) == 1 or not found:
            return
        for block in self.blocks:
            code = self._code(row, block)
            if not code or not _says_no_phone(text_at(row, block.number).strip()):
                continue
            if len(found) == 1 and found[0].code in ("", code):
                found[0].code = code
            else:
                for entry in found:
                    entry.reason = say("there are several numbers and one code; write the code to its number")

    def _numbers(self, row: TableRow, block: ColumnBlock) -> Iterator[RowDecision]:
        """Yield the numbers of a cell, each with the words beside it as its name."""
        text = text_at(row, block.number).strip()
        code = self._code(row, block)
        if self._is_listed(text, code) and (text or code):
            yield RowDecision(row.line, 0, text, code, "", None)
            return
        found = find_phones(self._with_prefix(row, block, text), self._plan)
        if not found.phones and not _says_no_phone(text):
            yield RowDecision(row.line, 0, text, code, "", None)
        everybody = "" if self._name(row, block) else found.rest
        for phone in found.phones:
            own, reason = _code_of(phone, code, len(found.phones))
            if phone.whole:
                own, reason = "", _shortened(phone)
            words = f"{everybody} ({phone.words})" if everybody and phone.words else everybody or phone.words
            yield RowDecision(row.line, 0, phone.number, own, words, None, reason=reason)

    def _code(self, row: TableRow, block: ColumnBlock) -> str:
        """Return the code of a row. A dash says that there is none."""
        text = text_at(row, block.code).strip() if block.code >= 0 else ""
        return "" if not self._is_export and is_dash(text) else text

    def _with_prefix(self, row: TableRow, block: ColumnBlock, text: str) -> str:
        """Return the number with the area code out of its own column."""
        prefix = text_at(row, block.prefix).strip() if block.prefix >= 0 else ""
        if not is_split_number(prefix, text, self._plan):
            return text
        return f"({integer_digits(prefix)}) {integer_digits(text)}"

    def _without_number(self, row: TableRow) -> RowDecision:
        blocks = self.blocks if self.is_side_by_side else self.blocks[:1]
        names = [name for block in blocks if (name := self._name(row, block))]
        codes = [text for block in self.blocks if (text := self._code(row, block))]
        texts = [text for block in self.blocks if (text := text_at(row, block.number).strip())]
        paused, _ = self._pause(row, self.blocks[0])
        return RowDecision(row.line, 0, " ".join(texts), " ".join(codes), " ".join(names), paused, "no_phone")

    def _remark(self, row: TableRow) -> str:
        """Return the first text outside the columns about calling that says not to call."""
        texts = (text_at(row, place) for place in self._remark_columns)
        return next((text.strip() for text in texts if len(text) > 3 and says_not_to_call(text)), "")

    def _name(self, row: TableRow, block: ColumnBlock) -> str:
        """Return the name of a row. A column that repeats what others say adds nothing to it."""
        parts: list[str] = []
        for place in block.names:
            text = text_at(row, place).strip()
            if not self._is_export:  # a list keeps the names that it has
                text = clean_cell(text).strip()
            if not text or (is_error_value(text) and not self._is_export):
                continue
            if any(_has_words(part, text) for part in parts):
                continue
            parts = [part for part in parts if not _has_words(text, part)]
            parts.append(text)
        return " ".join(parts)

    def _pause(self, row: TableRow, block: ColumnBlock) -> tuple[bool | None, tuple[tuple[int, str], ...]]:
        """Return what the row says about calling, a pause before anything else, and the words that had to be asked."""
        meanings: list[PauseMeaning] = []
        unclear: list[tuple[int, str]] = []
        for place in block.pauses:
            text = text_at(row, place)
            meaning = pause_meaning(text, self.roles.roles[place])
            if meaning == "unclear":
                word = plain_word(text)
                meaning = self._choices.meaning(place, word)
                unclear.append((place, word))
            meanings.append(meaning)
        if "paused" in meanings:
            return True, tuple(unclear)
        return (False if "called" in meanings and "unclear" not in meanings else None), tuple(unclear)


def _says_no_phone(text: str) -> bool:
    return not text or is_error_value(text) or plain_word(text) in _NO_PHONE


def _shortened(phone: PhoneText) -> Message:
    return say(
        "“{ending}” may be the end of one more number, {number}: write that in full, or leave it out",
        ending=phone.number,
        number=phone.whole,
    )


def _code_of(phone: PhoneText, code: str, count: int) -> tuple[str, Message | None]:
    """Return the code of a number, from its cell or from the column of the codes, and why it is not certain."""
    if code and count > 1:
        return code, say("there are several numbers and one code; write the code to its number")
    if code and phone.code and code != phone.code:
        return code, say("the code is {one} beside the number and {other} in its column", one=phone.code, other=code)
    return code or phone.code, None


def column_blocks(roles: Sequence[str], headings: Sequence[str]) -> list[ColumnBlock]:
    """Return the columns of each column of numbers.

    Where the columns repeat themselves, several lists stand side by side, and each number has its own name. Otherwise
    they are numbers of one person. A code belongs to the number on its left.
    """
    numbers = [place for place, role in enumerate(roles) if role == NUMBER]
    used = [place for place, role in enumerate(roles) if role != IGNORED]
    size = len(used) // max(1, len(numbers))
    shape = [roles[place] for place in used]
    signature = [_without_digits(headings[place]) for place in used]
    repeats = signature == signature[:size] * len(numbers) or _are_different_people(shape, signature)
    if len(numbers) > 1 and size > 1 and shape == shape[:size] * len(numbers) and repeats:
        groups = [used[start : start + size] for start in range(0, len(used), size)]
    else:
        groups = [used] * len(numbers)
    blocks = []
    for number, group in zip(numbers, groups, strict=True):
        codes = [place for place in group if roles[place] == CODE and _owner(place, numbers) == number]
        names = tuple(place for place in group if roles[place] == NAME)
        pauses = tuple(place for place in group if roles[place] in PAUSE_ROLES)
        prefixes = [place for place in group if roles[place] == PREFIX and place < number]
        prefix = max(prefixes, default=-1)
        is_free = prefix >= 0 and not any(roles[place] == NUMBER for place in range(prefix, number))
        blocks.append(ColumnBlock(number, codes[0] if codes else -1, names, pauses, prefix if is_free else -1))
    return blocks


def _are_different_people(roles: Sequence[str], headings: Sequence[str]) -> bool:
    """Return whether the names before several numbers are people, and not the parts of one name."""
    names = [heading for role, heading in zip(roles, headings, strict=True) if role == NAME]
    is_pairs = list(roles) == [NAME, NUMBER] * (len(roles) // 2)
    return is_pairs and all(names) and not any(_PART_OF_NAME.match(name) for name in names)


def _owner(code: int, numbers: Sequence[int]) -> int:
    return max((place for place in numbers if place < code), default=numbers[0])


def _without_digits(heading: str) -> str:
    return plain_heading("".join(char for char in heading if not char.isdigit()))


def _has_words(text: str, part: str) -> bool:
    return set(part.casefold().split()) <= set(text.casefold().split())
