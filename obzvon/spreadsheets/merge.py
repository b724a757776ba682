"""Compare the rows of a table with the list: new, changed, already there, or refused. Pure.

A row is identified by what would be dialled: number and extension code. The phone that it matches keeps its key and all
of its other data. A row that cannot be called matches a phone with exactly the same text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from obzvon.common.i18n import Message, say, say_many
from obzvon.common.text import escape_controls
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, parse_extension_code
from obzvon.domain.phones import Phone, next_free_key, number_to_dial
from obzvon.spreadsheets.cell_text import integer_digits
from obzvon.spreadsheets.column_roles import CODE, NAME, NUMBER, PAUSED, ColumnRoles, text_at
from obzvon.spreadsheets.table import TableRow

RowKind = Literal["new", "changed", "same", "twice", "refused", "empty"]
ROW_KINDS: tuple[RowKind, ...] = ("new", "changed", "same", "twice", "refused", "empty")
MAX_LENGTHS = {"number": 100, "code": 64, "name": 200}

#: Any other text in the pause column was written to say "do not call", so only a plain no is a no.
_NO = frozenset(("0", "false", "no", "off", "n", "нет", "ложь", "не", "-", "звонить"))
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2})?|[0-9]{2}:[0-9]{2}", re.ASCII)
_BREAKS = str.maketrans("", "", "\n\r\t")
_PROGRESS_ROWS = 4_000

#: The dialled number and the code of a row; for a row that cannot be called, its texts and "refused".
RowIdentity = tuple[str, str, str]


class RowDecision(msgspec.Struct, gc=False):
    """A row of the table: its fields as they would be saved, and what happens to it."""

    line: int
    number: str
    code: str
    name: str
    paused: bool | None
    kind: RowKind
    reason: Message | None = None
    #: The position in the list of the phone that the row matches.
    place: int | None = None


class MergePlan(msgspec.Struct):
    """The decisions about all rows of a table, compared with one revision of the list."""

    rows: list[RowDecision]
    phones: list[Phone]
    replace: bool
    counts: dict[RowKind, int]

    def rows_of(self, kind: RowKind) -> list[RowDecision]:
        """Return the rows of this kind."""
        return [row for row in self.rows if row.kind == kind]

    def removed_phones(self) -> list[Phone]:
        """Return the phones that the list loses when the table replaces it."""
        kept = {row.place for row in self.rows}
        return [phone for place, phone in enumerate(self.phones) if place not in kept]

    def result(self, *, whole: bool = False) -> list[Phone]:
        """Return the list after the import. With `whole` it also has the refused rows and the duplicates."""
        taken: tuple[RowKind, ...] = ("new", "twice", "refused") if whole else ("new",)
        changed: tuple[RowKind, ...] = ("changed", "refused") if whole else ("changed",)
        free = next_free_key(phone.key for phone in self.phones)
        matched: dict[int, Phone] = {}
        added: list[Phone] = []
        in_order: list[Phone] = []
        for row in self.rows:
            if row.place is not None:
                phone = self.phones[row.place]
                if row.kind in changed:
                    phone = msgspec.structs.replace(phone, name=row.name, paused=bool(row.paused))
                matched[row.place] = phone
            elif row.kind in taken:
                phone = Phone(str(free), row.number, row.code, row.name, bool(row.paused))
                free += 1
                added.append(phone)
            else:
                continue
            in_order.append(phone)
        if self.replace:
            return in_order
        return [matched.get(place, phone) for place, phone in enumerate(self.phones)] + added


def plan_merge(
    rows: Sequence[TableRow],
    roles: ColumnRoles,
    phones: list[Phone],
    plan: NumberingPlan,
    *,
    replace: bool = False,
    corrections: Mapping[int, Sequence[str]] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> MergePlan:
    """Decide about each row below the headings, in order.

    `corrections` maps a line to the number, code and name to use instead of the file's. With `replace` a name that the
    table lacks is removed, otherwise it stays. A pause stays unless the table says something about it.
    """
    index = _ListIndex(phones, plan)
    decisions: list[RowDecision] = []
    counts: dict[RowKind, int] = dict.fromkeys(ROW_KINDS, 0)
    reader = _RowReader(roles, corrections or {})
    for done, row in enumerate(rows):
        if done % _PROGRESS_ROWS == 0:
            progress(done / len(rows))
        if row.line > roles.head:
            one = _decide(
                reader.read(row),
                index,
                plan,
                replace=replace,
                uncomputed=reader.is_uncomputed(row),
                named=bool(reader.names),
            )
            counts[one.kind] += 1
            decisions.append(one)
    return MergePlan(decisions, phones, replace, counts)


def audit_message(merge: MergePlan, file: str | Message, *, whole: bool = False) -> Message:
    """Return the audit log's sentence about an import."""
    counts = merge.counts
    new = counts["new"] + (counts["refused"] + counts["twice"] if whole else 0)
    values = {
        "new": new,
        "changed": counts["changed"],
        "file": escape_controls(file)[:100] if isinstance(file, str) else file,
    }
    if merge.replace:
        return say(
            "the list was replaced: {new} new, {changed} changed, {gone} removed, from {file}",
            gone=len(merge.removed_phones()),
            **values,
        )
    return say("imported: {new} new, {changed} changed, from {file}", **values)


class _RowReader:
    """Reads the fields of a row by the roles of the columns."""

    def __init__(self, roles: ColumnRoles, corrections: Mapping[int, Sequence[str]]) -> None:
        (self._number,) = roles.columns_of(NUMBER)
        self._code = next(iter(roles.columns_of(CODE)), -1)
        self.names = roles.columns_of(NAME)
        self._paused = next(iter(roles.columns_of(PAUSED)), -1)
        self._used = {self._number, self._code, self._paused, *self.names}
        self._corrections = corrections

    def read(self, row: TableRow) -> RowDecision:
        number = text_at(row, self._number).strip()
        code = text_at(row, self._code).strip() if self._code >= 0 else ""
        name = " ".join(text for place in self.names if (text := text_at(row, place).strip()))
        if row.line in self._corrections:
            number, code, name = self._corrections[row.line]
        said = text_at(row, self._paused).strip().casefold() if self._paused >= 0 else ""
        return RowDecision(row.line, number, code, name, said not in _NO if said else None, "new")

    def is_uncomputed(self, row: TableRow) -> bool:
        return bool(row.uncomputed) and row.line not in self._corrections and not self._used.isdisjoint(row.uncomputed)


class _ListIndex:
    """Finds the phones of the list by identity, each of them once."""

    def __init__(self, phones: list[Phone], plan: NumberingPlan) -> None:
        self.phones = phones
        #: The first line of the file with each identity.
        self.lines: dict[RowIdentity, int] = {}
        self._free: dict[RowIdentity, list[int]] = {}
        for place, phone in enumerate(phones):
            identity = _identify_phone(phone, plan)
            self._free.setdefault(identity, []).append(place)

    def take(self, identity: RowIdentity, row: RowDecision) -> int | None:
        """Return the position of a phone with this identity, preferably one with the same texts, and take it out."""
        places = self._free.get(identity)
        if not places:
            return None
        at = 0
        if len(places) > 1:
            at = max(range(len(places)), key=lambda one: (self._likeness(places[one], row), -one))
        return places.pop(at)

    def _likeness(self, place: int, row: RowDecision) -> int:
        phone = self.phones[place]
        return (
            4 * (phone.name.strip() == row.name)
            + 2 * (phone.paused == bool(row.paused))
            + (phone.number.strip() == row.number and phone.code.strip() == row.code)
        )


def _decide(
    row: RowDecision, index: _ListIndex, plan: NumberingPlan, *, replace: bool, uncomputed: bool, named: bool
) -> RowDecision:
    identity, reason = _identify(row.number, row.code, plan)
    row.place = index.take(identity, row)
    if row.place is None and not (row.number or row.code or row.name):
        row.kind = "empty"
        return row
    if row.place is None and reason is not None:
        row.number, row.code = _repair_cell(row.number), _repair_cell(row.code)
        identity, reason = _identify(row.number, row.code, plan)
        row.place = index.take(identity, row)
    if row.place is not None:
        index.lines.setdefault(identity, row.line)
        _compare_with_phone(row, index.phones[row.place], replace=replace, named=named)
        return row
    if uncomputed:
        reason = say("a formula in it has no value; open the file in Excel, save it and choose it again")
    reason = reason or _field_problem(row)
    if reason is not None:
        row.kind, row.reason = "refused", reason
    elif (first := index.lines.setdefault(identity, row.line)) != row.line:
        row.kind, row.reason = "twice", say("the same number as in row {key}", key=first)
    return row


def _compare_with_phone(row: RowDecision, phone: Phone, *, replace: bool, named: bool) -> None:
    """Set what the row changes in the phone that it matches."""
    if row.name == phone.name.strip() or not named or not (row.name or replace):
        row.name = phone.name
    if row.paused is None:
        row.paused = phone.paused
    row.kind = "same" if row.name == phone.name and row.paused == phone.paused else "changed"
    if row.kind == "changed" and row.name != phone.name and (reason := _field_problem(row)) is not None:
        row.kind, row.reason = "refused", reason


def _identify_phone(phone: Phone, plan: NumberingPlan) -> RowIdentity:
    try:
        return number_to_dial(phone, plan), parse_extension_code(phone.code), ""
    except InvalidNumberError:
        return phone.number.strip(), phone.code.strip(), "refused"


def _identify(number: str, code: str, plan: NumberingPlan) -> tuple[RowIdentity, Message | None]:
    try:
        return (plan.normalize(number), parse_extension_code(code), ""), None
    except InvalidNumberError as refused:
        reason = refused.reason
        if _DATE.fullmatch(number):
            reason = say("“{number}” is a date or a time, not a phone number", number=number)
        return (number, code, "refused"), reason


def _repair_cell(text: str) -> str:
    """Return the text without a protecting apostrophe, and an integer that became a fraction as digits."""
    return integer_digits(text.lstrip("'").strip() or text)


def _field_problem(row: RowDecision) -> Message | None:
    for text, most in (
        (row.number, MAX_LENGTHS["number"]),
        (row.code, MAX_LENGTHS["code"]),
        (row.name, MAX_LENGTHS["name"]),
    ):
        if len(text) > most:
            return say_many("a field is longer than {n} character", "a field is longer than {n} characters", most)
    if escape_controls(name := row.name.translate(_BREAKS)) != name:
        return say("the name has invisible characters; type it again")
    return None
