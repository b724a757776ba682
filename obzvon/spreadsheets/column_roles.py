"""Which column of a table is what: guessed from its headings, Russian or English, and from what stands below. Pure."""

import re
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan
from obzvon.spreadsheets.cell_text import whole
from obzvon.spreadsheets.table import TableRow

NUMBER, CODE, NAME, PAUSED, IGNORED = "number", "code", "name", "paused", ""
ROLES = (NUMBER, CODE, NAME, PAUSED, IGNORED)

_EXACTLY = {
    NUMBER: {
        "номер",
        "телефон",
        "номер телефона",
        "тел",
        "моб",
        "мобильный",
        "сотовый",
        "number",
        "phone",
        "tel",
        "mobile",
        "phone number",
        "номер абонента",
        "контактный телефон",
    },
    CODE: {
        "код",
        "добавочный код",
        "добавочный",
        "добавочный номер",
        "доб",
        "донабор",
        "extension code",
        "extension",
        "ext",
        "code",
        "dtmf",
    },
    NAME: {
        "имя",
        "фио",
        "ф и о",
        "фамилия",
        "отчество",
        "водитель",
        "абонент",
        "клиент",
        "название",
        "наименование",
        "организация",
        "контакт",
        "name",
        "full name",
        "first name",
        "last name",
        "surname",
        "driver",
        "who",
        "кто",
    },
    PAUSED: {"пауза", "на паузе", "не звонить", "paused", "pause", "do not call"},
}
_BEGINNING = {
    CODE: ("добав", "доб ", "extension"),
    PAUSED: ("пауз", "не звон"),
    NUMBER: ("телефон", "номер тел", "моб", "сотов", "тел ", "phone", "mobile"),
    NAME: ("фио", "имя", "водител", "абонент", "наименован", "name"),
}
_WORDS = re.compile(r"[^\w]+")
_CODE = re.compile(r"[0-9*]{1,6}", re.ASCII)
_SEARCHED = 10
"""So many rows from the top may be titles."""
_SAMPLED = 200
_ENOUGH = 0.3
"""The share of rows that have to look like it."""


class ColumnRoles(msgspec.Struct, frozen=True):
    """What each column is, and the line of the headings, 0 where there are none: rows count from below it."""

    roles: tuple[str, ...]
    head: int = 0

    def places(self, role: str) -> list[int]:
        """The columns that are this."""
        return [place for place, found in enumerate(self.roles) if found == role]

    def problem(self) -> Message | None:
        """Why nothing can be taken so."""
        if not self.places(NUMBER):
            return say("choose the column in which the numbers stand")
        if any(len(self.places(role)) > 1 for role in (NUMBER, CODE, PAUSED)):
            return say("number, extension code and pause can each stand in one column only")
        return None


def guess(rows: Sequence[TableRow], columns: int, plan: NumberingPlan) -> ColumnRoles:
    """The most likely layout; the numbers' column is left out where nothing looks like it."""
    head, roles = _headings(rows, columns, plan)
    below = list(islice((row for row in rows if row.line > head), _SAMPLED))
    named = [place for place in range(columns) if roles[place] == NUMBER]
    shares = [_share(below, place, lambda text: _is_number(text, plan)) for place in range(columns)]
    asked = named or [place for place in range(columns) if roles[place] == IGNORED]
    best = max(asked, key=lambda place: (shares[place], -place), default=-1)
    if best >= 0 and (named or shares[best] > _ENOUGH):
        roles = [IGNORED if place in named and place != best else role for place, role in enumerate(roles)]
        roles[best] = NUMBER
    if not head and NUMBER in roles:
        _guess_the_rest(below, roles)
    return ColumnRoles(tuple(roles), head)


def cell(row: TableRow, place: int) -> str:
    """A cell's text; '' where the row has ended before it."""
    return row.cells[place] if place < len(row.cells) else ""


def _headings(rows: Sequence[TableRow], columns: int, plan: NumberingPlan) -> tuple[int, list[str]]:
    """The first row near the top in which a heading of ours stands, and no number."""
    for row in rows[:_SEARCHED]:
        roles = [_role(cell(row, place)) for place in range(columns)]
        if sum(map(bool, row.cells)) < min(2, columns):
            continue  # a title has a line for itself
        if any(roles) and not any(_is_number(text, plan) for text in row.cells):
            for role in (CODE, PAUSED):
                for place in [place for place, found in enumerate(roles) if found == role][1:]:
                    roles[place] = IGNORED
            return row.line, roles
    return 0, [IGNORED] * columns


def _role(heading: str) -> str:
    words = _WORDS.sub(" ", heading.casefold().replace("ё", "е")).strip()
    if len(words) > 40:
        return IGNORED
    for role, known in _EXACTLY.items():
        if words in known:
            return role
    for role, beginnings in _BEGINNING.items():
        if words.startswith(beginnings) and sum(map(str.isdecimal, words)) < 4:
            return role
    return IGNORED


def _guess_the_rest(rows: Sequence[TableRow], roles: list[str]) -> None:
    """Without headings: a name has letters; a code stands right of the number and does not count the rows."""
    number = roles.index(NUMBER)
    shares = [_share(rows, place, _is_name) for place in range(len(roles))]
    best = max(
        (place for place in range(len(roles)) if place != number), key=lambda place: (shares[place], -place), default=-1
    )
    if best >= 0 and shares[best] > _ENOUGH:
        roles[best] = NAME
    beside = number + 1
    if beside < len(roles) and roles[beside] == IGNORED:
        texts = [text for row in rows if (text := cell(row, beside).strip())]
        counting = len(texts) > 2 and all(text.isdecimal() for text in texts) and len(set(texts)) == len(texts)
        if texts and not counting and all(_CODE.fullmatch(whole(text)) for text in texts):
            roles[beside] = CODE


def _share(rows: Sequence[TableRow], place: int, fits: Callable[[str], bool]) -> float:
    texts = [text for row in rows if (text := cell(row, place).strip())]
    return sum(map(fits, texts)) / max(1, len(rows)) if texts else 0.0


def _is_number(text: str, plan: NumberingPlan) -> bool:
    try:
        plan.dial(whole(text.lstrip("'")))
    except InvalidNumberError:
        return False
    return True


def _is_name(text: str) -> bool:
    return sum(map(str.isalpha, text)) > len(text) / 2
