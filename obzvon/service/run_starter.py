"""Enters runs into the journal: whom of the list each is to ring, and why one is not begun.

The entry is the claim: what makes the week's run one a day, and what a stopped service goes on with.
"""

import logging
import secrets
from collections.abc import Iterable, Iterator
from datetime import date, datetime

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.calls import Run
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Candidate, Phone, list_candidates
from obzvon.domain.redial import RedialRequest
from obzvon.journal.journal import Journal
from obzvon.service.inputs import ScheduleWatch
from obzvon.settings.model import Settings

log = logging.getLogger("obzvon")


class RunNotStartedError(UserError):
    """The run cannot be begun, for a reason that an operator can read."""

    def __init__(self, what: Message, remedy: Message | None = None) -> None:
        super().__init__([Problem("", what, remedy or Message(""))])


class StartedRun(msgspec.Struct, frozen=True):
    """A run that has been entered, the rows that it skips, and the list that it was made of."""

    run: Run
    skipped: list[Candidate]
    list_revision: str


class RunStarter:
    """One campaign's."""

    def __init__(
        self, settings: Settings, journal: Journal, schedule_watch: ScheduleWatch, plan: NumberingPlan
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._schedule_watch = schedule_watch
        self._plan = plan

    def start(
        self,
        day: date,
        kind: str,
        *,
        now: datetime,
        by: str = "",
        again: bool = False,
        only: RedialRequest | None = None,
        list_revision: str | None = None,
    ) -> StartedRun | None:
        """A run with the list as it is now, or of some of it `only`, rung today or not.

        None if the day's run of the week was begun before. With `list_revision` only if the list is still that one.
        Raises NotStarted.
        """
        loaded = self._schedule_watch.current_phones()
        if list_revision is not None and loaded.revision != list_revision:
            raise RunNotStartedError(
                say("the list has been changed in the meantime"), say("look again whom it would ring")
            )
        rung = self._journal.calls.declined_on(day) if again or only else self._journal.calls.called_on(day)
        skipped: list[Candidate] = []
        listed = _noting(list_candidates(loaded.data, self._plan, rung), skipped)
        if only is not None:
            listed, skipped = iter(only.choose(list_candidates(loaded.data, self._plan)).called), []
        elif kind == "manual":  # who begins it by hand is there to be told that it would ring nobody
            listed = iter(chosen := list(listed))
            _ensure_somebody(chosen)
        run = self._journal.runs.begin(_token(day), day, kind, listed, at=now, by=by, note=only.note if only else None)
        return StartedRun(run, skipped, loaded.revision) if run is not None else None

    def start_test_call(self, day: date, number: str, code: str, *, now: datetime, by: str) -> Run:
        """A run of one call, outside any list."""
        one = Candidate(Phone("", number, code), number, code)
        # Its run has ended from the first: should the service stop now, no later one is to go on with it.
        run = self._journal.runs.begin(_token(day), day, "test", [one], at=now, by=by, state="done")
        assert run is not None  # noqa: S101 - a test call claims no day
        return run

    def record_former_run(self, today: date, *, now: datetime) -> None:
        """The old script's day, read once: with an empty journal, so that a day already run is not run again."""
        if self._settings.former_start != today or not self._journal.runs.is_empty():
            return
        note = say("the former script has run today")
        if self._settings.former_status.lower() == "working":
            note = say("the former script was cut off in its run today, or is still at it: nobody is rung again")
        self._journal.runs.begin(_token(today), today, "former", [], at=now, note=note, state="done")
        log.warning("%s", note)


def _noting(listed: Iterable[Candidate], skipped: list[Candidate]) -> Iterator[Candidate]:
    """The rows as they come; those that are skipped are noted in passing."""
    for one in listed:
        if one.skipped is not None:
            skipped.append(one)
        yield one


def _ensure_somebody(chosen: list[Candidate]) -> None:
    if not chosen:
        raise RunNotStartedError(say("the list is empty: there is nobody to ring"), say("add numbers in the editor"))
    if all(one.skipped for one in chosen):
        raise RunNotStartedError(
            say_many(
                "nobody can be rung: {n} row is in the list, and it is skipped",
                "nobody can be rung: {n} rows are in the list, and all are skipped",
                len(chosen),
            ),
            say("see why: obzvon plan"),
        )


def _token(day: date) -> str:
    """What no other run ever has."""
    return f"{day:%Y%m%d}-{secrets.token_hex(3)}"
