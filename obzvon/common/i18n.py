"""What operators read, in Russian and English: sentences that are kept as data and worded when they are shown.

A sentence written here and there as ``say("no such folder: {path}", path=p)`` is stored (in the journal, in an
error) with its values, and becomes Russian or English only at the last moment, in the reader's language. The English
text is the key of the gettext catalogue in ``translations/``.
"""

import functools
import gettext
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

LANGUAGES = ("ru", "en")

CATALOGUE = "obzvon"
TRANSLATIONS = Path(__file__).parents[1] / "translations"
_current = "en"


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sentence for an operator: English text with ``{named}`` places, and the values that stand there.

    With ``many`` set the sentence has a number in it, ``n`` among the values, and `text` is its singular.
    """

    text: str
    values: dict[str, "str | int | float | Message"] = {}
    many: str = ""

    def __str__(self) -> str:
        return self.in_language(_current)

    def in_language(self, language: str) -> str:
        """The sentence in 'ru' or 'en'."""
        catalogue = _catalogue(language)
        if self.many:
            template = catalogue.ngettext(self.text, self.many, int(str(self.values["n"])))
        else:
            template = catalogue.gettext(self.text) if self.text else ""
        worded = {name: _worded(value, language) for name, value in self.values.items()}
        return template.format_map(worded)


def say(text: str, /, **values: object) -> Message:
    """A sentence; values that are neither numbers nor messages are kept as their text."""
    return Message(text, _plain(values))


def say_many(one: str, many: str, /, n: int, **values: object) -> Message:
    """A sentence whose wording depends on the count `n`."""
    return Message(one, _plain({"n": n, **values}), many)


def set_language(language: str) -> None:
    """Sets the language of this process: 'ru' or 'en'."""
    global _current  # noqa: PLW0603 - a process speaks to one reader; the editor words each page for itself
    _current = language if language in LANGUAGES else "en"


def current_language() -> str:
    """The language of this process."""
    return _current


def preferred_language(environ: Mapping[str, str] = os.environ) -> str:
    """The reader's language by the environment; Russian where it tells nothing, as under cron and supervisor."""
    for name in ("OBZVON_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        language = environ.get(name, "")[:2].lower()
        if language in LANGUAGES:
            return language
    return "ru"


def _plain(values: Mapping[str, object]) -> dict[str, str | int | float | Message]:
    return {
        name: value if isinstance(value, str | int | float | Message) else str(value) for name, value in values.items()
    }


def _worded(value: str | float | Message, language: str) -> str | int | float:
    return value.in_language(language) if isinstance(value, Message) else value


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(CATALOGUE, TRANSLATIONS, [language], fallback=True)
