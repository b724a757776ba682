"""Values with a password in them: `reveal()` gives the text, and nothing else shows it."""

import re
from pathlib import Path

from obzvon.common.i18n import say
from obzvon.settings.values import InvalidValueError, parse_text

#: The part of a database's address after ://, as SQLAlchemy divides it: one @, and a port of digits.
_SERVER = re.compile(
    r"(?:[^:/@?]*(?::[^@?]*)?@)?(?:[^@:/?#\[\]]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[^@?#]*)?(?:\?(?:\w+=[^&#@]*(?:&(?=\w)|$))*)?"
)
_ADDRESS_WITHOUT_SCHEME = re.compile(r"(?i):[^@]*@|pass\w*\s*=|^postgres\w*\W|^[\w+.-]{2,}:")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_PASSWORD_KEY = re.compile(r"(?i)(\w*pass\w*\s*=).*", re.DOTALL)
_NO_PORT = re.compile(r"^([^:/?@]*):(?!\d{1,5}(?:[/?]|$)).*", re.DOTALL)


class Secret:
    """A password."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        return "***" if self._text else ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class JournalUrl(Secret):
    """The address of the journal, as SQLAlchemy takes it; shown without its password."""

    __slots__ = ()

    @property
    def path(self) -> Path | None:
        """The file of a SQLite journal, None for a database server."""
        _, found, path = self._text.partition("sqlite:///")
        return Path(path) if found else None

    def __str__(self) -> str:
        return mask_password(self._text)


def parse_journal_url(text: str) -> str:
    """Return the path of a file, or the address of a database. No error repeats any part of a password."""
    scheme, found, rest = text.partition("://")
    remedy = say("write the path of a file, sqlite:///path or postgresql+psycopg://user:password@host/base")
    if not found:
        if _ADDRESS_WITHOUT_SCHEME.search(text) and not _DRIVE.match(text):
            raise InvalidValueError(say("it looks like the address of a database and does not begin like one"), remedy)
        return parse_text(text)
    if scheme == "sqlite":
        if not rest.startswith("/") or not rest.strip("/") or rest == "/:memory:":
            raise InvalidValueError(say("it names no file"), remedy)
    elif scheme != "postgresql+psycopg":
        shown = scheme if _SCHEME.fullmatch(scheme) else "…"
        raise InvalidValueError(say("{scheme} is not a kind of journal", scheme=shown), remedy)
    elif not rest.isprintable() or " " in rest:
        raise InvalidValueError(
            say("the address {url} has characters that are not allowed in it", url=ascii(mask_password(text))[1:-1]),
            remedy,
        )
    elif not _SERVER.fullmatch(rest):
        raise InvalidValueError(
            say("its password or another part has characters that must be written otherwise"),
            say("write %40 for @, %3A for :, %2F for /, %3F for ?, %23 for #, %26 for & and %25 for %"),
        )
    return text


def mask_password(url: str) -> str:
    """Return the address with *** for its password, rather for too much of it than for too little."""
    scheme, found, rest = url.rpartition("://") if "@" in url.rpartition("://")[0] else url.partition("://")
    if scheme == "sqlite":
        return url
    if not found:
        rest = url
    rest = _PASSWORD_KEY.sub(r"\1***", rest)
    credentials, at, host = rest.rpartition("@")
    if at:
        user, colon, _ = credentials.partition(":")
        rest = f"{user}:***@{host}" if colon else rest
    elif found:
        rest = _NO_PORT.sub(r"\1:***", rest)
    return f"{scheme}://{rest}" if found else rest
