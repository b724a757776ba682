"""Kinds of sound files by their first bytes. Pure.

The name of an upload says nothing. What decodes it is chosen here, so that no library is asked to guess: libsndfile
gets the formats below, and ffmpeg a named demuxer, which reads no playlist and no other file.
"""

import enum
import struct

import msgspec

from obzvon.common.i18n import Message, say

#: Bytes that `recognise` looks at.
HEAD_BYTES = 64
#: A recorder that writes to a pipe does not know the length, and leaves one that no file has.
_UNKNOWN_LENGTH = 0x7FFF_0000
#: Bytes that may be missing at the end: a padding that some programs leave out.
_SLACK_BYTES = 2


class Decoder(enum.Enum):
    """The program that decodes a file."""

    SNDFILE = enum.auto()
    FFMPEG = enum.auto()


class SoundFormat(msgspec.Struct, frozen=True):
    """The decoder of a file, and the demuxer that ffmpeg is to use."""

    decoder: Decoder
    demuxer: str = ""


class UnusableSoundError(Exception):
    """The file cannot become a message; `reason` says why and what to do."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


_SNDFILE = SoundFormat(Decoder.SNDFILE)
#: First bytes of files that are no sound, with what they are.
_OTHERS: dict[tuple[bytes, ...], Message] = {
    (b"PK\3\4", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b"): say("it is an archive; unpack it and choose the sound in it"),
    (b"%PDF",): say("it is a document and no sound; choose a file .wav, .mp3, .ogg or .flac"),
    (b"\x89PNG", b"\xff\xd8\xff", b"GIF8"): say("it is a picture; choose a file .wav, .mp3, .ogg or .flac"),
}
#: Where which bytes are, and the demuxer of ffmpeg for such files.
_DEMUXERS = (
    (4, b"ftyp", "mov"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"#!AMR", "amr"),
    (0, b"\xff\xf1", "aac"),
    (0, b"\xff\xf9", "aac"),
)
NO_SOUND = say("it is no sound that can be read here; save it as WAV or MP3 and choose it again")


def recognise(head: bytes, size: int) -> SoundFormat:
    """Return the format of a file with these first bytes and this size; raise UnusableSoundError."""
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        _refuse_cut_off(head, size)
        return _SNDFILE
    if head[:4] in {b"fLaC", b"OggS"} or (head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}):
        return _SNDFILE
    demuxer = next((name for offset, mark, name in _DEMUXERS if head[offset:].startswith(mark)), "")
    if demuxer:
        return SoundFormat(Decoder.FFMPEG, demuxer)
    if head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):  # MP3
        return _SNDFILE
    raise UnusableSoundError(_what_else(head))


def _refuse_cut_off(head: bytes, size: int) -> None:
    (declared,) = struct.unpack("<I", head[4:8])
    wanted = declared + 8
    if head[:4] == b"RIFF" and declared < _UNKNOWN_LENGTH and wanted > size + _SLACK_BYTES:
        raise UnusableSoundError(
            say(
                "it is cut off: {there} kB of {wanted} kB are there; copy or record it again",
                there=size // 1000,
                wanted=wanted // 1000,
            )
        )


def _what_else(head: bytes) -> Message:
    if not head:
        return say("the file is empty")
    return next((what for beginnings, what in _OTHERS.items() if head.startswith(beginnings)), NO_SOUND)
