"""Days on which a phone is not called, for example a holiday. An absence ends by itself. Pure."""

import re
from datetime import date

import msgspec

from obzvon.common.i18n import Message, date_label, say
from obzvon.common.text import escape_controls

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MAX_TEXT = 40


class Absence(msgspec.Struct, frozen=True, gc=False):
    """Days without a call: from `first` to the day before `until`. None = from any day on, or until it is lifted.

    `unreadable` has the texts that are no dates. Such an absence is in force on every day: somebody wrote it so that a
    number is not called.
    """

    first: date | None = None
    until: date | None = None
    unreadable: tuple[str, ...] = ()

    @property
    def is_readable(self) -> bool:
        """Return whether it says on which days nobody is called. One that ends before it begins does not."""
        return not self.unreadable and (self.first is None or self.until is None or self.first < self.until)

    def is_over(self, day: date) -> bool:
        """Return whether it ended on that day or before."""
        return self.is_readable and self.until is not None and self.until <= day

    def covers(self, day: date) -> bool:
        """Return whether the phone is not called on that day."""
        return not self.is_readable or ((self.first is None or self.first <= day) and not self.is_over(day))

    def describe(self, day: date) -> Message | None:
        """Return the absence in words as of that day, also one that is still to come; None if it is over."""
        if not self.is_readable:
            written = self.unreadable or (f"{self.first}", f"{self.until}")
            text = escape_controls(" – ".join(written))[:_MAX_TEXT]
            return say("it cannot be read until when not to call: “{text}”", text=text)
        if self.is_over(day):
            return None
        until = self.until and _words(self.until, day)
        if self.first is None or self.first <= day:
            if until is None:
                return say("not to be called from {first} on", first=_words(self.first or day, day))
            return say("not to be called until {until}", until=until)
        if until is None:
            return say("not to be called from {first} on", first=_words(self.first, day))
        return say("not to be called from {first} until {until}", first=_words(self.first, day), until=until)


def read_absence(first: str, until: str) -> Absence | None:
    """Return the absence between two dates in ISO form; "" = no date."""
    if not first and not until:
        return None
    begin, end = parse_day(first), parse_day(until)
    unreadable = tuple(text for text, day in ((first, begin), (until, end)) if text and day is None)
    return Absence(begin, end, unreadable)


def parse_day(text: str) -> date | None:
    """Return the date that is written as 2026-12-05, else None."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _words(day: date, today: date) -> Message:
    return date_label(day, with_year=day.year != today.year)
