"""Which rights of a manager user are too few or too many, by what Asterisk tells. Pure.

``read = call,user`` and ``write = reporting`` are necessary and sufficient to hear of calls, ``write =
originate,reporting`` to make them as well. Write rights show in ListCommands, which
names the actions that the user may call and the rights that each takes, one of them being enough. Read rights show
only as far as events come; Asterisk's own console tells all of both.
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
    """The rights to read and to write that are needed; `originates`: calls are made through it."""
    return READ_RIGHTS, WRITE_RIGHTS | ORIGINATE_RIGHTS if originates else WRITE_RIGHTS


def permissions_from_commands(
    commands: Mapping[str, object], privileges: Iterable[str], *, originates: bool = False
) -> Permissions:
    """By the answer to ListCommands, and by the privileges that stood in the events that came."""
    missing = () if all(action in commands for action in _NEEDED) else ("write=reporting",)
    if originates and "Originate" not in commands:
        missing = ("write=originate", *missing)
    found: list[frozenset[str]] = [WRITE_RIGHTS, *([ORIGINATE_RIGHTS] if originates else [])]
    by_action = {rights for value in commands.values() if isinstance(value, str) and (rights := _rights(value))}
    for rights in sorted(by_action, key=lambda one: (len(one), sorted(one))):
        # What takes one right only tells which it is; of several any may be the one, unless one of them is known.
        if not any(known <= rights for known in found):
            found.append(rights)
    write = [f"write={'/'.join(sorted(rights))}" for rights in found[2 if originates else 1 :]]
    seen = {right for right in privileges if _SPELT.fullmatch(right)} - READ_RIGHTS - {"all"}
    return Permissions(missing, tuple(f"read={right}" for right in sorted(seen)) + tuple(write))


def permissions_from_console(shown: str, *, originates: bool = False) -> Permissions | None:
    """By what `manager show user NAME` prints; None where it prints no rights."""
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


_EVENTS_COME = 0.5
"""Seconds in which events after a login come: FullyBooted does, to whoever may read `system`."""


def inspect_permissions(ami: AmiSettings, *, patience: float = 5.0) -> Permissions:
    """Connects once, logs in and tells which rights are too few or too many; raises Trouble."""
    return asyncio.run(_inspect(ami, patience))


async def _inspect(ami: AmiSettings, patience: float) -> Permissions:
    privileges: set[str] = set()

    def note(event: Message) -> None:
        privileges.update(text(event, "Privilege").split(","))

    session = await AmiConnection.open(ami, note, patience=patience, events="on")
    try:
        commands = await session.request("ListCommands")
        await asyncio.sleep(_EVENTS_COME)
        return permissions_from_commands(commands, privileges, originates=ami.transport == "ami")
    finally:
        session.close()
