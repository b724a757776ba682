"""The sentences of the audit log. The journal keeps them untranslated; each reader gets them in their own language.

Text that people have written into a row is kept as far as it is needed to recognise the row; it is escaped.
"""

from collections.abc import Iterable
from datetime import date, datetime, time

from obzvon.common.i18n import Message, date_label, moment_label, say, say_many
from obzvon.common.text import escape_controls
from obzvon.domain.absence import Absence
from obzvon.domain.labels import user_role_label, weekday_label
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule

#: Characters of a number, code or name in a sentence.
_MAX_TEXT = 100
#: Days of a changed schedule that are named; the others are counted.
_MAX_DAYS = 12


def check_requested() -> Message:
    """Return the sentence for a self-check that was requested."""
    return say("had everything checked")


# The list


def phone_added(phone: Phone) -> Message:
    """Return the sentence for a new row."""
    return say("list: added {row}", row=_row(phone))


def phone_edited(before: Phone | None, after: Phone) -> Message:
    """Return the sentence for a changed row; if `before` was deleted meanwhile, it is a new one."""
    if before is None:
        return phone_added(after)
    return say("list: changed {before} to {after}", before=_row(before), after=_row(after))


def phones_paused(phones: Iterable[Phone]) -> Message:
    """Return the sentence for rows that were paused."""
    rows = list(phones)
    if len(rows) == 1:
        return say("list: paused {row}", row=_row(rows[0]))
    return say_many("list: paused {n} number", "list: paused {n} numbers", len(rows))


def phones_absent(phones: Iterable[Phone], absence: Absence | None) -> Message:
    """Return the sentence for rows that are not called during the absence, None = until their pause is ended."""
    rows = list(phones)
    # As of the first day that there is: the log is also read when the absence is over, and then needs the year.
    days = absence.describe(date.min) if absence else None
    if days is None:
        return phones_paused(rows)
    if len(rows) == 1:
        return say("list: {row}, {absence}", row=_row(rows[0]), absence=days)
    return say_many("list: {n} number, {absence}", "list: {n} numbers, {absence}", len(rows), absence=days)


def phones_resumed(phones: Iterable[Phone]) -> Message:
    """Return the sentence for rows that are called again after a pause."""
    rows = list(phones)
    if len(rows) == 1:
        return say("list: called again {row}", row=_row(rows[0]))
    return say_many("list: {n} number is called again", "list: {n} numbers are called again", len(rows))


def phones_deleted(phones: Iterable[Phone]) -> Message:
    """Return the sentence for rows that were deleted."""
    rows = list(phones)
    if len(rows) == 1:
        return say("list: deleted {row}", row=_row(rows[0]))
    return say_many("list: deleted {n} number", "list: deleted {n} numbers", len(rows))


def undone(change: Message) -> Message:
    """Return the sentence for a change of the list or the schedule that was undone."""
    return say("undone: {change}", change=change)


def redone(change: Message) -> Message:
    """Return the sentence for an undone change that was made again."""
    return say("done again: {change}", change=change)


def list_restored(count: int) -> Message:
    """Return the sentence for a list that replaces one that was broken or missing."""
    return say_many("list: brought back one with {n} number", "list: brought back one with {n} numbers", count)


def values_restored(count: int) -> Message:
    """Return the sentence for values that another program's save had lost."""
    return say_many("list: restored {n} lost value", "list: restored {n} lost values", count)


def losses_accepted(count: int) -> Message:
    """Return the sentence for lost values that are to stay as they are."""
    return say_many("list: {n} lost value accepted", "list: {n} lost values accepted", count)


def list_created() -> Message:
    """Return the sentence for an empty list where there was none."""
    return say("list: started again, empty")


def phones_added(count: int) -> Message:
    """Return the sentence for several rows that were added at once."""
    return say_many("list: added {n} number", "list: added {n} numbers", count)


def phones_changed(count: int) -> Message:
    """Return the sentence for several rows that were changed at once."""
    return say_many("list: changed {n} number", "list: changed {n} numbers", count)


def list_changed(*, added: int, changed: int, deleted: int) -> Message:
    """Return the sentence for several rows that changed at once."""
    return say(
        "list: added {added}, changed {changed}, deleted {deleted}", added=added, changed=changed, deleted=deleted
    )


def list_reordered() -> Message:
    """Return the sentence for the same rows in another order."""
    return say("list: put into another order")


def version_restored(document: str, moment: datetime) -> Message:
    """Return the sentence for an earlier version, saved at that local time, of the `phones` or the schedule."""
    if document == "phones":
        return say("list: brought back the version of {moment}", moment=moment_label(moment))
    return say("schedule: brought back the version of {moment}", moment=moment_label(moment))


# The schedule


def schedule_changed(before: Schedule, after: Schedule) -> Message:
    """Return the sentence for a changed schedule, with both start times of each day that differs."""
    parts = [
        say("{day}: {before} → {after}", day=weekday_label(place), before=_start(one), after=_start(other))
        for place, (one, other) in enumerate(zip(before.times, after.times, strict=True))
        if one != other
    ]
    for day in sorted({*before.dates, *after.dates}):
        one, other = _on(before, day), _on(after, day)
        if one != other:
            parts.append(say("{day}: {before} → {after}", day=date_label(day, with_year=True), before=one, after=other))
    named = parts[:_MAX_DAYS]
    if more := len(parts) - len(named):
        named.append(say_many("and {n} more day", "and {n} more days", more))
    values = {f"part{place}": part for place, part in enumerate(named)}
    return say("schedule: {days}", days=Message("; ".join(f"{{{name}}}" for name in values), dict(values)))


def schedule_restored() -> Message:
    """Return the sentence for a schedule that replaces one that was broken or missing."""
    return say("schedule: an earlier version restored")


def schedule_created() -> Message:
    """Return the sentence for a schedule without any start where there was none."""
    return say("schedule: started again, without a time")


# The messages


def message_added(name: str) -> Message:
    """Return the sentence for a new message."""
    return say("messages: added “{name}”", name=_short(name))


def message_renamed(before: str, after: str) -> Message:
    """Return the sentence for a message with another name."""
    return say("messages: “{before}” is called “{after}” now", before=_short(before), after=_short(after))


def message_replaced(name: str) -> Message:
    """Return the sentence for a message with a new sound."""
    return say("messages: a new sound for “{name}”", name=_short(name))


def message_restored(name: str, moment: datetime) -> Message:
    """Return the sentence for a message whose sound of that local time is the current one again."""
    return say("messages: “{name}”: brought back the sound of {moment}", name=_short(name), moment=moment_label(moment))


def message_deleted(name: str) -> Message:
    """Return the sentence for a deleted message."""
    return say("messages: deleted “{name}”", name=_short(name))


def message_chosen(name: str) -> Message:
    """Return the sentence for a message that calls play from now on."""
    return say("messages: calls play “{name}”", name=_short(name))


def message_unchosen() -> Message:
    """Return the sentence for the PBX's own sound, which calls play from now on."""
    return say("messages: calls play the PBX's own sound")


# The users


def user_added(name: str, role: str) -> Message:
    """Return the sentence for a new user."""
    return say("users: added {name}, {role}", name=name, role=user_role_label(role))


def user_removed(name: str) -> Message:
    """Return the sentence for a removed user."""
    return say("users: removed {name}", name=name)


def role_changed(name: str, before: str, after: str) -> Message:
    """Return the sentence for a changed role."""
    return say(
        "users: {name}: {before} → {after}", name=name, before=user_role_label(before), after=user_role_label(after)
    )


def password_reset(name: str) -> Message:
    """Return the sentence for a new password of another user."""
    return say("users: a new password for {name}", name=name)


def own_password_changed() -> Message:
    """Return the sentence for a user's own new password."""
    return say("users: changed the own password")


def _row(phone: Phone) -> Message:
    """Return the row in one line: number, code, name."""
    values = {"number": phone.number or "—", "code": phone.code, "name": phone.name}
    text = " ".join(f"{{{name}}}" if name != "code" else "({code})" for name, value in values.items() if value)
    return Message(text, {name: _short(value) for name, value in values.items() if value})


def _short(text: str) -> str:
    text = escape_controls(text)
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _start(start: time | None) -> Message:
    return say("no calls") if start is None else Message("{time}", {"time": f"{start:%H:%M}"})


def _on(schedule: Schedule, day: date) -> Message:
    return _start(schedule.dates[day]) if day in schedule.dates else say("as its weekday")
