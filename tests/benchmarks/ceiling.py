"""Measure how much of a ceiling of 30 lines a run uses, and whether it ever exceeds it.

As root: python -m tests.benchmarks.ceiling [--asterisk 22|16] [--only RUN,…] FOLDER

On a real Asterisk, over a SIP trunk to a carrier that keeps its own ledger: 600 numbers, of which a fifth are busy or
ring until wait_time (6 s). Talk times are log-normal with a mean of 8 s. One whole service after the other:

spool   adaptive, by the calls in the spool; nobody else uses the trunk.
shared  the same while ten office phones call over the trunk. They are not counted, so reserve = 10 leaves lines free.
events  adaptive, by the trunk's channels from AMI; nobody else uses the trunk.
ami     the same with the ten phones, which are counted. reserve = 3, because a call of the office is counted only
        after it has begun: on a full trunk without a reserve it finds no line.
fixed   a bundle every few seconds; nobody else uses the trunk. The best pair that stays within the ceiling, computed
        afterwards from the talk times, which no operator knows. A pair faster by a tenth of a second is computed for
        comparison. If the best pair exceeds the ceiling all the same, the next best is run.

All figures are the carrier's: a line is in use from the call's arrival there to its end, ringing included. Line use =
line-seconds ÷ (our share of the lines × time), from our first call to the arrival of our last. Our share is the
ceiling minus the reserve, and with `ami` minus the office's calls at that moment. Lines above our share (an office
phone has just begun a call) do not count.

One chart per run: FOLDER/ceiling-RUN.png.
"""

import argparse
import math
import random
import signal
import tempfile
import threading
import time
import wave
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk.carrier import LedgerEntry
from tests.asterisk.manager import Manager
from tests.asterisk.rig import Rig
from tests.asterisk.roots import root
from tests.asterisk.run_folder import Office
from tests.benchmarks.lines import Lines, area, draw, lesser, limit_of_all, our_share, peak, seconds_over, stairs
from tests.support.waiting import until

SEED = 20260105
CEILING = 30
NUMBERS = 600
MEAN, SPREAD = 8.0, 0.6
"""Talk times: the mean in seconds, and the standard deviation of their logarithm."""
WAIT, RINGS = 6.0, 0.2
"""Seconds of ringing: the longest, and those before an answer."""
ANSWERING = 0.5
"""Seconds that the carrier's Answer() waits before the talk time begins. They are part of the talk."""
SLACK = 0.1
"""Seconds added to each call in the search for a fixed pair, so that no pair is at the very limit."""
RATE = 50
PHONES = 10
OFFICE_TALK, OFFICE_PAUSE = 20.0, 5.0
"""Mean seconds of an office call, and between two calls of an office phone."""
LONGEST = 90
"""Seconds of the message: longer than any talk."""


@dataclass(frozen=True)
class Trial:
    """A run; without `pace` its bundles are fixed."""

    name: str
    title: str
    pace: str = ""
    reserve: int = 0
    office: bool = False
    counted: bool = False


TRIALS = [
    Trial(
        "spool",
        "adaptive by the spool, the trunk ours alone",
        f"pacing = adaptive\nlines = {CEILING}\ncalls_per_second = {RATE}\n",
    ),
    Trial(
        "shared",
        "adaptive by the spool, ten office phones uncounted, reserve = 10",
        f"pacing = adaptive\nlines = {CEILING}\nreserve = 10\ncalls_per_second = {RATE}\n",
        reserve=10,
        office=True,
    ),
    Trial(
        "events",
        "adaptive by AMI's channels, the trunk ours alone",
        f"pacing = adaptive\nlines = {CEILING}\ncalls_per_second = {RATE}\n",
        counted=True,
    ),
    Trial(
        "ami",
        "adaptive by AMI's channels, ten office phones counted, reserve = 3",
        f"pacing = adaptive\nlines = {CEILING}\nreserve = 3\ncalls_per_second = {RATE}\n",
        reserve=3,
        office=True,
        counted=True,
    ),
    Trial("fixed", "the best fixed bundles, the trunk ours alone"),
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--asterisk", type=int, default=22)
    parser.add_argument("--only", default=",".join(trial.name for trial in TRIALS))
    parser.add_argument("--numbers", type=int, default=NUMBERS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    talk = talk_times(options.numbers)
    print(
        f"Asterisk {options.asterisk}, ceiling {CEILING}, {len(talk)} numbers, of which "
        f"{sum(number[-1] in '67' for number in talk)} are busy or unanswered"
    )
    for trial in TRIALS:
        if trial.name not in options.only.split(","):
            continue
        pairs = [(1, 1.0)] if trial.pace else best_fixed([held_seconds(*one) for one in talk.items()])
        for pair in pairs:
            if measure(trial, options.asterisk, talk, options.folder, pair) <= CEILING:
                break


def measure(trial: Trial, version: int, talk: dict[str, float], folder: Path, pair: tuple[int, float]) -> int:
    """Print the figures of a run, draw its chart and return its peak of lines."""
    bundle, delay = pair
    with tempfile.TemporaryDirectory(prefix="obzvon-bench-") as name:
        ledger = whole_run(trial, version, talk, Path(name), pair)
    ours = [(one.at, one.ended or math.inf) for one in ledger if one.number in talk]
    others = [(one.at, one.ended or math.inf) for one in ledger if one.number not in talk]
    called = [one.number for one in ledger if one.number in talk]
    begun, exhausted = min(ours)[0], max(ours)[0]
    lasted = exhausted - begun
    in_all, of_ours, of_others = stairs([*ours, *others]), stairs(ours), stairs(others)
    share = our_share(of_others if trial.counted else [], CEILING - trial.reserve)
    could, used = area(share, begun, exhausted), area(lesser(of_ours, share), begun, exhausted)
    title = trial.title + ("" if trial.pace else f": {bundle} every {delay:.2f} s")
    print(f"{trial.name}: {title}")
    print(
        f"  peak at the carrier {peak(in_all)} of {CEILING}, ours {peak(of_ours)}, the office's {peak(of_others)}; "
        f"over the ceiling for {seconds_over(in_all, CEILING):.3f} s"
    )
    print(
        f"  line use {used / could:.2%} of our share, {area(in_all, begun, exhausted) / CEILING / lasted:.2%} "
        f"of the trunk by all together; list exhausted in {lasted:.1f} s"
    )
    print(
        f"  a free line was idle for {1000 * (could - used) / len(ours):.0f} ms on average; "
        f"calls {len(called)}, called twice {len(called) - len(set(called))}",
        flush=True,
    )
    chart = draw(
        folder / f"ceiling-{trial.name}",
        f"Asterisk {version}, {title}; line use {used / could:.1%}",
        Lines(CEILING, in_all, of_others, limit_of_all(share, of_others)),
        begun,
    )
    print(f"  {chart}", flush=True)
    return peak(in_all)


# -- the run


def talk_times(count: int) -> dict[str, float]:
    """Return the talk time of each number. A number that ends with 06 is busy, with 07 rings and is not answered."""
    chance = random.Random(SEED)
    endings = [("06", "07")[place // 5 % 2] if place % 5 == 4 else "00" for place in range(count)]
    chance.shuffle(endings)
    middle = math.log(MEAN) - SPREAD**2 / 2
    return {
        f"8916{place:05d}{ending}": min(chance.lognormvariate(middle, SPREAD), LONGEST - 5)
        for place, ending in enumerate(endings)
    }


def office_calls(lasting: float) -> list[tuple[float, str, float]]:
    """Return the calls of the office's phones: start, number and talk time."""
    chance = random.Random(SEED + 1)
    calls: list[tuple[float, str, float]] = []
    for phone in range(PHONES):
        at = chance.uniform(0, OFFICE_PAUSE)
        while at < lasting:
            talk = min(chance.expovariate(1 / OFFICE_TALK) + 1, LONGEST - 5)
            calls.append((at, f"7495{phone:03d}{len(calls):04d}0", talk))
            at += RINGS + talk + 0.5 + chance.expovariate(1 / OFFICE_PAUSE)
    return sorted(calls)


def whole_run(
    trial: Trial, version: int, talk: dict[str, float], folder: Path, fixed: tuple[int, float]
) -> list[LedgerEntry]:
    """Run a service until every call has ended, and return the carrier's ledger."""
    message = folder / "message.wav"
    with wave.open(str(message), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(LONGEST * 16000))
    rig = Rig(root(version), message=message)
    with (rig.pbx.home / "etc" / "manager_obzvon.conf").open("a") as manager:
        manager.write("\n[office]\nsecret = office\nwrite = originate\n")
    with rig:
        rig.carrier.set(RINGS=RINGS)
        calls = office_calls(600.0) if trial.office else []
        talks = talk | {number: seconds for _, number, seconds in calls}
        rig.carrier.set_talk({number: max(0.1, seconds - ANSWERING) for number, seconds in talks.items()})
        office = Office(folder, rig, dict.fromkeys(talk, ""), bundle=fixed[0], timeout=fixed[1])
        with (folder / "settings.ini").open("a") as settings:
            settings.write(f"[Pace]\n{trial.pace}" if trial.pace else "")
            settings.write(
                f"[AMI]\nhost = 127.0.0.1\nport = {rig.pbx.ami_port}\nuser = {rig.pbx.ami_user}\n"
                f"secret = {rig.pbx.ami_secret}\ntrunk = PJSIP/carrier\n"
                if trial.counted
                else ""
            )
        over = threading.Event()
        ringing = threading.Thread(target=call_from_office, args=(rig.pbx.ami_port, calls, over))
        ringing.start()
        time.sleep(10 if calls else 0)  # the office calls before the run begins
        service = office.serve()
        try:
            until(office.is_over, "every call has ended", within=900, every=2)
        finally:
            over.set()
            ringing.join()
            service.send_signal(signal.SIGTERM)
            service.wait(30)
        until(lambda: all(entry.ended for entry in rig.carrier.ledger() if entry.number in talk), "all have hung up")
        return rig.carrier.ledger()


def call_from_office(port: int, calls: list[tuple[float, str, float]], over: threading.Event) -> None:
    """Make the office's calls over the same trunk until the measurement is over."""
    if not calls:
        return
    with Manager(port) as manager:
        assert manager.login("office", "office")["Response"] == "Success"
        begun = time.monotonic()
        for at, number, _ in calls:
            if over.wait(max(0.0, begun + at - time.monotonic())):
                return
            manager.action("Originate", Channel=f"PJSIP/{number}@carrier", Application="Wait", Data="600", Async="true")


# -- fixed bundles, computed from the talk times


def held_seconds(number: str, talk: float) -> float:
    """Return for how long a call to the number holds a line."""
    return {"6": 0.02, "7": WAIT}.get(number[-1], RINGS + talk)


def best_fixed(holds: list[float]) -> list[tuple[int, float]]:
    """Return the three pairs of bundle and delay that use the most lines within the ceiling, the best first."""
    longer = [hold + SLACK for hold in holds]
    pairs = [(bundle, step / 20) for bundle in range(1, 16) for step in range(1, 201)]
    within = [pair for pair in pairs if computed_use(longer, *pair)[0] <= CEILING]
    best = sorted(within, key=lambda pair: computed_use(holds, *pair)[1], reverse=True)[:3]
    for bundle, delay in [(best[0][0], round(best[0][1] - 0.1, 2)), *best]:
        most, use = computed_use(holds, bundle, delay)
        print(f"computed: {bundle} every {delay:.2f} s has a peak of {most} and uses {use:.1%}")
    return best


def computed_use(holds: list[float], bundle: int, delay: float) -> tuple[int, float]:
    """Return the peak and the line use of that pair if nothing but the calls takes time."""
    spans = [(at := place // bundle * delay, at + hold) for place, hold in enumerate(holds)]
    counts = stairs(spans)
    lasting = spans[-1][0]
    return peak(counts), area(counts, 0.0, lasting) / (CEILING * lasting) if lasting else 0.0


if __name__ == "__main__":
    main()
