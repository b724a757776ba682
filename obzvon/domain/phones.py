"""Phones of the list, and which of them a run calls. Pure."""

import contextlib
from collections.abc import Container, Iterable, Iterator

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, parse_extension_code

#: Reasons why a row is skipped. They are stored with the call.
PAUSED = say("paused")
CALLED_TODAY = say("already called today")
#: The journal finds such rows by the stored reason, because another row of the day has the result. Older journals
#: have the former wording.
CALLED_TODAY_REASONS = (CALLED_TODAY, Message("already rung today"))


class Phone(msgspec.Struct, frozen=True, gc=False):
    """Row of the list, as the operator wrote it.

    `extra` keeps the row's other keys, so that a save loses nothing.
    """

    key: str
    number: str
    code: str = ""
    name: str = ""
    paused: bool = False
    extra: dict[str, object] | None = None


def next_free_key(keys: Iterable[str]) -> int:
    """Return one more than the greatest of the keys that are numbers; 0 for an empty list.

    A key of 19 digits or more does not count: one more than that may not fit into other programs' integers.
    """
    numbers = (int(key) for key in keys if key.isascii() and key.isdecimal() and len(key) < 19)
    return max(numbers, default=-1) + 1


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """Phone as a run sees it: what would be dialled, or why it is skipped."""

    phone: Phone
    number: str = ""
    code: str = ""
    skipped: Message | None = None


def list_candidates(
    phones: Iterable[Phone], plan: NumberingPlan, called: Container[tuple[str, str]] = ()
) -> Iterator[Candidate]:
    """Yield each row with what to dial, or why it is skipped.

    A number and code that are in the list twice, or among `called`, are called once. The same number with different
    extension codes is different people. A paused row has its number too, so that it is recognized on other days.
    """
    seen: dict[tuple[str, str], str] = {}
    for phone in phones:
        try:
            number, code = plan.normalize(phone.number), parse_extension_code(phone.code)
        except InvalidNumberError as refused:
            yield Candidate(phone, skipped=PAUSED if phone.paused else refused.reason)
            continue
        if phone.paused:
            yield Candidate(phone, number, code, PAUSED)
            continue
        first = seen.setdefault((number, code), phone.key)
        if first != phone.key:
            yield Candidate(phone, number, code, say("the same number as in row {key}", key=first))
        elif (number, code) in called:
            yield Candidate(phone, number, code, CALLED_TODAY)
        else:
            yield Candidate(phone, number, code)


def find_withdrawn(
    phones: Iterable[Phone], plan: NumberingPlan, waiting: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Message]:
    """Return those of the waiting numbers and codes that the current list no longer calls, each with the reason."""
    callable_now: set[tuple[str, str]] = set()
    paused: set[tuple[str, str]] = set()
    for phone in phones:
        with contextlib.suppress(InvalidNumberError):
            call = plan.normalize(phone.number), parse_extension_code(phone.code)
            (paused if phone.paused else callable_now).add(call)
    return {
        call: say("paused in the list during the run")
        if call in paused
        else say("taken off the list or changed during the run")
        for call in waiting
        if call not in callable_now
    }
