"""Find a message in a recording by the rise and fall of its loudness, which survives codecs."""

import array
import math
import operator
import sys
import wave
from pathlib import Path

FRAME = 160
"""Samples of a frame: 20 ms at 8 kHz."""

REACH = 1000
"""Number of frames from the beginning of a recording in which the message may begin."""

PIECE = 25
"""Number of frames that are searched together, and by which they may have moved: under load some packets are late
or lost, and the sound after them moves."""


def read_wave(path: Path) -> list[float]:
    """Return the loudness of each frame of an 8 kHz mono 16-bit WAV."""
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        return loudness(sound.readframes(sound.getnframes()))


def loudness(pcm: bytes) -> list[float]:
    """Return the loudness of each frame of 8 kHz 16-bit samples, from every fourth of them."""
    samples = array.array("h", pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    frames = range(0, len(samples) - FRAME + 1, FRAME)
    return [math.sqrt(sum(x * x for x in samples[at : at + FRAME : 4]) * 4 / FRAME) for at in frames]


def share_heard(message: list[float], recording: list[float]) -> float:
    """Return the share of the message in a recording, 0 to 1: the share of its loud frames that are loud there too."""
    start = _alignment(message, recording)
    heard = [0.0] * PIECE + recording[start:] + [0.0] * (len(message) + 2 * PIECE)
    threshold = max(message) / 20
    found = 0
    for at in range(0, len(message), PIECE):
        piece = message[at : at + PIECE]
        found += max(_found(piece, heard[at + slip :], threshold) for slip in range(2 * PIECE))
    return found / sum(level > threshold for level in message)


def _found(piece: list[float], heard: list[float], threshold: float) -> int:
    return sum(level / 3 < there < level * 3 for level, there in zip(piece, heard, strict=False) if level > threshold)


def _alignment(message: list[float], recording: list[float]) -> int:
    """Return the frame of the recording at which the message begins, if the recording contains it."""

    def fit(shift: int) -> float:
        part = recording[shift : shift + len(message)]
        product: float = sum(map(operator.mul, message, part))
        return product / (math.hypot(*part) or 1.0)

    return max(range(min(REACH, len(recording))), key=fit, default=0)
