"""Login: checks names and passwords, slows down wrong ones and remembers right ones for a working day."""

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
from web.security.login_failures import LoginFailures

#: How long a right password is not hashed again, from its last use: a working day in one browser.
_CACHE_SECONDS = 43_200.0
_MAX_LOGINS = 1000
#: Passwords hashed at the same time. Each takes 32 MB and a processor for an eighth of a second.
_MAX_HASHING = 2


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


class _CachedLogin(msgspec.Struct):
    """A name and a password that were right for the user in this very state, and when they were last used."""

    at: float
    user: User
    visitor: Visitor


class LoginService:
    """Authenticates every request.

    Wrong passwords are limited by network and by name. A browser that has logged in is not affected, as long as the
    user has not changed: its password is no guess. Right passwords are kept as a keyed hash, whose key this process
    alone has.
    """

    def __init__(
        self, users: Users, *, clock: Callable[[], float] = time.monotonic, failures: LoginFailures | None = None
    ) -> None:
        self._users = users
        self._clock = clock
        self._failures = LoginFailures() if failures is None else failures
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._hashing = threading.BoundedSemaphore(_MAX_HASHING)
        self._signature: tuple[int, ...] | None = None
        self._loaded: dict[str, User] = {}
        self._logins: OrderedDict[bytes, _CachedLogin] = OrderedDict()

    def authenticate(self, name: str, password: str, address: str) -> Visitor | None:
        """Return the visitor, None for a wrong name or password.

        Raises TooManyFailuresError, and UserError for a broken file of users.
        """
        now = self._clock()
        user = self._current_users().get(name)
        digest = self._digest(name, password)
        login = self._logins.get(digest)
        if login is not None and login.user == user and self._is_fresh(login, now):
            login.at = now
            return login.visitor
        network = rate_limited_network(address)
        if wait := self._failures.attempt(network, name, now):
            raise TooManyFailuresError(wait)
        with self._hashing:
            is_right = password_matches(user, password[: MAX_PASSWORD_LENGTH + 1])
        if not is_right or user is None:
            return None
        self._failures.succeed(network, name)
        visitor = Visitor(name, user.role, hashlib.sha256(user.password.encode()).digest())
        with self._lock:
            self._logins[digest] = _CachedLogin(now, user, visitor)
            self._logins.move_to_end(digest)
            while len(self._logins) > _MAX_LOGINS:
                self._logins.popitem(last=False)
        return visitor

    def is_cached(self, name: str, password: str) -> bool:
        """Return whether they were right not long ago, so that the request needs no hash. Touches no file."""
        login = self._logins.get(self._digest(name, password))
        return login is not None and self._is_fresh(login, self._clock())

    def _is_fresh(self, login: _CachedLogin, now: float) -> bool:
        return 0 <= now - login.at < _CACHE_SECONDS

    def _digest(self, name: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{len(name)}:{name}{password}".encode("utf-8", "surrogatepass"), "sha256")

    def _current_users(self) -> dict[str, User]:
        """Return the users of the file as it is now, and forget the wrong logins of those who were changed."""
        signature = self._users.signature()
        with self._lock:
            if signature != self._signature:
                before, self._loaded = self._loaded, self._users.load()
                self._signature = signature
                for name in before:
                    if self._loaded.get(name) != before[name]:
                        self._failures.forget(name)
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
