"""Who is to be rung again: chosen by how a day's calls ended, out of the list as it is now. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.labels import result_label
from obzvon.domain.phones import Candidate
from obzvon.domain.results import NOT_DELIVERED, RESULTS, TRAITS, ResultGroup

#: Results of phones that were not reached, for a reason that is known.
MISSED_RESULTS = tuple(
    result for result, traits in TRAITS.items() if traits.can_redial and traits.group is not ResultGroup.UNKNOWN
)
#: Results of phones of which a new run can be made. A phone that may have been reached is only taken on request.
REDIAL_RESULTS = (*(result for result in RESULTS if TRAITS[result].can_redial), NOT_DELIVERED)
STATES_IN_PROGRESS = tuple(result for result, traits in TRAITS.items() if traits.in_progress)
#: Results of today that keep a phone from being called again because of another day's result.
RESULTS_BARRING_REDIAL = (
    *(result for result, traits in TRAITS.items() if traits.group is ResultGroup.ANSWERED),
    *STATES_IN_PROGRESS,
)

PhonesByCall = Mapping[tuple[str, str], tuple[str, str]]
"""Phones by number and code, with their result and name in the journal."""


class RedialSelection(msgspec.Struct, frozen=True):
    """The rows of the list that are meant: those that can be rung, those that are paused; and who is in it no more."""

    called: tuple[Candidate, ...]
    paused: tuple[Candidate, ...]
    gone: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """Changes with whoever would be rung: a confirmation says by it what was confirmed."""
        phones = sorted(f"{one.number} {one.code}" for one in self.called)
        return hashlib.sha256("\n".join(phones).encode()).hexdigest()[:16]


class RedialRequest(msgspec.Struct, frozen=True):
    """A run of some phones only; `expected` is the digest of what was confirmed, '' = whoever it is."""

    met: PhonesByCall
    note: Message
    expected: str = ""

    def choose(self, listed: Iterable[Candidate]) -> RedialSelection:
        """Those of them that the list has; raises UserError where that is nobody, or not who was confirmed."""
        choice = select_phones(listed, self.met)
        if self.expected and choice.digest != self.expected:
            raise UserError(
                [
                    Problem(
                        "",
                        say("the list or the results have changed since, and nobody was rung"),
                        say("look again at whom it would ring"),
                    )
                ]
            )
        if not choice.called:
            raise UserError(
                [
                    Problem(
                        "",
                        say(
                            "nobody is left to be rung again: nobody has such a result, or none of "
                            "them is in the list any more, or all are paused"
                        ),
                    )
                ]
            )
        return choice


def select_phones(listed: Iterable[Candidate], met: PhonesByCall) -> RedialSelection:
    """The rows of the list, as `campaign.candidates` gives them, whose phones are among `met`."""
    called: dict[tuple[str, str], Candidate] = {}
    paused: dict[tuple[str, str], Candidate] = {}
    for one in listed:
        key = one.number, one.code
        if key in met and one.skipped is None:
            called[key] = one
        elif key in met and one.phone.paused:
            paused.setdefault(key, one)
    for key in called.keys() & paused.keys():
        del paused[key]
    return RedialSelection(
        tuple(called.values()),
        tuple(paused.values()),
        tuple(key for key in met if key not in called and key not in paused),
    )


def parse_results(text: str) -> frozenset[str]:
    """The results in `unknown,busy,no-answer`; raises UserError for any of which no run can be made."""
    found = frozenset(one.strip().replace("-", " ") for one in text.split(",") if one.strip())
    if not found or not found <= set(REDIAL_RESULTS):
        raise UserError(
            [
                Problem(
                    "",
                    say("no run can be made of those who are: {given}", given=text),
                    say("name some of: {results}", results=",".join(map(hyphenate, REDIAL_RESULTS))),
                )
            ]
        )
    return found


def hyphenate(result: str) -> str:
    """A result as one types it."""
    return result.replace(" ", "-")


def redial_note(day: date, results: Iterable[str]) -> Message:
    """What the run's own note says of whom it rings."""
    words: Message | None = None
    for result in (one for one in REDIAL_RESULTS if one in set(results)):
        words = result_label(result) if words is None else say("{one}, {other}", one=words, other=result_label(result))
    return say(_NOTE, day=day.isoformat(), results=words or Message(""))


def redial_started_sentence(n: int, day: date, results: Iterable[str]) -> Message:
    """What is kept of who began such a run."""
    return say_many(
        "began a run of {n} number, {whom}", "began a run of {n} numbers, {whom}", n, whom=redial_note(day, results)
    )


def list_created_sentence(n: int, day: date, results: Iterable[str]) -> Message:
    """What is kept of who made a list of these."""
    return say_many(
        "made a new list of {n} number, {whom}",
        "made a new list of {n} numbers, {whom}",
        n,
        whom=redial_note(day, results),
    )


def is_redial_note(note: Message | None) -> bool:
    """Whether a run with this note never meant the whole list."""
    return note is not None and note.text == _NOTE


_NOTE = say("only some of those of {day}: {results}").text
