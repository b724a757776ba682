"""Login: checks names and passwords, slows down wrong ones and remembers right ones for a few minutes."""

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from obzvon.common.errors import ObzvonError
from obzvon.users import MAX_PASSWORD_LENGTH, Role, User, Users, password_matches
from web.security.rate_limit import RateLimiter

#: How long a right password is not hashed again.
_CACHE_SECONDS = 300.0
#: How long a right password passes the rate limit: a working day in one browser.
_TRUSTED_SECONDS = 43_200.0
_MAX_LOGINS = 1000


class TooManyFailuresError(ObzvonError):
    """Too many wrong passwords: the next attempt is possible in `wait` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


class Visitor(msgspec.Struct, frozen=True):
    """The user who is logged in. `secret` changes with the password and is never shown."""

    name: str
    role: Role
    secret: bytes

    def __repr__(self) -> str:
        return f"Visitor({self.name!r}, {self.role.value})"


class _CachedLogin(msgspec.Struct, frozen=True):
    """A name and a password that were right at that time, for the user in this very state."""

    at: float
    user: User
    visitor: Visitor


class LoginService:
    """Authenticates every request.

    Wrong passwords are limited by address and by name. A browser that has logged in is not affected, as long as the
    user has not changed: its password is no guess.
    """

    def __init__(
        self, users: Users, *, clock: Callable[[], float] = time.monotonic, failures: RateLimiter | None = None
    ) -> None:
        self._users = users
        self._clock = clock
        self._failures = RateLimiter() if failures is None else failures
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._signature: tuple[int, ...] | None = None
        self._loaded: dict[str, User] = {}
        self._logins: OrderedDict[bytes, _CachedLogin] = OrderedDict()

    def authenticate(self, name: str, password: str, address: str) -> Visitor | None:
        """Return the visitor, None for a wrong name or password.

        Raises TooManyFailuresError, and UserError for a broken file of users.
        """
        now = self._clock()
        users = self._current_users()
        digest = hmac.digest(self._key, f"{len(name)}:{name}{password}".encode("utf-8", "surrogatepass"), "sha256")
        user, login = users.get(name), self._find_login(digest, users.get(name), now)
        if login is not None and now - login.at < _CACHE_SECONDS:
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
            self._logins[digest] = _CachedLogin(now, user, visitor)
            self._logins.move_to_end(digest)
            while len(self._logins) > _MAX_LOGINS:
                self._logins.popitem(last=False)
        return visitor

    def _find_login(self, digest: bytes, user: User | None, now: float) -> _CachedLogin | None:
        """Return the earlier right login if this user has not changed since. Changes of other users do not matter."""
        login = self._logins.get(digest)
        return login if login is not None and login.user == user and 0 <= now - login.at < _TRUSTED_SECONDS else None

    def _current_users(self) -> dict[str, User]:
        signature = self._users.signature()
        with self._lock:
            if signature != self._signature:
                self._loaded = self._users.load()
                self._signature = signature
            return self._loaded


def rate_limited_network(address: str) -> str:
    """Return what one person usually has: the IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
