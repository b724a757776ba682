"""Creates a working folder: settings, an empty list, a schedule without start times."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from obzvon.common import files
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, current_language, say
from obzvon.documents.store import phones_document, schedule_document
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.settings.model import Settings, load_settings, settings_template

ASTERISK_SPOOL = Path("/var/spool/asterisk/outgoing")


def create_folder(
    folder: Path,
    *,
    file: Path | None = None,
    spool: Path | None = None,
    rehearsal: bool = False,
    phones: list[Phone] | None = None,
    schedule: Schedule | None = None,
    **values: str,
) -> Path:
    """Create the folder with everything that a service needs. Return the settings.ini. Nothing is overwritten.

    The comments of settings.ini are in the current language.

    Without `spool` it is Asterisk's own if this machine has one, else a folder `target` beside the settings. The store
    lies beside the spool, so that both are on one filesystem. With `rehearsal` the spool is that folder `target` even
    if there is an Asterisk, which then makes no calls. `values` set further keys of settings.ini. With `file` the
    settings are written there, where only root may change them, and they name the folder.
    """
    is_apart = file is not None
    file = file or folder / "settings.ini"
    if file.exists():
        raise UserError([_already_there(file, is_apart=is_apart)])
    if spool is None and not rehearsal and ASTERISK_SPOOL.is_dir():
        spool = ASTERISK_SPOOL
    for needed in (folder, file.parent):
        needed.mkdir(parents=True, exist_ok=True)
    # The default of a settings.ini without this key is what the first users have: no archive, and so no outcomes.
    text = settings_template(current_language(), **_paths(folder, spool, is_apart=is_apart), **values)
    files.write_durably(file, text.replace(";archive = no", "archive = yes").encode(), mode=0o640)
    settings = load_settings(file)
    files.make_folder(settings.logs)
    if not settings.phones.exists():
        phones_document(settings.phones, settings.numbering_plan()).save(phones or [], "")
    if not settings.schedule.exists():
        schedule_document(settings.schedule).save(schedule or Schedule(), "")
    return file


def own_command(*words: str) -> str:
    """Return how this very program is run again with these words: `obzvon …` only if the shell would find it."""
    script = Path(sys.argv[0])
    found = shutil.which("obzvon")
    if found and (script.name != "obzvon" or os.path.realpath(found) == os.path.realpath(script)):
        start = ["obzvon"]
    elif script.name == "obzvon" and script.is_file():
        start = [str(script.absolute())]
    else:
        start = [sys.executable, "-m", "obzvon.cli"]
    return shlex.join([*start, *words])


def describe_rehearsal(file: Path, settings: Settings) -> Message:
    """Return the commands that follow in a rehearsal, ready to paste."""
    sandbox = shlex.join([sys.executable, "-m", "obzvon.sandbox", str(settings.target)])
    program = own_command("--settings", str(file))
    return say(
        "the rehearsal needs three commands, each in a terminal of its own: the stand-in for Asterisk, the service, "
        "the editor\n  {sandbox}\n  {program} run\n  {program} web",
        sandbox=sandbox,
        program=program,
    )


def _already_there(file: Path, *, is_apart: bool) -> Problem:
    return Problem(
        str(file),
        say("there are settings already; nothing was changed"),
        say("choose another file, or delete this one first")
        if is_apart
        else say("choose another folder, or delete this file first"),
    )


def _paths(folder: Path, spool: Path | None, *, is_apart: bool) -> dict[str, str]:
    """Return the keys of settings.ini that name files and folders, absolute if the settings are elsewhere."""
    folders = {"dir_store": "store", "dir_target": "target", "dir_logs": "log"}
    if is_apart:
        paths = {key: str(folder / name) for key, name in folders.items()}
        paths |= {
            "dir_source": str(folder),
            "url": str(folder / "journal.db"),
            "users": str(folder / "users.json"),
        }
    else:
        paths = {"dir_source": ".", **folders}
    if spool is not None:
        paths |= {"dir_target": str(spool), "dir_store": str(spool.with_name("obzvon_store"))}
    return paths
