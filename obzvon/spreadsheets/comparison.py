"""Compare the numbers of a table with the list, one after another. Pure."""

import re

from obzvon.common.i18n import Message, say, say_many
from obzvon.common.text import escape_controls
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, parse_extension_code
from obzvon.domain.phones import MAX_LENGTHS, Phone, dialled_number
from obzvon.spreadsheets.cell_text import integer_digits
from obzvon.spreadsheets.decisions import MergeChoices, RowDecision

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2})?|[0-9]{2}:[0-9]{2}", re.ASCII)
_BREAKS = str.maketrans("", "", "\n\r\t")

#: The dialled number and the code of a row; for a row that cannot be called, its texts and "refused".
RowIdentity = tuple[str, str, str]


class ListComparison:
    """Decides about the numbers of a table, in order.

    With `replace` a name that the table lacks is removed. `has_names` says whether the table has a column of names.
    """

    def __init__(
        self, phones: list[Phone], plan: NumberingPlan, choices: MergeChoices, *, replace: bool, has_names: bool
    ) -> None:
        self.rows: list[RowDecision] = []
        self._index = _ListIndex(phones, plan)
        self._phones = phones
        self._plan = plan
        self._choices = choices
        self._replace = replace
        self._has_names = has_names

    def add(self, row: RowDecision, *, uncomputed: bool) -> None:
        """Decide about a number as far as it can be done before all others are seen."""
        has_phone = row.kind != "no_phone" or row.is_corrected
        identity = self._match(row)
        row.kind = "new"
        if not (row.number or row.code or row.name) and row.place is None:
            row.kind = "empty"
        elif row.place is not None:
            self._index.first_rows.setdefault(identity, row)
            self._compare_with_phone(row)
        elif not (has_phone and row.number):
            row.kind, row.reason = "no_phone", say("no number")
        elif (reason := self._refusal(row, identity, uncomputed=uncomputed)) is not None:
            row.kind, row.reason = "refused", reason
        elif row.is_further and self._choices.further == "first":
            row.kind = "further"
        elif (first := self._index.first_rows.setdefault(identity, row)) is not row:
            if first.line == row.line:
                return  # two columns of one row may repeat each other
            row.kind, row.reason = "twice", say("the same number as in row {key}", key=first.line)
        elif row.is_open:
            row.paused = True  # until the words are explained
        self.rows.append(row)

    def is_listed(self, number: str, code: str) -> bool:
        """Return whether the list has exactly this text, which may be none that can be called."""
        return self._index.has_text(number, code)

    def compare_codes(self) -> None:
        """Find the new numbers that the list, or a row before, has under another extension code."""
        lines: dict[str, int] = {}
        for row in self.rows:
            if row.kind != "new":
                if row.kind in ("same", "changed") and row.dialled:
                    lines.setdefault(row.dialled, row.line)
                continue
            if others := self._index.places_of(row.dialled):
                row.others, row.given_code = tuple(others), row.code
                self._choose_code(row)
            elif (line := lines.get(row.dialled)) is not None:
                row.other_line = line
                if self._choices.file_codes != "both":
                    row.kind, row.reason = "other_code", say("row {key} has it under another code", key=line)
            else:
                lines[row.dialled] = row.line

    def _match(self, row: RowDecision) -> RowIdentity:
        identity, reason = identify(row.number, row.code, self._plan)
        row.place = self._index.take(identity, row)
        if row.place is None and reason is not None:
            row.number, row.code = repair_cell(row.number), repair_cell(row.code)
            identity, reason = identify(row.number, row.code, self._plan)
            row.place = self._index.take(identity, row)
        row.dialled = "" if identity[2] else identity[0]
        return identity

    def _refusal(self, row: RowDecision, identity: RowIdentity, *, uncomputed: bool) -> Message | None:
        if row.reason is not None:
            return row.reason
        if uncomputed:
            return say("a formula in it has no value; open the file in Excel, save it and choose it again")
        if identity[2]:
            return identify(row.number, row.code, self._plan)[1]
        return _field_problem(row)

    def _compare_with_phone(self, row: RowDecision) -> None:
        """Set what the row changes in the phone that it matches."""
        phone = self._phones[row.place or 0]
        if row.name == phone.name.strip() or not self._has_names or not (row.name or self._replace):
            row.name = phone.name
        if row.paused is None:
            row.paused = phone.paused
        row.kind = "same" if row.name == phone.name and row.paused == phone.paused else "changed"
        if row.kind == "changed" and row.name != phone.name and (reason := _field_problem(row)) is not None:
            row.kind, row.reason = "refused", reason

    def _choose_code(self, row: RowDecision) -> None:
        """Do with a number that the list has under another code what the operator has chosen."""
        chosen = self._choices.other_code
        free = [place for place in row.others if self._index.is_free(place)]
        if chosen == "both" or (chosen == "file" and not free):
            return
        row.kind = "other_code"
        if chosen == "file" and len(free) > 1:
            row.kind = "refused"
            row.reason = say("the list has this number under several codes; change them in the list")
        elif chosen and len(free) == 1:
            row.place = free[0]
            self._index.remove(free[0])
            self._compare_with_phone(row)
            if chosen == "file":
                row.kind = "changed"
            else:
                row.code = self._phones[free[0]].code


class _ListIndex:
    """Finds the phones of the list by identity, each of them once."""

    def __init__(self, phones: list[Phone], plan: NumberingPlan) -> None:
        self.phones = phones
        #: The first row of the file with each identity.
        self.first_rows: dict[RowIdentity, RowDecision] = {}
        self._free: dict[RowIdentity, list[int]] = {}
        self._numbers: dict[str, list[int]] = {}
        self._taken: set[int] = set()
        for place, phone in enumerate(phones):
            dialled = dialled_number(phone, plan)
            self._free.setdefault(_identify_phone(phone, dialled), []).append(place)
            if dialled:
                self._numbers.setdefault(dialled, []).append(place)

    def take(self, identity: RowIdentity, row: RowDecision) -> int | None:
        """Return the position of a phone with this identity, preferably one with the same texts, and take it out."""
        places = self._free.get(identity)
        if not places:
            return None
        at = 0
        if len(places) > 1:
            at = max(range(len(places)), key=lambda one: (self._likeness(places[one], row), -one))
        self._taken.add(places[at])
        return places.pop(at)

    def has_text(self, number: str, code: str) -> bool:
        """Return whether a phone that cannot be called has these texts."""
        return (number, code, "refused") in self._free

    def places_of(self, dialled: str) -> list[int]:
        """Return the positions of all phones with this number, whatever their code."""
        return self._numbers.get(dialled, [])

    def is_free(self, place: int) -> bool:
        """Return whether no row has matched this phone."""
        return place not in self._taken

    def remove(self, place: int) -> None:
        """Take a phone out."""
        self._taken.add(place)

    def _likeness(self, place: int, row: RowDecision) -> int:
        phone = self.phones[place]
        return (
            4 * (phone.name.strip() == row.name)
            + 2 * (phone.paused == bool(row.paused))
            + (phone.number.strip() == row.number and phone.code.strip() == row.code)
        )


def identify(number: str, code: str, plan: NumberingPlan) -> tuple[RowIdentity, Message | None]:
    """Return the identity of a number, and why it cannot be called, or None."""
    try:
        return (plan.normalize(number), parse_extension_code(code), ""), None
    except InvalidNumberError as refused:
        reason = refused.reason
        if _DATE.fullmatch(number):
            reason = say("“{number}” is a date or a time, not a phone number", number=number)
        return (number, code, "refused"), reason


def repair_cell(text: str) -> str:
    """Return the text without a protecting apostrophe, and an integer that became a fraction as digits."""
    return integer_digits(text.lstrip("'").strip() or text)


def _identify_phone(phone: Phone, dialled: str) -> RowIdentity:
    number, code = phone.number.strip(), phone.code.strip()
    try:
        code = parse_extension_code(code)
    except InvalidNumberError:
        dialled = ""
    return (dialled, code, "") if dialled else (number, code, "refused")


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
