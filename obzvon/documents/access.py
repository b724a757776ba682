"""Rights to the documents: whether a save leaves them to those who could write before, the owner and the group."""

import grp
import os
import pwd
from pathlib import Path

import msgspec

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message, say


class SavingUser(msgspec.Struct, frozen=True):
    """The user of this process, who owns what it writes unless it is root."""

    uid: int
    gids: frozenset[int]

    @classmethod
    def current(cls) -> "SavingUser":
        """Return the user of this process."""
        return cls(os.geteuid(), frozenset((os.getegid(), *os.getgroups())))


def find_access_problem(path: Path, user: SavingUser) -> Problem | None:
    """Return the problem if a save by this user would take the right to write the file from its owner or its group.

    A save replaces the file, and only root may give a file away: the new one belongs to the saving user. The old page
    writes in place and reports no error, so that its user would not see what is lost.
    """
    found = path.stat()
    if user.uid == 0 or found.st_mode & 0o002:
        return None
    keeps_group = found.st_gid in user.gids
    if found.st_mode & 0o020 and not keeps_group:
        group = _group_name(found.st_gid)
        return _problem(
            path,
            say("its group {group} could not write it any more", group=group),
            say("make the user {user} a member of that group", user=_user_name(user.uid)),
        )
    if found.st_uid == user.uid or (found.st_mode & 0o020 and _may_be_member(found.st_uid, found.st_gid)):
        return None
    owner = _user_name(found.st_uid)
    return _problem(
        path,
        say("its owner {owner} could not write it any more", owner=owner),
        say(
            "give it a group that {owner} and {user} are members of: chgrp … {path} && chmod g+w {path}",
            owner=owner,
            user=_user_name(user.uid),
            path=path,
        ),
    )


def _problem(path: Path, why: Message, remedy: Message) -> Problem:
    return Problem(str(path), say("it cannot be saved, nothing has been changed: {why}", why=why), remedy)


def _may_be_member(uid: int, gid: int) -> bool:
    """Return whether the user is a member of the group. Nothing is known of a user without a name, as in containers."""
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        return True
    return gid in os.getgrouplist(found.pw_name, found.pw_gid)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
