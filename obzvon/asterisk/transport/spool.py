"""Calls go to Asterisk as files in its spool; where a file is tells what became of its call.

The order of the steps is what makes it safe to be stopped anywhere: the files are staged whole in the store, then the
journal says that the calls are on their way, then each file is renamed into the spool. So after a crash a call whose
file is still in the store was not rung, and one whose file is nowhere has been in the spool and Asterisk has finished
with it.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from obzvon.asterisk import callfile, staging
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.asterisk.process import AsteriskState
from obzvon.asterisk.spool import ReleaseError, Spool
from obzvon.asterisk.transport.base import CallProgress, Evidence, SendResult, TransportUnavailableError, attempt_name
from obzvon.asterisk.transport.outcome_matcher import Gone, OutcomeMatcher, final_disposition, narrow_to_call
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.calls import CallForm, CallOutcome, EventDetail, PendingCall
from obzvon.domain.pacing import MAX_BATCH
from obzvon.domain.results import Disposition

_STATUS_LATE = timedelta(seconds=10)
"""After this an archived file without a status will not get one."""

_SETTLING = timedelta(seconds=1)
"""A file that is gone this long has had its last attempt."""

_RESTARTED = say("Asterisk stopped or was restarted during the call; taken out so that it is not rung again")


class SpoolTransport:
    """The transport through the spool; `ordinary` and `coded` say how the two kinds of calls are made."""

    via = None
    max_batch = MAX_BATCH
    unknown_reason = say(
        "the service stopped while it was handing the call over, and Asterisk has finished with it since"
    )

    def __init__(self, spool: Spool, ordinary: CallForm, coded: CallForm, told: OutcomeMatcher | None = None) -> None:
        self._spool = spool
        self._forms = ordinary, coded
        self._templates = callfile.CallFileTemplate(ordinary), callfile.CallFileTemplate(coded)
        self._told = told
        self._seen: set[str] = set()
        self._no_status_since: dict[str, datetime] = {}
        self._gone: dict[str, Gone] = {}
        self._looked: tuple[datetime, datetime] | None = None
        """When it was looked the last time but one, and the last time."""

    # -- the folders

    def prepare_folders(self, home: Path) -> None:
        """Makes the folders that are to be made; raises UserError where calls could not be handed over."""
        self._spool.prepare_folders(home=home)

    def find_problems(self) -> Iterator[Problem]:
        """What is wrong with the folders."""
        return self._spool.find_problems()

    @property
    def target(self) -> Path:
        """The spool."""
        return self._spool.target

    def has_folders(self) -> bool:
        """Whether its folders are."""
        return all(
            folder.is_dir()
            for folder in (
                self._spool.target,
                self._spool.store,
                *(self._spool.store / half for half in staging.STORE_FOLDERS),
            )
        )

    def other_services(self, journal: str) -> list[str]:
        """The journals of other services that work with this store now."""
        return self._spool.other_services(journal)

    def discard_stale(self, tokens: Container[str], calls: Iterable[PendingCall]) -> None:
        """Clears away what was staged by runs of this journal, by their tokens, and is of none of these calls."""
        staged = set(self._spool.staged_files()) - {attempt_name(call) for call in calls}
        self._spool.discard(
            {name for name in staged if (found := callfile.parse_call_file_name(name)) and found.token in tokens}
        )

    # -- handing over

    def ensure_available(self, now: datetime) -> None:  # noqa: ARG002 - a transport like the other
        """Asterisk runs, as far as it can be seen."""
        if self._spool.asterisk_state() is AsteriskState.DOWN:
            raise TransportUnavailableError(
                [
                    Problem(
                        str(self._spool.pid_file),
                        say("Asterisk is not running"),
                        say("start Asterisk; the hand-over goes on by itself"),
                    )
                ]
            )

    def prepare_calls(self, calls: Sequence[PendingCall], then: Sequence[PendingCall]) -> None:
        """Stages the files; those of `then` are written meanwhile."""
        if not self._spool.finish_staging_ahead([attempt_name(call) for call in calls]):
            self._spool.stage(self._files(calls))
        if then:
            self._spool.stage_ahead(self._files(then))

    def send(self, calls: Sequence[PendingCall], now: datetime) -> SendResult:  # noqa: ARG002 - a transport like the other
        """Renames the files into the spool."""
        try:
            self._spool.release([attempt_name(call) for call in calls])
        except ReleaseError as error:
            released = len(error.released)
            return SendResult(accepted=list(calls[:released]), not_sent=list(calls[released:]), error=error)
        return SendResult(accepted=list(calls))

    def find_evidence(self, call: PendingCall, now: datetime) -> Evidence:  # noqa: ARG002 - a transport like the other
        """By where the file is."""
        name = attempt_name(call)
        begun = self._spool.was_started_before_sweep(name)
        if begun is False:
            return Evidence.NOT_CALLED
        if begun or self._spool.is_in_spool(name) or self._spool.read_archive(name)[0]:
            return Evidence.CALLED
        return Evidence.NONE

    # -- what becomes of them

    def refresh(self, now: datetime) -> None:
        """Which files are in the spool, and what events have told."""
        if self._told:
            self._told.refresh(now)
        self._looked = self._looked[1] if self._looked else now, now
        self._seen = set(self._spool.files_in_spool())

    def track(self, calls: Iterable[PendingCall], now: datetime) -> None:
        """The files are there to be seen."""

    def check_progress(self, call: PendingCall, now: datetime) -> CallOutcome | CallProgress:
        """By where the file is, by what events have told, and by what the archive tells."""
        name = attempt_name(call)
        if name in self._seen:
            return self._left_behind(name, call, now) or CallProgress.IN_PROGRESS
        if self._spool.was_started_before_sweep(name) is False:
            return CallProgress.RETURNED
        if name not in self._gone or now < self._gone[name][1]:  # or the clock was set back
            before = self._looked[0] if self._looked else now
            self._gone[name] = max(before, call.handed_at or before), now
        return self._finished(name, call, now) or CallProgress.IN_PROGRESS

    def withdraw(self, call: PendingCall) -> bool | None:
        """Takes a file out of the spool whose call has not begun."""
        name = attempt_name(call)
        return self._spool.withdraw(name) if self._spool.is_started(name) is False else None

    def discard(self, calls: Iterable[PendingCall]) -> None:
        """Deletes their files in the store."""
        self._spool.discard(attempt_name(call) for call in calls)

    def calls_in_progress(self) -> list[str]:
        """Our files in the spool."""
        return self._spool.files_in_spool()

    def close(self) -> None:
        """Ends what stages ahead; the files are looked through at the next start."""
        self._spool.close()

    def _left_behind(self, name: str, call: PendingCall, now: datetime) -> CallOutcome | None:
        if not self._spool.is_orphaned(name) or self._spool.withdraw(name) is None:
            return None
        return CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, _RESTARTED)

    def _finished(self, name: str, call: PendingCall, now: datetime) -> CallOutcome | None:
        """How the call of a file that has gone ended; None while that may still come to be known."""
        gone = now - self._gone[name][1]
        form = self._forms[bool(call.code)]
        outcomes: list[AttemptOutcome] = []
        if self._told:
            if self._told.is_in_progress(call, form.context):
                return None
            outcomes = narrow_to_call(
                self._told.outcomes_for(call, form.context), call, form.max_retries + 1, self._gone[name]
            )
        is_last = bool(outcomes) and (not form.max_retries or gone >= _SETTLING)
        if self._told and not is_last and self._told.is_outcome_pending(call, form.context, gone):
            return None
        ending = self._by_events(call, form, outcomes, now) or self._by_archive(name, call, form, outcomes, now)
        if ending is not None:
            self._gone.pop(name, None)
            if self._told:
                self._told.forget(outcomes)
        return ending

    def _by_events(
        self, call: PendingCall, form: CallForm, outcomes: list[AttemptOutcome], now: datetime
    ) -> CallOutcome | None:
        if not outcomes:
            return None
        disposition, detail = final_disposition(outcomes, form.max_retries + 1)
        if disposition is Disposition.UNKNOWN:
            return None
        return CallOutcome(call.run_id, call.position, disposition, outcomes[-1].ended or now, detail=detail)

    def _by_archive(
        self, name: str, call: PendingCall, form: CallForm, outcomes: list[AttemptOutcome], now: datetime
    ) -> CallOutcome | None:
        found, disposition = self._spool.read_archive(name)
        reason = None
        if found and disposition is None:
            since = self._no_status_since[name] = min(now, self._no_status_since.get(name, now))
            if now - since < _STATUS_LATE:
                return None
            disposition, reason = Disposition.UNKNOWN, say("Asterisk's archive tells no status")
        elif not found:
            disposition = Disposition.HANDED
            if self._spool.was_started_before_sweep(name):
                disposition, reason = Disposition.UNKNOWN, _RESTARTED
                self._spool.discard([name])
            elif form.archive:
                disposition, reason = Disposition.UNKNOWN, say("the file is not in Asterisk's archive")
            elif self._told:
                disposition, reason = Disposition.UNKNOWN, say("Asterisk's events were not heard when the call ended")
                if len(outcomes) > form.max_retries + 1:
                    reason = say(
                        "the number was rung by others too at the same moment, and which of the calls "
                        "ended how cannot be told"
                    )
        self._no_status_since.pop(name, None)
        detail = final_disposition(outcomes, form.max_retries + 1)[1] if outcomes else EventDetail()
        return CallOutcome(call.run_id, call.position, disposition or Disposition.UNKNOWN, now, reason, detail)

    def _files(self, calls: Iterable[PendingCall]) -> list[tuple[str, bytes]]:
        return [(attempt_name(call), self._templates[bool(call.code)].render(call.number, call.code)) for call in calls]
