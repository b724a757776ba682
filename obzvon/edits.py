"""What has been changed in the list or in the week, in a sentence. Pure."""

from collections.abc import Iterable, Iterator
from datetime import time

import msgspec

from obzvon.campaign import Phone, Week
from obzvon.harmless import escaped
from obzvon.language import Message, say
from obzvon.words import weekday_word

_NAMED = 10
"""So many days are named."""


class Edits(msgspec.Struct, frozen=True):
    """The rows by which two lists differ, as they stand in the later one; what was deleted, as it stood there."""

    added: tuple[Phone, ...] = ()
    changed: tuple[Phone, ...] = ()
    deleted: tuple[Phone, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.deleted)

    def message(self) -> Message:
        """What was done to the list: to which number, or how many there were."""
        if not self:
            return say("the list: put into another order")
        if len(self.added) + len(self.changed) + len(self.deleted) != 1:
            return say("the list: added {added}, changed {changed}, deleted {deleted}", added=len(self.added),
                       changed=len(self.changed), deleted=len(self.deleted))
        if self.added:
            return say("the list: added {phone}", phone=_short(self.added[0]))
        if self.changed:
            return say("the list: changed {phone}", phone=_short(self.changed[0]))
        return say("the list: deleted {phone}", phone=_short(self.deleted[0]))


def edits(before: Iterable[Phone], after: Iterable[Phone]) -> Edits:
    """How the later list differs; a row is the same as long as its key is. Where it stands is no difference."""
    left = {phone.key: phone for phone in before}
    added, changed = [], []
    for phone in after:
        was = left.pop(phone.key, None)
        if was is None:
            added.append(phone)
        elif was is not phone and was != phone:
            changed.append(phone)
    return Edits(tuple(added), tuple(changed), tuple(left.values()))


def week_message(before: Week, after: Week) -> Message:
    """What was done to the week: the days that begin at another time than before."""
    days = list(_days(before, after))
    if not days:
        return say("the schedule: written anew, the times are as they were")
    named = {f"day{place}": one for place, one in enumerate(days[:_NAMED])}
    listed = Message(", ".join(f"{{{name}}}" for name in named) + (", …" if len(days) > _NAMED else ""), dict(named))
    return say("the schedule: {days}", days=listed)


def _days(before: Week, after: Week) -> Iterator[Message]:
    for place, (was, now) in enumerate(zip(before.times, after.times, strict=True)):
        if was != now:
            yield Message("{day} {start}", {"day": weekday_word(place), "start": _start(now)})
    for day in sorted({*before.dates, *after.dates}):
        if day not in after.dates:
            yield say("{day} as its weekday", day=day.isoformat())
        elif day not in before.dates or before.dates[day] != after.dates[day]:
            yield Message("{day} {start}", {"day": day.isoformat(), "start": _start(after.dates[day])})


def _start(start: time | None) -> Message | str:
    return f"{start:%H:%M}" if start else say("no calls")


def _short(phone: Phone) -> str:
    return escaped(f"{phone.number} {phone.name}".strip()[:120])
