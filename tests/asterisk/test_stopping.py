"""Asterisk is told to stop when its calls have ended: until then it takes call files and makes no calls of them."""

import math
import wave
from collections import Counter
from pathlib import Path

import pytest

from tests.asterisk.rig import MESSAGE, Rig
from tests.asterisk.run_folder import ended, office_with_ami
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk


def long_message(folder: Path) -> Path:
    """Return a sound of half a minute."""
    file = folder / "long.wav"
    with wave.open(str(MESSAGE)) as short, wave.open(str(file), "wb") as longer:
        longer.setparams(short.getparams())
        sound = short.readframes(short.getnframes())
        longer.writeframes(sound * math.ceil(30 * short.getframerate() / short.getnframes()))
    return file


@pytest.mark.parametrize("known_by", ["events", "archive", pytest.param("both", marks=pytest.mark.long)])
def test_who_was_eaten_by_a_graceful_stop_is_called_later(tmp_path: Path, asterisk_root: Path, known_by: str) -> None:
    numbers = {f"8916{75_000 + place:05d}00": "" for place in range(60)}
    archive = "no" if known_by == "events" else "yes"
    with Rig(asterisk_root, message=long_message(tmp_path)) as rig:
        rig.carrier.set(TALK=1)
        port = 0 if known_by == "archive" else rig.pbx.ami_port
        office = office_with_ami(tmp_path, rig, numbers, port, bundle=2, archive=archive)
        service = office.serve()
        until(lambda: len(rig.carrier.ledger()) >= 10, "ten people are called", every=0.05)
        rig.carrier.set(TALK=0)
        until(lambda: len(rig.carrier.ledger()) >= 14, "somebody talks for long", every=0.05)
        rig.carrier.set(TALK=1)
        rig.pbx.cli("core stop gracefully")
        until(lambda: not rig.pbx.running, "Asterisk has stopped", every=0.2)
        rig.pbx.stop()
        rig.pbx.start()
        lines = ended(service, office)
        called = Counter(entry.number for entry in rig.carrier.ledger())
        assert called == Counter(list(numbers)), office.console()
        assert Counter(line.result for line in lines.values()) == {"answered": 60}, office.console()
