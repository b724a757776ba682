"""Checks of the folders: that they are there, whose they are, who else may write there, how much room there is."""

import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from obzvon.checks.context import CheckContext, error, good, warning
from obzvon.checks.file_access import SystemUser, find_user, group_members, owner_name, user_name
from obzvon.common import logs as daily
from obzvon.common.i18n import Message, say
from obzvon.journal.findings import Finding

_EVERYBODY = "*"
_ROOM = 100_000_000
_FILES = 10_000
_LINE = 1000
"""Bytes that a call takes in the journal and its log, with plenty to spare."""


def check_folders(visit: CheckContext) -> Iterator[Finding]:
    """Each folder is there; what Spool looks at itself is left to it."""
    known = visit.settings
    spool = (("dir_store", known.store), ("dir_target", known.target)) if known.has_spool else ()
    for key, folder in (("dir_source", known.source), *spool, ("dir_logs", known.logs)):
        where = f"{key} {folder}"
        if folder.is_dir():
            found = folder.stat()
            yield good(
                where,
                say(
                    "it is there and belongs to {owner}, with mode {mode}",
                    owner=owner_name(found.st_uid, found.st_gid),
                    mode=f"{stat.S_IMODE(found.st_mode):04o}",
                ),
            )
        elif is_made_by_itself(visit, folder) and key == "dir_target":
            yield warning(
                where,
                say("it is not there yet; the service would make it, and no Asterisk reads it"),
                say("write Asterisk's own folder, as a rule /var/spool/asterisk/outgoing"),
            )
        elif is_made_by_itself(visit, folder):
            yield good(where, say("it is not there yet; the service makes it at its start"))
        elif key in ("dir_source", "dir_logs"):
            tell = warning if key == "dir_logs" else error
            yield tell(
                where, say("there is no such folder"), say("create it, or correct the path in [Dirs] {key}", key=key)
            )


def check_spool_access(visit: CheckContext) -> Iterator[Finding]:
    """Nobody but the service and Asterisk can put a call file anywhere that Asterisk reads."""
    editors = [one for one in map(find_user, visit.machine.editors) if one is not None]
    sound = True
    for key, folder in (("dir_target", visit.settings.target), ("dir_store", visit.settings.store)):
        where = f"{key} {folder}"
        for swapped in _swaps(visit, key, folder, editors):
            sound = False
            yield swapped
        if not folder.is_dir():
            continue
        found = folder.stat()
        danger = say("whoever can write a call file can run programs as Asterisk")
        if found.st_mode & stat.S_IWOTH:
            sound = False
            yield error(
                where,
                say("every user of this machine may write here: {danger}", danger=danger),
                say("chmod o-w {path}", path=folder),
            )
        else:
            for editor in editors:
                if editor.uid and editor.may_write(found):
                    sound = False
                    yield error(
                        where,
                        say("the user of web pages, {user}, may write here: {danger}", user=editor.name, danger=danger),
                        say("take that user out of the folder's group, or: chmod g-w {path}", path=folder),
                    )
    if sound:
        yield good(
            "", say("only the service and Asterisk may put call files where Asterisk reads them, by the folders' modes")
        )


def check_settings_access(visit: CheckContext) -> Iterator[Finding]:
    """Nobody but root and the service decides what the service goes by: which folders, which dialplan, how fast."""
    file = visit.settings.file
    apart = say(
        "keep it where only root may write, as in /etc/obzvon, and have it name the folder of everything else "
        "(docs/en/explanation/security.md)"
    )
    editors = [one for one in map(find_user, visit.machine.editors) if one is not None]
    sound = True
    if file.is_file() and (users := _others_who_write(visit, file.stat(), editors)):
        sound = False
        yield warning(
            file,
            say("{users} may change it, and the service goes by it from its next start on", users=_listed(users)),
            say("chmod go-w {path}", path=file),
        )
    for path, users in _who_may_swap(visit, file, editors):
        sound = False
        yield warning(
            path,
            say(
                "{users} may put another file in the place of {path}, and the service goes by it from "
                "its next start on",
                users=_listed(users),
                path=file,
            ),
            apart,
        )
    if sound:
        yield good(file, say("only root and the service may change the settings, by the modes"))


def _swaps(visit: CheckContext, key: str, folder: Path, editors: list[SystemUser]) -> Iterator[Finding]:
    """Who may write in a folder above may put another folder in the place of this one, and call files into that."""
    for path, users in _who_may_swap(visit, folder, editors):
        if _EVERYBODY in users:
            yield error(
                path,
                say("every user of this machine may put another folder in the place of {path}", path=folder),
                say("chmod o-w {path}", path=path),
            )
            continue
        beside = visit.settings.target.with_name("obzvon_store")
        remedy = (
            say("move it: dir_store = {path}, in [Dirs]", path=beside)
            if key == "dir_store"
            else say("chmod g-w {path}", path=path)
        )
        yield error(
            path,
            say(
                "{users} may put another folder in the place of {path}, and call files into it",
                users=_listed(users),
                path=folder,
            ),
            remedy,
        )


def _who_may_swap(visit: CheckContext, place: Path, editors: list[SystemUser]) -> Iterator[tuple[Path, set[str]]]:
    """The folders above in which others may put something else in the place of this one or this file, and who."""
    above = dict.fromkeys((*place.parents, *Path(os.path.realpath(place)).parents))
    there = [path for path in above if path.is_dir()]
    for path in there:
        found = path.stat()
        # A sticky folder keeps what others have made in it, but not the name of what is still to be made.
        sticky = bool(found.st_mode & stat.S_ISVTX) and (place.exists() or path != there[0])
        if users := (
            {one.name for one in editors if one.uid and one.uid == found.st_uid and one.may_write(found)}
            if sticky
            else _others_who_write(visit, found, editors)
        ):
            yield path, users


def _others_who_write(visit: CheckContext, found: os.stat_result, editors: list[SystemUser]) -> set[str]:
    """Who may write there besides root and the service."""
    if found.st_mode & stat.S_IWOTH:
        return {_EVERYBODY}
    names = {one.name for one in editors if one.uid and one.may_write(found)}
    if found.st_mode & stat.S_IWGRP:
        names |= group_members(found.st_gid) - {"root", user_name(visit.service_uid())}
    return names


def _listed(users: set[str]) -> Message:
    return (
        say("every user of this machine")
        if _EVERYBODY in users
        else Message("{users}", {"users": ", ".join(sorted(users))})
    )


def check_logs(visit: CheckContext) -> Iterator[Finding]:
    """The day's log can be written."""
    folder = visit.settings.logs
    if not folder.is_dir():
        return
    file = folder / daily.log_file_name(visit.now.astimezone(visit.settings.zone).date())
    for path, needed in ((folder, os.W_OK | os.X_OK), (file, os.W_OK)):
        if path.exists() and not os.access(path, needed):
            yield warning(
                f"dir_logs {path}",
                say("the service may not write here, so there is no log"),
                say(
                    "give it to the service's user: chown {user} {path}", user=user_name(visit.service_uid()), path=path
                ),
            )
            return
    yield good(f"dir_logs {folder}", say("the log of the day can be written"))


def check_free_space(visit: CheckContext) -> Iterator[Finding]:
    """Each filesystem has room for a run of this list."""
    known = visit.settings
    journal = known.journal.path
    needs = [
        (known.store, 1, visit.calls),
        (known.target, 0, 0),
        (known.logs, _LINE * visit.calls, 0),
        (known.source, 0, 0),
    ]
    if journal is not None:
        needs.append((journal.parent, _LINE * visit.calls, 0))
    filesystems: dict[int, list[tuple[Path, int, int]]] = defaultdict(list)
    for folder, size, files in needs:
        if (there := _on(folder)).is_dir():
            filesystems[there.stat().st_dev].append((there, size, files))
    for found in filesystems.values():
        yield from _filesystem(found)


def _on(folder: Path) -> Path:
    """The folder, or the one that it will be made in."""
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)


def _filesystem(needs: list[tuple[Path, int, int]]) -> Iterator[Finding]:
    where = ", ".join(dict.fromkeys(str(folder) for folder, _, _ in needs))
    there = os.statvfs(needs[0][0])
    free = there.f_bavail * there.f_frsize
    files = sum(need for _, _, need in needs)
    wanted = max(_ROOM, sum(size for _, size, _ in needs) + files * there.f_frsize)
    wanted_files = max(_FILES, files)
    remedy = say("make room: old logs, other programs' files; or put the folders on another disk")
    short = False
    if free < wanted:
        short = True
        tell = warning if free else error
        yield tell(
            where,
            say(
                "{free} MB are free on this filesystem, where {wanted} MB should be",
                free=free // 1_000_000,
                wanted=-(-wanted // 1_000_000),
            ),
            remedy,
        )
    if there.f_files and there.f_favail < wanted_files:  # some filesystems do not count their files
        short = True
        tell = warning if there.f_favail else error
        yield tell(
            where,
            say(
                "{free} more files can be made on this filesystem, where {wanted} should be possible",
                free=there.f_favail,
                wanted=wanted_files,
            ),
            remedy,
        )
    if not short:
        yield good(where, say("there is room: {free} MB", free=free // 1_000_000))


def is_made_by_itself(visit: CheckContext, folder: Path) -> bool:
    """Whether the service makes a folder that is not there: the store, the logs, a spool beside the settings."""
    known = visit.settings
    if folder == known.source or (folder == known.target and not folder.is_relative_to(known.file.parent)):
        return False
    if folder.exists() or folder.is_symlink():
        return False
    above = folder.parent
    while folder == known.store and not above.exists():  # of the others only the last folder is made
        above = above.parent
    return above.is_dir() and os.access(above, os.W_OK | os.X_OK)
