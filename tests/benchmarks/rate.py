"""Measure how many calls begin in a second, against bare renames and a bare AMI client.

As root, on a quiet machine: python -m tests.benchmarks.rate [--asterisk 22|16] [--calls 1000] [--times 3]

Every call is busy at once, so that Asterisk carries few of them at a time. The four methods take turns with different
numbers: call files that are written first and then renamed one after the other; the service with the spool, one
bundle and no delay; a client that sends one Originate after the other and waits for each answer, without events; and
the service with `transport = ami`. A call has begun when Asterisk makes its first channel, by the time that Asterisk
itself writes into the event, and the rate counts from the first call's begin to the last one's. The processor time of
the service is that of the whole run, from the start of the process to the last call's begin.
"""

import argparse
import os
import re
import signal
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from obzvon.asterisk.ami.originate import OriginateTemplate, channel_id
from obzvon.domain.calls import CallForm
from tests.asterisk.far_office import FarOffice, may_originate
from tests.asterisk.manager import Manager, recorded_events
from tests.asterisk.rig import Rig
from tests.asterisk.roots import root
from tests.asterisk.run_folder import Office
from tests.benchmarks.speed import cpu
from tests.support.waiting import until

_SINK = "\n[sink]\nexten = _X.,1,Hangup(17)\n"
_BEGUN = re.compile(
    rb"Event: Newchannel\r\nPrivilege: [^\r]*\r\nTimestamp: ([0-9.]+)\r\nChannel: Local/\d+@avtoobzvon-\S+;1\r\n"
)
_CONTEXT = "avtoobzvon"


class Figures(msgspec.Struct):
    """Calls begun in a second, and seconds of the service's processor time; one of each for every turn."""

    rates: list[float] = []
    processor: list[float] = []


def main() -> None:
    """Take turns, and print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--asterisk", type=int, default=22)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    methods: dict[str, Callable[[Rig, list[str]], float | None]] = {
        "bare renames": _rename,
        "service, spool": _serve_spool,
        "bare AMI client": _originate,
        "service, ami": _serve_ami,
    }
    figures = {name: Figures([], []) for name in methods}
    with _busy_rig(arguments.asterisk) as rig, may_originate(rig):
        for turn in range(arguments.times):
            for place, (name, begin) in enumerate(methods.items()):
                first = (turn * len(methods) + place) * arguments.calls
                numbers = [f"8916{first + number:07d}" for number in range(arguments.calls)]
                _measure(rig, numbers, begin, figures[name])
    _report(arguments.asterisk, arguments.calls, figures)


def _measure(rig: Rig, numbers: list[str], begin: Callable[[Rig, list[str]], float | None], figures: Figures) -> None:
    with recorded_events(rig.pbx.ami_port, rig.pbx.ami_user, rig.pbx.ami_secret) as received:
        spent = begin(rig, numbers)
        until(lambda: len(_begins(received)) >= len(numbers), "all calls have begun", within=300, every=0.2)
        until(lambda: rig.pbx.cli("core show channels count").startswith("0 active"), "no channel left", within=60)
    begins = _begins(received)
    figures.rates.append((len(begins) - 1) / (begins[-1] - begins[0]))
    if spent is not None:
        figures.processor.append(spent)


def _report(version: int, calls: int, figures: dict[str, Figures]) -> None:
    medians = {name: statistics.median(found.rates) for name, found in figures.items()}
    bare = dict(zip(("service, spool", "service, ami"), ("bare renames", "bare AMI client"), strict=True))
    for name, found in figures.items():
        rates = " ".join(f"{rate:.0f}" for rate in found.rates)
        line = f"Asterisk {version}, {calls} calls, {name:16} {medians[name]:7.0f} a second ({rates})"
        if name in bare:
            spent = statistics.median(found.processor) * 1000 / calls
            line += f"; {medians[name] / medians[bare[name]]:.2f} of {bare[name]}; processor {spent:.2f} s for 1,000"
        print(line, flush=True)


# -- the four methods; each returns the processor time of the service, if there is one


def _rename(rig: Rig, numbers: list[str]) -> None:
    store = rig.pbx.folder("bare_store")
    for number in numbers:
        file = store / f"{number}.call"
        file.write_text(f"Channel: local/{number}@{_CONTEXT}\nContext: {_CONTEXT}\nExtension: play\nPriority: 1\n")
        os.chown(file, *rig.pbx.user)
    for number in numbers:
        (store / f"{number}.call").rename(rig.pbx.outgoing / f"{number}.call")


def _originate(rig: Rig, numbers: list[str]) -> None:
    template = OriginateTemplate(CallForm(_CONTEXT))
    with Manager(rig.pbx.ami_port) as manager:
        manager.login(rig.pbx.ami_user, rig.pbx.ami_secret)
        for position, number in enumerate(numbers):
            action = template.render(channel_id("bare-1", position, 0), number)
            manager.action("Originate", **{key: str(value) for key, value in action.items() if key != "Action"})


def _serve_spool(rig: Rig, numbers: list[str]) -> float:
    with tempfile.TemporaryDirectory(prefix="obzvon-bench-") as folder:
        office = Office(Path(folder), rig, dict.fromkeys(numbers, ""), bundle=len(numbers), timeout=0)
        return _serve(office)


def _serve_ami(rig: Rig, numbers: list[str]) -> float:
    with tempfile.TemporaryDirectory(prefix="obzvon-bench-") as folder:
        office = FarOffice(
            Path(folder), rig, dict.fromkeys(numbers, ""), rig.pbx.ami_port, bundle=len(numbers), timeout=0
        )
        return _serve(office)


def _serve(office: Office) -> float:
    service = office.serve()
    try:
        until(office.is_over, "the run is over", within=300, every=0.5)
        return cpu(service.pid)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(30)


# -- the rig


def _busy_rig(version: int) -> Rig:
    """Return a rig, not started yet, whose trunk is busy at once."""
    rig = Rig(root(version), OBZVON_TRUNK="Local/NUMBER@sink/n")
    manager = rig.pbx.home / "etc" / "manager.conf"
    manager.write_text(manager.read_text().replace("[general]", "[general]\ntimestampevents = yes"))
    dialplan = rig.pbx.home / "etc" / "extensions.conf"
    dialplan.write_text(dialplan.read_text() + _SINK)
    return rig


def _begins(received: list[bytes]) -> list[float]:
    """Return when each call began, in order, in seconds since 1970."""
    return sorted(map(float, _BEGUN.findall(b"".join(received))))


if __name__ == "__main__":
    main()
