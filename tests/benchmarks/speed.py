"""Measure the speed of the program. Run it on a quiet machine: python -m tests.benchmarks.speed [FOLDER]

FOLDER is on the filesystem to measure (default: a temporary folder). All files are kept until the end, because ext4
avoids inodes that were just freed, and a folder that was just emptied makes the next figures worse.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

ROWS = 100_000


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="obzvon-bench-", dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        for number in range(3):
            plain_loop(folder / f"plain{number}")
            whole_run(folder / f"run{number}")
        first_file(folder / "first")
        loading(folder)
        idle(folder / "idle")
    finally:
        shutil.rmtree(folder)


def plain_loop(folder: Path) -> None:
    """Print the time for comparison: the same files, written and moved one by one, without a journal or a sync."""
    (folder / "store").mkdir(parents=True)
    (folder / "target").mkdir()
    begun = time.perf_counter()
    for row in range(ROWS):
        with (folder / "store" / f"{89160000000 + row}-2026.call").open("w") as file:
            file.write(f"Channel: local/{89160000000 + row}@avtoobzvon\n")
            for line in (
                "CallerID:\n",
                "MaxRetries: 0\n",
                "RetryTime: 60\n",
                "WaitTime: 300\n",
                "Context: avtoobzvon\n",
                "Extension: play\n",
                "Priority: 1",
            ):
                file.write(line)
    for name in sorted(path.name for path in (folder / "store").iterdir()):
        if (folder / "store" / name).is_file():
            shutil.move(folder / "store" / name, folder / "target" / name)
    show("yardstick, written and moved one by one", f"{time.perf_counter() - begun:.2f} s")


def whole_run(folder: Path) -> None:
    """Print the time of `obzvon run --once` as a process: 100,000 numbers, bundles of 1,000, no delay.

    The run stays open for five seconds after its last hand-over, to see whether those calls all fail.
    """
    campaign(folder, bundle=1000, timeout=0, start="00:01")
    (folder / "target").mkdir()
    begun = time.time()
    process = obzvon(folder, "run", "--once")
    _, status, usage = os.wait4(process.pid, 0)
    last_file = (folder / "target").stat().st_mtime - begun
    handed = sum(1 for _ in (folder / "target").iterdir())
    show(
        f"run --once, {ROWS:,} numbers",
        f"last file after {last_file:.2f} s, ended after {time.time() - begun:.2f} s, "
        f"{usage.ru_maxrss / 1024:.0f} MB, {handed:,} files, exit {os.waitstatus_to_exitcode(status)}, "
        f"cpu {usage.ru_utime + usage.ru_stime:.2f} s",
    )


def first_file(folder: Path) -> None:
    """Print the time from the start of the run to the first file in the spool, with a service that waits for it."""
    start = datetime.now().astimezone() + timedelta(seconds=8)
    start = (
        (start + timedelta(minutes=1)).replace(second=0, microsecond=0)
        if start.second < 50
        else (start + timedelta(minutes=2)).replace(second=0, microsecond=0)
    )
    campaign(folder, bundle=1000, timeout=1, start=f"{start:%H:%M}")
    (folder / "target").mkdir()
    process = obzvon(folder, "run")
    seen: list[float] = []

    def watch() -> None:
        while not seen:
            if any((folder / "target").iterdir()):
                seen.append(time.time() - start.timestamp())
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    watcher.join()
    process.terminate()
    process.wait()
    show(f"first file after the start time, {ROWS:,} rows", f"{seen[0]:.2f} s")


def loading(folder: Path) -> None:
    """Print how long it takes to load the list of phones from the disk."""
    for rows in (ROWS, 10 * ROWS):
        file = folder / f"todo-{rows}.json"
        file.write_text(phones(rows))
        code = (
            "import sys,time; from pathlib import Path; from obzvon.documents.store import phones_document as d;"
            "t=time.perf_counter(); n=len(d(Path(sys.argv[1])).load().data); print(n, time.perf_counter()-t)"
        )
        took = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
        show(f"todo.json with {rows:,} rows loads in", f"{float(took.stdout.split()[1]):.2f} s")


def idle(folder: Path) -> None:
    """Print the share of a core and the memory of a service that waits for tomorrow."""
    campaign(folder, bundle=2, timeout=1, start="00:00")
    process = obzvon(folder, "run")
    time.sleep(5)
    before, begun = cpu(process.pid), time.perf_counter()
    time.sleep(60)
    share = (cpu(process.pid) - before) / (time.perf_counter() - begun)
    memory = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmRSS" in line)
    process.terminate()
    process.wait()
    show("idle service", f"{share:.2%} of a core, {int(memory.split()[1]) / 1024:.0f} MB")


def campaign(folder: Path, *, bundle: int, timeout: float, start: str) -> None:
    """Make a working folder. Its schedule is old, so that a start that has passed today counts as missed."""
    folder.mkdir()
    (folder / "settings.ini").write_text(
        "[Dirs]\ndir_source = .\ndir_store = store\ndir_target = target\ndir_logs = log\n"
        f"[CreateCallFiles]\nbundle = {bundle}\ntimeout = {timeout}\n"
    )
    (folder / "todo.json").write_text(phones(ROWS))
    (folder / "schedule.json").write_text(json.dumps({str(day): start for day in range(1, 8)}))
    os.utime(folder / "schedule.json", (0, 0))


def phones(rows: int) -> str:
    return json.dumps(
        {str(row): {"0": str(89160000000 + row), "1": "", "name": f"Водитель {row}"} for row in range(rows)},
        ensure_ascii=False,
    )


def obzvon(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "obzvon.cli.main", "--settings", str(folder / "settings.ini"), *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cpu(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(what: str, figure: str) -> None:
    print(f"{what:50} {figure}", flush=True)


if __name__ == "__main__":
    main()
