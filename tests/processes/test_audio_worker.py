"""The process that decodes an upload: its limits, and that nothing else carries its libraries."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from obzvon.audio import conversion
from obzvon.audio.folder import SoundFolder
from obzvon.audio.formats import UnusableSoundError
from obzvon.common.limited_process import child_environment
from tests.support.tones import tone, tone_wave


def test_an_upload_is_decoded_in_a_process_of_its_own(tmp_path: Path) -> None:
    stored = SoundFolder(tmp_path / "messages").store(io.BytesIO(tone_wave()))
    assert stored.seconds == pytest.approx(0.8, abs=0.1)


def test_five_minutes_of_stereo_stay_within_the_limits(tmp_path: Path) -> None:
    stream = io.BytesIO()
    second = np.array([tone(1.0, rate=48_000)] * 2, dtype="float32").T
    with soundfile.SoundFile(stream, "w", 48_000, 2, format="WAV", subtype="PCM_16") as file:
        for _ in range(299):
            file.write(second)
    stream.seek(0)
    assert SoundFolder(tmp_path / "messages").store(stream).seconds == pytest.approx(299, abs=1)


def test_a_decoder_that_never_ends_is_killed_and_the_refusal_says_what_to_do(tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(tone_wave())
    with pytest.raises(UnusableSoundError, match="more memory or time"):
        conversion.convert_upload(upload, tmp_path, timeout=0.001)


def test_a_file_that_breaks_its_decoder_breaks_nothing_else(tmp_path: Path) -> None:
    folder = SoundFolder(tmp_path / "messages")
    with pytest.raises(UnusableSoundError, match="no sound that can be read"):
        folder.store(io.BytesIO(b"RIFF\xff\xff\xff\xffWAVEfmt " + bytes(range(256)) * 40))
    assert folder.store(io.BytesIO(tone_wave())).seconds


def test_neither_the_editor_nor_the_service_loads_the_libraries() -> None:
    code = "import sys, web.app, obzvon.service.factory; print({'numpy', 'soundfile', 'soxr'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=child_environment())
    assert done.stdout == "set()\n"


def test_a_program_speaks_within_the_same_limits(tmp_path: Path) -> None:
    folder, tone_file = SoundFolder(tmp_path / "messages"), tmp_path / "tone.wav"
    tone_file.write_bytes(tone_wave())
    speaks = ("/bin/cat", str(tone_file))
    assert folder.store(io.BytesIO("Завтра собрание.\n".encode()), speaks).seconds == pytest.approx(0.8, abs=0.1)
    to_a_file = ("/bin/cp", str(tone_file), "{wav}")
    assert folder.store(io.BytesIO(b"x\n"), to_a_file).seconds == pytest.approx(0.8, abs=0.1)
    with pytest.raises(UnusableSoundError, match="the program false has not spoken it"):
        folder.store(io.BytesIO(b"x\n"), ("/bin/false",))
