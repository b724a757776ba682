"""An AMI client that is connected to the rig's PBX."""

from collections.abc import Iterator
from contextlib import contextmanager

from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.ami.connection import Timeouts
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.asterisk.ami.permissions import Permissions, inspect_permissions
from obzvon.settings.ami import AmiSettings
from obzvon.settings.secrets import Secret
from tests.asterisk.rig import Pbx
from tests.support.waiting import until

_PATIENCE = 60.0
"""Seconds after which an Asterisk is mute, on the busiest machine."""


def ami_of(pbx: Pbx, **changes: object) -> AmiSettings:
    values = {"trunk": "PJSIP/carrier"} | changes
    return AmiSettings("127.0.0.1", pbx.ami_port, pbx.ami_user, Secret(pbx.ami_secret), **values)  # type: ignore[arg-type]


def permissions_of(ami: AmiSettings) -> Permissions:
    """Log in once and return the missing and excess rights, however busy the machine is; raises AmiError."""
    return inspect_permissions(ami, patience=_PATIENCE)


def client_of(ami: AmiSettings) -> AmiClient:
    """Return a client that soon tries again, and is patient with a busy machine."""
    times = Timeouts(compare=1, patience=_PATIENCE)
    return AmiClient(ami, "avtoobzvon", "avtoobzvon-ivr", times=times, backoff=lambda _kind, _failures: 0.2)


@contextmanager
def linked(ami: AmiSettings) -> Iterator[AmiClient]:
    """Start a client, and stop it at the end of the block."""
    link = client_of(ami)
    link.start()
    try:
        until(lambda: link.status().up, "the link is up")
        yield link
    finally:
        link.stop()


def outcomes(link: AmiClient, count: int) -> list[AttemptOutcome]:
    """Wait for exactly this number of outcomes and return them."""
    taken: list[AttemptOutcome] = []

    def have() -> bool:
        taken.extend(link.calls.take_outcomes())
        return len(taken) >= count

    until(have, f"{count} outcomes")
    assert len(taken) == count
    return taken
