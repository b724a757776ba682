"""What the pages work on: the settings, the two documents, the journal, the door, the clock."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from flask import current_app

from obzvon.common.errors import UserError
from obzvon.common.i18n import Message
from obzvon.documents import store as documents
from obzvon.domain.calls import Run
from obzvon.journal.journal import AbsentJournal, Journal
from obzvon.settings.model import Settings
from obzvon.settings.reload import SettingsWatch
from obzvon.users import Users
from web.phone_index import PhoneIndexCache
from web.security.login import LoginService

log = logging.getLogger("obzvon")


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class AppContext:
    """One for each app; opens nothing before it is asked for."""

    def __init__(
        self, settings: Settings, *, login: LoginService | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.settings_watch = SettingsWatch(settings)
        self.login = login or LoginService(Users(settings.web.users))
        self.clock = clock
        self.sleep: Callable[[float], object] = time.sleep
        self.phones = PhoneIndexCache(documents.phones_document(settings.phones), settings.numbering_plan())
        self.schedule = documents.schedule_document(settings.schedule)
        self._journal: Journal | None = None
        self._absent = AbsentJournal()
        self._opened: tuple[int, int] | None = None
        self._lock = threading.Lock()

    @property
    def settings(self) -> Settings:
        """The settings in force; the pace in them is the one that the service goes by."""
        return self.settings_watch.current()

    def journal(self) -> Journal:
        """Return the journal, an absent one where no service has made it yet; raises UserError."""
        with self._lock:
            file = self._file()
            if file != self._opened and self._journal is not None:  # it was deleted, or another one has taken its place
                self._journal.close()
                self._journal = None
            if self._journal is None and file is not None:
                self._open()
            return self._journal or self._absent

    def journal_to_write(self) -> Journal:
        """The journal, made where there is none yet; raises UserError."""
        journal = self.journal()
        with self._lock:
            return self._journal or self._open() if journal.is_absent else journal

    def _open(self) -> Journal:
        self._journal = Journal(self.settings.journal.reveal())
        self._opened = self._file()
        return self._journal

    def _file(self) -> tuple[int, int] | None:
        """Which file the journal is, the same for any database; None where there is none."""
        path = self.settings.journal.path
        if path is None:
            return 0, 0
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        except OSError:  # opening it tells what is wrong
            return self._opened or (0, 0)
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Closes the journal."""
        with self._lock:
            if self._journal is not None:
                self._journal.close()

    def record(self, who: str, what: Message) -> None:
        """Keeps who changed what. What was changed stays changed where this cannot be written; then the log has it."""
        log.info("editor: %s: %s", who, what)
        try:
            self.journal_to_write().audit.record(who, what, at=self.clock())
        except UserError as error:
            log.warning("editor: %s: %s: %s", who, what, error)

    def active_run(self) -> Run | None:
        """The run in progress or paused; raises UserError."""
        return self.journal().runs.active()


def app_context() -> AppContext:
    """The desk of the app that answers this request."""
    found: AppContext = current_app.extensions["obzvon"]
    return found
