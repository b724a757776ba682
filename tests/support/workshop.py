"""A campaign's folder to try things in, a service in it that is given its time, and an Asterisk played by hand."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, NoReturn, Protocol
from zoneinfo import ZoneInfo

import pytest

from obzvon.asterisk import staging
from obzvon.asterisk.spool import Spool
from obzvon.common import files as disk
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.documents.watcher import WatchedDocument
from obzvon.journal.calls import CallStore
from obzvon.journal.commands import CommandResult
from obzvon.journal.journal import Journal
from obzvon.journal.runs import RunStore
from obzvon.journal.transitions import CallTransitions
from obzvon.service import factory
from obzvon.service.command_handlers import execute
from obzvon.service.dialer import Dialer
from obzvon.service.inputs import ScheduleWatch
from obzvon.settings.keys import KEYS
from obzvon.settings.model import Settings, load_settings

ROOT = os.geteuid() == 0
MOSCOW = ZoneInfo("Europe/Moscow")
LONG_AGO = datetime(2025, 12, 1, tzinfo=UTC)
_FORM = ("context", "caller_id", "max_retries", "retry_time", "wait_time", "extension", "priority", "archive")
_SECTIONS = {key.name: key.section for key in KEYS if key.name not in _FORM}


def at(clock: str, day: str = "2026-01-05", zone: ZoneInfo = MOSCOW) -> datetime:
    """A moment by Moscow's clock; the day is a Monday unless another is given."""
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=zone)


def numbers(count: int, first: int = 0) -> list[str]:
    """As many different numbers, which end with every digit in turn."""
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
        """The workshop of a folder whose files are there already."""
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
        """The spool and the store; settings.ini is parsed only when it has changed, for tests ask at every step."""
        text = (self.folder / "settings.ini").read_bytes()
        if text != self._parsed:
            read = self.settings
            self._parsed, self._places = text, (read.target, read.store)
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
        """Numbers, or rows by their keys; a row is a number or all that stands in it."""
        rows = phones if isinstance(phones, Mapping) else {str(key): number for key, number in enumerate(phones)}
        self.write_text(
            "todo.json",
            json.dumps({key: row if isinstance(row, dict) else {"0": row, "1": ""} for key, row in rows.items()}),
            changed,
        )

    def write_week(
        self, *starts: str, changed: datetime | None = LONG_AGO, dates: Mapping[str, str] | None = None
    ) -> None:
        """One start for all days, or seven; `changed` is when it was written."""
        times = starts * 7 if len(starts) == 1 else starts
        week: dict[str, object] = {str(day): start for day, start in enumerate(times, 1)}
        self.write_text("schedule.json", json.dumps(week | ({"dates": dates} if dates else {})), changed)

    def write_text(self, name: str, text: str, changed: datetime | None = LONG_AGO) -> None:
        file = self.folder / name
        file.write_text(text)
        if changed is not None:
            os.utime(file, (changed.timestamp(), changed.timestamp()))

    def spool(self) -> Spool:
        """Its folders, ready for use."""
        spool = Spool.from_settings(self.settings)
        spool.prepare_folders(home=self.folder)
        return spool

    def journal(self) -> Journal:
        return factory.open_journal(self.settings)

    def in_spool(self) -> list[str]:
        """The numbers whose call files are in the spool, in the order of their names."""
        return [number_in(file) for file in sorted(self.spool_folder.iterdir())]

    def in_store(self) -> list[str]:
        """The names of the files in the store."""
        return sorted(path.name for path in self.store_folder.rglob("[!.]*") if path.is_file())


class Shift:
    """One life of the service in a workshop; every moment is given."""

    def __init__(self, workshop: Workshop, uptime: Callable[[], float] | None = None) -> None:
        known = workshop.settings
        self.workshop = workshop
        self.journal = workshop.journal()
        self.heartbeats = self.journal.heartbeats
        self.commands = self.journal.commands
        self.schedule_watch = ScheduleWatch(
            known,
            WatchedDocument(factory.open_phones(known)),
            WatchedDocument(factory.open_schedule(known)),
            self.journal,
        )
        self.dialer = Dialer(known, self.journal, Spool.from_settings(known), self.schedule_watch, uptime=uptime)
        self._met: set[str] = set()

    def work(self, since: datetime, until: datetime, *, every: float = 0) -> list[tuple[str, list[str]]]:
        """Steps as the scheduler does until that moment; returns at what time which numbers came into the spool.

        With `every` it looks only so often, in seconds, as long as nothing is to be done at once.
        """
        went: list[tuple[str, list[str]]] = []
        now = since
        while now <= until:
            wait = self.dialer.step(now)
            if came := self.came():
                went.append((f"{now.astimezone(MOSCOW):%H:%M:%S}", came))
            now += timedelta(seconds=every if every and wait else min(wait, 1.0))
        return went

    def came(self) -> list[str]:
        """The numbers whose files came into the spool since it was asked last."""
        files = {file.name: file for file in sorted(self.workshop.spool_folder.iterdir())}
        new = [file for name, file in files.items() if name not in self._met]
        self._met = set(files)
        return [number_in(file) for file in new]

    def ask(self, name: str, now: datetime, **params: Any) -> CommandResult:
        """Has the service obey a command at that moment."""
        self.commands.submit(name, by="anna", at=now, **params)
        if not self.dialer.is_ready:
            self.dialer.step(now)
        command = self.commands.take_next(at=now)
        assert command is not None
        return execute(self.dialer, command, now)

    def results(self, day: datetime) -> dict[str, str]:
        """What became of each number on that day; of a number with several lines, the last."""
        return {line.number: line.result for line in self.journal.calls.records_on(day.date())}

    def reasons(self, day: datetime) -> dict[str, str]:
        return {line.number: str(line.reason or "") for line in self.journal.calls.records_on(day.date())}

    def end(self) -> None:
        """A stop of its own will."""
        self.dialer.handover.close()
        self.journal.close()


@contextlib.contextmanager
def shift(workshop: Workshop, now: datetime) -> Iterator[Shift]:
    """A service that has started at that moment."""
    working = Shift(workshop)
    try:
        working.dialer.prepare(now)
        yield working
    finally:
        working.end()


def day_of(workshop: Workshop, since: datetime, until: datetime, *, every: float = 0) -> list[tuple[str, list[str]]]:
    """What goes when a service works from one moment to the other."""
    with shift(workshop, since) as working:
        return working.work(since, until, every=every)


def number_in(file: Path) -> str:
    """The number that a call file rings."""
    channel = file.read_text().splitlines()[0]
    return channel.removeprefix("Channel: local/").partition("@")[0]


def begin_call(file: Path, pid: int, attempt: int = 1, *, at: float | None = None) -> None:
    """Asterisk begins the call of a file in the spool, now by the machine's clock."""
    with file.open("a") as stream:
        stream.write(f"\nStartRetry: {pid} {attempt} ({int(time.time() if at is None else at)})\n")


def end_call(file: Path, status: str = "", *, done: Path | None = None) -> None:
    """The call ends, having been begun: its file leaves the spool, into the archive if there is one."""
    if done is None:
        file.unlink()
        return
    if "StartRetry" not in file.read_text():
        begin_call(file, os.getpid())
    done.mkdir(exist_ok=True)
    moved = file.rename(done / file.name)
    if status:
        tell_status(moved, status)


def tell_status(file: Path, status: str) -> None:
    with file.open("a") as stream:
        stream.write(f"Status: {status}\n")


def fail(monkeypatch: pytest.MonkeyPatch, method: str, *, done: bool, fails: Callable[[int], bool]) -> None:
    """Make a journal's method ("runs.begin") fail at those of its calls, counted from 1.

    With `done` it does first what it is for.
    """
    subject, name = method.split(".")
    owner = {"runs": RunStore, "calls": CallStore, "transitions": CallTransitions}[subject]
    do: Callable[..., object] = getattr(owner, name)
    calls = count(1)

    def failing(*args: object, **named: object) -> object:
        is_failing = fails(next(calls))
        result = do(*args, **named) if done or not is_failing else None
        if is_failing:
            raise UserError([Problem("journal", say("it cannot be used"))])
        return result

    monkeypatch.setattr(owner, name, failing)


def odd(call: int) -> bool:
    """Every other one, from the first on."""
    return call % 2 == 1


def dead_pid() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


class Stopped(BaseException):
    """The process has ended here: no `except` of its own sees it."""


class Life:
    """The life of a process, which ends at its n-th step on the disk or in the journal: just before it, or just after.

    What it would have done afterwards, in a `finally`, does not happen either. `ends_at` = 0: it is not ended. With
    `asterisk` somebody looks at each file in the moment in which it has come into the spool; `came` counts those by
    their names.
    """

    _DISK = ("open", "write", "fsync", "rename", "replace", "unlink", "utime", "fchown", "fchmod", "mkdir")
    _JOURNAL: ClassVar[dict[type, tuple[str, ...]]] = {
        RunStore: ("begin", "set_state", "settle"),
        CallTransitions: ("begin_handing", "end_handing", "return_to_waiting", "end_calls", "withdraw_waiting"),
    }

    def __init__(
        self, spool: Path, ends_at: int = 0, *, after: bool = False, asterisk: Callable[[Path], object] = lambda _: None
    ) -> None:
        self.steps: list[str] = []
        self.came: Counter[str] = Counter()
        self._spool = spool
        self._ends_at = ends_at
        self._after = after
        self._asterisk = asterisk
        self._over = False
        self._elsewhere = False
        self._patched = pytest.MonkeyPatch()

    def __enter__(self) -> "Life":
        for name in self._DISK:
            self._patched.setattr(os, name, self._step(name, getattr(os, name)))
        self._patched.setattr(disk, "sync_filesystem", self._step("syncfs", disk.sync_filesystem))
        self._patched.setattr(staging, "Prefetcher", _AheadHere)
        for owner, names in self._JOURNAL.items():
            for name in names:
                self._patched.setattr(owner, name, self._step(f"journal.{name}", getattr(owner, name)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._patched.undo()
        return kind is Stopped

    @contextlib.contextmanager
    def others(self) -> Iterator[None]:
        """Count no step of what others do meanwhile in this process."""
        before, self._elsewhere = self._elsewhere, True
        try:
            yield
        finally:
            self._elsewhere = before

    def _step(self, name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **named: Any) -> Any:
            if self._elsewhere:
                return do(*args, **named)
            if self._over:
                raise Stopped
            self.steps.append(name)
            last = len(self.steps) == self._ends_at
            self._over = last and not self._after
            if self._over:
                raise Stopped
            result = None
            try:
                result = do(*args, **named)
            finally:
                if last and name == "open" and result is not None:
                    os.close(result)
                if last and name != "rename":
                    self._end()
            if name == "rename" and (file := self._arrived(named.get("dst_dir_fd"), args[1])):
                self.came[file.name] += 1
                with self.others():
                    self._asterisk(file)
            if last:
                self._end()
            return result

        return step

    def _end(self) -> NoReturn:
        self._over = True
        raise Stopped

    def _arrived(self, folder: int | None, name: str) -> Path | None:
        """The file that a rename has put into the spool, if it was there that it put it."""
        here = folder is not None and os.path.samestat(os.fstat(folder), self._spool.stat())
        return self._spool / name if here else None


class _AheadHere(staging.Prefetcher):
    """Stages ahead in this process, whose steps are counted."""

    def begin(self, files: staging.Files) -> None:
        staging.stage_files(self._file_mode, files)
        self._names = [name for name, _ in files]

    def finish(self, names: Iterable[str]) -> bool:
        begun, self._names = self._names, []
        if begun and begun == list(names):
            return True
        for name in begun:
            (Path(self._file_mode.store) / name).unlink()
        return False


class HasFolder(Protocol):
    """Whatever has a working folder."""

    folder: Path


def service(workshop: HasFolder, *options: str) -> subprocess.Popen[bytes]:
    """The service as a process of its own; what it says is added to the file `said` of the workshop."""
    with (workshop.folder / "said").open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "obzvon.cli.main", "--settings", workshop.folder / "settings.ini", "run", *options],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )


def zone_of_noon() -> str:
    """A time zone in which the day is neither young nor old, whenever the tests run."""
    return zone_where_it_is(12, datetime.now(UTC))


def zone_where_it_is(hour: int, now: datetime) -> str:
    """A time zone whose clock shows that hour now."""
    ahead = (hour - now.astimezone(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def wait_until(condition: Callable[[], object], what: str, within: float = 30) -> None:
    """Waits for another process."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {within} s"
        time.sleep(0.001)


@contextlib.contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """A folder in which a sync costs nothing, where there is such a thing."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield otherwise
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="obzvon-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def tmpfs(folder: Path, options: str = "size=64k") -> Iterator[Path]:
    """A small filesystem of its own at that folder; skips where it cannot be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@contextlib.contextmanager
def bound(source: Path, folder: Path) -> Iterator[Path]:
    """The same folder mounted at another place; skips where it cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("--bind", str(source), str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def remount(folder: Path, options: str) -> None:
    """Changes the options of a mounted filesystem: ro, rw, size=…; waits for files that are just being written."""
    deadline = time.monotonic() + 30
    while (told := _told_by_mount("-o", f"remount,{options}", str(folder))) and "busy" in told:
        assert time.monotonic() < deadline, told
        time.sleep(0.01)
    assert not told


def _mount(*arguments: str) -> None:
    if not ROOT:
        pytest.skip("only root can mount")
    if told := _told_by_mount(*arguments):
        pytest.skip(f"cannot mount here: {told}")


def _told_by_mount(*arguments: str) -> str:
    """What mount says when it fails, '' when it does not."""
    try:
        done = subprocess.run(
            ["mount", *arguments], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError as error:
        return str(error)
    return (done.stderr.strip() or f"status {done.returncode}") if done.returncode else ""
