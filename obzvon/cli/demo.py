"""Everything at once in a temporary folder, on the embedded stand-in for Asterisk: nobody is really rung."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

from obzvon.cli import workspace
from obzvon.common.i18n import Message, say
from obzvon.domain.calls import Run
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.sandbox.pbx import Sandbox
from obzvon.service import factory
from obzvon.service.scheduler import stop_on_signals
from obzvon.settings.model import load_settings

DELAY = 3.0
"""Seconds until the demonstration's run begins."""

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
    """Two dozen numbers that end in every way, and a few that cannot be called."""
    listed = [Phone(str(row), f"8916000{row:02d}{row % 10:02d}", "", f"{_PEOPLE[row % 10]}") for row in range(20)]
    return [
        *listed,
        Phone("20", "8 (495) 000-20-20", "1", "ООО «Груз», диспетчер"),
        Phone("21", "+7 495 000-20-20", "2", "ООО «Груз», склад"),
        Phone("22", "89160000000", "", "Иванов И. И., второй раз"),
        Phone("23", "89160002323", "", "в отпуске", paused=True),
        Phone("25", "777", "context 22", "старая запись"),
        Phone("26", "7916838933", "", "не хватает цифры"),
    ]


class Demo:
    """The folder, the stand-in and the service; `show` gets the sentences that tell what is going on."""

    def __init__(self, folder: Path, show: Callable[[Message], None]) -> None:
        self._show = show
        file = folder / "settings.ini"
        made = not file.exists()
        if made:
            week = Schedule((time_of_day(9),) * 5 + (None, None))
            workspace.create_folder(
                folder, spool=folder / "spool" / "outgoing", phones=demo_phones(), week=week, bundle="4", timeout="1"
            )
        self.settings = load_settings(file)
        self.settings.target.mkdir(parents=True, exist_ok=True)
        self.journal = factory.open_journal(self.settings)
        if made:  # else a demonstration after nine o'clock would begin with the run that was missed today
            now = datetime.now(UTC)
            self.journal.seen_schedules.remember(Schedule(), now.astimezone(self.settings.zone).date(), now)

    def run(self, each: Callable[[], None], *, once: bool) -> Run | None:
        """Serves until a signal, or with `once` until the run has ended and every outcome is known; returns the run."""
        lock = self.journal.acquire_lock()
        service = factory.build_service(self.settings, self.journal, lock)
        commands = self.journal.commands
        begins = datetime.now(UTC) + timedelta(seconds=DELAY)
        asked: list[int] = []
        self._show(
            say("a run begins in {seconds} seconds; a stand-in plays Asterisk, nobody is rung", seconds=int(DELAY))
        )
        if not once:
            self._show(say("Ctrl-C ends the demonstration and prints its report"))

        def step() -> None:
            if not asked and datetime.now(UTC) >= begins:
                asked.append(commands.submit("start", by="demo", at=datetime.now(UTC), again=True))
            each()
            over = service.dialer.run is None and not service.dialer.handover.outstanding
            if once and asked and commands.result(asked[0]) and over:
                service.stop()

        done = self.settings.target.with_name("outgoing_done")
        try:
            with Sandbox(self.settings.target, done, talk=1.0, long_talk=3.0, ring=1.5), stop_on_signals(service):
                service.run_forever(step)
        finally:
            lock.release()
        return self.journal.runs.latest()


@contextlib.contextmanager
def demo_folder(chosen: Path | None) -> Iterator[Path]:
    """The folder that was chosen, which stays, or a temporary one, which goes."""
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="obzvon-demo-") as folder:
        yield Path(folder)
