"""Guess the role of each column of a table from its headings, Russian or English, and from its cells. Pure."""

import re
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan
from obzvon.spreadsheets.cell_text import integer_digits
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
#: The headings are looked for in this many rows from the top; those above them are titles.
_HEADING_ROWS = 10
_SAMPLE_ROWS = 200
#: The share of rows that have to look like the role.
_MIN_SHARE = 0.3


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
        if any(len(self.columns_of(role)) > 1 for role in (NUMBER, CODE, PAUSED)):
            return say("only one column each can hold the number, the extension code and the pause")
        return None


def guess_roles(rows: Sequence[TableRow], columns: int, plan: NumberingPlan) -> ColumnRoles:
    """Return the most likely roles. No column has the role of the number where none looks like it."""
    head, roles = _headings(rows, columns, plan)
    below = list(islice((row for row in rows if row.line > head), _SAMPLE_ROWS))
    named = [place for place in range(columns) if roles[place] == NUMBER]
    shares = [_share(below, place, lambda text: _is_number(text, plan)) for place in range(columns)]
    asked = named or [place for place in range(columns) if roles[place] == IGNORED]
    best = max(asked, key=lambda place: (shares[place], -place), default=-1)
    if best >= 0 and (named or shares[best] > _MIN_SHARE):
        roles = [IGNORED if place in named and place != best else role for place, role in enumerate(roles)]
        roles[best] = NUMBER
    if not head and NUMBER in roles:
        _guess_the_rest(below, roles)
    return ColumnRoles(tuple(roles), head)


def text_at(row: TableRow, column: int) -> str:
    """Return a cell's text, '' where the row ends before it."""
    return row.cells[column] if column < len(row.cells) else ""


def _headings(rows: Sequence[TableRow], columns: int, plan: NumberingPlan) -> tuple[int, list[str]]:
    """Return the line and the roles of the first row near the top that has a known heading and no phone number."""
    for row in rows[:_HEADING_ROWS]:
        roles = [_role(text_at(row, place)) for place in range(columns)]
        if sum(map(bool, row.cells)) < min(2, columns):
            continue  # a title has a line to itself
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
    for role, headings in _EXACTLY.items():
        if words in headings:
            return role
    for role, beginnings in _BEGINNING.items():
        if words.startswith(beginnings) and sum(map(str.isdecimal, words)) < 4:
            return role
    return IGNORED


def _guess_the_rest(rows: Sequence[TableRow], roles: list[str]) -> None:
    """Guess without headings: a name has letters; a code is right of the number and does not count the rows."""
    number = roles.index(NUMBER)
    shares = [_share(rows, place, _is_name) for place in range(len(roles))]
    best = max(
        (place for place in range(len(roles)) if place != number), key=lambda place: (shares[place], -place), default=-1
    )
    if best >= 0 and shares[best] > _MIN_SHARE:
        roles[best] = NAME
    beside = number + 1
    if beside < len(roles) and roles[beside] == IGNORED:
        texts = [text for row in rows if (text := text_at(row, beside).strip())]
        counting = len(texts) > 2 and all(text.isdecimal() for text in texts) and len(set(texts)) == len(texts)
        if texts and not counting and all(_CODE.fullmatch(integer_digits(text)) for text in texts):
            roles[beside] = CODE


def _share(rows: Sequence[TableRow], place: int, fits: Callable[[str], bool]) -> float:
    """Return the share of all rows whose cell fits."""
    texts = [text for row in rows if (text := text_at(row, place).strip())]
    return sum(map(fits, texts)) / max(1, len(rows)) if texts else 0.0


def _is_number(text: str, plan: NumberingPlan) -> bool:
    try:
        plan.normalize(integer_digits(text.lstrip("'")))
    except InvalidNumberError:
        return False
    return True


def _is_name(text: str) -> bool:
    return sum(map(str.isalpha, text)) > len(text) / 2
