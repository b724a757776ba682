"""How fast the editor is with 100,000 rows, on waitress: prints figures. python tests/benchmarks/editor.py [ROWS]"""

import http.client
import json
import os
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from obzvon.common.i18n import say
from obzvon.domain.calls import CallOutcome, CallState
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from tests.benchmarks.office import LOGIN, office

PORT = 18232


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000

    def furnish(folder: Path) -> None:
        phones = {
            str(key): {"0": f"89{key % 8 + 10:02}{key:07}", "1": "", "name": f"Абонент {key}"} for key in range(rows)
        }
        (folder / "todo.json").write_text(json.dumps(phones))
        called(folder, min(rows, 100_000))

    with office(PORT, furnish) as (folder, pid):
        measure(rows)
        measure_run(folder, rows, pid)


def called(folder: Path, rows: int) -> None:
    """Today's run of so many numbers, ended in every way there is; and the next one, of 2,000 of them."""
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
    show("first page, the list not read yet", lambda: ask("/phones"), times=1)
    show("a page", lambda: ask("/phones?page=500"))
    show("search by name", lambda: ask("/phones?q=" + quote("Абонент 77")))
    show("search by number", lambda: ask("/phones?q=0077"))
    show("sort by name, first time", lambda: ask("/phones?sort=name"), times=1)
    show("sort by name", lambda: ask("/phones?sort=name&down=1"))
    show("schedule and plan", lambda: ask("/week"))
    show("results of one run", lambda: ask("/results?run=1"))
    show("results of one run, filtered, by name", lambda: ask("/results?run=1&result=busy&result=failed&sort=name"))
    show("results of one run, searched", lambda: ask("/results?run=1&q=" + quote("Абонент 77")))
    show("results of the day, the second run folded in", lambda: ask("/results"))
    show("why was somebody not called", lambda: ask("/results/phone?q=0077777"))
    show("the day as CSV", lambda: ask("/results/day.csv"), times=1)
    edits = []
    for number in range(5):
        text = ask("/phones?edit=7")
        fields = {name: found(rf'name="{name}" value="([^"]*)"', text) for name in ("token", "revision")}
        fields |= {"row": "7", "number": "89161111111", "code": "", "name": f"x{number}"}
        begun = time.perf_counter()
        ask("/phones/save", urlencode(fields))
        saved = time.perf_counter()
        ask("/phones?at=7")
        edits.append((saved - begun, time.perf_counter() - begun))
    print(f"{'one edit, saved':45} {min(edits)[0] * 1000:6.0f} ms (worst {max(edits)[0] * 1000:.0f})")
    print(
        f"{'one edit, saved and shown':45} {min(edit[1] for edit in edits) * 1000:6.0f} ms"
        f" (worst {max(edit[1] for edit in edits) * 1000:.0f})"
    )


def measure_run(folder: Path, rows: int, server: int) -> None:
    """The run page before a run, and during one of all the rows of which half are handed over."""
    show("run page with the plan, first time", lambda: ask("/run"), times=1)
    show("run page with the plan", lambda: ask("/run"))
    show("what a start would do", lambda: ask("/run/start"))
    journal = Journal(f"sqlite:///{folder / 'journal.db'}")
    now = datetime.now(UTC)
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
    show("run page during the run, first time", lambda: ask("/run"), times=1)
    have = found(r'hx-get="([^"]*)"', ask("/run")).replace("&amp;", "&")
    show("a renewal", lambda: ask(have), times=50)
    before, begun, asked = cpu(server), time.perf_counter(), 0
    while time.perf_counter() - begun < 20:
        for _ in range(5):  # five pages, each every two seconds
            ask(have)
            asked += 1
            time.sleep(0.4)
    used = (cpu(server) - before) / (time.perf_counter() - begun)
    print(f"{'five open pages, share of one processor':45} {used:6.1%} ({asked} renewals)")
    journal.runs.set_state(run.id, "stopped", at=now)
    journal.transitions.withdraw_waiting(run.id, say("stopped"), at=now)
    journal.transitions.end_calls(
        [
            CallOutcome(run.id, call.position, Disposition.UNKNOWN, now)
            for call in journal.calls.in_transit(CallState.HANDED)
        ]
    )
    show("run page after the run, first time", lambda: ask("/run"), times=1)
    show("run page after the run", lambda: ask("/run"))
    journal.close()


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None
    return match[1]


def show(what: str, do: Callable[[], object], times: int = 5) -> None:
    lasted = []
    for _ in range(times):
        begun = time.perf_counter()
        do()
        lasted.append(time.perf_counter() - begun)
    print(f"{what:45} {min(lasted) * 1000:6.0f} ms (worst {max(lasted) * 1000:.0f})")


def ask(path: str, body: str | None = None) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    headers = dict(LOGIN)
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status in (200, 204, 303), (answer.status, text)
    return text


if __name__ == "__main__":
    main()
