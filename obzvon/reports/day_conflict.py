"""The conflict of the journal with the day record, as far as this user may see it."""

from datetime import date, datetime

from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.journal.day_record import DayRecordFile, day_record_path
from obzvon.journal.identity import DayConflict
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings


def open_day_record(settings: Settings) -> DayRecordFile:
    """Return the campaign's day record: in the store, and with `transport = ami`, which needs no store, in dir_logs."""
    folder = settings.logs if settings.by_ami else settings.store
    return DayRecordFile(day_record_path(folder, settings.phones, settings.schedule))


def find_day_conflict(settings: Settings, journal: Journal, now: datetime) -> DayConflict | None:
    """Return the conflict that keeps today's calls from being made, else None.

    A user who may not read the record, such as the editor's, gets the conflict that the service has found and stored in
    the journal. Raise UserError.
    """
    try:
        record = open_day_record(settings).load()
    except OSError:
        return stored_day_conflict(settings, journal, now)
    conflict = record.conflict_with(journal.identity.key, journal.identity.hand_overs) if record else None
    return _needing_decision(settings, conflict, now)


def stored_day_conflict(settings: Settings, journal: Journal, now: datetime) -> DayConflict | None:
    """Return the conflict that the service has found and stored in the journal, if it is about today; else None."""
    return _needing_decision(settings, journal.identity.conflict, now)


def _needing_decision(settings: Settings, conflict: DayConflict | None, now: datetime) -> DayConflict | None:
    """Return the conflict unless its day is over: then the service decides by itself."""
    return conflict if conflict and conflict.day >= now.astimezone(settings.zone).date() else None


def describe_day_conflict(settings: Settings, journal: Journal, conflict: DayConflict) -> Problem:
    """Return the conflict as a problem: what it is, and what an operator decides."""
    time = f"{conflict.at.astimezone(settings.zone):%H:%M}"
    what = (
        say(
            "this journal is an older copy: it does not know whom obzvon has called since the copy was made, "
            "the last ones at {time}; nobody is called",
            time=time,
        )
        if conflict.is_copy
        else say(
            "obzvon has already called today, with another journal, {journal}, the last ones at {time}; this journal "
            "does not know whom, and nobody is called",
            journal=conflict.journal,
            time=time,
        )
    )
    remedy = say(
        "put the right journal back, or decide on the run page or here: obzvon journal accept "
        "--no-calls, and nobody else is called today; obzvon journal accept --call, and everybody who "
        "waits in this journal is called, some perhaps for the second time"
    )
    return Problem(journal.address, what, remedy)


def is_called_elsewhere(journal: Journal, day: date) -> bool:
    """Return whether calls of that day were made outside this journal, by the former script or from another journal."""
    return any(run.kind == "former" for run in journal.runs.on_days(day))
