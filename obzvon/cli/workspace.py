"""A new working folder: settings, an empty list, a week without a start."""

from pathlib import Path

from obzvon.common import files
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.documents.store import phones_document, schedule_document
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.settings.model import load_settings, settings_template

ASTERISK_SPOOL = Path("/var/spool/asterisk/outgoing")


def create_folder(
    folder: Path,
    *,
    file: Path | None = None,
    spool: Path | None = None,
    rehearsal: bool = False,
    phones: list[Phone] | None = None,
    week: Schedule | None = None,
    **values: str,
) -> Path:
    """Makes the folder with all that a service needs; returns the settings.ini. What is there is never overwritten.

    Without `spool` it is Asterisk's own, if this machine has one, else a folder `target` beside the settings; the store
    lies beside the spool, so that both are on one filesystem. With `rehearsal` it is that folder `target` even where
    there is an Asterisk, which then rings nobody. `values` set further keys of settings.ini. With `file` the settings
    are written there, as where only root may change them, and name the folder.
    """
    apart = file is not None
    file = file or folder / "settings.ini"
    if file.exists():
        raise UserError(
            [
                Problem(
                    str(file),
                    say("there are settings already; nothing has been changed"),
                    say("name another file, or delete this one first")
                    if apart
                    else say("name another folder, or delete this file first"),
                )
            ]
        )
    if spool is None and not rehearsal and ASTERISK_SPOOL.is_dir():
        spool = ASTERISK_SPOOL
    places = {"dir_source": ".", "dir_store": "store", "dir_target": "target", "dir_logs": "log"}
    if apart:
        places = {
            "dir_source": str(folder),
            "url": str(folder / "journal.db"),
            "users": str(folder / "users.json"),
            **{key: str(folder / name) for key, name in places.items() if key != "dir_source"},
        }
    if spool is not None:
        places |= {"dir_target": str(spool), "dir_store": str(spool.with_name("obzvon_store"))}
    for place in (folder, file.parent):
        place.mkdir(parents=True, exist_ok=True)
    # The default of a settings.ini without this key is what the first users have: no archive, and so no outcomes.
    text = settings_template(**places, **values).replace(";archive = no", "archive = yes")
    files.write_durably(file, text.encode(), mode=0o640)
    known = load_settings(file)
    files.make_folder(known.logs)
    phone_list, plan = phones_document(known.phones), schedule_document(known.schedule)
    if not known.phones.exists():
        phone_list.save(phones or [], "")
    if not known.schedule.exists():
        plan.save(week or Schedule(), "")
    return file
