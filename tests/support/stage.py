"""The whole service with AMI: the stand-in takes its call files, and a second one is the manager interface."""

import json
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from obzvon.domain.calls import CallRecord
from obzvon.journal.journal import Journal
from obzvon.sandbox.ledger import LedgerAttempt
from obzvon.sandbox.pbx import Sandbox
from tests.support.ami_server import SECRET, AmiServer, packed
from tests.support.recorded_events import RECORDED
from tests.support.waiting import until
from tests.support.workshop import Workshop, numbers, service, zone_of_noon

if TYPE_CHECKING:
    from tests.support.programs import Program

PEOPLE = numbers(60)
BY_DIGIT = {
    **dict.fromkeys("012345", "answered"),
    "6": "busy",
    "7": "no answer",
    "8": "congestion",
    "9": "no such number",
}
KINDS = {
    "answered": "answered",
    "busy": "busy",
    "no answer": "dial timeout",
    "congestion": "congestion",
    "no such number": "no such number",
}
"""The kind of recorded call that ends with this result."""
_EXPECTED = re.compile(r"run \d+, call \d+: |further calls with an unknown result: |self-check; ")
"""Lines of the log about calls whose end is unknown, and about the self-check."""
MEMORY = 100
"""Megabytes that the service may take, whatever comes."""
PATIENCE = 180
"""Seconds that a test waits for a condition, on the slowest machine."""


def by_archive(number: str) -> str:
    return "answered" if BY_DIGIT[number[-1]] == "answered" else "not answered"


def by_events(number: str) -> str:
    return BY_DIGIT[number[-1]]


class Stage:
    """A service with AMI and a run that is due, and the stand-in that takes its call files."""

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        archive: str = "yes",
        language: str = "en",
        timeout: float = 0.3,
        people: list[str] = PEOPLE,
        self_check: bool = False,
    ) -> None:
        self.people = people
        self._self_check = self_check
        self.workshop = Workshop(
            folder,
            phones=people,
            start="00:01",
            time_zone=zone_of_noon(),
            archive=archive,
            bundle=10,
            timeout=timeout,
            language=language,
        )
        with (folder / "settings.ini").open("a") as settings:
            settings.write(f"[AMI]\nhost = 127.0.0.1\nport = {port}\nuser = obzvon\nsecret = {SECRET}\n")
        # The id of a live process: beside a real Asterisk, files of a dead one would count as left behind.
        self.sandbox = Sandbox(
            self.workshop.spool_folder, self.workshop.done_folder, talk=0.4, long_talk=0.8, ring=0.4, pid=os.getpid()
        )
        self.memory = 0.0
        self._process: Program | None = None

    @property
    def ledger(self) -> list[LedgerAttempt]:
        return self.sandbox.ledger

    @contextmanager
    def running(self) -> Iterator[None]:
        with self.sandbox:
            self._process = service(self.workshop, self_check=self._self_check)
            try:
                yield
                assert self._process.poll() is None, self.said()
                status = Path(f"/proc/{self._process.pid}/status").read_text()
                self.memory = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024
            finally:
                self._process.send_signal(signal.SIGTERM)
                code = self._process.wait(PATIENCE)
            assert code == 0, self.said()

    def once(self) -> None:
        """Run the service once, as cron does."""
        with self.sandbox:
            assert service(self.workshop, "--once").wait(PATIENCE) == 0, self.said()

    def wait_for_the_end(self) -> None:
        """Wait until every call has ended in the journal."""

        def is_over() -> bool:
            lines = self.lines()
            return len(lines) == len(self.people) and all(line.ended_at for line in lines)

        until(is_over, "the end of every call", every=0.05)

    def wait_for(self, text: str) -> None:
        """Wait until the log contains the text."""
        until(lambda: text in self.log(), text)

    def lines(self) -> list[CallRecord]:
        if not (self.workshop.folder / "journal.db").exists():
            return []
        journal = Journal(self.workshop.settings.journal.reveal())
        try:
            run = journal.runs.latest()
            return list(journal.calls.records_on(run.day)) if run else []
        finally:
            journal.close()

    def log(self) -> str:
        return "".join(file.read_text() for file in sorted(self.workshop.settings.logs.glob("*.log")))

    def said(self) -> str:
        return (self.workshop.folder / "said").read_text()

    def log_problems(self) -> list[str]:
        """Return the warnings and errors of the log, except for calls whose end is unknown and for the self-check."""
        lines = re.findall(r"^\S+ \S+ (?:WARNING|ERROR|CRITICAL) (.*)$", self.log(), re.MULTILINE)
        return [
            line
            for line in lines
            if not re.match(r"run \d+, call \d+: |further calls with an unknown result: |self-check; ", line)
        ]

    def check_cautiously(self, archive: str) -> None:
        """Check that everybody was called once; each result may be the one by events or the one by the archive."""
        found = {line.number: line.result for line in self.lines()}
        other = by_archive if archive == "yes" else lambda _: "unknown"
        self.check(results=lambda number: found[number] if found[number] == by_events(number) else other(number))

    def check(self, *, results: Callable[[str], str]) -> None:
        """Check that everybody was called once and is in the journal once, with the result that `results` gives."""
        assert Counter(attempt.number for attempt in self.ledger) == Counter(self.people), self.log()
        lines = {line.number: line for line in self.lines()}
        assert Counter(line.number for line in self.lines()) == Counter(self.people)
        assert {number: line.result for number, line in lines.items()} == {
            number: results(number) for number in self.people
        }, self.log()
        assert "Traceback" not in self.log() + self.said()
        assert SECRET not in self.log() + self.said()
        assert self.memory < MEMORY


class EventSender:
    """Sends Asterisk's events for each call of the stand-in. `add` returns false events, which are sent with them."""

    def __init__(self, server: AmiServer, stage: Stage, add: Callable[["CallEvents"], bytes] = lambda _: b"") -> None:
        self._server = server
        self._stage = stage
        self._add = add
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send_all)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _send_all(self) -> None:
        begun = 0
        up: dict[int, CallEvents] = {}
        while not self._over.wait(0.01):
            attempts = self._stage.ledger
            for place in range(begun, len(attempts)):
                up[place] = CallEvents(attempts[place].number, place)
                self._send(up[place].beginning, up[place])
            begun = len(attempts)
            for place, call in list(up.items()):
                if attempts[place].ended is not None:
                    call.is_over = True
                    self._send(call.end, call)
                    del up[place]

    def _send(self, truth: bytes, call: "CallEvents") -> None:
        with suppress(OSError):
            self._server.send(truth + self._add(call))


class CallEvents:
    """The events of a call: those up to its end, and those of its end."""

    def __init__(self, number: str, place: int, kind: str = "", context: str = "avtoobzvon") -> None:
        self.number = number
        self.place = place
        self.is_over = False
        events = RECORDED["asterisk-22"][kind or KINDS[BY_DIGIT[number[-1]]]]
        first = events[0][1]["Channel"]
        theirs = first.partition("/")[2].partition("@")[0]
        text = json.dumps([fields for _, fields in events]).replace(theirs, number)
        text = re.sub(r'(id": ")(\d+\.)', rf"\g<1>{place + 1}\g<2>", text)
        renamed: list[dict[str, str]] = json.loads(text.replace("@avtoobzvon", f"@{context}"))
        middle = next(
            place
            for place, fields in enumerate(renamed)
            if fields["Event"] in ("HangupRequest", "SoftHangupRequest", "Hangup")
            or fields.get("DialStatus") not in (None, "ANSWER", "RINGING")
        )
        self.beginning, self.end = (b"".join(map(packed, part)) for part in (renamed[:middle], renamed[middle:]))
        self.whole = self.beginning + self.end
