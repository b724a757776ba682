"""Checks of the operator's documents: list, schedule, and whether earlier versions can be kept."""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

from obzvon.checks.context import CheckContext, finding_from, good, join_messages, warning
from obzvon.common.i18n import Message, moment_label, say, say_many
from obzvon.documents.history import History
from obzvon.documents.store import Document, DocumentError, LoadedDocument, phones_document, schedule_document
from obzvon.domain.forecast import RunForecast, forecast_handover
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone, list_candidates
from obzvon.domain.schedule import Schedule
from obzvon.journal.findings import Finding, Level
from obzvon.journal.journal import AbsentJournal
from obzvon.reports.next_run import next_run_forecast

T = TypeVar("T")

#: More calls than this need a delay between bundles, or a trunk to match.
_MAX_AT_ONCE = 1000
#: How many rows that cannot be called are listed with their reasons.
_MAX_ROWS_NAMED = 5


def check_phones(context: CheckContext) -> Iterator[Finding]:
    """Check that the list can be read and somebody on it can be called."""
    document = phones_document(context.settings.phones)
    loaded, findings = _read(document)
    yield from findings
    if loaded is None:
        return
    today = context.now.astimezone(context.settings.zone).date()
    counts, refused = _count_rows(loaded.data, context.settings.numbering_plan(), today)
    context.coded = counts["coded"]
    context.calls = counts["called"]
    where = document.path
    if refused:
        yield warning(
            where,
            say_many(
                "{n} row cannot be called and is skipped: {rows}",
                "{n} rows cannot be called and are skipped: {rows}",
                counts["refused"],
                rows=join_messages(refused),
            ),
            say("fix them in the list; obzvon plan names them all"),
        )
    if not counts["called"]:
        yield warning(where, say("there is nobody on the list who can be called"), say("add numbers in the editor"))
        return
    yield good(
        where,
        say_many(
            "the list can be read: {n} row is called, {paused} are paused, {twice} are duplicates",
            "the list can be read: {n} rows are called, {paused} are paused, {twice} are duplicates",
            counts["called"],
            paused=counts["paused"],
            twice=counts["twice"],
        ),
    )


def _count_rows(phones: list[Phone], plan: NumberingPlan, day: date) -> tuple[Counter[str], list[Message]]:
    """Return how many rows are called, coded (called, with a code), paused, twice or refused; and some refusals."""
    counts: Counter[str] = Counter()
    refused: list[Message] = []
    for candidate in list_candidates(phones, plan, day):
        row = candidate.phone
        kind = (
            "called"
            if candidate.skipped is None
            else "paused"
            if candidate.is_paused
            else "twice"
            if candidate.number
            else "refused"
        )
        counts[kind] += 1
        counts["coded"] += kind == "called" and candidate.code != ""
        if kind == "refused" and len(refused) < _MAX_ROWS_NAMED and candidate.skipped is not None:
            refused.append(
                say("row {row}, {number}: {reason}", row=row.key, number=row.number or "—", reason=candidate.skipped)
            )
    return counts, refused


def check_schedule(context: CheckContext) -> Iterator[Finding]:
    """Check that the schedule can be read, has a start, and its runs have enough time."""
    document = schedule_document(context.settings.schedule)
    loaded, findings = _read(document)
    yield from findings
    if loaded is None:
        return
    yield from _check_late_starts(context, document.path, loaded.data)
    yield from _check_next_run(context, document.path, loaded)


def check_history(context: CheckContext) -> Iterator[Finding]:
    """Check that earlier versions and last good copies of the documents can be written beside them."""
    documents = context.settings.phones, context.settings.schedule
    for folder in sorted({Path(os.path.realpath(path)).parent for path in documents}):
        history = folder / ".history"
        place = history if history.is_dir() else folder
        if not place.is_dir():
            continue  # reported already: there is no document
        if os.access(place, os.W_OK | os.X_OK):
            yield good(place, say("the last good copies of the documents can be kept here"))
            continue
        remedy = say(
            "give the service's user the right to write: a group for both it and the editor, and chmod g+ws {path}",
            path=place,
        )
        if folder == Path(os.path.realpath(context.settings.file)).parent and context.settings.file.stat().st_uid == 0:
            remedy = say(
                "leave this folder to root, and keep the lists elsewhere: dir_source, in [Dirs] "
                "(docs/en/explanation/security.md)"
            )
        yield warning(
            place,
            say(
                "the service may not write here: the last good copy of a document that breaks is "
                "lost when the service is restarted"
            ),
            remedy,
        )


def _read(document: Document[T]) -> tuple[LoadedDocument[T] | None, list[Finding]]:
    """Return the document and the findings about it; None if it cannot be read."""
    try:
        loaded = document.load()
    except DocumentError as failed:
        return None, list(_broken(document.path, document.history, failed))
    return loaded, [finding_from(note, Level.WARNING) for note in loaded.notes]


def _broken(path: Path, history: History, failed: DocumentError) -> Iterator[Finding]:
    for problem in failed.problems:
        yield finding_from(problem, Level.ERROR)
    if history.good_copy() is not None:
        yield warning(
            path,
            say("its last good copy is in force instead"),
            say(
                "fix the document, or restore an earlier version in the editor, or: cp {good} {path}",
                good=history.good_copy_path,
                path=path,
            ),
        )


def _check_late_starts(context: CheckContext, path: Path, week: Schedule) -> Iterator[Finding]:
    """Check for starts after the time at which hand-over ends."""
    settings = context.settings
    if settings.latest is None:
        return
    today = context.now.astimezone(settings.zone).date()
    starts = [(str(day), start) for day, start in enumerate(week.times, 1)]
    starts += [(day.isoformat(), start) for day, start in sorted(week.dates.items()) if day >= today]
    for key, start in starts:
        if start is not None and start >= settings.latest:
            yield warning(
                f'{path} "{key}"',
                say(
                    "the run begins at {start}, and from {latest} on nothing is handed over: nobody is called",
                    start=f"{start:%H:%M}",
                    latest=f"{settings.latest:%H:%M}",
                ),
                say("set an earlier start, or a later [Day] latest in settings.ini"),
            )


def _check_next_run(context: CheckContext, path: Path, week: LoadedDocument[Schedule]) -> Iterator[Finding]:
    """Check that there is a next run and that it has enough time."""
    settings = context.settings
    plan = next_run_forecast(
        settings, [], week, context.journal or AbsentJournal(), context.now, numbering=NumberingPlan()
    )
    if plan.start is None:
        yield warning(
            path,
            say("no day has a start time, so nobody is called by itself"),
            say("set the time of a day in the editor, or in the file: {example}", example='"1": "09:00"'),
        )
        return
    start = moment_label(plan.start)
    journal = settings.journal.path
    if plan.overdue and (
        context.journal or (journal and not journal.exists())
    ):  # else nobody knows who was called today
        yield warning(
            path,
            say("the start of {start} has passed without a run: the service begins it at once", start=start),
            say(
                "if nobody should be called today, write today into the dates of the schedule with "
                "00:00 before the service starts"
            ),
        )
    yield from _check_pace(context, path, plan, start)
    if plan.starts:
        yield good(
            path,
            say(
                "the schedule can be read; the next run begins on {start}, in the time zone {zone}",
                start=plan.starts[0],
                zone=plan.zone,
            ),
        )


def _check_pace(context: CheckContext, path: Path, plan: RunForecast, start: Message) -> Iterator[Finding]:
    """Check that the configured pace leaves no call over, and does not send all calls at once."""
    settings = context.settings
    pace = settings.pace()
    if plan.start is None:
        return
    handover = forecast_handover(context.calls, pace, max(plan.start, context.now), plan.until)
    if handover.cut_off and plan.until is not None:
        yield warning(
            path,
            say_many(
                "the run of {start} does not get to {n} call before {until}",
                "the run of {start} does not get to {n} calls before {until}",
                handover.cut_off,
                start=start,
                until=plan.until,
            ),
            say("set an earlier start, a larger bundle or a smaller timeout, or a later [Day] latest"),
        )
    if not pace.interval and not pace.is_bounded and context.calls > _MAX_AT_ONCE:
        yield warning(
            f"{settings.file} [CreateCallFiles] timeout",
            say("nothing holds a run back: {calls} calls go to Asterisk at once", calls=context.calls),
            say("set the seconds between two bundles, if the trunk cannot take that many calls"),
        )
