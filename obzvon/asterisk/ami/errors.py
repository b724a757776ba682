"""Errors of the connection to Asterisk's manager interface, each with its remedy and its back-off. Pure."""

import enum
import errno
import socket
import ssl

from obzvon.common.errors import ObzvonError, Problem, os_error_reason
from obzvon.common.i18n import Message, say
from obzvon.common.text import escape_controls
from obzvon.settings.ami import AmiSettings

_FINGERPRINT = "openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE"
_RELOAD = "asterisk -rx 'manager reload'"


class Backoff(enum.Enum):
    """Kind of a failure; the value is the delays in seconds before each attempt, the last one repeated."""

    #: It may pass by itself at any moment.
    NETWORK = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    #: An administrator has to fix something.
    SETTINGS = (10.0, 30.0, 60.0, 300.0)
    #: Nothing is wrong; changed rights count from the next login on.
    RENEWAL = (0.1,)
    #: Each attempt is a failed login in Asterisk's log, and fail2ban and its like ban us after a few of them.
    LOGIN = (60.0, 300.0, 900.0, 3600.0)

    def delay(self, failures: int) -> float:
        """Return the seconds before the next attempt, after that number of failures in a row."""
        delays: tuple[float, ...] = self.value
        return delays[min(max(failures, 1), len(delays)) - 1]


class AmiError(ObzvonError):
    """There is no connection, or none that can be used."""

    def __init__(self, kind: Backoff, ami: AmiSettings, what: Message, remedy: Message) -> None:
        self.kind = kind
        self.problem = Problem(f"AMI {ami.host}:{ami.port}", what, remedy)
        super().__init__(self.problem)


class LoginInUseError(AmiError):
    """The user is logged in already, and Asterisk allows one connection: the password may be right."""


def connection_lost(ami: AmiSettings) -> AmiError:
    """Return the error of a connection that the peer or the network has closed."""
    return AmiError(
        Backoff.NETWORK,
        ami,
        say("the connection was lost"),
        say("the service reconnects by itself; if this lasts, check that Asterisk is running"),
    )


def not_responding(ami: AmiSettings) -> AmiError:
    """Return the error of a peer that does not answer over an open connection."""
    remedy = say("the service tries again by itself; if this lasts, check whether Asterisk hangs")
    if not ami.tls:
        remedy = say(
            "the service tries again by itself; if this lasts, check whether Asterisk hangs, or write "
            "tls = yes if this port is encrypted"
        )
    return AmiError(Backoff.NETWORK, ami, say("no answer comes"), remedy)


def not_asterisk(ami: AmiSettings) -> AmiError:
    """Return the error of a peer that does not speak AMI."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("what answers there is not Asterisk's manager interface"),
        say("write the host and port of manager.conf; the default port is 5038"),
    )


def asterisk_too_old(ami: AmiSettings, banner: str) -> AmiError:
    """Return the error of an Asterisk before 16: its events do not say which channels belong to one call."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say(
            "this Asterisk is too old, 16 or later is needed; it introduces itself as {banner}",
            banner=escape_controls(banner[:80]),
        ),
        say(
            "update Asterisk, or comment out host in [AMI]: then calls go through the spool, and how many lines "
            "others use is not known"
        ),
    )


def login_in_use(ami: AmiSettings) -> "LoginInUseError":
    """Return the error of a user who is logged in already, where Asterisk allows that once."""
    return LoginInUseError(
        Backoff.NETWORK,
        ami,
        say("Asterisk allows the user {user} one connection, and another one is open", user=ami.user),
        say(
            "write allowmultiplelogin = yes in manager.conf under [{user}], then: {command}; the same line in "
            "[general] takes effect only when Asterisk is restarted. Or give the other program a user of its own",
            user=ami.user,
            command=_RELOAD,
        ),
    )


def login_refused(ami: AmiSettings) -> AmiError:
    """Return the error of a refused login. Only Asterisk's log says whether secret, name or address is wrong."""
    return AmiError(
        Backoff.LOGIN,
        ami,
        say("Asterisk refuses the login of {user}", user=ami.user),
        say(
            "check that user and secret in [AMI] are those of manager.conf, and that permit there "
            "lets this machine in; then: {command}. The service tries again after 1, 5, 15 and 60 "
            "minutes, and at once when it is restarted",
            command=_RELOAD,
        ),
    )


def challenge_unavailable(ami: AmiSettings) -> AmiError:
    """Return the error of a login that would send the secret over the network in clear text."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("it does not support login by challenge (MD5), and the connection is not encrypted"),
        say("write tls = yes, or log in from Asterisk's own machine"),
    )


def events_missing(ami: AmiSettings) -> AmiError:
    """Return the error of calls that are up without any events about them."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("calls are in progress, but no events come about them"),
        say("give the user {user} read = call,user in manager.conf, then: {command}", user=ami.user, command=_RELOAD),
    )


def shutting_down(ami: AmiSettings) -> AmiError:
    """Return the error of an Asterisk that is about to stop, and refuses every action (manager.c)."""
    return AmiError(
        Backoff.NETWORK,
        ami,
        say("Asterisk is shutting down"),
        say("the service reconnects by itself when Asterisk is running again"),
    )


def channel_list_refused(ami: AmiSettings, reply: str) -> AmiError:
    """Return the error of a refused list of channels."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("Asterisk refuses to list its channels: {said}", said=reply[:80]),
        say("give the user {user} write = reporting in manager.conf, then: {command}", user=ami.user, command=_RELOAD),
    )


def certificate_mismatch(ami: AmiSettings, fingerprint: str) -> AmiError:
    """Return the error of a certificate other than the trusted one."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("its certificate is not the one in the settings"),
        say(
            "if it was renewed, write tls_fingerprint = {fingerprint}; if not, somebody else may be answering there",
            fingerprint=fingerprint,
        ),
    )


def originate_denied(ami: AmiSettings) -> Problem:
    """Return the problem of a user who may not originate calls."""
    return Problem(
        f"AMI {ami.host}:{ami.port}",
        say("the user {user} may not originate calls", user=ami.user),
        say(
            "write in manager.conf under [{user}]: {rights}; then: {command}",
            user=ami.user,
            rights="write = originate,reporting",
            command=_RELOAD,
        ),
    )


def planned_reconnect(ami: AmiSettings) -> AmiError:
    """Return the error that ends a connection on purpose, so that the next one logs in again."""
    return AmiError(Backoff.RENEWAL, ami, say("reconnecting to see whether the rights have been given"), Message(""))


def unexpected_error(ami: AmiSettings, error: Exception) -> AmiError:
    """Return the error of a bug in this program."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("unexpected error: {why}", why=repr(error)[:200]),
        say("this is a bug in obzvon: please report this line"),
    )


def from_exception(ami: AmiSettings, error: Exception) -> AmiError:
    """Return the error for the exception that a failed connection attempt raised."""
    if isinstance(error, ssl.SSLError):
        return _from_ssl_error(ami, error)
    if isinstance(error, socket.gaierror | UnicodeError):
        return AmiError(Backoff.SETTINGS, ami, say("there is no host of that name"), say("correct host in [AMI]"))
    return _from_os_error(ami, error) if isinstance(error, OSError) else unexpected_error(ami, error)


def _from_ssl_error(ami: AmiSettings, error: ssl.SSLError) -> AmiError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return AmiError(
            Backoff.SETTINGS,
            ami,
            say("its certificate is not trusted: {why}", why=error.verify_message or error.reason),
            say(
                "write in tls_ca the certificate of its issuer; if it is self-signed, write in "
                "tls_fingerprint what this prints: {command}",
                command=_FINGERPRINT,
            ),
        )
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("no encrypted connection could be made: {why}", why=error.reason or error),
        say(
            "check that this is the port of tlsbindaddr in manager.conf and that tlsenable is yes "
            "there, or write tls = no"
        ),
    )


def _from_os_error(ami: AmiSettings, error: OSError) -> AmiError:
    if isinstance(error, ConnectionRefusedError):
        return AmiError(
            Backoff.NETWORK,
            ami,
            say("nothing listens there"),
            say(
                "check that Asterisk is running, and that manager.conf has enabled = yes and this "
                "port; then: {command}",
                command=_RELOAD,
            ),
        )
    if isinstance(error, FileNotFoundError | PermissionError):
        return AmiError(
            Backoff.SETTINGS,
            ami,
            say("the certificates of tls_ca cannot be read: {why}", why=os_error_reason(error)),
            say("correct tls_ca in [AMI], or the permissions of that file"),
        )
    if isinstance(error, ConnectionError):
        return connection_lost(ami)
    if isinstance(error, TimeoutError) or error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return AmiError(
            Backoff.NETWORK,
            ami,
            say("the host does not answer"),
            say("check that it is up, and that no firewall blocks this port"),
        )
    return AmiError(
        Backoff.NETWORK, ami, say("no connection could be made: {why}", why=os_error_reason(error)), Message("")
    )
