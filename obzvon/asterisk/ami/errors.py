"""What can be wrong with the connection to Asterisk's manager interface, in plain words; when to try again. Pure."""

import enum
import errno
import socket
import ssl

from obzvon.common.errors import ObzvonError, Problem, os_error_reason
from obzvon.common.i18n import Message, say
from obzvon.settings.ami import AmiSettings

_FINGERPRINT = "openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE"
_RELOAD = "asterisk -rx 'manager reload'"


class Backoff(enum.Enum):
    """How a trouble is to be treated; the value is the pauses in seconds before each attempt, the last one repeated."""

    NETWORK = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    """It may pass by itself at any moment."""
    SETTINGS = (10.0, 30.0, 60.0, 300.0)
    """Somebody has to mend something."""
    RENEWAL = (0.1,)
    """Nothing is wrong; rights that were changed count from the next login on."""
    LOGIN = (60.0, 300.0, 900.0, 3600.0)
    """Each attempt is a failed login in Asterisk's log, and whoever watches that log bars us after a few of them."""

    def delay(self, failures: int) -> float:
        """Seconds before the next attempt, when that many in a row have failed."""
        pauses: tuple[float, ...] = self.value
        return pauses[min(max(failures, 1), len(pauses)) - 1]


class AmiError(ObzvonError):
    """There is no connection, or none that is of use."""

    def __init__(self, kind: Backoff, ami: AmiSettings, what: Message, remedy: Message) -> None:
        self.kind = kind
        self.problem = Problem(f"AMI {ami.host}:{ami.port}", what, remedy)
        super().__init__(self.problem)


def connection_lost(ami: AmiSettings) -> AmiError:
    """The other side has closed the connection, or the network has."""
    return AmiError(
        Backoff.NETWORK,
        ami,
        say("the connection was cut"),
        say("it is made anew by itself; if that goes on, see whether Asterisk runs"),
    )


def not_responding(ami: AmiSettings) -> AmiError:
    """The connection stands, and no answer comes."""
    remedy = say("it is tried again by itself; if that goes on, see whether Asterisk hangs")
    if not ami.tls:
        remedy = say(
            "it is tried again by itself; if that goes on, see whether Asterisk hangs, or write tls = yes if "
            "this port is the encrypted one"
        )
    return AmiError(Backoff.NETWORK, ami, say("nothing is answered there"), remedy)


def not_asterisk(ami: AmiSettings) -> AmiError:
    """What comes is none of Asterisk's manager interface."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("what answers there is not Asterisk's manager interface"),
        say("write the host and port of manager.conf; as it comes, the port is 5038"),
    )


def login_refused(ami: AmiSettings) -> AmiError:
    """Asterisk tells a wrong secret from a wrong name or address in its log only."""
    return AmiError(
        Backoff.LOGIN,
        ami,
        say("Asterisk refuses the login of {user}", user=ami.user),
        say(
            "see that user and secret in [AMI] are those of manager.conf, and that permit there lets this "
            "machine in; then: {command}. It is tried again after 1, 5, 15 and 60 minutes; a restart of the "
            "service tries at once",
            command=_RELOAD,
        ),
    )


def challenge_unavailable(ami: AmiSettings) -> AmiError:
    """The secret would cross the network for everybody to read."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("it takes no login by challenge (MD5), and the connection is not encrypted"),
        say("write tls = yes, or log in from Asterisk's own machine"),
    )


def events_missing(ami: AmiSettings) -> AmiError:
    """Calls go on, and nothing is told of them."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("calls are going on, and nothing is told of them"),
        say("give the user {user} read = call,user in manager.conf, then: {command}", user=ami.user, command=_RELOAD),
    )


def channel_list_refused(ami: AmiSettings, said: str) -> AmiError:
    """The list of channels is refused."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("Asterisk refuses to list its channels: {said}", said=said[:80]),
        say("give the user {user} write = reporting in manager.conf, then: {command}", user=ami.user, command=_RELOAD),
    )


def certificate_mismatch(ami: AmiSettings, fingerprint: str) -> AmiError:
    """It is not the one certificate that is trusted."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("its certificate is not the one of the settings"),
        say(
            "if it was renewed, write tls_fingerprint = {fingerprint}; if not, somebody else may be answering there",
            fingerprint=fingerprint,
        ),
    )


def originate_denied(ami: AmiSettings) -> Problem:
    """Calls go on, and none can be begun."""
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
    """The connection is made anew on purpose."""
    return AmiError(
        Backoff.RENEWAL, ami, say("the connection is made anew to see whether the rights were given"), Message("")
    )


def silent(ami: AmiSettings) -> Problem:
    """The connection stands, as it seems, and nothing has been heard for some time."""
    return not_responding(ami).problem


def unexpected_error(ami: AmiSettings, error: Exception) -> AmiError:
    """A mistake of ours."""
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("something unexpected: {why}", why=repr(error)[:200]),
        say("it is a mistake of obzvon: report this line"),
    )


def from_exception(ami: AmiSettings, error: Exception) -> AmiError:
    """What the system says when a connection cannot be made."""
    if isinstance(error, ssl.SSLError):
        return _of_encryption(ami, error)
    if isinstance(error, socket.gaierror | UnicodeError):
        return AmiError(Backoff.SETTINGS, ami, say("there is no machine of that name"), say("mend host in [AMI]"))
    return _of_network(ami, error) if isinstance(error, OSError) else unexpected_error(ami, error)


def _of_encryption(ami: AmiSettings, error: ssl.SSLError) -> AmiError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return AmiError(
            Backoff.SETTINGS,
            ami,
            say("its certificate is not trusted: {why}", why=error.verify_message or error.reason),
            say(
                "name in tls_ca the certificate of who has signed it; if it is self-signed, write as "
                "tls_fingerprint what this prints: {command}",
                command=_FINGERPRINT,
            ),
        )
    return AmiError(
        Backoff.SETTINGS,
        ami,
        say("no encrypted connection comes about: {why}", why=error.reason or error),
        say(
            "see that this is the port of tlsbindaddr in manager.conf and that tlsenable is yes there, or "
            "write tls = no"
        ),
    )


def _of_network(ami: AmiSettings, error: OSError) -> AmiError:
    if isinstance(error, ConnectionRefusedError):
        return AmiError(
            Backoff.NETWORK,
            ami,
            say("nothing listens there"),
            say(
                "see that Asterisk runs, and that manager.conf has enabled = yes and this port; then: {command}",
                command=_RELOAD,
            ),
        )
    if isinstance(error, FileNotFoundError | PermissionError):
        return AmiError(
            Backoff.SETTINGS,
            ami,
            say("the certificates of tls_ca cannot be read: {why}", why=os_error_reason(error)),
            say("mend tls_ca in [AMI], or the rights of that file"),
        )
    if isinstance(error, ConnectionError):
        return connection_lost(ami)
    if isinstance(error, TimeoutError) or error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return AmiError(
            Backoff.NETWORK,
            ami,
            say("that machine does not answer"),
            say("see whether it is up, and whether a firewall keeps this port closed"),
        )
    return AmiError(
        Backoff.NETWORK, ami, say("no connection comes about: {why}", why=os_error_reason(error)), Message("")
    )
