"""Phones of the list, and which of them a run calls. Pure."""

import contextlib
from collections.abc import Container, Iterable, Iterator
from datetime import date

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.absence import Absence
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, parse_extension_code

#: Reasons why a row is skipped. They are stored with the call.
PAUSED = say("paused")
CALLED_TODAY = say("already called today")
#: The journal finds such rows by the stored reason, because another row of the day has the result. Older journals
#: have the former wording.
CALLED_TODAY_REASONS = (CALLED_TODAY, Message("already rung today"))
#: The number's name in a row.
NUMBER = "0"
#: Characters of the texts that people type or import.
MAX_LENGTHS = {"number": 100, "code": 64, "name": 200}


class Phone(msgspec.Struct, frozen=True, gc=False):
    """Row of the list, as the operator wrote it.

    `paused` lasts until somebody lifts it, `absence` ends by itself.

    `extra` keeps the row's other keys, so that a save loses nothing, and under `NUMBER` a number that was written as
    something else than text or a whole number.
    """

    key: str
    number: str
    code: str = ""
    name: str = ""
    paused: bool = False
    extra: dict[str, object] | None = None
    absence: Absence | None = None

    def pause_on(self, day: date) -> Message | None:
        """Return the reason if the phone is paused or absent on that day."""
        if self.paused:
            return PAUSED
        return self.absence.describe(day) if self.absence is not None and self.absence.covers(day) else None

    def has_pause(self, day: date) -> bool:
        """Return whether it is paused, or absent on that day or later."""
        return self.paused or (self.absence is not None and not self.absence.is_over(day))


def next_free_key(keys: Iterable[str]) -> int:
    """Return one more than the greatest of the keys that are numbers; 0 for an empty list.

    A key of 19 digits or more does not count: one more than that may not fit into other programs' integers.
    """
    numbers = (int(key) for key in keys if key.isascii() and key.isdecimal() and len(key) < 19)
    return max(numbers, default=-1) + 1


def number_to_dial(phone: Phone, plan: NumberingPlan) -> str:
    """Return what Asterisk dials for the row, paused or not. Raises InvalidNumberError."""
    if phone.extra and (written := phone.extra.get(NUMBER)) is not None:
        raise InvalidNumberError(
            say("“{number}” is a fraction, not a phone number; type it again", number=phone.number)
            if isinstance(written, msgspec.Raw)
            else say("“{number}” is not a phone number", number=phone.number)
        )
    return plan.normalize(phone.number)


def dialled_number(phone: Phone, plan: NumberingPlan) -> str:
    """Return what Asterisk dials for the row, '' for one that cannot be called."""
    try:
        return number_to_dial(phone, plan)
    except InvalidNumberError:
        return ""


def to_saved_form(phone: Phone, plan: NumberingPlan) -> Phone:
    """Return the row as it is saved: number and code as they are dialled, because other programs dial what they read.

    A row that cannot be called is returned as it was typed.
    """
    try:
        number, code = number_to_dial(phone, plan), parse_extension_code(phone.code)
        if (number, code) == (phone.number, phone.code) or plan.normalize(number) != number:
            return phone
    except InvalidNumberError:
        return phone
    return msgspec.structs.replace(phone, number=number, code=code)


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """Phone as a run sees it: what would be dialled, or why it is skipped. `is_paused`: it is paused or absent."""

    phone: Phone
    number: str = ""
    code: str = ""
    skipped: Message | None = None
    is_paused: bool = False


def list_candidates(
    phones: Iterable[Phone], plan: NumberingPlan, day: date, called: Container[tuple[str, str]] = ()
) -> Iterator[Candidate]:
    """Yield each row with what a run of that day dials, or why it is skipped.

    A number and code that are in the list twice, or among `called`, are called once. The same number with different
    extension codes is different people. A paused row has its number too, so that it is recognized on other days. One
    whose absence cannot be read has none: it cannot be called until somebody has corrected it.
    """
    seen: dict[tuple[str, str], str] = {}
    for phone in phones:
        pause = None if not phone.paused and phone.absence is None else phone.pause_on(day)
        try:
            number, code = number_to_dial(phone, plan), parse_extension_code(phone.code)
        except InvalidNumberError as refused:
            yield Candidate(phone, skipped=pause or refused.reason, is_paused=pause is not None)
            continue
        if pause is not None:
            if phone.paused or phone.absence is None or phone.absence.is_readable:
                yield Candidate(phone, number, code, pause, is_paused=True)
            else:
                yield Candidate(phone, skipped=pause)
            continue
        first = seen.setdefault((number, code), phone.key)
        if first != phone.key:
            yield Candidate(phone, number, code, say("the same number as in row {key}", key=first))
        elif (number, code) in called:
            yield Candidate(phone, number, code, CALLED_TODAY)
        else:
            yield Candidate(phone, number, code)


def find_withdrawn(
    phones: Iterable[Phone], plan: NumberingPlan, day: date, waiting: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Message]:
    """Return the waiting numbers and codes of that day's run that the current list no longer calls, with the reason."""
    callable_now: set[tuple[str, str]] = set()
    paused: set[tuple[str, str]] = set()
    for phone in phones:
        with contextlib.suppress(InvalidNumberError):
            call = number_to_dial(phone, plan), parse_extension_code(phone.code)
            (paused if phone.pause_on(day) else callable_now).add(call)
    return {
        call: say("paused in the list during the run")
        if call in paused
        else say("taken off the list or changed during the run")
        for call in waiting
        if call not in callable_now
    }
