"""What the address of a machine looks like, and whose it is."""

import ipaddress
import re

_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")


def is_host(text: str) -> bool:
    """Whether it can be the address or the name of a machine."""
    return _HOST.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
