"""A list as a program wants it: each row taken or refused by the rules of the page, all refusals at once."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from flask_babel import gettext as _
from msgspec import UNSET

from obzvon.common.i18n import Message
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone, next_free_key
from obzvon.journal import audit_messages
from web import phone_form
from web.api.schemas import ListChange, NewList, NewRow, RowChange
from web.phone_index import PhoneIndex
from web.problems import MAX_ISSUES, RequestError, ValidationIssue

_KEY = re.compile(r"0|[1-9][0-9]{0,17}")


def replace_list(body: NewList, before: Iterable[Phone], plan: NumberingPlan) -> list[Phone]:
    """The whole list; raises Refusal. A row under a known key keeps what other programs wrote into it."""
    known = {phone.key: phone for phone in before}
    free = next_free_key(row.row for row in body.rows if row.row is not UNSET)
    taking = _RowValidator(plan)
    seen: set[str] = set()
    phones = []
    for place, row in enumerate(body.rows):
        pointer = f"#/rows/{place}"
        was = None
        if row.row is UNSET:
            key, free = str(free), free + 1
        else:
            key = row.row
            was = known.get(key)
            if was is None and not _KEY.fullmatch(key):
                taking.refuse(_("The key of a new row must consist of digits"), f"{pointer}/row", key)
            elif key in seen:
                taking.refuse(_("Two rows have this key"), f"{pointer}/row", key)
        seen.add(key)
        phones.append(taking.change(was, row, pointer) if was else taking.add(key, row, pointer))
    return taking.checked(phones)


def change_list(body: ListChange, listed: PhoneIndex, plan: NumberingPlan) -> list[Phone]:
    """The list with some rows more, less or otherwise; raises Refusal."""
    taking = _RowValidator(plan)
    after = {phone.key: phone for phone in listed.phones}
    for place, key in enumerate(body.delete):
        if key not in listed.positions:
            taking.refuse(_("There is no such row"), f"#/delete/{place}", key)
        elif key in body.change:
            taking.refuse(_("It cannot be changed and deleted at once"), f"#/delete/{place}", key)
        after.pop(key, None)
    for key, change in body.change.items():
        pointer = f"#/change/{key.replace('~', '~0').replace('/', '~1')}"
        if key in after:
            after[key] = taking.change(after[key], change, pointer)
        elif key not in body.delete:
            taking.refuse(_("There is no such row"), pointer, key)
    free = int(listed.free_key())
    for place, row in enumerate(body.add):
        key = str(free + place)
        after[key] = taking.add(key, row, f"#/add/{place}")
    return taking.checked(list(after.values()))


class _RowValidator:
    """Takes rows, and keeps what is wrong with them."""

    def __init__(self, plan: NumberingPlan) -> None:
        self._plan = plan
        self.faults: list[ValidationIssue] = []

    def refuse(self, reason: str, pointer: str, key: str = "") -> None:
        """Something about a row is wrong."""
        self.faults.append(ValidationIssue(reason, pointer=pointer, row=key))
        if len(self.faults) >= MAX_ISSUES:
            raise RequestError(422, "", self.faults)

    def add(self, key: str, row: NewRow, pointer: str) -> Phone:
        """A new row."""
        return self._judged(Phone(key, ""), None, _fields(row), pointer)

    def change(self, phone: Phone, row: NewRow | RowChange, pointer: str) -> Phone:
        """The row with other fields; what stood there before may stay, whatever it is."""
        given = {name: value for name, value in _fields(row).items() if value != getattr(phone, name)}
        return self._judged(phone, phone, given, pointer) if given else phone

    def checked(self, phones: list[Phone]) -> list[Phone]:
        """The list, if nothing is wrong; raises Refusal."""
        if self.faults:
            raise RequestError(422, "", self.faults)
        return phones

    def _judged(self, phone: Phone, before: Phone | None, given: Mapping[str, Any], pointer: str) -> Phone:
        texts = {name: given.get(name, getattr(phone, name)) for name in phone_form.MAX_LENGTHS}
        form = phone_form.parse_phone_form(texts, self._plan, before)
        for name, reason in form.errors.items():
            self.refuse(reason, f"{pointer}/{name}", before.key if before else "")
        return msgspec.structs.replace(form.apply_to(phone), paused=given.get("paused", phone.paused))


def _fields(row: NewRow | RowChange) -> dict[str, Any]:
    return {name: given for name in ("number", "code", "name", "paused") if (given := getattr(row, name)) is not UNSET}


class ListDiff(msgspec.Struct, frozen=True):
    """The rows by which two lists differ; of a changed one both states."""

    added: tuple[Phone, ...] = ()
    changed: tuple[tuple[Phone, Phone], ...] = ()
    deleted: tuple[Phone, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.deleted)

    def message(self) -> Message:
        """What was done to the list: to which number, or how many there were."""
        if not self:
            return audit_messages.list_reordered()
        if len(self.added) + len(self.changed) + len(self.deleted) != 1:
            return audit_messages.list_changed(
                added=len(self.added), changed=len(self.changed), deleted=len(self.deleted)
            )
        if self.added:
            return audit_messages.phone_added(self.added[0])
        for before, after in self.changed:
            if msgspec.structs.replace(before, paused=after.paused) == after:
                return audit_messages.phones_paused([after]) if after.paused else audit_messages.phones_resumed([after])
            return audit_messages.phone_edited(before, after)
        return audit_messages.phones_deleted(self.deleted)


def diff_lists(before: Iterable[Phone], after: Iterable[Phone]) -> ListDiff:
    """How the later list differs; a row is the same as long as its key is. Where it stands is no difference."""
    left = {phone.key: phone for phone in before}
    added: list[Phone] = []
    changed: list[tuple[Phone, Phone]] = []
    for phone in after:
        was = left.pop(phone.key, None)
        if was is None:
            added.append(phone)
        elif was is not phone and was != phone:
            changed.append((was, phone))
    return ListDiff(tuple(added), tuple(changed), tuple(left.values()))
