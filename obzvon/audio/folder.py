"""The folder of the messages' sounds: plain files, which Asterisk reads and only the editor writes.

A sound is three files of one name, the first 32 hexadecimal digits of its master's SHA-256: the master (`.flac`), and
what Asterisk plays at 8 kHz (`.wav`) and at 16 kHz (`.wav16`). Of these two Asterisk takes the one that is nearest to
the call. A file is never changed: another content has another name. So a call plays the sound that was chosen when it
was handed over.

The editor and Asterisk are different users, and an Asterisk that was started with `rungroup` has no other group. So the
files can be read by everybody who may enter the folder above, which is closed to others where `obzvon init` made it.
"""

import contextlib
import hashlib
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from obzvon.audio import conversion, worker
from obzvon.common import files

#: Converts an upload, as `conversion.convert_upload` does.
Converter = Callable[[Path, Path, Sequence[str]], float]

#: Suffixes of the master, of the phone's 8 kHz and of the wideband 16 kHz.
MASTER, PHONE, WIDE = ".flac", ".wav", ".wav16"
_SUFFIXES = dict(zip((MASTER, PHONE, WIDE), worker.FILES, strict=True))
_FILE = re.compile(r"([0-9a-f]{32})\.(?:flac|wav|wav16)", re.ASCII)
_MODE, _FOLDER_MODE = 0o644, 0o005
_WORK = ".work-"
#: Sounds that no message uses any more stay this long: calls in Asterisk's folder may still play them.
_KEPT_SECONDS = 7 * 24 * 3600
_WORK_KEPT_SECONDS = 3600


class StoredSound(msgspec.Struct, frozen=True):
    """A sound in the folder: its 32 hexadecimal digits and its length."""

    digest: str
    seconds: float


class SoundFolder:
    """The sounds in a folder, which is made when the first one is stored."""

    def __init__(self, path: Path, convert: Converter = conversion.convert_upload) -> None:
        self.path = path
        self._convert = convert

    def store(self, upload: IO[bytes], command: Sequence[str] = ()) -> StoredSound:
        """Convert an upload and store its sound; raise UnusableSoundError or OSError. A refused one leaves nothing.

        With the `command` of a program that speaks, the upload is a text.
        """
        with self._work_folder() as work:
            raw = work / "upload"
            with raw.open("wb") as copy:
                shutil.copyfileobj(upload, copy)
            seconds = self._convert(raw, work, command)
            digest = hashlib.sha256((work / worker.MASTER).read_bytes()).hexdigest()[:32]
            for suffix, name in _SUFFIXES.items():
                files.write_durably(self.file(digest, suffix), (work / name).read_bytes(), _MODE)
        return StoredSound(digest, seconds)

    def file(self, digest: str, suffix: str = PHONE) -> Path:
        """Return the path of a sound's file, whether it exists or not."""
        return self.path / f"{digest}{suffix}"

    def size(self, digest: str) -> int:
        """Return the bytes of a sound's files together."""
        total = 0
        for suffix in _SUFFIXES:
            with contextlib.suppress(OSError):
                total += self.file(digest, suffix).stat().st_size
        return total

    def sweep(self, used: Container[str], now: float) -> None:
        """Delete the sounds that are not used and are older than a week, and what a crash has left behind."""
        with contextlib.suppress(OSError):
            for path in sorted(self.path.iterdir()):
                found = _FILE.fullmatch(path.name)
                if found and found[1] not in used and _age(path, now) > _KEPT_SECONDS:
                    path.unlink(missing_ok=True)
                elif path.name.startswith(_WORK) and _age(path, now) > _WORK_KEPT_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def release(self, digests: Container[str]) -> None:
        """Begin the week after which sounds that are no longer used are deleted."""
        with contextlib.suppress(OSError):
            for path in self.path.iterdir():
                found = _FILE.fullmatch(path.name)
                if found and found[1] in digests:
                    with contextlib.suppress(OSError):
                        path.touch()

    @contextlib.contextmanager
    def _work_folder(self) -> Iterator[Path]:
        files.make_folder(self.path)
        mode = self.path.stat().st_mode
        if mode & _FOLDER_MODE != _FOLDER_MODE:
            with contextlib.suppress(PermissionError):  # `check` reports a sound that Asterisk may not read
                self.path.chmod(mode & 0o7777 | _FOLDER_MODE)
        with tempfile.TemporaryDirectory(prefix=f"{_WORK}{secrets.token_hex(2)}", dir=self.path) as work:
            yield Path(work)


def _age(path: Path, now: float) -> float:
    with contextlib.suppress(OSError):
        return now - path.stat().st_mtime
    return 0.0
