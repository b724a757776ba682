"""Working folders in different states, and the editor of each in this process, with a stopped clock."""

import contextlib
import functools
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, template_rendered
from jinja2 import Template

from obzvon.audio import worker
from obzvon.audio.folder import SoundFolder
from obzvon.checks.context import error, good, warning
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.documents.history import History
from obzvon.domain.brake import RunHold
from obzvon.domain.calls import CallOutcome, CallState
from obzvon.domain.line_usage import AmiConnectionState, CountedBy, LineUsage, encode_line_usage
from obzvon.domain.messages import Messages, add_message, add_version, change_message, choose_message
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.domain.schedule import Schedule
from obzvon.journal.identity import DayConflict
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings, load_settings
from obzvon.users import Users
from tests.support.first_users_page import as_php
from tests.support.ports import free_port
from tests.support.tones import tone_wave
from web.app import create_app
from web.imports.drafts import Draft
from web.imports.jobs import ImportJob
from web.messages.library import MessageLibrary
from web.security.login import LoginService
from web.security.login_failures import LoginFailures
from web.server import listen
from web.server import serving as serving_in_a_thread

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOON = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""Noon in Moscow, on a Monday."""
NIGHT = NOON + timedelta(hours=11)
DISPOSITIONS = (*Disposition.__members__.values(),)
NAMES = ("Иванов Иван Иванович", "Петрова Анна", "Склад № 2", "Сидоров", "Константинопольская-Вознесенская Александра")
ROWS: dict[str, dict[str, object]] = {
    str(n): {"0": f"8916{n:07}", "1": "", "name": f"{NAMES[n % 5]} {n}"} for n in range(120)
}
ROWS |= {
    "120": {"0": "777", "1": "context 22"},
    "121": {"0": "89160000001", "1": ""},
    "122": {"0": "89170000042", "1": "1", "paused": True},
}
CODES = {str(n): {"0": f"8916{n:07}", "1": f"0{n}", "name": f"{NAMES[n % 5]} {n}" if n else "007"} for n in range(12)}
SHORT = {key: row for key, row in ROWS.items() if int(key) < 30 or int(key) > 119}
WEEK = {**dict.fromkeys("12345", "09:00"), "6": "00:00", "7": "00:00", "dates": {"2026-12-31": "00:00"}}


def _run(journal: Journal, at: datetime, *, handed: int, ended: int, kind: str = "manual", done: bool = False) -> int:
    """Write a run of 41 rows whose calls have every result in turn, and return its id."""
    rows = [
        Candidate(Phone(key, str(row["0"]), "", str(row["name"])), str(row["0"]))
        for key, row in list(ROWS.items())[:40]
    ]
    rows.append(Candidate(Phone("120", "777", "context 22"), skipped=say("paused")))
    day = at.date()
    run = journal.runs.begin(f"{at:%Y%m%d-%H%M}-{kind}", day, kind, rows, at=at, by="анна")
    assert run
    calls = journal.calls.waiting(run.id, limit=handed)
    journal.transitions.begin_handing(calls, 1)
    journal.transitions.end_handing(journal.calls.in_transit(CallState.HANDING), at=at + timedelta(minutes=1))
    journal.transitions.end_calls(
        [
            CallOutcome(run.id, call.position, DISPOSITIONS[place % len(DISPOSITIONS)], at + timedelta(minutes=2))
            for place, call in enumerate(calls[:ended])
        ]
    )
    if done:
        journal.runs.set_state(run.id, "done", at=at + timedelta(minutes=3))
    return run.id


def _works(journal: Journal, problem: str = "") -> None:
    """Write the heartbeat of a service that has seen the schedule and, with `problem`, reports it."""
    journal.heartbeats.begin(at=NOON - timedelta(hours=4))
    journal.seen_schedules.remember(Schedule(), NOON.date(), NOON - timedelta(days=9))
    usage = LineUsage(
        pace=Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(30, 5)),
        ours=12,
        others=4,
        by=CountedBy.TRUNK,
        ami=AmiConnectionState(not problem, NOON),
    )
    journal.heartbeats.beat(
        at=NOON,
        problem=msgspec.json.encode([say(problem)]).decode() if problem else "",
        line_usage=encode_line_usage(usage),
    )


def _month(journal: Journal) -> None:
    for back in range(29, 0, -1):
        if back % 7 not in (1, 2):
            _run(journal, NOON - timedelta(days=back, hours=3), handed=40, ended=30 + back % 10, kind="week", done=True)
    journal.runs.settle()


def _changed(journal: Journal) -> None:
    changes = journal.audit
    for back, who in ((30, "борис"), (3, "анна"), (1, "анна")):
        changes.record(who, say("paused"), at=NOON - timedelta(hours=back))


def running(journal: Journal) -> None:
    """Write a run in progress, a service that reports a problem, and findings of the check."""
    _month(journal)
    _changed(journal)
    _run(journal, NOON - timedelta(minutes=5), handed=30, ended=27)
    _works(journal, "Asterisk is not running")
    journal.findings.replace(
        [
            error("/run/asterisk.pid", say("Asterisk is not running"), say("start it: systemctl start asterisk")),
            warning('todo.json "1"', say("paused"), say("fix them in the list; obzvon plan names them all")),
            good("", say("Asterisk is running")),
        ],
        at=NOON,
    )


def calling(journal: Journal) -> None:
    """Write a run in progress without problems."""
    _month(journal)
    _run(journal, NOON - timedelta(minutes=5), handed=30, ended=18)
    _works(journal)
    journal.findings.replace([good("", say("Asterisk is running"))], at=NOON)


def held(journal: Journal) -> None:
    """Write a run that is held because all its calls fail."""
    run = _run(journal, NOON - timedelta(minutes=5), handed=30, ended=30)
    hold = RunHold(run, NOON - timedelta(minutes=4), 12, "congestion")
    usage = LineUsage(pace=Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(30, 5)), hold=hold)
    journal.heartbeats.begin(at=NOON - timedelta(hours=4))
    journal.heartbeats.beat(
        at=NOON,
        problem=msgspec.json.encode([hold.describe()]).decode(),
        line_usage=encode_line_usage(usage),
    )


def held_at_night(journal: Journal) -> None:
    """Write the same eleven hours later, in the night."""
    held(journal)
    last = journal.heartbeats.latest()
    assert last
    journal.heartbeats.beat(at=NIGHT, line_usage=last.line_usage)


def paused(journal: Journal) -> None:
    """Write a run that is paused, and a service without heartbeats for a long time."""
    journal.runs.set_state(_run(journal, NOON - timedelta(hours=2), handed=12, ended=12), "paused", at=NOON)
    journal.heartbeats.begin(at=NOON - timedelta(hours=2))


def idle(journal: Journal) -> None:
    """Write no run in progress; some calls of today's last run have not ended."""
    _month(journal)
    _changed(journal)
    _run(journal, NOON - timedelta(hours=1), handed=30, ended=27, done=True)
    call = journal.runs.begin(
        "20261123-test",
        NOON.date(),
        "test",
        [Candidate(Phone("0", "89161112233"), "89161112233")],
        at=NOON - timedelta(minutes=9),
        by="анна",
    )
    assert call
    bundle = journal.calls.waiting(call.id)
    journal.transitions.begin_handing(bundle, 1)
    journal.transitions.end_handing(bundle, at=NOON - timedelta(minutes=9))
    journal.transitions.end_calls(
        [CallOutcome(call.id, bundle[0].position, Disposition.ANSWERED, NOON - timedelta(minutes=8))]
    )
    journal.runs.set_state(call.id, "done", at=NOON - timedelta(minutes=8))
    _works(journal)
    journal.findings.replace([good("", say("Asterisk is running"))], at=NOON)


def waiting(journal: Journal) -> None:
    """Write a run of nine o'clock that waits because Asterisk cannot reach the trunk."""
    journal.heartbeats.begin(at=NOON - timedelta(hours=4))
    why = say("Asterisk cannot reach this trunk, and gives up every call over it at once")
    remedy = say("see that the network and the carrier work, and what Asterisk's console says of the trunk")
    problem = Problem("PJSIP/carrier", say("the run does not start: {why}", why=why), remedy)
    journal.heartbeats.beat(at=NOON, problem=msgspec.json.encode([problem.message()]).decode())
    journal.findings.replace([error("PJSIP/carrier", why, remedy)], at=NOON)


def night(journal: Journal) -> None:
    """Write the same as `idle`, eleven hours later."""
    idle(journal)
    journal.heartbeats.beat(at=NIGHT)


def foreign(journal: Journal) -> None:
    """Write that calls were made today from another journal; no decision has been made."""
    _works(journal, "Asterisk is not running")
    journal.identity.store_conflict(
        DayConflict(NOON.date(), NOON - timedelta(hours=1), "/old/journal.db", False, called=118, left=174)
    )


def unlisted(journal: Journal) -> None:
    """The same, and it is not known whom the other journal called; in the night."""
    foreign(journal)
    journal.heartbeats.beat(at=NIGHT)
    journal.identity.store_conflict(DayConflict(NOON.date(), NOON - timedelta(hours=1), "/old/journal.db", False))


def set_back(journal: Journal) -> None:
    """Write a run of a time that the clock has not reached: it was set back."""
    _works(journal, "the clock was set back")
    later = NOON + timedelta(hours=3)
    journal.runs.begin("20261123-later", NOON.date(), "week", [], at=later, state="done")


def set_back_at_night(journal: Journal) -> None:
    """Write the same eleven hours later, in the night."""
    set_back(journal)
    journal.heartbeats.beat(at=NIGHT)
    journal.runs.begin("20261124-later", NIGHT.date(), "manual", [], at=NIGHT + timedelta(hours=3), state="done")


def elsewhere(journal: Journal) -> None:
    """Write the decision of `foreign` that nobody else is called today."""
    journal.runs.begin("20261123-former", NOON.date(), "former", [], at=NOON, state="done")
    _works(journal)


def nothing(journal: Journal) -> None:
    """Write nothing: no service has ever run."""


class Office(msgspec.Struct, frozen=True):
    """The state of a working folder; a document that is None does not exist."""

    fill: Callable[[Journal], None] | None = idle
    phones: str | None = json.dumps(SHORT)
    week: str | None = json.dumps(WEEK)
    now: datetime = NOON
    ini: str = ""
    locked: bool = False
    #: The list as the editor saved it earlier, oldest first.
    earlier: tuple[str, ...] = ()


_MORE = SHORT | {"900": {"0": "89165550000", "1": "", "name": "Новый водитель"}}
_PAUSED = _MORE | {"3": SHORT["3"] | {"paused": True}}
#: A list as it was saved: with one number more, with a pause, and with four numbers less.
EDITS = (SHORT, _MORE, _PAUSED, {key: row for key, row in _PAUSED.items() if key not in {"5", "6", "7", "8"}})

OFFICES = {
    "running": Office(running),
    "calling": Office(calling),
    "held": Office(held),
    "held at night": Office(held_at_night, now=NIGHT),
    "paused": Office(paused),
    "idle": Office(idle, json.dumps(ROWS)),
    "night": Office(night, now=NIGHT),
    "late": Office(idle, ini="latest = 11:00\n"),
    "waiting": Office(waiting),
    "foreign": Office(foreign),
    "unlisted": Office(unlisted, now=NIGHT),
    "set back": Office(set_back),
    "set back at night": Office(set_back_at_night, now=NIGHT),
    "elsewhere": Office(elsewhere),
    "new": Office(None, "{}", "{}"),
    "overwritten": Office(
        idle,
        json.dumps(as_php(CODES)),
        earlier=(json.dumps(CODES),),
    ),
    "edited": Office(idle, json.dumps(EDITS[-1]), earlier=tuple(map(json.dumps, EDITS))),
    "broken": Office(idle, '{"0": {"0": "8916', '{"1": "25:00"}'),
    "missing": Office(nothing, None, None),
    "locked": Office(locked=True),
}


class Editor:
    """An editor that is being served: its address, and the templates that it has rendered."""

    def __init__(self, app: Flask, address: str) -> None:
        self.app = app
        self.address = address
        self.rendered: list[str] = []

    def hold_imports(self) -> None:
        """Let no import finish from now on."""
        jobs = self.app.extensions["obzvon.imports"].jobs

        def held(draft: Draft) -> ImportJob:
            job = ImportJob(draft, self.app.extensions["obzvon"].phones.current())
            job.part = 0.4
            return job

        jobs.job_for = held


@contextlib.contextmanager
def open_editor(office: Office, folder: Path, users: Mapping[str, str] | str) -> Iterator[Editor]:
    """Serve the editor of such an office in that folder; `users` is the text of its users' file."""
    settings = _make_folder(office, folder, str(users))
    login = LoginService(Users(settings.web.users), failures=LoginFailures(by_network=0)) if office.locked else None
    app = create_app(settings, login=login, clock=lambda: office.now)
    editor = Editor(app, f"http://127.0.0.1:{settings.web.port}")

    def note(_app: Flask, template: Template, **_more: object) -> None:
        editor.rendered.append(template.name or "")

    server = listen(app, settings.web)
    with template_rendered.connected_to(note, app), serving_in_a_thread(server):
        yield editor
    app.extensions["obzvon"].close()


def _write_messages(folder: Path) -> None:
    """Write two messages, one with an earlier version, and choose the other one."""
    library = MessageLibrary(folder)
    library.sounds = SoundFolder(folder, worker.convert)
    versions = [
        library.store_sound(
            io.BytesIO(tone_wave(seconds, pitch=300 + 100 * place)), "борис", NOON - timedelta(days=place)
        )
        for place, seconds in enumerate((1.0, 0.8, 0.6))
    ]
    found, meeting = add_message(Messages(), "Собрание в пятницу", versions[2])
    found = change_message(found, add_version(meeting, versions[1]))
    found, cancelled = add_message(found, "Рейс отменён, выходить не нужно, перезвоните диспетчеру", versions[0])
    library.change(lambda _: choose_message(found, cancelled.key), "анна")


def _make_folder(office: Office, folder: Path, users: str) -> Settings:
    port = free_port()
    (folder / "settings.ini").write_text(
        "[Dirs]\ndir_target = outgoing\n[Calls]\narchive = yes\n[Day]\n"
        f"time_zone = Europe/Moscow\n{office.ini}[Web]\nport = {port}\n"
    )
    (folder / "users.json").write_text(users)
    for name, text in (("todo.json", office.phones), ("schedule.json", office.week)):
        if text is not None:
            (folder / name).write_text(text)
    for place, text in enumerate(office.earlier):
        saved = office.now - timedelta(hours=19 * (len(office.earlier) - place))
        History(folder / "todo.json").record(text.encode(), saved.timestamp(), by="анна")
    if office.fill:
        (folder / "journal.db").write_bytes(_filled(office.fill))
    settings = load_settings(folder / "settings.ini")
    if office.fill:
        _write_messages(settings.messages)
    return settings


@functools.cache
def _filled(fill: Callable[[Journal], None]) -> bytes:
    """Return the file of a journal that is filled so. To write a month into one takes a quarter of a second."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "journal.db"
        with contextlib.closing(Journal(f"sqlite:///{file}")) as journal:
            fill(journal)
        return file.read_bytes()


def change_settings(page: "Page", editor: Editor) -> None:
    """Change keys that the editor takes over at its next start."""
    file = editor.app.extensions["obzvon"].settings.file
    file.write_text(file.read_text() + "[Numbers]\nregion = KZ\nforeign = RU, BY\n")
    page.reload()
