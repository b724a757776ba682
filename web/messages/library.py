"""The messages with their sounds, as the pages change them."""

import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

from obzvon.audio import speech
from obzvon.audio.folder import SoundFolder
from obzvon.audio.speech import SpeechEngine
from obzvon.common import files
from obzvon.documents.store import ExternallyChangedError, messages_document
from obzvon.domain.messages import Messages, MessageVersion

#: Saves of others that a change is repeated after.
_ATTEMPTS = 5


class MessageLibrary:
    """The messages in a folder: their document, messages.json, and their sounds beside it."""

    def __init__(self, folder: Path) -> None:
        self.document = messages_document(folder)
        self.sounds = SoundFolder(folder)

    def load(self) -> Messages:
        """Return the messages; raise DocumentError if they cannot be read."""
        return self._load()[0]

    def change(self, change: Callable[[Messages], Messages], by: str) -> Messages:
        """Save what `change` makes of the messages, and return it.

        It is made again of what somebody else has saved at the same moment. Raises DocumentError.
        """
        for left in reversed(range(_ATTEMPTS)):
            before, revision = self._load()
            after = change(before)
            if after == before:
                return before
            files.make_folder(self.sounds.path)
            try:
                self.document.save(after, revision, by=by)
            except ExternallyChangedError:
                if not left:
                    raise
                continue
            self.sounds.release(before.sounds - after.sounds)
            break
        return after

    def store_sound(self, upload: IO[bytes], by: str, now: datetime) -> MessageVersion:
        """Convert and store an upload, and return it as a version; raise UnusableSoundError or OSError."""
        self.sounds.sweep(self.load().sounds, now.timestamp())
        stored = self.sounds.store(upload)
        return MessageVersion(stored.digest, now, by, stored.seconds)

    def store_speech(self, text: str, engine: SpeechEngine, by: str, now: datetime) -> MessageVersion:
        """Have a text spoken, and return it as a version; raise UnusableSoundError or OSError."""
        spoken = speech.prepare_text(text)
        self.sounds.sweep(self.load().sounds, now.timestamp())
        stored = self.sounds.store(io.BytesIO(f"{spoken}\n".encode()), engine.command)
        return MessageVersion(stored.digest, now, by, stored.seconds, spoken)

    def _load(self) -> tuple[Messages, str]:
        if not self.document.path.exists():
            return Messages(), ""
        loaded = self.document.load()
        return loaded.data, loaded.revision
