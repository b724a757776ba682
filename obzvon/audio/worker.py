"""Decodes an upload in a process of its own with limits on memory, time and disk.

This module is that process: `python -m obzvon.audio.worker UPLOAD FOLDER [COMMAND…]`. With a command, the upload is a
text, and what the command makes of it is decoded: see `speech`. It leaves the files of `FILES` in the folder, and
prints the length, or the reason why there is no sound, as JSON.
"""

import shutil
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import msgspec

from obzvon.audio import formats, speech
from obzvon.audio.formats import Decoder, UnusableSoundError
from obzvon.common.i18n import Message, say
from obzvon.common.limited_process import limit_resources

MAX_MEMORY_BYTES = 1_500_000_000
MAX_CPU_SECONDS = 60
MAX_DISK_BYTES = 100_000_000
#: The master, and what Asterisk plays at 8 and at 16 kHz: the names that they have in the folder.
MASTER, PHONE, WIDE = "sound.flac", "sound.wav", "sound.wav16"
FILES = MASTER, PHONE, WIDE
FFMPEG = "ffmpeg"
_DECODED, _SPOKEN = "decoded.wav", "spoken.wav"


class DecodedReply(msgspec.Struct, omit_defaults=True):
    """The line that the process prints: the length in seconds, or why there is no sound."""

    seconds: float = 0.0
    refused: Message | None = None


def limits_exceeded() -> Message:
    """Return the reason for a file that exceeds the limits on memory or time."""
    return say("reading it takes more memory or time than a message needs; save it as WAV, mono, and choose it again")


def libraries_missing() -> Message:
    """Return the reason where what reads sound cannot be loaded."""
    return say(
        "this server cannot read sound: the Python packages soundfile and soxr are missing or do not load; the "
        "administrator installs them with pip install soundfile soxr"
    )


def convert(upload: Path, folder: Path, command: Sequence[str] = ()) -> float:
    """Leave the upload in the folder as a master and as what Asterisk plays, and return its length in seconds.

    With the `command` of a program that speaks, the upload is a text. Raises UnusableSoundError.
    """
    if command:
        upload = speak(upload, folder, command)
    with upload.open("rb") as stream:
        found = formats.recognise(stream.read(formats.HEAD_BYTES), upload.stat().st_size)
    try:
        from obzvon.audio import sound  # noqa: PLC0415 - its libraries may be missing, and then this is the reason
    except (ImportError, OSError) as error:
        raise UnusableSoundError(libraries_missing()) from error
    readable = _decode(upload, folder, found.demuxer) if found.decoder is Decoder.FFMPEG else upload
    prepared = sound.prepare(sound.read_sound(readable))
    sound.write_master(prepared, folder / MASTER)
    sound.write_for_asterisk(prepared, folder / PHONE, sound.PHONE_RATE)
    sound.write_for_asterisk(prepared, folder / WIDE, sound.WIDE_RATE)
    return prepared.seconds


def _decode(upload: Path, folder: Path, demuxer: str) -> Path:
    """Decode with ffmpeg: this demuxer, this file, no network, a second more than a message may have."""
    from obzvon.audio import sound  # noqa: PLC0415 - as above

    program = shutil.which(FFMPEG)
    if program is None:
        raise UnusableSoundError(
            say(
                "a file of this kind (M4A, AMR, WebM) is read by the program ffmpeg, and this server has none; save it "
                "as WAV or MP3, or the administrator installs ffmpeg"
            )
        )
    decoded = folder / _DECODED
    command = [program, "-nostdin", "-v", "error", "-threads", "1", "-protocol_whitelist", "file", "-f", demuxer]
    command += ["-i", f"file:{upload}", "-map", "0:a:0", "-t", str(sound.MAX_SECONDS + 1), "-ac", "1"]
    command += ["-ar", str(sound.MASTER_RATE), "-c:a", "pcm_s16le", "-f", "wav", f"file:{decoded}"]
    done = subprocess.run(  # noqa: S603 - a fixed program, our own paths and numbers
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    if done.returncode or not decoded.exists():
        raise UnusableSoundError(formats.NO_SOUND)
    return decoded


def speak(text: Path, folder: Path, command: Sequence[str]) -> Path:
    """Speak the text, and return the sound file; raise UnusableSoundError."""
    spoken = folder / _SPOKEN
    with text.open("rb") as stdin, spoken.open("wb") as stdout:
        done = subprocess.run(  # noqa: S603 - the administrator's command; the text is its input only
            [str(spoken) if part == speech.WAV else part for part in command],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    if done.returncode or not spoken.stat().st_size:
        raise UnusableSoundError(
            say(
                "the program {program} has not spoken it; the administrator finds out why: obzvon check",
                program=Path(command[0]).name,
            )
        )
    return spoken


def main(upload: Path, folder: Path, command: Sequence[str] = ()) -> None:
    """Run the process."""
    limit_resources(memory=MAX_MEMORY_BYTES, cpu_seconds=MAX_CPU_SECONDS, disk=MAX_DISK_BYTES)
    try:
        reply = DecodedReply(convert(upload, folder, command))
    except UnusableSoundError as error:
        reply = DecodedReply(refused=error.reason)
    except MemoryError:
        reply = DecodedReply(refused=limits_exceeded())
    except Exception:  # a fault of a decoder
        traceback.print_exc()
        reply = DecodedReply(refused=formats.NO_SOUND)
    sys.stdout.buffer.write(msgspec.json.encode(reply) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
