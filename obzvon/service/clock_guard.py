"""Keeps a wrong clock from starting another day's run and from ending today's."""

from collections.abc import Callable
from datetime import datetime

from obzvon.asterisk.transport.base import TransportUnavailableError
from obzvon.common.boot import boot_id
from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say
from obzvon.domain.clock import ClockMemory, is_set_back, observe_clock
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings

SET_BACK_REMEDY = say(
    "set the clock (timedatectl set-ntp true); nobody is called before it shows more than the journal. If it is right "
    "now and was wrong then: obzvon journal accept --clock"
)
CLOCK_ACCEPTED = say("accepted: the clock is right, and the journal's later times are not waited for")
NO_LATER_TIME = say("there is nothing to decide: the journal holds no time after that of the clock")
_WAITS = say("nobody is called until the new time has stood for two minutes; nothing needs to be done if it is right")


class ClockHeldError(TransportUnavailableError):
    """The clock is not believed at the moment, so nothing is started, handed over or withdrawn."""

    def __init__(self, what: Message, remedy: Message) -> None:
        super().__init__([Problem("", what, remedy)])


class ClockGuard:
    """Compares the clock with the time since the boot (`uptime`, in seconds) and with the journal.

    Without `uptime` only the journal is compared.
    """

    def __init__(self, settings: Settings, journal: Journal, uptime: Callable[[], float] | None = None) -> None:
        self._zone = settings.zone
        self._journal = journal
        self._uptime = uptime
        self._memory: ClockMemory | None = None

    def ensure_steady(self, now: datetime, may_continue: Callable[[datetime], bool] = lambda _: False) -> None:
        """Raise ClockHeldError while the clock is not believed.

        A run in progress continues if it may by the old and by the new time.
        """
        if self._uptime is None:
            return
        uptime = self._uptime()
        memory = self._observe(now, uptime)
        if not memory.is_settling:
            return
        expected = memory.expected(uptime)
        if expected is not None and may_continue(now) and may_continue(expected):
            return
        raise self._held(memory)

    def ensure_not_set_back(self, now: datetime) -> None:
        """Raise ClockHeldError if the clock shows less than the latest moment of the journal."""
        latest = self._journal.runs.latest_time()
        if latest is None or not is_set_back(now, latest, self._journal.clock.accepted()):
            return
        raise ClockHeldError(
            say(
                "the clock shows less than {latest}, when a run of the journal began or ended: it was set back, or was "
                "wrong then",
                latest=self._shown(latest),
            ),
            SET_BACK_REMEDY,
        )

    def accept(self, now: datetime) -> bool:
        """Note that the clock is right now, and the journal's later times are wrong. Return False if there are none."""
        latest = self._journal.runs.latest_time()
        if latest is None or not is_set_back(now, latest, self._journal.clock.accepted()):
            return False
        self._journal.clock.accept(latest)
        return True

    def _observe(self, now: datetime, uptime: float) -> ClockMemory:
        before = self._memory or self._journal.clock.load()
        memory = observe_clock(before, boot_id() or "", now, uptime)
        if memory != before:
            self._journal.clock.store(memory)
        self._memory = memory
        return memory

    def _held(self, memory: ClockMemory) -> ClockHeldError:
        if (was_set := memory.was_set) is None:
            return ClockHeldError(
                say("this machine was started less than two minutes ago, and its clock may still be set"), _WAITS
            )
        before, after = map(self._shown, was_set)
        return ClockHeldError(say("the clock was set from {before} to {after}", before=before, after=after), _WAITS)

    def _shown(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)
