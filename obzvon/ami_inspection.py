"""One connection to Asterisk's manager interface, to see whether it comes about and what its user may do there."""

import asyncio

from obzvon.ami_rights import Rights, rights_by_commands
from obzvon.ami_session import Message, Session, text
from obzvon.settings_ami import Ami

_EVENTS_COME = 0.5
"""Seconds in which events after a login come: FullyBooted does, to whoever may read `system`."""


def inspect(ami: Ami, *, patience: float = 5.0) -> Rights:
    """Connects once, logs in and tells which rights are too few or too many; raises Trouble."""
    return asyncio.run(_inspect(ami, patience))


async def _inspect(ami: Ami, patience: float) -> Rights:
    privileges: set[str] = set()

    def note(event: Message) -> None:
        privileges.update(text(event, "Privilege").split(","))

    session = await Session.open(ami, note, patience=patience, events="on")
    try:
        commands = await session.ask("ListCommands")
        await asyncio.sleep(_EVENTS_COME)
        return rights_by_commands(commands, privileges, originates=ami.transport == "ami")
    finally:
        session.close()
