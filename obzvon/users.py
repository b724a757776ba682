"""The users of the editor: names, roles and hashed passwords in a file of their own, users.json.

`{"admin": {"role": "administrator", "password": "scrypt:32768:8:1$…"}}`
"""

import contextlib
import enum
import functools
import hashlib
import json
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout
from werkzeug.security import check_password_hash, generate_password_hash

from obzvon.common import files, safe_open
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import Message, say

FILE_MODE = 0o640
#: A larger file is no list of users.
_MAX_BYTES = 10_000_000
MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 8, 200

_LOCK_SECONDS = 10
#: werkzeug's notation: N, r and p of scrypt. It takes an eighth of a second and 32 MB.
HASH_METHOD = "scrypt:32768:8:1"
#: The lock is taken by the service's user and by the editor's user, who share a group.
_LOCK_MODE = 0o660
_NAME = re.compile(r"[^\W_](?:[\w.@-]{0,62}[^\W_])?")
#: Of generated passwords: none that sounds or looks like another one.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
#: Small Cyrillic letters that look like Latin ones, or whose capitals do.
_LATIN_LOOKALIKES = str.maketrans("авекмнорстухёієѕјһԁԛԝ", "abekmhopctyxeiesjhdqw")


class Role(enum.StrEnum):
    """A set of permissions. Each role includes the one before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"

    def includes(self, other: "Role") -> bool:
        """Return whether this role may do everything that `other` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class UserChangeError(UserError):
    """A change of the users that is refused, for a reason that the requester can remove."""


class User(msgspec.Struct, frozen=True):
    """A user of the editor. `password` is its hash; `repr` leaves it out."""

    role: Role
    password: str

    def __repr__(self) -> str:
        return f"User({self.role.value})"


class Users:
    """The file of the users. Every change is atomic and under a lock. A missing file has no users."""

    def __init__(self, path: Path) -> None:
        self._named = path.absolute()

    @property
    def path(self) -> Path:
        """The file itself. A link that neither root nor this user has made is not followed."""
        try:
            return safe_open.resolve_links(self._named)
        except OSError:
            return self._named

    def load(self) -> dict[str, User]:
        """Return all users by name; raise UserError for a file that cannot be read."""
        try:
            data, _ = safe_open.read_file(self._named, _MAX_BYTES)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._failure(say("it cannot be read"), error) from error
        try:
            return msgspec.json.decode(data, type=dict[str, User])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UserError(
                [
                    Problem(
                        str(self.path),
                        say("it is not a list of users: {why}", why=error),
                        say("fix it, or delete it and add the users again: obzvon user add"),
                    )
                ]
            ) from error

    def signature(self) -> tuple[int, ...]:
        """Return what changes with each change of the file; () while there is none."""
        return files.signature(self.path)

    def add(self, name: str, password: str, role: Role) -> None:
        """Add a user; raise UserChangeError for a name or a password that is refused."""
        if not _NAME.fullmatch(name):
            raise self._refusal(
                name, say("it cannot be a user's name"), say("use letters, digits and . - _ @ between them, 64 at most")
            )
        if _mixes_alphabets(name):
            raise self._refusal(
                name,
                say("letters of different alphabets are mixed in it, for example Russian and English ones"),
                say("use letters of one alphabet"),
            )
        hashed = self._hash(name, password)
        with self._changing() as users:
            if name in users:
                raise self._refusal(
                    name,
                    say("this user exists already"),
                    say("name another, or change the password: obzvon user passwd"),
                )
            if alike := next((other for other in users if _lookalike_key(other) == _lookalike_key(name)), None):
                raise self._refusal(
                    name,
                    say("it looks like the user {other}", other=alike),
                    say("choose a name that cannot be taken for another"),
                )
            users[name] = User(role, hashed)

    def change_password(self, name: str, password: str, *, expected: User | None = None) -> None:
        """Change a password; raise UserChangeError if the user is no longer the `expected` one."""
        hashed = self._hash(name, password)
        with self._changing() as users:
            user = self._existing(users, name)
            if expected is not None and user != expected:
                raise self._refusal(name, say("the user has been changed in the meantime"), say("look again"))
            users[name] = User(user.role, hashed)

    def change_role(self, name: str, role: Role) -> None:
        """Change a role; raise UserChangeError for the last administrator."""
        with self._changing() as users:
            self._keep_an_administrator(users, name, role)
            users[name] = User(role, users[name].password)

    def remove(self, name: str) -> None:
        """Remove a user; raise UserChangeError for the last administrator."""
        with self._changing() as users:
            self._keep_an_administrator(users, name, None)
            del users[name]

    def _keep_an_administrator(self, users: Mapping[str, User], name: str, role: Role | None) -> None:
        """Raise UserChangeError if nobody would be left who may manage the users."""
        others = (user for other, user in users.items() if other != name)
        if self._existing(users, name).role is Role.ADMINISTRATOR is not role and not any(
            user.role is Role.ADMINISTRATOR for user in others
        ):
            raise self._refusal(
                name, say("this is the last administrator"), say("make another user an administrator first")
            )

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        lock = self.path.with_name(f".{self.path.name}.lock")
        held = FileLock(lock, timeout=_LOCK_SECONDS, mode=_LOCK_MODE)
        try:
            files.make_file(lock, _LOCK_MODE)
            with held:
                users = self.load()
                yield users
                text = json.dumps(msgspec.to_builtins(dict(sorted(users.items()))), ensure_ascii=False, indent=2)
                files.write_durably(self.path, f"{text}\n".encode(), FILE_MODE)
        except Timeout as error:
            raise UserError(
                [
                    Problem(
                        str(self.path),
                        say("another program has been changing it for {n} s", n=_LOCK_SECONDS),
                        say("try again"),
                    )
                ]
            ) from error
        except OSError as error:
            raise self._failure(say("it cannot be saved, nothing has been changed"), error) from error

    def _existing(self, users: Mapping[str, User], name: str) -> User:
        if name in users:
            return users[name]
        raise self._refusal(
            name, say("there is no such user"), say("the names are: {names}", names=", ".join(sorted(users)) or "—")
        )

    def _hash(self, name: str, password: str) -> str:
        if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
            raise self._refusal(
                name,
                say(
                    "the password has to have from {least} to {most} characters",
                    least=MIN_PASSWORD_LENGTH,
                    most=MAX_PASSWORD_LENGTH,
                ),
                say("choose another, or let one be made up"),
            )
        if not password.isprintable():
            raise self._refusal(
                name,
                say("there are characters in the password that cannot be typed"),
                say("choose another, or let one be made up"),
            )
        return generate_password_hash(password, HASH_METHOD)

    def _refusal(self, name: str, what: Message, remedy: Message) -> UserChangeError:
        return UserChangeError([Problem(ascii(name)[1:-1] if not name.isprintable() else name, what, remedy)])

    def _failure(self, what: Message, error: OSError) -> UserError:
        return UserError(
            [
                Problem(
                    str(self.path),
                    say(
                        "{what}: {file}: {why}", what=what, file=error.filename or self.path, why=os_error_reason(error)
                    ),
                    say("run this as a user who may write there, or fix the permissions"),
                )
            ]
        )


def password_matches(user: User | None, password: str) -> bool:
    """Return whether it is the user's password. For None the answer is no, after the same time."""
    if len(password) > MAX_PASSWORD_LENGTH:
        return False
    matches = check_password_hash(user.password if user else _impossible_hash(), password)
    return matches and user is not None


def generate_password(seed: bytes = b"") -> str:
    """Return a password of 80 bits that can be read out over the telephone; the same secret seed gives the same one."""
    bits = hashlib.sha256(seed or secrets.token_bytes(32)).digest()
    return "-".join(
        "".join(_LETTERS[byte % len(_LETTERS)] for byte in bits[place : place + 4]) for place in range(0, 16, 4)
    )


@functools.cache
def _impossible_hash() -> str:
    """Return a hash that no password has; a check against it takes as long as one against a user's."""
    return generate_password_hash(secrets.token_hex(), HASH_METHOD)


def _lookalike_key(name: str) -> str:
    """Return a key that names which look alike have in common."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_LATIN_LOOKALIKES)


def _mixes_alphabets(name: str) -> bool:
    return len({unicodedata.name(letter, "?").split()[0] for letter in name if letter.isalpha()}) > 1
