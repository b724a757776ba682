"""Users of this machine, and what the bits of a mode let them do."""

import contextlib
import grp
import os
import pwd
import stat
from pathlib import Path

import msgspec


class SystemUser(msgspec.Struct, frozen=True):
    """A user of this machine with all groups."""

    name: str
    uid: int
    gids: frozenset[int]

    def may_write(self, found: os.stat_result) -> bool:
        """Return whether the mode lets this user write; access control lists are ignored."""
        return self.may(stat.S_IWOTH, found)

    def may(self, right: int, found: os.stat_result) -> bool:
        """Return whether the mode lets this user do it; `right` is the bit that lets others: S_IROTH, S_IXOTH."""
        if self.uid == 0:
            return True
        if found.st_uid == self.uid:
            return bool(found.st_mode & right << 6)
        return bool(found.st_mode & (right << 3 if found.st_gid in self.gids else right))


def find_user(name: str) -> SystemUser | None:
    """Return the user of that name, or None."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return SystemUser(name, found.pw_uid, frozenset(os.getgrouplist(name, found.pw_gid)))


def process_user(pid: int) -> SystemUser | None:
    """Return the user and the groups of a process. /proc/PID itself belongs to root if the process has dropped root."""
    with contextlib.suppress(OSError, ValueError):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
        fields = {name: values.split() for name, _, values in (line.partition(":") for line in lines)}
        uid, gid = int(fields["Uid"][1]), int(fields["Gid"][1])
        return SystemUser(user_name(uid), uid, frozenset({gid, *map(int, fields["Groups"])}))
    return None


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
