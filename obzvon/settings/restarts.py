"""The keys of a changed settings.ini that count only after a restart, and the programs that need it."""

import hashlib
from collections.abc import Iterable, Mapping

from obzvon.common.supervision import EDITOR
from obzvon.domain.results import Disposition
from obzvon.settings.keys import KEYS, SettingKey
from obzvon.settings.model import Settings
from obzvon.settings.secrets import Secret

SERVICE = "obzvon"

#: Fields of the keys that the editor uses. It also uses its own section and that of AMI.
EDITOR_FIELDS = frozenset(
    (
        *("source", "phones", "schedule", "messages", "logs", "journal", "zone", "late_start", "latest"),
        *(
            "region",
            "foreign",
            "premium",
            "internal",
            "delivered",
            "speech",
            "archive",
            "log_level",
            "keep_days",
            "language",
        ),
    )
)


def setting_digests(settings: Settings) -> dict[str, str]:
    """Return a short digest of each key's value, by "[Section] key". It does not tell the value.

    It is "" for a key that the file does not set: its default may depend on who looks, as the machine's time zone.
    """
    return {
        _name(key): _digest(_value(settings, key)) if (key.section, key.name) in settings.written else ""
        for key in KEYS
    }


def changed_keys(before: Mapping[str, str], now: Mapping[str, str], program: str, but: Iterable[str] = ()) -> list[str]:
    """Return the keys with another value now that the program uses, without those in `but`, in the file's order."""
    skipped = set(but)
    return [
        name
        for key in KEYS
        if (name := _name(key)) in before
        and before[name] != now.get(name)
        and name not in skipped
        and program in programs_of(key)
    ]


def programs_of(key: SettingKey) -> tuple[str, ...]:
    """Return the programs that read a key at their start. What the old script leaves is no setting."""
    if key.field in ("former_status", "former_start"):
        return ()
    if key.group == "web":
        return (EDITOR,)
    return (SERVICE, EDITOR) if key.group == "ami" or key.field in EDITOR_FIELDS else (SERVICE,)


def programs_of_names(names: Iterable[str]) -> str:
    """Return the programs that use any of the keys, as the supervisor takes them."""
    wanted = set(names)
    found = {program for key in KEYS if _name(key) in wanted for program in programs_of(key)}
    return " ".join(program for program in (SERVICE, EDITOR) if program in found)


def _name(key: SettingKey) -> str:
    return f"[{key.section}] {key.name}"


def _value(settings: Settings, key: SettingKey) -> object:
    if key.group == "rounds":
        return settings.rounds.rules.get(Disposition(key.field))
    return getattr(getattr(settings, key.group) if key.group else settings, key.field)


def _digest(value: object) -> str:
    if isinstance(value, frozenset):
        value = sorted(value)
    text = value.reveal() if isinstance(value, Secret) else repr(value)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
