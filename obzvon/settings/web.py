"""The settings of the editor: where it listens, and to whom."""

import ipaddress
from pathlib import Path

import msgspec

from obzvon.common.hosts import is_host
from obzvon.common.i18n import say
from obzvon.settings.values import InvalidValueError


class WebSettings(msgspec.Struct, frozen=True):
    """Section [Web]."""

    host: str = "127.0.0.1"
    port: int = 8080
    users: Path = Path("users.json")
    #: Serve without encryption on an address that other machines reach.
    plain_http: bool = False
    #: The address of the reverse proxy, whose X-Forwarded-* headers are trusted; empty = there is none.
    proxy: str = ""


def parse_listen_host(text: str) -> str:
    """Return an address that the editor can listen on."""
    if is_host(text):
        return text
    raise InvalidValueError(
        say("{value} is not an address of this machine", value=text),
        say("write 127.0.0.1, or the address of this machine that browsers use"),
    )


def parse_ip_address(text: str) -> str:
    """Return an IP address in its usual notation."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise InvalidValueError(
            say("{value} is not the address of a machine", value=text),
            say("write the address that the proxy comes from, for example 127.0.0.1"),
        ) from None
