"""Who is let in: names and passwords checked, wrong ones slowed down, right ones remembered for a few minutes."""

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from obzvon.users import MAX_PASSWORD_LENGTH, Role, User, Users, password_matches
from web.security.rate_limit import RateLimiter

_REMEMBERED = 300.0
"""Seconds for which a right password need not be hashed again."""
_PROVEN = 43_200.0
"""Seconds for which a right password is let past the count of wrong ones: a working day of who is logged in."""
_MOST = 1000


class TooManyFailuresError(Exception):
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


class _CachedLogin(msgspec.Struct, frozen=True):
    """A name and a password that were right, for this very user, at that time."""

    at: float
    user: User
    visitor: Visitor


class LoginService:
    """The door: `authenticate` is called on every request.

    Who guesses is slowed down by address and by name. A browser that has logged in goes on meanwhile: what it sends is
    no guess, as long as the user has not been changed.
    """

    def __init__(
        self, users: Users, *, clock: Callable[[], float] = time.monotonic, failures: RateLimiter | None = None
    ) -> None:
        self._users = users
        self._clock = clock
        self._failures = RateLimiter() if failures is None else failures
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] | None = None
        self._known: dict[str, User] = {}
        self._logins: OrderedDict[bytes, _CachedLogin] = OrderedDict()

    def authenticate(self, name: str, password: str, address: str) -> Visitor | None:
        """The user, None for a wrong name or password; raises TooManyFailures, and UserError for a broken file."""
        now = self._clock()
        known = self._look()
        mark = hmac.digest(self._key, f"{len(name)}:{name}{password}".encode("utf-8", "surrogatepass"), "sha256")
        user, login = known.get(name), self._login(mark, known.get(name), now)
        if login is not None and now - login.at < _REMEMBERED:
            return login.visitor
        of_address = f"address {rate_limited_network(address)}"
        of_user = f"user {hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
        if login is None and (wait := self._failures.attempt((of_address, of_user), now)):
            raise TooManyFailuresError(wait)
        if not password_matches(user, password[: MAX_PASSWORD_LENGTH + 1]) or user is None:
            return None
        if login is None:
            self._failures.forgive(of_address)
            self._failures.forget(of_user)
        visitor = Visitor(name, user.role, hashlib.sha256(user.password.encode()).digest())
        with self._lock:
            self._logins[mark] = _CachedLogin(now, user, visitor)
            self._logins.move_to_end(mark)
            while len(self._logins) > _MOST:
                self._logins.popitem(last=False)
        return visitor

    def _login(self, mark: bytes, user: User | None, now: float) -> _CachedLogin | None:
        """The login that was right before, if the user is the same still; another user's change does not matter."""
        login = self._logins.get(mark)
        return login if login is not None and login.user == user and 0 <= now - login.at < _PROVEN else None

    def _look(self) -> dict[str, User]:
        stamp = self._users.signature()
        with self._lock:
            if stamp != self._stamp:
                self._known = self._users.load()
                self._stamp = stamp
            return self._known


def rate_limited_network(address: str) -> str:
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
