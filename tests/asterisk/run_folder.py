"""A working folder whose spool is the rig's."""

import json
import os
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

from obzvon.domain.calls import CallRecord
from obzvon.journal.journal import Journal
from tests.asterisk.carrier import LedgerEntry
from tests.asterisk.rig import Rig
from tests.support.paths import ROOT
from tests.support.programs import Program
from tests.support.waiting import until


class Office:
    """A working folder whose spool is the rig's. The day's start has passed, so a run is due."""

    def __init__(self, folder: Path, rig: Rig, phones: dict[str, str], **settings: object) -> None:
        self.folder = folder
        self.rig = rig
        values = {"bundle": 20, "timeout": 1} | settings
        (folder / "settings.ini").write_text(
            f"[Dirs]\ndir_source = .\ndir_store = {rig.pbx.home / 'obzvon_store'}\ndir_target = {rig.pbx.outgoing}\n"
            f"dir_logs = log\n[CreateCallFiles]\nbundle = {values['bundle']}\ntimeout = {values['timeout']}\n"
            "[Calls]\narchive = yes\nwait_time = 6\n[CodeCalls]\narchive = yes\nwait_time = 20\n"
            f"[Spool]\npid_file = {rig.pbx.home / 'run' / 'asterisk.pid'}\n[Log]\nlanguage = en\n"
        )
        rows = {str(row): {"0": number, "1": code} for row, (number, code) in enumerate(phones.items())}
        (folder / "todo.json").write_text(json.dumps(rows))
        (folder / "schedule.json").write_text(json.dumps({str(day): "00:01" for day in range(1, 8)}))
        os.utime(folder / "schedule.json", (0, 0))

    def serve(self, *, self_check: bool = False) -> Program:
        with (self.folder / "console").open("ab") as log:
            settings = self.folder / "settings.ini"
            return Program(
                "--settings",
                settings,
                "run",
                cwd=ROOT,
                stdout=log.fileno(),
                stderr=log.fileno(),
                self_check=self_check,
            )

    def console(self) -> str:
        return (self.folder / "console").read_text()

    def lines(self) -> list[CallRecord]:
        if not (self.folder / "journal.db").exists():
            return []
        journal = Journal(f"sqlite:///{self.folder / 'journal.db'}")
        try:
            runs = [journal.runs.latest()]
            return [line for run in runs if run for line in journal.calls.records_on(run.day)]
        finally:
            journal.close()

    def is_over(self) -> bool:
        lines = self.lines()
        return bool(lines) and all(line.disposition for line in lines)


ENDINGS = {
    "00": "answered", "01": "answered", "02": "answered", "04": "answered", "05": "answered", "06": "busy",
    "07": "no answer", "08": "congestion", "09": "no such number", "17": "no answer", "19": "refused",
}  # fmt: skip


def phones(count: int, first: int) -> dict[str, str]:
    """Return this many numbers, with every behaviour of the carrier in turn."""
    endings = list(ENDINGS)
    return {f"8916{first + place:05d}{endings[place % len(endings)]}": "" for place in range(count)}


def office_with_ami(
    folder: Path, rig: Rig, numbers: dict[str, str], port: int, *, archive: str = "no", bundle: int = 20
) -> Office:
    office = Office(folder, rig, numbers, bundle=bundle, timeout=1)
    file = folder / "settings.ini"
    file.write_text(
        file.read_text().replace("archive = yes", f"archive = {archive}")
        + (
            f"[AMI]\nhost = 127.0.0.1\nport = {port}\nuser = {rig.pbx.ami_user}\nsecret = {rig.pbx.ami_secret}\n"
            "trunk = PJSIP/carrier\n"
            if port
            else ""
        )
    )
    return office


def assert_listened(listened: Mapping[str, float | None], ledger: Iterable[LedgerEntry]) -> None:
    """Check how long each number listened against the carrier.

    On a busy machine one end of some calls is noted seconds late, but not of half of them.
    """
    carrier = {entry.number: entry for entry in ledger}
    differences = []
    for number, seconds in listened.items():
        entry = carrier[number]
        assert (seconds is not None) == bool(entry.answered), number
        if seconds is not None and entry.answered and entry.ended:
            differences.append(abs(seconds - (entry.ended - entry.answered)))
    assert median(differences) < 3


def run(office: Office) -> dict[str, CallRecord]:
    """Run the service until every call has ended, and return the journal's calls by number."""
    return ended(office.serve(), office)


def ended(service: Program, office: Office) -> dict[str, CallRecord]:
    """Wait until every call has ended, stop the service, and return the journal's calls by number."""
    try:
        until(office.is_over, "every call has ended", within=400, every=0.5)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(180)
    return {line.number: line for line in office.lines()}
