"""Keeps a journal that does not know today's calls from calling everybody again.

Before each hand-over the day record says durably which journal hands over. A service whose journal does not know what
is recorded there calls nobody that day until a person decides. A day that is over needs no decision: what such a
journal still has of it is withdrawn.
"""

import logging
import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from obzvon.common.errors import UserError
from obzvon.common.i18n import say
from obzvon.journal.day_record import DayRecord
from obzvon.journal.identity import DayConflict
from obzvon.journal.journal import Journal
from obzvon.reports.day_conflict import describe_day_conflict, open_day_record
from obzvon.settings.model import Settings

log = logging.getLogger("obzvon")

NO_CALLS_ACCEPTED = say("accepted: nobody else is called today; tomorrow's run starts as usual")
CALLS_ACCEPTED = say(
    "accepted: everybody who waits in this journal is called, even if the other one has called them already"
)
FOREIGN_DAY = say("another journal made calls on this day; this one does not know whom it called")


class ForeignDayError(UserError):
    """Today was called from another journal, or from a later state of this one."""


class DayGuard:
    """Compares the journal with the day record and writes it. `now` is always aware."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._file = open_day_record(settings)
        #: The day of each run, for the few that are handed over; None for a test call.
        self._days: dict[int, date | None] = {}

    def ensure_known(self, now: datetime) -> None:
        """Raise ForeignDayError if this journal does not know today's calls, JournalMovedError if it was moved."""
        self._journal.identity.ensure_not_moved()
        record, conflict = self._compare()
        if conflict is not None and record is not None:
            if conflict.day >= self._today(now):
                self._refuse(conflict)
            log.warning(
                "%s",
                say(
                    "{day} was called from another journal or from a later state of this one; what this journal has "
                    "of that day is withdrawn, and today's run starts as usual",
                    day=conflict.day,
                ),
            )
            self._close_days(record, now)
            self._adopt(record)
        self._journal.identity.store_conflict(None)

    def record_hand_over(self, run_id: int, count: int, now: datetime) -> None:
        """Write that calls of this run are being handed over, as the journal's `count`-th hand-over.

        Raise UserError if that cannot be written, or if another journal hands over as well.
        """
        if (day := self._day_of(run_id)) is None:
            return
        identity = self._journal.identity
        before = self._file.load()
        # The count of this hand-over is in the journal already: what is recorded must be from before it.
        conflict = before.conflict_with(identity.key, count - 1) if before else None
        if conflict is not None and conflict.day >= self._today(now):
            self._refuse(conflict)
        self._save(before, identity.key, count, {day: now})

    def record_known_days(self, now: datetime) -> None:
        """Record the calls that the journal knows of today and yesterday, if the record lacks them."""
        today = self._today(now)
        last_hand_overs = self._journal.calls.last_hand_overs(today - timedelta(days=1), today)
        before = self._file.load()
        if last_hand_overs and (before is None or not last_hand_overs.keys() <= before.days.keys()):
            identity = self._journal.identity
            self._save(before, identity.key, identity.hand_overs, last_hand_overs)

    def accept(self, now: datetime, *, by: str, may_call: bool) -> bool:
        """Decide the conflict: call everybody who waits in this journal, or nobody else today.

        Return False if there is none. The record is adopted last: a decision that was cut off is asked for again.
        """
        record, conflict = self._compare()
        if record is None or conflict is None:
            return False
        if not may_call:
            self._close_days(record, now, by=by)
        self._adopt(record)
        self._journal.identity.store_conflict(None)
        return True

    def _compare(self) -> tuple[DayRecord | None, DayConflict | None]:
        record, identity = self._file.load(), self._journal.identity
        return record, record.conflict_with(identity.key, identity.hand_overs) if record else None

    def _refuse(self, conflict: DayConflict) -> None:
        self._journal.identity.store_conflict(conflict)
        raise ForeignDayError([describe_day_conflict(self._settings, self._journal, conflict)])

    def _close_days(self, record: DayRecord, now: datetime, *, by: str = "") -> None:
        """Withdraw what waits in the runs of the recorded days, and let their scheduled runs count as done."""
        last = max(record.days)
        while (run := self._journal.runs.active()) is not None and run.day <= last:
            self._journal.transitions.withdraw_waiting(run.id, FOREIGN_DAY, at=now)
            self._journal.runs.set_state(run.id, "stopped", at=now)
        today = self._today(now)
        for day in {day for day in record.days if day >= today - timedelta(days=1)}:
            token = f"{day:%Y%m%d}-{secrets.token_hex(3)}"
            self._journal.runs.begin(token, day, "former", [], at=now, by=by, note=FOREIGN_DAY, state="done")
        self._journal.runs.settle()

    def _adopt(self, record: DayRecord) -> None:
        identity = self._journal.identity
        self._save(record, identity.key, identity.hand_overs, {})

    def _save(self, before: DayRecord | None, key: str, count: int, days: Mapping[date, datetime]) -> None:
        kept = before.days if before else {}
        self._file.save(DayRecord(key, count, self._journal.address, kept).with_days(days))

    def _day_of(self, run_id: int) -> date | None:
        if run_id not in self._days:
            run = self._journal.runs.get(run_id)
            self._days[run_id] = None if run.kind == "test" else run.day
        return self._days[run_id]

    def _today(self, now: datetime) -> date:
        return now.astimezone(self._settings.zone).date()
