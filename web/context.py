"""The services that pages work with: the settings, the two documents, the journal, the login, the clock."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from flask import current_app

from obzvon.common.errors import UserError
from obzvon.common.i18n import Message
from obzvon.documents import store as documents
from obzvon.documents.store import Document, LoadedDocument
from obzvon.domain.calls import Run
from obzvon.domain.forecast import RunForecast
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.journal.journal import AbsentJournal, Journal
from obzvon.reports.next_run import next_run_forecast
from obzvon.reports.status import CurrentStatus, current_status
from obzvon.settings.model import Settings
from obzvon.settings.reload import SettingsWatch
from obzvon.users import Users
from web.phone_index import PhoneIndexCache
from web.security.login import LoginService

log = logging.getLogger("obzvon")


def utc_now() -> datetime:
    """Return the time of the machine's clock."""
    return datetime.now(UTC)


class AppContext:
    """The services of one app. Nothing is opened before it is used."""

    def __init__(
        self, settings: Settings, *, login: LoginService | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.settings_watch = SettingsWatch(settings)
        self.login = login or LoginService(Users(settings.web.users))
        self.clock = clock
        self.sleep: Callable[[float], object] = time.sleep
        plan = settings.numbering_plan()
        self.phones = PhoneIndexCache(documents.phones_document(settings.phones, plan), plan, self.today)
        self.schedule = documents.schedule_document(settings.schedule)
        self._journal: Journal | None = None
        self._absent = AbsentJournal()
        self._opened: tuple[int, int] | None = None
        self._lock = threading.Lock()

    @property
    def settings(self) -> Settings:
        """The settings in force, with the pace that settings.ini has now."""
        return self.settings_watch.current()

    def today(self) -> date:
        """Return the date in the time zone of the settings."""
        return self.clock().astimezone(self.settings.zone).date()

    def journal(self) -> Journal:
        """Return the journal, an absent one if no service has made it yet. Raises UserError."""
        with self._lock:
            file = self._file()
            if file != self._opened and self._journal is not None:  # it was deleted or replaced
                self._journal.close()
                self._journal = None
            if self._journal is None and file is not None:
                self._open()
            return self._journal or self._absent

    def journal_to_write(self) -> Journal:
        """Return the journal, and create it if there is none yet. Raises UserError."""
        journal = self.journal()
        with self._lock:
            return self._journal or self._open() if journal.is_absent else journal

    def _open(self) -> Journal:
        self._journal = Journal(self.settings.journal.reveal())
        self._opened = self._file()
        return self._journal

    def _file(self) -> tuple[int, int] | None:
        """Return device and inode of the journal's file, (0, 0) for a database server, None if there is no file."""
        path = self.settings.journal.path
        if path is None:
            return 0, 0
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        except OSError:  # opening it reports what is wrong
            return self._opened or (0, 0)
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Close the journal."""
        with self._lock:
            if self._journal is not None:
                self._journal.close()

    def record(self, who: str, what: Message) -> None:
        """Add to the audit log who changed what. If that fails, the change stays, and the log has both."""
        log.info("editor: %s: %s", who, what)
        try:
            self.journal_to_write().audit.record(who, what, at=self.clock())
        except UserError as error:
            log.warning("editor: %s: %s: %s", who, what, error)

    def active_run(self) -> Run | None:
        """Return the run in progress or paused. Raises UserError."""
        return self.journal().runs.active()

    def active_run_if_readable(self) -> Run | None:
        """Return the run in progress or paused. None also if the journal cannot be read, which other pages report."""
        try:
            return self.active_run()
        except UserError:
            return None

    def current_status(self) -> CurrentStatus:
        """Return the status of the service and of the run in progress or the last one. Raises UserError."""
        return current_status(self.settings, self.journal(), self.clock())

    def forecast_next_run(
        self, phones: list[Phone], schedule: LoadedDocument[Schedule], now: datetime | None = None
    ) -> RunForecast:
        """Return the forecast of the next run of these phones by this schedule. Raises UserError."""
        return next_run_forecast(
            self.settings, phones, schedule, self.journal(), now or self.clock(), numbering=self.phones.plan
        )


def undo_steps(document: Document[Any], revision: str) -> tuple[bool, bool]:
    """Return whether a change of the document can be undone, and an undone one done again."""
    try:
        return document.undo_steps(revision)
    except documents.DocumentError:
        return False, False


def app_context() -> AppContext:
    """Return the context of the app that answers this request."""
    context: AppContext = current_app.extensions["obzvon"]
    return context
