"""Messages: what the called people hear. Pure.

A message has a name and versions, the newest last; each version is a sound, named by the hash of its content. One
message may be the one that calls play; without one Asterisk plays the sound that its dialplan names.
"""

from datetime import datetime

import msgspec

from obzvon.common.errors import ObzvonError

MAX_MESSAGES = 200
#: Versions of one message that are kept.
MAX_VERSIONS = 10
MAX_NAME = 80


class MessageInUseError(ObzvonError):
    """The message is the one that calls play, and cannot be deleted."""


class TooManyMessagesError(ObzvonError):
    """There are as many messages as a folder may have."""


class MessageVersion(msgspec.Struct, frozen=True):
    """A sound: its 32 hexadecimal digits, when and by whom it was saved, its length, and the text that was spoken."""

    sound: str
    at: datetime
    by: str = ""
    seconds: float = 0.0
    text: str = ""


class SavedMessage(msgspec.Struct, frozen=True):
    """A message: its key, its name, and its versions, the newest last. There is at least one."""

    key: str
    name: str
    versions: tuple[MessageVersion, ...]

    @property
    def current(self) -> MessageVersion:
        """The newest version."""
        return self.versions[-1]


class Messages(msgspec.Struct, frozen=True):
    """All messages, oldest first, and the key of the one that calls play; '' = none."""

    messages: tuple[SavedMessage, ...] = ()
    chosen: str = ""

    @property
    def sound(self) -> str:
        """The sound that calls play, '' if none is chosen."""
        found = self.find(self.chosen)
        return found.current.sound if found else ""

    @property
    def sounds(self) -> frozenset[str]:
        """Every sound that a version names."""
        return frozenset(version.sound for message in self.messages for version in message.versions)

    def find(self, key: str) -> SavedMessage | None:
        """Return the message with this key, None if there is none."""
        return next((message for message in self.messages if message.key == key), None)


def clean_name(text: str) -> str:
    """Return a name without what cannot be seen, and no longer than a name may be."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(visible.split())[:MAX_NAME].strip()


def add_message(messages: Messages, name: str, version: MessageVersion) -> tuple[Messages, SavedMessage]:
    """Return the messages with a new one, and that one; raise TooManyMessagesError."""
    if len(messages.messages) >= MAX_MESSAGES:
        raise TooManyMessagesError
    last = max((int(message.key) for message in messages.messages), default=0)
    added = SavedMessage(str(last + 1), name, (version,))
    return msgspec.structs.replace(messages, messages=(*messages.messages, added)), added


def change_message(messages: Messages, changed: SavedMessage) -> Messages:
    """Return the messages with another state of one of them."""
    return msgspec.structs.replace(
        messages, messages=tuple(changed if one.key == changed.key else one for one in messages.messages)
    )


def add_version(message: SavedMessage, version: MessageVersion) -> SavedMessage:
    """Return the message with a newest version; the oldest ones go when there are too many."""
    return msgspec.structs.replace(message, versions=(*message.versions, version)[-MAX_VERSIONS:])


def delete_message(messages: Messages, key: str) -> Messages:
    """Return the messages without this one; raise MessageInUseError for the one that calls play."""
    if key == messages.chosen:
        raise MessageInUseError
    return msgspec.structs.replace(messages, messages=tuple(one for one in messages.messages if one.key != key))


def choose_message(messages: Messages, key: str) -> Messages:
    """Return the messages with another one, or none (''), that calls play."""
    return msgspec.structs.replace(messages, chosen=key)
