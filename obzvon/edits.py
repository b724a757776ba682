"""By which rows two lists differ, and that in a sentence. Pure."""

from collections.abc import Iterable

import msgspec

from obzvon import deeds
from obzvon.campaign import Phone
from obzvon.language import Message, say


class Edits(msgspec.Struct, frozen=True):
    """The rows by which two lists differ; of a changed one both states."""

    added: tuple[Phone, ...] = ()
    changed: tuple[tuple[Phone, Phone], ...] = ()
    deleted: tuple[Phone, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.deleted)

    def message(self) -> Message:
        """What was done to the list: to which number, or how many there were."""
        if not self:
            return say("list: put into another order")
        if len(self.added) + len(self.changed) + len(self.deleted) != 1:
            return say("list: added {added}, changed {changed}, deleted {deleted}", added=len(self.added),
                       changed=len(self.changed), deleted=len(self.deleted))
        if self.added:
            return deeds.added(self.added[0])
        for before, after in self.changed:
            if msgspec.structs.replace(before, paused=after.paused) == after:
                return deeds.paused([after]) if after.paused else deeds.resumed([after])
            return deeds.edited(before, after)
        return deeds.deleted(self.deleted)


def edits(before: Iterable[Phone], after: Iterable[Phone]) -> Edits:
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
    return Edits(tuple(added), tuple(changed), tuple(left.values()))
