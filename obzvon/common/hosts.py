"""Addresses of machines."""

import ipaddress
import re

_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")


def is_host(text: str) -> bool:
    """Return whether the text can be the address or the name of a machine."""
    return _HOST.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
