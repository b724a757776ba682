"""A carrier whose line fails for a while, and a service that calls through it by AMI."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from obzvon.domain.results import Disposition
from tests.support.ordered_calls import Far, Pbx
from tests.support.profile import often
from tests.support.workshop import Workshop, at, numbers

PHONES = numbers(often(commit=240, long=240, fast=60))
LINE: dict[str, Any] = {"pacing": "adaptive", "limit": 20, "calls_per_second": 10}
DEAD = Disposition.CONGESTION


def make_workshop(folder: Path, phones: list[str] = PHONES, **keys: Any) -> Workshop:
    return Workshop(folder / "office", phones=phones, **{**LINE, **keys})


class Carrier:
    """A carrier that answers for three seconds, and while its line is dead rejects at once."""

    def __init__(self, pbx: Pbx, is_dead: Callable[[datetime], bool], result: Disposition = DEAD) -> None:
        self.pbx = pbx
        self.is_dead = is_dead
        self.result = result
        self.refused: list[tuple[datetime, str]] = []
        self.answered: Counter[str] = Counter()
        self._taken: dict[str, datetime] = {}

    def look(self, now: datetime) -> None:
        for channel, number in list(self.pbx.calls.items()):
            if channel not in self._taken and self.is_dead(now):
                self.refused.append((now, number))
                self.pbx.end(number, self.result)
            elif now - self._taken.setdefault(channel, now) >= timedelta(seconds=3):
                self.answered[number] += 1
                self.pbx.end(number)


def play(far: Far, carrier: Carrier, since: datetime, until: datetime) -> None:
    now = since
    while now <= until:
        carrier.look(now)
        now += timedelta(seconds=max(0.01, min(far.dialer.step(now), 0.25)))


def between(since: str, until: str) -> Callable[[datetime], bool]:
    return lambda now: at(since) <= now < at(until)
