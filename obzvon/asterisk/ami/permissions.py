"""Finds which rights a manager user lacks and which it has in excess.

``read = call,user`` and ``write = reporting`` are necessary and sufficient to receive the events of calls, ``write =
originate,reporting`` to make calls as well. Write rights show in ListCommands, which names the actions that the user
may call and the rights for each, any one of which is enough. Read rights show only by the events that come. Asterisk's
own console prints all of both.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping

import msgspec

from obzvon.asterisk.ami.connection import AmiConnection, Message, text
from obzvon.settings.ami import AmiSettings

READ_RIGHTS = frozenset({"call", "user"})
WRITE_RIGHTS = frozenset({"reporting"})
ORIGINATE_RIGHTS = frozenset({"originate"})

_NEEDED = ("CoreShowChannels", "Getvar", "CoreStatus")
_RIGHTS = re.compile(r"\(Priv: ([a-z,]+)\)\s*$", re.ASCII)
_SHOWN = re.compile(r"^\s*(read|write) perm:\s*(\S+)", re.MULTILINE)
_SPELT = re.compile(r"[a-z]{2,20}", re.ASCII)


class Permissions(msgspec.Struct, frozen=True):
    """Rights as they are written in manager.conf: `read=call`, `write=originate`."""

    missing: tuple[str, ...] = ()
    excess: tuple[str, ...] = ()


def required_rights(*, originates: bool) -> tuple[frozenset[str], frozenset[str]]:
    """Return the rights to read and to write that are needed; `originates`: calls are made through AMI."""
    return READ_RIGHTS, WRITE_RIGHTS | ORIGINATE_RIGHTS if originates else WRITE_RIGHTS


def permissions_from_commands(
    commands: Mapping[str, object], privileges: Iterable[str], *, originates: bool = False
) -> Permissions:
    """Return the missing and excess rights by the answer to ListCommands and the privileges named in events."""
    missing = () if all(action in commands for action in _NEEDED) else ("write=reporting",)
    if originates and "Originate" not in commands:
        missing = ("write=originate", *missing)
    found: list[frozenset[str]] = [WRITE_RIGHTS, *([ORIGINATE_RIGHTS] if originates else [])]
    by_action = {rights for value in commands.values() if isinstance(value, str) and (rights := _rights(value))}
    for rights in sorted(by_action, key=lambda rights: (len(rights), sorted(rights))):
        # An action with one right shows that the user has it; with several, any may be the one, unless one is found.
        if not any(certain <= rights for certain in found):
            found.append(rights)
    write = [f"write={'/'.join(sorted(rights))}" for rights in found[2 if originates else 1 :]]
    seen = {right for right in privileges if _SPELT.fullmatch(right)} - READ_RIGHTS - {"all"}
    return Permissions(missing, tuple(f"read={right}" for right in sorted(seen)) + tuple(write))


def permissions_from_console(shown: str, *, originates: bool = False) -> Permissions | None:
    """Return the missing and excess rights by the output of `manager show user NAME`, None if it shows no rights."""
    found = {
        which: {right for right in rights.split(",") if _SPELT.fullmatch(right) and right != "none"}
        for which, rights in _SHOWN.findall(shown)
    }
    if found.keys() != {"read", "write"}:
        return None
    wanted = dict(zip(("read", "write"), required_rights(originates=originates), strict=True))
    has = {which: wanted[which] | rights if "all" in rights else rights for which, rights in found.items()}
    return Permissions(
        tuple(f"{which}={right}" for which in wanted for right in sorted(wanted[which] - has[which])),
        tuple(f"{which}={right}" for which in wanted for right in sorted(has[which] - wanted[which])),
    )


def _rights(described: str) -> frozenset[str]:
    found = _RIGHTS.search(described)
    return frozenset(found[1].split(",")) - {"all"} if found else frozenset()


# Events come within this time after a login: FullyBooted does if the user may read `system`.
_EVENTS_SECONDS = 0.5


def inspect_permissions(ami: AmiSettings, *, patience: float = 5.0) -> Permissions:
    """Log in once and return the missing and excess rights; raises AmiError."""
    return asyncio.run(_inspect(ami, patience))


async def _inspect(ami: AmiSettings, patience: float) -> Permissions:
    privileges: set[str] = set()

    def note(event: Message) -> None:
        privileges.update(text(event, "Privilege").split(","))

    connection = await AmiConnection.open(ami, note, patience=patience, events="on")
    try:
        commands = await connection.request("ListCommands")
        await asyncio.sleep(_EVENTS_SECONDS)
        return permissions_from_commands(commands, privileges, originates=ami.transport == "ami")
    finally:
        connection.close()
