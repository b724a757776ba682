"""The fields of the schedule as an operator sets them: accepted, or refused with the reason beside each field."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, time

import msgspec
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from obzvon.domain.schedule import Schedule

#: Tuesday to Friday, which can take over Monday's time.
WORKDAYS = range(1, 5)

_TIME = re.compile(r"([0-9]{1,2})[:.-]([0-9]{2})(?::[0-9]{2})?")
#: Single dates above which the page accepts no more; those that exist are kept.
_MOST = 500


class DayFields(msgspec.Struct, frozen=True):
    """The fields of a day: whether there is a run, and its time."""

    on: bool
    at: str

    @classmethod
    def from_start(cls, start: time | None) -> "DayFields":
        """Return the fields for a start time; None means no run."""
        return cls(start is not None, f"{start:%H:%M}" if start else "")


class ScheduleForm(msgspec.Struct, frozen=True):
    """All fields as they were set, and the errors by field."""

    days: tuple[DayFields, ...]
    dates: dict[date, DayFields]
    #: The holidays that are ticked.
    off: frozenset[date]
    new_date: str = ""
    new: DayFields = DayFields(on=True, at="")
    errors: dict[str, str] = {}

    def schedule(self) -> Schedule:
        """Return the schedule of a form without errors."""
        dates: dict[date, time | None] = dict.fromkeys(sorted(self.off))
        dates |= {day: _time(entry) for day, entry in self.dates.items()}
        return Schedule(tuple(_time(entry) for entry in self.days), dict(sorted(dates.items())))

    def with_monday_copied(self) -> "ScheduleForm":
        """Return the form with Monday's fields on the other workdays."""
        days = tuple(self.days[0] if place in WORKDAYS else entry for place, entry in enumerate(self.days))
        return msgspec.structs.replace(self, days=days)


def fill_schedule_form(schedule: Schedule, holidays: Iterable[date]) -> ScheduleForm:
    """Return the fields of a schedule. A holiday without a run is a tick and no single date."""
    off = frozenset(day for day in holidays if day in schedule.dates and schedule.dates[day] is None)
    dates = {day: DayFields.from_start(start) for day, start in sorted(schedule.dates.items()) if day not in off}
    return ScheduleForm(tuple(DayFields.from_start(start) for start in schedule.times), dates, off)


def parse_schedule_form(form: MultiDict[str, str], holidays: Iterable[date]) -> ScheduleForm:
    """Return the fields of the page. `holidays` are the days that it had ticks for."""
    errors: dict[str, str] = {}
    days = tuple(_entry(form, str(day), errors) for day in range(1, 8))
    gone = form.get("remove", "")
    dates = {day: _entry(form, text, errors) for text in form.getlist("date") if text != gone and (day := _date(text))}
    ticked = [ends for text in form.getlist("off") if (ends := _range(text))]
    new_date, new = form.get("new-date", "").strip(), DayFields("on-new" in form, form.get("at-new", "").strip())
    off = frozenset(day for day in holidays if day not in dates and any(a <= day <= b for a, b in ticked))
    if new_date or form.get("action") == "add":
        day = _date(new_date)
        if day is None:
            errors["new-date"] = _("Choose a date")
        elif len(dates) >= _MOST:
            errors["new-date"] = _("These are too many dates; remove those that have passed")
        else:
            new = _entry(form, "new", errors)
            if "at-new" not in errors:
                dates, off = {**dates, day: new}, off - {day}
                new_date, new = "", DayFields(on=True, at="")
    return ScheduleForm(days, dict(sorted(dates.items())), off, new_date[:20], new, errors)


def _entry(form: Mapping[str, str], name: str, errors: dict[str, str]) -> DayFields:
    entry = DayFields(f"on-{name}" in form, form.get(f"at-{name}", "").strip()[:10])
    if not entry.on:
        return msgspec.structs.replace(entry, at=entry.at if _clock(entry.at) else "")
    if not entry.at:
        errors[f"at-{name}"] = _("Set a time, or switch this day off")
    elif (found := _clock(entry.at)) is None:
        errors[f"at-{name}"] = _("Write a time as 09:00")
    elif found == time(0):
        errors[f"at-{name}"] = _("00:00 means that nobody is called: switch it off, or set 00:01")
    return entry


def _time(entry: DayFields) -> time | None:
    return _clock(entry.at) if entry.on else None


def _clock(text: str) -> time | None:
    found = _TIME.fullmatch(text)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    return None


def _range(text: str) -> tuple[date, date] | None:
    """Return the first and the last day of a tick: one date, or two with a slash between them."""
    first, _slash, last = text.partition("/")
    start, end = _date(first), _date(last or first)
    return (start, end) if start and end else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None
