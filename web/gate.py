"""Who is let in: names and passwords checked, wrong ones slowed down, right ones remembered for a few minutes."""

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable

import msgspec

from obzvon.users import LONGEST, Role, User, Users, is_right
from web.limits import Failures

_REMEMBERED = 300.0
"""Seconds for which a right password need not be hashed again."""
_MOST = 1000


class TooManyFailures(Exception):
    """There were too many wrong passwords; `wait` seconds have to pass."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


class Visitor(msgspec.Struct, frozen=True):
    """Who is logged in; `secret` changes with the password and is never shown."""

    name: str
    role: Role
    secret: bytes

    def __repr__(self) -> str:
        return f"Visitor({self.name!r}, {self.role.value})"


class Gate:
    """The door: `admit` is called on every request."""

    def __init__(self, users: Users, *, clock: Callable[[], float] = time.monotonic,
                 failures: Failures | None = None) -> None:
        self._users = users
        self._clock = clock
        self._failures = Failures() if failures is None else failures
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] | None = None
        self._known: dict[str, User] = {}
        self._remembered: dict[bytes, tuple[float, Visitor]] = {}

    def admit(self, name: str, password: str, address: str) -> Visitor | None:
        """The user, None for a wrong name or password; raises TooManyFailures, and UserError for a broken file."""
        now = self._clock()
        known = self._look()
        mark = hmac.digest(self._key, f"{len(name)}:{name}{password}".encode("utf-8", "surrogatepass"), "sha256")
        expires, visitor = self._remembered.get(mark, (0.0, None))
        if visitor is not None and now < expires:
            return visitor
        of_address = f"address {network(address)}"
        of_user = f"user {hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
        if wait := self._failures.attempt((of_address, of_user), now):
            raise TooManyFailures(wait)
        user = known.get(name)
        if not is_right(user, password[:LONGEST + 1]) or user is None:
            return None
        self._failures.forgive(of_address)
        self._failures.forget(of_user)
        visitor = Visitor(name, user.role, hashlib.sha256(user.password.encode()).digest())
        with self._lock:
            if known is self._known:  # the file has not changed while the hash was computed
                if len(self._remembered) >= _MOST:
                    self._remembered.clear()
                self._remembered[mark] = now + _REMEMBERED, visitor
        return visitor

    def _look(self) -> dict[str, User]:
        stamp = self._users.stamp()
        with self._lock:
            if stamp != self._stamp:
                self._known, self._remembered = self._users.load(), {}
                self._stamp = stamp
            return self._known


def network(address: str) -> str:
    """What one person is likely to have: an IPv4 address, of IPv6 the /64."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
