"""The public holidays of this and the next year, offered as days without calls."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

import holidays

_LANGUAGES = {"ru": "ru", "en": "en_US"}


def upcoming_holidays(region: str, today: date, language: str) -> dict[date, str]:
    """Return the holidays from today on with their names; none if the library does not know the region."""
    for wanted in (_LANGUAGES[language], None):
        try:
            found = holidays.country_holidays(region, years=(today.year, today.year + 1), language=wanted)
        except NotImplementedError:
            return {}
        except ValueError:  # a language that this country's names are not in
            continue
        return {day: name for day, name in sorted(found.items()) if day >= today}
    return {}


def consecutive_days(holidays: Iterable[date], off: Collection[date], single: Collection[date]) -> list[list[date]]:
    """Return the holidays in groups that one tick sets: days of a year that follow each other and are set alike.

    A day among the single dates is a group of its own.
    """
    groups: list[list[date]] = []
    for day in holidays:
        before = groups[-1][-1] if groups else None
        is_next = before is not None and before.year == day.year and day - before == timedelta(days=1)
        if before is not None and is_next and not {before, day} & set(single) and (before in off) == (day in off):
            groups[-1].append(day)
        else:
            groups.append([day])
    return groups
