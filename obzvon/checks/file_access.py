"""Users of this machine, and what the bits of a mode let them do."""

import grp
import os
import pwd

import msgspec


class SystemUser(msgspec.Struct, frozen=True):
    """A user of this machine with all groups."""

    name: str
    uid: int
    gids: frozenset[int]

    def may_write(self, found: os.stat_result) -> bool:
        """Return whether the mode lets this user write; access control lists are ignored."""
        if self.uid == 0:
            return True
        if found.st_uid == self.uid:
            return bool(found.st_mode & 0o200)
        return bool(found.st_mode & (0o020 if found.st_gid in self.gids else 0o002))


def find_user(name: str) -> SystemUser | None:
    """Return the user of that name, or None."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return SystemUser(name, found.pw_uid, frozenset(os.getgrouplist(name, found.pw_gid)))


def group_members(gid: int) -> frozenset[str]:
    """Return the users of a group: those it names, and those whose primary group it is."""
    try:
        named = grp.getgrgid(gid).gr_mem
    except KeyError:
        named = []
    return frozenset(named) | {one.pw_name for one in pwd.getpwall() if one.pw_gid == gid}


def user_name(uid: int) -> str:
    """Return the name of a user, or the number if there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def owner_name(uid: int, gid: int) -> str:
    """Return user:group."""
    try:
        group = grp.getgrgid(gid).gr_name
    except KeyError:
        group = str(gid)
    return f"{user_name(uid)}:{group}"
