"""Examines the sound files of a call: whether they exist, Asterisk may read them and can play them, and their length.

Measured on Asterisk 16 and 22: of a file that it cannot play, the called person hears one second of nothing.
"""

import stat
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from obzvon.checks.file_access import SystemUser, user_name
from obzvon.common.errors import os_error_reason
from obzvon.common.i18n import Message, say

#: Bytes a second of the formats without a header, by their suffix.
_BYTES_PER_SECOND: Mapping[str, float] = {
    **dict.fromkeys(("alaw", "al", "alw", "ulaw", "ul", "ulw", "mu", "pcm", "g722"), 8000),
    "gsm": 1650,
    "g729": 1000,
    "sln": 16000,
    **{f"sln{rate}": 2000 * rate for rate in (12, 16, 24, 32, 44, 48, 96, 192)},
}
#: Formats with a header that Asterisk reads by modules of its own.
_OTHERS = frozenset({"WAV", "wav49", "ogg", "opus", "g723", "g723sf", "siren7", "siren14", "ilbc", "h263"})
_WAVE_RATES = {"wav": 8000, "wav16": 16000}
_SOX = "sox {name} -r 8000 -c 1 -b 16 new.wav"


class SoundReport(msgspec.Struct, frozen=True):
    """A sound: its file, its length if that is known, and what is wrong with it."""

    path: Path
    seconds: float | None = None
    problem: Message | None = None
    remedy: Message = Message("")


def examine_sound(name: str, folders: list[Path], *, root: Path, reader: SystemUser | None) -> SoundReport:
    """Return a report on the sound that the dialplan names without its suffix.

    `root` is the root folder as Asterisk sees it, `folders` are its sound folders within, and `reader` is the user that
    it runs as, None if that is unknown. Of several files of one name Asterisk takes one that it can play.
    """
    reports = [_examine_file(path, root, reader) for path in _find_files(name, folders, root)]
    if not reports:
        return _missing(name, folders, root)
    return next((report for report in reports if report.problem is None), reports[0])


def _find_files(name: str, folders: list[Path], root: Path) -> Iterator[Path]:
    place = Path(name)
    bases = [_within(root, place)] if place.is_absolute() else [_within(root, folder) / name for folder in folders]
    if not place.is_absolute():  # with a language: sounds/ru/custom/obzvon.wav
        bases += [one / name for folder in folders for one in sorted(_within(root, folder).glob("??"))]
    for base in bases:
        for path in sorted(base.parent.glob("*")) if base.parent.is_dir() else ():
            if path.stem == base.name and path.suffix and path.is_file():
                yield path


def _missing(name: str, folders: list[Path], root: Path) -> SoundReport:
    place = Path(name) if Path(name).is_absolute() else (folders or [Path()])[0] / name
    if _within(root, place).is_file():
        return SoundReport(
            place,
            problem=say("the dialplan names the sound with its suffix, and Asterisk adds one by itself"),
            remedy=say("write it without: {name}", name=str(place.with_suffix(""))),
        )
    return SoundReport(
        place,
        problem=say("there is no such sound: the person who answers hears nothing"),
        remedy=say("put the file there, for example {name}.wav, 8 kHz, mono, 16 bit", name=str(place)),
    )


def _examine_file(path: Path, root: Path, reader: SystemUser | None) -> SoundReport:
    shown = path if root == Path("/") else Path("/") / path.relative_to(root)
    try:
        if reader is not None and not _may_reach(path, root, reader):
            return SoundReport(
                shown,
                problem=say("Asterisk, as {user}, may not read this sound", user=user_name(reader.uid)),
                remedy=say("chmod 644 {path}, and let that user into the folders above", path=shown),
            )
        size = path.stat().st_size
        if rate := _WAVE_RATES.get(path.suffix[1:]):
            return _examine_wave(path, shown, rate)
    except OSError as failed:
        return SoundReport(
            shown,
            problem=say("this sound cannot be read here: {why}", why=os_error_reason(failed)),
            remedy=say("run obzvon check as Asterisk's user"),
        )
    return _examine_other(shown, size)


def _examine_other(shown: Path, size: int) -> SoundReport:
    suffix = shown.suffix[1:]
    if not size:
        return SoundReport(shown, problem=say("this sound is empty"), remedy=say("put the sound there again"))
    if suffix in _BYTES_PER_SECOND:
        return SoundReport(shown, size / _BYTES_PER_SECOND[suffix])
    if suffix in _OTHERS:
        return SoundReport(shown)
    return SoundReport(
        shown,
        problem=say("Asterisk cannot play files of this kind: {suffix}", suffix=shown.suffix),
        remedy=say("convert it: {command}", command=_SOX.format(name=shown)),
    )


def _examine_wave(path: Path, shown: Path, rate: int) -> SoundReport:
    remedy = say("convert it: {command}", command=_SOX.format(name=shown))
    try:
        with wave.open(str(path)) as sound:
            form = sound.getframerate(), sound.getnchannels(), 8 * sound.getsampwidth()
            seconds = sound.getnframes() / (sound.getframerate() or 1)
    except (wave.Error, EOFError) as failed:
        return SoundReport(shown, problem=say("this is no sound: {why}", why=str(failed) or "EOF"), remedy=remedy)
    if form != (rate, 1, 16):
        return SoundReport(
            shown,
            problem=say(
                "Asterisk cannot play this sound: it is {rate} Hz, channels: {channels}, {bits} bit, and must be "
                "{right} Hz, mono, 16 bit",
                rate=form[0],
                channels=form[1],
                bits=form[2],
                right=rate,
            ),
            remedy=remedy,
        )
    if not seconds:
        return SoundReport(shown, problem=say("this sound is empty"), remedy=say("put the sound there again"))
    return SoundReport(shown, seconds)


def _may_reach(path: Path, root: Path, reader: SystemUser) -> bool:
    folders = [folder for folder in path.parents if folder.is_relative_to(root)]
    return all(reader.may(stat.S_IXOTH, folder.stat()) for folder in folders) and reader.may(stat.S_IROTH, path.stat())


def _within(root: Path, path: Path) -> Path:
    return root / str(path).lstrip("/") if path.is_absolute() else path
