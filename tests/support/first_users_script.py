"""The first users' script: how it reads the documents, and the call files that it writes.

It runs under cron's POSIX locale, where Python reads ASCII only, and writes a row's number and code unchanged.
"""

import json
from datetime import date, time
from pathlib import Path


def call_files(todo: Path) -> dict[str, str]:
    """Return the call files that it writes for the list, by number."""
    rows = json.loads(todo.read_bytes().decode("ascii"))
    return {str(row["0"]): _call_file(str(row["0"]), str(row["1"])) for row in rows.values()}


def starts_at(schedule: Path, day: date) -> time | None:
    """Return the hour and minute that it reads from the day's text; None on a day without a run."""
    text = json.loads(schedule.read_bytes().decode("ascii"))[str(day.isoweekday())]
    start = time(int(text[:2]), int(text[3:5]))
    return None if start == time(0) else start


def _call_file(number: str, code: str) -> str:
    lines = ["MaxRetries: 0", "RetryTime: 60", "WaitTime: 300"]
    if code == "":
        lines = [f"Channel: local/{number}@avtoobzvon", "CallerID:", *lines, "Context: avtoobzvon"]
    else:
        variables = [f"Setvar: dtmf={code}", f"Setvar: CALLEE={number}"]
        head = [f"Channel: local/{number}@avtoobzvon-ivr", "CallerID: 6122103"]
        lines = [*head, *lines, *variables, "Context: avtoobzvon-ivr"]
    return "\n".join([*lines, "Extension: play", "Priority: 1"])
