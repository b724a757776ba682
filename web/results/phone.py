"""«Почему не позвонили?»: the days of one phone, each with the call that says best what happened."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import msgspec
from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from obzvon.documents.store import DocumentError
from obzvon.domain import redial
from obzvon.domain.calls import CallRecord, Run
from obzvon.journal.journal import Journal
from obzvon.journal.queries import CallQueries
from obzvon.journal.superseded import rank
from web.context import app_context
from web.phone_index import PhoneIndex
from web.results.days import ResultDays
from web.results.query import clean_search_text, parse_day

#: Calls that are searched for one page: a week of 100,000 a day. A small list gets all 31 days.
_ROWS = 700_000
_DAYS = 31
_PEOPLE = 50
_LINES = 2000


class PhoneMatch(msgspec.Struct, frozen=True):
    """A phone that was found. `day` is its last one in the journal, None if only the list has it."""

    number: str
    code: str
    name: str
    is_listed: bool
    day: date | None = None


class DayLine(msgspec.Struct, frozen=True):
    """A phone's day: the call that says best what happened, the others, or the reason why there is none."""

    day: date
    best: CallRecord | None = None
    others: tuple[CallRecord, ...] = ()
    reason: str = ""


def show_phone_days() -> ResponseReturnValue:
    """Show the days of a phone, given by number and code or found by text; of several matches, let one be chosen."""
    q = clean_search_text(request.args.get("q", "")).strip()
    number, code = clean_search_text(request.args.get("number", "")), clean_search_text(request.args.get("code", ""))
    days, journal = ResultDays(), app_context().journal()
    until = min(parse_day(request.args.get("until", "")) or days.today, days.today)
    window = _window(journal, until, days.first)
    people: list[PhoneMatch] = []
    deep = "deep" in request.args
    if number:
        people = [_phone_with_name(number, code)]
    elif q:
        people = _in_list(q)
        if (deep or not people) and not journal.is_absent:
            deep = True
            found = {(one.number, one.code) for one in people}
            people += [
                one for one in _in_journal(journal.queries(), q, window.runs) if (one.number, one.code) not in found
            ]
    person = people[0] if len(people) == 1 else None
    lines: Sequence[DayLine] = ()
    if person is not None:
        lines = _days(journal.queries(), person, window, days)
        name = next((one.best.name for one in lines if one.best and one.best.name), "")
        person = msgspec.structs.replace(person, name=person.name or name)
    return render_template(
        "results_phone.html",
        q=q or number,
        people=people[:_PEOPLE],
        more=len(people) > _PEOPLE,
        person=person,
        lines=lines,
        days=days,
        window=window,
        deep=deep,
        until=until,
        journal=not journal.is_absent,
    )


class DayWindow(msgspec.Struct, frozen=True):
    """The days of a page with their runs, newest first. `earlier` is the first day of the next page."""

    days: tuple[tuple[date, tuple[Run, ...]], ...] = ()
    earlier: date | None = None

    @property
    def runs(self) -> list[int]:
        """The ids of all runs."""
        return [run.id for _, runs in self.days for run in runs]


def _window(journal: Journal, until: date, first: date | None) -> DayWindow:
    if first is None or until < first:
        return DayWindow()
    begin = max(first, until - timedelta(days=_DAYS - 1))
    by_day: dict[date, list[Run]] = {}
    for run in journal.runs.on_days(begin, until):
        by_day.setdefault(run.day, []).append(run)
    days: list[tuple[date, tuple[Run, ...]]] = []
    rows, day = 0, until
    while day >= begin:
        runs = tuple(by_day.get(day, ()))
        rows += sum(run.total for run in runs)
        if days and rows > _ROWS:
            break
        days.append((day, runs))
        day -= timedelta(days=1)
    return DayWindow(tuple(days), day if day >= first else None)


def _days(results: CallQueries, person: PhoneMatch, window: DayWindow, days: ResultDays) -> list[DayLine]:
    by_day: dict[date, list[CallRecord]] = {}
    for line in results.records_of_phone(person.number, person.code, window.runs):
        by_day.setdefault(line.day, []).append(line)
    found = []
    for day, runs in window.days:
        lines = sorted(by_day.get(day, ()), key=lambda line: (rank(line), line.run_id), reverse=True)
        if lines:
            found.append(DayLine(day, lines[0], tuple(lines[1:])))
        else:
            found.append(DayLine(day, reason=_reason_for_no_call(runs, day, days)))
    return found


def _reason_for_no_call(runs: Collection[Run], day: date, days: ResultDays) -> str:
    """Return the reason why a phone has no call on a day."""
    whole = [run for run in runs if run.kind in ("week", "manual")]
    if any(not redial.is_redial_note(run.note) for run in whole):
        return str(_("It was not in the list when the run began."))
    if whole:
        return str(_("That day's run called only some numbers, and this one was not among them."))
    if any(run.has_unknown_calls for run in runs):
        return str(
            _(
                "Calls were made on that day outside this journal, by the former script or from another journal; "
                "whom they reached is not known."
            )
        )
    return days.reason_for_no_run(day)


def _phone_index() -> PhoneIndex | None:
    try:
        return app_context().phones.current()
    except DocumentError:  # the page of the numbers says what is wrong with the list
        return None


def _in_list(q: str) -> list[PhoneMatch]:
    phone_index = _phone_index()
    if phone_index is None:
        return []
    people: dict[tuple[str, str], PhoneMatch] = {}
    for place in phone_index.find(q):
        row = phone_index.rows[place]
        number, code = row.number or row.phone.number, row.code or row.phone.code
        if number:
            people.setdefault((number, code), PhoneMatch(number, code, row.phone.name, is_listed=True))
        if len(people) > _PEOPLE:
            break
    return list(people.values())


def _in_journal(results: CallQueries, q: str, runs: Collection[int]) -> list[PhoneMatch]:
    people: dict[tuple[str, str], PhoneMatch] = {}
    for line in results.search(q, runs, _LINES):
        if line.number:
            people.setdefault(
                (line.number, line.code), PhoneMatch(line.number, line.code, line.name, is_listed=False, day=line.day)
            )
    return list(people.values())


def _phone_with_name(number: str, code: str) -> PhoneMatch:
    """Return the phone with this number and code, and the name that the list has for it."""
    phone_index = _phone_index()
    for row in phone_index.rows if phone_index else ():
        if (row.number or row.phone.number, row.code or row.phone.code) == (number, code):
            return PhoneMatch(number, code, row.phone.name, is_listed=True)
    return PhoneMatch(number, code, "", is_listed=False)
