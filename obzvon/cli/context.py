"""The settings that a command works by, and the journal that it looks into."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obzvon.common import i18n
from obzvon.journal.journal import Journal
from obzvon.service import factory
from obzvon.settings.model import Settings, default_settings_file, load_settings


def use_settings(file: Path | None) -> Settings:
    """Those of the file, else of the first that is found; from here on the program speaks the language they name."""
    known = load_settings(file or default_settings_file())
    if known.language in i18n.LANGUAGES:
        i18n.set_language(known.language)
    return known


@contextmanager
def open_existing_journal(known: Settings) -> Iterator[Journal | None]:
    """The journal, None where no service has made one yet: who only asks makes none."""
    if known.journal.path is not None and not os.path.lexists(known.journal.path):
        yield None
        return
    journal = factory.open_journal(known)
    try:
        yield journal
    finally:
        journal.close()
