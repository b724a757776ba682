"""Language, dates and numbers of the pages, and the reader's preferences, which cookies keep."""

from collections.abc import Callable
from datetime import datetime, time, timedelta, tzinfo

from babel.dates import get_timezone_location
from babel.support import NullTranslations
from flask import Blueprint, Flask, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, format_date, get_locale, get_translations
from flask_babel import gettext as _

from obzvon.common.i18n import LANGUAGES, Message
from obzvon.common.text import escape_controls, group_digits, upper_first
from obzvon.domain.forecast import SkipReason
from obzvon.settings.model import Settings
from web import requests

preferences = Blueprint("preferences", __name__)

_YEAR_SECONDS = 31_536_000
_THEMES = ("light", "dark", "auto")
#: A date's number stays beside its month when a line is broken.
DAY = "EEEE, d\u00a0MMMM"
DAY_OF_YEAR = f"{DAY} y"
SHORT_DAY = "EEE, d\u00a0MMMM"
#: A phone number must not be broken over two lines.
_UNBREAKABLE = str.maketrans(" -", "\u00a0\u2011")


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for translation and return it unchanged."""
    return text


def install_i18n(app: Flask, settings: Callable[[], Settings]) -> None:
    """Set up the languages, the time zone and the filters of the templates. `settings` returns those in force."""

    def locale() -> str:
        default = settings().language if settings().language in LANGUAGES else "ru"
        if requests.is_api_request():
            return request.accept_languages.best_match(LANGUAGES) or default
        chosen = request.cookies.get("language", "")
        return chosen if chosen in LANGUAGES else default

    Babel(
        app,
        default_locale="ru",
        default_translation_directories="translations",
        locale_selector=locale,
        timezone_selector=lambda: settings().zone,
    )
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        gettext=lambda text: _translations().ugettext(text),
        ngettext=lambda one, many, number: _translations().ungettext(one, many, number),
        newstyle=True,
    )
    app.register_blueprint(preferences)
    app.add_template_filter(translate)
    app.add_template_filter(escape_controls)
    app.add_template_filter(upper_first)
    app.add_template_filter(format_phone_number)
    app.add_template_filter(lower_first)
    app.jinja_env.globals.update(language=language, theme=theme, DAY=DAY, SHORT_DAY=SHORT_DAY)


def _translations() -> NullTranslations:
    """Return the catalogue of the response. A page asks for a hundred sentences, so it is looked up once."""
    found: NullTranslations | None = g.get("translations")
    if found is None:
        found = g.translations = get_translations()
    return found


def language() -> str:
    """Return the language of the response, 'ru' or 'en'."""
    return str(get_locale())


def translate(message: Message) -> str:
    """Return the sentence in the language of the response, with control characters escaped except line breaks."""
    return "\n".join(map(escape_controls, message.in_language(language()).split("\n")))


def lower_first(text: str) -> str:
    """Return the text as a part of a sentence. In English the names of days keep their capital."""
    return text[:1].lower() + text[1:] if language() == "ru" or text.startswith(("Today", "Tomorrow")) else text


def theme() -> str:
    """Return the chosen colours: light, dark, or auto, as the reader's machine has it."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in _THEMES else "auto"


@preferences.post("/language/<any(ru, en):chosen>", endpoint="language")
def choose_language(chosen: str) -> ResponseReturnValue:
    """Choose the language."""
    return _keep("language", chosen)


@preferences.post("/theme/<any(light, dark, auto):chosen>", endpoint="theme")
def choose_theme(chosen: str) -> ResponseReturnValue:
    """Choose the colours."""
    return _keep("theme", chosen)


def _keep(name: str, value: str) -> ResponseReturnValue:
    back = request.form.get("back", "/")
    response = redirect(
        back if back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable() else "/", 303
    )
    response.set_cookie(name, value, max_age=_YEAR_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def local_time(moment: datetime, settings: Settings) -> datetime:
    """Return the moment in the time zone of the settings."""
    return moment.astimezone(settings.zone)


def format_phone_number(number: str) -> str:
    """Return a number as people read it, on one line: 8 916 111-11-11."""
    grouped = group_digits(number)
    return number if grouped == number else grouped.translate(_UNBREAKABLE)


def zone_city(zone: tzinfo) -> str:
    """Return the city of a time zone, else the zone's name."""
    name = str(zone)
    if "/" not in name or name.startswith("Etc/"):
        return name
    try:
        return str(get_timezone_location(name, locale=get_locale(), return_city=True))
    except LookupError:
        return name


def skip_reason_label(why: SkipReason) -> str:
    """Return the label of the reason that rows are skipped for, as it is shown before their number."""
    labels = {
        SkipReason.PAUSED: _("paused"),
        SkipReason.REFUSED: _("cannot be called"),
        SkipReason.DUPLICATE: _("duplicates"),
        SkipReason.CALLED_TODAY: _("called today already"),
    }
    return str(labels[why])


def format_time(moment: datetime | time) -> str:
    """Return the time of day, as 09:00."""
    return f"{moment:%H:%M}"


def format_day(moment: datetime, now: datetime) -> str:
    """Return the day in words: today, tomorrow, Friday, 27 November; with the year if it is another one."""
    ahead = moment.date() - now.date()
    words = str(format_date(moment.date(), DAY if moment.year == now.year else DAY_OF_YEAR))
    if ahead == timedelta(0):
        words = str(_("today, %(day)s", day=words))
    elif ahead == timedelta(days=1):
        words = str(_("tomorrow, %(day)s", day=words))
    return upper_first(words)
