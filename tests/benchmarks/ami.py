"""Measure how fast the AMI client handles events. As root: python -m tests.benchmarks.ami [VERSION]

First a burst of events from a stand-in; then 1,000 calls that ring at once over the trunk of a real Asterisk and all
end in the same second.
"""

import multiprocessing
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from obzvon.asterisk.ami.client import AmiClient
from obzvon.settings.ami import AmiSettings
from obzvon.settings.secrets import Secret
from tests.asterisk.call_files import ordinary
from tests.asterisk.rig import Rig
from tests.asterisk.roots import root
from tests.support.ami_server import SECRET, AmiServer, packed
from tests.support.recorded_events import RECORDED

if TYPE_CHECKING:
    from obzvon.asterisk.ami.outcomes import AttemptOutcome

CALLS = 1000
WAIT = 12
"""Seconds for which the calls ring."""


def main() -> None:
    burst()
    calls_up(int(sys.argv[1]) if len(sys.argv) > 1 else 22)


def burst() -> None:
    """Print how many events a second the client handles, and how long other methods of the client take meanwhile."""
    port = multiprocessing.Queue()  # type: ignore[var-annotated]
    sender = multiprocessing.Process(target=_send, args=(port,), daemon=True)
    sender.start()
    link = AmiClient(AmiSettings("127.0.0.1", port.get(), secret=Secret(SECRET)), "avtoobzvon", "avtoobzvon-ivr")
    before = _memory()
    link.start()
    received, slowest, begun, last = 0, 0.0, 0.0, 0.0
    events = sum(len(RECORDED["asterisk-22"]["busy"]) for _ in range(5 * CALLS))
    while received < 5 * CALLS:
        at = time.monotonic()
        lines = link.calls.lines_in_use()
        slowest = max(slowest, time.monotonic() - at)
        if not begun and lines and lines.channels:
            begun = at
        if ended := link.calls.take_outcomes():
            received, last = received + len(ended), time.monotonic()
        time.sleep(0.01)
    print(
        f"burst: {events} events in {last - begun:.2f} s ({events / (last - begun):.0f}/s), "
        f"memory +{(_memory() - before) / 1000:.0f} MB, slowest channels() {1000 * slowest:.0f} ms"
    )
    link.stop()
    sender.terminate()


def _send(port: "multiprocessing.Queue[int]") -> None:
    data = b"".join(
        packed({name: value.replace("1795", f"{10000 + n}") for name, value in fields.items()})
        for n in range(5 * CALLS)
        for _, fields in RECORDED["asterisk-22"]["busy"]
    )
    server = AmiServer()
    port.put(server.port)
    while not server.asked("CoreShowChannels"):
        time.sleep(0.01)
    time.sleep(0.5)
    server.send(data)
    time.sleep(60)


def calls_up(version: int) -> None:
    """Print how the client follows 1,000 calls that ring at once."""
    with Rig(root(version)) as rig:
        ami = AmiSettings(
            "127.0.0.1", rig.pbx.ami_port, rig.pbx.ami_user, Secret(rig.pbx.ami_secret), trunk="PJSIP/carrier"
        )
        link = AmiClient(ami, "avtoobzvon", "avtoobzvon-ivr")
        link.start()
        _until(lambda: link.status().up)
        before, cpu = _memory(), _cpu()
        numbers = [f"8916{number:05d}07" for number in range(CALLS)]
        for number in numbers:
            rig.pbx.put(number, ordinary(number).replace("WaitTime: 300", f"WaitTime: {WAIT}"))
        peak, slowest, last = 0, 0.0, 0.0
        outcomes: list[AttemptOutcome] = []
        while len(outcomes) < CALLS:
            at = time.monotonic()
            lines = link.calls.lines_in_use()
            slowest = max(slowest, time.monotonic() - at)
            peak = max(peak, lines.channels if lines else 0)
            if ended := link.calls.take_outcomes():
                outcomes += ended
                last = time.time()
            time.sleep(0.01)
        _until(lambda: all(entry.ended for entry in rig.carrier.ledger()))
        ends = [entry.ended or 0.0 for entry in rig.carrier.ledger()]
        print(
            f"Asterisk {version}: {peak} channels up at once, {len(ends)} calls, ended within "
            f"{max(ends) - min(ends):.2f} s; last outcome {last - max(ends):.2f} s after the last end at the carrier"
        )
        results = Counter(outcome.disposition.value for outcome in outcomes)
        print(f"  {dict(results)}, complete: {all(outcome.complete for outcome in outcomes)}")
        print(
            f"  memory {_memory() / 1000:.0f} MB, +{(_memory() - before) / 1000:.0f} MB; slowest channels() "
            f"{1000 * slowest:.0f} ms; processor {_cpu() - cpu:.2f} s, this script's included"
        )
        link.stop()


def _until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.01)


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
