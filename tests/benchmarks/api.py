"""How fast the interface for programs is with 100,000 rows and calls, on waitress.

python tests/benchmarks/api.py [ROWS]
"""

import http.client
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from obzvon.domain.calls import CallOutcome
from obzvon.domain.phones import Phone, list_candidates
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.settings.model import load_settings
from tests.benchmarks.office import LOGIN, office

PORT = 18233


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    phones = [Phone(str(key), f"89{key % 8 + 10:02}{key:07}", name=f"Абонент {key}") for key in range(rows)]
    with office(PORT, lambda folder: rung(folder, phones)) as (_, pid):
        measure(phones)
        status = Path(f"/proc/{pid}/status").read_text()
        print("memory:", *[line for line in status.splitlines() if line.startswith(("VmHWM", "VmRSS"))])


def rung(folder: Path, phones: list[Phone]) -> None:
    """A run of today, all of it answered."""
    known, now = load_settings(folder / "settings.ini"), datetime.now(UTC)
    journal = Journal(known.journal.reveal())
    run = journal.runs.begin(
        "bench", now.astimezone(known.zone).date(), "week", list_candidates(phones, known.numbering_plan()), at=now
    )
    assert run
    journal.transitions.end_calls(
        CallOutcome(run.id, place, Disposition.ANSWERED, now) for place in range(1, len(phones) + 1)
    )
    journal.close()


def measure(phones: list[Phone]) -> None:
    body = json.dumps({"rows": [{"number": phone.number, "name": phone.name} for phone in phones]}).encode()
    print(f"{len(phones):,} rows; a list to put: {len(body):,} bytes")
    show("PUT the list where there is none", lambda: ask("PUT", "/api/v1/phones", body, {"If-None-Match": "*"}), 1)
    show("PUT the same list", lambda: ask("PUT", "/api/v1/phones", body, {"If-Match": "*"}), 3)
    names = iter(range(10))

    def patch() -> int:
        change = {"change": {"7": {"name": f"x{next(names)}"}}}
        return ask("PATCH", "/api/v1/phones", json.dumps(change).encode(), {"If-Match": "*"})

    show("PATCH one row", patch)
    show("GET 100 rows", lambda: ask("GET", "/api/v1/phones?page=500"))
    show("GET one row", lambda: ask("GET", "/api/v1/phones/77"))
    show("GET every row", lambda: ask("GET", "/api/v1/phones?limit=100000"), 3)
    show("GET the status", lambda: ask("GET", "/api/v1/status"))
    show("GET the plan", lambda: ask("GET", "/api/v1/plan"), 3)
    show("GET the day's report as JSON", lambda: ask("GET", "/api/v1/report"), 3)
    show("GET the metrics", lambda: ask("GET", "/metrics"))


def show(what: str, do: Callable[[], int], times: int = 5) -> None:
    lasted, size = [], 0
    for _ in range(times):
        begun = time.perf_counter()
        size = do()
        lasted.append(time.perf_counter() - begun)
    print(f"{what:40} {min(lasted) * 1000:6.0f} ms (worst {max(lasted) * 1000:.0f}), {size:,} bytes")


def ask(method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    connection.request(method, path, body, {**LOGIN, "Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, (answer.status, text[:500])
    return len(text)


if __name__ == "__main__":
    main()
