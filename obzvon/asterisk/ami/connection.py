"""One connection to Asterisk's manager interface, by panoramisk, from the login to its end: no retries.

Of panoramisk its protocol, messages and actions are used. Its Manager connects again by itself, even after a refusal
and for ever with a wrong password, and checks no answer to its pings; so whoever uses an `AmiConnection` owns all
of that.
"""

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Self

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from obzvon.asterisk.ami import errors
from obzvon.asterisk.ami.errors import AmiError
from obzvon.asterisk.ami.originate import Action, ActionReply, ReplyStatus
from obzvon.common.hosts import is_loopback
from obzvon.settings.ami import AmiSettings

EVENTS = "call,user"
"""What is subscribed to, of what the user may read."""

_GREETING = b"Asterisk Call Manager/"
_BUSY = 6
"""So many times an answer is waited for while other things come."""
_LONGEST = 262_144
"""Characters: no message of Asterisk's comes near; what does not end by then is none."""

_silent = logging.getLogger("obzvon.asterisk.ami.client.panoramisk")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
_silent.setLevel(logging.CRITICAL)

Message = Mapping[str, Any]


class AmiConnection:
    """A connection that is logged in; after its loss every request raises Trouble, and no event comes any more."""

    def __init__(self, ami: AmiSettings, on_event: Callable[[Message], None], *, patience: float) -> None:
        self._ami = ami
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[AmiError] = self._loop.create_future()
        self._manager = _SingleConnectionManager(on_event, self._lose)
        self._protocol = _RobustProtocol(self._manager, self._lose_as_nonsense)

    @property
    def last_heard(self) -> float:
        """When something came last, by the loop's time."""
        return self._protocol.last_heard

    @classmethod
    async def open(
        cls, ami: AmiSettings, on_event: Callable[[Message], None], *, patience: float = 10.0, events: str = EVENTS
    ) -> Self:
        """Connects and logs in, each step within `patience` seconds; raises Trouble.

        `on_event` is called in the loop with each event and must not raise.
        """
        session = cls(ami, on_event, patience=patience)
        try:
            await session._connect()
            await session._log_in(events)
        except BaseException:
            session.close()
            raise
        return session

    def close(self) -> None:
        """Ends it at once."""
        self._lose()
        self._protocol.abort()

    async def wait_lost(self) -> AmiError:
        """Waits for the loss of the connection; why it was lost."""
        return await asyncio.shield(self._lost)

    async def request(self, action: str, /, **fields: str) -> Message:
        """The answer to an action; raises Trouble where none comes."""
        answer = await self._ask({"Action": action, **fields})
        return answer[0] if isinstance(answer, list) else answer

    async def list_channels(self) -> list[Message]:
        """Every channel that is up, whole or not at all; raises Trouble."""
        answer = await self._ask({"Action": "CoreShowChannels"})
        if not isinstance(answer, list):
            raise errors.channel_list_refused(self._ami, text(answer, "Message"))
        return [message for message in answer if text(message, "Event") == "CoreShowChannel"]

    async def originate(self, action: Action) -> ActionReply:
        """Sends it once, whatever comes; without an answer the connection is given up, so that the next one looks."""
        transport = self._protocol.transport
        if self._lost.done() or transport is None or transport.is_closing():
            return ActionReply(ReplyStatus.NOT_SENT)
        # as_list: to panoramisk "successfully queued" begins a list, which would end with the call's answer.
        answer: asyncio.Future[Message] = self._manager.send_action(dict(action), as_list=False)
        either: set[asyncio.Future[Any]] = {answer, self._lost}
        await asyncio.wait(either, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            self._lose(errors.not_responding(self._ami))
            return ActionReply(ReplyStatus.UNANSWERED)
        if text(answer.result(), "Response") == "Success":
            return ActionReply(ReplyStatus.ACCEPTED)
        return ActionReply(ReplyStatus.REFUSED, text(answer.result(), "Message"))

    def reconnect(self) -> None:
        """Ends it, for the next one to log in anew."""
        self._lose(errors.planned_reconnect(self._ami))

    # -- connecting

    async def _connect(self) -> None:
        ami = self._ami
        try:
            making = self._loop.create_connection(
                lambda: self._protocol,
                ami.host,
                ami.port,
                ssl=_context(ami),
                server_hostname=ami.host if ami.tls else None,
            )
            transport, _ = await asyncio.wait_for(making, self._patience)
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
        asked = await self.request("Challenge", AuthType="MD5")
        if text(asked, "Response") == "Success" and (challenge := text(asked, "Challenge")):
            key = hashlib.md5(f"{challenge}{ami.secret.reveal()}".encode(), usedforsecurity=False)
            login |= {"AuthType": "MD5", "Key": key.hexdigest()}
        elif ami.tls or is_loopback(ami.host):
            login |= {"Secret": ami.secret.reveal()}
        else:
            raise errors.challenge_unavailable(ami)
        answer = await self._ask(login)
        if isinstance(answer, list) or text(answer, "Response") != "Success":
            raise errors.login_refused(ami)

    # -- asking

    async def _ask(self, fields: dict[str, str]) -> Message | list[Message]:
        if self._lost.done():
            raise self._lost.result()
        answer: asyncio.Future[Message | list[Message]] = self._manager.send_action(fields)
        either: set[asyncio.Future[Any]] = {answer, self._lost}
        for _ in range(_BUSY):
            # Futures of panoramisk's whose connection is lost are never resolved.
            await asyncio.wait(either, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if self._lost.done():
                raise self._lost.result()
            if self._loop.time() - self.last_heard > self._patience / 2:
                break
        answer.cancel()
        raise errors.not_responding(self._ami)

    def _lose(self, trouble: AmiError | None = None) -> None:
        if not self._lost.done():
            self._lost.set_result(trouble or errors.connection_lost(self._ami))

    def _lose_as_nonsense(self) -> None:
        self._lose(errors.not_asterisk(self._ami))


class _SingleConnectionManager(Manager):  # type: ignore[misc]
    """panoramisk's Manager, less its own ways of connecting and retrying."""

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
    """panoramisk's protocol, which survives what is no message and knows when it heard something last."""

    def __init__(self, manager: _SingleConnectionManager, on_nonsense: Callable[[], None]) -> None:
        self._manager = manager
        self._on_nonsense = on_nonsense
        self._loop = asyncio.get_running_loop()
        self._greeting = b""
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
        if len(self._greeting) < len(_GREETING):
            self._greeting += data[: len(_GREETING)]
            if not self._greeting.startswith(_GREETING[: len(self._greeting)]):
                self._give_up()
                return
        try:
            super().data_received(data)
        except Exception:
            _silent.debug("no message", exc_info=True)
            self._give_up()
        if self.queue and len(self.queue[0]) > _LONGEST:
            self._give_up()

    def handle_message(self, message: Message) -> None:
        try:
            super().handle_message(message)
        except Exception:  # panoramisk takes fields for text that a message has twice, as a list
            _silent.debug("a message that panoramisk cannot take", exc_info=True)

    def abort(self) -> None:
        """Ends the connection at once, whatever is still to be sent."""
        self._is_over = True
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    def _give_up(self) -> None:
        self._on_nonsense()
        self.abort()


def text(message: Message, name: str) -> str:
    """A field of a message, "" where it has none or several of that name."""
    value = message.get(name, "")
    return value if isinstance(value, str) else ""


def _context(ami: AmiSettings) -> ssl.SSLContext | None:
    if not ami.tls:
        return None
    context = ssl.create_default_context(cafile=ami.tls_ca)
    if ami.tls_fingerprint:  # that is compared instead, before anything is sent
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
