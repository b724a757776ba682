"""Hands calls over as files in Asterisk's spool; where a file is shows what became of its call.

The order of the steps makes it safe to be stopped anywhere: the files are staged whole in the store, then the journal
says that the calls are on their way, then each file is renamed into the spool. So after a crash a call whose file is
still in the store was not made, and one whose file is nowhere was in the spool and Asterisk has finished with it.
"""

import functools
import logging
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from obzvon.asterisk import callfile, staging
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.asterisk.process import AsteriskIdentity, AsteriskState, RunningAsterisk
from obzvon.asterisk.spool import ReleaseError, Spool
from obzvon.asterisk.store_lock import OtherService
from obzvon.asterisk.transport.archive import RESTARTED, classify_without_events
from obzvon.asterisk.transport.base import (
    CallProgress,
    Evidence,
    SendResult,
    TransportUnavailableError,
    attempt_name,
    no_message,
)
from obzvon.asterisk.transport.call_files import CallFiles
from obzvon.asterisk.transport.earlier_boot import EarlierBoot
from obzvon.asterisk.transport.expiry_watch import ExpiryWatch
from obzvon.asterisk.transport.intake import IntakeWatch
from obzvon.asterisk.transport.outcome_matcher import (
    Departure,
    OutcomeMatcher,
    final_disposition,
    narrow_to_call,
    outcome_by_events,
)
from obzvon.asterisk.transport.spool_sync import SpoolSync
from obzvon.asterisk.transport.stop_watch import StopWatch
from obzvon.common.errors import Problem
from obzvon.common.i18n import say, say_many
from obzvon.domain.calls import CallForm, CallOutcome, EventDetail, PendingCall
from obzvon.domain.pacing import MAX_BATCH
from obzvon.domain.results import Disposition

log = logging.getLogger("obzvon")

# An archived file without a status after this time will not get one.
_STATUS_LATE = timedelta(seconds=10)
# Between two looks at which Asterisk is running.
_LOOK_EVERY = timedelta(seconds=1)
# A file that is there this long is that of a call.
_LASTS = timedelta(seconds=1)
# A file that is gone this long has had its last attempt.
_SETTLE = timedelta(seconds=1)


class SpoolTransport:
    """The transport through the spool; `ordinary` and `coded` say how the two kinds of calls are made."""

    via = None
    max_batch = MAX_BATCH
    unknown_reason = say(
        "the service stopped while it was handing the call over, and Asterisk has finished with it since"
    )

    def __init__(
        self,
        spool: Spool,
        ordinary: CallForm,
        coded: CallForm,
        outcomes: OutcomeMatcher | None = None,
        *,
        sync: SpoolSync | None = None,
        message: Callable[[], str] = no_message,
    ) -> None:
        self._spool = spool
        self._forms = ordinary, coded
        self.files = CallFiles(ordinary, coded, message)
        self.outcomes = outcomes
        self._in_spool: set[str] = set()
        self._running: Callable[[], list[RunningAsterisk] | None] = spool.running_asterisks
        self._running_at: datetime | None = None
        self._identity: AsteriskIdentity | None = None
        self._not_orphaned: set[str] = set()
        self._no_status_since: dict[str, datetime] = {}
        self._departures: dict[str, Departure] = {}
        self._watch = IntakeWatch(spool)
        self._stop_watch = StopWatch(f"dir_target {spool.target}")
        self._expiry = ExpiryWatch()
        self._earlier_boot = EarlierBoot(spool)
        self._sync = sync
        # The last two refreshes.
        self._refreshed: tuple[datetime, datetime] | None = None

    # -- the folders

    def prepare_folders(self, home: Path) -> None:
        """Make the folders that are missing; raises UserError where calls could not be handed over."""
        self._spool.prepare_folders(home=home)

    def find_problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the folders."""
        return self._spool.find_problems()

    @property
    def target(self) -> Path:
        """The spool's folder."""
        return self._spool.target

    def has_folders(self) -> bool:
        """Return whether the spool and the store exist."""
        halves = (self._spool.store / half for half in staging.STORE_FOLDERS)
        return all(folder.is_dir() for folder in (self._spool.target, self._spool.store, *halves))

    def other_services(self, journal: str, identity: str) -> list[OtherService]:
        """Return the other services that use this store now."""
        return self._spool.other_services(journal, identity)

    def discard_stale(self, tokens: Container[str], calls: Iterable[PendingCall]) -> None:
        """Delete the files of these runs (`tokens`) in the store and in the spool, but not the files of these calls.

        In the spool there are some after a power cut, when Asterisk had removed them not durably. It would make these
        calls again.
        """
        kept = {attempt_name(call) for call in calls}
        self._spool.discard(_of_runs(self._spool.staged_files(), tokens) - kept)
        left = _of_runs(self._spool.files_in_spool(), tokens) - kept
        stale = [name for name in left if not self._earlier_boot.is_in_progress(name)]
        taken = sum(self._spool.withdraw(name) is not None for name in stale)
        self._spool.discard(stale)
        if taken:
            log.warning(
                "%s",
                say_many(
                    "{n} call file was in the spool whose call has ended or waits; it was taken out",
                    "{n} call files were in the spool whose calls have ended or wait; they were taken out",
                    taken,
                ),
            )

    def take_out_orphaned(self, tokens: Container[str]) -> None:
        """Take the files of these runs (`tokens`) into the store whose calls were begun by an Asterisk that ended."""
        for name in _of_runs(self._spool.files_in_spool(), tokens):
            if self._spool.is_orphaned(name, self._spool.running_asterisks):
                self._spool.withdraw(name)

    # -- handing over

    def ensure_available(self, now: datetime) -> None:
        """Raise TransportUnavailableError if Asterisk is known to be down, or not to take call files."""
        if self._spool.asterisk_state() is AsteriskState.DOWN:
            raise TransportUnavailableError(
                [
                    Problem(
                        str(self._spool.pid_file),
                        say("Asterisk is not running"),
                        say(
                            "start Asterisk; the hand-over continues by itself. If it runs in a container, write "
                            "pid_file = none in [Spool]"
                        ),
                    )
                ]
            )

        self._watch.ensure_taken(now)
        if self._stop_watch.is_probing:
            self._stop_watch.observe(now, self._spool.asterisk_identity(), self._last_call())
        self._stop_watch.ensure_open(now)

    def prepare_calls(self, calls: Sequence[PendingCall], then: Sequence[PendingCall]) -> None:
        """Stage the files, and write the files of `then` in the background."""
        are_staged = self._spool.finish_staging_ahead([attempt_name(call) for call in calls])
        if self.files.refresh_message() or not are_staged:
            self._spool.stage(self.files.render(calls))
        if then:
            self._spool.stage_ahead(self.files.render(then))

    def send(self, calls: Sequence[PendingCall], now: datetime) -> SendResult:
        """Rename the files into the spool; only the first while it is in doubt whether Asterisk takes them."""
        if len(calls) > 1 and (self._watch.is_probing or self._stop_watch.is_probing):
            result = self.send(calls[:1], now)
            result.not_sent.extend(calls[1:])
            watch = self._watch if self._watch.is_probing else self._stop_watch
            result.error = result.error or watch.unavailable()
            return result
        self._expiry.note_sending(call for call in calls if self._forms[bool(call.code)].archive)
        try:
            self._spool.release([attempt_name(call) for call in calls])
        except ReleaseError as error:
            released = len(error.released)
            return SendResult(accepted=list(calls[:released]), not_sent=list(calls[released:]), error=error)
        if self._watch.is_probing:
            self._watch.note_sent(attempt_name(calls[0]))
        if self._stop_watch.is_probing:
            self._stop_watch.note_sent(now)
        self._make_durable()
        return SendResult(accepted=list(calls))

    def find_evidence(self, call: PendingCall, now: datetime) -> Evidence:  # noqa: ARG002 - the protocol's
        """Look for a call's file in the store, in the spool and in the archive."""
        name = attempt_name(call)
        if self._earlier_boot.concerns(call):
            if self._earlier_boot.is_untouched(call):
                return Evidence.NOT_CALLED
            is_there = self._spool.is_in_store(name) or self._spool.is_in_spool(name)
            return Evidence.CALLED if is_there or self._spool.read_archive(name)[0] else Evidence.NONE
        was_started = self._spool.was_started_before_sweep(name)
        if was_started is False:
            return Evidence.NOT_CALLED
        if was_started or self._spool.is_in_spool(name) or self._spool.read_archive(name)[0]:
            return Evidence.CALLED
        return Evidence.NONE

    # -- outcomes

    def refresh(self, now: datetime) -> None:
        """Read the outcomes by events, then which files are in the spool."""
        if self.outcomes:
            self.outcomes.refresh(now)
        self._refreshed = self._refreshed[1] if self._refreshed else now, now
        before, self._in_spool = self._in_spool, set(self._spool.files_in_spool())
        if before or self._in_spool:
            self._make_durable()
        self._not_orphaned &= self._in_spool
        if self._running_at is None or not timedelta() <= now - self._running_at < _LOOK_EVERY:
            self._look_for_asterisk(now)
        self._watch.observe(now)
        self._stop_watch.observe(now, self._identity, self._last_call())
        self._expiry.observe(now, self._identity, is_held=self._stop_watch.is_probing)

    def track(self, calls: Iterable[PendingCall], now: datetime) -> None:
        """Do nothing: the files show which calls are in progress."""

    def check_progress(self, call: PendingCall, now: datetime) -> CallOutcome | CallProgress:
        """Return a call's outcome by where its file is, by its events and by the archive."""
        name = attempt_name(call)
        if self._earlier_boot.concerns(call):
            progress = self._earlier_boot.check_progress(call, now)
            if progress is not None:
                return progress
        if name in self._in_spool:
            if self._watch.is_untaken(name, call.handed_at, now):
                return self._withdraw_untaken(name, call, now)
            if self._expiry.is_in_doubt and self._has_lasted(name, call, now):
                self._note_lasting(call)
            return self._withdraw_orphaned(name, call, now) or CallProgress.IN_PROGRESS
        if self._spool.was_started_before_sweep(name) is False:
            return CallProgress.RETURNED
        self._watch.note_taken(call.handed_at)
        if name not in self._departures or now < self._departures[name].first_missed:  # or the clock went backwards
            before = self._refreshed[0] if self._refreshed else now
            self._departures[name] = Departure(max(before, call.handed_at or before), now)
        return self._outcome(name, call, now) or CallProgress.IN_PROGRESS

    def withdraw(self, call: PendingCall) -> bool | None:
        """Take the file of a call that has not begun out of the spool."""
        name = attempt_name(call)
        return self._spool.withdraw(name) if self._spool.is_started(name) is False else None

    def discard(self, calls: Iterable[PendingCall]) -> None:
        """Delete the calls' files in the store."""
        names = [attempt_name(call) for call in calls]
        self._spool.discard(names)
        self._expiry.forget(names)

    def calls_in_progress(self) -> list[str]:
        """Return our files in the spool."""
        return self._spool.files_in_spool()

    def close(self) -> None:
        """Stop staging ahead. The next start looks through the staged files."""
        self._spool.close()

    def _last_call(self) -> datetime | None:
        """Return when the last call of these forms began that the events show."""
        contexts = {form.context for form in self._forms}
        return self.outcomes.last_call(contexts) if self.outcomes else None

    def _make_durable(self) -> None:
        if self._sync is not None:
            self._sync.request()

    def _look_for_asterisk(self, now: datetime) -> None:
        self._running, self._running_at = functools.cache(self._spool.running_asterisks), now
        identity = self._spool.asterisk_identity()
        if identity is None or identity != self._identity:
            self._not_orphaned.clear()
        self._identity = identity

    def _withdraw_orphaned(self, name: str, call: PendingCall, now: datetime) -> CallOutcome | None:
        if name in self._not_orphaned:  # while the same Asterisk runs, no call is orphaned: no file need be read
            return None
        if not self._spool.is_orphaned(name, self._running):
            self._not_orphaned.update([name] if self._identity else [])
            return None
        if self._spool.withdraw(name) is None:
            return None
        return CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, RESTARTED)

    def _withdraw_untaken(self, name: str, call: PendingCall, now: datetime) -> CallOutcome | CallProgress:
        if self._watch.is_passed_over(call.handed_at):
            self._watch.report_missed(now)
        else:
            self._watch.hold(now)
        begun = self._spool.withdraw(name)
        if begun is None:
            return CallProgress.IN_PROGRESS
        if not begun:
            return CallProgress.RETURNED
        reason = say("taken out of the spool at the moment when Asterisk began the call")
        return CallOutcome(call.run_id, call.position, Disposition.UNKNOWN, now, reason)

    def _outcome(self, name: str, call: PendingCall, now: datetime) -> CallOutcome | CallProgress | None:
        """Return how the call of a file that has gone ended; None while that may still become known."""
        departure = self._departures[name]
        gone_for = now - departure.first_missed
        form = self._forms[bool(call.code)]
        attempts = form.max_retries + 1
        outcomes: list[AttemptOutcome] = []
        if self.outcomes:
            if self.outcomes.is_in_progress(call, form.context):
                return None
            candidates = self.outcomes.outcomes_for(call, form.context)
            outcomes = narrow_to_call(candidates, call, attempts, departure)
            if not outcomes and self.outcomes.shows_no_call(call, form.context):
                self._stop_watch.suspect(now, gone_for)
            is_last = bool(outcomes) and (not form.max_retries or gone_for >= _SETTLE)
            if not is_last and self.outcomes.is_outcome_pending(call, form.context, gone_for):
                return None
            if not outcomes and self._was_not_made(name, call, form, now):
                del self._departures[name]
                self._stop_watch.note_not_made(call.handed_at or now, now)
                return CallProgress.NOT_MADE
        outcome: CallOutcome | CallProgress | None = outcome_by_events(call, outcomes, attempts, now)
        outcome = outcome or self._outcome_by_archive(name, call, form, outcomes, now)
        if outcome is not None:
            self._departures.pop(name, None)
            if self.outcomes:
                self.outcomes.forget(outcomes)
        return outcome

    def _was_not_made(self, name: str, call: PendingCall, form: CallForm, now: datetime) -> bool:
        gone_since = self._departures[name].first_missed
        if self.outcomes is None or not self.outcomes.was_not_made(call, form.context, gone_since, now):
            return False
        return self._spool.read_archive(name)[1] in (None, Disposition.NOT_ANSWERED)

    def _outcome_by_archive(
        self, name: str, call: PendingCall, form: CallForm, outcomes: list[AttemptOutcome], now: datetime
    ) -> CallOutcome | CallProgress | None:
        """Return the outcome without usable events; None while the archive's status may still be written."""
        attempts = form.max_retries + 1
        is_archived, status = self._spool.read_archive(name)
        if is_archived and status is None and self._may_get_status(name, now):
            return None
        ended_at = now
        if status is Disposition.NOT_ANSWERED and not outcomes and not form.max_retries:
            if (was_not_made := self._expiry.was_not_made(call, self._spool.archived_at(name), now)) is None:
                return None
            if was_not_made:
                self._stop_watch.note_not_made(call.handed_at or now, now, is_certain=False)
                return CallProgress.NOT_MADE
            ended_at = min(now, self._departures[name].first_missed)
        elif is_archived:
            self._note_lasting(call)
        was_swept = not is_archived and bool(self._spool.was_started_before_sweep(name))
        disposition, reason = classify_without_events(
            is_archived=is_archived,
            status=status,
            was_swept=was_swept,
            keeps_archive=form.archive,
            has_events=self.outcomes is not None,
            is_ambiguous=len(outcomes) > attempts,
        )
        self._no_status_since.pop(name, None)
        detail = final_disposition(outcomes, attempts)[1] if outcomes else EventDetail()
        return CallOutcome(call.run_id, call.position, disposition, ended_at, reason, detail)

    def _has_lasted(self, name: str, call: PendingCall, now: datetime) -> bool:
        is_old = call.handed_at is not None and now - call.handed_at >= _LASTS
        return is_old and self._spool.is_started(name) is True

    def _note_lasting(self, call: PendingCall) -> None:
        """Note that Asterisk makes calls, where no events say so."""
        self._expiry.note_lasting(call)
        if call.handed_at is not None:
            self._stop_watch.note_made(call.handed_at)

    def _may_get_status(self, name: str, now: datetime) -> bool:
        since = self._no_status_since[name] = min(now, self._no_status_since.get(name, now))
        return now - since < _STATUS_LATE


def _of_runs(names: Iterable[str], tokens: Container[str]) -> set[str]:
    """Return the files that belong to these runs (`tokens`)."""
    parsed = ((name, callfile.parse_call_file_name(name)) for name in names)
    return {name for name, found in parsed if found and found.token in tokens}
