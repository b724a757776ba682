"""A message from the editor on a real Asterisk: the called person hears the one that is chosen, by its master."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from obzvon.asterisk.callfile import CallFileTemplate
from obzvon.audio import worker
from obzvon.audio.folder import MASTER, SoundFolder
from obzvon.settings.loader import ORDINARY
from tests.asterisk.rig import MESSAGE, QUESTION, Rig
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk

Samples = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def speaking(asterisk_root: Path) -> Iterator[tuple[Rig, str]]:
    """A rig whose own sound is another one than the stored message."""
    with Rig(asterisk_root, OBZVON_MESSAGE="HOME/question", OBZVON_MESSAGES="HOME/messages") as rig:
        folder = SoundFolder(rig.pbx.home / "messages", worker.convert)
        with MESSAGE.open("rb") as upload:
            yield rig, folder.store(upload).digest


def master(rig: Rig, digest: str) -> Samples:
    """Return the master at the phone's rate."""
    samples, rate = soundfile.read(str(rig.pbx.home / "messages" / f"{digest}{MASTER}"))
    reduced: Samples = soxr.resample(samples, rate, 8000)
    return reduced


def own_sound() -> Samples:
    with wave.open(str(QUESTION)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(float)


def recording(rig: Rig, number: str, message: str) -> Samples:
    """Ring a number with that message, and return what arrived."""
    rig.pbx.put(number, CallFileTemplate(ORDINARY).render(number, message=message).decode())
    until(lambda: any(entry.answered and entry.ended for entry in rig.carrier.calls_to(number)), "the call is over")
    pcm = rig.carrier.calls_to(number)[0].recording.read_bytes()
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(float)


def correlation(sound: Samples, heard: Samples) -> float:
    """Return how much two seconds of the sound are like any part of what was heard: 1 = the same."""
    piece = sound[8000:24_000] - sound[8000:24_000].mean()
    size = 1 << (len(heard) + len(piece)).bit_length()
    products = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(piece, size)), size)[
        : len(heard) - len(piece)
    ]
    energy = np.cumsum(np.square(heard))
    within = energy[len(piece) :] - energy[: -len(piece)]
    return float(np.max(products / np.sqrt(np.maximum(within, 1.0) * np.square(piece).sum())))


def test_the_carrier_hears_the_chosen_message_and_without_one_the_pbx_s_own(speaking: tuple[Rig, str]) -> None:
    rig, digest = speaking
    chosen, without = recording(rig, "89160000000", digest), recording(rig, "89160000001", "")
    assert correlation(master(rig, digest), chosen) > 0.95
    assert correlation(own_sound(), chosen) < 0.5
    assert correlation(own_sound(), without) > 0.95
    assert correlation(master(rig, digest), without) < 0.5


def test_of_a_message_that_asterisk_cannot_play_the_pbx_s_own_is_heard(speaking: tuple[Rig, str]) -> None:
    rig, _digest = speaking
    assert correlation(own_sound(), recording(rig, "89160000002", "0" * 32)) > 0.95
    assert any("cannot be played" in line for line in rig.pbx.problem_lines())
