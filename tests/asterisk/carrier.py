"""The carrier: the far side of the PBX's trunk. Its own ledger has all calls, their keys and the sound that arrived.

By the number's last digit: 0, 1, 2, 5 answered, listens to the end; 3 a menu, which takes digits before it listens;
4 answered, hangs up after three seconds; 6 busy (486); 7 rings until the caller gives up, 17 declined while ringing
(480); 8 congestion (503); 9 no such number (404), 19 refused (403).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from tests.asterisk.hearing import loudness, share_heard
from tests.asterisk.instance import DIALPLAN, PJSIP, Asterisk
from tests.asterisk.manager import Manager

DIGIT = re.compile(r"DTMF end '(.)' received on (\S+),")

PJSIP_CONF = """[global]
type = global
[transport]
type = transport
protocol = udp
bind = 127.0.0.1:{port}
[pbx]
type = endpoint
context = from-pbx
disallow = all
allow = alaw
direct_media = no
[pbx]
type = identify
endpoint = pbx
match = 127.0.0.1
"""

MANAGER_CONF = """[general]
enabled = yes
bindaddr = 127.0.0.1
port = {port}
[rig]
secret = rig
write = system
"""


@dataclass(frozen=True)
class LedgerEntry:
    """A call as the carrier saw it; times in seconds since 1970, None = did not happen (yet)."""

    number: str
    caller: str
    at: float
    answered: float | None
    ended: float | None
    digits: str
    """Every digit that arrived, also outside the menu's time."""
    menu: str | None
    """The digits that the menu took."""
    refused: bool
    """The carrier was DEAD, and refused the call at once."""
    recording: Path = field(repr=False)
    """Exists until the carrier is removed."""
    message: tuple[float, ...] = field(repr=False)

    @cached_property
    def share_heard(self) -> float:
        """The share of the message that arrived, 0 to 1; valid after the end of the call."""
        if not self.recording.exists():
            return 0.0
        return share_heard(list(self.message), loudness(self.recording.read_bytes()))

    @property
    def heard(self) -> bool:
        """True if the whole message was heard, except for lost packets."""
        return self.share_heard > 0.9


class Carrier:
    """The far side's Asterisk and its ledger."""

    def __init__(self, root: Path, sip_port: int, ami_port: int, message: list[float]) -> None:
        self.asterisk = Asterisk(
            root,
            {
                "extensions.conf": Path(__file__).with_name("carrier.conf").read_text(),
                "pjsip.conf": PJSIP_CONF.format(port=sip_port),
                "manager.conf": MANAGER_CONF.format(port=ami_port),
            },
            f"{DIALPLAN} {PJSIP}",
        )
        self._ledger = self.asterisk.folder("heard") / "ledger"
        self._ledger.touch()  # Asterisk appends to a file but does not create it
        os.chown(self._ledger, *self.asterisk.user)
        self.ami_port = ami_port
        self._message = tuple(message)
        self._forgotten = 0

    def __enter__(self) -> Self:
        self.asterisk.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.asterisk.remove()

    def ledger(self) -> list[LedgerEntry]:
        """Return every call that has reached the carrier since the last `forget`, in order."""
        return self._everything()[self._forgotten :]

    def calls_to(self, number: str) -> list[LedgerEntry]:
        """Return the calls to that number."""
        return [entry for entry in self.ledger() if entry.number == number]

    def forget(self) -> None:
        """Begin a new ledger without the calls so far."""
        self._forgotten = len(self._everything())

    def set(self, **values: float) -> None:
        """Set TALK, RINGS or MENU (seconds), or DEAD, for the next calls: see carrier.conf."""
        for name, value in values.items():
            self.asterisk.cli(f"dialplan set global {name} {value}")

    def set_talk(self, seconds: Mapping[str, float]) -> None:
        """Set how long each of these numbers stays on the line after it has answered."""
        with Manager(self.ami_port) as manager:
            manager.login("rig", "rig")
            for number, length in seconds.items():
                manager.action("DBPut", Family="talk", Key=number, Val=f"{length:.3f}")

    def set_codes(self, codes: Mapping[str, str]) -> None:
        """Tell the menu of each of these numbers how many digits its codes have: it need not wait for another one."""
        with Manager(self.ami_port) as manager:
            manager.login("rig", "rig")
            for number, code in codes.items():
                length = len(code.replace("w", ""))
                manager.action("DBPut", Family="digits", Key=number, Val=str(length))

    def set_keys(self, keys: Mapping[str, str]) -> None:
        """Set the keys that each of these numbers presses after the answer, before it listens; w is half a second."""
        with Manager(self.ami_port) as manager:
            manager.login("rig", "rig")
            for number, pressed in keys.items():
                manager.action("DBPut", Family="keys", Key=number, Val=pressed)

    def _everything(self) -> list[LedgerEntry]:
        calls: dict[str, dict[str, str]] = {}
        for line in self._ledger.read_text().splitlines():
            call, at, event, detail = line.split("|", 3)
            calls.setdefault(call, {}).update({event: detail, f"{event} at": at})
        digits: dict[str, str] = {}
        for digit, channel in DIGIT.findall(self.asterisk.log("dtmf")):
            digits[channel] = digits.get(channel, "") + digit
        return [self._entry(call, seen, digits) for call, seen in calls.items()]

    def _entry(self, call: str, seen: dict[str, str], digits: dict[str, str]) -> LedgerEntry:
        channel, number, caller = seen["call"].split("|")
        return LedgerEntry(
            number=number,
            caller=caller,
            at=float(seen["call at"]),
            answered=float(seen["answer at"]) if "answer" in seen else None,
            ended=float(seen["end at"]) if "end" in seen else None,
            digits=digits.get(channel, ""),
            menu=seen.get("menu"),
            refused="refused" in seen,
            recording=self.asterisk.home / "heard" / f"{call.replace('.', '')}.sln",
            message=self._message,
        )
