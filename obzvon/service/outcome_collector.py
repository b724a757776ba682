"""Collects how calls ended, and returns calls that Asterisk never began to their run."""

import logging
import math
from datetime import datetime
from itertools import groupby

from obzvon.common.i18n import say_many
from obzvon.domain.calls import PendingCall
from obzvon.journal.journal import Journal
from obzvon.service import run_log
from obzvon.service.handover import HandOver
from obzvon.service.run_control import RunControl

log = logging.getLogger("obzvon")

#: Seconds between two looks at the calls that Asterisk has; longer if there are many.
_POLL_SECONDS = 1.0
#: Call files that can be looked at in a second without a noticeable load.
_POLLED_PER_SECOND = 2000
#: Factor of the interval while calls are being handed over.
_BUSY_FACTOR = 10
#: Factor of the interval when Asterisk's events have reported that calls ended.
_NEWS_FACTOR = 0.25


class OutcomeCollector:
    """Moves the outcomes of calls into the journal; `least` is how many seconds of a message count as delivered."""

    def __init__(self, handover: HandOver, journal: Journal, runs: RunControl, *, least: float) -> None:
        self._handover = handover
        self._journal = journal
        self._runs = runs
        self._least = least
        self._collected_at: datetime | None = None

    def collect(self, now: datetime, *, is_busy: bool, is_held: bool = False) -> float:
        """Collect the outcomes if it is time. Return the seconds until the next time, infinity if no call is out.

        `is_held`: the clock is not believed, so calls that came back are left for later, and no retry is too late.
        """
        outstanding = self._handover.outstanding
        if not outstanding:
            return math.inf
        pause = max(_POLL_SECONDS, outstanding / _POLLED_PER_SECOND)
        if is_busy:
            pause *= _BUSY_FACTOR
        elif self._handover.has_new_outcomes:
            pause *= _NEWS_FACTOR
        since = (now - self._collected_at).total_seconds() if self._collected_at else math.inf
        if 0 <= since < pause:
            return pause - since
        self._collected_at = now
        result = self._handover.collect(
            now=now, may_continue=lambda run_id: self._may_continue(run_id, None if is_held else now)
        )
        if result.retried and self._runs.active is not None:
            self._runs.active.reload_retries(now)
        run_log.log_each_outcome([*result.ended, *result.retried])
        run_log.log_outcomes(result.ended, self._journal, self._handover, least=self._least)
        if is_held:
            return pause
        for run_id, calls in groupby(result.returned, lambda call: call.run_id):
            self._requeue(run_id, list(calls), now)
        return pause

    def _may_continue(self, run_id: int, now: datetime | None) -> bool:
        """Return whether calls of that run may still be handed over; None = the time is not known."""
        run = self._runs.run
        if run is None or run.id != run_id:
            return False
        return now is None or not self._runs.is_closed(run.day, now)

    def _requeue(self, run_id: int, calls: list[PendingCall], now: datetime) -> None:
        """Let calls that Asterisk never began wait again, or withdraw them if their run cannot call any more."""
        run, runs = self._journal.runs.get(run_id), self._runs
        ended_today = run.state == "done" and run.kind != "test" and run.day == runs.today(now)
        if not run.active and not (ended_today and runs.active is None and not runs.is_closed(run.day, now)):
            self._handover.withdraw_returned(calls, now=now)
            return
        if not run.active:  # before the calls, so that none ever waits in a run that has ended
            self._journal.runs.set_state(run.id, "running", at=now)
        self._handover.requeue(calls)
        runs.activate(self._journal.runs.get(run_id))
        log.info(
            "%s",
            say_many(
                "{n} call came back from the spool before it started and goes again",
                "{n} calls came back from the spool before they started and go again",
                len(calls),
            ),
        )
