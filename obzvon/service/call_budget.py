"""Counts how many more calls the limits of the settings allow: in a run, and on a day. A restart changes nothing."""

from datetime import date

from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.calls import Run
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings


class CallBudget:
    """The rest of `[Day] calls_a_run` and `calls_a_day` for one run; 0 = there is no such limit."""

    def __init__(self, journal: Journal, run: Run, *, a_run: int = 0, a_day: int = 0) -> None:
        self._journal = journal
        self._run = run
        self._limits = {"calls_a_run": a_run, "calls_a_day": a_day}
        self._left: dict[str, int] = {}
        self.recount()

    @property
    def left(self) -> int | None:
        """The number of calls that may still be handed over; None = as many as wait."""
        return max(0, min(self._left.values())) if self._left else None

    @property
    def reason(self) -> Message | None:
        """Why no more calls may be handed over; None if some may."""
        for key, left in self._left.items():
            if left <= 0:
                limit = self._limits[key]
                if key == "calls_a_run":
                    return say("the run has handed over {n} calls, as many as [Day] calls_a_run allows", n=limit)
                return _day_is_full(limit)
        return None

    def recount(self) -> None:
        """Count in the journal, which is the truth, for example after a hand-over that was interrupted."""
        run_of = {"calls_a_run": self._run.id, "calls_a_day": None}
        self._left = {
            key: limit - self._journal.calls.count_attempts(self._run.day, run_of[key])
            for key, limit in self._limits.items()
            if limit
        }

    def note(self, calls: int) -> None:
        """Count calls that were handed over, or may have been."""
        self._left = {key: left - calls for key, left in self._left.items()}


def why_no_test_call(settings: Settings, journal: Journal, today: date) -> Message | None:
    """Return why no more test calls may be made today; None if one may."""
    made = sum(run.kind == "test" for run in journal.runs.on_days(today))
    if 0 < settings.test_calls <= made:
        return say_many(
            "{n} test call was made today, and [Day] test_calls allows no more",
            "{n} test calls were made today, and [Day] test_calls allows no more",
            made,
        )
    if 0 < settings.calls_a_day <= journal.calls.count_attempts(today):
        return _day_is_full(settings.calls_a_day)
    return None


def _day_is_full(limit: int) -> Message:
    return say("{n} calls were handed over on this day, as many as [Day] calls_a_day allows", n=limit)
