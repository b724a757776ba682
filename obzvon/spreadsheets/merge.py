"""The rows of a table against the list: what is new, what is changed, what stands there already, what cannot be. Pure.

A row is known by what would be dialled, number and extension code. What it finds in the list keeps its key and whatever
else it holds. A row that cannot be called finds one that says letter by letter the same.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from obzvon.common.i18n import Message, say, say_many
from obzvon.common.text import escaped
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, extension_code
from obzvon.domain.phones import Phone
from obzvon.spreadsheets.cell_text import whole
from obzvon.spreadsheets.column_roles import CODE, NAME, NUMBER, PAUSED, ColumnRoles, cell
from obzvon.spreadsheets.table import TableRow

Kind = Literal["new", "changed", "same", "twice", "refused", "empty"]
KINDS: tuple[Kind, ...] = ("new", "changed", "same", "twice", "refused", "empty")
LONGEST = {"number": 100, "code": 64, "name": 200}

_NO = frozenset(("0", "false", "no", "off", "n", "нет", "ложь", "не", "-", "звонить"))
"""Someone wrote the rest to say "do not ring", so only a plain no is a no."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2})?|[0-9]{2}:[0-9]{2}", re.ASCII)
_BREAKS = str.maketrans("", "", "\n\r\t")
_STEP = 4_000

Call = tuple[str, str, str]
"""What a row is known by: what is dialled and the code, or else the letters that stand there."""


class RowDecision(msgspec.Struct, gc=False):
    """One row of the table: its fields as they would be taken, and what becomes of it."""

    line: int
    number: str
    code: str
    name: str
    paused: bool | None
    kind: Kind
    reason: Message | None = None
    place: int | None = None
    """Of the row in the list that it is."""


class MergePlan(msgspec.Struct):
    """All the rows of a table, judged against one revision of the list."""

    rows: list[RowDecision]
    phones: list[Phone]
    replace: bool
    counts: dict[Kind, int]

    def of(self, kind: Kind) -> list[RowDecision]:
        """The rows with which this happens."""
        return [row for row in self.rows if row.kind == kind]

    def gone(self) -> list[Phone]:
        """What the list loses when the table takes its place."""
        kept = {row.place for row in self.rows}
        return [phone for place, phone in enumerate(self.phones) if place not in kept]

    def result(self, *, whole: bool = False) -> list[Phone]:
        """The list as it is then; `whole`: with the rows that cannot be called and those that stand twice, as well."""
        taken: tuple[Kind, ...] = ("new", "twice", "refused") if whole else ("new",)
        changed: tuple[Kind, ...] = ("changed", "refused") if whole else ("changed",)
        free = _free_key(self.phones)
        listed: dict[int, Phone] = {}
        added: list[Phone] = []
        in_order: list[Phone] = []
        for row in self.rows:
            if row.place is not None:
                phone = self.phones[row.place]
                if row.kind in changed:
                    phone = msgspec.structs.replace(phone, name=row.name, paused=bool(row.paused))
                listed[row.place] = phone
            elif row.kind in taken:
                phone = Phone(str(free), row.number, row.code, row.name, bool(row.paused))
                free += 1
                added.append(phone)
            else:
                continue
            in_order.append(phone)
        if self.replace:
            return in_order
        return [listed.get(place, phone) for place, phone in enumerate(self.phones)] + added


def judge(
    rows: Sequence[TableRow],
    layout: ColumnRoles,
    phones: list[Phone],
    plan: NumberingPlan,
    *,
    replace: bool = False,
    mended: Mapping[int, Sequence[str]] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> MergePlan:
    """Each row below the headings, in its order; `mended` has by line number, code and name that stand in their place.

    With `replace` the name that the table does not have is taken off, else it stays. A pause stays as long as the table
    has no word on it.
    """
    listed = _ListIndex(phones, plan)
    judged: list[RowDecision] = []
    counts: dict[Kind, int] = dict.fromkeys(KINDS, 0)
    reader = _RowReader(layout, mended or {})
    for done, row in enumerate(rows):
        if done % _STEP == 0:
            progress(done / len(rows))
        if row.line > layout.head:
            one = _judge(
                reader.read(row),
                listed,
                plan,
                replace=replace,
                uncomputed=reader.is_uncomputed(row),
                named=bool(reader.names),
            )
            counts[one.kind] += 1
            judged.append(one)
    return MergePlan(judged, phones, replace, counts)


def record_of(judgement: MergePlan, file: str | Message, *, whole: bool = False) -> Message:
    """What is kept of an import among the changes."""
    counts = judgement.counts
    new = counts["new"] + (counts["refused"] + counts["twice"] if whole else 0)
    values = {"new": new, "changed": counts["changed"], "file": escaped(file)[:100] if isinstance(file, str) else file}
    if judgement.replace:
        return say(
            "the list was replaced: {new} new, {changed} changed, {gone} taken off, from {file}",
            gone=len(judgement.gone()),
            **values,
        )
    return say("imported: {new} new, {changed} changed, from {file}", **values)


class _RowReader:
    """The fields of a row by the layout."""

    def __init__(self, layout: ColumnRoles, mended: Mapping[int, Sequence[str]]) -> None:
        (self._number,) = layout.places(NUMBER)
        self._code = next(iter(layout.places(CODE)), -1)
        self.names = layout.places(NAME)
        self._paused = next(iter(layout.places(PAUSED)), -1)
        self._used = {self._number, self._code, self._paused, *self.names}
        self._mended = mended

    def read(self, row: TableRow) -> RowDecision:
        number = cell(row, self._number).strip()
        code = cell(row, self._code).strip() if self._code >= 0 else ""
        name = " ".join(text for place in self.names if (text := cell(row, place).strip()))
        if row.line in self._mended:
            number, code, name = self._mended[row.line]
        said = cell(row, self._paused).strip().casefold() if self._paused >= 0 else ""
        return RowDecision(row.line, number, code, name, said not in _NO if said else None, "new")

    def is_uncomputed(self, row: TableRow) -> bool:
        return bool(row.uncomputed) and row.line not in self._mended and not self._used.isdisjoint(row.uncomputed)


class _ListIndex:
    """The rows of the list by what they are known by, each to be found once."""

    def __init__(self, phones: list[Phone], plan: NumberingPlan) -> None:
        self.phones = phones
        self.lines: dict[Call, int] = {}
        """The line that a call has had first."""
        self._free: dict[Call, list[int]] = {}
        for place, phone in enumerate(phones):
            call, _ = _known_by(phone.number.strip(), phone.code.strip(), plan)
            self._free.setdefault(call, []).append(place)

    def find(self, call: Call, row: RowDecision) -> int | None:
        """The place of a row that is this call, first of all one that says the same, and takes it."""
        places = self._free.get(call)
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


def _judge(
    row: RowDecision, listed: _ListIndex, plan: NumberingPlan, *, replace: bool, uncomputed: bool, named: bool
) -> RowDecision:
    call, reason = _known_by(row.number, row.code, plan)
    row.place = listed.find(call, row)
    if row.place is None and not (row.number or row.code or row.name):
        row.kind = "empty"
        return row
    if row.place is None and reason is not None:
        row.number, row.code = _mended_by_us(row.number), _mended_by_us(row.code)
        call, reason = _known_by(row.number, row.code, plan)
        row.place = listed.find(call, row)
    if row.place is not None:
        listed.lines.setdefault(call, row.line)
        _compare(row, listed.phones[row.place], replace=replace, named=named)
        return row
    if uncomputed:
        reason = say("there is a formula without a value in it; open the file in Excel, save it and choose it again")
    reason = reason or _unfit(row)
    if reason is not None:
        row.kind, row.reason = "refused", reason
    elif (first := listed.lines.setdefault(call, row.line)) != row.line:
        row.kind, row.reason = "twice", say("the same number as in row {key}", key=first)
    return row


def _compare(row: RowDecision, phone: Phone, *, replace: bool, named: bool) -> None:
    """What the row changes in the one that it has found in the list."""
    if row.name == phone.name.strip() or not named or not (row.name or replace):
        row.name = phone.name
    if row.paused is None:
        row.paused = phone.paused
    row.kind = "same" if row.name == phone.name and row.paused == phone.paused else "changed"
    if row.kind == "changed" and row.name != phone.name and (reason := _unfit(row)) is not None:
        row.kind, row.reason = "refused", reason


def _known_by(number: str, code: str, plan: NumberingPlan) -> tuple[Call, Message | None]:
    try:
        return (plan.dial(number), extension_code(code), ""), None
    except InvalidNumberError as refused:
        reason = refused.reason
        if _DATE.fullmatch(number):
            reason = say("“{number}” is a date or a time, not a phone number", number=number)
        return (number, code, "refused"), reason


def _mended_by_us(text: str) -> str:
    """Without the apostrophe that keeps a text from being a formula, and an integer that became a fraction whole."""
    return whole(text.lstrip("'").strip() or text)


def _unfit(row: RowDecision) -> Message | None:
    for text, most in ((row.number, LONGEST["number"]), (row.code, LONGEST["code"]), (row.name, LONGEST["name"])):
        if len(text) > most:
            return say_many("a field is longer than {n} character", "a field is longer than {n} characters", most)
    if escaped(name := row.name.translate(_BREAKS)) != name:
        return say("there are characters in the name that cannot be seen; type it anew")
    return None


def _free_key(phones: Sequence[Phone]) -> int:
    return (
        max(
            (
                int(phone.key)
                for phone in phones
                if phone.key.isascii() and phone.key.isdecimal() and len(phone.key) < 19
            ),
            default=-1,
        )
        + 1
    )
