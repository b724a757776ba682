"""The paths in settings.ini: made absolute, checked against each other, and found again under Windows names."""

import os
import re
from pathlib import Path

from obzvon.common.i18n import say
from obzvon.settings.faults import SettingsFaults
from obzvon.settings.secrets import JournalUrl

_ASTERISK_SPOOL = Path("/var/spool/asterisk")
_ASTERISK_PID = Path("/var/run/asterisk/asterisk.pid")
# `pid_file = none`: where Asterisk runs in a container, its process is not to be seen.
_NO_PID_FILE = frozenset({"none", "no", "off", "-", "нет"})
_DRIVE = re.compile(r"[A-Za-z]:([\\/]|$)|\\\\")


def take_paths(folder: Path, fields: dict[str, object], faults: SettingsFaults) -> dict[str, object]:
    """Take the paths out of `fields` and return them absolute, with defaults; `folder` is that of settings.ini."""
    source = _folder(folder, "dir_source", str(fields.pop("source", ".")), faults, falls_back=True)
    target = _folder(folder, "dir_target", str(fields.pop("target", "target")), faults)
    paths: dict[str, object] = {
        "source": source,
        "store": _folder(folder, "dir_store", str(fields.pop("store", "store")), faults),
        "target": target,
        "logs": _folder(folder, "dir_logs", str(fields.pop("logs", "log")), faults),
        "phones": source / with_slashes(str(fields.pop("phones", "todo.json"))),
        "schedule": source / with_slashes(str(fields.pop("schedule", "schedule.json"))),
        "journal": JournalUrl(journal_url(folder, str(fields.pop("journal", "journal.db")))),
    }
    named = str(fields.pop("messages", ""))
    paths["messages"] = _folder(folder, "dir_messages", named, faults) if named else source / "messages"
    pid_file = str(fields.pop("pid_file", ""))
    if pid_file and pid_file.casefold() not in _NO_PID_FILE:
        paths["pid_file"] = folder / pid_file
    elif not pid_file and target.is_relative_to(_ASTERISK_SPOOL):
        paths["pid_file"] = _ASTERISK_PID
    return paths


def check_paths(paths: dict[str, object], faults: SettingsFaults) -> None:
    """Add the paths that must not be the same, or not inside each other.

    Asterisk treats every file in dir_target as a call file, and dir_store is emptied by rules of its own.
    """
    real = {name: Path(os.path.realpath(path)) for name, path in paths.items() if isinstance(path, Path)}
    journal = paths["journal"]
    if isinstance(journal, JournalUrl) and journal.path:
        real["journal"] = Path(os.path.realpath(journal.path))
    _check_folders(real, faults)
    for name, section, key in (
        ("phones", "Dirs", "file_phones"),
        ("schedule", "Dirs", "file_sch"),
        ("journal", "Journal", "url"),
    ):
        if name in real and real[name].parent == real["target"] != real["source"]:
            what = say("it is in dir_target, where Asterisk takes every file for a call")
            faults.add(section, key, what, say("keep it in another folder"))
    if real["phones"] == real["schedule"]:
        what = say("it is the same file as {other}", other="file_phones")
        faults.add("Dirs", "file_sch", what, say("give it a name of its own"))


def with_slashes(text: str) -> str:
    """Return the path with / for each backslash."""
    return text.replace("\\", "/")


def _folder(folder: Path, key: str, text: str, faults: SettingsFaults, *, falls_back: bool = False) -> Path:
    """Return a folder beside settings.ini. A Windows path that exists under that very name is used, as before."""
    literal = folder / text
    if ("\\" not in text and not _is_windows_path(text)) or os.path.lexists(literal):
        return literal
    if not _is_windows_path(text):
        return folder / with_slashes(text)
    what = say("{path} is a folder of a Windows machine and does not exist here", path=text)
    if falls_back:
        faults.note("Dirs", key, what, say("the folder of settings.ini is used: {path}", path=folder))
        return folder
    faults.add("Dirs", key, what, say("write the path of the folder on this machine"))
    return literal


def journal_url(folder: Path, text: str) -> str:
    """Return the address of the journal that `[Journal] url` names; `folder` is that of settings.ini."""
    if "://" not in text:
        return f"sqlite:///{folder / with_slashes(text)}"
    scheme, _, path = text.partition(":///")
    return f"{scheme}:///{folder / path}" if scheme == "sqlite" else text


def _check_folders(real: dict[str, Path], faults: SettingsFaults) -> None:
    store, target = real["store"], real["target"]
    own = say("give it a folder of its own")
    if store == target:
        faults.add("Dirs", "dir_store", say("it is the same folder as dir_target"), own)
    elif store.is_relative_to(target) or target.is_relative_to(store):
        faults.add("Dirs", "dir_store", say("one of dir_store and dir_target is inside the other"), own)
    for name, key in (("source", "dir_source"), ("logs", "dir_logs"), ("messages", "dir_messages")):
        if real[name] in (store, target):
            other = "dir_store" if real[name] == store else "dir_target"
            faults.add("Dirs", key, say("it is the same folder as {other}", other=other), own)


def _is_windows_path(text: str) -> bool:
    r"""Return whether it begins with a drive letter or the name of a Windows machine: `Z:\www`, `\\server\www`."""
    return _DRIVE.match(text) is not None
