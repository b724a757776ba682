"""Sentences for operators, in Russian and English: kept as data and translated when they are shown.

``say("no such folder: {path}", path=p)`` makes a sentence that is stored with its values, in the journal or in an
error. It becomes Russian or English when it is shown, in the reader's language. The English text is the key of the
gettext catalogue in ``translations/``.
"""

import functools
import gettext
import os
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import msgspec

LANGUAGES = ("ru", "en")

CATALOGUE = "obzvon"
#: The catalogue of former wordings: journals keep sentences, and each is translated by the wording it was stored with.
RETIRED = "retired"
TRANSLATIONS = Path(__file__).parents[1] / "translations"
_current = "en"


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sentence for operators: English text with ``{named}`` fields, and their values.

    If ``many`` is set, the sentence depends on the number ``n`` among the values, and `text` is the singular.
    """

    text: str
    values: dict[str, "str | int | float | Message"] = {}
    many: str = ""

    def __str__(self) -> str:
        return self.in_language(_current)

    def in_language(self, language: str) -> str:
        """Return the sentence in 'ru' or 'en'."""
        catalogue = catalogue_of(language)
        if self.many:
            template = catalogue.ngettext(self.text, self.many, int(str(self.values["n"])))
        else:
            template = catalogue.gettext(self.text) if self.text else ""
        values = {name: _translate_value(value, language) for name, value in self.values.items()}
        return template.format_map(values)


def say(text: str, /, **values: object) -> Message:
    """Return a sentence. Dates and moments are kept in words, other values that are no messages as their text."""
    return Message(text, _plain(values))


def say_many(one: str, many: str, /, n: int, **values: object) -> Message:
    """Return a sentence that depends on the number `n`."""
    return Message(one, _plain({"n": n, **values}), many)


def date_label(day: date, *, with_year: bool = False) -> Message:
    """Return a date in words, for example 5 December."""
    words = Message(_MONTHS[day.month - 1].text, {"day": day.day})
    return say("{date} {year}", date=words, year=day.year) if with_year else words


def moment_label(moment: datetime) -> Message:
    """Return a moment in words, for example 5 December 2026, 09:00. It is shown in the time zone that it has."""
    return say("{day}, {time}", day=date_label(moment.date(), with_year=True), time=f"{moment:%H:%M}")


def set_language(language: str) -> None:
    """Set the language of this process: 'ru' or 'en'."""
    global _current  # noqa: PLW0603 - a process has one reader; the editor translates each page by itself
    _current = language if language in LANGUAGES else "en"


def current_language() -> str:
    """Return the language of this process."""
    return _current


def preferred_language(environ: Mapping[str, str] = os.environ) -> str:
    """Return the reader's language by the environment, else Russian, as under cron and supervisor."""
    for name in ("OBZVON_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        language = environ.get(name, "")[:2].lower()
        if language in LANGUAGES:
            return language
    return "ru"


def _plain(values: Mapping[str, object]) -> dict[str, str | int | float | Message]:
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: object) -> str | int | float | Message:
    if isinstance(value, datetime):
        return moment_label(value)
    if isinstance(value, date):
        return date_label(value, with_year=True)
    return value if isinstance(value, str | int | float | Message) else str(value)


def _translate_value(value: str | float | Message, language: str) -> str | int | float:
    return value.in_language(language) if isinstance(value, Message) else value


@functools.cache
def catalogue_of(language: str) -> gettext.NullTranslations:
    """Return the translations into a language; former wordings are looked up last."""
    catalogue = gettext.translation(CATALOGUE, TRANSLATIONS, [language], fallback=True)
    catalogue.add_fallback(gettext.translation(RETIRED, TRANSLATIONS, [language], fallback=True))
    return catalogue


_MONTHS = (
    say("{day} January"),
    say("{day} February"),
    say("{day} March"),
    say("{day} April"),
    say("{day} May"),
    say("{day} June"),
    say("{day} July"),
    say("{day} August"),
    say("{day} September"),
    say("{day} October"),
    say("{day} November"),
    say("{day} December"),
)
