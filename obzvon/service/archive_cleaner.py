"""Deletes the call files that Asterisk has kept in its archive, once they are some days old."""

import logging
import stat
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

from obzvon.asterisk.callfile import is_call_file_name, parse_call_file_name
from obzvon.common.errors import os_error_reason
from obzvon.common.i18n import say, say_many
from obzvon.journal.runs import RunStore

log = logging.getLogger("obzvon")


class ArchiveCleaner:
    """Cleans the archive once a day, while no run is in progress; `days` = 0 keeps everything.

    Only files of this journal's runs are deleted: another campaign may use the same Asterisk.
    """

    def __init__(self, folder: Path, runs: RunStore, *, days: int, zone: tzinfo) -> None:
        self._folder = folder
        self._runs = runs
        self._days = days
        self._zone = zone
        self._cleaned: date | None = None

    def clean_if_due(self, now: datetime) -> None:
        """Delete what is older, unless that was done today. A failure is logged, and tried again tomorrow."""
        today = now.astimezone(self._zone).date()
        if not self._days or self._cleaned == today:
            return
        self._cleaned = today
        try:
            deleted = self._clean((now - timedelta(days=self._days)).timestamp())
        except OSError as error:
            log.warning(
                "%s",
                say(
                    "old call files in {folder} cannot be deleted: {why}",
                    folder=self._folder,
                    why=os_error_reason(error),
                ),
            )
            return
        if deleted:
            log.info(
                "%s",
                say_many(
                    "{n} finished call file older than {days} days was deleted from {folder}",
                    "{n} finished call files older than {days} days were deleted from {folder}",
                    deleted,
                    days=self._days,
                    folder=self._folder,
                ),
            )

    def _clean(self, before: float) -> int:
        try:
            paths = [path for path in self._folder.iterdir() if is_call_file_name(path.name)]
        except FileNotFoundError:  # without an archive there is nothing to clean
            return 0
        old = [path for path in paths if _is_older_file(path, before)]
        tokens = self._runs.tokens() if old else set()
        ours = [path for path in old if (found := parse_call_file_name(path.name)) and found.token in tokens]
        for path in ours:
            path.unlink(missing_ok=True)
        return len(ours)


def _is_older_file(path: Path, before: float) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:  # somebody else has deleted it meanwhile
        return False
    return stat.S_ISREG(found.st_mode) and found.st_mtime < before
