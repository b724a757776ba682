"""The programs that speak a text: without a network, chosen by what the server has.

A program reads the text on its standard input and writes a WAV file: to its standard output, or to the path that stands
for `{wav}` in its command. No shell is involved, and the text is never a part of the command.
"""

import shlex
import shutil
from pathlib import Path

import msgspec

from obzvon.audio.formats import UnusableSoundError
from obzvon.common.i18n import say

#: Characters of a text. Spoken they last about five minutes.
MAX_CHARACTERS = 3_000
#: Where the command names the file that the program is to write.
WAV = "{wav}"

#: RHVoice's voices that may be used in business: all others have licences that forbid it, or restrict it.
_RHVOICE_VOICES = ("anna", "elena", "irina", "aleksandr")
_RHVOICE = "RHVoice-test"
_RHVOICE_FOLDERS = (Path("/usr/share/RHVoice/voices"), Path("/usr/local/share/RHVoice/voices"))
_ESPEAK = "espeak-ng"


class SpeechEngine(msgspec.Struct, frozen=True):
    """A program that speaks: its name, its voice and the voice's licence ('' = unknown), and its command."""

    name: str
    voice: str
    licence: str
    command: tuple[str, ...]


def find_engine(configured: str = "", *, folders: tuple[Path, ...] = _RHVOICE_FOLDERS) -> SpeechEngine | None:
    """Return the best program that this server has: RHVoice, the `configured` command, espeak-ng; None if none."""
    if program := shutil.which(_RHVOICE):
        for voice in _RHVOICE_VOICES:
            if any((folder / voice).is_dir() for folder in folders):
                return SpeechEngine("RHVoice", voice, "LGPL", (program, "-p", voice, "-o", WAV))
    if (command := _split(configured)) and (program := shutil.which(command[0])):
        return SpeechEngine(Path(command[0]).name, "", "", (program, *command[1:]))
    if program := shutil.which(_ESPEAK):
        return SpeechEngine(_ESPEAK, "ru", "GPL", (program, "-v", "ru", "-s", "150", "--stdin", "--stdout"))
    return None


def prepare_text(text: str) -> str:
    """Return the text as a program gets it: one line, without what cannot be spoken; raise UnusableSoundError."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    # espeak-ng takes what is in double brackets for phonemes.
    spoken = " ".join(visible.replace("[", " ").replace("]", " ").split())
    if not any(char.isalnum() for char in spoken):
        raise UnusableSoundError(say("there is nothing in it to speak; write what people should hear"))
    if len(spoken) > MAX_CHARACTERS:
        raise UnusableSoundError(
            say("it has {count} characters, and at most {most} are spoken", count=len(spoken), most=MAX_CHARACTERS)
        )
    return spoken


def _split(configured: str) -> list[str]:
    try:
        return shlex.split(configured)
    except ValueError:  # a quotation mark that is not closed
        return []
