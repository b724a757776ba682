"""Stand-in for Asterisk's spool: it takes call files as pbx_spool does and simulates calls, for demo and rehearsal.

The last digit of a number decides the result: 0 to 5 are answered (5 talks long), 6 is busy, 7 does not answer,
8 meets congestion, 9 does not exist. It runs inside a process (``with Sandbox(outgoing, done):``) or by itself:
``python -m obzvon.sandbox.pbx OUTGOING``. One thing differs from pbx_spool: the folder is scanned every 20 ms, so a
file that is written in place is taken when nothing was added to it for 0.1 s; pbx_spool waits until it is closed.
"""

import argparse
import heapq
import itertools
import logging
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import msgspec

from obzvon.sandbox.callfile_parser import CallFile, SimulatedCarrier, ends_with_digit, parse_call_file
from obzvon.sandbox.ledger import Ledger, LedgerAttempt

log = logging.getLogger("obzvon.sandbox.pbx")

SCAN_SECONDS = 0.02
SETTLE_SECONDS = 0.1
#: How many things are done in one step, so that a crowded folder does not delay calls that have ended.
_MAX_PER_STEP = 500

_pids = itertools.count(os.getpid())


class _AttemptInProgress(msgspec.Struct, eq=False):
    """An attempt in progress: `attempt` counts from 1, `row` is its place in the ledger, -1 if the carrier has none."""

    name: str
    file: CallFile
    attempt: int
    answered: bool
    row: int


class Sandbox:
    """Simulated Asterisk, from its start to its stop or crash; for a restart build another.

    Times in seconds: `talk`, `long_talk`, `ring` and `busy` are how long a talk, a long talk, unanswered ringing and a
    rejection take. `ledger` is a file to which each attempt is added as a line of JSON when it begins and again when it
    ends, see `read_ledger`. `pid` is written into the files; each life has its own.
    """

    def __init__(
        self,
        outgoing: Path,
        outgoing_done: Path,
        *,
        talk: float = 1.0,
        long_talk: float = 10.0,
        ring: float = 3.0,
        busy: float = 0.2,
        ledger: Path | None = None,
        pid: int | None = None,
    ) -> None:
        self.pid = next(_pids) if pid is None else pid
        self._outgoing = outgoing
        self._done = outgoing_done
        self._carrier = SimulatedCarrier(talk, long_talk, ring, busy)
        self._ledger = Ledger(ledger)
        self._calls: set[_AttemptInProgress] = set()
        self._seen: dict[str, int] = {}
        self._look_at = 0.0
        self._blind = False
        self._plans: list[tuple[float, int, Callable[[float], None]]] = []
        self._turn = itertools.count()
        self._queued: set[tuple[str, int]] = set()
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def ledger(self) -> list[LedgerAttempt]:
        """Return the attempts that the carrier saw, in the order in which they began."""
        return self._ledger.attempts.copy()

    @property
    def in_progress(self) -> int:
        """Return how many calls are in progress."""
        return len(self._calls)

    def attempts(self, number: str) -> int:
        """Return how many times that number was called."""
        return self._ledger.attempts_by_number[number]

    def start(self) -> None:
        """Start taking call files, in a thread; make the folder if there is none, as Asterisk does."""
        if self._thread or self._halt.is_set():
            raise RuntimeError("a sandbox lives once: build another")
        self._outgoing.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()

    def stop(self, now: float | None = None) -> None:
        """Stop as Asterisk does on SIGTERM: the calls in progress are cut off and their files leave.

        pbx_spool: talks are Completed, ringing calls have had one attempt, so with retries left their files stay.
        """
        if self._end_life():
            for call in list(self._calls):
                self._end(call, time.time() if now is None else now)
            self._close()

    def kill(self) -> None:
        """Stop as a crash does: everything stays as it is."""
        if self._end_life():
            self._close()

    def step(self, now: float) -> float:
        """Do what is due; return the seconds until something is due again."""
        if now >= self._look_at:
            self._scan(now)
        for _ in range(_MAX_PER_STEP):
            if not self._plans or self._plans[0][0] > now:
                break
            heapq.heappop(self._plans)[2](now)
        due = min(self._look_at, self._plans[0][0]) if self._plans else self._look_at
        return max(0.0, due - now)

    def _run(self) -> None:
        while not self._halt.is_set():
            try:
                wait = self.step(time.time())
            except Exception:
                log.exception("the stand-in for Asterisk failed at a step and continues")
                wait = SCAN_SECONDS
            if wait:
                self._halt.wait(min(wait, SCAN_SECONDS))

    def _end_life(self) -> bool:
        """Return whether this call ended it; the second time there is nothing to end."""
        if self._halt.is_set():
            return False
        self._halt.set()
        if self._thread:
            self._thread.join()
        return True

    def _close(self) -> None:
        self._calls.clear()
        self._plans.clear()
        self._ledger.close()

    def _plan(self, at: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._plans, (at, next(self._turn), act))

    def _scan(self, now: float) -> None:
        """Find the files that came since the last scan; another file under the same name is a new one."""
        try:
            with os.scandir(self._outgoing) as entries:
                entries_now = {entry.name: entry.inode() for entry in entries}
        except OSError as error:
            if not self._blind:
                log.warning("cannot look into %s: %s", self._outgoing, error.strerror)
            self._blind = True
            self._look_at = now + SCAN_SECONDS
            return
        self._blind = False
        self._look_at = now + SCAN_SECONDS * (1 + len(entries_now) / 2000)
        new = entries_now.items() - self._seen.items()
        self._seen = entries_now
        for name, _ in sorted(new):
            self._plan(now, partial(self._arrive, name))

    def _arrive(self, name: str, now: float) -> None:
        """Take a file now, or at its mtime if that is in the future: read once, to the second (pbx_spool.c)."""
        try:
            found = (self._outgoing / name).stat()
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                log.warning("cannot stat %s: %s", name, error.strerror)
            return
        if not stat.S_ISREG(found.st_mode):
            return
        if int(found.st_mtime) > int(now):
            self._queue(name, int(found.st_mtime))
        elif abs(now - found.st_mtime) < SETTLE_SECONDS:
            self._plan(found.st_mtime + SETTLE_SECONDS, partial(self._arrive, name))
        else:
            self._take(name, now)

    def _queue(self, name: str, when: int) -> None:
        """Schedule the file to be read again then; pbx_spool.c keeps one entry for a name and a second."""
        if (name, when) not in self._queued:
            self._queued.add((name, when))
            self._plan(when, partial(self._take_queued, name, when))

    def _take_queued(self, name: str, when: int, now: float) -> None:
        self._queued.discard((name, when))
        self._take(name, now)

    def _take(self, name: str, now: float) -> None:
        """Read a file whose time has come and do what it says, as scan_service of pbx_spool."""
        path = self._outgoing / name
        try:
            file = parse_call_file(path.read_bytes())
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("cannot open %s: %s; it is deleted", name, error.strerror)
            self._remove(name, CallFile(), "Failed", now)
            return
        for problem in file.problems:
            log.warning("%s: %s", name, problem)
        if not file.callable:
            log.warning("%s: no channel, or nothing to do after the answer; it is thrown away", name)
            self._remove(name, file, "Failed", now)
        elif file.retries > file.max_retries:
            # Checked before the pid: a call repeated after a crash loses its file in the middle, RetryTime later.
            self._remove(name, file, "Expired", now)
        elif file.calling_pid == self.pid:
            self._note(name, file, "DelayedRetry", file.retries, int(now))
            self._queue(name, int(now) + file.retry_time)
        else:
            self._ring(name, file, now)

    def _ring(self, name: str, file: CallFile, now: float) -> None:
        attempt = file.retries + 1
        if file.calling_pid:
            self._note(name, file, "AbortRetry", attempt, int(now))
        again = int(now) + file.retry_time
        self._note(name, file, "StartRetry", attempt, again)
        number = file.number
        outcome = self._carrier.simulate(number, file.wait_time)
        row = -1
        if ends_with_digit(number):
            code = file.variables.get("dtmf", "") if outcome.answered else ""
            row = self._ledger.begin(LedgerAttempt(number, code, now, outcome.answered))
        else:
            log.warning("%s: nothing can be dialled at %s/%s", name, file.tech, file.destination)
        call = _AttemptInProgress(name, file, attempt, outcome.answered, row)
        self._calls.add(call)
        ends = now + outcome.lasts
        self._plan(ends, partial(self._end, call))
        if ends >= again or not (outcome.answered or attempt > file.max_retries):
            self._queue(name, again)  # always, in pbx_spool.c; but a file that will have left by then needs none

    def _end(self, call: _AttemptInProgress, now: float) -> None:
        self._calls.discard(call)
        if call.row >= 0:
            self._ledger.end(call.row, now)
        if call.answered:
            self._remove(call.name, call.file, "Completed", now)
        elif call.attempt > call.file.max_retries:
            self._remove(call.name, call.file, "Expired", now)
        else:
            self._note(call.name, call.file, "EndRetry", call.attempt, int(now))
            self._queue(call.name, int(now) + call.file.retry_time)

    def _note(self, name: str, file: CallFile, word: str, attempt: int, stamp: int) -> None:
        """Write the action into the file, and the time of the next look into its mtime.

        pbx_spool.c: a file that was taken away meanwhile is created again; one that cannot be written is called anyhow.
        """
        path = self._outgoing / name
        try:
            _append(path, f"\n{word}: {self.pid} {attempt} ({stamp})\n")
            os.utime(path, (stamp, stamp + file.retry_time))
        except OSError as error:
            log.warning("cannot write %s into %s: %s", word, name, error.strerror)

    def _remove(self, name: str, file: CallFile, status: str, now: float) -> None:
        """Remove the file from the spool; `AlwaysDelete: no` keeps one whose mtime is in the future (pbx_spool.c)."""
        path = self._outgoing / name
        try:
            if not file.always_delete and path.exists() and path.stat().st_mtime > now:
                return
            self._seen.pop(name, None)
            if file.archive:
                self._archive(path, status)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("cannot put %s away: %s", name, error.strerror)

    def _archive(self, path: Path, status: str) -> None:
        """Move the file to the archive and then append its status: for an instant it is there without one."""
        target = self._done / path.name
        try:
            self._done.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)  # first: one that somebody took away meanwhile takes its namesake with it
            path.replace(target)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                log.warning("cannot move %s to %s: %s; it is deleted", path.name, self._done, error.strerror)
            path.unlink(missing_ok=True)
        else:
            _append(target, f"Status: {status}\n")


def _append(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m obzvon.sandbox.pbx", description="A stand-in for Asterisk's spool."
    )
    parser.add_argument("outgoing", type=Path, metavar="OUTGOING", help="the folder that call files come into")
    parser.add_argument("--done", type=Path, metavar="DIR", help="where archived files go (default: OUTGOING_done)")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="append each attempt to this file, JSON lines")
    parser.add_argument("--talk", type=float, default=1.0, metavar="S", help="seconds of a talk (%(default)s)")
    parser.add_argument("--long-talk", type=float, default=10.0, metavar="S", help="of a long one (%(default)s)")
    parser.add_argument("--ring", type=float, default=3.0, metavar="S", help="of ringing in vain (%(default)s)")
    parser.add_argument("--busy", type=float, default=0.2, metavar="S", help="of being refused (%(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    done = options.done or options.outgoing.with_name("outgoing_done")
    with Sandbox(
        options.outgoing,
        done,
        talk=options.talk,
        long_talk=options.long_talk,
        ring=options.ring,
        busy=options.busy,
        ledger=options.ledger,
    ) as sandbox:
        log.info("taking call files from %s", options.outgoing)
        end.wait()
    log.info("stopped after %d attempts", len(sandbox.ledger))


if __name__ == "__main__":
    main()
