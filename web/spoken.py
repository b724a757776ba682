"""Words and numbers of runs as the pages say them."""

from datetime import tzinfo

from babel.dates import get_timezone_location
from flask_babel import get_locale
from flask_babel import gettext as _

from obzvon.plan import Why


def place(zone: tzinfo) -> str:
    """Where the clock of a time zone hangs: a city, else the zone's name."""
    name = str(zone)
    if "/" not in name or name.startswith("Etc/"):
        return name
    try:
        return str(get_timezone_location(name, locale=get_locale(), return_city=True))
    except LookupError:
        return name


def why_words(why: Why) -> str:
    """Why rows are skipped, before a count of them."""
    words = {Why.PAUSED: _("paused"), Why.REFUSED: _("cannot be called"), Why.DUPLICATE: _("stand twice"),
            Why.RUNG: _("rung today already")}
    return str(words[why])
