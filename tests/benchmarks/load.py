"""Measure the whole service with 1,000 calls in progress that all end in the same second.

As root: python -m tests.benchmarks.load [--asterisk 22|16] [--calls 1000] [--message]

A carrier behind a SIP trunk of a real Asterisk answers 1,000 numbers, and gives another result to 100 more. Then it
hangs up all calls at once. The service is a separate process with adaptive pacing, AMI and no archive, so that it knows
results from events only. The figure is the time from the last end to the last result in the journal. It is counted
from the carrier's last end and from the PBX's, because an Asterisk with 3,000 channels to hang up is behind its
carrier. The PBX's time is the one in its events.

No message is played, because two Asterisks on a small machine cannot carry the sound of 1,000 calls. --message plays
it. Events, files and the journal are the same.
"""

import argparse
import re
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import wave
from collections import Counter
from datetime import UTC
from pathlib import Path

from tests.asterisk.manager import recorded_events
from tests.asterisk.rig import Rig
from tests.asterisk.roots import root
from tests.asterisk.run_folder import ENDINGS, Office
from tests.benchmarks.speed import cpu
from tests.support.waiting import until

OTHERS = 100
HELD = 600
"""Seconds for which only the carrier ends a call."""
RATE = 100


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--asterisk", type=int, default=22)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--message", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="obzvon-bench-") as name:
        measure(options.asterisk, options.calls, Path(name), plays=options.message)


def measure(version: int, calls: int, folder: Path, *, plays: bool) -> None:
    """Run the service once and print its figures."""
    held = [f"8916{number:05d}00" for number in range(calls)]
    others = [
        f"8917{number:05d}{ending}"
        for number, ending in zip(
            range(OTHERS), OTHERS * [ending for ending in ENDINGS if ENDINGS[ending] != "answered"], strict=False
        )
    ]
    with holding_rig(version, folder, plays=plays) as rig:
        office = office_with_ami(folder, rig, [*held, *others], calls)
        service = office.serve()
        try:
            journal = OutcomeCounter(folder / "journal.db")
            until(lambda: journal.count() >= OTHERS, "the others have ended", within=300, every=0.1)
            until(lambda: answered(rig) == calls, "all are up", within=300, every=0.5)
            before = cpu(service.pid)
            up = rig.pbx.cli("core show channels count").partition("\n")[0]
            with recorded_events(rig.pbx.ami_port, rig.pbx.ami_user, rig.pbx.ami_secret) as events:
                watching = threading.Thread(target=journal.watch, args=(calls + OTHERS,))
                watching.start()
                rig.carrier.asterisk.cli("channel request hangup all")
                watching.join()
            until(lambda: all(entry.ended for entry in rig.carrier.ledger()), "the carrier has hung up", within=60)
            spent, memory, helper = cpu(service.pid) - before, peak_memory(service.pid), helpers(service.pid)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(30)
        report(version, rig, office, journal, last_hangup(b"".join(events)))
        print(f"  Asterisk at the peak: {up}")
        print(f"  memory of the service {memory:.0f} MB at most{helper}; processor {spent:.2f} s for the ends")
        print(f"  warnings and errors in the log: {problem_lines(office)}; exit {service.returncode}")


def report(version: int, rig: Rig, office: Office, journal: "OutcomeCounter", hung_up: float) -> None:
    """Compare the carrier's ledger with the journal; `hung_up` is when the PBX hung up its last channel."""
    ledger = {entry.number: entry for entry in rig.carrier.ledger()}
    lines = {line.number: line for line in office.lines()}
    held = [entry for entry in ledger.values() if entry.answered]
    ends = [entry.ended or 0.0 for entry in held]
    heard = max(
        line.ended_at.replace(tzinfo=line.ended_at.tzinfo or UTC).timestamp()
        for line in lines.values()
        if line.ended_at
    )
    wrong = [
        number
        for number, line in lines.items()
        if line.result != ENDINGS[number[-2:]] or (line.result == "answered") != bool(ledger[number].answered)
    ]
    top = sum(entry.at < min(ends) and (entry.ended or 0.0) >= min(ends) for entry in held)
    print(
        f"Asterisk {version}, SIP trunk: {top} calls up at once; the carrier ended them within "
        f"{max(ends) - min(ends):.2f} s"
    )
    print(
        f"  after the carrier's last end: the PBX's {hung_up - max(ends):+.2f} s, last event handled "
        f"{heard - max(ends):+.2f} s, last outcome in the journal {journal.last - max(ends):+.2f} s"
    )
    print(
        f"  after the PBX's last end: last event handled {heard - hung_up:+.2f} s, last outcome in the journal "
        f"{journal.last - hung_up:+.2f} s"
    )
    print(
        f"  results {dict(Counter(line.result for line in lines.values()))}; unlike the ledger {len(wrong)}; called "
        f"twice {len(rig.carrier.ledger()) - len(ledger)}; missing {len(lines.keys() - ledger.keys())}"
    )


# -- the rig


def holding_rig(version: int, folder: Path, *, plays: bool) -> Rig:
    """Return a rig whose calls last until one side hangs up."""
    message = folder / "message.wav"
    with wave.open(str(message), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(HELD * 16000))
    rig = Rig(root(version), message=message)
    manager = rig.pbx.home / "etc" / "manager.conf"
    manager.write_text(manager.read_text().replace("[general]", "[general]\ntimestampevents = yes"))
    dialplan = rig.pbx.home / "etc" / "extensions_obzvon.conf"
    text, changed = re.subn(r"Playback\(\$\{OBZVON_MESSAGE\}\)", f"Wait({HELD})", dialplan.read_text())
    assert changed == 1
    if not plays:
        dialplan.write_text(text)
    return rig


def last_hangup(events: bytes) -> float:
    """Return the time by the PBX's clock at which it hung up its last channel."""
    found = re.findall(rb"Event: Hangup\r\nPrivilege: [^\r]*\r\nTimestamp: ([0-9.]+)\r\n", events)
    return max(map(float, found))


def office_with_ami(folder: Path, rig: Rig, numbers: list[str], calls: int) -> Office:
    office = Office(folder, rig, dict.fromkeys(numbers, ""))
    file = folder / "settings.ini"
    file.write_text(
        file.read_text().replace("archive = yes", "archive = no")
        + (
            f"[Pace]\npacing = adaptive\nlines = {calls + OTHERS}\ncalls_per_second = {RATE}\n"
            f"[AMI]\nhost = 127.0.0.1\nport = {rig.pbx.ami_port}\nuser = {rig.pbx.ami_user}\n"
            f"secret = {rig.pbx.ami_secret}\ntrunk = PJSIP/carrier\n"
        )
    )
    return office


def answered(rig: Rig) -> int:
    return sum(bool(entry.answered) for entry in rig.carrier.ledger())


# -- the service


class OutcomeCounter:
    """Counts the ended calls in the journal while the service runs."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.last = 0.0

    def count(self) -> int:
        if not self._file.exists():
            return 0
        with sqlite3.connect(self._file) as journal:
            try:
                [found] = journal.execute("SELECT count(*) FROM calls WHERE disposition IS NOT NULL").fetchone()
            except sqlite3.OperationalError:  # the service is making the tables
                return 0
            return int(found)

    def watch(self, count: int) -> None:
        """Wait until that number of calls have ended, and set `last` to the time of it."""
        while self.count() < count:
            time.sleep(0.02)
        self.last = time.time()


def peak_memory(pid: int) -> float:
    """Return the highest memory of a process, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def helpers(pid: int) -> str:
    """Return the memory of the service's child processes, as a part of a sentence."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return "".join(f", of a child process {peak_memory(int(child)):.0f} MB" for child in found)


def problem_lines(office: Office) -> int:
    return len(re.findall(r"(?m)^\S+ \S+ (?:WARNING|ERROR)|Traceback", office.console()))


if __name__ == "__main__":
    main()
