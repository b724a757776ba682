"""Writes new runs into the journal: which phones each is to call, and why one is not started.

The entry claims the day: it makes a scheduled run happen once a day, and lets a stopped service continue it.
"""

import logging
import secrets
from collections.abc import Iterable, Iterator
from datetime import date, datetime

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, say, say_many
from obzvon.documents.store import LoadedDocument
from obzvon.domain.calls import Run
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Candidate, Phone, list_candidates
from obzvon.domain.redial import RedialRequest
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings

log = logging.getLogger("obzvon")


class RunNotStartedError(UserError):
    """The run cannot be started, for a reason that an operator can read."""

    def __init__(self, what: Message, remedy: Message | None = None) -> None:
        super().__init__([Problem("", what, remedy or Message(""))])


class RunRequest(msgspec.Struct, frozen=True):
    """The run to start: `kind` is week (scheduled) or manual, `by` the operator who asked for it.

    With `again`, phones that were called today are called again. With `only`, these phones are called, today's calls or
    not. With `list_revision`, the run starts only if that is still the list.
    """

    kind: str
    by: str = ""
    again: bool = False
    only: RedialRequest | None = None
    list_revision: str | None = None


class StartedRun(msgspec.Struct, frozen=True):
    """A run that has been written, the rows that it skips, and the revision of the list that it was made of."""

    run: Run
    skipped: list[Candidate]
    list_revision: str


class RunStarter:
    """Starts the runs of one campaign."""

    def __init__(self, settings: Settings, journal: Journal, plan: NumberingPlan) -> None:
        self._settings = settings
        self._journal = journal
        self._plan = plan

    def start(
        self, day: date, request: RunRequest, loaded: LoadedDocument[list[Phone]], *, now: datetime
    ) -> StartedRun | None:
        """Write a run made of the list.

        Return None if the day's scheduled run was started before. Raise RunNotStartedError.
        """
        if request.list_revision is not None and loaded.revision != request.list_revision:
            raise RunNotStartedError(
                say("the list was changed in the meantime"), say("check again who would be called")
            )
        skipped: list[Candidate] = []
        if request.only is not None:
            chosen: Iterable[Candidate] = request.only.select(list_candidates(loaded.data, self._plan, day)).called
        else:
            called = self._journal.calls.declined_on(day) if request.again else self._journal.calls.called_on(day)
            chosen = _collecting_skipped(list_candidates(loaded.data, self._plan, day, called), skipped)
            if request.kind == "manual":  # the operator who starts it is there to read that nobody would be called
                chosen = list(chosen)
                _ensure_anybody(chosen)
        note = request.only.note if request.only else None
        run = self._journal.runs.begin(
            _new_token(day), day, request.kind, iter(chosen), at=now, by=request.by, note=note
        )
        return StartedRun(run, skipped, loaded.revision) if run is not None else None

    def start_test_call(self, day: date, number: str, code: str, *, now: datetime, by: str) -> Run:
        """Write a run of one call, outside any list."""
        candidate = Candidate(Phone("", number, code), number, code)
        # The run is written as ended: should the service stop now, the next one must not continue it.
        run = self._journal.runs.begin(_new_token(day), day, "test", [candidate], at=now, by=by, state="done")
        assert run is not None  # noqa: S101 - only scheduled runs can have been claimed before
        return run

    def record_former_run(self, today: date, *, now: datetime) -> None:
        """Record the old script's run of today, once and in an empty journal, so that the day is not called again."""
        if self._settings.former_start != today or not self._journal.runs.is_empty():
            return
        note = say("the old script has already run today")
        if self._settings.former_status.lower() == "working":
            note = say("the old script's run was cut off today, or is still in progress: nobody is called again")
        self._journal.runs.begin(_new_token(today), today, "former", [], at=now, note=note, state="done")
        log.warning("%s", note)


def _collecting_skipped(chosen: Iterable[Candidate], skipped: list[Candidate]) -> Iterator[Candidate]:
    """Yield the candidates, and add those that are skipped to the list."""
    for candidate in chosen:
        if candidate.skipped is not None:
            skipped.append(candidate)
        yield candidate


def _ensure_anybody(chosen: list[Candidate]) -> None:
    """Raise RunNotStartedError if nobody would be called."""
    if not chosen:
        raise RunNotStartedError(say("the list is empty: there is nobody to call"), say("add numbers in the editor"))
    if all(candidate.skipped for candidate in chosen):
        raise RunNotStartedError(
            say_many(
                "nobody can be called: the list has {n} row, and it is skipped",
                "nobody can be called: the list has {n} rows, and all are skipped",
                len(chosen),
            ),
            say("see why: obzvon plan"),
        )


def _new_token(day: date) -> str:
    """Return a token that no other run ever has."""
    return f"{day:%Y%m%d}-{secrets.token_hex(3)}"
