"""Watches what the operator may change while the service runs: the list, the schedule, and the pace in settings.ini."""

import logging
from collections.abc import Callable, Container
from datetime import date, datetime

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, say
from obzvon.documents.store import LoadedDocument
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.pacing import Pace
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule, find_due_day, list_next_starts, start_instant
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from obzvon.settings.reload import SettingsWatch
from obzvon.settings.restarts import SERVICE

log = logging.getLogger("obzvon")
#: For lines that a service logs once, and that a check from cron would repeat every minute.
watch_log = logging.getLogger("obzvon.watch")


class ScheduleWatch:
    """The current list and schedule. Each change of them, and each problem with them, is logged once."""

    def __init__(
        self,
        settings: Settings,
        phones: WatchedDocument[list[Phone]],
        schedule: WatchedDocument[Schedule],
        journal: Journal,
    ) -> None:
        self._settings = settings
        self._phones = phones
        self._watched_schedule = schedule
        self._journal = journal
        self._schedule = Schedule()
        self._changed_at: datetime | None = None
        self._refreshed_at: datetime | None = None
        #: The day of the last refresh, and since when its start time and yesterday's have been in force.
        self._in_force: tuple[date, dict[date, datetime]] | None = None
        self._revisions: dict[str, str] = {}
        self._problems: dict[str, tuple[Problem, ...]] = {}

    @property
    def list_revision(self) -> str:
        """The revision of the current list; '' if there is none."""
        return self._revisions.get("phones", "")

    @property
    def schedule(self) -> Schedule:
        """The current schedule."""
        return self._schedule

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of the documents. If there is a last good copy of one, the service continues with that."""
        return tuple(problem for problems in self._problems.values() for problem in problems)

    def refresh(self, now: datetime) -> None:
        """Read the documents that have changed; if none has, that costs two stats.

        Today's start time is remembered in the journal, so that an edit is not taken for a missed start.
        """
        if self._refresh_document("phones", self._phones.current_state) is not None:
            log.debug("%s", say("the list of phones was read"))
        if self._refresh_document("week", self._watched_schedule.current_state) is not None:
            loaded = self._watched_schedule.load_current()
            # The time of the file may lie: it may be in the future, or old because the file was moved or copied here.
            # The new schedule is in force from now at the latest, and not before the last refresh, which saw another.
            before = self._refreshed_at or self._last_seen_at()
            changed_at = max(loaded.changed, before) if before else loaded.changed
            self._schedule, self._changed_at, self._in_force = loaded.data, min(changed_at, now), None
            log.debug("%s", say("the schedule was read"))
        self._refreshed_at = now
        today = now.astimezone(self._settings.zone).date()
        if self._changed_at is not None and (self._in_force is None or self._in_force[0] != today):
            self._in_force = today, self._journal.seen_schedules.remember(self._schedule, today, self._changed_at)

    def current_phones(self) -> LoadedDocument[list[Phone]]:
        """Return the list, or its last good copy if it is broken. Raise DocumentError if there is neither."""
        return self._phones.load_current()

    def due_day(self, now: datetime, days_done: Container[date], *, was_held_up: bool = False) -> date | None:
        """Return the day whose scheduled run should start now, if any.

        With `was_held_up`, `late_start` does not apply, and the day is today or none.
        """
        if self._in_force is None:
            return None
        return find_due_day(
            self._schedule,
            now,
            days_done,
            zone=self._settings.zone,
            lateness=None if was_held_up else self._settings.late_start,
            since=self._in_force[1],
        )

    def missed_start(self, now: datetime, days_done: Container[date]) -> datetime | None:
        """Return today's start if it has passed without a run: it was set after its time, or it is too late for it."""
        zone = self._settings.zone
        today = now.astimezone(zone).date()
        start = start_instant(self._schedule, today, zone)
        return start.astimezone(zone) if start and start <= now and today not in days_done else None

    def start_on(self, day: date) -> datetime | None:
        """Return the scheduled start of that day, in the time zone of the settings."""
        start = start_instant(self._schedule, day, self._settings.zone)
        return start.astimezone(self._settings.zone) if start else None

    def next_start(self, now: datetime, days_done: Container[date]) -> datetime | None:
        """Return the next scheduled start, in the time zone of the settings."""
        return next(iter(list_next_starts(self._schedule, now, days_done, zone=self._settings.zone, count=1)), None)

    def _last_seen_at(self) -> datetime | None:
        """Return the last heartbeat of the service before this one: until then its schedule was in force."""
        heartbeat = self._journal.heartbeats.latest()
        return heartbeat.seen_at if heartbeat else None

    def _refresh_document(self, name: str, refresh: Callable[[], LoadedDocument[None]]) -> LoadedDocument[None] | None:
        """Return the state of the document if its revision is new. Log problems when they appear and disappear."""
        try:
            loaded = refresh()
        except UserError as error:
            self._log_problems(name, error.problems)
            return None
        self._log_problems(name, loaded.problems)
        if loaded.revision == self._revisions.get(name):
            return None
        self._revisions[name] = loaded.revision
        for note in loaded.notes:
            watch_log.info("%s", note)
        return loaded

    def _log_problems(self, name: str, problems: tuple[Problem, ...]) -> None:
        before = self._problems.get(name, ())
        if problems == before:
            return
        self._problems[name] = problems
        for problem in problems:
            log.error("%s", problem)
        if problems and self._revisions.get(name):
            log.warning("%s", (self._phones if name == "phones" else self._watched_schedule).recovery_hint)
        if before and not problems:
            log.info(
                "%s",
                say("the list of phones can be read again")
                if name == "phones"
                else say("the schedule can be read again"),
            )


class PaceWatch:
    """The current pace. Other settings take effect at the next start; a broken settings.ini changes nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = SettingsWatch(settings, on_error=_log_bad_settings)
        self._pace = settings.pace()
        self._waiting: list[str] = []

    def refresh(self) -> Pace:
        """Return the current pace. If the file has not changed, that costs a stat."""
        pace = self._settings.current().pace()
        if pace != self._pace:
            self._pace = pace
            log.info("%s", say("the pace was changed: {pace}", pace=pace.describe()))
        if (waiting := self._settings.waiting(SERVICE)) != self._waiting:
            self._waiting = waiting
            if waiting:
                log.warning("%s", describe_waiting(waiting))
        return pace


def describe_waiting(keys: list[str]) -> Message:
    """Return the sentence for keys that wait for the service's next start."""
    return say("settings.ini was changed; the service takes these over at its next start: {keys}", keys=", ".join(keys))


def _log_bad_settings(error: UserError) -> None:
    log.warning(
        "%s",
        say(
            "settings.ini was changed and cannot be used; the previous settings remain in force: {problems}",
            problems=error.message(),
        ),
    )
