"""What the pages work on: the settings, the two documents, the journal, the door, the clock."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from flask import current_app

from obzvon import documents
from obzvon.journal import Journal, Run
from obzvon.settings import Settings
from obzvon.users import Users
from web.gate import Gate
from web.listed import Shelf


def now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class Desk:
    """One for each app; opens nothing before it is asked for."""

    def __init__(self, settings: Settings, *, gate: Gate | None = None, clock: Callable[[], datetime] = now) -> None:
        self.settings = settings
        self.gate = gate or Gate(Users(settings.web.users))
        self.clock = clock
        self.phones = Shelf(documents.phones_document(settings.phones), settings.numbering_plan())
        self.week = documents.week_document(settings.schedule)
        self._journal: Journal | None = None
        self._lock = threading.Lock()

    def journal(self) -> Journal | None:
        """The journal, None where no service has made one yet; raises UserError."""
        with self._lock:
            path = self.settings.journal.path
            if self._journal is None and (path is None or path.exists()):
                self._journal = Journal(self.settings.journal.reveal())
            return self._journal

    def active_run(self) -> Run | None:
        """The run in progress or paused; raises UserError."""
        journal = self.journal()
        return None if journal is None else journal.active_run()


def desk() -> Desk:
    """The desk of the app that answers this request."""
    found: Desk = current_app.extensions["obzvon"]
    return found
