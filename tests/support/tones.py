"""Short made-up sounds: a tone that rises and falls, as speech does, with silence around it."""

import io
import math
import struct
import wave


def tone_wave(
    seconds: float = 0.8, *, rate: int = 8000, silence: float = 0.0, peak: float = 0.3, pitch: int = 440
) -> bytes:
    """Return a WAV file with a tone, and as many seconds of silence before and after it."""
    return wave_of(tone(seconds, rate=rate, silence=silence, peak=peak, pitch=pitch), rate)


def tone(seconds: float, *, rate: int, silence: float = 0.0, peak: float = 0.3, pitch: int = 440) -> list[float]:
    """Return the samples of a tone whose loudness changes five times a second."""
    quiet = [0.0] * round(silence * rate)
    loud = [
        peak * math.sin(2 * math.pi * pitch * n / rate) * (0.6 + 0.4 * math.sin(10 * math.pi * n / rate))
        for n in range(round(seconds * rate))
    ]
    return quiet + loud + quiet


def wave_of(samples: list[float], rate: int) -> bytes:
    """Return a WAV file of these samples, mono, 16 bit."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", round(sample * 32767)) for sample in samples))
    return stream.getvalue()
