"""The pages in the reader's language, which a cookie keeps, and in the colours of the reader's choice."""

from datetime import datetime, time, timedelta, tzinfo

from babel.dates import get_timezone_location
from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, format_date, get_locale
from flask_babel import gettext as _

from obzvon.common.i18n import LANGUAGES, Message
from obzvon.common.text import escape_controls
from obzvon.domain.forecast import SkipReason
from obzvon.settings.model import Settings
from web import requests

preferences = Blueprint("preferences", __name__)

_YEAR = 31_536_000
_THEMES = ("light", "dark", "auto")


def install_i18n(app: Flask, settings: Settings) -> None:
    """Sets up languages, times and what templates need for them."""
    usual = settings.language if settings.language in LANGUAGES else "ru"

    def locale() -> str:
        if requests.is_api_request():
            return request.accept_languages.best_match(LANGUAGES) or usual
        chosen = request.cookies.get("language", "")
        return chosen if chosen in LANGUAGES else usual

    Babel(
        app,
        default_locale=usual,
        default_translation_directories="translations",
        locale_selector=locale,
        timezone_selector=lambda: settings.zone,
    )
    app.register_blueprint(preferences)
    app.add_template_filter(translate)
    app.add_template_filter(escape_controls)
    app.add_template_filter(upper_first)
    app.add_template_filter(lower_first)
    app.jinja_env.globals.update(language=language, theme=theme)


def language() -> str:
    """'ru' or 'en'."""
    return str(get_locale())


def translate(message: Message) -> str:
    """A sentence of obzvon's in the page's language; what values it has act on nothing."""
    return escape_controls(message.in_language(language()))


def upper_first(text: str) -> str:
    """The text as a sentence of its own."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """The text as a part of a sentence; in English the names of days stay as they are."""
    return text[:1].lower() + text[1:] if language() == "ru" or text.startswith(("Today", "Tomorrow")) else text


def theme() -> str:
    """light, dark, or auto: as the reader's machine has it."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in _THEMES else "auto"


@preferences.post("/language/<any(ru, en):chosen>", endpoint="language")
def choose_language(chosen: str) -> ResponseReturnValue:
    """Another language."""
    return _keep("language", chosen)


@preferences.post("/theme/<any(light, dark, auto):chosen>", endpoint="theme")
def choose_theme(chosen: str) -> ResponseReturnValue:
    """Other colours."""
    return _keep("theme", chosen)


def _keep(name: str, value: str) -> ResponseReturnValue:
    back = request.form.get("back", "/")
    response = redirect(
        back if back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable() else "/", 303
    )
    response.set_cookie(name, value, max_age=_YEAR, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def local_time(moment: datetime, settings: Settings) -> datetime:
    """A moment by the settings' clock."""
    return moment.astimezone(settings.zone)


def zone_city(zone: tzinfo) -> str:
    """Where the clock of a time zone hangs: a city, else the zone's name."""
    name = str(zone)
    if "/" not in name or name.startswith("Etc/"):
        return name
    try:
        return str(get_timezone_location(name, locale=get_locale(), return_city=True))
    except LookupError:
        return name


def skip_reason_label(why: SkipReason) -> str:
    """Why rows are skipped, before a count of them."""
    words = {
        SkipReason.PAUSED: _("paused"),
        SkipReason.REFUSED: _("cannot be called"),
        SkipReason.DUPLICATE: _("stand twice"),
        SkipReason.CALLED_TODAY: _("rung today already"),
    }
    return str(words[why])


def format_time(moment: datetime | time) -> str:
    """A time of day, as 09:00."""
    return f"{moment:%H:%M}"


def format_day(moment: datetime, now: datetime) -> str:
    """A day in words, as far as one needs: today, tomorrow, Friday 27 November."""
    ahead = moment.date() - now.date()
    words = str(format_date(moment.date(), "EEEE, d MMMM" if moment.year == now.year else "EEEE, d MMMM y"))
    if ahead == timedelta(0):
        words = str(_("today, %(day)s", day=words))
    elif ahead == timedelta(days=1):
        words = str(_("tomorrow, %(day)s", day=words))
    return words[:1].upper() + words[1:]
