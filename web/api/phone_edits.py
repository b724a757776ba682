"""Changes of the list by programs: rows are validated by the rules of the page, and all issues are reported."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from flask_babel import gettext as _
from msgspec import UNSET

from obzvon.documents.phones_json import ABSENCE_KEYS, absence_texts
from obzvon.domain.absence import parse_day, read_absence
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import MAX_LENGTHS, Phone, next_free_key
from web import phone_duplicates, phone_form
from web.api.schemas.phones import ListChange, NewList, NewRow, RowChange
from web.phone_index import PhoneIndex
from web.problems import MAX_ISSUES, RequestError, ValidationIssue

_KEY = re.compile(r"0|[1-9][0-9]{0,17}")


def replace_list(body: NewList, before: Sequence[Phone], plan: NumberingPlan) -> list[Phone]:
    """Return the new list. Rows with an existing key keep the fields that other programs wrote. Raises RequestError."""
    existing = {phone.key: phone for phone in before}
    free = next_free_key(row.row for row in body.rows if row.row is not UNSET)
    validator = _RowValidator(plan)
    seen: set[str] = set()
    phones = []
    for position, row in enumerate(body.rows):
        pointer = f"#/rows/{position}"
        was = None
        if row.row is UNSET:
            key, free = str(free), free + 1
        else:
            key = row.row
            was = existing.get(key)
            if was is None and not _KEY.fullmatch(key):
                validator.refuse(_("The key of a new row must consist of digits"), f"{pointer}/row", key)
            elif key in seen:
                validator.refuse(_("Two rows have this key"), f"{pointer}/row", key)
        seen.add(key)
        phones.append(validator.change(was, row, pointer) if was else validator.add(key, row, pointer))
    touched = {f"#/rows/{position}/number": phone for position, phone in enumerate(phones)}
    validator.refuse_duplicates(touched, before, phones, is_another=body.another_code)
    return validator.checked(phones)


def change_list(body: ListChange, index: PhoneIndex, plan: NumberingPlan) -> list[Phone]:
    """Return the list with rows added, changed and deleted. Raises RequestError."""
    validator = _RowValidator(plan)
    after = {phone.key: phone for phone in index.phones}
    for position, key in enumerate(body.delete):
        if key not in index.positions:
            validator.refuse(_("There is no such row"), f"#/delete/{position}", key)
        elif key in body.change:
            validator.refuse(_("A row cannot be changed and deleted at the same time"), f"#/delete/{position}", key)
        after.pop(key, None)
    for key, change in body.change.items():
        pointer = _change_pointer(key)
        if key in after:
            after[key] = validator.change(after[key], change, pointer)
        elif key not in body.delete:
            validator.refuse(_("There is no such row"), pointer, key)
    free = int(index.free_key())
    for position, row in enumerate(body.add):
        key = str(free + position)
        after[key] = validator.add(key, row, f"#/add/{position}")
    touched = {f"{_change_pointer(key)}/number": after[key] for key in body.change if key in after}
    touched |= {f"#/add/{position}/number": after[str(free + position)] for position in range(len(body.add))}
    validator.refuse_duplicates(touched, index.phones, after.values(), is_another=body.another_code)
    return validator.checked(list(after.values()))


def _change_pointer(key: str) -> str:
    return f"#/change/{key.replace('~', '~0').replace('/', '~1')}"


class _RowValidator:
    """Makes phones of rows and collects the issues in them."""

    def __init__(self, plan: NumberingPlan) -> None:
        self._plan = plan
        self.issues: list[ValidationIssue] = []

    def refuse(self, reason: str, pointer: str, key: str = "") -> None:
        """Add an issue of a row. Raises RequestError if there are too many."""
        self.issues.append(ValidationIssue(reason, pointer=pointer, row=key))
        if len(self.issues) >= MAX_ISSUES:
            raise RequestError(422, "", self.issues)

    def refuse_duplicates(
        self, touched: Mapping[str, Phone], before: Sequence[Phone], after: Iterable[Phone], *, is_another: bool
    ) -> None:
        """Refuse rows that repeat a number under another key, by their pointers. Old duplicates may stay."""
        were, are = phone_duplicates.ListNumbers(before, self._plan), phone_duplicates.ListNumbers(after, self._plan)
        keys = {phone.key for phone in before}
        for pointer, phone in touched.items():
            if are.count_calls(phone) <= were.count_calls(phone):
                continue
            other = are.find_duplicate(phone)
            if other is not None and (other.is_same or not is_another):
                self.refuse(other.sentence(), pointer, phone.key if phone.key in keys else "")

    def add(self, key: str, row: NewRow, pointer: str) -> Phone:
        """Return the phone of a new row."""
        return self._validated(Phone(key, ""), None, _fields(row), pointer)

    def change(self, phone: Phone, row: NewRow | RowChange, pointer: str) -> Phone:
        """Return the phone with other fields. Values that it had before are accepted, whatever they are."""
        dates = absence_texts(phone)
        given = {
            name: value
            for name, value in _fields(row).items()
            if value != (dates[name] if name in dates else getattr(phone, name))
        }
        return self._validated(phone, phone, given, pointer) if given else phone

    def checked(self, phones: list[Phone]) -> list[Phone]:
        """Return the list if there are no issues, else raise RequestError."""
        if self.issues:
            raise RequestError(422, "", self.issues)
        return phones

    def _validated(self, phone: Phone, before: Phone | None, given: Mapping[str, Any], pointer: str) -> Phone:
        texts = {name: given.get(name, getattr(phone, name)) for name in MAX_LENGTHS}
        form = phone_form.parse_phone_form(texts, self._plan, before)
        for name, reason in form.errors.items():
            self.refuse(reason, f"{pointer}/{name}", before.key if before else "")
        phone = form.apply_to(phone)
        if not given.keys().isdisjoint(ABSENCE_KEYS):
            phone = self._with_absence(phone, given, pointer, before.key if before else "")
        return msgspec.structs.replace(phone, paused=given.get("paused", phone.paused))

    def _with_absence(self, phone: Phone, given: Mapping[str, Any], pointer: str, key: str) -> Phone:
        """Return the phone with the dates that are given; the other one stays."""
        for name in ABSENCE_KEYS:
            if (text := given.get(name)) and parse_day(text) is None:
                self.refuse(_("Write the date as %(example)s", example="2026-12-31"), f"{pointer}/{name}", key)
        dates = absence_texts(phone) | {name: given[name] for name in ABSENCE_KEYS if name in given}
        absence = read_absence(*(dates[name] for name in ABSENCE_KEYS))
        if absence is not None and not absence.unreadable and not absence.is_readable:
            name = ABSENCE_KEYS[0] if ABSENCE_KEYS[0] in given else ABSENCE_KEYS[1]
            self.refuse(_("paused_from has to be before paused_until"), f"{pointer}/{name}", key)
        return msgspec.structs.replace(phone, absence=absence)


def _fields(row: NewRow | RowChange) -> dict[str, Any]:
    names = ("number", "code", "name", "paused", *ABSENCE_KEYS)
    return {name: given for name in names if (given := getattr(row, name)) is not UNSET}
