"""Days in words, and the reason why nobody was called on one, as far as journal and documents show it."""

from datetime import date, datetime

from flask_babel import format_date, format_datetime
from flask_babel import gettext as _

from obzvon.common.text import upper_first
from obzvon.documents.store import DocumentError
from obzvon.domain.schedule import Schedule, start_instant
from obzvon.reports.status import service_status
from web.context import app_context
from web.i18n import DAY, DAY_OF_YEAR, format_time


class ResultDays:
    """The days in the settings' time zone, at the moment of one request."""

    def __init__(self) -> None:
        at = app_context()
        self.now = at.clock()
        self.zone = at.settings.zone
        self.today = self.now.astimezone(self.zone).date()
        journal = at.journal()
        self.first = journal.runs.first_day()
        self._heartbeat = journal.heartbeats.latest()
        self._schedule: Schedule | None = None
        self._is_schedule_loaded = False

    def local_time(self, moment: datetime) -> datetime:
        """Return the moment in the settings' time zone."""
        return moment.astimezone(self.zone)

    def day_words(self, day: date) -> str:
        """Return the day in words."""
        words = str(format_date(day, DAY if day.year == self.today.year else DAY_OF_YEAR))
        if day == self.today:
            words = str(_("today, %(day)s", day=words))
        return upper_first(words)

    def reason_for_no_run(self, day: date) -> str:
        """Return the reason why there was no run on that day."""
        if day > self.today:
            return str(_("This day is yet to come."))
        if self.first is None or day < self.first:
            return str(_("The journal has nothing from that time: it begins later."))
        if silent := self._silent_since(day):
            return str(
                _(
                    "There was no run: the service is not running. It last reported on %(moment)s.",
                    moment=format_datetime(silent, "d\u00a0MMMM, HH:mm"),
                )
            )
        return self._reason_by_schedule(day)

    def _reason_by_schedule(self, day: date) -> str:
        week = self._current_schedule()
        if week is None:
            return str(_("There was no run."))
        start = start_instant(week, day, self.zone)
        if start is None:
            return str(_("There was no run: the current schedule has none on this day."))
        time = format_time(start.astimezone(self.zone))
        if start > self.now:
            return str(_("Today's run begins at %(time)s.", time=time))
        return str(
            _(
                "There was no run, although the current schedule has one at %(time)s: the service was "
                "not running then, or the time was set after it had passed.",
                time=time,
            )
        )

    def _silent_since(self, day: date) -> datetime | None:
        """Return the last heartbeat of a service that was silent all that day and still is; else None."""
        service = service_status(self._heartbeat, self.now)
        last = service.stopped or service.seen
        if service.alive or last is None or (day < self.today and self.local_time(last).date() >= day):
            return None
        return last

    def _current_schedule(self) -> Schedule | None:
        if not self._is_schedule_loaded:
            self._is_schedule_loaded = True
            try:
                self._schedule = app_context().schedule.load().data
            except DocumentError:
                self._schedule = None
        return self._schedule
