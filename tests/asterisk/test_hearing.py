"""Whether the rig's ear can tell a message that was heard from one that was not."""

import random
import wave

import pytest

from tests.asterisk.hearing import loudness, read_wave, share_heard
from tests.asterisk.rig import MESSAGE

QUIET = bytes(16000)


@pytest.fixture(scope="module")
def spoken() -> bytes:
    with wave.open(str(MESSAGE)) as sound:
        pcm: bytes = sound.readframes(sound.getnframes())
    return pcm


def heard(recording: bytes) -> float:
    return share_heard(read_wave(MESSAGE), loudness(recording))


@pytest.mark.parametrize("shift", [0, 100, 260])
def test_a_whole_message_is_heard_wherever_it_begins(spoken: bytes, shift: int) -> None:
    assert heard(QUIET + bytes(shift) + spoken + QUIET) > 0.95


def test_a_message_of_which_some_packets_were_lost_is_heard(spoken: bytes) -> None:
    chance = random.Random(1)
    packets = [spoken[at : at + 320] for at in range(0, len(spoken), 320) if chance.random() > 0.02]
    assert heard(QUIET + b"".join(packets) + QUIET) > 0.9


def test_a_message_without_its_beginning_or_its_end_is_not_wholly_heard(spoken: bytes) -> None:
    assert heard(spoken[8000:] + QUIET) < 0.9
    assert heard(QUIET + spoken[: len(spoken) // 2]) < 0.7


def test_nothing_is_heard_in_silence_or_noise() -> None:
    assert heard(b"") == 0
    assert heard(QUIET * 5) == 0
    assert heard(random.Random(1).randbytes(100000)) < 0.1
