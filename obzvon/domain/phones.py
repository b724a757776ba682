"""What is rung, when and how: phones, the week, runs and calls. Pure: it is given the time and touches nothing."""

import contextlib
from collections.abc import Container, Iterable, Iterator

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, parse_extension_code

PAUSED = say("paused")
CALLED_TODAY = say("already called today")
"""Why a row is skipped. The results know the second by its text: another line of the day says how it was rung."""


class Phone(msgspec.Struct, frozen=True, gc=False):
    """One row of the list, as the operator wrote it.

    `extra` keeps what the row held besides, so that a save loses nothing.
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
    """A phone as a run sees it: what would be dialled, or why it is skipped."""

    phone: Phone
    number: str = ""
    code: str = ""
    skipped: Message | None = None


def list_candidates(
    phones: Iterable[Phone], plan: NumberingPlan, rung: Container[tuple[str, str]] = ()
) -> Iterator[Candidate]:
    """Each row with what to dial or why not; a number and code that stand twice, or are among `rung`, are called once.

    A number may stand several times with different extension codes: those are different people. A paused row has its
    number too, where it has one, so that it is known again on the days on which it is called.
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
        elif (number, code) in rung:
            yield Candidate(phone, number, code, CALLED_TODAY)
        else:
            yield Candidate(phone, number, code)


def find_withdrawn(
    phones: Iterable[Phone], plan: NumberingPlan, waiting: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Message]:
    """Of the numbers and codes that wait in a run, those that the list, as it is now, no longer calls: and why not."""
    wanted: set[tuple[str, str]] = set()
    paused: set[tuple[str, str]] = set()
    for phone in phones:
        with contextlib.suppress(InvalidNumberError):
            call = plan.normalize(phone.number), parse_extension_code(phone.code)
            (paused if phone.paused else wanted).add(call)
    return {
        call: say("paused in the list during the run")
        if call in paused
        else say("taken off the list or changed during the run")
        for call in waiting
        if call not in wanted
    }
