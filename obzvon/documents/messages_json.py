"""Converts messages.json from bytes to the messages and back. Pure.

Calls carry what this file names, so a sound is 32 hexadecimal digits or the file is refused.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.documents import json_codec
from obzvon.documents.json_codec import MalformedError
from obzvon.domain.messages import Messages, MessageVersion, SavedMessage, clean_name

_CHOSEN, _MESSAGES, _VERSIONS = "chosen", "messages", "versions"
_KEY = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_SOUND = re.compile(r"[0-9a-f]{32}", re.ASCII)
_EXAMPLE = '{"chosen": "1", "messages": {"1": {"name": "…", "versions": [{"sound": "…"}]}}}'


def parse(data: bytes) -> tuple[Messages, tuple[Problem, ...]]:
    """Return the messages; raise MalformedError with every wrong entry."""
    document = json_codec.decode(data)
    rows = document.get(_MESSAGES, {}) if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(rows, dict):
        raise MalformedError(Problem("", say("it holds no messages"), say("write them as {example}", example=_EXAMPLE)))
    problems: list[Problem] = []
    messages = tuple(_parse_message(str(key), row, problems) for key, row in rows.items())
    chosen = json_codec.value_text(document.get(_CHOSEN) or "")
    if chosen and chosen not in {message.key for message in messages}:
        problems.append(
            Problem(
                f' "{_CHOSEN}"',
                say("there is no message {key}", key=chosen),
                say("write the key of a message, or an empty string for Asterisk's own sound"),
            )
        )
    if problems:
        raise MalformedError(*problems)
    return Messages(messages, chosen), ()


def dump(messages: Messages, before: bytes = b"") -> bytes:
    """Return the JSON, one message a line, with the keys of `before` that are unknown to us."""
    kept = _as_object(_decoded(before))
    rows = _as_object(kept.get(_MESSAGES))
    lines = [
        b"  " + json_codec.encode(one.key) + b": " + json_codec.encode(_row(one, _as_object(rows.get(one.key))))
        for one in messages.messages
    ]
    fields = [json_codec.encode(_CHOSEN) + b": " + json_codec.encode(messages.chosen)]
    fields += [
        json_codec.encode(key) + b": " + json_codec.encode(value)
        for key, value in kept.items()
        if key not in (_CHOSEN, _MESSAGES)
    ]
    body = b"{\n" + b",\n".join(lines) + b"\n}" if lines else b"{}"
    fields.append(json_codec.encode(_MESSAGES) + b": " + body)
    return b"{\n" + b",\n".join(fields) + b"\n}\n"


def _parse_message(key: str, row: object, problems: list[Problem]) -> SavedMessage:
    where = f' "{_MESSAGES}" "{key}"'
    fields = _as_object(row)
    versions = fields.get(_VERSIONS)
    name = fields.get("name")
    if not _KEY.fullmatch(key):
        problems.append(Problem(where, say("the key of a message is a number"), say("write it as {key}", key='"1"')))
    if not isinstance(versions, list) or not versions:
        problems.append(
            Problem(where, say("the message has no sound"), say("write its versions as {example}", example=_EXAMPLE))
        )
        versions = []
    parsed = [_parse_version(f"{where} {place}", one, problems) for place, one in enumerate(versions, start=1)]
    return SavedMessage(key, clean_name(name) if isinstance(name, str) else key, tuple(parsed))


def _parse_version(where: str, row: object, problems: list[Problem]) -> MessageVersion:
    fields = _as_object(row)
    sound, seconds = fields.get("sound"), fields.get("seconds")
    if not isinstance(sound, str) or not _SOUND.fullmatch(sound):
        problems.append(
            Problem(
                where,
                say("its sound is not 32 hexadecimal digits"),
                say("write the name of a file in the folder of the messages, without what follows the dot"),
            )
        )
        sound = ""
    return MessageVersion(
        sound,
        _parse_time(fields.get("at")),
        json_codec.value_text(fields.get("by") or ""),
        _parse_seconds(seconds),
        json_codec.value_text(fields.get("text") or ""),
    )


def _parse_time(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _parse_seconds(value: object) -> float:
    try:
        found = float(json_codec.value_text(value))
    except ValueError:
        return 0.0
    return found if 0 <= found < 1e6 else 0.0


def _row(message: SavedMessage, before: Mapping[str, object]) -> dict[str, object]:
    kept_versions = before.get(_VERSIONS)
    earlier = (
        {str(_as_object(one).get("sound")): _as_object(one) for one in kept_versions}
        if isinstance(kept_versions, list)
        else {}
    )
    versions = [_version(one, earlier.get(one.sound, {})) for one in message.versions]
    return {**before, "name": message.name, _VERSIONS: versions}


def _version(version: MessageVersion, before: Mapping[str, object]) -> dict[str, object]:
    fields: dict[str, object] = {
        **before,
        "sound": version.sound,
        "at": version.at.astimezone(UTC).isoformat(timespec="seconds"),
        "by": version.by,
        "seconds": round(version.seconds, 2),
    }
    return fields | ({"text": version.text} if version.text else {})


def _decoded(data: bytes) -> object:
    try:
        return json_codec.decode(data)
    except MalformedError:
        return None


def _as_object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
