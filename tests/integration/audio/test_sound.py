"""A message as sound: trimmed, levelled, written as Asterisk plays it; and what is refused."""

import io
import struct
import sys
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from obzvon.audio import sound, worker
from obzvon.audio.folder import WIDE, SoundFolder
from obzvon.audio.formats import UnusableSoundError
from tests.support.tones import tone, tone_wave, wave_of


@pytest.fixture
def folder(tmp_path: Path) -> SoundFolder:
    return SoundFolder(tmp_path / "messages", worker.convert)


def stored(folder: SoundFolder, data: bytes) -> Path:
    """Return what the phone plays of an upload."""
    return folder.file(folder.store(io.BytesIO(data)).digest)


def refusal(folder: SoundFolder, data: bytes) -> str:
    with pytest.raises(UnusableSoundError) as caught:
        folder.store(io.BytesIO(data))
    assert list(folder.path.iterdir()) == []
    return str(caught.value)


def encoded(kind: str, subtype: str, *, rate: int = 24_000, channels: int = 1) -> bytes:
    stream = io.BytesIO()
    samples = np.array([tone(0.7, rate=rate)] * channels).T
    soundfile.write(stream, samples, rate, format=kind, subtype=subtype)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        encoded("WAV", "FLOAT", rate=44_100, channels=2),
        encoded("WAV", "ULAW", rate=8000),
        encoded("FLAC", "PCM_24", rate=96_000),
        encoded("OGG", "VORBIS"),
        encoded("OGG", "OPUS"),
        encoded("MP3", "MPEG_LAYER_III"),
        encoded("AIFF", "PCM_16"),
    ],
    ids=["float stereo", "ulaw", "flac 96 kHz", "vorbis", "opus", "mp3", "aiff"],
)
def test_every_format_becomes_what_asterisk_plays(folder: SoundFolder, data: bytes) -> None:
    phone = stored(folder, data)
    for file, rate in ((phone, 8000), (phone.with_suffix(WIDE), 16_000)):
        with wave.open(str(file)) as found:
            assert (found.getframerate(), found.getnchannels(), found.getsampwidth()) == (rate, 1, 2)
            assert 0.6 <= found.getnframes() / rate <= 0.9
    assert soundfile.info(str(phone.with_suffix(".flac"))).samplerate <= 48_000


@pytest.mark.parametrize("peak", [0.01, 0.1, 1.0])
def test_every_message_is_equally_loud_and_none_is_clipped(folder: SoundFolder, peak: float) -> None:
    samples, rate = soundfile.read(str(stored(folder, tone_wave(peak=peak))), dtype="float32")
    assert sound.active_level(samples, rate) == pytest.approx(sound.TARGET_DB, abs=0.5)
    assert np.abs(samples).max() < 1


def test_silence_around_the_speech_is_cut_off_and_pauses_within_it_stay(folder: SoundFolder) -> None:
    rate = 8000
    speech = tone(0.5, rate=rate)
    data = wave_of([0.0] * 16_000 + speech + [0.0] * 12_000 + speech + [0.0] * 24_000, rate)
    assert folder.store(io.BytesIO(data)).seconds == pytest.approx(0.1 + 0.5 + 1.5 + 0.5 + 0.3, abs=0.05)


def test_a_click_makes_no_message_quiet(folder: SoundFolder) -> None:
    samples = tone(1.0, rate=8000, peak=0.05)
    samples[4000:4002] = [1.0, -1.0]
    heard, rate = soundfile.read(str(stored(folder, wave_of(samples, 8000))), dtype="float32")
    assert sound.active_level(heard, rate) > sound.TARGET_DB - 2


def test_one_content_has_one_name_and_another_content_another(folder: SoundFolder) -> None:
    first, again = (folder.store(io.BytesIO(tone_wave())) for _ in range(2))
    other = folder.store(io.BytesIO(tone_wave(pitch=600)))
    assert first == again
    assert first.digest != other.digest
    names = {path.name for path in folder.path.iterdir()}
    assert names == {f"{one.digest}{suffix}" for one in (first, other) for suffix in (".flac", ".wav", ".wav16")}
    assert folder.size(first.digest) == sum(
        folder.file(first.digest, suffix).stat().st_size for suffix in (".flac", ".wav", ".wav16")
    )


def test_asterisk_may_read_a_sound_whatever_its_group_and_only_the_editor_write_it(
    folder: SoundFolder, tmp_path: Path
) -> None:
    tmp_path.chmod(0o2770)
    assert stored(folder, tone_wave()).stat().st_mode & 0o777 == 0o644
    assert folder.path.stat().st_mode & 0o7777 == 0o2775


def test_unused_sounds_go_after_a_week_and_used_ones_never(folder: SoundFolder) -> None:
    used, unused = stored(folder, tone_wave()), stored(folder, tone_wave(pitch=600))
    begin = unused.stat().st_mtime
    folder.sweep({used.stem}, begin + 6 * 86_400)
    assert unused.exists()
    folder.sweep({used.stem}, begin + 8 * 86_400)
    assert {path.stem for path in folder.path.iterdir()} == {used.stem}


def test_what_cannot_become_a_message_is_refused_and_leaves_nothing(folder: SoundFolder) -> None:
    assert "nothing can be heard" in refusal(folder, wave_of([0.0] * 8000, 8000))
    assert "nothing can be heard" in refusal(folder, wave_of([0.5] * 8000, 8000))  # a constant voltage is no sound
    assert "shorter than half a second" in refusal(folder, tone_wave(0.05))
    assert "no sound in it" in refusal(folder, wave_of([], 8000))
    assert "no sound that can be read" in refusal(folder, b"fLaC" + bytes(range(256)))
    assert "no sound that can be read" in refusal(folder, b"OggS" + bytes(5000))
    assert "cut off" in refusal(folder, tone_wave(rate=16_000)[:5000])
    assert "1 Hz" in refusal(folder, tone_wave().replace(struct.pack("<I", 8000), struct.pack("<I", 1), 1))


def test_hours_of_silence_in_a_few_kilobytes_are_refused_before_they_are_decoded(folder: SoundFolder) -> None:
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros(8000 * 301, dtype="int16"), 8000, format="FLAC")
    assert len(stream.getvalue()) < 30_000
    tracemalloc.start()
    assert "longer than 5 minutes" in refusal(folder, stream.getvalue())
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_header_with_two_gigabytes_gives_what_is_there(folder: SoundFolder) -> None:
    data = bytearray(tone_wave())
    data[4:8] = data[40:44] = struct.pack("<I", 0x7FFF_F000)  # as a program that writes to a pipe leaves it
    assert folder.store(io.BytesIO(data)).seconds == pytest.approx(0.8, abs=0.1)
    data[4:8] = data[40:44] = struct.pack("<I", 2_000_000_000)
    with pytest.raises(UnusableSoundError, match="cut off"):
        folder.store(io.BytesIO(data))


def test_without_the_program_for_m4a_the_reason_says_what_to_do(
    folder: SoundFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "save it as WAV or MP3" in refusal(folder, b"\0\0\0\x1cftypM4A " + bytes(100))


def test_a_server_without_the_libraries_says_what_to_install(
    folder: SoundFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("obzvon.audio.sound")
    monkeypatch.setitem(sys.modules, "obzvon.audio.sound", None)
    assert "pip install soundfile soxr" in refusal(folder, tone_wave())
