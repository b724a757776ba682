"""The settings in force, for display: each key with its value, its meaning and whether the file sets it."""

import contextlib
import grp
import pwd
from collections.abc import Callable
from datetime import time, timedelta

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.results import Disposition
from obzvon.settings.keys import KEYS, SettingKey
from obzvon.settings.model import Settings
from obzvon.settings.secrets import Secret


class EffectiveValue(msgspec.Struct, frozen=True):
    """A key of settings.ini with its value in force, in which passwords are masked."""

    section: str
    name: str
    value: Message
    meaning: Message
    written: bool


def effective_values(settings: Settings) -> list[EffectiveValue]:
    """Return every key, in the order of the sections."""
    return [
        EffectiveValue(
            key.section, key.name, _value(settings, key), key.meaning, (key.section, key.name) in settings.written
        )
        for key in KEYS
    ]


def _value(settings: Settings, key: SettingKey) -> Message:
    if key.group == "rounds":
        rule = settings.rounds.rules.get(Disposition(key.field))
        return Message("{value}", {"value": f"{rule.times} x {_text(rule.after)}"}) if rule else say("never")
    value = getattr(getattr(settings, key.group) if key.group else settings, key.field)
    if value is None or value in ("", Secret()):
        return say("not set")
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return Message("{value}", {"value": _FORMATTERS.get(key.field, _text)(value)})


def _text(value: object) -> str:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds()) // 60
        return f"{minutes // 60}:{minutes % 60:02d}"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _owner(value: tuple[int, int]) -> str:
    uid, gid = value
    user, group = str(uid), str(gid)
    with contextlib.suppress(KeyError):
        user = pwd.getpwuid(uid).pw_name
    with contextlib.suppress(KeyError, OverflowError):
        group = grp.getgrgid(gid).gr_name
    return user if gid < 0 else f"{user}:{group}"


#: Formatters of the values that `_text` does not show well, by field.
_FORMATTERS: dict[str, Callable[..., str]] = {"mode": "{:04o}".format, "owner": _owner}
