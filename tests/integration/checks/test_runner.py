"""The self-check: a sound set-up, and what is said of each thing that can be wrong with it."""

import grp
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import filelock
import msgspec
import pytest

from obzvon.asterisk import staging
from obzvon.asterisk.ami.permissions import Permissions
from obzvon.checks import context as system_clock
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.common.supervision import supervisor_command
from obzvon.documents.store import phones_document, schedule_document
from obzvon.domain.calls import CallForm
from obzvon.domain.clock import ClockMemory
from obzvon.domain.pacing import Capacity, PaceMode
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.schedule import Schedule
from obzvon.journal.findings import Finding, Level, worst_level
from obzvon.journal.journal import AbsentJournal, Journal
from obzvon.journal.schema import SCHEMA, meta
from obzvon.reports.next_run import next_run_forecast
from obzvon.service.clock_guard import ClockGuard
from obzvon.settings.ami import AmiSettings
from obzvon.settings.restarts import setting_digests
from obzvon.settings.secrets import JournalUrl, Secret
from obzvon.settings.web import WebSettings
from tests.support.checked_folder import NOBODY, SUNDAY, Office, Opened, bad, folder_to_check, only
from tests.support.mounts import bind_mount
from tests.support.workshop import dead_pid

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: other users, mounts")
CALL_FILE = "obzvon-20261122-a1b2c3-{:06d}-1.call"
CRASHED = "Channel: local/89161111111@avtoobzvon\n\nStartRetry: 99999999 1 (1795330800)\n"
# Begun by this process, which the tests take for Asterisk, and after its start.
IN_PROGRESS = CRASHED.replace("99999999", str(os.getpid())).replace("1795330800", "4102444800")


@pytest.fixture
def office() -> Iterator[Office]:
    with folder_to_check() as made:
        yield made


def said(findings: list[Finding]) -> str:
    return "\n".join(f"{finding.level} {finding}" for finding in findings)


def test_a_sound_set_up_has_no_warning_and_every_line_says_what_was_looked_at(office: Office) -> None:
    found = office.findings()
    assert bad(found) == []
    assert worst_level(found) is Level.OK
    text = said(found).replace(str(office.folder), "DIR")
    for line in (
        "ok DIR/settings.ini: the settings can be read, and nothing in them is odd",
        "ok DIR/settings.ini [Numbers] region: numbers are read by the numbering plan of RU",
        (
            "ok DIR/settings.ini [Day] time_zone: the time zone is Europe/Moscow, where it is "
            "22 November 2026, 12:00 now, +0300"
        ),
        "ok a time service keeps this machine's clock right",
        "ok DIR/journal.db: the journal opens and can be written",
        "ok the clock shows no time before that of the last run in the journal",
        "ok DIR/todo.json: the list can be read: 2 rows are called, 0 are paused, 0 are duplicates",
        "ok DIR/schedule.json: the schedule can be read; the next run begins on 23 November 2026, 09:00",
        "ok DIR/.history: the last good copies of the documents can be kept here",
        "ok dir_target DIR/spool/outgoing: it is there and belongs to ",
        "ok only the service and Asterisk may put call files where Asterisk reads them",
        "ok dir_logs DIR/log: the log of the day can be written",
        ": there is room: ",
        "ok dir_store DIR/spool/obzvon_store: call files can be moved from here into dir_target",
        "ok dir_store DIR/spool/obzvon_store: a file can be made, renamed and deleted here; call files belong to ",
        "ok dir_store DIR/spool/obzvon_store: nothing is left over here",
        "ok DIR/run/asterisk.pid: Asterisk is running",
        "ok dir_target DIR/spool/outgoing: it is the folder that Asterisk reads, by DIR/asterisk.conf",
        "ok pbx_spool: the module that takes call files is loaded in Asterisk",
        "ok DIR/settings.ini [Calls]: Asterisk's dialplan has play@avtoobzvon",
        "ok DIR/settings.ini [CodeCalls]: Asterisk's dialplan has play@avtoobzvon-ivr",
        "ok dir_target DIR/spool/outgoing: nothing is left over here; 0 calls are in progress",
        f"ok the service runs: process {os.getpid()} on ",
    ):
        assert line in text


def test_it_leaves_nothing_behind_and_never_touches_the_live_spool(office: Office) -> None:
    def state() -> dict[str, tuple[int, ...]]:
        return {
            str(path): (path.stat().st_size, path.stat().st_mode)
            for path in office.folder.rglob("*")
            if "journal.db" not in path.name
        }

    before, spool_before = state(), office.spool.stat().st_mtime_ns
    office.findings()
    assert state() == before
    assert office.spool.stat().st_mtime_ns == spool_before


@needs_root
@pytest.mark.parametrize("owner", [0, NOBODY])
def test_lists_beside_settings_that_are_roots_belong_elsewhere(office: Office, owner: int) -> None:
    shutil.rmtree(office.folder / ".history")
    os.chown(office.settings.file, owner, 0)
    [finding] = [
        one
        for one in office.findings_as_nobody()
        if one.where == str(office.folder) and "the last good copy of a document that breaks is lost" in str(one)
    ]
    assert ("keep the lists elsewhere: dir_source" if owner == 0 else f"chmod g+ws {office.folder}") in str(finding)


def test_it_makes_no_journal(office: Office) -> None:
    office.journal_file.unlink()
    office.change(former_start=SUNDAY.date())
    found = office.findings()
    assert "there is no journal yet; the service makes it at its start" in said(found)
    assert bad(found) == []
    assert not office.journal_file.exists()


def test_findings_can_be_kept_in_the_journal_and_worded_later(office: Office) -> None:
    found = office.findings()
    assert msgspec.json.decode(msgspec.json.encode(found), type=list[Finding]) == found


def test_a_check_that_fails_itself_is_a_finding_and_the_others_are_made(office: Office) -> None:
    def broken() -> bool:
        raise RuntimeError("a new kernel")

    office.set(is_synchronised=broken)
    found = office.findings()
    assert str(only(found)) == (
        "clock.check_synchronised: this check itself has failed: RuntimeError('a new kernel')\n"
        "    → this is a bug in obzvon: please report this line"
    )
    assert "the service runs" in said(found)


def test_an_error_is_worse_than_a_warning() -> None:
    one, two = Finding(Level.WARNING, "", say("odd")), Finding(Level.ERROR, "", say("wrong"))
    assert [worst_level([]), worst_level([one]), worst_level([one, two])] == [Level.OK, Level.WARNING, Level.ERROR]


# -- settings, numbers, time


def test_notes_of_the_settings_are_warnings(office: Office) -> None:
    office.change(notes=(Problem("settings.ini:3", say("it is odd"), say("mend it")),))
    assert str(only(office.findings())) == "settings.ini:3: it is odd\n    → mend it"


def test_an_editor_that_would_send_passwords_in_the_clear(office: Office) -> None:
    office.change(web=WebSettings(host="0.0.0.0"))
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "0.0.0.0 is an address that other machines reach" in str(finding)


def test_a_country_without_a_numbering_plan(office: Office) -> None:
    office.change(region="ZZ")
    finding = next(one for one in office.findings() if "region" in one.where)
    assert finding.level is Level.ERROR
    assert "there is no numbering plan for ZZ" in str(finding)
    assert "for example RU" in str(finding)


def test_a_password_that_every_user_may_read(office: Office) -> None:
    office.change(journal=JournalUrl("postgresql+psycopg://obzvon:secret@127.0.0.1:1/none"))
    office.settings.file.chmod(0o644)
    text = said(bad(office.findings()))
    assert "every user of this machine may read the passwords that stand here" in text
    assert "the journal cannot be opened" in text
    assert "secret" not in text
    office.settings.file.chmod(0o640)
    assert "password here" not in said(office.findings())


def test_a_zone_that_this_machine_has_no_data_of(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(ZoneInfo):
        key = "Europe/Nowhere"

    office.change(zone=Lost("Europe/Moscow"))
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "no data of the time zone Europe/Nowhere" in str(finding)
    assert "apt install tzdata" in str(finding)


@pytest.mark.parametrize(("kept", "level"), [(False, Level.WARNING), (None, Level.OK), (True, Level.OK)])
def test_a_clock_that_nothing_keeps_right(office: Office, kept: bool | None, level: Level) -> None:
    office.set(is_synchronised=lambda: kept)
    assert worst_level(office.findings()) is level


def test_this_machines_clock_can_be_asked() -> None:
    assert system_clock.is_synchronised() in (True, False, None)


@pytest.mark.parametrize(("back", "level"), [(timedelta(seconds=30), Level.OK), (timedelta(hours=2), Level.ERROR)])
def test_the_journal_shows_that_the_clock_was_set_back(office: Office, back: timedelta, level: Level) -> None:
    with office.journal() as journal:
        journal.runs.begin("t-1", date(2026, 11, 22), "week", [], at=SUNDAY + back, state="done")
        journal.heartbeats.begin(at=SUNDAY)
    found = office.findings()
    assert worst_level(found) is level
    if level is Level.ERROR:
        shown = "the clock shows 22 November 2026, 12:00, and the journal holds a run of 22 November 2026, 14:00"
        assert shown in str(only(found))
        assert "timedatectl set-ntp true" in str(only(found))
        with office.journal() as journal:
            assert ClockGuard(office.settings, journal).accept(SUNDAY)
        assert bad(office.findings()) == []


@pytest.mark.parametrize(("boot", "wrong", "told"), [("a", 86400.0, True), ("a", 50.0, False), ("b", 86400.0, False)])
def test_a_clock_that_was_just_set_is_a_finding(office: Office, boot: str, wrong: float, told: bool) -> None:
    with office.journal() as journal:
        journal.clock.store(ClockMemory("a", SUNDAY.timestamp() - 5000 + wrong))
        journal.heartbeats.begin(at=SUNDAY)
    office.set(boot=boot, uptime=lambda: 5000.0)
    found = bad(office.findings())
    assert [str(one.what) for one in found] == (
        ["the clock was set from 23 November 2026, 12:00 to 22 November 2026, 12:00"] if told else []
    )


# -- documents


def test_a_broken_list_is_reported_with_its_place_and_the_last_good_copy(office: Office) -> None:
    office.settings.phones.write_text('{"0": {"0": "89161111111"')
    first, second = bad(office.findings())
    assert first.level is Level.ERROR
    assert first.where.startswith(f"{office.settings.phones}:1:")
    assert "its last good copy is in force instead" in str(second)
    assert "fix the document" in str(second)


@pytest.mark.parametrize("name", ["todo.json", "schedule.json"])
def test_a_document_that_is_not_there(office: Office, name: str) -> None:
    (office.folder / name).unlink()
    shutil.rmtree(office.folder / ".history")
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert str(finding).startswith(f"{office.folder / name}: there is no such file\n    → create it in the editor")


def test_rows_that_cannot_be_called_are_counted_and_the_first_are_named(office: Office) -> None:
    office.phones(
        Phone("0", "89161111111"),
        Phone("1", "89161111111"),
        Phone("2", "89161111112", paused=True),
        *(Phone(str(row), f"77{row}") for row in range(3, 10)),
    )
    found = office.findings()
    text = str(only(found))
    assert "7 rows cannot be called and are skipped: row 3, 773: too short: 3 digits where 11 are expected; " in text
    assert "row 7, 777" in text
    assert "row 8" not in text
    assert "obzvon plan names them all" in text
    assert "1 row is called, 1 are paused, 1 are duplicates" in said(found)


def test_a_list_on_which_nobody_can_be_called(office: Office) -> None:
    office.phones()
    assert "there is nobody on the list who can be called\n    → add numbers" in str(only(office.findings()))


def test_notes_on_a_document_are_warnings(office: Office) -> None:
    office.settings.schedule.write_text('{"1": "09:00", "2": "", "3": null}')
    assert len(bad(office.findings())) == 2
    assert "the day has no time, so there is no run" in said(bad(office.findings()))


def test_a_start_that_has_passed_without_a_run(office: Office) -> None:
    assert bad(office.findings()) == [], "it was set after its time"
    office.journal_file.unlink()
    with office.journal() as journal:
        journal.heartbeats.begin(at=SUNDAY)
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    begins = "the start of 22 November 2026, 09:00 has passed without a run: the service begins it at once"
    assert begins in str(finding)
    assert "write today into the dates of the schedule with 00:00" in str(finding)
    with office.journal() as journal:
        journal.runs.begin("t-1", date(2026, 11, 22), "week", [], at=SUNDAY, state="done")
    assert "has passed" not in said(office.findings())


def test_the_day_of_the_former_script_is_done_before_the_first_start(office: Office) -> None:
    office.journal_file.unlink()
    assert "has passed without a run" in said(office.findings())
    office.change(former_start=date(2026, 11, 22))
    assert "has passed" not in said(office.findings())


def test_a_schedule_without_a_start_is_a_finding(office: Office) -> None:
    office.week(Schedule())
    assert "no day has a start time, so nobody is called by itself\n    → set the time" in str(only(office.findings()))


def test_a_start_after_the_time_at_which_the_hand_over_ends(office: Office) -> None:
    office.change(latest=time(21, 0))
    office.week(
        Schedule(
            (time(9, 0),) * 4 + (time(22, 30), None, None),
            {date(2026, 12, 31): time(21, 0), date(2026, 1, 1): time(23, 0)},
        )
    )
    one, two = bad(office.findings())
    assert '"5": the run begins at 22:30, and from 21:00 on nothing is handed over: nobody is called' in str(one)
    assert '"2026-12-31": the run begins at 21:00' in str(two)
    assert "set an earlier start" in str(two)


def test_a_run_that_cannot_end_in_time(office: Office) -> None:
    office.phones(*(Phone(str(row), f"8916{row:07d}") for row in range(100)))
    office.week(Schedule((time(20, 50),) * 7))
    office.change(latest=time(21, 0), bundle=1, timeout=60.0)
    late = "the run of 22 November 2026, 20:50 does not get to 90 calls before 22 November 2026, 21:00"
    assert late in str(only(office.findings()))


def test_a_run_that_cannot_end_in_time_at_the_configured_pace(office: Office) -> None:
    office.phones(*(Phone(str(row), f"8916{row:07d}") for row in range(3000)))
    office.week(Schedule((time(20, 59),) * 7))
    office.change(latest=time(21, 0), timeout=0.0, pace_mode=PaceMode.ADAPTIVE, rate=6.0)
    phones, week = office.settings.phones, office.settings.schedule
    plan = next_run_forecast(
        office.settings, phones_document(phones).load().data, schedule_document(week).load(), AbsentJournal(), SUNDAY
    )
    assert (plan.calls, plan.cut_off) == (3000, 2640)
    finding = only(office.findings())
    assert "the run of 22 November 2026, 20:59 does not get to 2640 calls before 22 November 2026, 21:00" in str(
        finding
    )


@pytest.mark.parametrize(
    "paced",
    [
        {"pace_mode": PaceMode.ADAPTIVE, "rate": 6.0},
        {"pace_mode": PaceMode.THROTTLED, "ceiling": Capacity(30)},
    ],
)
def test_a_long_list_that_its_pace_holds_back(office: Office, paced: dict[str, object]) -> None:
    office.phones(*(Phone(str(row), f"8916{row:07d}") for row in range(1001)))
    office.change(timeout=0.0, **paced)
    assert "nothing holds a run back" not in said(office.findings())


def test_a_long_list_that_nothing_holds_back(office: Office) -> None:
    office.phones(*(Phone(str(row), f"8916{row:07d}") for row in range(1001)))
    office.change(timeout=0.0)
    assert "nothing holds a run back: 1001 calls go to Asterisk at once" in str(only(office.findings()))


# -- folders


@pytest.mark.parametrize(
    ("key", "level"),
    [("source", Level.ERROR), ("store", Level.ERROR), ("target", Level.ERROR), ("logs", Level.WARNING)],
)
def test_a_folder_that_is_not_there(office: Office, key: str, level: Level) -> None:
    nowhere = office.settings.file / "folder"
    office.change(**{key: nowhere})
    finding = only(office.findings())
    assert finding.level is level
    assert str(finding) == (
        f"dir_{key} {nowhere}: there is no such folder\n    → create it, or correct the path in [Dirs] dir_{key}"
    )


def test_folders_that_the_service_makes_are_not_missed(office: Office) -> None:
    shutil.rmtree(office.folder / "log")
    office.change(store=office.folder / "new" / "store", target=office.folder / "target", pid_file=None)
    office.conf.unlink()
    found = office.findings()
    assert "no Asterisk reads it" in str(only(found))
    assert said(found).count("it is not there yet; the service makes it at its start") == 2


@needs_root
def test_a_spool_without_permissions_is_reported_to_its_user(office: Office) -> None:
    found = said(bad(office.findings_as_nobody()))
    assert f"error dir_target {office.spool}: the service's user (uid 65534) cannot write here" in found
    assert "run the service as the owner of the folder" in found
    assert f"warning dir_logs {office.folder}/log: the service may not write here, so there is no log" in found
    assert f"chown root {office.folder}/log" in found
    assert found.startswith("warning you are nobody, and the service is root: ")
    assert "runuser -u root -- obzvon check" in found
    assert f"warning {office.folder}/.history: the service may not write here" in found
    assert f"error {office.folder}/journal.db: the journal is not ours to write" in found
    assert f"chown root:root {office.folder}/journal.db*" in found
    assert "cannot write here: Permission denied" in found


@needs_root
def test_a_spool_that_cannot_even_be_looked_into(office: Office) -> None:
    office.spool.parent.chmod(0o700)
    found = said(bad(office.findings_as_nobody()))
    assert "it cannot be checked: Permission denied" in found
    assert "run obzvon check as the service's user" in found


def test_a_sqlite_that_is_too_old_for_the_journal_is_an_error_with_a_remedy(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    found = said(office.findings())
    assert "error SQLite: version 3.34.1 is too old: the journal needs 3.35 or newer" in found
    assert "keep the journal in PostgreSQL" in found


@needs_root
def test_call_files_that_would_belong_to_the_wrong_user(office: Office) -> None:
    for path in (office.folder, *office.folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.chown(office.spool, 1234, NOBODY)
    office.spool.chmod(0o775)
    finding = next(one for one in office.findings_as_nobody() if one.level is Level.ERROR)
    assert "call files must belong to uid 1234, and the service runs as uid 65534" in str(finding)
    assert "supervisor: user=asterisk" in str(finding)


@needs_root
def test_a_day_whose_log_belongs_to_somebody_else(office: Office) -> None:
    (office.folder / "log").chmod(0o777)
    (office.folder / "log" / "2026-11-22.log").touch(0o640)
    assert f"{office.folder}/log/2026-11-22.log: the service may not write here" in said(office.findings_as_nobody())


@pytest.mark.parametrize(("path", "key"), [("spool/outgoing", "dir_target"), ("spool/obzvon_store", "dir_store")])
def test_a_folder_of_call_files_in_which_every_user_may_write(office: Office, path: str, key: str) -> None:
    (office.folder / path).chmod(0o777)
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert finding.where == f"{key} {office.folder / path}"
    assert "every user of this machine may write here: a user who can write a call file can run" in str(finding)
    assert f"chmod o-w {office.folder / path}" in str(finding)


@needs_root
@pytest.mark.parametrize("made", [True, False])
def test_a_store_whose_folder_the_editors_group_may_change_can_be_swapped(office: Office, made: bool) -> None:
    shared = office.folder / "etc"
    shared.mkdir()
    shared.chmod(0o2770)
    os.chown(shared, 0, grp.getgrnam("daemon").gr_gid)  # as the working folder, which the editor shares
    shared.chmod(0o2770)
    office.change(store=shared / "store")
    if made:
        shutil.copytree(office.store, shared / "store")
    office.set(editors=("daemon",))
    finding = next(one for one in office.findings() if one.where == str(shared))
    assert finding.level is Level.ERROR
    assert f"daemon may put another folder in the place of {shared}/store, and call files into it" in str(finding)
    assert f"dir_store = {office.spool.parent}/obzvon_store" in str(finding)
    shared.chmod(0o3770)  # sticky: what is there stays, what is not there can be made by others first
    assert any(one.where == str(shared) for one in office.findings()) is not made


@needs_root
def test_settings_that_the_editors_group_may_change_or_put_another_file_in_the_place_of(office: Office) -> None:
    group = grp.getgrnam("daemon").gr_gid
    folder = office.folder / "etc"
    folder.mkdir()
    file = folder / "settings.ini"
    file.touch()
    os.utime(file, (0, 0))
    office.change(file=file)
    office.set(editors=("daemon",))
    folder.chmod(0o2750)
    file.chmod(0o640)
    assert bad(office.findings()) == []
    os.chown(file, 0, group)
    file.chmod(0o660)
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    assert f"{file}: daemon may change it" in str(finding)
    assert f"chmod go-w {file}" in str(finding)
    file.chmod(0o640)
    os.chown(folder, 0, group)
    folder.chmod(0o2770)
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    assert f"{folder}: daemon may put another file in the place of {file}" in str(finding)
    assert "keep it where only root may write" in str(finding)
    folder.chmod(0o3770)  # sticky: a file of root's stays
    assert bad(office.findings()) == []
    folder.chmod(0o777)
    assert "every user of this machine may put another file in the place of" in str(only(office.findings()))


@needs_root
def test_a_foreign_group_that_may_write_above_the_spool_is_an_error(office: Office) -> None:
    parent = office.spool.parent
    os.chown(parent, 0, grp.getgrnam("daemon").gr_gid)
    parent.chmod(0o775)
    found = [one for one in bad(office.findings()) if one.where == str(parent)]
    assert {one.level for one in found} == {Level.ERROR}
    assert f"daemon may put another folder in the place of {office.spool}" in said(found)
    assert f"chmod g-w {parent}" in said(found)
    os.chown(parent, 0, 0)
    assert bad(office.findings()) == []


def test_a_folder_above_the_spool_that_every_user_may_change(office: Office) -> None:
    office.spool.parent.chmod(0o777)
    for finding in bad(office.findings()):
        assert finding.level is Level.ERROR
        assert "may put another folder in the place of" in str(finding)
        assert f"chmod o-w {office.spool.parent}" in str(finding)


@needs_root
def test_a_spool_that_the_user_of_web_pages_may_write(office: Office) -> None:
    os.chown(office.spool, 0, NOBODY)
    office.spool.chmod(0o775)
    office.set(editors=("nobody", "no-such-user"))
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "the user of web pages, nobody, may write here" in str(finding)
    office.spool.chmod(0o755)
    assert bad(office.findings()) == []


@needs_root
def test_root_is_warned_that_root_sees_no_missing_permission(office: Office) -> None:
    os.chown(office.spool, NOBODY, 0)
    office.set(as_root=True)
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    assert "runuser -u nobody -- obzvon check" in str(finding)


# -- room and filesystems


@pytest.fixture
def mounted() -> Iterator[Callable[[Path, str], None]]:
    """Mounts a filesystem in memory, and takes it off again."""
    places: list[Path] = []

    def mount(place: Path, options: str) -> None:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place], check=False).returncode:
            pytest.skip("nothing can be mounted here")
        places.append(place)

    yield mount
    for place in places:
        subprocess.run(["umount", place], check=True)


@needs_root
def test_a_store_on_another_filesystem(office: Office, mounted: Callable[[Path, str], None]) -> None:
    mounted(office.store, "size=200m,mode=755,nr_inodes=20000")
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "it is on another filesystem than dir_target" in str(finding)
    assert "dir_store is a mount of its own: unmount it" in str(finding)


@needs_root
def test_before_the_first_start_a_spool_that_is_a_mount_is_an_error_and_nothing_is_left(office: Office) -> None:
    shutil.rmtree(office.store)
    with bind_mount(office.folder / "log", office.spool):
        finding = only(office.findings())
        assert finding.level is Level.ERROR
        assert finding.where == f"dir_store {office.store}"
        assert f"mount the folder above it instead, {office.folder}/spool," in str(finding.remedy)
    assert not office.store.exists()
    assert list(office.spool.iterdir()) == []


@needs_root
def test_too_little_room(office: Office, mounted: Callable[[Path, str], None]) -> None:
    mounted(office.folder / "log", "size=50m,mode=755,nr_inodes=20000")
    text = str(only(office.findings()))
    assert text.startswith(f"{office.folder}/log: 52 MB are free on this filesystem, where 100 MB should be")
    assert "make room" in text


@needs_root
def test_too_few_inodes(office: Office, mounted: Callable[[Path, str], None]) -> None:
    mounted(office.folder / "log", "size=200m,mode=755,nr_inodes=100")
    assert "99 more files can be made on this filesystem, where 10000 should be possible" in str(
        only(office.findings())
    )


@needs_root
def test_too_little_room_for_a_run_of_this_list(office: Office, mounted: Callable[[Path, str], None]) -> None:
    mounted(office.folder / "spool", "size=110m,mode=755,nr_inodes=100000")
    office.spool.mkdir()
    (office.store / "0").mkdir(parents=True)
    (office.store / "1").mkdir()
    assert bad(office.findings()) == []
    office.phones(*(Phone(str(row), f"8916{row:07d}") for row in range(30_000)))
    office.change(bundle=1000)
    assert "115 MB are free on this filesystem, where 123 MB should be" in str(only(office.findings()))


@needs_root
def test_a_full_disk_is_an_error(office: Office, mounted: Callable[[Path, str], None]) -> None:
    mounted(office.folder / "spool", "size=64k,mode=755,nr_inodes=20000")
    office.spool.mkdir()
    (office.store / "0").mkdir(parents=True)
    (office.store / "1").mkdir()
    (office.folder / "spool" / "big").write_bytes(b"x" * 65_536)
    found = said(bad(office.findings()))
    assert "error" in found
    assert "0 MB are free" in found
    assert "cannot write here: No space left on device" in found
    assert {path.name for path in office.store.iterdir()} == {"0", "1"}


@needs_root
def test_a_store_that_cannot_be_written(office: Office, mounted: Callable[[Path, str], None]) -> None:
    mounted(office.folder / "spool", "size=200m,mode=755,nr_inodes=20000")
    office.spool.mkdir()
    (office.store / "0").mkdir(parents=True)
    (office.store / "1").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", office.folder / "spool"], check=True)
    assert "Read-only file system" in said(bad(office.findings()))


def test_a_filesystem_that_gives_files_another_owner(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.change(mode=0o640)
    stage = staging.stage_files

    def changed(manner: staging.FileMode, files: Any) -> None:
        stage(manner, files)
        (office.store / files[0][0]).chmod(0o777)

    monkeypatch.setattr(staging, "stage_files", changed)
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "with mode 0777, and this filesystem does not let that be changed" in str(finding)


# -- what lies about


def test_call_files_that_a_service_left_in_the_store(office: Office) -> None:
    for position in (1, 1001):
        (office.store / staging.staging_path(CALL_FILE.format(position))).touch()
    later = office.before_the_start() + timedelta(minutes=2)
    with office.journal() as journal:
        journal.heartbeats.begin(at=later)
    finding = only(office.findings(later))
    assert "2 call files were left here by a service that was cut off" in str(finding)
    assert supervisor_command("start") in str(finding)


def test_call_files_that_are_on_their_way_are_none_that_were_left(office: Office) -> None:
    (office.store / staging.staging_path(CALL_FILE.format(1))).touch()
    now = office.before_the_start()
    with office.journal() as journal:
        journal.heartbeats.begin(at=now)
    assert bad(office.findings(now)) == []


def test_files_of_others_in_the_store(office: Office) -> None:
    for name in ("a.call", "b.txt", "0/c"):
        (office.store / name).touch()
    later = office.before_the_start() + timedelta(minutes=2)
    with office.journal() as journal:
        journal.heartbeats.begin(at=later)
    finding = only(office.findings(later))
    assert "3 files here are none of ours: 0/c, a.call, b.txt" in str(finding)
    assert "move them elsewhere" in str(finding)


def test_a_name_of_a_file_cannot_act_on_the_terminal(office: Office) -> None:
    (office.store / os.fsdecode(b"a\x1b[2J\n\xff.call")).touch()
    later = office.before_the_start() + timedelta(minutes=2)
    with office.journal() as journal:
        journal.heartbeats.begin(at=later)
    finding = only(office.findings(later))
    assert r"a\x1b[2J\n\udcff.call" in str(finding)
    assert msgspec.json.encode(finding)


def test_a_call_file_that_a_crash_of_asterisk_left_in_the_spool(office: Office) -> None:
    (office.spool / CALL_FILE.format(1)).write_text(CRASHED)
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "1 call file is left of a call that Asterisk's crash cut off: it would be called again" in str(finding)
    assert "obzvon sweep" in str(finding)


def test_a_call_file_that_asterisk_has_not_taken_for_a_minute(office: Office) -> None:
    (office.spool / CALL_FILE.format(1)).write_text("Channel: local/89161111111@avtoobzvon\nPriority: 1")
    later = office.before_the_start() + timedelta(minutes=2)
    with office.journal() as journal:
        journal.heartbeats.begin(at=later)
    finding = only(office.findings(later))
    assert "1 call file has been here for more than a minute, and Asterisk has not taken it" in str(finding)
    with office.journal() as journal:
        journal.heartbeats.begin(at=later - timedelta(minutes=2))
    assert bad(office.findings(later - timedelta(minutes=2))) == []


def test_calls_in_progress_are_not_left_over(office: Office) -> None:
    (office.spool / CALL_FILE.format(1)).write_text(IN_PROGRESS)
    (office.spool / "somebody-elses.call").write_text(CRASHED)
    found = office.findings()
    assert bad(found) == []
    assert "1 call is in progress" in said(found)


# -- Asterisk


def test_an_asterisk_that_does_not_run(office: Office) -> None:
    office.pid_file.unlink()
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert str(finding).startswith(
        f"{office.pid_file}: Asterisk is not running\n    → start it: systemctl start asterisk; "
        "if it runs in a container, write pid_file = none in [Spool]"
    )
    office.pid_file.write_text(f"{dead_pid()}\n")
    assert str(only(office.findings())).endswith("Asterisk is not running\n    → start it: systemctl start asterisk")


def test_an_asterisk_that_cannot_be_seen_is_no_fault(office: Office) -> None:
    office.change(pid_file=None)
    office.conf.unlink()
    office.program.unlink()
    found = office.findings()
    assert bad(found) == []
    assert "it is not checked whether Asterisk runs" in said(found)


def test_a_spool_module_that_is_not_loaded(office: Office) -> None:
    office.set_console_answers("0 modules loaded")
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "the module that takes call files is not loaded" in str(finding)
    assert "module load pbx_spool.so" in str(finding)


def test_a_trunk_that_is_still_the_example(office: Office) -> None:
    office.set_console_answers(
        "1 modules loaded",
        module="pbx_spool.so  Outgoing Spool Support  0  Running  core",
        trunk="PJSIP/NUMBER@mytrunk",
    )
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    assert "OBZVON_TRUNK is still the example" in str(finding)


def test_settings_that_were_changed_after_the_services_start(office: Office) -> None:
    os.utime(office.settings.file, (0, SUNDAY.timestamp() + 1))
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    assert "it was changed after the service's start on 22 November 2026, 12:00" in str(finding)
    assert supervisor_command("restart", "obzvon obzvon-web") in str(finding)


def test_keys_that_wait_for_a_restart_are_named_with_the_program(office: Office) -> None:
    with office.journal() as journal:
        journal.heartbeats.store_settings(setting_digests(office.settings))
    os.utime(office.settings.file, (0, SUNDAY.timestamp() + 1))
    assert bad(office.findings()) == []
    written = office.settings.written | {("Calls", "wait_time")}
    office.change(ordinary=msgspec.structs.replace(office.settings.ordinary, wait_time=77), written=written)
    finding = only(office.findings())
    assert "still works with the former values of: [Calls] wait_time" in str(finding)
    assert supervisor_command("restart", "obzvon") in str(finding)
    assert "obzvon-web" not in str(finding)
    office.change(latest=time(20), written=written | {("Day", "latest")})
    assert supervisor_command("restart", "obzvon obzvon-web") in str(only(office.findings()))


def test_a_spool_module_that_does_not_run(office: Office) -> None:
    office.set_console_answers("1 modules loaded", module="pbx_spool.so  Outgoing Spool Support  0  Not Running  core")
    assert "the module that takes call files is not loaded" in str(only(office.findings()))


def test_a_dialplan_without_our_contexts(office: Office) -> None:
    office.set_console_answers(
        "1 modules loaded",
        module="pbx_spool.so  Outgoing  0  Running  core",
        dialplan="There is no existence of 'it' context",
    )
    office.change(ordinary=CallForm(context="other", extension="say"))
    one, two = bad(office.findings())
    assert "[Calls]: Asterisk's dialplan has no say@other" in str(one)
    assert "[CodeCalls]: Asterisk's dialplan has no play@avtoobzvon-ivr" in str(two)
    assert "dialplan reload" in str(two)
    assert (one.level, two.level) == (Level.ERROR, Level.ERROR)
    office.phones(Phone("0", "89161111111"))
    assert [finding.level for finding in bad(office.findings())] == [Level.ERROR, Level.WARNING]


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\necho 'Unable to connect to remote asterisk' >&2; exit 1\n",
        "#!/bin/sh\nexec sleep 60\n",
        "no program at all",
    ],
)
def test_an_asterisk_that_does_not_answer_is_no_fault(
    office: Office, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obzvon.checks.asterisk._PATIENCE", 0.3)
    office.program.write_text(script)
    found = office.findings()
    assert bad(found) == []
    assert "Asterisk could not be asked what is loaded" in said(found)


def test_another_asterisk_than_ours_is_not_asked(office: Office) -> None:
    office.set_console_answers("0 modules loaded")
    office.conf.write_text(f"[directories]\nastspooldir => {office.folder}/spool\nastrundir => /elsewhere\n")
    assert bad(office.findings()) == []


@pytest.mark.parametrize(
    ("conf", "read"),
    [
        ("[directories]\nastspooldir => /srv/asterisk\n", "/srv/asterisk/outgoing"),
        ("[directories](!)\nastspooldir => HERE/spool\n", "/var/spool/asterisk/outgoing"),
        ("[options]\nastspooldir = HERE/spool\n", "/var/spool/asterisk/outgoing"),
    ],
)
def test_a_folder_that_asterisk_does_not_read(office: Office, conf: str, read: str) -> None:
    office.conf.write_text(conf.replace("HERE", str(office.folder)))
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    assert f"by {office.conf} Asterisk reads another folder: {read}" in str(finding)
    assert f"write dir_target = {read}" in str(finding)


@needs_root
def test_call_files_that_would_not_be_asterisks_own(office: Office) -> None:
    with subprocess.Popen(["sleep", "60"], user=NOBODY) as asterisk:
        try:
            office.pid_file.write_text(str(asterisk.pid))
            finding = only(office.findings())
            os.chown(office.spool, NOBODY, 0)
            assert bad(office.findings()) == []
        finally:
            asterisk.kill()
    assert finding.level is Level.ERROR
    assert "Asterisk runs as nobody, and call files would belong to root" in str(finding)
    assert f"chown nobody {office.spool}, or write [Spool] owner = nobody" in str(finding)


# -- the journal and the service


def test_a_journal_that_is_damaged(office: Office) -> None:
    office.journal_file.write_bytes(b"not a database" * 1000)
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "the journal cannot be opened: file is not a database" in str(finding)
    assert "[Journal] url" in str(finding)


def test_a_journal_of_a_newer_version(office: Office) -> None:
    with office.journal() as journal, journal.write_transaction() as connection:
        connection.execute(meta.update().values(value=str(SCHEMA + 1)))
    assert "a newer version of obzvon wrote this journal" in str(only(office.findings()))


def test_a_journal_whose_folder_is_not_there(office: Office) -> None:
    office.change(journal=JournalUrl(f"sqlite:///{office.folder}/nowhere/journal.db"), former_start=SUNDAY.date())
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "there is no journal, and none can be made in this folder" in str(finding)


def test_a_journal_locked_for_writing_is_a_finding(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_journal: Journal) -> None:
        raise OSError("database is locked")

    monkeypatch.setattr(Journal, "write_transaction", busy)
    assert "the journal cannot be written: database is locked" in str(only(office.findings()))


def test_no_service_yet_is_no_fault_for_cron_needs_none(office: Office) -> None:
    office.journal_file.unlink()
    with office.journal() as journal:
        office.remember_schedules(journal)
    found = office.findings()
    assert bad(found) == []
    assert "no service has used this journal yet" in said(found)
    assert "obzvon run --once" in said(found)


def test_a_service_that_was_stopped(office: Office) -> None:
    with office.journal() as journal:
        journal.heartbeats.end(at=SUNDAY - timedelta(hours=1))
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    assert str(finding) == (
        f"the service was stopped on 22 November 2026, 11:00\n    → start it: {supervisor_command('start')}"
    )


def test_a_service_that_is_gone_without_a_word(office: Office) -> None:
    finding = only(office.findings(SUNDAY + timedelta(seconds=61)))
    assert finding.level is Level.ERROR
    assert "the service has sent no heartbeat since 22 November 2026, 12:00" in str(finding)
    assert supervisor_command("restart") in str(finding)


def test_a_service_that_holds_its_journal_and_says_nothing_hangs(office: Office) -> None:
    with filelock.FileLock(f"{office.journal_file}.lock"):
        finding = only(office.findings(SUNDAY + timedelta(hours=1)))
    assert "the service has sent no heartbeat since" in str(finding)


def test_a_run_from_cron_is_seen_by_the_lock_it_holds(office: Office) -> None:
    with office.journal() as journal:
        journal.heartbeats.end(at=SUNDAY)
    with filelock.FileLock(f"{office.journal_file}.lock"):
        found = office.findings(SUNDAY + timedelta(hours=1))
    assert bad(found) == []
    assert f"as obzvon run --once does: {os.getpid()}" in said(found)


def test_a_service_that_cron_calls_is_no_service_that_was_stopped(office: Office) -> None:
    with office.journal() as journal:
        journal.heartbeats.begin(at=SUNDAY - timedelta(minutes=1), once=True)
        journal.heartbeats.end(at=SUNDAY - timedelta(minutes=1))
    found = office.findings()
    assert bad(found) == []
    assert "the service is called from cron; it looked last on 22 November 2026, 11:59" in said(found)
    finding = only(office.findings(SUNDAY + timedelta(minutes=5)))
    assert "see that cron calls obzvon run --once every minute" in str(finding)


def test_what_keeps_the_service_from_handing_over(office: Office) -> None:
    trouble = [Problem("the spool", say("no room"), say("make some")).message()]
    with office.journal() as journal:
        journal.heartbeats.beat(at=SUNDAY, problem=msgspec.json.encode(trouble).decode())
    assert "the service reports a problem: the spool: no room" in str(only(office.findings()))


def test_a_run_that_somebody_paused(office: Office) -> None:
    with office.journal() as journal:
        run = journal.runs.begin(
            "t-1", date(2026, 11, 22), "week", [Candidate(Phone("0", "1"), "89161111111")], at=SUNDAY
        )
        assert run is not None
        assert f"run {run.id} is in progress, 1 call waits" in said(office.findings())
        journal.runs.set_state(run.id, "paused", at=SUNDAY)
    finding = only(office.findings())
    assert str(finding) == (f"run {run.id} is paused, 1 call waits\n    → go on: obzvon resume; or end it: obzvon stop")


def test_a_journal_in_postgresql(office: Office, journal_url: str) -> None:
    with Opened(journal_url) as journal:
        journal.heartbeats.begin(at=SUNDAY)
        office.remember_schedules(journal)
    office.change(journal=JournalUrl(journal_url))
    office.settings.file.chmod(0o640)
    found = office.findings()
    assert bad(found) == []
    assert "the journal opens and can be written" in said(found)


def test_the_modes_of_what_is_there_are_shown(office: Office) -> None:
    office.spool.chmod(0o2755)
    assert f"with mode {stat.S_IMODE(office.spool.stat().st_mode):04o}" in said(office.findings())


# -- calls that go by AMI


@pytest.fixture
def far(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office whose Asterisk is on another machine, reached by AMI, and which has no spool."""
    monkeypatch.setattr("obzvon.checks.ami.inspect_permissions", lambda *_, **__: Permissions())
    shutil.rmtree(office.folder / "spool")
    office.settings.file.chmod(0o640)
    ami = AmiSettings("pbx", secret=Secret("x"), tls=True, transport="ami")
    office.settings = msgspec.structs.replace(office.settings, pid_file=office.folder / "no.pid", ami=ami)
    return office


def test_without_a_spool_none_is_missed(far: Office) -> None:
    found = far.findings()
    assert [str(one) for one in found if one.level is not Level.OK] == []
    assert any("while the connection is lost they wait" in str(one) for one in found)
    assert not any("dir_store" in str(one) or "dir_target" in str(one) for one in found)
    assert not far.store.exists()


def test_a_spool_that_can_stand_in_is_looked_at_and_keeps_no_call_from_being_made(far: Office, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-spool" / "outgoing"
    far.settings = msgspec.structs.replace(
        far.settings, target=elsewhere, store=elsewhere.with_name("store"), written=frozenset({("Dirs", "dir_target")})
    )
    found = far.findings()
    assert worst_level(found) is Level.WARNING
    assert any(f"dir_target {elsewhere}" in str(one) for one in found)
    assert any(f"they go through {elsewhere}" in str(one) for one in found)


def test_retries_without_effect_are_a_finding(far: Office) -> None:
    far.settings = msgspec.structs.replace(far.settings, coded=CallForm(context="avtoobzvon-ivr", max_retries=2))
    [told] = [one for one in far.findings() if one.level is not Level.OK]
    assert "[CodeCalls] max_retries" in str(told)
    assert "max_retries has no effect" in str(told)
    assert "[Rounds]" in str(told.remedy)


def test_a_check_for_a_service_never_waits_for_the_journals_lock_nor_takes_it(office: Office) -> None:
    office.set(journal_in_use=True)
    with office.journal() as journal, journal.write_transaction():
        assert bad(office.findings()) == []


def test_a_service_that_was_halted_by_a_signal_is_an_error_at_once(office: Office) -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        with office.journal() as journal, pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "getpid", lambda: process.pid)
            journal.heartbeats.begin(at=SUNDAY)
        assert bad(office.findings()) == []
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        finding = only(office.findings())
        assert finding.level is Level.ERROR
        assert f"process {process.pid} was stopped by a signal" in str(finding)
        assert f"kill -CONT {process.pid}" in str(finding.remedy)
        assert "halted" in str(only(office.findings(SUNDAY + timedelta(minutes=10))))
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("key", ["UTC", "Etc/UTC"])
def test_a_machine_in_utc_without_a_time_zone_set_is_a_warning(office: Office, key: str) -> None:
    office.change(zone=ZoneInfo(key))
    found = [finding for finding in bad(office.findings()) if "time zone is UTC" in str(finding)]
    assert [finding.level for finding in found] == [Level.WARNING]
    assert "time_zone = Europe/Moscow" in str(found[0].remedy)
    office.change(zone=ZoneInfo(key), written=frozenset({("Day", "time_zone")}))
    assert not [finding for finding in bad(office.findings()) if "time zone is UTC" in str(finding)]


MIXED = """[ Context 'avtoobzvon' created by 'pbx_config' ]
  'play' =>         1. Wait(1)                                    [extensions_obzvon.conf:49]
                    2. Playback(hello)                            [extensions_custom.conf:12]
  Include =>        'obzvon-numbers'                              [pbx_config]"""
OLDER = """[ Context 'obzvon-message' created by 'pbx_config' ]
  'play' =>         1. Playback(${OBZVON_MESSAGE})                [extensions_obzvon.conf:67]"""


def test_a_context_that_is_put_together_from_two_files_is_a_warning(office: Office) -> None:
    office.change(coded=office.settings.ordinary)
    office.set_console_answers("1 modules loaded", module="pbx_spool.so  Spool  0  Running  core", dialplan=MIXED)
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    assert finding.where == "[avtoobzvon]"
    assert "several files: extensions_obzvon.conf, extensions_custom.conf" in str(finding)


def test_the_dialplan_of_an_older_obzvon_is_a_warning_with_ami_only(office: Office) -> None:
    office.set_console_answers(
        "1 modules loaded", module="pbx_spool.so  Spool  0  Running  core", dialplan=OLDER.replace("$", "\\$")
    )
    assert bad(office.findings()) == []
    office.change(ami=AmiSettings("127.0.0.1", 1, secret=Secret("hush-hush")))
    assert [one.level for one in bad(office.findings()) if "older version of obzvon" in str(one)] == [Level.WARNING]
