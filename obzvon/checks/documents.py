"""Checks of the operator's documents: the list, the week, and whether earlier versions of them can be kept."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from obzvon.checks.context import CheckContext, finding_from, good, join_messages, warning
from obzvon.common.i18n import Message, say, say_many
from obzvon.documents.history import History
from obzvon.documents.store import Document, DocumentError, LoadedDocument, phones_document, schedule_document
from obzvon.domain.forecast import forecast_handover
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import list_candidates
from obzvon.domain.schedule import Schedule
from obzvon.journal.findings import Finding, Level
from obzvon.journal.journal import AbsentJournal
from obzvon.reports.next_run import next_run_forecast

T = TypeVar("T")

_AT_ONCE = 1000
"""More calls than this want a delay between bundles, or a trunk to match."""
_NAMED = 5
"""So many rows that cannot be called are told with their reasons."""


def check_phones(visit: CheckContext) -> Iterator[Finding]:
    """The list can be read, and somebody on it can be called."""
    document = phones_document(visit.settings.phones)
    loaded, told = _read(document)
    yield from told
    if loaded is None:
        return
    counts: Counter[str] = Counter()
    refused: list[Message] = []
    for one in list_candidates(loaded.data, visit.settings.numbering_plan()):
        kind = (
            "called" if one.skipped is None else "paused" if one.phone.paused else "twice" if one.number else "refused"
        )
        counts[kind] += 1
        visit.coded += kind == "called" and one.code != ""
        if kind == "refused" and len(refused) < _NAMED and one.skipped is not None:
            refused.append(
                say(
                    "row {row}, {number}: {reason}",
                    row=one.phone.key,
                    number=one.phone.number or "—",
                    reason=one.skipped,
                )
            )
    visit.calls = counts["called"]
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
            say("mend them in the list; obzvon plan names them all"),
        )
    if not counts["called"]:
        yield warning(where, say("there is nobody on the list who can be called"), say("add numbers in the editor"))
        return
    yield good(
        where,
        say_many(
            "the list can be read: {n} row is called, {paused} are paused, {twice} stand there twice",
            "the list can be read: {n} rows are called, {paused} are paused, {twice} stand there twice",
            counts["called"],
            paused=counts["paused"],
            twice=counts["twice"],
        ),
    )


def check_schedule(visit: CheckContext) -> Iterator[Finding]:
    """The week can be read, has a start, and its runs have the time they need."""
    document = schedule_document(visit.settings.schedule)
    loaded, told = _read(document)
    yield from told
    if loaded is None:
        return
    yield from _late(visit, document.path, loaded.data)
    yield from _next(visit, document.path, loaded)


def check_history(visit: CheckContext) -> Iterator[Finding]:
    """Beside the documents their earlier versions and last good copies can be written."""
    documents = visit.settings.phones, visit.settings.schedule
    for folder in sorted({Path(os.path.realpath(path)).parent for path in documents}):
        history = folder / ".history"
        place = history if history.is_dir() else folder
        if not place.is_dir():
            continue  # told already: there is no document
        if os.access(place, os.W_OK | os.X_OK):
            yield good(place, say("the last good copies of the documents can be kept here"))
            continue
        remedy = say(
            "give the service's user the right to write: a group for both it and the editor, and chmod g+ws {path}",
            path=place,
        )
        if folder == Path(os.path.realpath(visit.settings.file)).parent and visit.settings.file.stat().st_uid == 0:
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
    """What is in it, and what is to be told of it; None where it cannot be read."""
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
                "mend the document, or bring an earlier version back in the editor, or: cp {good} {path}",
                good=history.good_copy_path,
                path=path,
            ),
        )


def _late(visit: CheckContext, path: Path, week: Schedule) -> Iterator[Finding]:
    """Starts at which the day is over already."""
    known = visit.settings
    if known.latest is None:
        return
    today = visit.now.astimezone(known.zone).date()
    starts = [(str(day), start) for day, start in enumerate(week.times, 1)]
    starts += [(day.isoformat(), start) for day, start in sorted(week.dates.items()) if day >= today]
    for key, start in starts:
        if start is not None and start >= known.latest:
            yield warning(
                f'{path} "{key}"',
                say(
                    "the run begins at {start}, and from {latest} on nothing is handed over: nobody is rung",
                    start=f"{start:%H:%M}",
                    latest=f"{known.latest:%H:%M}",
                ),
                say("set an earlier start, or a later [Day] latest in settings.ini"),
            )


def _next(visit: CheckContext, path: Path, week: LoadedDocument[Schedule]) -> Iterator[Finding]:
    """The next run, and whether it has the time that it needs."""
    known = visit.settings
    pace = known.pace()
    plan = next_run_forecast(known, [], week, visit.journal or AbsentJournal(), visit.now, numbering=NumberingPlan())
    if plan.start is None:
        yield warning(
            path,
            say("no day has a start, so nobody is rung by itself"),
            say("set the time of a day in the editor, or in the file: {example}", example='"1": "09:00"'),
        )
        return
    start = f"{plan.start:%Y-%m-%d %H:%M}"
    journal = known.journal.path
    if plan.overdue and (visit.journal or (journal and not journal.exists())):  # else nobody knows who was rung today
        yield warning(
            path,
            say("the start of {start} has passed without a run: the service begins it at once", start=start),
            say(
                "if nobody is to be rung today, write today into the dates of the week with 00:00 before the "
                "service starts"
            ),
        )
    way = forecast_handover(visit.calls, pace, max(plan.start, visit.now), plan.until)
    if way.cut_off and plan.until is not None:
        yield warning(
            path,
            say_many(
                "the run of {start} does not get to {n} call before {until}",
                "the run of {start} does not get to {n} calls before {until}",
                way.cut_off,
                start=start,
                until=f"{plan.until:%Y-%m-%d %H:%M}",
            ),
            say("set an earlier start, a larger bundle or a smaller timeout, or a later [Day] latest"),
        )
    if not pace.interval and not pace.is_bounded and visit.calls > _AT_ONCE:
        yield warning(
            f"{known.file} [CreateCallFiles] timeout",
            say("nothing holds a run back: {calls} calls go to Asterisk at once", calls=visit.calls),
            say("write how many seconds lie between two bundles, if the trunk cannot take so many"),
        )
    if plan.starts:
        yield good(
            path,
            say(
                "the week can be read; the next run begins on {start}, in the time zone {zone}",
                start=f"{plan.starts[0]:%Y-%m-%d %H:%M}",
                zone=plan.zone,
            ),
        )
