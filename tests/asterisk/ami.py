"""An AMI client that is connected to the rig's PBX."""

from collections.abc import Iterator
from contextlib import contextmanager

from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.ami.connection import Timeouts
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.settings.ami import AmiSettings
from obzvon.settings.secrets import Secret
from tests.asterisk.rig import Pbx
from tests.support.waiting import until


def ami_of(pbx: Pbx, **changes: object) -> AmiSettings:
    values = {"trunk": "PJSIP/carrier"} | changes
    return AmiSettings("127.0.0.1", pbx.ami_port, pbx.ami_user, Secret(pbx.ami_secret), **values)  # type: ignore[arg-type]


@contextmanager
def linked(ami: AmiSettings) -> Iterator[AmiClient]:
    """Start a client, and stop it at the end of the block."""
    link = AmiClient(
        ami, "avtoobzvon", "avtoobzvon-ivr", times=Timeouts(compare=1), backoff=lambda _kind, _failures: 0.2
    )
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
