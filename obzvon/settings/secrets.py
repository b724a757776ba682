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
_CREDENTIALS = re.compile(r":[^@]*@")
_PASSWORD_WORD = re.compile(r"(?i)pass|pwd|secret")
_PATH = re.compile(r"(?:[A-Za-z]:)?[^\s:@=;'\"]*")
#: Addresses whose parts cannot be mistaken for one another. The user's name has no character that may begin a password.
_SHOWN = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30})://(?:(?P<user>[\w.-]*)(?::(?P<password>[^@]*))?@)?"
    r"(?P<place>(?:[\w.,-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[\w.-]*)?)(?:\?(?P<query>[^?#@]*))?"
)
_BEGINNING = re.compile(r"(?:postgres(?:ql)?|mysql|mariadb|mssql|oracle)(?:\+[a-z0-9]{1,20})?://")
_PARAMETER = re.compile(r"[A-Za-z_]{1,30}")
_SHOWN_VALUE = re.compile(r"[\w.,:/%-]*")
_SHOWN_PARAMETERS = frozenset(
    (
        *("host", "hostaddr", "port", "dbname", "user", "application_name", "connect_timeout"),
        *("sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs", "gssencmode", "channel_binding"),
    )
)


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
            say("the address {url} has characters that are not allowed in it", url=mask_password(text)),
            remedy,
        )
    elif not _SERVER.fullmatch(rest):
        raise InvalidValueError(
            say("its password or another part has characters that must be written otherwise"),
            say("write %40 for @, %3A for :, %2F for /, %3F for ?, %23 for #, %26 for & and %25 for %"),
        )
    return text


def mask_password(url: str) -> str:
    """Return the address with *** for its password. Whatever is not known to be no password becomes "…"."""
    if url.startswith("sqlite:"):
        return "sqlite:///…" if _CREDENTIALS.search(url.removeprefix("sqlite:")) else url
    if "://" not in url:
        return url if _PATH.fullmatch(url) and not _PASSWORD_WORD.search(url) else "…"
    found = _SHOWN.fullmatch(url)
    begin = _BEGINNING.match(url)
    if found is None or begin is None:
        return f"{begin[0]}…" if begin else "…"
    user, password, place = found["user"], found["password"], found["place"]
    if password is not None and "/" not in place:  # it may be the end of a password with an @
        place = "…"
    credentials = "" if user is None else f"{user}@" if password is None else f"{user}:***@"
    query = "" if found["query"] is None else "?" + "&".join(map(_masked_parameter, found["query"].split("&")))
    return f"{found['scheme']}://{credentials}{place}{query}"


def _masked_parameter(text: str) -> str:
    key, equals, value = text.partition("=")
    if equals and key in _SHOWN_PARAMETERS and _SHOWN_VALUE.fullmatch(value):
        return text
    return f"{key}=***" if equals and _PARAMETER.fullmatch(key) else "***"
