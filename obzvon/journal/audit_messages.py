"""The sentences of the audit log. The journal keeps them untranslated; each reader gets them in their own language.

Text that people have written into a row is kept as far as it is needed to recognise the row; it is escaped.
"""

from collections.abc import Iterable
from datetime import date, time

from obzvon.common.i18n import Message, say, say_many
from obzvon.common.text import escape_controls
from obzvon.domain.labels import user_role_label
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule

_LONGEST = 100
_NAMED = 12
"""So many days of a changed week are named."""

_DAYS = (
    say("Monday"),
    say("Tuesday"),
    say("Wednesday"),
    say("Thursday"),
    say("Friday"),
    say("Saturday"),
    say("Sunday"),
)


def check_requested() -> Message:
    """The self-check was asked for."""
    return say("had everything checked")


# -- the list


def phone_added(phone: Phone) -> Message:
    """A row more."""
    return say("list: added {row}", row=_row(phone))


def phone_edited(before: Phone | None, after: Phone) -> Message:
    """Another number, code or name in a row; where the row was deleted meanwhile it is a new one."""
    if before is None:
        return phone_added(after)
    return say("list: changed {before} to {after}", before=_row(before), after=_row(after))


def phones_paused(phones: Iterable[Phone]) -> Message:
    """Rows that are not rung for a while."""
    rows = list(phones)
    if len(rows) == 1:
        return say("list: paused {row}", row=_row(rows[0]))
    return say_many("list: paused {n} number", "list: paused {n} numbers", len(rows))


def phones_resumed(phones: Iterable[Phone]) -> Message:
    """Rows that are rung again."""
    rows = list(phones)
    if len(rows) == 1:
        return say("list: called again {row}", row=_row(rows[0]))
    return say_many("list: {n} number is called again", "list: {n} numbers are called again", len(rows))


def phones_deleted(phones: Iterable[Phone]) -> Message:
    """Rows less."""
    rows = list(phones)
    if len(rows) == 1:
        return say("list: deleted {row}", row=_row(rows[0]))
    return say_many("list: deleted {n} number", "list: deleted {n} numbers", len(rows))


def list_undone(count: int) -> Message:
    """The list as it was before; `count` rows."""
    return say_many(
        "list: the last change undone, it has {n} number again",
        "list: the last change undone, it has {n} numbers again",
        count,
    )


def list_restored(count: int) -> Message:
    """A list in the place of one that was broken or missing."""
    return say_many("list: brought back one with {n} number", "list: brought back one with {n} numbers", count)


def list_created() -> Message:
    """An empty list where there was none."""
    return say("list: begun anew, empty")


def list_changed(*, added: int, changed: int, deleted: int) -> Message:
    """Several rows of the list at once."""
    return say(
        "list: added {added}, changed {changed}, deleted {deleted}", added=added, changed=changed, deleted=deleted
    )


def list_reordered() -> Message:
    """The same rows in another order."""
    return say("list: put into another order")


# -- the week


def schedule_changed(before: Schedule, after: Schedule) -> Message:
    """Other starts, each day that differs with both of them."""
    parts = [
        say("{day}: {before} → {after}", day=_DAYS[place], before=_start(one), after=_start(other))
        for place, (one, other) in enumerate(zip(before.times, after.times, strict=True))
        if one != other
    ]
    for day in sorted({*before.dates, *after.dates}):
        one, other = _on(before, day), _on(after, day)
        if one != other:
            parts.append(say("{day}: {before} → {after}", day=day.isoformat(), before=one, after=other))
    named = parts[:_NAMED]
    if more := len(parts) - len(named):
        named.append(say_many("and {n} more day", "and {n} more days", more))
    values = {f"part{place}": part for place, part in enumerate(named)}
    return say("schedule: {days}", days=Message("; ".join(f"{{{name}}}" for name in values), dict(values)))


def schedule_undone() -> Message:
    """The week as it was before the last change."""
    return say("schedule: the last change undone")


def schedule_created() -> Message:
    """A week without a start where there was none."""
    return say("schedule: begun anew, without a time")


# -- the users


def user_added(name: str, role: str) -> Message:
    """One more."""
    return say("users: added {name}, {role}", name=name, role=user_role_label(role))


def user_removed(name: str) -> Message:
    """One less."""
    return say("users: removed {name}", name=name)


def role_changed(name: str, before: str, after: str) -> Message:
    """Another role."""
    return say(
        "users: {name}: {before} → {after}", name=name, before=user_role_label(before), after=user_role_label(after)
    )


def password_reset(name: str) -> Message:
    """Another password for somebody."""
    return say("users: a new password for {name}", name=name)


def own_password_changed() -> Message:
    """Another password for oneself."""
    return say("users: changed the own password")


def _row(phone: Phone) -> Message:
    """The row in one line: number, code, name."""
    values = {"number": phone.number or "—", "code": phone.code, "name": phone.name}
    text = " ".join(f"{{{name}}}" if name != "code" else "({code})" for name, value in values.items() if value)
    return Message(text, {name: _short(value) for name, value in values.items() if value})


def _short(text: str) -> str:
    text = escape_controls(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _start(start: time | None) -> Message:
    return say("no calls") if start is None else Message("{time}", {"time": f"{start:%H:%M}"})


def _on(week: Schedule, day: date) -> Message:
    return _start(week.dates[day]) if day in week.dates else say("as its weekday")
