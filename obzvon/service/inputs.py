"""What is to be done on which day: the two documents as they are in force now, and whether a run is due."""

import logging
from collections.abc import Callable, Container
from datetime import date, datetime

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.documents.store import LoadedDocument
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.pacing import Pace
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule, find_due_day, list_next_starts, start_instant
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from obzvon.settings.reload import SettingsWatch

log = logging.getLogger("obzvon")
watch = logging.getLogger("obzvon.watch")
"""What each look says anew: a service says it once, and cron would say it every minute."""


class ScheduleWatch:
    """The list and the week, watched; each change and each trouble with them is told once."""

    def __init__(
        self,
        settings: Settings,
        phones: WatchedDocument[list[Phone]],
        week: WatchedDocument[Schedule],
        journal: Journal,
    ) -> None:
        self._settings = settings
        self._phones = phones
        self._watched_week = week
        self._journal = journal
        self._week = Schedule()
        self._changed: datetime | None = None
        self._looked: datetime | None = None
        self._since: tuple[date, dict[date, datetime]] | None = None
        self._revisions: dict[str, str] = {}
        self._told: dict[str, tuple[Problem, ...]] = {}

    @property
    def list_revision(self) -> str:
        """The revision of the list that is in force; '' if there is none."""
        return self._revisions.get("phones", "")

    @property
    def schedule(self) -> Schedule:
        """The week that is in force."""
        return self._week

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the documents; where there is a last good copy, the calling goes on by it."""
        return tuple(problem for problems in self._told.values() for problem in problems)

    def refresh(self, now: datetime) -> None:
        """Looks whether the documents have changed; costs two stats if not.

        What the week says for today is kept, so that an edit can be told from a missed start.
        """
        if self._look("phones", self._phones.look) is not None:
            log.debug("%s", say("the list of phones has been read"))
        if self._look("week", self._watched_week.look) is not None:
            loaded = self._watched_week.current()
            # A file can say that it is from tomorrow, or, moved or copied here, that it is old: what was read now is in
            # force from now on at the latest, and was not when another one stood there.
            before = self._looked or self._last_sign()
            changed = max(loaded.changed, before) if before else loaded.changed
            self._week, self._changed, self._since = loaded.data, min(changed, now), None
            log.debug("%s", say("the week has been read"))
        self._looked = now
        today = now.astimezone(self._settings.zone).date()
        if self._changed is not None and (self._since is None or self._since[0] != today):
            self._since = today, self._journal.seen_schedules.remember(self._week, today, self._changed)

    def current_phones(self) -> LoadedDocument[list[Phone]]:
        """The list in force: as it stands, or its last good copy; raises DocumentError if there is neither."""
        return self._phones.current()

    def due_day(self, now: datetime, done: Container[date]) -> date | None:
        """The day whose run should begin now, if any."""
        if self._since is None:
            return None
        return find_due_day(
            self._week, now, done, zone=self._settings.zone, lateness=self._settings.late_start, since=self._since[1]
        )

    def missed_start(self, now: datetime, done: Container[date]) -> datetime | None:
        """Today's start, if it has passed and there was no run: it was set too late, or is too late to make up for."""
        zone = self._settings.zone
        today = now.astimezone(zone).date()
        start = start_instant(self._week, today, zone)
        return start.astimezone(zone) if start and start <= now and today not in done else None

    def start_on(self, day: date) -> datetime | None:
        """The week's start of that day, in the settings' time zone."""
        start = start_instant(self._week, day, self._settings.zone)
        return start.astimezone(self._settings.zone) if start else None

    def next_start(self, now: datetime, done: Container[date]) -> datetime | None:
        """When the next run begins, in the settings' time zone."""
        return next(iter(list_next_starts(self._week, now, done, zone=self._settings.zone, count=1)), None)

    def _last_sign(self) -> datetime | None:
        """When the service before this one lived last, and the week that it knew was in force."""
        sign = self._journal.heartbeats.latest()
        return sign.seen_at if sign else None

    def _look(self, name: str, look: Callable[[], LoadedDocument[None]]) -> LoadedDocument[None] | None:
        """The document's state if its revision is new; problems are told when they come and when they go."""
        try:
            loaded = look()
        except UserError as error:
            self._tell(name, error.problems)
            return None
        self._tell(name, loaded.problems)
        if loaded.revision == self._revisions.get(name):
            return None
        self._revisions[name] = loaded.revision
        for note in loaded.notes:
            watch.info("%s", note)
        return loaded

    def _tell(self, name: str, problems: tuple[Problem, ...]) -> None:
        before = self._told.get(name, ())
        if problems == before:
            return
        self._told[name] = problems
        for problem in problems:
            log.error("%s", problem)
        if problems and self._revisions.get(name):
            log.warning("%s", (self._phones if name == "phones" else self._watched_week).way_back)
        if before and not problems:
            log.info(
                "%s",
                say("the list of phones can be read again") if name == "phones" else say("the week can be read again"),
            )


log = logging.getLogger("obzvon")


class PaceWatch:
    """The pace that settings.ini has now; each change of it is logged, and each fault of the file."""

    def __init__(self, settings: Settings) -> None:
        self._settings = SettingsWatch(settings, on_error=_log_bad_settings)
        self._pace = settings.pace()

    def refresh(self) -> Pace:
        """Return the pace in force. Costs one stat while the file has not changed."""
        pace = self._settings.current().pace()
        if pace != self._pace:
            self._pace = pace
            log.info("%s", say("the pace has been changed: {pace}", pace=pace.describe()))
        return pace


def _log_bad_settings(error: UserError) -> None:
    log.warning(
        "%s",
        say(
            "settings.ini has been changed and cannot be used; the old settings stay in force: {problems}",
            problems=error.message(),
        ),
    )
