"""The part of the settings that says where the journal is."""

import re
from pathlib import Path

from obzvon.common.i18n import say
from obzvon.settings.values import InvalidValueError, parse_text


class JournalUrl:
    """The journal's address: `reveal()` gives it with its password, which nothing else shows."""

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def reveal(self) -> str:
        """The address as SQLAlchemy takes it."""
        return self._url

    @property
    def path(self) -> Path | None:
        """The file of a SQLite journal."""
        _, found, path = self._url.partition("sqlite:///")
        return Path(path) if found else None

    def __str__(self) -> str:
        return mask_password(self._url)

    def __repr__(self) -> str:
        return f"JournalUrl({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JournalUrl) and other._url == self._url

    def __hash__(self) -> int:
        return hash(self._url)


def parse_journal_url(text: str) -> str:
    """The path of a file, or the address of a database."""
    scheme, found, rest = text.partition("://")
    remedy = say("write the path of a file, sqlite:///path or postgresql+psycopg://user:password@host/base")
    if not found:
        return parse_text(text)
    if scheme == "sqlite":
        if not rest.startswith("/") or not rest.strip("/") or rest == "/:memory:":
            raise InvalidValueError(say("it names no file"), remedy)
    elif scheme != "postgresql+psycopg":
        raise InvalidValueError(say("{scheme} is no kind of journal", scheme=scheme), remedy)
    elif not rest.isprintable() or " " in rest:
        raise InvalidValueError(
            say("the address {url} has characters that cannot stand in it", url=ascii(mask_password(text))[1:-1]),
            remedy,
        )
    return text


def mask_password(url: str) -> str:
    """An address without its password."""
    scheme, found, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if found and at and ":" in credentials and scheme != "sqlite":
        url = f"{scheme}://{credentials.partition(':')[0]}:***@{host}"
    return re.sub(r"(?i)(pass\w*=)[^&]*", r"\1***", url)


class Secret:
    """A password: `reveal()` gives it, nothing else shows it."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The password itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        return "***" if self._text else ""

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
