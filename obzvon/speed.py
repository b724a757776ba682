"""The pace by settings.ini, which may be changed while the service works: the next bundle goes by it."""

import logging

from obzvon import settings
from obzvon.errors import UserError
from obzvon.language import say
from obzvon.pacing import Pace
from obzvon.settings import Settings

log = logging.getLogger("obzvon")


class Speed:
    """Watches the file; a broken one changes nothing. What else stands in it waits for the next start."""

    def __init__(self, known: Settings) -> None:
        self._file = known.file
        self._pace = known.pace()
        self._seen = self._stamp()

    def look(self) -> Pace:
        """The pace in force now; costs a stat if the file has not changed."""
        stamp = self._stamp()
        if stamp == self._seen:
            return self._pace
        self._seen = stamp
        try:
            pace = settings.load(self._file).pace()
        except UserError as error:
            log.warning("%s", say("settings.ini has been changed and cannot be used; the old settings stay in force: "
                                  "{problems}", problems=error.message()))
            return self._pace
        if pace != self._pace:
            self._pace = pace
            log.info("%s", say("the pace has been changed: {pace}", pace=pace.in_words()))
        return pace

    def _stamp(self) -> tuple[int, ...]:
        try:
            stat = self._file.stat()
        except OSError:
            return ()
        return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
