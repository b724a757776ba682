"""A list as a program wants it: each row taken or refused by the rules of the page, all refusals at once."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from flask_babel import gettext as _
from msgspec import UNSET

from obzvon.campaign import Phone
from obzvon.numbering import NumberingPlan
from web import phone_form
from web.api.problems import COUNTED, Fault, Refusal
from web.api.shapes import ListChange, NewList, NewRow, RowChange
from web.listed import Listed

_KEY = re.compile(r"0|[1-9][0-9]{0,17}")


def replaced(body: NewList, before: Iterable[Phone], plan: NumberingPlan) -> list[Phone]:
    """The whole list; raises Refusal. A row under a known key keeps what other programs wrote into it."""
    known = {phone.key: phone for phone in before}
    free = 1 + max((int(row.row) for row in body.rows if row.row is not UNSET and _KEY.fullmatch(row.row)), default=-1)
    taking = _Taking(plan)
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
                taking.refuse(_("A new row's key is made of digits"), f"{pointer}/row", key)
            elif key in seen:
                taking.refuse(_("Two rows have this key"), f"{pointer}/row", key)
        seen.add(key)
        phones.append(taking.change(was, row, pointer) if was else taking.add(key, row, pointer))
    return taking.checked(phones)


def changed(body: ListChange, listed: Listed, plan: NumberingPlan) -> list[Phone]:
    """The list with some rows more, less or otherwise; raises Refusal."""
    taking = _Taking(plan)
    after = {phone.key: phone for phone in listed.phones}
    for place, key in enumerate(body.delete):
        if key not in listed.places:
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


class _Taking:
    """Takes rows, and keeps what is wrong with them."""

    def __init__(self, plan: NumberingPlan) -> None:
        self._plan = plan
        self.faults: list[Fault] = []

    def refuse(self, reason: str, pointer: str, key: str = "") -> None:
        """Something about a row is wrong."""
        self.faults.append(Fault(reason, pointer=pointer, row=key))
        if len(self.faults) >= COUNTED:
            raise Refusal(422, "", self.faults)

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
            raise Refusal(422, "", self.faults)
        return phones

    def _judged(self, phone: Phone, before: Phone | None, given: Mapping[str, Any], pointer: str) -> Phone:
        texts = {name: given.get(name, getattr(phone, name)) for name in phone_form.LONGEST}
        form = phone_form.read(texts, self._plan, before)
        for name, reason in form.errors.items():
            self.refuse(reason, f"{pointer}/{name}", before.key if before else "")
        return msgspec.structs.replace(form.onto(phone), paused=given.get("paused", phone.paused))


def _fields(row: NewRow | RowChange) -> dict[str, Any]:
    return {name: given for name in ("number", "code", "name", "paused")
            if (given := getattr(row, name)) is not UNSET}
