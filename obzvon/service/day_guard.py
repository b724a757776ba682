"""Keeps a journal that does not know today's calls from calling everybody again.

Before each hand-over the day record says durably which journal hands over. A service whose journal does not know what
is recorded there calls nobody that day until a person decides. A day that is over needs no decision: what such a
journal still has of it is withdrawn.
"""

import enum
import logging
import secrets
from collections.abc import Collection, Container, Sequence
from datetime import date, datetime, timedelta

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.domain.calls import CallOutcome, PendingCall, Run
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal.day_record import DayRecord
from obzvon.journal.identity import DayConflict
from obzvon.journal.journal import Journal
from obzvon.reports.day_conflict import called_that_day, count_called, describe_day_conflict, open_day_record
from obzvon.settings.model import Settings

log = logging.getLogger("obzvon")

NO_CALLS_ACCEPTED = say("accepted: nobody else is called today; tomorrow's run starts as usual")
CALLS_ACCEPTED = say(
    "accepted: everybody who waits in this journal is called, even if the other one has called them already"
)
NOTHING_TO_DECIDE = say("there is nothing to decide: the journal knows of all of today's calls")
NOT_KNOWN_WHOM = say("it is not known of all who were called today, so who is left is not known")
#: The reason of calls that another journal made, and of those that are therefore not made here.
_CALLED_ELSEWHERE = say("handed over from another journal, which knows how it ended")
_NOT_AGAIN = say("already called today from another journal")
_NO_RETRY = say("only those are called now who were not called today")
FOREIGN_DAY = say("another journal made calls on this day; this one does not know whom it called")


class ForeignDayError(UserError):
    """Today was called from another journal, or from a later state of this one."""


#: More calls than any day has: with it a day counts as recorded in part for ever.
_NEVER_WHOLE = 2**53


class DayDecision(enum.StrEnum):
    """Decision about a day that was called from another journal: who is still called on it."""

    NOBODY = "nobody"
    REST = "rest"
    EVERYBODY = "everybody"


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
                self._refuse(record, conflict)
            log.warning(
                "%s",
                say(
                    "{day} was called from another journal or from a later state of this one; what this journal has "
                    "of that day is withdrawn, and today's run starts as usual",
                    day=conflict.day,
                ),
            )
            self._close_days(record.days, now)
            self._adopt(record)
        self._journal.identity.store_conflict(None)

    def record_hand_over(self, calls: Sequence[PendingCall], count: int, now: datetime) -> None:
        """Write that these calls of one run are being handed over, as the journal's `count`-th hand-over.

        Raise UserError if that cannot be written, or if another journal hands over as well.
        """
        if (day := self._day_of(calls[0].run_id)) is None:
            return
        identity = self._journal.identity
        before = self._file.load()
        # The count of this hand-over is in the journal already: what is recorded must be from before it.
        conflict = before.conflict_with(identity.key, count - 1) if before else None
        if before is not None and conflict is not None and conflict.day >= self._today(now):
            self._refuse(before, conflict)
        self._file.append_called(day, [(call.number, call.code) for call in calls])
        record = self._record_after(before, identity.key, count).with_calls(day, now, len(calls))
        self._file.save(record)
        if before is None or before.days.keys() != record.days.keys():
            self._file.remove_days_except(record.days)

    def record_known_days(self, now: datetime) -> None:
        """Record the calls that the journal knows of today and yesterday, if the record lacks them."""
        today = self._today(now)
        last_hand_overs = self._journal.calls.last_hand_overs(today - timedelta(days=1), today)
        before = self._file.load()
        recorded = before.recorded.keys() if before else set()
        if last_hand_overs.keys() <= recorded:
            return
        called = {day: self._journal.calls.called_on(day) for day in last_hand_overs.keys() - recorded}
        self._file.replace_called(called)
        identity = self._journal.identity
        record = self._record_after(before, identity.key, identity.hand_overs).with_days(last_hand_overs)
        counts = {day: len(numbers) for day, numbers in called.items()}
        self._file.save(msgspec.structs.replace(record, recorded={**record.recorded, **counts}))

    def find_conflict(self) -> DayConflict | None:
        """Return the conflict with how many were called and how many are left; None if there is none."""
        record, conflict = self._compare()
        return count_called(self._settings, self._journal, record, conflict) if record and conflict else None

    def accept(self, now: datetime, *, by: str, decision: DayDecision) -> bool:
        """Decide the conflict: call everybody who waits in this journal, those whom no journal called, or nobody.

        Return False if there is none; raise UserError if it is not known whom the other journal called. The record is
        adopted last: a decision that was cut off is asked for again.
        """
        record, conflict = self._compare()
        if record is None or conflict is None:
            return False
        if decision is DayDecision.NOBODY:
            self._close_days(record.days, now, by=by)
        elif decision is DayDecision.REST:
            self._learn_calls(record, conflict, now, by=by)
        self._adopt(record)
        self._journal.identity.store_conflict(None)
        return True

    def _compare(self) -> tuple[DayRecord | None, DayConflict | None]:
        record, identity = self._file.load(), self._journal.identity
        return record, record.conflict_with(identity.key, identity.hand_overs) if record else None

    def _refuse(self, record: DayRecord, conflict: DayConflict) -> None:
        conflict = count_called(self._settings, self._journal, record, conflict)
        self._journal.identity.store_conflict(conflict)
        raise ForeignDayError([describe_day_conflict(self._settings, self._journal, conflict)])

    def _learn_calls(self, record: DayRecord, conflict: DayConflict, now: datetime, *, by: str) -> None:
        """Write into the journal whom the other one called that day, and withdraw what waits here for them."""
        called = called_that_day(self._settings, self._journal, record, conflict)
        if called is None:
            raise UserError([Problem(self._journal.address, NOT_KNOWN_WHOM)])
        if earlier := [day for day in record.days if day < conflict.day]:
            self._close_days(earlier, now, by=by)
        if run := self._journal.runs.active():
            self._withdraw_called(run, called, now)
        if unknown := sorted(called - self._journal.calls.called_on(conflict.day)):
            candidates = [Candidate(Phone("", number, code), number, code) for number, code in unknown]
            learnt = self._begin_former(conflict.day, candidates, now, by=by)
            self._journal.transitions.end_calls(
                CallOutcome(learnt.id, call.position, Disposition.UNKNOWN, now, _CALLED_ELSEWHERE)
                for call in self._journal.calls.waiting(learnt.id)
            )
            self._journal.runs.settle()

    def _withdraw_called(self, run: Run, called: Container[tuple[str, str]], now: datetime) -> None:
        calls, transitions = self._journal.calls, self._journal.transitions
        transitions.end_calls(
            CallOutcome(run.id, call.position, Disposition.WITHDRAWN, now, _NOT_AGAIN)
            for call in calls.waiting(run.id)
            if (call.number, call.code) in called
        )
        retries = [call.position for call in calls.waiting_retries(run.id)]
        transitions.cancel_retries(run.id, retries, _NO_RETRY, at=now)

    def _begin_former(self, day: date, calls: list[Candidate], now: datetime, *, by: str) -> Run:
        token = f"{day:%Y%m%d}-{secrets.token_hex(3)}"
        run = self._journal.runs.begin(
            token, day, "former", calls, at=now, by=by, note=_CALLED_ELSEWHERE, state="done", is_known=True
        )
        assert run is not None  # noqa: S101 - it claims no day
        return run

    def _close_days(self, days: Collection[date], now: datetime, *, by: str = "") -> None:
        """Withdraw what waits in the runs of these days, and let their scheduled runs count as done."""
        last = max(days)
        while (run := self._journal.runs.active()) is not None and run.day <= last:
            self._journal.transitions.withdraw_waiting(run.id, FOREIGN_DAY, at=now)
            self._journal.runs.set_state(run.id, "stopped", at=now)
        today = self._today(now)
        for day in {day for day in days if day >= today - timedelta(days=1)}:
            token = f"{day:%Y%m%d}-{secrets.token_hex(3)}"
            self._journal.runs.begin(token, day, "former", [], at=now, by=by, note=FOREIGN_DAY, state="done")
        self._journal.runs.settle()

    def _adopt(self, record: DayRecord) -> None:
        """Let this journal be the one that knows the recorded days; no copy of it from before the decision does."""
        identity = self._journal.identity
        # A day of which not all numbers are known stays so, whatever this journal adds to it.
        recorded = {**dict.fromkeys(record.days, _NEVER_WHOLE), **record.recorded}
        before = record.hand_overs if record.journal == identity.key else 0
        adopted = self._record_after(record, identity.key, identity.raise_hand_overs(before))
        self._file.save(msgspec.structs.replace(adopted, recorded=recorded))

    def _record_after(self, before: DayRecord | None, key: str, count: int) -> DayRecord:
        return DayRecord(
            key, count, self._journal.address, before.days if before else {}, before.recorded if before else {}
        )

    def _day_of(self, run_id: int) -> date | None:
        if run_id not in self._days:
            run = self._journal.runs.get(run_id)
            self._days[run_id] = None if run.kind == "test" else run.day
        return self._days[run_id]

    def _today(self, now: datetime) -> date:
        return now.astimezone(self._settings.zone).date()
