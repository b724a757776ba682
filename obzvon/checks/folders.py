"""Checks of the folders: existence, owner, who else may write there, free space."""

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
_MIN_FREE_BYTES = 100_000_000
_MIN_FREE_FILES = 10_000
#: Space of a call in the journal and its log, with plenty to spare.
_BYTES_PER_CALL = 1000


def check_folders(context: CheckContext) -> Iterator[Finding]:
    """Check that each folder exists; `Spool` reports the rest itself."""
    settings = context.settings
    spool = (("dir_store", settings.store), ("dir_target", settings.target)) if settings.has_spool else ()
    for key, folder in (("dir_source", settings.source), *spool, ("dir_logs", settings.logs)):
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
        elif is_made_by_itself(context, folder) and key == "dir_target":
            yield warning(
                where,
                say("it is not there yet; the service would make it, and no Asterisk reads it"),
                say("write Asterisk's own folder, as a rule /var/spool/asterisk/outgoing"),
            )
        elif is_made_by_itself(context, folder):
            yield good(where, say("it is not there yet; the service makes it at its start"))
        elif key in ("dir_source", "dir_logs"):
            tell = warning if key == "dir_logs" else error
            yield tell(
                where, say("there is no such folder"), say("create it, or correct the path in [Dirs] {key}", key=key)
            )


def check_spool_access(context: CheckContext) -> Iterator[Finding]:
    """Check that only the service and Asterisk can put a call file where Asterisk reads it."""
    editors = [one for one in map(find_user, context.machine.editors) if one is not None]
    sound = True
    for key, folder in (("dir_target", context.settings.target), ("dir_store", context.settings.store)):
        where = f"{key} {folder}"
        for finding in _swaps(context, key, folder, editors):
            sound = False
            yield finding
        if not folder.is_dir():
            continue
        found = folder.stat()
        danger = say("a user who can write a call file can run programs as Asterisk")
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


def check_settings_access(context: CheckContext) -> Iterator[Finding]:
    """Check that only root and the service can change the settings: folders, dialplan, pace."""
    file = context.settings.file
    remedy = say(
        "keep it where only root may write, as in /etc/obzvon, and have it name the folder of everything else "
        "(docs/en/explanation/security.md)"
    )
    editors = [one for one in map(find_user, context.machine.editors) if one is not None]
    sound = True
    if file.is_file() and (users := _others_who_write(context, file.stat(), editors)):
        sound = False
        yield warning(
            file,
            say("{users} may change it, and the service uses it from its next start on", users=_name_users(users)),
            say("chmod go-w {path}", path=file),
        )
    for path, users in _who_may_swap(context, file, editors):
        sound = False
        yield warning(
            path,
            say(
                "{users} may put another file in the place of {path}, and the service uses it from its next start on",
                users=_name_users(users),
                path=file,
            ),
            remedy,
        )
    if sound:
        yield good(file, say("only root and the service may change the settings, by the modes"))


def _swaps(context: CheckContext, key: str, folder: Path, editors: list[SystemUser]) -> Iterator[Finding]:
    """Yield an error for each folder above in which others may replace this one, and so write call files."""
    for path, users in _who_may_swap(context, folder, editors):
        if _EVERYBODY in users:
            yield error(
                path,
                say("every user of this machine may put another folder in the place of {path}", path=folder),
                say("chmod o-w {path}", path=path),
            )
            continue
        beside = context.settings.target.with_name("obzvon_store")
        remedy = (
            say("move it: dir_store = {path}, in [Dirs]", path=beside)
            if key == "dir_store"
            else say("chmod g-w {path}", path=path)
        )
        yield error(
            path,
            say(
                "{users} may put another folder in the place of {path}, and call files into it",
                users=_name_users(users),
                path=folder,
            ),
            remedy,
        )


def _who_may_swap(context: CheckContext, place: Path, editors: list[SystemUser]) -> Iterator[tuple[Path, set[str]]]:
    """Yield the folders above in which others may replace this folder or file, and who they are."""
    above = dict.fromkeys((*place.parents, *Path(os.path.realpath(place)).parents))
    there = [path for path in above if path.is_dir()]
    for path in there:
        found = path.stat()
        # A sticky folder keeps what others have made in it, but not the name of what is still to be made.
        sticky = bool(found.st_mode & stat.S_ISVTX) and (place.exists() or path != there[0])
        if users := (
            {one.name for one in editors if one.uid and one.uid == found.st_uid and one.may_write(found)}
            if sticky
            else _others_who_write(context, found, editors)
        ):
            yield path, users


def _others_who_write(context: CheckContext, found: os.stat_result, editors: list[SystemUser]) -> set[str]:
    """Return who may write there except root and the service."""
    if found.st_mode & stat.S_IWOTH:
        return {_EVERYBODY}
    names = {one.name for one in editors if one.uid and one.may_write(found)}
    if found.st_mode & stat.S_IWGRP:
        names |= group_members(found.st_gid) - {"root", user_name(context.service_uid())}
    return names


def _name_users(users: set[str]) -> Message:
    return (
        say("every user of this machine")
        if _EVERYBODY in users
        else Message("{users}", {"users": ", ".join(sorted(users))})
    )


def check_logs(context: CheckContext) -> Iterator[Finding]:
    """Check that the day's log can be written."""
    folder = context.settings.logs
    if not folder.is_dir():
        return
    file = folder / daily.log_file_name(context.now.astimezone(context.settings.zone).date())
    for path, needed in ((folder, os.W_OK | os.X_OK), (file, os.W_OK)):
        if path.exists() and not os.access(path, needed):
            yield warning(
                f"dir_logs {path}",
                say("the service may not write here, so there is no log"),
                say(
                    "give it to the service's user: chown {user} {path}",
                    user=user_name(context.service_uid()),
                    path=path,
                ),
            )
            return
    yield good(f"dir_logs {folder}", say("the log of the day can be written"))


def check_free_space(context: CheckContext) -> Iterator[Finding]:
    """Check that each filesystem has room for a run of this list."""
    settings = context.settings
    journal = settings.journal.path
    needs = [
        (settings.store, 1, context.calls),
        (settings.target, 0, 0),
        (settings.logs, _BYTES_PER_CALL * context.calls, 0),
        (settings.source, 0, 0),
    ]
    if journal is not None:
        needs.append((journal.parent, _BYTES_PER_CALL * context.calls, 0))
    filesystems: dict[int, list[tuple[Path, int, int]]] = defaultdict(list)
    for folder, size, files in needs:
        if (there := _on(folder)).is_dir():
            filesystems[there.stat().st_dev].append((there, size, files))
    for found in filesystems.values():
        yield from _filesystem(found)


def _on(folder: Path) -> Path:
    """Return the folder, or the existing folder that it will be made in."""
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)


def _filesystem(needs: list[tuple[Path, int, int]]) -> Iterator[Finding]:
    where = ", ".join(dict.fromkeys(str(folder) for folder, _, _ in needs))
    there = os.statvfs(needs[0][0])
    free = there.f_bavail * there.f_frsize
    files = sum(need for _, _, need in needs)
    wanted = max(_MIN_FREE_BYTES, sum(size for _, size, _ in needs) + files * there.f_frsize)
    wanted_files = max(_MIN_FREE_FILES, files)
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


def is_made_by_itself(context: CheckContext, folder: Path) -> bool:
    """Return whether the service makes a missing folder: the store, the logs, a spool beside the settings."""
    settings = context.settings
    if folder == settings.source or (folder == settings.target and not folder.is_relative_to(settings.file.parent)):
        return False
    if folder.exists() or folder.is_symlink():
        return False
    above = folder.parent
    while folder == settings.store and not above.exists():  # of the others only the last folder is made
        above = above.parent
    return above.is_dir() and os.access(above, os.W_OK | os.X_OK)
