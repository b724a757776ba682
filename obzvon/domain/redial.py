"""Redial: a run of the phones on the current list that had certain results on a day. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, date_label, say, say_many
from obzvon.domain.labels import result_label
from obzvon.domain.phones import Candidate
from obzvon.domain.results import NOT_DELIVERED, RESULTS, TRAITS, ResultGroup

#: Results of phones that were called and not reached, for a reason that is known.
MISSED_RESULTS = tuple(
    result for result, traits in TRAITS.items() if traits.can_redial and traits.group is ResultGroup.MISSED
)
#: Results of phones that were not called at all, and of which a new run can be made.
NOT_CALLED_RESULTS = tuple(
    result for result, traits in TRAITS.items() if traits.can_redial and traits.group is ResultGroup.NOT_CALLED
)
#: Results of phones of which a new run can be made. A phone that may have been reached is only taken on request.
REDIAL_RESULTS = (*(result for result in RESULTS if TRAITS[result].can_redial), NOT_DELIVERED)
STATES_IN_PROGRESS = tuple(result for result, traits in TRAITS.items() if traits.in_progress)
#: Results of today that keep a phone from being called again because of another day's result.
RESULTS_BARRING_REDIAL = (
    *(result for result, traits in TRAITS.items() if traits.group is ResultGroup.ANSWERED),
    *STATES_IN_PROGRESS,
)

#: Text of the note of a redial; it is stored with the run, and `is_redial_note` finds it by this text.
_NOTE = say("only some of those of {day}: {results}").text

#: Result and name in the journal, by number and code.
PhonesByCall = Mapping[tuple[str, str], tuple[str, str]]


class RedialSelection(msgspec.Struct, frozen=True):
    """The selected rows of the list: those to call, those that are paused; and the phones no longer on the list."""

    called: tuple[Candidate, ...]
    paused: tuple[Candidate, ...]
    gone: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """Return a digest of the phones to call, by which a confirmation says what it confirmed."""
        phones = sorted(f"{phone.number} {phone.code}" for phone in self.called)
        return hashlib.sha256("\n".join(phones).encode()).hexdigest()[:16]


class RedialRequest(msgspec.Struct, frozen=True):
    """Request for a run of some phones only. `expected` is the digest of the confirmed selection, '' = any."""

    phones: PhonesByCall
    note: Message
    expected: str = ""

    def select(self, candidates: Iterable[Candidate]) -> RedialSelection:
        """Return the chosen phones that are on the list.

        Raises UserError if there are none to call, or if they are not those that were confirmed.
        """
        selection = select_phones(candidates, self.phones)
        if self.expected and selection.digest != self.expected:
            raise UserError(
                [
                    Problem(
                        "",
                        say("the list or the results have changed since, and nobody was called"),
                        say("check again who would be called"),
                    )
                ]
            )
        if not selection.called:
            raise UserError(
                [
                    Problem(
                        "",
                        say(
                            "nobody is left to call again: no phone has such a result, or none of "
                            "them is in the list any more, or all are paused"
                        ),
                    )
                ]
            )
        return selection


def select_phones(candidates: Iterable[Candidate], phones: PhonesByCall) -> RedialSelection:
    """Return the candidates that are among `phones`."""
    called: dict[tuple[str, str], Candidate] = {}
    paused: dict[tuple[str, str], Candidate] = {}
    for candidate in candidates:
        key = candidate.number, candidate.code
        if key in phones and candidate.skipped is None:
            called[key] = candidate
        elif key in phones and candidate.is_paused:
            paused.setdefault(key, candidate)
    for key in called.keys() & paused.keys():
        del paused[key]
    return RedialSelection(
        tuple(called.values()),
        tuple(paused.values()),
        tuple(key for key in phones if key not in called and key not in paused),
    )


def parse_results(text: str) -> frozenset[str]:
    """Return the results in `unknown,busy,no-answer`. Raises UserError for one of which no run can be made."""
    found = frozenset(one.strip().replace("-", " ") for one in text.split(",") if one.strip())
    if not found or not found <= set(REDIAL_RESULTS):
        raise UserError(
            [
                Problem(
                    "",
                    say("no run can be made of phones with the results: {given}", given=text.strip() or "—"),
                    say("name one or more of: {results}", results=",".join(map(hyphenate, REDIAL_RESULTS))),
                )
            ]
        )
    return found


def hyphenate(result: str) -> str:
    """Return a result as it is typed on the command line."""
    return result.replace(" ", "-")


def redial_note(day: date, results: Iterable[str]) -> Message:
    """Return the note of the run: which day's phones with which results it calls."""
    words: Message | None = None
    for result in (one for one in REDIAL_RESULTS if one in set(results)):
        words = result_label(result) if words is None else say("{one}, {other}", one=words, other=result_label(result))
    return say(_NOTE, day=date_label(day), results=words or Message(""))


def redial_started_sentence(n: int, day: date, results: Iterable[str]) -> Message:
    """Return the audit sentence for a redial that was started."""
    return say_many(
        "began a run of {n} number, {whom}", "began a run of {n} numbers, {whom}", n, whom=redial_note(day, results)
    )


def list_created_sentence(n: int, day: date, results: Iterable[str]) -> Message:
    """Return the audit sentence for a new list made of such phones."""
    return say_many(
        "made a new list of {n} number, {whom}",
        "made a new list of {n} numbers, {whom}",
        n,
        whom=redial_note(day, results),
    )


def is_redial_note(note: Message | None) -> bool:
    """Return whether a run with this note is a redial, which is never of the whole list."""
    return note is not None and note.text == _NOTE
