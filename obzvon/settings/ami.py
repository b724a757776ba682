"""The part of the settings that says how Asterisk's manager interface is reached, and what its gauge counts."""

import re
from pathlib import Path

import msgspec

from obzvon.common.hosts import is_host
from obzvon.common.i18n import Message, say
from obzvon.settings.secrets import Secret
from obzvon.settings.values import USER, InvalidValueError

PORT = 5038
TLS_PORT = 5039
"""Where Asterisk listens for manager connections by its own sample files."""
_CHANNEL = re.compile(r"[A-Za-z0-9_]{2,20}/[A-Za-z0-9_./:@+-]{0,79}")
_GROUP = re.compile(r"[A-Za-z0-9_.-]{1,79}(@[A-Za-z0-9_.-]{1,79})?")
_SECRET = 200


class AmiSettings(msgspec.Struct, frozen=True):
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
    transport: str = "spool"
    """How calls go to Asterisk: `spool`, or `ami`, as Originate actions."""
    trunk: str = ""
    """The beginning of the names of a trunk's channels, for example `PJSIP/carrier`."""
    group: str = ""
    """`group@category` of the dialplan's GROUP(); of this and `trunk` one at most, none = the whole PBX."""

    def __bool__(self) -> bool:
        return bool(self.host)

    def misfits(self) -> list[tuple[str, Message, Message]]:
        """What of it does not go together: the key, what is wrong, what would be right."""
        found = [
            (
                self.trunk and self.group,
                "group",
                say("trunk is written as well, and only one of them is counted"),
                say("leave one of them"),
            ),
            (
                self.tls_ca and self.tls_fingerprint,
                "tls_fingerprint",
                say("tls_ca is written as well, and only one of them can be trusted"),
                say("leave one of them"),
            ),
            (
                (self.tls_ca or self.tls_fingerprint) and not self.tls,
                "tls",
                say("a certificate is named, and the connection would not be encrypted"),
                say("write tls = yes"),
            ),
        ]
        return [(key, what, remedy) for is_wrong, key, what, remedy in found if is_wrong]


def parse_host(text: str) -> str:
    """The address or the name of the machine that Asterisk runs on."""
    if is_host(text):
        return text
    raise InvalidValueError(
        say("{value} is no address of a machine", value=text),
        say("write the address or name of the machine that Asterisk runs on, for example 127.0.0.1"),
    )


def parse_manager_user(text: str) -> str:
    """A user of Asterisk's manager.conf."""
    if USER.fullmatch(text):
        return text
    raise InvalidValueError(
        say("{value} cannot be the name of a manager user", value=text),
        say("write the name that stands in brackets in Asterisk's manager.conf"),
    )


def parse_secret(text: str) -> Secret:
    """A password; what is wrong with it is told without showing it."""
    if len(text) > _SECRET or not (text.isascii() and text.isprintable()):
        raise InvalidValueError(
            say("it is too long, or there are characters in it that Asterisk would not take"),
            say("make one of Latin letters and digits: openssl rand -hex 16"),
        )
    return Secret(text)


def parse_fingerprint(text: str) -> str:
    """SHA-256 of a certificate as openssl prints it; small letters without colons come out."""
    plain = text.partition("=")[2] or text
    if re.fullmatch(r"[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}", plain):
        return plain.replace(":", "").lower()
    raise InvalidValueError(
        say("{value} is no fingerprint of a certificate", value=text),
        say("write what this prints: {command}", command="openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE"),
    )


def parse_channel_prefix(text: str) -> str:
    """The beginning of a channel's name, technology and endpoint."""
    if _CHANNEL.fullmatch(text):
        return text
    raise InvalidValueError(
        say("{value} is no beginning of a channel's name", value=text),
        say(
            "write it as Asterisk shows it, without the part after the last dash: {example}",
            example="PJSIP/mytrunk, SIP/mytrunk, DAHDI/i1",
        ),
    )


def parse_channel_group(text: str) -> str:
    """A group of the dialplan's GROUP()."""
    if _GROUP.fullmatch(text):
        return text
    raise InvalidValueError(
        say("{value} is no group of channels", value=text),
        say("write it as the dialplan sets it: {example}", example="trunk@obzvon"),
    )
