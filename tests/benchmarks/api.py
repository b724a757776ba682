"""Measure the JSON interface with 100,000 rows and calls, on waitress: python -m tests.benchmarks.api [ROWS]"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from obzvon.domain.calls import CallOutcome
from obzvon.domain.phones import Phone, list_candidates
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.settings.model import load_settings
from tests.benchmarks.office import Answer, ask, office, show

PORT = 18233


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    phones = [Phone(str(key), f"89{key % 8 + 10:02}{key:07}", name=f"Абонент {key}") for key in range(rows)]
    with office(PORT, lambda folder: record_answered_run(folder, phones)) as (_, pid):
        measure(phones)
        status = Path(f"/proc/{pid}/status").read_text()
        print("memory:", *[line for line in status.splitlines() if line.startswith(("VmHWM", "VmRSS"))])


def record_answered_run(folder: Path, phones: list[Phone]) -> None:
    """Write a run of today in which everybody answered."""
    settings, now = load_settings(folder / "settings.ini"), datetime.now(UTC)
    journal = Journal(settings.journal.reveal())
    today = now.astimezone(settings.zone).date()
    run = journal.runs.begin("bench", today, "week", list_candidates(phones, settings.numbering_plan(), today), at=now)
    assert run
    journal.transitions.end_calls(
        CallOutcome(run.id, place, Disposition.ANSWERED, now) for place in range(1, len(phones) + 1)
    )
    journal.close()


def measure(phones: list[Phone]) -> None:
    body = json.dumps({"rows": [{"number": phone.number, "name": phone.name} for phone in phones]}).encode()
    print(f"{len(phones):,} rows; a list to put: {len(body):,} bytes")
    show("PUT the list where there is none", lambda: send("PUT", "/api/v1/phones", body, {"If-None-Match": "*"}), 1)
    show("PUT the same list", lambda: send("PUT", "/api/v1/phones", body, {"If-Match": "*"}), 3)
    names = iter(range(10))

    def patch() -> Answer:
        change = {"change": {"7": {"name": f"x{next(names)}"}}}
        return send("PATCH", "/api/v1/phones", json.dumps(change).encode(), {"If-Match": "*"})

    show("PATCH one row", patch)
    show("GET 100 rows", lambda: send("GET", "/api/v1/phones?page=500"))
    show("GET one row", lambda: send("GET", "/api/v1/phones/77"))
    show("GET all rows", lambda: send("GET", "/api/v1/phones?limit=100000"), 3)
    show("GET the status", lambda: send("GET", "/api/v1/status"))
    show("GET the plan", lambda: send("GET", "/api/v1/plan"), 3)
    show("GET the day's report as JSON", lambda: send("GET", "/api/v1/report"), 3)
    show("GET the metrics", lambda: send("GET", "/metrics"))


def send(method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Send a request with JSON, as a program does."""
    return ask(
        PORT, path, body, {"Content-Type": "application/json", **(headers or {})}, method=method, statuses=(200,)
    )


if __name__ == "__main__":
    main()
