"""Holds the run in progress while every call of it fails, lets one a minute probe, and calls the failed ones again."""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime

from obzvon.common.errors import Problem
from obzvon.common.i18n import say, say_many
from obzvon.domain.brake import PROBE_SECONDS, AttemptEnd, RunHold, replay
from obzvon.domain.calls import CallOutcome, PendingCall
from obzvon.journal.journal import Journal

log = logging.getLogger("obzvon")

_REMEDY = say(
    "see what is wrong with the line: obzvon check; one call a minute is made, and the run continues by itself as soon "
    "as one gets through. Calls that certainly did not ring go again. To continue at once: obzvon resume"
)
_GOES_AGAIN = say("the line failed before any phone rang; this call is made again")


class RunBrake:
    """The brake of one run. Its state follows from the calls in the journal, so that it outlasts a restart."""

    def __init__(self, run_id: int, journal: Journal, limit: int) -> None:
        self._run_id = run_id
        self._journal = journal
        self._brake = replay(limit, journal.calls.last_attempts(run_id), journal.commands.last_done("resume"))
        self._was_held = False
        self._has_new_failures = self._brake.is_held
        self._probed_at: datetime | None = None

    @property
    def is_held(self) -> bool:
        """True if no calls may go but a probe now and then."""
        return self._brake.is_held

    @property
    def hold(self) -> RunHold | None:
        """Why and since when the run is held; None if it is not."""
        brake = self._brake
        if brake.held_since is None:
            return None
        return RunHold(self._run_id, brake.held_since, brake.failures, brake.last_result, brake.is_probing)

    @property
    def problem(self) -> Problem | None:
        """The same for the operator."""
        return Problem("", hold.describe(), _REMEDY) if (hold := self.hold) else None

    def note_sent(self, calls: Iterable[PendingCall], now: datetime) -> None:
        """Count calls that Asterisk has taken."""
        for call in calls:
            if call.run_id == self._run_id:
                self._brake.begin(call.position, call.handed_at or now)

    def note_refused(self, outcomes: Iterable[CallOutcome]) -> None:
        """Count calls that Asterisk has refused to make."""
        for outcome in outcomes:
            if outcome.run_id == self._run_id:
                self._brake.begin(outcome.position, outcome.at)
                self._end(outcome, was_refused=True)

    def note_ended(self, outcomes: Iterable[CallOutcome]) -> None:
        """Count attempts that have ended."""
        for outcome in outcomes:
            if outcome.run_id == self._run_id:
                self._end(outcome)

    def note_probe(self, now: datetime) -> None:
        """Note that a probe was made, or would have been if there were a call to make."""
        self._probed_at = now

    def release(self) -> None:
        """Let the run go on, because an operator says so."""
        self._brake.release()

    def forget_lost(self, in_progress: Collection[int]) -> None:
        """Forget the attempts whose calls are not in progress any more: they came back without having been begun."""
        self._brake.forget_lost(in_progress)

    def could_hold(self, now: datetime) -> bool:
        """Return whether calls in progress may still be called again because the run is held."""
        return self._brake.could_hold(now)

    def room(self, now: datetime) -> int | None:
        """Return how many calls may go now; None = as many as there is room for."""
        return self._brake.room(now)

    def seconds_until_probe(self, now: datetime, last_dispatch: datetime | None) -> float:
        """Return the seconds until the next probe of a held run. A clock that was set back delays nothing."""
        moments = (self._brake.held_since, self._probed_at, last_dispatch)
        last = max((moment for moment in moments if moment is not None and moment <= now), default=None)
        return 0.0 if last is None else max(0.0, PROBE_SECONDS - (now - last).total_seconds())

    def apply(self, now: datetime) -> bool:
        """Log a change; while the run is held, let its failed calls wait again. Return whether any do now."""
        if self.is_held != self._was_held:
            self._was_held = self.is_held
            if problem := self.problem:
                log.error("%s", problem)
            else:
                log.info("%s", say("run {run} continues: calls get through again", run=self._run_id))
        if not self.is_held or not self._has_new_failures:
            return False
        positions = [failure.position for failure in self._brake.failed() if failure.never_rang]
        again = self._journal.transitions.call_again(self._run_id, positions, _GOES_AGAIN, at=now)
        self._brake.note_called_again()
        self._has_new_failures = False
        if again:
            log.info(
                "%s",
                say_many(
                    "{n} call that did not ring will be made again",
                    "{n} calls that did not ring will be made again",
                    again,
                ),
            )
        return bool(again)

    def _end(self, outcome: CallOutcome, *, was_refused: bool = False) -> None:
        detail = outcome.detail
        self._has_new_failures = True
        self._brake.end(
            AttemptEnd(
                position=outcome.position,
                at=outcome.at,
                disposition=outcome.disposition,
                has_rung=detail.rang_at is not None,
                has_answered=detail.answered_at is not None,
                tries=detail.tries,
                was_refused=was_refused,
            )
        )
