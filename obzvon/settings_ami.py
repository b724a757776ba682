"""The part of the settings that says how Asterisk's manager interface is reached, and what its gauge counts."""

from pathlib import Path

import msgspec

PORT = 5038
TLS_PORT = 5039
"""Where Asterisk listens for manager connections by its own sample files."""


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


class Ami(msgspec.Struct, frozen=True):
    """Where Asterisk's manager interface is, who logs in there, and what counts as a line in use."""

    host: str = ""
    """Empty = there is no AMI, and nothing of this matters."""
    port: int = PORT
    user: str = "obzvon"
    secret: Secret = Secret()
    tls: bool = False
    tls_ca: Path | None = None
    """The certificates that are trusted; None = those of the system."""
    tls_fingerprint: str = ""
    """SHA-256 of the one certificate that is trusted, lower case and without colons: for a self-signed one."""
    trunk: str = ""
    """The beginning of the names of a trunk's channels, for example `PJSIP/carrier`."""
    group: str = ""
    """`group@category` of the dialplan's GROUP(); of this and `trunk` one at most, none = the whole PBX."""

    def __bool__(self) -> bool:
        return bool(self.host)
