"""Whether a recording holds a message: by the rise and fall of its loudness, which survives codecs."""

import array
import math
import operator
import sys
import wave
from pathlib import Path

FRAME = 160
"""Samples a frame: 20 ms at 8 kHz."""

REACH = 1000
"""How many frames into a recording the message is looked for."""

PIECE = 25
"""How many frames of a message are looked for together, and how far they may have slipped: on a busy machine single
packets are late or lost, and what comes after them moves."""


def read_wave(path: Path) -> list[float]:
    """The loudness, frame by frame, of an 8 kHz mono 16-bit WAV."""
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        return loudness(sound.readframes(sound.getnframes()))


def loudness(pcm: bytes) -> list[float]:
    """The loudness of each frame of 8 kHz 16-bit samples, every fourth of them looked at."""
    samples = array.array("h", pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    frames = range(0, len(samples) - FRAME + 1, FRAME)
    return [math.sqrt(sum(x * x for x in samples[at : at + FRAME : 4]) * 4 / FRAME) for at in frames]


def share_heard(message: list[float], recording: list[float]) -> float:
    """How much of the message a recording holds, 0 to 1: the share of its loud frames found as loud, in their place."""
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
    """At which frame of the recording the message begins, if it is there."""

    def fit(shift: int) -> float:
        part = recording[shift : shift + len(message)]
        product: float = sum(map(operator.mul, message, part))
        return product / (math.hypot(*part) or 1.0)

    return max(range(min(REACH, len(recording))), key=fit, default=0)
