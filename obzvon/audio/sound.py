"""Reads a sound, cuts off the silence around it, levels its loudness, and writes it as Asterisk plays it.

numpy, soundfile and soxr are imported by this module alone, and this module by the process that decodes (`worker`)
alone: neither the editor nor the service carries them in its memory.
"""

import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from obzvon.audio.formats import NO_SOUND, UnusableSoundError
from obzvon.common.i18n import say

Samples = npt.NDArray[np.float32]

#: The longest message. Nobody listens to a longer one on the phone.
MAX_SECONDS = 300
MIN_SECONDS = 0.5
#: The highest sampling rate of a master; what is higher is reduced to this.
MASTER_RATE = 48_000
PHONE_RATE, WIDE_RATE = 8_000, 16_000
#: Active speech level (ITU-T P.56, here by windows of 20 ms) at 8 kHz, in dB below full scale.
TARGET_DB = -20.0
_MAX_GAIN_DB = 40.0
#: From here on peaks are rounded off, so that a loud click makes no message quiet.
_KNEE = 0.7

_RATES = range(4_000, 192_001)
_MAX_CHANNELS = 8
_BLOCK_FRAMES = 65_536
_WINDOW_SECONDS = 0.02
#: A window below this is silence, whatever the rest is.
_SILENCE_DB = -65.0
#: A window this far below the active level is silence, or the noise of the room.
_BELOW_SPEECH_DB = 25.0
#: P.56: what is this far below the mean does not count as speech.
_MARGIN_DB = 15.9
_SECONDS_BEFORE, _SECONDS_AFTER = 0.1, 0.3


class PreparedSound(NamedTuple):
    """A sound that is ready to be stored: the samples of the master and its rate."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """Return its length."""
        return len(self.samples) / self.rate


def read_sound(path: Path) -> PreparedSound:
    """Return the sound in a file, mono and at no more than 48 kHz; raise UnusableSoundError.

    It is read in blocks and no further than a message may be long, whatever its header promises.
    """
    try:
        with soundfile.SoundFile(str(path)) as file:
            rate, channels = file.samplerate, file.channels
            _refuse_shape(rate, channels)
            if file.frames > MAX_SECONDS * rate and file.format != "MP3":  # an MP3 may only estimate it
                raise _too_long()
            return _read_blocks(file, rate)
    except soundfile.SoundFileError as error:
        raise UnusableSoundError(NO_SOUND) from error


def prepare(sound: PreparedSound) -> PreparedSound:
    """Return the sound without the silence around it, as loud as every message; raise UnusableSoundError."""
    samples = sound.samples - sound.samples.mean(dtype=np.float64).astype(np.float32)
    level = active_level(samples, sound.rate)
    if level < _SILENCE_DB:
        raise UnusableSoundError(say("nothing can be heard in it; record it again, nearer to the microphone"))
    samples = _trim(samples, sound.rate, level)
    if len(samples) < MIN_SECONDS * sound.rate:
        raise UnusableSoundError(say("it is shorter than half a second; record it again"))
    return PreparedSound(_level(samples, sound.rate), sound.rate)


def active_level(samples: Samples, rate: int) -> float:
    """Return how loud the parts with speech are, in dB below full scale, as the phone hears them."""
    power = _window_powers(_resample(samples, rate, PHONE_RATE), PHONE_RATE)
    power = power[power > _power(_SILENCE_DB)]
    if not len(power):
        return -np.inf
    power = power[power >= power.mean() * _power(-_MARGIN_DB)]
    return float(10 * np.log10(power.mean()))


def write_master(sound: PreparedSound, path: Path) -> None:
    """Write the master, as FLAC without loss."""
    soundfile.write(str(path), _as_integers(sound.samples), sound.rate, format="FLAC", subtype="PCM_16")


def write_for_asterisk(sound: PreparedSound, path: Path, rate: int) -> None:
    """Write what Asterisk plays: a WAV file of that rate, mono, 16 bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(_as_integers(_resample(sound.samples, sound.rate, rate)).astype("<i2").tobytes())


def _read_blocks(file: soundfile.SoundFile, rate: int) -> PreparedSound:
    target = min(rate, MASTER_RATE)
    reduce = soxr.ResampleStream(rate, target, 1, dtype="float32") if target != rate else None
    most = MAX_SECONDS * target
    blocks: list[Samples] = []
    length = 0
    while True:
        block = file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)
        is_last = len(block) < _BLOCK_FRAMES
        mono: Samples = np.nan_to_num(block.mean(axis=1), posinf=0.0, neginf=0.0)
        if reduce is not None:
            mono = reduce.resample_chunk(mono, last=is_last)
        blocks.append(mono)
        length += len(mono)
        if length > most:
            raise _too_long()
        if is_last:
            break
    if not length:
        raise UnusableSoundError(say("there is no sound in it; record it again"))
    return PreparedSound(np.concatenate(blocks), target)


def _refuse_shape(rate: int, channels: int) -> None:
    if rate not in _RATES or channels > _MAX_CHANNELS:
        raise UnusableSoundError(
            say(
                "it has {rate} Hz and {channels} channels, which no recording of speech has; save it as WAV, "
                "44,100 Hz, mono",
                rate=rate,
                channels=channels,
            )
        )


def _too_long() -> UnusableSoundError:
    return UnusableSoundError(
        say("it is longer than {minutes} minutes; cut out what people should hear", minutes=MAX_SECONDS // 60)
    )


def _trim(samples: Samples, rate: int, level: float) -> Samples:
    power = _window_powers(samples, rate)
    heard = np.flatnonzero(power > max(_power(_SILENCE_DB), _power(level - _BELOW_SPEECH_DB)))
    if not len(heard):
        return samples[:0]
    window = _window(rate)
    first = int(heard[0]) * window - round(_SECONDS_BEFORE * rate)
    last = (int(heard[-1]) + 1) * window + round(_SECONDS_AFTER * rate)
    return samples[max(0, first) : last]


def _level(samples: Samples, rate: int) -> Samples:
    gain = min(TARGET_DB - active_level(samples, rate), _MAX_GAIN_DB)
    louder = samples * np.float32(10 ** (gain / 20))
    size = np.abs(louder)
    rounded = _KNEE + (1 - _KNEE) * np.tanh((size - _KNEE) / (1 - _KNEE))
    return np.where(size > _KNEE, np.sign(louder) * rounded, louder).astype(np.float32)


def _window(rate: int) -> int:
    return round(_WINDOW_SECONDS * rate)


def _window_powers(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    window = _window(rate)
    padded = np.pad(samples, (0, -len(samples) % window))
    powers: npt.NDArray[np.float64] = np.square(padded, dtype=np.float64).reshape(-1, window).mean(axis=1)
    return powers


def _power(decibels: float) -> float:
    return float(10 ** (decibels / 10))


def _resample(samples: Samples, rate: int, target: int) -> Samples:
    found: Samples = samples if rate == target else soxr.resample(samples, rate, target)
    return found


def _as_integers(samples: Samples) -> npt.NDArray[np.int16]:
    return np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
