"""Differences between two states of the list, and the sentence about them."""

from collections.abc import Iterable
from datetime import date

import msgspec
from flask_babel import gettext as _

from obzvon.common.i18n import Message
from obzvon.common.text import escape_controls
from obzvon.domain.absence import Absence
from obzvon.domain.phones import Phone
from obzvon.journal import audit_messages
from web.i18n import translate


class ListDiff(msgspec.Struct, frozen=True):
    """The rows in which two lists differ; a changed row in both states."""

    added: tuple[Phone, ...] = ()
    changed: tuple[tuple[Phone, Phone], ...] = ()
    deleted: tuple[Phone, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.deleted)

    def message(self) -> Message:
        """Return the audit log's sentence: the number that was changed, or how many were."""
        return _message_of_one_kind(self) or (
            audit_messages.list_changed(added=len(self.added), changed=len(self.changed), deleted=len(self.deleted))
            if self
            else audit_messages.list_reordered()
        )


def _message_of_one_kind(diff: ListDiff) -> Message | None:
    """Return the sentence if rows were only added, only changed or only deleted; else None."""
    result: Message | None = None
    match diff.added, diff.changed, diff.deleted:
        case (), (), (_, *_) as rows:
            result = audit_messages.phones_deleted(rows)
        case (one,), (), ():
            result = audit_messages.phone_added(one)
        case (_, *_), (), ():
            result = audit_messages.phones_added(len(diff.added))
        case (), (_, *_), ():
            result = _message_on_changes(diff.changed)
    return result


def _message_on_changes(changes: tuple[tuple[Phone, Phone], ...]) -> Message:
    pauses = _only_pauses(changes)
    if len(pauses) == 1:
        rows = [after for _, after in changes]
        ((paused, absence),) = pauses
        if absence is not None and not paused:
            return audit_messages.phones_absent(rows, absence)
        return audit_messages.phones_paused(rows) if paused else audit_messages.phones_resumed(rows)
    return audit_messages.phones_changed(len(changes)) if len(changes) > 1 else audit_messages.phone_edited(*changes[0])


def _only_pauses(changes: Iterable[tuple[Phone, Phone]]) -> set[tuple[bool, Absence | None]]:
    """Return the pauses that the rows have now; none if anything else of one was changed."""
    pauses: set[tuple[bool, Absence | None]] = set()
    for before, after in changes:
        if msgspec.structs.replace(before, paused=after.paused, absence=after.absence) != after:
            return set()
        pauses.add((after.paused, after.absence))
    return pauses


def diff_lists(before: Iterable[Phone], after: Iterable[Phone]) -> ListDiff:
    """Return how the later list differs. Rows are compared by key; their order does not matter."""
    remaining = {phone.key: phone for phone in before}
    added: list[Phone] = []
    changed: list[tuple[Phone, Phone]] = []
    for phone in after:
        was = remaining.pop(phone.key, None)
        if was is None:
            added.append(phone)
        elif was is not phone and was != phone:
            changed.append((was, phone))
    return ListDiff(tuple(added), tuple(changed), tuple(remaining.values()))


def changed_values(before: Phone, after: Phone) -> list[str]:
    """Return in words which values of a row differ; the names only of those that this program does not show."""
    shown = (
        (_("Number"), before.number, after.number),
        (_("Extension code"), before.code, after.code),
        (_("Name"), before.name, after.name),
    )
    words = [f"{title.lower()}: {was or '—'} → {now or '—'}" for title, was, now in shown if was != now]
    if before.paused != after.paused:
        words.append(_("it is paused") if after.paused else _("the pause ends"))
    if before.absence != after.absence and (after.absence or before.paused == after.paused):
        days = after.absence.describe(date.min) if after.absence else None  # with the year
        words.append(translate(days) if days else _("the pause ends"))
    was, now = before.extra or {}, after.extra or {}
    if others := sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name)):
        words.append(_("other values: %(names)s", names=", ".join(others)))
    return [escape_controls(one) for one in words]


def step_name(change: Message) -> str:
    """Return the sentence about a change without the document's name before it, in the reader's language."""
    return translate(change).partition(": ")[2]
