"""What a ceiling costs: how much of 30 lines a run uses, and whether it ever takes more. Prints, asserts nothing.

As root: python -m tests.benchmarks.ceiling [--asterisk 22|16] [--only RUN,…] FOLDER

On a real Asterisk, over a SIP trunk to a carrier that keeps its own ledger: 600 numbers, of which a fifth is busy or
rings until wait_time (6 s) is over; who answers talks for a log-normal time, 8 s in the mean. Whole services, one
after the other:

spool   adaptive, by our own calls in the spool; the trunk is ours alone.
shared  the same, while ten office phones call over the trunk. Nobody counts those, so reserve = 10 leaves them room.
told    adaptive, by the trunk's channels that AMI tells of; the trunk is ours alone.
ami     the same with those ten phones, which are counted. reserve = 3, for whoever begins a call is seen only when he
        has: without a reserve a full trunk has no line for him, and the dialer cannot help that.
fixed   a bundle every so many seconds, the trunk ours alone: the pair that fills the most lines and is never over
        them, chosen with hindsight, from the very talk times, which no operator knows. Bolder by a tenth of a second
        is reckoned beside it. Should it be over all the same, the next best is run.

All figures are the carrier's: a line is in use from the call's arrival there to its end, ringing included. Line use =
line-seconds ÷ (lines that we may have × time), from our first call to the arrival of our last; what we may have is the
ceiling less the reserve, and with `ami` less the office's calls of that moment. Lines above what we may have (somebody
of the office has just begun a call) do not count.

One chart a run: FOLDER/ceiling-RUN.png.
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
from tests.asterisk.waiting import until
from tests.benchmarks.lines import Lines, allowed, area, draw, fillable, lesser, peak, seconds_over, stairs

SEED = 20260105
CEILING = 30
NUMBERS = 600
MEAN, SPREAD = 8.0, 0.6
"""Of the talk times: the mean in seconds, and the standard deviation of their logarithm."""
WAIT, RINGS = 6.0, 0.2
"""Seconds that we let it ring, and until somebody answers."""
ANSWERING = 0.5
"""Seconds that the carrier's Answer() waits before the time of a talk begins to count: they are part of the talk."""
SLACK = 0.1
"""Seconds that each call is reckoned longer than it is, when a fixed pair is looked for: none is over by a hair."""
RATE = 50
PHONES = 10
OFFICE_TALK, OFFICE_PAUSE = 20.0, 5.0
"""Seconds, in the mean, that somebody in the office talks, and until he takes up his phone again."""
LONGEST = 90
"""Seconds of the message: longer than anybody talks."""


@dataclass(frozen=True)
class Trial:
    """One run; without `pace` it is of fixed bundles."""

    name: str
    says: str
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
        "told",
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
    told = parser.parse_args()
    told.folder.mkdir(parents=True, exist_ok=True)
    talk = talk_times(told.numbers)
    print(
        f"Asterisk {told.asterisk}, ceiling {CEILING}, {len(talk)} numbers, of which "
        f"{sum(number[-1] in '67' for number in talk)} are busy or unanswered"
    )
    for trial in TRIALS:
        if trial.name not in told.only.split(","):
            continue
        pairs = [(1, 1.0)] if trial.pace else best_fixed([held(*one) for one in talk.items()])
        for pair in pairs:
            if measure(trial, told.asterisk, talk, told.folder, pair) <= CEILING:
                break


def measure(trial: Trial, version: int, talk: dict[str, float], folder: Path, pair: tuple[int, float]) -> int:
    """One run, its figures and its chart; returns the peak."""
    bundle, delay = pair
    with tempfile.TemporaryDirectory(prefix="obzvon-bench-") as name:
        ledger = whole_run(trial, version, talk, Path(name), pair)
    ours = [(one.at, one.ended or math.inf) for one in ledger if one.number in talk]
    others = [(one.at, one.ended or math.inf) for one in ledger if one.number not in talk]
    rung = [one.number for one in ledger if one.number in talk]
    begun, exhausted = min(ours)[0], max(ours)[0]
    lasted = exhausted - begun
    in_all, of_ours, of_others = stairs([*ours, *others]), stairs(ours), stairs(others)
    may = allowed(of_others if trial.counted else [], CEILING - trial.reserve)
    could, used = area(may, begun, exhausted), area(lesser(of_ours, may), begun, exhausted)
    says = trial.says + ("" if trial.pace else f": {bundle} every {delay:.2f} s")
    print(f"{trial.name}: {says}")
    print(
        f"  peak at the carrier {peak(in_all)} of {CEILING}, ours {peak(of_ours)}, the office's {peak(of_others)}; "
        f"over the ceiling for {seconds_over(in_all, CEILING):.3f} s"
    )
    print(
        f"  line use {used / could:.2%} of what we may have, {area(in_all, begun, exhausted) / CEILING / lasted:.2%} "
        f"of the trunk by all together; list exhausted in {lasted:.1f} s"
    )
    print(
        f"  a line that became free stood idle for {1000 * (could - used) / len(ours):.0f} ms in the mean; "
        f"calls {len(rung)}, rung twice {len(rung) - len(set(rung))}",
        flush=True,
    )
    drawn = draw(
        folder / f"ceiling-{trial.name}",
        f"Asterisk {version}, {says}; line use {used / could:.1%}",
        Lines(CEILING, in_all, of_others, fillable(may, of_others)),
        begun,
    )
    print(f"  {drawn}", flush=True)
    return peak(in_all)


# -- the run


def talk_times(count: int) -> dict[str, float]:
    """The numbers, and how long each would talk; 06 is busy, 07 rings for ever."""
    chance = random.Random(SEED)
    endings = [("06", "07")[place // 5 % 2] if place % 5 == 4 else "00" for place in range(count)]
    chance.shuffle(endings)
    middle = math.log(MEAN) - SPREAD**2 / 2
    return {
        f"8916{place:05d}{ending}": min(chance.lognormvariate(middle, SPREAD), LONGEST - 5)
        for place, ending in enumerate(endings)
    }


def office_calls(lasting: float) -> list[tuple[float, str, float]]:
    """What the office's phones ring: when, whom, and for how long they talk."""
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
    """Serves until every call has ended; the carrier's ledger."""
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
        time.sleep(10 if calls else 0)  # the office has been at work since before
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
    """Other people's calls over the same trunk, until the bench is over."""
    if not calls:
        return
    with Manager(port) as manager:
        assert manager.login("office", "office")["Response"] == "Success"
        begun = time.monotonic()
        for at, number, _ in calls:
            if over.wait(max(0.0, begun + at - time.monotonic())):
                return
            manager.action("Originate", Channel=f"PJSIP/{number}@carrier", Application="Wait", Data="600", Async="true")


# -- fixed bundles, by hindsight


def held(number: str, talk: float) -> float:
    """Seconds for which a number's call holds a line."""
    return {"6": 0.02, "7": WAIT}.get(number[-1], RINGS + talk)


def best_fixed(holds: list[float]) -> list[tuple[int, float]]:
    """The three pairs of bundle and delay that use the most lines and are never over the ceiling, the best first."""
    longer = [hold + SLACK for hold in holds]
    pairs = [(bundle, step / 20) for bundle in range(1, 16) for step in range(1, 201)]
    never_over = [pair for pair in pairs if reckoned(longer, *pair)[0] <= CEILING]
    best = sorted(never_over, key=lambda pair: reckoned(holds, *pair)[1], reverse=True)[:3]
    for bundle, delay in [(best[0][0], round(best[0][1] - 0.1, 2)), *best]:
        most, use = reckoned(holds, bundle, delay)
        print(f"reckoned: {bundle} every {delay:.2f} s has a peak of {most} and uses {use:.1%}")
    return best


def reckoned(holds: list[float], bundle: int, delay: float) -> tuple[int, float]:
    """Peak and line use of that pair, if nothing takes any time but the calls."""
    spans = [(at := place // bundle * delay, at + hold) for place, hold in enumerate(holds)]
    counts = stairs(spans)
    lasting = spans[-1][0]
    return peak(counts), area(counts, 0.0, lasting) / (CEILING * lasting) if lasting else 0.0


if __name__ == "__main__":
    main()
