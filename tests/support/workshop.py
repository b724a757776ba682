"""A campaign's folder for a test, a service whose clock the test sets, and calls made and ended as Asterisk does."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from obzvon.asterisk.spool import Spool
from obzvon.documents.watcher import WatchedDocument
from obzvon.journal.commands import CommandResult
from obzvon.journal.journal import Journal
from obzvon.service import factory
from obzvon.service.command_handlers import execute
from obzvon.service.dialer import Dialer
from obzvon.service.inputs import ScheduleWatch
from obzvon.settings.keys import KEYS
from obzvon.settings.model import Settings, load_settings
from tests.support.programs import Program

ROOT = os.geteuid() == 0
MOSCOW = ZoneInfo("Europe/Moscow")
LONG_AGO = datetime(2025, 12, 1, tzinfo=UTC)
_FORM = ("context", "caller_id", "max_retries", "retry_time", "wait_time", "extension", "priority", "archive")
_SECTIONS = {key.name: key.section for key in KEYS if key.name not in _FORM}


def at(clock: str, day: str = "2026-01-05", zone: ZoneInfo = MOSCOW) -> datetime:
    """Return a time of day as a moment in Moscow; the day is a Monday unless another is given."""
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=zone)


def numbers(count: int, first: int = 0) -> list[str]:
    """Return different numbers, whose last digit goes through 0 to 9 in turn."""
    return [f"8916{n:07d}" for n in range(first, first + count)]


class Workshop:
    """A working folder: settings (`keys` are those of settings.ini), a list, a week, a store, a spool and a journal.

    Keys of a call form go into the forms of ordinary and of coded calls.
    """

    def __init__(
        self, folder: Path, *, phones: Iterable[str] | Mapping[str, object] = (), start: str = "09:00", **keys: object
    ) -> None:
        self.folder = folder
        self._parsed = b""
        self._places = (folder, folder)
        folder.mkdir(parents=True, exist_ok=True)
        places = {"dir_source": ".", "dir_store": "store", "dir_target": "outgoing", "dir_logs": "log"}
        self.write_settings(**{"time_zone": "Europe/Moscow", **places, **keys})
        self.spool_folder.mkdir(exist_ok=True)
        self.write_list(phones)
        self.write_week(start)

    @classmethod
    def existing(cls, folder: Path) -> "Workshop":
        """Return the workshop of a folder that has its files already."""
        made = cls.__new__(cls)
        made.folder, made._parsed, made._places = folder, b"", (folder, folder)  # noqa: SLF001 - of this class
        return made

    @property
    def settings(self) -> Settings:
        return load_settings(self.folder / "settings.ini")

    @property
    def spool_folder(self) -> Path:
        return self._folders()[0]

    @property
    def store_folder(self) -> Path:
        return self._folders()[1]

    def _folders(self) -> tuple[Path, Path]:
        """Return the spool and the store. Parses settings.ini only after a change, because tests ask at every step."""
        text = (self.folder / "settings.ini").read_bytes()
        if text != self._parsed:
            settings = self.settings
            self._parsed, self._places = text, (settings.target, settings.store)
        return self._places

    @property
    def done_folder(self) -> Path:
        return self.spool_folder.with_name("outgoing_done")

    def write_settings(self, **keys: object) -> None:
        sections: dict[str, list[str]] = {}
        for key, value in keys.items():
            for section in ("Calls", "CodeCalls") if key in _FORM else (_SECTIONS[key],):
                sections.setdefault(section, []).append(f"{key} = {value}")
        text = "\n".join(f"[{name}]\n" + "\n".join(lines) for name, lines in sections.items())
        (self.folder / "settings.ini").write_text(text + "\n")

    def write_list(self, phones: Iterable[str] | Mapping[str, object], changed: datetime | None = LONG_AGO) -> None:
        """Write todo.json: numbers, or rows by their keys; a row is a number or a dict with all its keys."""
        rows = phones if isinstance(phones, Mapping) else {str(key): number for key, number in enumerate(phones)}
        self.write_text(
            "todo.json",
            json.dumps({key: row if isinstance(row, dict) else {"0": row, "1": ""} for key, row in rows.items()}),
            changed,
        )

    def write_week(
        self, *starts: str, changed: datetime | None = LONG_AGO, dates: Mapping[str, str] | None = None
    ) -> None:
        """Write schedule.json: one start time for all days, or seven; `changed` becomes the file's mtime."""
        times = starts * 7 if len(starts) == 1 else starts
        week: dict[str, object] = {str(day): start for day, start in enumerate(times, 1)}
        self.write_text("schedule.json", json.dumps(week | ({"dates": dates} if dates else {})), changed)

    def write_text(self, name: str, text: str, changed: datetime | None = LONG_AGO) -> None:
        file = self.folder / name
        file.write_text(text)
        if changed is not None:
            os.utime(file, (changed.timestamp(), changed.timestamp()))

    def spool(self) -> Spool:
        """Return the spool with its folders made."""
        spool = Spool.from_settings(self.settings)
        spool.prepare_folders(home=self.folder)
        return spool

    def journal(self) -> Journal:
        return factory.open_journal(self.settings)

    def in_spool(self) -> list[str]:
        """Return the numbers whose call files are in the spool, in the order of the files' names."""
        return [number_in(file) for file in sorted(self.spool_folder.iterdir())]

    def in_store(self) -> list[str]:
        """Return the names of the files in the store."""
        return sorted(path.name for path in self.store_folder.rglob("[!.]*") if path.is_file())


class Shift:
    """A service in a workshop from its start to its stop; the test gives it every moment."""

    def __init__(self, workshop: Workshop, uptime: Callable[[], float] | None = None) -> None:
        settings = workshop.settings
        self.workshop = workshop
        self.journal = workshop.journal()
        self.heartbeats = self.journal.heartbeats
        self.commands = self.journal.commands
        self.schedule_watch = ScheduleWatch(
            settings,
            WatchedDocument(factory.open_phones(settings)),
            WatchedDocument(factory.open_schedule(settings)),
            self.journal,
        )
        self.dialer = Dialer(settings, self.journal, Spool.from_settings(settings), self.schedule_watch, uptime=uptime)
        self._seen: set[str] = set()

    def work(self, since: datetime, until: datetime, *, every: float = 0) -> list[tuple[str, list[str]]]:
        """Step as the scheduler does and return which numbers came into the spool, and at what time.

        `every` is the number of seconds between two steps while the dialer has nothing to do at once.
        """
        arrivals: list[tuple[str, list[str]]] = []
        now = since
        while now <= until:
            wait = self.dialer.step(now)
            if came := self.came():
                arrivals.append((f"{now.astimezone(MOSCOW):%H:%M:%S}", came))
            now += timedelta(seconds=every if every and wait else min(wait, 1.0))
        return arrivals

    def came(self) -> list[str]:
        """Return the numbers whose files came into the spool since the last time."""
        folder = self.workshop.spool_folder
        names = set(os.listdir(folder))  # noqa: PTH208 - at every step: no path is made of each name
        new = sorted(names - self._seen)
        self._seen = names
        return [number_in(folder / name) for name in new]

    def ask(self, name: str, now: datetime, **params: Any) -> CommandResult:
        """Submit a command and let the service execute it at that moment."""
        self.commands.submit(name, by="anna", at=now, **params)
        if not self.dialer.is_ready:
            self.dialer.step(now)
        command = self.commands.take_next(at=now)
        assert command is not None
        return execute(self.dialer, command, now)

    def results(self, day: datetime) -> dict[str, str]:
        """Return the result of each number on that day; of a number with several calls, the last."""
        return {line.number: line.result for line in self.journal.calls.records_on(day.date())}

    def reasons(self, day: datetime) -> dict[str, str]:
        return {line.number: str(line.reason or "") for line in self.journal.calls.records_on(day.date())}

    def end(self) -> None:
        """Stop the service in an orderly way."""
        self.dialer.handover.close()
        self.journal.close()


@contextlib.contextmanager
def shift(workshop: Workshop, now: datetime) -> Iterator[Shift]:
    """Start a service at that moment and stop it at the end of the block."""
    working = Shift(workshop)
    try:
        working.dialer.prepare(now)
        yield working
    finally:
        working.end()


def day_of(workshop: Workshop, since: datetime, until: datetime, *, every: float = 0) -> list[tuple[str, list[str]]]:
    """Run a service from one moment to the other and return which numbers came into the spool, and at what time."""
    with shift(workshop, since) as working:
        return working.work(since, until, every=every)


def number_in(file: Path) -> str:
    """Return the number that a call file calls."""
    channel = file.read_text().splitlines()[0]
    return channel.removeprefix("Channel: local/").partition("@")[0]


def begin_call(file: Path, pid: int, attempt: int = 1, *, at: float | None = None) -> None:
    """Begin the call of a file in the spool as Asterisk does, now by the machine's clock."""
    with file.open("a") as stream:
        stream.write(f"\nStartRetry: {pid} {attempt} ({int(time.time() if at is None else at)})\n")


def end_call(file: Path, status: str = "", *, done: Path | None = None, lasted: float = 60.0) -> None:
    """End a call as Asterisk does: remove its file from the spool, or move it to the archive if there is one."""
    if done is None:
        file.unlink()
        return
    if "StartRetry" not in file.read_text():
        begin_call(file, os.getpid())
    done.mkdir(exist_ok=True)
    moved = file.rename(done / file.name)
    if status:
        tell_status(moved, status, lasted=lasted)


def tell_status(file: Path, status: str, *, lasted: float = 60.0) -> None:
    """Write the status of a call that lasted so long by the machine's clock."""
    with file.open("a") as stream:
        stream.write(f"Status: {status}\n")
    os.utime(file, (time.time(), time.time() + lasted))


def dead_pid() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


class HasFolder(Protocol):
    """Anything that has a working folder."""

    folder: Path


def service(workshop: HasFolder, *options: str, self_check: bool = False) -> Program:
    """Start the service as a process. Its output is appended to the file `said` of the workshop."""
    with (workshop.folder / "said").open("ab") as said:
        return Program(
            "--settings",
            workshop.folder / "settings.ini",
            "run",
            *options,
            cwd=Path(__file__).parents[2],
            stdout=said.fileno(),
            stderr=said.fileno(),
            self_check=self_check,
        )


def zone_of_noon() -> str:
    """Return a time zone in which it is about noon, at any time when the tests run."""
    return zone_where_it_is(12, datetime.now(UTC))


def zone_where_it_is(hour: int, now: datetime) -> str:
    """Return a time zone in which it is that hour now."""
    ahead = (hour - now.astimezone(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
