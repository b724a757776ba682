"""The rig: a PBX with the project's own snippets and a carrier, connected by a SIP trunk on the loopback."""

import re
import shutil
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.asterisk.carrier import Carrier
from tests.asterisk.hearing import read_wave
from tests.asterisk.instance import DIALPLAN, PJSIP, SPOOL, Asterisk
from tests.support.ports import free_port

SNIPPETS = Path(__file__).parents[2] / "asterisk"
MESSAGE = SNIPPETS / "sounds" / "obzvon.wav"
QUESTION = SNIPPETS / "sounds" / "obzvon-question.wav"

EXTENSIONS_CONF = """[general]
static = yes
#include "extensions_obzvon.conf"
"""

PJSIP_CONF = """[global]
type = global
[transport]
type = transport
protocol = udp
bind = 127.0.0.1:{own}
[carrier]
type = endpoint
aors = carrier
disallow = all
allow = alaw
direct_media = no
[carrier]
type = aor
contact = sip:127.0.0.1:{carrier}
"""

MANAGER_CONF = """[general]
enabled = yes
bindaddr = 127.0.0.1
port = {port}
#include "manager_obzvon.conf"
"""

AMI_SECRET = "a-secret-of-the-rig"


class Pbx(Asterisk):
    """The PBX: Asterisk with the project's snippets; `settings` changes values of their [globals]."""

    def __init__(
        self,
        root: Path,
        *,
        message: Path = MESSAGE,
        carrier_port: int = 9,
        is_contained: bool = False,
        **settings: object,
    ) -> None:
        self.ami_port = free_port(socket.SOCK_STREAM)
        self.ami_user = "obzvon"
        self.ami_secret = AMI_SECRET
        trunk = {"OBZVON_TRUNK": "PJSIP/NUMBER@carrier", "OBZVON_MESSAGE": "HOME/message"} | settings
        files = {
            "extensions.conf": EXTENSIONS_CONF,
            "extensions_obzvon.conf": with_globals((SNIPPETS / "extensions_obzvon.conf").read_text(), trunk),
            "manager.conf": MANAGER_CONF.format(port=self.ami_port),
            "manager_obzvon.conf": with_secret((SNIPPETS / "manager_obzvon.conf").read_text(), AMI_SECRET),
            "pjsip.conf": PJSIP_CONF.format(own=free_port(socket.SOCK_DGRAM), carrier=carrier_port),
        }
        super().__init__(root, files, f"{DIALPLAN} {PJSIP} {SPOOL}", is_contained=is_contained)
        shutil.copyfile(message, self.home / "message.wav")
        shutil.copyfile(QUESTION, self.home / "question.wav")


class Rig:
    """A PBX and its carrier, started together; `settings` changes values of extensions_obzvon.conf's [globals]."""

    def __init__(self, root: Path, *, message: Path = MESSAGE, is_contained: bool = False, **settings: object) -> None:
        port = free_port(socket.SOCK_DGRAM)
        self.carrier = Carrier(root, port, free_port(socket.SOCK_STREAM), read_wave(message))
        self.pbx = Pbx(root, message=message, carrier_port=port, is_contained=is_contained, **settings)
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._running.enter_context(self.carrier)
        self._running.enter_context(self.pbx)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()


def with_globals(dialplan: str, values: dict[str, object]) -> str:
    """Return the dialplan with these values of its [globals] changed."""
    for name, value in values.items():
        dialplan, changed = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", dialplan)
        assert changed == 1, name
    return dialplan


def with_secret(manager: str, secret: str) -> str:
    """Return the manager user's file with its secret uncommented and set, as an administrator does it."""
    manager, changed = re.subn(r"(?m)^;secret = .*$", f"secret = {secret}", manager)
    assert changed == 1
    return manager
