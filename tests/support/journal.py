"""Runs in a journal for tests, and another process on the same journal."""

import contextlib
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from obzvon.common.i18n import Message, say
from obzvon.domain.calls import CallOutcome, EventDetail, PendingCall, Run
from obzvon.domain.phones import CALLED_TODAY, Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from tests.support.paths import ROOT

MONDAY = date(2026, 1, 5)
TUESDAY = date(2026, 1, 6)
NINE = datetime(2026, 1, 5, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

RUN_DAY = date(2026, 11, 23)
RUN_START = datetime(2026, 11, 23, 6, tzinfo=UTC)
PAUSED = say("paused")


def numbers(count: int, first: int = 0) -> list[Candidate]:
    return [
        Candidate(Phone(str(n), f"8916{n:07d}", name=f"name {n}"), f"8916{n:07d}") for n in range(first, first + count)
    ]


def begin(
    journal: Journal, count: int = 5, day: date = MONDAY, *, kind: str = "week", token: str = "", at: datetime = NINE
) -> Run:
    run = journal.runs.begin(token or f"{day:%Y%m%d}-{kind}", day, kind, numbers(count), at=at)
    assert run is not None
    return run


def hand(journal: Journal, bundle: list[PendingCall], number: int = 1, at: datetime = NINE) -> None:
    journal.transitions.begin_handing(bundle, number)
    journal.transitions.end_handing(bundle, at=at)


def end(
    journal: Journal,
    call: PendingCall,
    disposition: Disposition = Disposition.ANSWERED,
    at: datetime = NINE,
    reason: Message | None = None,
) -> int:
    return journal.transitions.end_calls([CallOutcome(call.run_id, call.position, disposition, at, reason)])


def results(journal: Journal, day: date = MONDAY) -> list[str]:
    return [line.result for line in journal.calls.records_on(day)]


@contextlib.contextmanager
def process(journal_url: str, program: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program in another process, with `journal` open in it; kill it at the end of the block."""
    start = "import sys\nimport time\nfrom tests.support.journal import *\njournal = Journal(sys.argv[1])\n"
    running = subprocess.Popen(
        [sys.executable, "-c", start + textwrap.dedent(program), journal_url],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def candidate(number: str, name: str = "", skipped: object = None, *, row: str = "", code: str = "") -> Candidate:
    return Candidate(Phone(row or number, number, code, name), number, code, skipped)  # type: ignore[arg-type]


def record_run(
    journal: Journal,
    outcomes: Mapping[str, str | None],
    *,
    day: date = RUN_DAY,
    at: datetime = RUN_START,
    kind: str = "manual",
    names: Mapping[str, str] | None = None,
    done: bool = True,
    heard: Mapping[str, float] | None = None,
    keys: Mapping[str, str] | None = None,
) -> Run:
    """Write a run of these numbers, each with a disposition, "handed", "waiting", or None = called earlier that day.

    `heard` has the seconds listened by number, `keys` the key pressed.
    """
    heard, keys = heard or {}, keys or {}
    rows = [
        candidate(
            number,
            (names or {}).get(number, ""),
            PAUSED if outcome == "skipped" else CALLED_TODAY if not outcome else None,
        )
        for number, outcome in outcomes.items()
    ]
    run = journal.runs.begin(f"{day:%Y%m%d}-{at:%H%M%S}-{kind}", day, kind, rows, at=at, by="anna")
    assert run
    details = {number: EventDetail(listened=heard.get(number), key=keys.get(number, "")) for number in outcomes}
    _record_outcomes(journal, run, outcomes, details, at)
    if done:
        journal.runs.set_state(run.id, "done", at=at + timedelta(minutes=1))
        journal.runs.settle()
    return journal.runs.get(run.id)


def _record_outcomes(
    journal: Journal, run: Run, outcomes: Mapping[str, str | None], details: Mapping[str, EventDetail], at: datetime
) -> None:
    """Hand over the run's calls and end them, or withdraw them."""
    waiting = journal.calls.waiting(run.id)
    bundle = [call for call in waiting if outcomes[call.number] not in (None, "skipped", "waiting", "withdrawn")]
    journal.transitions.begin_handing(bundle, 1)
    journal.transitions.end_handing(bundle, at=at + timedelta(seconds=1))
    journal.transitions.end_calls(
        [
            CallOutcome(
                run.id,
                call.position,
                Disposition(outcome),
                at + timedelta(seconds=30),
                None,
                details[call.number],
            )
            for call in bundle
            if (outcome := outcomes[call.number]) and outcome != "handed"
        ]
    )
    journal.transitions.end_calls(
        [
            CallOutcome(run.id, call.position, Disposition.WITHDRAWN, at)
            for call in waiting
            if outcomes[call.number] == "withdrawn"
        ]
    )
