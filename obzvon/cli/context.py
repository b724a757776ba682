"""Shared parts of the commands: settings, journal, documents, log and output."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeVar

import click
from rich.console import Console

from obzvon.cli.progress import RunProgressBar
from obzvon.common import files, i18n, logs
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import Message, say
from obzvon.documents.store import Document, DocumentError, LoadedDocument
from obzvon.documents.watcher import WatchedDocument, recovery_hint
from obzvon.journal.database import JournalUnavailableError
from obzvon.journal.journal import AbsentJournal, Journal
from obzvon.reports.day_conflict import describe_day_conflict, find_day_conflict
from obzvon.service import factory
from obzvon.settings.model import Settings, default_settings_file, load_settings

log = logging.getLogger("obzvon")
T = TypeVar("T")

#: Exit status of a command that ran and found something wrong, and of one that could not run.
EXIT_WRONG = 1
EXIT_NOT_RUN = 2

#: Seconds until a journal that cannot be opened is tried again.
_RETRY_SECONDS = 10.0


def use_settings(file: Path | None) -> Settings:
    """Load the named settings file, or the first that is found, and switch to the language that it names."""
    settings = load_settings(file or default_settings_file())
    if settings.language in i18n.LANGUAGES:
        i18n.set_language(settings.language)
    return settings


@contextmanager
def open_existing_journal(settings: Settings) -> Iterator[Journal]:
    """Open the journal for reading; an absent one if no service has made it yet. A question creates no journal."""
    if settings.journal.path is not None and not os.path.lexists(settings.journal.path):
        yield AbsentJournal()
        return
    with open_journal(settings) as journal:
        yield journal


def open_journal(settings: Settings) -> AbstractContextManager[Journal]:
    """Open the journal, and create it if there is none. It is closed at the end of the block."""
    return closing(factory.open_journal(settings))


def open_service_journal(settings: Settings, *, waits: bool) -> AbstractContextManager[Journal]:
    """Open the journal for the service: create it if there is none, migrate it if an older version made it.

    With `waits`, wait for one that cannot be used yet, for example before its database is up.
    """
    return closing(_wait_for_journal(settings) if waits else factory.open_service_journal(settings))


def _wait_for_journal(settings: Settings) -> Journal:
    logged = None
    while True:
        try:
            return factory.open_service_journal(settings, busy_timeout=1.0)
        except JournalUnavailableError as error:
            if error.problems != logged:
                logged = error.problems
                log.error("%s", error)  # noqa: TRY400 - written for an operator, no traceback
            time.sleep(_RETRY_SECONDS)


def load_current(document: Document[T]) -> LoadedDocument[T]:
    """Return a document as the service uses it: if it is broken, print that and return its last good copy."""
    try:
        return document.load()
    except DocumentError as error:
        loaded = WatchedDocument(document).load_current()
        click.echo(f"{error}\n{recovery_hint(document)}", err=True)
        return loaded


@contextmanager
def write_log(settings: Settings, *, terminal: bool = True) -> Iterator[None]:
    """Write the log into its folder, and to the terminal as well."""
    logs.set_up_logging(
        settings.logs, settings.zone, level=settings.log_level, keep_days=settings.keep_days, terminal=terminal
    )
    try:
        yield
    finally:
        logs.remove_log_handlers()


@contextmanager
def show_progress(journal: Journal) -> Iterator[RunProgressBar]:
    """Show a progress bar of the run, if there is a terminal."""
    with RunProgressBar(journal, Console(stderr=True)) as bar:
        yield bar


@contextmanager
def open_output(file: Path | None, form: str) -> Iterator[IO[bytes]]:
    """Open the file for a report, or the standard output. Raise UserError if the file cannot be written."""
    if file is None:
        if form == "xlsx" and sys.stdout.isatty():
            raise click.UsageError(str(say("a workbook cannot be shown in a terminal; name a file with --output")))
        yield sys.stdout.buffer
        return
    try:
        if file.exists() and not file.is_file():  # a pipe or /dev/stdout must not be replaced by a file
            with file.open("wb") as stream:
                yield stream
        else:
            with files.replace_file(file) as descriptor, open(descriptor, "wb", closefd=False) as stream:
                yield stream
    except OSError as error:
        raise UserError(
            [
                Problem(
                    str(file),
                    say("cannot be written: {why}", why=os_error_reason(error)),
                    say("name another file with --output"),
                )
            ]
        ) from error


def show_day_conflict(settings: Settings, journal: Journal) -> Problem | None:
    """Print that today was called from another journal, and return that; None if it was not."""
    conflict = find_day_conflict(settings, journal, datetime.now(UTC))
    if conflict is None:
        return None
    problem = describe_day_conflict(settings, journal, conflict)
    click.echo(str(problem), err=True)
    return problem


def echo(message: Message, *, err: bool = False) -> None:
    """Print a sentence."""
    click.echo(str(message), err=err)
