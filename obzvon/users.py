"""Who may use the editor: names, roles and hashed passwords in a file of their own, users.json.

`{"admin": {"role": "administrator", "password": "scrypt:32768:8:1$…"}}`
"""

import contextlib
import enum
import hashlib
import json
import os
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout
from werkzeug.security import check_password_hash, generate_password_hash

from obzvon.common import files
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import Message, say

_ALIKE = str.maketrans("авекмнорстухёієѕјһԁԛԝ", "abekmhopctyxeiesjhdqw")
"""Small Cyrillic letters that, or whose capitals, look like Latin ones."""


def looks(name: str) -> str:
    """What two names have in common that look alike."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_ALIKE)


def mixes_alphabets(name: str) -> bool:
    """Whether there are letters of more than one alphabet in it."""
    return len({unicodedata.name(letter, "?").split()[0] for letter in name if letter.isalpha()}) > 1


MODE = 0o640
SHORTEST, LONGEST = 8, 200
"""Characters of a password."""

_PATIENCE = 10
_LOCK_MODE = 0o660
"""The lock is taken by the service's user and by the editor's, who share a group."""
_NAME = re.compile(r"[^\W_](?:[\w.@-]{0,62}[^\W_])?")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Of a generated password: none that is taken for another when it is read out."""


class Role(enum.StrEnum):
    """What a user may do: each role all that the one before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"

    def includes(self, other: "Role") -> bool:
        """Whether whoever has this role may do what `other` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class UserChangeError(UserError):
    """It is not done to the users, for a reason that whoever asked for it can mend."""


class User(msgspec.Struct, frozen=True):
    """One user; `password` is its hash, which no text of the user shows."""

    role: Role
    password: str

    def __repr__(self) -> str:
        return f"User({self.role.value})"


class Users:
    """The users' file; every change is atomic and under a lock. A file that is not there has no users."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))

    def load(self) -> dict[str, User]:
        """Everybody, by name; raises UserError for a file that cannot be read."""
        try:
            data = self.path.read_bytes()
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
                        say("it is no list of users: {why}", why=error),
                        say("mend it, or delete it and add the users anew: obzvon user add"),
                    )
                ]
            ) from error

    def stamp(self) -> tuple[int, ...]:
        """What changes with the file; () while there is none."""
        return files.signature(self.path)

    def add(self, name: str, password: str, role: Role) -> None:
        """A new user."""
        if not _NAME.fullmatch(name):
            raise self._refusal(
                name, say("it cannot be a user's name"), say("use letters, digits and . - _ @ between them, 64 at most")
            )
        if mixes_alphabets(name):
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
                    say("there is such a user already"),
                    say("name another, or change the password: obzvon user passwd"),
                )
            if alike := next((other for other in users if looks(other) == looks(name)), None):
                raise self._refusal(
                    name,
                    say("it looks like the user {other}", other=alike),
                    say("choose a name that cannot be taken for another"),
                )
            users[name] = User(role, hashed)

    def change_password(self, name: str, password: str, *, of: User | None = None) -> None:
        """Another password; if `of` is given, only of the user as it was looked at, else it is Refused."""
        hashed = self._hash(name, password)
        with self._changing() as users:
            known = self._known(users, name)
            if of is not None and known != of:
                raise self._refusal(name, say("the user has been changed in the meantime"), say("look again"))
            users[name] = User(known.role, hashed)

    def change_role(self, name: str, role: Role) -> None:
        """Another role; not for the last administrator."""
        with self._changing() as users:
            self._keep_an_administrator(users, name, role)
            users[name] = User(role, users[name].password)

    def remove(self, name: str) -> None:
        """Takes a user's access away; not the last administrator's."""
        with self._changing() as users:
            self._keep_an_administrator(users, name, None)
            del users[name]

    def _keep_an_administrator(self, users: Mapping[str, User], name: str, role: Role | None) -> None:
        """Raises Refused where nobody would be left who may manage the users."""
        others = (user for other, user in users.items() if other != name)
        if self._known(users, name).role is Role.ADMINISTRATOR is not role and not any(
            user.role is Role.ADMINISTRATOR for user in others
        ):
            raise self._refusal(
                name, say("this is the last administrator"), say("make another user an administrator first")
            )

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        lock = self.path.with_name(f".{self.path.name}.lock")
        held = FileLock(lock, timeout=_PATIENCE, mode=_LOCK_MODE)
        try:
            files.make_file(lock, _LOCK_MODE)
            with held:
                users = self.load()
                yield users
                text = json.dumps(msgspec.to_builtins(dict(sorted(users.items()))), ensure_ascii=False, indent=2)
                files.write_durably(self.path, f"{text}\n".encode(), MODE)
        except Timeout as error:
            raise UserError(
                [
                    Problem(
                        str(self.path),
                        say("another program has been changing it for {n} s", n=_PATIENCE),
                        say("try again"),
                    )
                ]
            ) from error
        except OSError as error:
            raise self._failure(say("it cannot be saved, nothing has been changed"), error) from error

    def _known(self, users: Mapping[str, User], name: str) -> User:
        if name in users:
            return users[name]
        raise self._refusal(
            name, say("there is no such user"), say("the names are: {names}", names=", ".join(sorted(users)) or "—")
        )

    def _hash(self, name: str, password: str) -> str:
        if not SHORTEST <= len(password) <= LONGEST:
            raise self._refusal(
                name,
                say("the password has to have from {least} to {most} characters", least=SHORTEST, most=LONGEST),
                say("choose another, or let one be made up"),
            )
        if not password.isprintable():
            raise self._refusal(
                name,
                say("there are characters in the password that cannot be typed"),
                say("choose another, or let one be made up"),
            )
        return generate_password_hash(password)

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
                    say("run this as a user who may write there, or mend the rights"),
                )
            ]
        )


def is_right(user: User | None, password: str) -> bool:
    """Whether it is the user's password; of nobody the answer is no, and takes the same time."""
    if len(password) > LONGEST:
        return False
    right = check_password_hash(user.password if user else _nobody(), password)
    return right and user is not None


def made_up(seed: bytes = b"") -> str:
    """A password that can be read out over the telephone: 80 bits; from the same secret seed the same one."""
    bits = hashlib.sha256(seed or secrets.token_bytes(32)).digest()
    return "-".join(
        "".join(_LETTERS[bits[place + turn] % len(_LETTERS)] for turn in range(4)) for place in range(0, 16, 4)
    )


def _nobody() -> str:
    """A hash that no password has, of the same cost as a user's."""
    if not _nobodys:
        _nobodys.append(generate_password_hash(secrets.token_hex()))
    return _nobodys[0]


_nobodys: list[str] = []
