"""The public holidays of this and the next year, offered as days without calls."""

from datetime import date

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
