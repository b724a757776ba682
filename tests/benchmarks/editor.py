"""Measure the editor with 100,000 rows, on waitress: python -m tests.benchmarks.editor [ROWS]"""

import json
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from obzvon.common.i18n import say
from obzvon.domain.calls import CallOutcome, CallState, Run
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from tests.benchmarks.office import Answer, ask, office, show
from tests.benchmarks.speed import cpu

PORT = 18232


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000

    def furnish(folder: Path) -> None:
        phones = {
            str(key): {"0": f"89{key % 8 + 10:02}{key:07}", "1": "", "name": f"Абонент {key}"} for key in range(rows)
        }
        (folder / "todo.json").write_text(json.dumps(phones))
        record_runs(folder, min(rows, 100_000))

    with office(PORT, furnish) as (folder, pid):
        measure(rows)
        measure_run(folder, rows, pid)


def record_runs(folder: Path, rows: int) -> None:
    """Write a run of today with six kinds of results, and a second one of 2,000 numbers."""
    journal = Journal(f"sqlite:///{folder}/journal.db")
    day = datetime.now(UTC).astimezone(ZoneInfo("Europe/Moscow")).date()
    at = datetime.now(UTC) - timedelta(hours=3)
    ends = list(Disposition)[:6]
    for count in (rows, 2000):
        numbers = [(f"89{key % 8 + 10:02}{key:07}", f"Абонент {key}") for key in range(count)]
        run = journal.runs.begin(
            f"bench-{count}",
            day,
            "manual",
            [Candidate(Phone(str(key), number, "", name), number) for key, (number, name) in enumerate(numbers)],
            at=at,
        )
        assert run is not None
        bundle = 0
        while calls := journal.calls.waiting(run.id, limit=1000):
            bundle, at = bundle + 1, at + timedelta(minutes=1)
            journal.transitions.begin_handing(calls, bundle)
            journal.transitions.end_handing(calls, at=at)
            journal.transitions.end_calls(
                [CallOutcome(run.id, call.position, ends[call.position % 6], at) for call in calls]
            )
        journal.runs.set_state(run.id, "done", at=at)
        begun = time.perf_counter()
        journal.runs.settle()
        show_once(f"a run of {count:,} settled, with its tally", begun)
    journal.close()


def show_once(what: str, begun: float) -> None:
    print(f"{what:45} {(time.perf_counter() - begun) * 1000:6.0f} ms")


def measure(rows: int) -> None:
    print(f"{rows:,} rows")
    show("first page, the list not read yet", lambda: page("/phones"), times=1)
    show("a page", lambda: page("/phones?page=500"))
    show("search by name", lambda: page("/phones?q=" + quote("Абонент 77")))
    show("search by number", lambda: page("/phones?q=0077"))
    show("sort by name, first time", lambda: page("/phones?sort=name"), times=1)
    show("sort by name", lambda: page("/phones?sort=name&down=1"))
    show("schedule and plan", lambda: page("/week"))
    show("results of one run", lambda: page("/results?run=1"))
    show("results of one run, filtered, by name", lambda: page("/results?run=1&result=busy&result=failed&sort=name"))
    show("results of one run, searched", lambda: page("/results?run=1&q=" + quote("Абонент 77")))
    show("results of the day, the second run folded in", lambda: page("/results"))
    show("why was somebody not called", lambda: page("/results/phone?q=0077777"))
    show("the day as CSV", lambda: page("/results/day.csv"), times=1)
    edits = []
    for number in range(5):
        text = page("/phones?edit=7").text
        fields = {name: found(rf'name="{name}" value="([^"]*)"', text) for name in ("token", "revision")}
        fields |= {"row": "7", "number": "89161111111", "code": "", "name": f"x{number}"}
        begun = time.perf_counter()
        page("/phones/save", urlencode(fields))
        saved = time.perf_counter()
        page("/phones?at=7")
        edits.append((saved - begun, time.perf_counter() - begun))
    print(f"{'one edit, saved':45} {min(edits)[0] * 1000:6.0f} ms (worst {max(edits)[0] * 1000:.0f})")
    print(
        f"{'one edit, saved and shown':45} {min(edit[1] for edit in edits) * 1000:6.0f} ms"
        f" (worst {max(edit[1] for edit in edits) * 1000:.0f})"
    )


def measure_run(folder: Path, rows: int, server: int) -> None:
    """Measure the run page before a run, during a run of all rows, half of them handed over, and after it."""
    show("run page with the plan, first time", lambda: page("/run"), times=1)
    show("run page with the plan", lambda: page("/run"))
    show("what a start would do", lambda: page("/run/start"))
    journal, now = Journal(f"sqlite:///{folder / 'journal.db'}"), datetime.now(UTC)
    run = begin_run(journal, rows, now)
    show("run page during the run, first time", lambda: page("/run"), times=1)
    address = found(r'hx-get="([^"]*)"', page("/run").text).replace("&amp;", "&")
    show("a renewal", lambda: page(address), times=50)
    measure_open_pages(address, server)
    journal.runs.set_state(run.id, "stopped", at=now)
    journal.transitions.withdraw_waiting(run.id, say("stopped"), at=now)
    handed = journal.calls.in_transit(CallState.HANDED)
    journal.transitions.end_calls([CallOutcome(run.id, call.position, Disposition.UNKNOWN, now) for call in handed])
    show("run page after the run, first time", lambda: page("/run"), times=1)
    show("run page after the run", lambda: page("/run"))
    journal.close()


def begin_run(journal: Journal, rows: int, now: datetime) -> Run:
    """Begin a run of all rows, and hand half of them over; nine in ten of these answer."""
    run = journal.runs.begin(
        "bench",
        now.date(),
        "manual",
        (Candidate(Phone(str(key), f"8916{key:07}", "", f"Абонент {key}"), f"8916{key:07}") for key in range(rows)),
        at=now,
    )
    assert run
    for bundle in range(1, rows // 2000 + 1):
        calls = journal.calls.waiting(run.id, limit=1000)
        journal.transitions.begin_handing(calls, bundle)
        journal.transitions.end_handing(calls, at=now)
        journal.transitions.end_calls(
            [CallOutcome(run.id, call.position, Disposition.ANSWERED, now) for call in calls[:900]]
        )
    return run


def measure_open_pages(address: str, server: int) -> None:
    """Print the server's share of a processor while five pages are renewed every two seconds."""
    before, begun, asked = cpu(server), time.perf_counter(), 0
    while time.perf_counter() - begun < 20:
        for _ in range(5):
            page(address)
            asked += 1
            time.sleep(0.4)
    used = (cpu(server) - before) / (time.perf_counter() - begun)
    print(f"{'five open pages, share of one processor':45} {used:6.1%} ({asked} renewals)")


def page(path: str, body: str | None = None) -> Answer:
    return ask(PORT, path, body)


def found(pattern: str, text: str) -> str:
    """Return what the group of the pattern matches."""
    match = re.search(pattern, text)
    assert match is not None
    return match[1]


if __name__ == "__main__":
    main()
