"""Judge the role of each column of a table by what its cells hold; the headings are a hint. Pure."""

from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.numbering import NumberingPlan
from obzvon.spreadsheets.column_contents import ColumnContents, column_contents, is_number, is_split_number
from obzvon.spreadsheets.headings import (
    ANY_CODE,
    CALLED,
    CODE,
    IGNORED,
    NAME,
    NUMBER,
    ORGANISATION,
    OTHER,
    PAUSED,
    PLACE,
    PREFIX,
    REMARK,
    STATUS,
    heading_hint,
    may_be_prefix,
    plain_heading,
    without_phones,
)
from obzvon.spreadsheets.pause_words import are_yes_and_no
from obzvon.spreadsheets.table import TableRow

__all__ = [
    "CALLED",
    "CODE",
    "IGNORED",
    "NAME",
    "NUMBER",
    "PAUSED",
    "PREFIX",
    "ROLES",
    "STATUS",
    "ColumnRoles",
    "guess_roles",
]

#: Roles of columns that say who is called.
PAUSE_ROLES = (PAUSED, CALLED, STATUS)
ROLES = (NUMBER, PREFIX, CODE, NAME, *PAUSE_ROLES, IGNORED)

#: The headings are looked for in this many rows from the top; those above them are titles.
_HEADING_ROWS = 12
_SAMPLE_ROWS = 500
#: A status has few different words.
_MOST_STATUSES = 12
#: Columns of an export of the list. They mean what they say, whatever they hold.
_EXPORTED = (
    ("номер", "добавочный код", "имя", "пауза"),
    ("number", "extension code", "name", "pause"),
)


class ColumnRoles(msgspec.Struct, frozen=True):
    """The role of each column, and the line of the headings. `head` is 0 where there are none; rows start below it."""

    roles: tuple[str, ...]
    head: int = 0

    def columns_of(self, role: str) -> list[int]:
        """Return the columns that have this role."""
        return [column for column, found in enumerate(self.roles) if found == role]

    def problem(self) -> Message | None:
        """Return why no row can be taken with these roles, or None."""
        if not self.columns_of(NUMBER):
            return say("choose the column with the phone numbers")
        if len(self.columns_of(CODE)) > max(1, len(self.columns_of(NUMBER))):
            return say("there are more columns of extension codes than columns of numbers")
        return None


def guess_roles(rows: Sequence[TableRow], columns: int, plan: NumberingPlan) -> ColumnRoles:
    """Return the most likely roles. No column has the role of the number where none looks like it."""
    head, texts = _headings(rows, columns, plan)
    if is_exported_list(texts):
        return ColumnRoles((NUMBER, CODE, NAME, PAUSED, *[IGNORED] * (columns - 4)), head)
    hints = [heading_hint(text) for text in texts]
    below = list(islice((row for row in rows if row.line > head), _SAMPLE_ROWS))
    contents = [column_contents(below, place, plan) for place in range(columns)]
    roles = [IGNORED] * columns
    for place in _number_columns(hints, contents):
        roles[place] = NUMBER
    _set_prefixes(roles, texts, contents, lambda place: _split_numbers(below, place, plan))
    _set_codes(roles, hints, contents)
    _set_pauses(roles, hints, contents, is_headed=bool(head))
    people = [row for row in below if any(text_at(row, place) for place, role in enumerate(roles) if role == NUMBER)]
    if 0 < len(people) < len(below):  # a department above its people is no name of theirs
        contents = [column_contents(people, place, plan) for place in range(columns)]
    _set_names(roles, texts, contents, is_headed=bool(head))
    return ColumnRoles(tuple(roles), head)


def is_exported_list(texts: Sequence[str]) -> bool:
    """Return whether the file is an export of the list, by its headings."""
    return tuple(map(plain_heading, texts[:4])) in _EXPORTED


def text_at(row: TableRow, column: int) -> str:
    """Return a cell's text, '' where the row ends before it."""
    return row.cells[column] if column < len(row.cells) else ""


def heading_texts(rows: Sequence[TableRow], head: int, columns: int) -> list[str]:
    """Return the text of the heading above each column. A heading that spans columns stands above each of them."""
    above = [row for row in rows[:_HEADING_ROWS] if row.line <= head and sum(map(bool, row.cells)) >= min(2, columns)]
    if not above:
        return [""] * columns
    own = [text_at(above[-1], place).strip() for place in range(columns)]
    if len(above) == 1 or not _has_spanning_cells(above[-2], above[-1]):
        return own
    spanning, last = [], ""
    for place in range(columns):
        last = text_at(above[-2], place).strip() or (last if own[place] else "")
        spanning.append(last)
    return [f"{upper} {text}".strip() if upper != text else text for upper, text in zip(spanning, own, strict=True)]


def _headings(rows: Sequence[TableRow], columns: int, plan: NumberingPlan) -> tuple[int, list[str]]:
    """Return the line of the headings near the top, and their texts. A title has a line to itself."""
    top = rows[:_HEADING_ROWS]
    first = next(
        (
            place
            for place, row in enumerate(top)
            if sum(map(bool, row.cells)) >= min(2, columns)
            and any(is_number(text, plan) for text in row.cells)
            and not _is_heading_with_number(row, top[place + 1 : place + 2], plan)
        ),
        None,
    )
    found: TableRow | None = None
    for row in top if first is None else top[:first]:
        if sum(map(bool, row.cells)) < min(2, columns):
            continue
        hints = [heading_hint(without_phones(text)) for text in row.cells]
        is_known = any(hint not in (IGNORED, OTHER) for hint in hints) or hints.count(OTHER) > 1
        if found is not None:
            if is_known and _has_spanning_cells(found, row):
                found = row
            break
        if is_known or (first is not None and _is_above_numbers(row, top[first], plan)):
            found = row
            if is_exported_list(row.cells):
                break
    head = found.line if found else 0
    return head, heading_texts(rows, head, columns)


def _is_heading_with_number(row: TableRow, following: Sequence[TableRow], plan: NumberingPlan) -> bool:
    """Return whether a row with a phone number is one of headings, as "Phone (office: 8 495 …)" over phone numbers."""
    if not following:
        return False
    hints = [heading_hint(without_phones(text)) for text in row.cells]
    below = [heading_hint(without_phones(text)) for text in following[0].cells]
    is_above = any(
        hint == NUMBER and not _is_bare(text) and is_number(text_at(following[0], place), plan)
        for place, (hint, text) in enumerate(zip(hints, row.cells, strict=True))
    )
    return is_above and sum(map(bool, hints)) > 1 and not any(below)


def _is_bare(text: str) -> bool:
    """Return whether a text has no letters."""
    return not any(map(str.isalpha, text))


def _has_spanning_cells(upper: TableRow, lower: TableRow) -> bool:
    """Return whether there are two rows of headings: the lower names the columns below a cell that spans several."""
    return any(text and not text_at(upper, place) for place, text in enumerate(lower.cells))


def _is_above_numbers(row: TableRow, first: TableRow, plan: NumberingPlan) -> bool:
    """Return whether a row of words stands above the numbers: headings that nobody has foreseen."""
    for place, text in enumerate(first.cells):
        if is_number(text, plan):
            heading = text_at(row, place).strip()
            return len(heading) > 3 and not any(map(str.isdigit, heading)) and heading.casefold() != "нет телефона"
    return False


def _number_columns(hints: Sequence[str], contents: Sequence[ColumnContents]) -> list[int]:
    """Return the columns that hold phone numbers; where none does, the one that is called so and has the most texts."""
    columns = range(len(hints))
    found = [place for place in columns if contents[place].is_numbers(hints[place])]
    if found:
        return found
    named = [place for place in columns if hints[place] == NUMBER]
    if named:
        return [max(named, key=lambda place: (contents[place].phones, contents[place].filled, -place))]
    best = max(columns, key=lambda place: (contents[place].phone_share, -place), default=-1)
    return [best] if best >= 0 and contents[best].phone_share > 0.3 and hints[best] not in (OTHER, REMARK) else []


def _set_prefixes(
    roles: list[str], headings: Sequence[str], contents: Sequence[ColumnContents], split: Callable[[int], list[bool]]
) -> None:
    """Set the columns of area codes: digits that make numbers of the incomplete ones in the next column."""
    for place in range(1, len(roles)):
        if not contents[place - 1].are_prefixes or heading_hint(headings[place]) == OTHER:
            continue
        if not (may_be_prefix(headings[place - 1]) or NUMBER not in roles or roles[place] == NUMBER):
            continue
        found = split(place)
        if found and sum(found) >= 0.8 * len(found):
            roles[place - 1], roles[place] = PREFIX, NUMBER


def _split_numbers(rows: Sequence[TableRow], place: int, plan: NumberingPlan) -> list[bool]:
    """Return for each text with another one on its left whether both together are a number."""
    pairs = ((text_at(row, place - 1).strip(), text_at(row, place).strip()) for row in rows)
    return [is_split_number(before, text, plan) for before, text in pairs if before and text]


def _set_codes(roles: list[str], hints: Sequence[str], contents: Sequence[ColumnContents]) -> None:
    """Set the columns of extension codes. Without a heading a column of digits is never taken for one.

    A column that is only called "code" has to stand beside or behind a number: else it is the code of the row.
    """
    most = max(1, roles.count(NUMBER))
    named = [place for place, hint in enumerate(hints) if hint == CODE and roles[place] == IGNORED]
    found = [place for place in named if contents[place].may_be_codes]
    if not found:
        found = [
            place
            for place, hint in enumerate(hints)
            if hint == ANY_CODE
            and roles[place] == IGNORED
            and contents[place].are_codes
            and NUMBER in roles[: place + 2]
        ]
    for place in found[:most]:
        roles[place] = CODE


def _set_pauses(roles: list[str], hints: Sequence[str], contents: Sequence[ColumnContents], *, is_headed: bool) -> None:
    """Set the columns that say who is called. Without headings, what a yes and a no mean is asked."""
    for place, hint in enumerate(hints):
        if roles[place] == IGNORED and not is_headed and are_yes_and_no(contents[place].words):
            roles[place] = STATUS
        if roles[place] != IGNORED or hint not in PAUSE_ROLES:
            continue
        if hint == PAUSED or len(contents[place].words) <= _MOST_STATUSES:
            roles[place] = hint


def _set_names(
    roles: list[str], headings: Sequence[str], contents: Sequence[ColumnContents], *, is_headed: bool
) -> None:
    """Set the columns of names: those that are called so, else organisations, else the one that looks most like it."""
    hints = [heading_hint(text) for text in headings]
    free = [place for place, role in enumerate(roles) if role == IGNORED]
    if beside := _names_beside_numbers(roles, hints, contents):
        for place in beside:
            roles[place] = NAME
        return
    for wanted in (NAME, ORGANISATION):
        named = [place for place in free if hints[place] == wanted and contents[place].may_be_names]
        if named and (not is_headed or any(contents[place].filled for place in named) or wanted == NAME):
            for place in named:
                roles[place] = NAME
            if wanted == NAME:
                _set_parts_of_names(roles, headings, contents)
            if any(contents[place].filled for place in named) or not any(content.filled for content in contents):
                return
    for hinted in ((IGNORED, ANY_CODE), (PLACE,)):
        unnamed = [place for place in free if roles[place] == IGNORED and hints[place] in hinted]
        best = max(unnamed, key=lambda place: (contents[place].name_score, -place), default=-1)
        if best >= 0 and contents[best].name_score > 0.3:
            roles[best] = NAME
            return


def _set_parts_of_names(roles: list[str], headings: Sequence[str], contents: Sequence[ColumnContents]) -> None:
    """Set the columns below a heading of names that is merged over several: only the first of them has it."""
    for place in range(1, len(roles)):
        if roles[place - 1] == NAME and roles[place] == IGNORED and not headings[place].strip():
            found = contents[place]
            are_usual = found.filled >= 0.8 * found.rows and found.distinct >= 0.2 * found.filled
            if are_usual and found.letters > 0.7 * found.filled > 0:
                roles[place] = NAME


def _names_beside_numbers(roles: Sequence[str], hints: Sequence[str], contents: Sequence[ColumnContents]) -> list[int]:
    """Return the columns of names if two lists or more stand side by side: before each column of numbers, or behind it.

    One of them is called so, or each looks like one; they may be called anything, such as "forwarder".
    """
    numbers = [place for place, role in enumerate(roles) if role == NUMBER]
    if len(numbers) < 2:
        return []
    named = {place for place, hint in enumerate(hints) if hint == NAME}
    for step in (-1, 1):
        beside = [place + step for place in numbers]
        if not all(0 <= place < len(roles) and _may_be_names(place, roles, hints, contents) for place in beside):
            continue
        are_names = named or all(contents[place].are_different for place in beside)
        wider = [] if named else _further_names([place + step for place in beside], roles, hints, contents)
        if are_names and named <= set(beside):
            return beside + wider
    return []


def _further_names(
    places: Sequence[int], roles: Sequence[str], hints: Sequence[str], contents: Sequence[ColumnContents]
) -> list[int]:
    """Return these columns if each can be the other part of a name: surnames beside first names."""
    fits = all(
        0 <= place < len(roles) and _may_be_names(place, roles, hints, contents) and contents[place].are_different
        for place in places
    )
    return list(places) if fits else []


def _may_be_names(place: int, roles: Sequence[str], hints: Sequence[str], contents: Sequence[ColumnContents]) -> bool:
    """Return whether a column without a role can be names."""
    found = contents[place]
    return roles[place] == IGNORED and hints[place] in (NAME, IGNORED) and found.letters > 0.7 * found.filled > 0
