"""A demonstration in a temporary folder, on the embedded stand-in for Asterisk: no real calls are made."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import msgspec

from obzvon.cli import workspace
from obzvon.common.i18n import Message, say
from obzvon.domain.calls import Run
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.sandbox.pbx import Sandbox
from obzvon.service import factory
from obzvon.service.scheduler import Scheduler, stop_on_signals
from obzvon.settings.model import load_settings

#: Seconds until the demonstration's run starts.
DELAY_SECONDS = 3.0


class DemoPace(msgspec.Struct, frozen=True):
    """The pace of the demonstration's run, in calls and seconds."""

    bundle: int
    delay: float
    talk: float
    long_talk: float
    ring: float


#: About two minutes: time enough to log in and watch.
WATCHABLE = DemoPace(bundle=2, delay=10.0, talk=5.0, long_talk=12.0, ring=6.0)
#: A few seconds.
FAST = DemoPace(bundle=4, delay=1.0, talk=1.0, long_talk=3.0, ring=1.5)

_PEOPLE = (
    "Иванов И. И.",
    "Петрова А. С.",
    "Сидоров К. М.",
    "Кузнецов Д. В.",
    "Смирнова Е. П.",
    "Волков О. Н.",
    "Соколова М. Ю.",
    "Морозов В. А.",
    "Новиков С. С.",
    "Фёдоров Г. Л.",
)


def demo_phones() -> list[Phone]:
    """Return two dozen numbers whose calls end in every way, and a few that cannot be called."""
    people = [Phone(str(row), f"8916000{row:02d}{row % 10:02d}", "", _PEOPLE[row % 10]) for row in range(20)]
    return [
        *people,
        Phone("20", "8 (495) 000-20-20", "1", "ООО «Груз», диспетчер"),
        Phone("21", "+7 495 000-20-20", "2", "ООО «Груз», склад"),
        Phone("22", "89160000000", "", "Иванов И. И., второй раз"),
        Phone("23", "89160002323", "", "в отпуске", paused=True),
        Phone("25", "777", "context 22", "старая запись"),
        Phone("26", "7916838933", "", "не хватает цифры"),
    ]


class Demo:
    """The demonstration's folder, stand-in and service. `show` prints a sentence.

    The pace is used in a new folder only. A folder that exists keeps its settings.
    """

    def __init__(self, folder: Path, show: Callable[[Message], None], pace: DemoPace = WATCHABLE) -> None:
        self._show = show
        self._pace = pace
        file = folder / "settings.ini"
        is_new = not file.exists()
        if is_new:
            workspace.create_folder(
                folder,
                spool=folder / "spool" / "outgoing",
                phones=demo_phones(),
                schedule=Schedule((time_of_day(9),) * 5 + (None, None)),
                bundle=str(pace.bundle),
                timeout=f"{pace.delay:g}",
            )
        self.settings = load_settings(file)
        self.settings.target.mkdir(parents=True, exist_ok=True)
        self.journal = factory.open_journal(self.settings)
        if is_new:  # otherwise a demonstration after nine o'clock would make up for today's missed run
            now = datetime.now(UTC)
            self.journal.seen_schedules.remember(Schedule(), now.astimezone(self.settings.zone).date(), now)

    def run(self, after_step: Callable[[], None], access: list[Message], *, once: bool) -> Run | None:
        """Serve until a signal, or with `once` until the run has ended and every outcome is known. Return the run.

        `access` says where the editor is and who may log in. It is shown last, and again when the run has ended.
        """
        lock = self.journal.acquire_lock()
        service = factory.build_service(self.settings, self.journal, lock)
        self._show(
            say(
                "a run starts in {seconds} seconds; a stand-in takes Asterisk's place, and no real calls are made",
                seconds=int(DELAY_SECONDS),
            )
        )
        if not once:
            self._show(say("Ctrl-C ends the demonstration and prints its report"))
        self._show_all(access)
        steps = self.steps(service, access, once=once)
        done, pace = self.settings.target.with_name("outgoing_done"), self._pace
        sandbox = Sandbox(self.settings.target, done, talk=pace.talk, long_talk=pace.long_talk, ring=pace.ring)

        def step() -> None:
            after_step()
            next(steps, None)

        try:
            with sandbox, stop_on_signals(service):
                service.run_forever(step)
        finally:
            lock.release()
        return self.journal.runs.latest()

    def steps(self, service: Scheduler, access: list[Message], *, once: bool) -> Iterator[None]:
        """Start the run after the delay, wait until it has ended, and end the service or show where the editor is."""
        starts_at = datetime.now(UTC) + timedelta(seconds=DELAY_SECONDS)
        while datetime.now(UTC) < starts_at:
            yield
        command = self.journal.commands.submit("start", by="demo", at=datetime.now(UTC), again=True)
        yield
        while (
            self.journal.commands.result(command) is None
            or service.dialer.run is not None
            or service.dialer.handover.outstanding
        ):
            yield
        if once:
            service.stop()
            return
        self._show(say("the run has ended; the editor stays open until Ctrl-C"))
        self._show_all(access)

    def _show_all(self, messages: list[Message]) -> None:
        for message in messages:
            self._show(message)


@contextlib.contextmanager
def demo_folder(chosen: Path | None) -> Iterator[Path]:
    """Return the chosen folder, which is kept, or a temporary one, which is removed at the end."""
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="obzvon-demo-") as folder:
        yield Path(folder)
