"""What decodes a file, by its first bytes, and what is no sound at all."""

import struct

import pytest

from obzvon.audio.formats import Decoder, UnusableSoundError, recognise

WAV = b"RIFF" + struct.pack("<I", 92) + b"WAVEfmt "


@pytest.mark.parametrize(
    "head", [WAV, b"fLaC\0\0", b"OggS\0", b"FORM\0\0\0\0AIFF", b"ID3\4", b"\xff\xfb\x90", b"\xff\xf3"]
)
def test_what_libsndfile_reads_goes_to_it(head: bytes) -> None:
    assert recognise(head, 100).decoder is Decoder.SNDFILE


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"\0\0\0\x1cftypM4A ", "mov"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
        (b"#!AMR\n", "amr"),
        (b"\xff\xf1\x50", "aac"),
        (b"\xff\xf9\x50", "aac"),
    ],
)
def test_the_rest_goes_to_ffmpeg_with_the_demuxer_named(head: bytes, demuxer: str) -> None:
    found = recognise(head, 100)
    assert (found.decoder, found.demuxer) == (Decoder.FFMPEG, demuxer)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"", "the file is empty"),
        (b"PK\3\4", "it is an archive"),
        (b"%PDF-1.7", "it is a document"),
        (b"\x89PNG", "it is a picture"),
        (b"\xff\xd8\xff\xe0", "it is a picture"),
        (b"#EXTM3U\nfile:///etc/passwd", "it is no sound"),
        (b"ffconcat version 1.0", "it is no sound"),
        (b"hello", "it is no sound"),
        (b"RIFF\0\0\0\0AVI ", "it is no sound"),
    ],
)
def test_what_is_no_sound_is_refused_in_words(head: bytes, what: str) -> None:
    with pytest.raises(UnusableSoundError, match=what):
        recognise(head, len(head))


def test_a_wav_that_promises_more_than_is_there_is_cut_off() -> None:
    assert recognise(WAV, 100)
    assert recognise(WAV, 99)  # some programs leave out the padding at the end
    with pytest.raises(UnusableSoundError, match="cut off: 0 kB of 2000 kB are there"):
        recognise(b"RIFF" + struct.pack("<I", 2_000_000) + b"WAVE", 100)


@pytest.mark.parametrize("declared", [0xFFFF_FFFF, 0x7FFF_F024, 0])
def test_a_recorder_that_does_not_know_the_length_is_believed(declared: int) -> None:
    assert recognise(b"RIFF" + struct.pack("<I", declared) + b"WAVE", 100)
