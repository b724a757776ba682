"""The settings of Asterisk's manager interface: how to reach it, and which channels count as lines in use."""

import re
from pathlib import Path

import msgspec

from obzvon.common.hosts import is_host
from obzvon.common.i18n import Message, say
from obzvon.settings.secrets import Secret
from obzvon.settings.values import USER, InvalidValueError

#: Ports of manager connections in Asterisk's own sample manager.conf.
PORT = 5038
TLS_PORT = 5039
# What FreePBX and Asterisk let a trunk be called: letters of any language, and spaces within.
_CHANNEL = re.compile(r"[A-Za-z0-9_]{2,20}/(?:[\w./:@+&()#*'-](?:[\w ./:@+&()#*'-]{0,77}[\w./:@+&()#*'-])?)?")
_GROUP = re.compile(r"[\w.-](?:[\w .-]{0,77}[\w.-])?(?:@[\w.-]{1,79})?")
_SECRET_LENGTH = 200


class AmiSettings(msgspec.Struct, frozen=True):
    """Section [AMI], but for `delivered`."""

    #: Empty = AMI is not used, and no other key of the section matters.
    host: str = ""
    port: int = PORT
    user: str = "obzvon"
    secret: Secret = Secret()
    tls: bool = False
    #: The trusted certificates; None = those of the system.
    tls_ca: Path | None = None
    #: SHA-256 of the one trusted certificate, for a self-signed one: lower case, without colons.
    tls_fingerprint: str = ""
    #: How calls go to Asterisk: `spool`, as files, or `ami`, as Originate actions.
    transport: str = "spool"
    #: The start of the names of a trunk's channels, for example `PJSIP/carrier`.
    trunk: str = ""
    #: `group@category` of the dialplan's GROUP(). Either this or `trunk` is set; neither = count the whole PBX.
    group: str = ""

    def __bool__(self) -> bool:
        return bool(self.host)

    def conflicts(self) -> list[tuple[str, Message, Message]]:
        """Return the keys that exclude each other: the key, what is wrong, what to do."""
        found = [
            (
                self.trunk and self.group,
                "group",
                say("trunk is set as well, and only one of them can be counted"),
                say("keep one of them"),
            ),
            (
                self.tls_ca and self.tls_fingerprint,
                "tls_fingerprint",
                say("tls_ca is set as well, and only one of them can be trusted"),
                say("keep one of them"),
            ),
            (
                (self.tls_ca or self.tls_fingerprint) and not self.tls,
                "tls",
                say("a certificate is set, but the connection would not be encrypted"),
                say("write tls = yes"),
            ),
        ]
        return [(key, what, remedy) for is_wrong, key, what, remedy in found if is_wrong]


def parse_host(text: str) -> str:
    """Return the address or the name of the machine that Asterisk runs on."""
    if is_host(text):
        return text
    raise InvalidValueError(
        say("{value} is not the address of a machine", value=text),
        say("write the address or name of the machine that Asterisk runs on, for example 127.0.0.1"),
    )


def parse_manager_user(text: str) -> str:
    """Return the name of a user in Asterisk's manager.conf."""
    if USER.fullmatch(text):
        return text
    raise InvalidValueError(
        say("it cannot be the name of a manager user"),
        say("write the name that is in brackets in Asterisk's manager.conf"),
    )


def parse_secret(text: str) -> Secret:
    """Return the password. The error does not repeat it."""
    if len(text) > _SECRET_LENGTH or not (text.isascii() and text.isprintable()):
        raise InvalidValueError(
            say("it is too long, or has characters that Asterisk does not accept"),
            say("use Latin letters and digits, for example from: openssl rand -hex 16"),
        )
    return Secret(text)


def parse_fingerprint(text: str) -> str:
    """Return the SHA-256 fingerprint that openssl prints, in lower case and without colons."""
    plain = text.partition("=")[2] or text
    if re.fullmatch(r"[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}", plain):
        return plain.replace(":", "").lower()
    raise InvalidValueError(
        say("{value} is not the fingerprint of a certificate", value=text),
        say("write what this prints: {command}", command="openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE"),
    )


def parse_channel_prefix(text: str) -> str:
    """Return the start of a channel's name: technology and endpoint."""
    if _CHANNEL.fullmatch(text):
        return text
    raise InvalidValueError(
        say("{value} is not the start of a channel's name", value=text),
        say(
            "write it as Asterisk shows it, without the part after the last dash: {example}",
            example="PJSIP/mytrunk, SIP/my trunk, DAHDI/i1",
        ),
    )


def parse_channel_group(text: str) -> str:
    """Return a group of the dialplan's GROUP()."""
    if _GROUP.fullmatch(text):
        return text
    raise InvalidValueError(
        say("{value} is not a group of channels", value=text),
        say("write it as the dialplan sets it: {example}", example="trunk@obzvon"),
    )
