"""A working folder in which the checks find no problem until a test changes something."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from obzvon.asterisk.spool import Spool
from obzvon.checks.context import Machine
from obzvon.checks.runner import run_checks
from obzvon.documents.store import Document, phones_document, schedule_document
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.journal.findings import Finding, Level
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from obzvon.settings.secrets import JournalUrl

MOSCOW = ZoneInfo("Europe/Moscow")


SUNDAY = datetime(2026, 11, 22, 12, 0, tzinfo=MOSCOW)


NOBODY = 65534


class Office:
    """A complete working folder, with this process as its Asterisk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool" / "outgoing"
        self.store = folder / "spool" / "obzvon_store"
        self.pid_file = folder / "run" / "asterisk.pid"
        self.journal_file = folder / "journal.db"
        self.conf = folder / "asterisk.conf"
        self.program = folder / "asterisk"
        for path in (self.spool, self.store / "0", self.store / "1", folder / "log", folder / "run"):
            path.mkdir(parents=True)
            path.chmod(0o755)
        self.pid_file.write_text(f"{os.getpid()}\n")
        self.conf.write_text(f"[directories]\nastspooldir => {folder}/spool ; here\nastrundir = {folder}/run\n")
        self.set_console_answers("1 modules loaded", module="pbx_spool.so  Outgoing Spool Support  0  Running  core")
        self.settings = Settings(
            file=folder / "settings.ini",
            source=folder,
            store=self.store,
            target=self.spool,
            logs=folder / "log",
            phones=folder / "todo.json",
            schedule=folder / "schedule.json",
            messages=folder / "messages",
            journal=JournalUrl(f"sqlite:///{self.journal_file}"),
            zone=MOSCOW,
            pid_file=self.pid_file,
        )
        self.settings.file.touch()
        os.utime(self.settings.file, (0, 0))
        self.phones(Phone("0", "89161111111"), Phone("1", "89502222222", "1"))
        self.week(Schedule((time(9, 0),) * 7))
        with self.journal() as journal:
            journal.heartbeats.begin(at=SUNDAY)
            self.remember_schedules(journal)
        self.machine = Machine(
            as_root=False, asterisk=str(self.program), asterisk_conf=self.conf, editors=(), is_synchronised=lambda: True
        )

    def phones(self, *phones: Phone) -> None:
        self._keep(phones_document(self.settings.phones), list(phones))

    def week(self, week: Schedule) -> None:
        self._keep(schedule_document(self.settings.schedule), week)

    @staticmethod
    def remember_schedules(journal: Journal) -> None:
        """Write two schedules as seen, the current one an hour after today's start, so that no run is missing."""
        for week, changed in ((Schedule(), SUNDAY), (Schedule((time(9, 0),) * 7), SUNDAY - timedelta(hours=2))):
            journal.seen_schedules.remember(week, SUNDAY.date(), changed)

    def journal(self) -> "Opened":
        return Opened(self.settings.journal.reveal())

    def set_console_answers(
        self, loaded: str, *, module: str = "", dialplan: str = "[ Context 'it' ]", trunk: str = "PJSIP/NUMBER@beeline"
    ) -> None:
        """Set the answers of the stand-in for Asterisk's console."""
        self.program.write_text(f"""#!/bin/sh
case "$4" in module*) echo "{module}"; echo "{loaded}" ;; *globals) echo " OBZVON_TRUNK={trunk}" ;;
    *) echo "{dialplan}" ;; esac
""")
        self.program.chmod(0o755)

    def change(self, **fields: object) -> None:
        self.settings = msgspec.structs.replace(self.settings, **fields)

    def set(self, **fields: object) -> None:
        self.machine = msgspec.structs.replace(self.machine, **fields)

    def findings(self, now: datetime = SUNDAY) -> list[Finding]:
        """Run the checks at that moment."""
        settings = self.settings
        spool = Spool(
            settings.store, settings.target, owner=settings.owner, mode=settings.mode, pid_file=settings.pid_file
        )
        return list(run_checks(settings, spool, now=now, machine=self.machine))

    def before_the_start(self) -> datetime:
        """Return now, the clock of file changes, and choose a zone in which the start of the day is still ahead."""
        now = datetime.now(UTC)
        self.change(zone=ZoneInfo(f"Etc/GMT{(now.hour + 8) % 24 - 12:+d}"))
        return now

    def findings_as_nobody(self) -> list[Finding]:
        return as_nobody(self.findings)

    def _keep(self, document: Document[Any], data: object) -> None:
        document.save(data, document.load().revision if document.path.exists() else "")
        WatchedDocument(document).current_state()


class Opened:
    """A journal that is open for the length of a block."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> Journal:
        self._journal = Journal(self._url)
        return self._journal

    def __exit__(self, *_: object) -> None:
        self._journal.close()


def as_nobody(check: Callable[[], list[Finding]]) -> list[Finding]:
    """Return what a user without any rights finds. Uses a child process, because a process cannot become root again."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other tests' threads have ended or sleep
        child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writer, msgspec.json.encode(check()))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        found = stream.read()
    os.waitpid(child, 0)
    return msgspec.json.decode(found, type=list[Finding])


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level is not Level.OK]


def only(findings: list[Finding]) -> Finding:
    """Return the one finding that is not good."""
    [finding] = bad(findings)
    assert finding.remedy.text, "every problem has a remedy"
    return finding


@contextmanager
def folder_to_check() -> Iterator[Office]:
    """Make one in a folder that every user can enter; pytest's own are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="obzvon-check-"))
    folder.chmod(0o755)
    yield Office(folder)
    shutil.rmtree(folder)
