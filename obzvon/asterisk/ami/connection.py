"""A single connection to Asterisk's manager interface over panoramisk, from the login to its end, without retries.

Only panoramisk's protocol, messages and actions are used. Its Manager (version 1.4) reconnects by itself, even after a
refusal and for ever with a wrong password, and does not check the answers to its pings. So reconnection and pings
belong to the user of an `AmiConnection`.
"""

import asyncio
import hashlib
import logging
import re
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Self

import msgspec
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from obzvon.asterisk.ami import errors
from obzvon.asterisk.ami.errors import AmiError
from obzvon.asterisk.ami.originate import Action, ActionReply, ReplyStatus, is_shutting_down
from obzvon.common.hosts import is_loopback
from obzvon.settings.ami import AmiSettings

# Classes of events to subscribe to, of those that the user may read.
EVENTS = "call,user"

_GREETING = b"Asterisk Call Manager/"
# manager.c: 1.x to 4.x are Asterisk 1.4 to 15, 5.x is 16. Proxies may name a version without a number.
_VERSION = re.compile(rb"Asterisk Call Manager/(\d+)", re.ASCII)
_OLDEST_VERSION = 5
# The whole line is shorter; what is longer is no greeting.
_MAX_GREETING_BYTES = 200
_IN_USE = "already in use"
# How often a late answer is waited for again while other messages come.
_MAX_WAITS = 6
# No message of Asterisk's comes near this length; a longer one is not AMI.
_MAX_MESSAGE_CHARACTERS = 262_144

_silent = logging.getLogger("obzvon.asterisk.ami.client.panoramisk")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
_silent.setLevel(logging.CRITICAL)

Message = Mapping[str, Any]


class Timeouts(msgspec.Struct, frozen=True):
    """Intervals and limits of a connection, all in seconds."""

    #: Longest wait for a connection and for an answer; after that the peer counts as mute.
    patience: float = 10.0
    #: Between pings.
    ping: float = 2.0
    #: How long the lines in use are believed after the last message.
    fresh: float = 6.0
    #: Between an event and acting on it.
    settle: float = 0.1
    #: Between readings of GROUP_COUNT.
    group: float = 0.5
    #: Between lists of channels.
    compare: float = 30.0
    #: How long a connection must have been up for the next failure to count as the first one.
    steady: float = 2.0


class AmiConnection:
    """A connection that is logged in. After its loss every request raises AmiError, and no event comes any more."""

    def __init__(self, ami: AmiSettings, on_event: Callable[[Message], None], *, patience: float) -> None:
        self._ami = ami
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[AmiError] = self._loop.create_future()
        self._manager = _SingleConnectionManager(on_event, self._lose)
        self._protocol = _RobustProtocol(self._manager, self._lose_as_malformed, self._lose_as_old)

    def silent_seconds(self) -> float:
        """Return how long ago the last message came."""
        return self._loop.time() - self._protocol.last_heard

    @classmethod
    async def open(
        cls, ami: AmiSettings, on_event: Callable[[Message], None], *, patience: float = 10.0, events: str = EVENTS
    ) -> Self:
        """Connect and log in, each step within `patience` seconds; raises AmiError.

        `on_event` is called in the loop with each event and must not raise.
        """
        connection = cls(ami, on_event, patience=patience)
        try:
            await connection._connect()
            await connection._log_in(events)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """End the connection at once."""
        self._lose()
        self._protocol.abort()

    async def wait_lost(self) -> AmiError:
        """Wait for the loss of the connection and return why it was lost."""
        return await asyncio.shield(self._lost)

    async def request(self, action: str, /, **fields: str) -> Message:
        """Send an action and return the answer; raises AmiError if none comes."""
        answer = await self._request({"Action": action, **fields})
        return answer[0] if isinstance(answer, list) else answer

    async def evaluate(self, expression: str) -> str | None:
        """Return a global variable or a function of the dialplan, None if it is unknown; raises AmiError."""
        answer = await self.request("Getvar", Variable=expression)
        return text(answer, "Value") if text(answer, "Response") == "Success" else None

    async def list_channels(self) -> list[Message]:
        """Return every channel that is up; raises AmiError unless the whole list has come."""
        answer = await self._request({"Action": "CoreShowChannels"})
        if not isinstance(answer, list):
            self._ensure_not_stopping(answer)
            raise errors.channel_list_refused(self._ami, text(answer, "Message"))
        return [message for message in answer if text(message, "Event") == "CoreShowChannel"]

    async def originate(self, action: Action) -> ActionReply:
        """Send an action exactly once.

        Without an answer the connection is given up: the next one lists the channels, which shows what became of it.
        """
        transport = self._protocol.transport
        if self._lost.done() or transport is None or transport.is_closing():
            return ActionReply(ReplyStatus.NOT_SENT)
        # as_list: panoramisk takes "successfully queued" for the start of a list that ends with the call's answer.
        answer: asyncio.Future[Message] = self._manager.send_action(dict(action), as_list=False)
        awaited: set[asyncio.Future[Any]] = {answer, self._lost}
        await asyncio.wait(awaited, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            self._lose(errors.not_responding(self._ami))
            return ActionReply(ReplyStatus.UNANSWERED)
        if text(answer.result(), "Response") == "Success":
            return ActionReply(ReplyStatus.ACCEPTED)
        return ActionReply(ReplyStatus.REFUSED, text(answer.result(), "Message"))

    def end_for_new_login(self) -> None:
        """End the connection so that the next one logs in again."""
        self._lose(errors.planned_reconnect(self._ami))

    # -- connecting

    async def _connect(self) -> None:
        ami = self._ami
        try:
            connecting = self._loop.create_connection(
                lambda: self._protocol,
                ami.host,
                ami.port,
                ssl=_ssl_context(ami),
                server_hostname=ami.host if ami.tls else None,
            )
            transport, _ = await asyncio.wait_for(connecting, self._patience)
        except Exception as error:
            raise errors.from_exception(ami, error) from error
        if ami.tls_fingerprint:
            certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
            fingerprint = hashlib.sha256(certificate or b"").hexdigest()
            if fingerprint != ami.tls_fingerprint:
                raise errors.certificate_mismatch(ami, fingerprint)

    async def _log_in(self, events: str) -> None:
        ami = self._ami
        login = {"Action": "Login", "Username": ami.user, "Events": events}
        reply = await self.request("Challenge", AuthType="MD5")
        if text(reply, "Response") == "Success" and (challenge := text(reply, "Challenge")):
            key = hashlib.md5(f"{challenge}{ami.secret.reveal()}".encode(), usedforsecurity=False)
            login |= {"AuthType": "MD5", "Key": key.hexdigest()}
        elif ami.tls or is_loopback(ami.host):
            login |= {"Secret": ami.secret.reveal()}
        else:
            self._ensure_not_stopping(reply)
            raise errors.challenge_unavailable(ami)
        answer = await self._request(login)
        if isinstance(answer, list) or text(answer, "Response") != "Success":
            if not isinstance(answer, list):
                self._ensure_not_stopping(answer)
            # manager.c: "Login Already In Use", where allowmultiplelogin = no.
            is_in_use = not isinstance(answer, list) and _IN_USE in text(answer, "Message").lower()
            raise errors.login_in_use(ami) if is_in_use else errors.login_refused(ami)

    def _ensure_not_stopping(self, refusal: Message) -> None:
        """Raise AmiError if an action was refused because Asterisk is about to stop."""
        if is_shutting_down(text(refusal, "Message")):
            raise errors.shutting_down(self._ami)

    # -- requests

    async def _request(self, fields: dict[str, str]) -> Message | list[Message]:
        if self._lost.done():
            raise self._lost.result()
        answer: asyncio.Future[Message | list[Message]] = self._manager.send_action(fields)
        awaited: set[asyncio.Future[Any]] = {answer, self._lost}
        for _ in range(_MAX_WAITS):
            # panoramisk never resolves the futures of a lost connection.
            await asyncio.wait(awaited, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if self._lost.done():
                raise self._lost.result()
            if self.silent_seconds() > self._patience / 2:
                break
        answer.cancel()
        raise errors.not_responding(self._ami)

    def _lose(self, error: AmiError | None = None) -> None:
        if not self._lost.done():
            self._lost.set_result(error or errors.connection_lost(self._ami))

    def _lose_as_malformed(self) -> None:
        self._lose(errors.not_asterisk(self._ami))

    def _lose_as_old(self, banner: str) -> None:
        self._lose(errors.asterisk_too_old(self._ami, banner))


class _SingleConnectionManager(Manager):  # type: ignore[misc]
    """panoramisk's Manager without its own connecting and retrying."""

    def __init__(self, on_event: Callable[[Message], None], on_loss: Callable[[], None]) -> None:
        super().__init__(loop=asyncio.get_running_loop(), log=_silent)
        self._on_event = on_event
        self._on_loss = on_loss

    def dispatch(self, event: Message) -> list[str]:
        self._on_event(event)
        return []

    def connection_lost(self, _reason: object) -> None:
        self._on_loss()


class _RobustProtocol(AMIProtocol):  # type: ignore[misc]
    """panoramisk's protocol that survives malformed messages and notes when the last message came."""

    def __init__(
        self, manager: _SingleConnectionManager, on_malformed: Callable[[], None], on_old: Callable[[str], None]
    ) -> None:
        self._manager = manager
        self._on_malformed = on_malformed
        self._on_old = on_old
        self._loop = asyncio.get_running_loop()
        self._greeting = b""
        self._is_greeted = False
        self._is_over = False
        self.transport: asyncio.Transport | None = None
        self.last_heard = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory, self.config, self.encoding, self.log = self._manager, self._manager.config, "utf8", _silent
        self._manager.protocol = self
        if self._is_over:
            self.abort()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self.last_heard = self._loop.time()
        if not self._is_greeted and not self._take_greeting(data):
            return
        try:
            super().data_received(data)
        except Exception:
            _silent.debug("not a message", exc_info=True)
            self._give_up()
        if self.queue and len(self.queue[0]) > _MAX_MESSAGE_CHARACTERS:
            self._give_up()

    def _take_greeting(self, data: bytes) -> bool:
        """Judge the first line as far as it has come; return whether to carry on."""
        self._greeting += data[:_MAX_GREETING_BYTES]
        line, end, _ = self._greeting.partition(b"\n")
        if not line.startswith(_GREETING[: len(line)]) or len(line) >= _MAX_GREETING_BYTES:
            self._give_up()
            return False
        self._is_greeted = bool(end)
        version = _VERSION.match(line)
        if end and version and int(version[1]) < _OLDEST_VERSION:
            self._on_old(line.decode(errors="replace").strip())
            self.abort()
            return False
        return True

    def handle_message(self, message: Message) -> None:
        try:
            super().handle_message(message)
        except Exception:  # a field that a message has twice is a list, which panoramisk takes for text
            _silent.debug("a message that panoramisk cannot handle", exc_info=True)

    def abort(self) -> None:
        """End the connection at once, whatever is still to be sent."""
        self._is_over = True
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    def _give_up(self) -> None:
        self._on_malformed()
        self.abort()


def text(message: Message, name: str) -> str:
    """Return a field of a message, "" where it has none or several of that name."""
    value = message.get(name, "")
    return value if isinstance(value, str) else ""


def _ssl_context(ami: AmiSettings) -> ssl.SSLContext | None:
    if not ami.tls:
        return None
    context = ssl.create_default_context(cafile=ami.tls_ca)
    if ami.tls_fingerprint:  # it is compared instead, before anything is sent
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
