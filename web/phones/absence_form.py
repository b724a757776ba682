"""The choice until when rows of the list are not called, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec
from flask_babel import gettext as _
from flask_babel import ngettext

from obzvon.common.i18n import date_label
from obzvon.common.text import upper_first
from obzvon.domain.absence import Absence, parse_day
from obzvon.domain.phones import Phone
from web.i18n import translate

_ONE_DAY = timedelta(days=1)
#: The fields of the form; what else the page sends says which rows are meant.
FIELDS = ("choice", "tomorrow", "first", "until", "count", "sure")
CHOICES = ("until", "tomorrow", "paused")


class AbsenceForm(msgspec.Struct, frozen=True):
    """The fields as they were filled in, and a sentence for each wrong one.

    `tomorrow` is the day that the page showed as tomorrow: sent after midnight, it still is that day.
    """

    tomorrow: date
    choice: str = "until"
    first: str = ""
    until: str = ""
    errors: dict[str, str] = {}

    @property
    def absence(self) -> Absence | None:
        """Return the days without a call; None = paused until somebody ends it. Only for a form without errors."""
        if self.choice == "paused":
            return None
        if self.choice == "tomorrow":
            return Absence(self.tomorrow, self.tomorrow + _ONE_DAY)
        return Absence(parse_day(self.first), parse_day(self.until))

    def apply_to(self, phone: Phone) -> Phone:
        """Return the row with this pause instead of the one that it may have."""
        return msgspec.structs.replace(phone, paused=self.choice == "paused", absence=self.absence)


def fill_absence_form(phones: Sequence[Phone], today: date) -> AbsenceForm:
    """Return the form for these rows, with the dates of a single one."""
    form = AbsenceForm(today + _ONE_DAY)
    absence = phones[0].absence if len(phones) == 1 else None
    if absence is None or not absence.is_readable or absence.is_over(today):
        return form
    first = absence.first if absence.first and absence.first >= today else None
    return msgspec.structs.replace(form, first=_iso(first), until=_iso(absence.until))


def parse_absence_form(form: Mapping[str, str], today: date, count: int) -> AbsenceForm:
    """Return the fields and their errors. `count` rows are concerned; a filter finds others after midnight."""
    choice = form.get("choice", "")
    first, until = form.get("first", "").strip(), form.get("until", "").strip()
    shown = parse_day(form.get("tomorrow", ""))
    errors = {"until": _wrong_dates, "tomorrow": _wrong_tomorrow, "paused": _no_dates}.get(choice, _no_choice)(
        first, until, shown, today
    )
    if form.get("count") != str(count):
        errors[""] = _("The numbers that are concerned have changed. Look at them and save again")
    tomorrow = shown if shown and not errors else today + _ONE_DAY
    return AbsenceForm(tomorrow, choice if choice in CHOICES else "until", first, until, errors)


def describe_saved(absence: Absence | None, count: int, today: date) -> str:
    """Return the notice for that many rows that were saved with the absence; None = paused."""
    if absence is None or absence.until is None or (days := absence.describe(today)) is None:
        return str(ngettext("Paused: %(num)s number", "Paused: %(num)s numbers", count))
    return str(
        ngettext(
            "%(absence)s, called again from %(until)s: %(num)s number",
            "%(absence)s, called again from %(until)s: %(num)s numbers",
            count,
            absence=upper_first(translate(days)),
            until=_words(absence.until, today),
        )
    )


def _no_choice(_first: str, _until: str, _shown: date | None, _today: date) -> dict[str, str]:
    return {"choice": _("Choose one of these")}


def _wrong_dates(first: str, until: str, _shown: date | None, today: date) -> dict[str, str]:
    begin, end = parse_day(first), parse_day(until)
    errors = {}
    if first and begin is None:
        errors["first"] = _("This is not a date")
    elif begin is not None and begin < today:
        errors["first"] = _("%(day)s is over. Leave the field empty to begin at once", day=_words(begin, today))
    elif begin is not None and end is not None and begin >= end:
        errors["first"] = _("It has to be before the day on which they are called again")
    if not until:
        errors["until"] = _("Choose the day on which they are called again")
    elif end is None:
        errors["until"] = _("This is not a date")
    elif end <= today:
        errors["until"] = _("%(day)s has already begun. Choose a later day", day=_words(end, today))
    return errors


def _wrong_tomorrow(first: str, until: str, shown: date | None, today: date) -> dict[str, str]:
    if shown is not None and today <= shown <= today + _ONE_DAY:
        return _no_dates(first, until, shown, today)
    return {"choice": _("The page is from another day. Choose again")}


def _no_dates(first: str, until: str, _shown: date | None, _today: date) -> dict[str, str]:
    """Refuse dates beside another choice: it is not clear which of both is meant."""
    sentence = _("A date is filled in, but “until a day” is not chosen. Choose that, or empty the field")
    return {name: sentence for name, text in (("first", first), ("until", until)) if text}


def _words(day: date, today: date) -> str:
    return translate(date_label(day, with_year=day.year != today.year))


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
