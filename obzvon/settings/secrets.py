"""Values with a password in them: `reveal()` gives the text, and nothing else shows it."""

import re
from pathlib import Path

from obzvon.common.i18n import say
from obzvon.settings.values import InvalidValueError, parse_text


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
    """Return the path of a file, or the address of a database."""
    scheme, found, rest = text.partition("://")
    remedy = say("write the path of a file, sqlite:///path or postgresql+psycopg://user:password@host/base")
    if not found:
        return parse_text(text)
    if scheme == "sqlite":
        if not rest.startswith("/") or not rest.strip("/") or rest == "/:memory:":
            raise InvalidValueError(say("it names no file"), remedy)
    elif scheme != "postgresql+psycopg":
        raise InvalidValueError(say("{scheme} is not a kind of journal", scheme=scheme), remedy)
    elif not rest.isprintable() or " " in rest:
        raise InvalidValueError(
            say("the address {url} has characters that are not allowed in it", url=ascii(mask_password(text))[1:-1]),
            remedy,
        )
    return text


def mask_password(url: str) -> str:
    """Return the address with *** for its password."""
    scheme, found, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if found and at and ":" in credentials and scheme != "sqlite":
        url = f"{scheme}://{credentials.partition(':')[0]}:***@{host}"
    return re.sub(r"(?i)(pass\w*=)[^&]*", r"\1***", url)
