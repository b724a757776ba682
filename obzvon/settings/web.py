"""The part of the settings that says where the editor listens, and to whom."""

import ipaddress
from pathlib import Path

import msgspec

from obzvon.common.hosts import is_host
from obzvon.common.i18n import say
from obzvon.settings.values import InvalidValueError


class WebSettings(msgspec.Struct, frozen=True):
    """Where the editor listens, and to whom."""

    host: str = "127.0.0.1"
    port: int = 8080
    users: Path = Path("users.json")
    plain_http: bool = False
    """Unencrypted on an address that other machines reach."""
    proxy: str = ""
    """The address of the proxy in front of it, which tells who asks and over what; empty = there is none."""


def parse_listen_host(text: str) -> str:
    """An address that the editor can listen on."""
    if is_host(text):
        return text
    raise InvalidValueError(
        say("{value} is no address of this machine", value=text),
        say("write 127.0.0.1, or the address that the editor is to be reached at"),
    )


def parse_ip_address(text: str) -> str:
    """The address of a machine in figures."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise InvalidValueError(
            say("{value} is no address of a machine", value=text),
            say("write the address that the proxy comes from, for example 127.0.0.1"),
        ) from None
