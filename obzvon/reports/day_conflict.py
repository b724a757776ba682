"""The conflict of the journal with the day record, as far as this user may see it."""

from datetime import date, datetime

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say, say_many
from obzvon.documents.store import DocumentError, phones_document
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.phones import list_candidates
from obzvon.journal.day_record import DayRecord, DayRecordFile, day_record_path
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
    if record is None:
        return None
    found = record.conflict_with(journal.identity.key, journal.identity.hand_overs)
    conflict = _needing_decision(settings, found, now)
    return conflict and count_called(settings, journal, record, conflict)


def stored_day_conflict(settings: Settings, journal: Journal, now: datetime) -> DayConflict | None:
    """Return the conflict that the service has found and stored in the journal, if it is about today; else None."""
    return _needing_decision(settings, journal.identity.conflict, now)


def _needing_decision(settings: Settings, conflict: DayConflict | None, now: datetime) -> DayConflict | None:
    """Return the conflict unless its day is over: then the service decides by itself."""
    return conflict if conflict and conflict.day >= now.astimezone(settings.zone).date() else None


def called_that_day(
    settings: Settings, journal: Journal, record: DayRecord, conflict: DayConflict
) -> set[tuple[str, str]] | None:
    """Return the numbers, with their codes, that the record or the journal knows as handed over on the conflict's day.

    None if the record has not all of them, or cannot be read.
    """
    try:
        recorded = open_day_record(settings).load_called(record, conflict.day)
    except OSError:
        return None
    return None if recorded is None else recorded | journal.calls.called_on(conflict.day)


def count_called(settings: Settings, journal: Journal, record: DayRecord, conflict: DayConflict) -> DayConflict:
    """Return the conflict with how many numbers were called, and how many of those to be called were not."""
    called = called_that_day(settings, journal, record, conflict)
    if called is None:
        return conflict
    document = phones_document(settings.phones, settings.numbering_plan())
    try:
        phones = WatchedDocument(document).load_current().data
    except DocumentError:
        return msgspec.structs.replace(conflict, called=len(called))
    candidates = list_candidates(phones, settings.numbering_plan(), conflict.day)
    wanted = {(one.number, one.code) for one in candidates if one.skipped is None}
    run = journal.runs.active()
    if run is not None and run.day == conflict.day:  # it continues with its own calls, not with the whole list
        wanted &= {(call.number, call.code) for call in journal.calls.waiting(run.id)}
    return msgspec.structs.replace(conflict, called=len(called), left=len(wanted - called))


def describe_counts(conflict: DayConflict) -> Message:
    """Return how many were called that day, and how many would be if only the others are called."""
    return say(
        "{called} were handed over today and are not called again; {left} are left",
        called=say_many("{n} number", "{n} numbers", conflict.called or 0),
        left=say_many("{n} number", "{n} numbers", conflict.left or 0),
    )


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
    if conflict.left is not None:
        remedy = say(
            "put the right journal back, or decide on the run page or here: obzvon journal accept --no-calls, and "
            "nobody else is called today; obzvon journal accept --rest, and only those are called who were not called "
            "today ({counts}); obzvon journal accept --call, and everybody who waits in this journal is called, some "
            "perhaps for the second time",
            counts=describe_counts(conflict),
        )
        return Problem(journal.address, what, remedy)
    remedy = say(
        "put the right journal back, or decide on the run page or here: obzvon journal accept "
        "--no-calls, and nobody else is called today; obzvon journal accept --call, and everybody who "
        "waits in this journal is called, some perhaps for the second time"
    )
    return Problem(journal.address, what, remedy)


def is_called_elsewhere(journal: Journal, day: date) -> bool:
    """Return whether calls of that day were made outside this journal, and it does not know to whom."""
    return any(run.has_unknown_calls for run in journal.runs.on_days(day))
