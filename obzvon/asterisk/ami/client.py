"""The link to Asterisk's manager interface: lines in use, and how each call ended, while it stands.

It lives in a thread of its own with a loop of its own and connects again by itself, for ever; nothing of it raises or
blocks. The service asks it what it wants to know, from any thread:

    link = Link(settings.ami, settings.ordinary.context, settings.coded.context)
    link.start()
    link.state().up, link.channels(), link.ended()
    link.stop()
"""

import asyncio
import concurrent.futures
import contextlib
import logging
import re
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta

from obzvon.asterisk.ami import errors
from obzvon.asterisk.ami.call_tracker import CallTracker, LineCounts
from obzvon.asterisk.ami.connection import AmiConnection, Message, text
from obzvon.asterisk.ami.errors import AmiError, Backoff
from obzvon.asterisk.ami.originate import Action, ActionReply, ReplyStatus, is_channel_id
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.asterisk.ami.status import ConnectionStatus, Timeouts
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.settings.ami import AmiSettings

log = logging.getLogger("obzvon")

MAX_OUTCOMES = 100_000
"""So many wait to be asked for; a service that asks later than that loses the oldest."""

_LAG = timedelta(seconds=1)
"""Asterisk answers a ping at once, and tells of events a little later."""
_CODE = re.compile(r"[0-9*#w]*", re.ASCII)
_ASKED = 3
_REPEATED = timedelta(minutes=10)
"""A trouble that comes again within this time is not told again."""


class AmiClient:
    """The link; `ordinary` and `coded` are the contexts of our two kinds of call files."""

    def __init__(
        self,
        ami: AmiSettings,
        ordinary: str,
        coded: str,
        *,
        clock: Callable[[], datetime] | None = None,
        times: Timeouts | None = None,
        backoff: Callable[[Backoff, int], float] = Backoff.delay,
    ) -> None:
        self._ami = ami
        self._ordinary = ordinary
        self._coded = coded
        self._clock = clock or _now
        self._times = times or Timeouts()
        self._backoff = backoff
        self._lock = threading.Lock()
        self._calls = CallTracker({ordinary, coded})
        self._ended: deque[AttemptOutcome] = deque(maxlen=MAX_OUTCOMES)
        self._stirred = asyncio.Event()
        self.on_outcomes: Callable[[], None] = _nobody
        """Is called, in the link's thread, whenever there are outcomes to be asked for."""
        self._health = ConnectionStatus(up=False, since=self._clock())
        self._whole_since: datetime | None = None
        self._seen_until: datetime | None = None
        self._group: tuple[int, int] | None = None
        self._heard_of_calls = False
        self._session: AmiConnection | None = None
        self._told: dict[str, datetime] = {}
        self._is_told = False
        self._is_stopped = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    # -- for the service, from any thread

    def start(self) -> None:
        """Begins to connect, in the background."""
        if self._thread is None:
            self._is_stopped = False
            self._thread = threading.Thread(target=self._run, name="ami", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends it, within a second."""
        if self._thread is not None:
            with self._lock:
                self._is_stopped = True
                if self._loop is not None and self._task is not None:
                    self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(1)
            self._thread = None

    def status(self) -> ConnectionStatus:
        """Whether it is up."""
        return self._health

    def is_login_refused(self) -> bool:
        """Whether Asterisk refuses our login, so that every other one would be a failure more in its log."""
        return self._health.problem == errors.login_refused(self._ami).problem

    def lines_in_use(self) -> LineCounts | None:
        """The lines in use now, None where that is not known: the link is down or has been silent."""
        with self._lock:
            if not self._is_fresh():
                return None
            lines = self._calls.count_lines(self._ami.trunk)
            if self._ami.group:
                if self._group is None:
                    return None
                count, ours = self._group
                return LineCounts(lines.ours, max(0, count - ours), lines.channels)
            return lines

    def take_outcomes(self) -> list[AttemptOutcome]:
        """The outcomes since this was asked last, oldest first."""
        with self._lock:
            outcomes = list(self._ended)
            self._ended.clear()
            return outcomes

    def has_outcomes(self) -> bool:
        """Whether there are outcomes to be asked for."""
        return bool(self._ended)

    def call_starts(self) -> dict[tuple[str, str, str | None], datetime]:
        """Of our calls that it sees and has not told of: number, context, code (None = unknown), and the last begin."""
        with self._lock:
            return self._calls.call_starts() if self._session else {}

    def has_listened_since(self, moment: datetime) -> bool:
        """Whether it is up and has seen every event since then: what has not been told has not ended yet."""
        since = self._whole_since
        return since is not None and since <= moment

    def heard_until(self) -> datetime | None:
        """All that happened before that moment has been seen and told; None while it is down."""
        return self._seen_until

    # -- for calls that are made through it

    def can_send(self) -> bool:
        """Whether actions can be sent: it is up, and something was heard not long ago."""
        with self._lock:
            return self._is_fresh()

    def outage(self) -> tuple[datetime, Problem]:
        """Since when it does not carry, and why."""
        health = self._health
        return health.since, health.problem or errors.silent(self._ami)

    def originate_denied(self) -> Problem:
        """What to do where the right to originate is refused."""
        return errors.originate_denied(self._ami)

    def originate(self, action: Action) -> ActionReply:
        """Sends one action and waits for the answer, while the loop carries on; raises nothing."""
        with self._lock:
            session, loop = self._session, self._loop
            if session is None or loop is None:
                return ActionReply(ReplyStatus.NOT_SENT)
            asked = asyncio.run_coroutine_threadsafe(session.originate(action), loop)
        try:
            return asked.result(self._times.patience + 1)
        except (TimeoutError, concurrent.futures.CancelledError):  # it may have left: at the worst it leaves still
            asked.cancel()
            return ActionReply(ReplyStatus.UNANSWERED)

    def reconnect(self) -> None:
        """Logs in anew."""
        with self._lock:
            if self._session is not None and self._loop is not None:
                self._loop.call_soon_threadsafe(self._session.reconnect)

    def linkedids(self) -> set[str]:
        """The Linkedids of the calls that are up, or over and not told of yet."""
        with self._lock:
            return self._calls.linkedids()

    def hung_up(self, linkedids: Collection[str]) -> set[str]:
        """Those of these whose channels are all hung up."""
        with self._lock:
            return self._calls.hung_up(linkedids)

    def listening_since(self) -> datetime | None:
        """Since when everything that happens is heard; None = it is not."""
        return self._whole_since

    # -- the thread

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        try:
            task = loop.create_task(self._serve())
            with self._lock:
                self._loop, self._task = loop, task
                if self._is_stopped:
                    task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        finally:
            self._unlink(None)
            with self._lock:
                self._loop = self._task = None
            loop.run_until_complete(_let_go())
            loop.close()

    async def _serve(self) -> None:
        """Connects, works until that ends, and waits before the next time: the one owner of all that."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._is_stopped:  # a TaskGroup that is about to fail swallows the cancellation (Python 3.11)
            begun = loop.time()
            try:
                trouble = await self._connected()
            except AmiError as found:
                trouble = found
            except Exception as error:
                trouble = errors.unexpected_error(self._ami, error)
            steady = self._health.up and loop.time() - begun > self._times.steady
            failures = 1 if steady else failures + 1
            if self._is_stopped:
                return
            self._down(trouble)
            await asyncio.sleep(self._backoff(trouble.kind, failures))

    async def _connected(self) -> AmiError:
        """One connection, from its making to its loss."""
        trouble = errors.connection_lost(self._ami)
        self._heard_of_calls = False
        self._stirred = asyncio.Event()
        session = await AmiConnection.open(self._ami, self._take, patience=self._times.patience)
        try:
            await self._compare(session, anew=True)
            if self._ami.group:
                await self._count_group(session)
            self._up(session)
            async with asyncio.TaskGroup() as group:
                every = self._times
                for seconds, act in (
                    (every.ping, self._ping),
                    (every.compare, self._compare),
                    *([(every.group, self._count_group)] if self._ami.group else []),
                ):
                    group.create_task(_repeat(seconds, act, session))
                for there_is, do in (
                    (lambda: self._calls.has_ending_calls, self._settle),
                    (lambda: bool(self._calls.new_calls), self._ask_codes),
                ):
                    group.create_task(self._repeat_while(there_is, do, session))
                raise await session.wait_lost()
        except* AmiError as raised:
            trouble = _first(raised)
        finally:
            session.close()
        return trouble

    def _is_fresh(self) -> bool:
        session, loop = self._session, self._loop
        return session is not None and loop is not None and loop.time() - session.last_heard <= self._times.fresh

    def _take(self, event: Message) -> None:
        with self._lock:
            self._heard_of_calls = self._heard_of_calls or text(event, "Event") == "Newchannel"
            self._calls.feed(event, self._clock())
            if self._calls.has_ending_calls or self._calls.new_calls:
                self._stirred.set()

    async def _repeat_while(
        self, there_is: Callable[[], bool], act: Callable[[AmiConnection], Awaitable[None]], session: AmiConnection
    ) -> None:
        """While there is something to do; an idle link sleeps until something comes."""
        while True:
            if not there_is():
                self._stirred.clear()
                await self._stirred.wait()
            await asyncio.sleep(self._times.settle)
            await act(session)

    async def _settle(self, _session: AmiConnection) -> None:
        with self._lock:
            if self._calls.has_ending_calls:
                now = self._clock()
                outcomes = self._calls.take_outcomes(now)
                if len(self._ended) + len(outcomes) > MAX_OUTCOMES and self._whole_since:
                    self._whole_since = now
                self._ended.extend(outcomes)
        if self._ended:
            self.on_outcomes()

    async def _ping(self, session: AmiConnection) -> None:
        asked = self._clock()
        await session.request("Ping")
        self._seen_until = asked - _LAG

    async def _compare(self, session: AmiConnection, *, anew: bool = False) -> None:
        asked = self._clock()
        with self._lock:
            known = self._calls.channels_up()
        channels = await session.list_channels()
        with self._lock:
            unannounced = self._calls.reconcile(channels, known, self._clock(), anew=anew)
            heard = self._heard_of_calls
        self._stirred.set()  # of what is gone by the list no event comes
        if anew:
            self._whole_since = asked
        elif unannounced and not heard:
            raise errors.events_missing(self._ami)

    async def _count_group(self, session: AmiConnection) -> None:
        """GROUP_COUNT, and how many of ours were up then: between two counts ours are known by their events."""
        answer = await session.request("Getvar", Variable=f"GROUP_COUNT({self._ami.group})")
        value = text(answer, "Value")
        with self._lock:
            ours = self._calls.count_lines().ours
            self._group = (int(value), ours) if value.isdecimal() else None

    async def _ask_codes(self, session: AmiConnection) -> None:
        """The extension code of each call that has begun: two calls of one number are told apart by nothing else."""
        with self._lock:
            begun = [one for one in self._calls.new_calls if not is_channel_id(one[0])]
            self._calls.new_calls.clear()
            if self._ordinary != self._coded:
                for linkedid, _, context in begun:
                    if context == self._ordinary:
                        self._calls.set_code(linkedid, "")
        waiting = [(linkedid, channel) for linkedid, channel, context in begun if context == self._coded]
        for place in range(0, len(waiting), 50):
            await asyncio.gather(*(self._ask_code(session, *one) for one in waiting[place : place + 50]))

    async def _ask_code(self, session: AmiConnection, linkedid: str, channel: str) -> None:
        for _ in range(_ASKED):
            answer = await session.request("Getvar", Channel=channel, Variable="dtmf")
            if text(answer, "Response") != "Success":
                return  # it is over already
            code = text(answer, "Value")
            if code or self._ordinary == self._coded:
                break
            await asyncio.sleep(self._times.settle)  # Asterisk sets a call file's variables just after its channel
        if _CODE.fullmatch(code):
            with self._lock:
                self._calls.set_code(linkedid, code)

    # -- up and down

    def _up(self, session: AmiConnection) -> None:
        with self._lock:
            self._session = session
            self._health = ConnectionStatus(up=True, since=self._clock())
        if self._is_told:
            self._is_told = False
            log.info("%s", say("AMI {host}:{port}: the connection stands", host=self._ami.host, port=self._ami.port))

    def _down(self, trouble: AmiError) -> None:
        self._unlink(trouble.problem)
        now = self._clock()
        said = str(trouble.problem)
        last = self._told.get(said)
        is_new = last is None or not timedelta() <= now - last < _REPEATED
        if trouble.kind is not Backoff.RENEWAL and is_new:
            self._told = {one: at for one, at in self._told.items() if timedelta() <= now - at < _REPEATED}
            self._told[said] = now
            self._is_told = True
            log.warning("%s", trouble.problem)

    def _unlink(self, problem: Problem | None) -> None:
        """From now on nothing is known."""
        with self._lock:
            now = self._clock()
            self._session = self._group = self._whole_since = self._seen_until = None
            since = now if self._health.up or self._health.problem is None else self._health.since
            self._health = ConnectionStatus(up=False, since=since, problem=problem)
            self._calls.mark_gap(now)


async def _let_go() -> None:
    """The loop closes an aborted connection in its next rounds."""
    for _ in range(5):
        await asyncio.sleep(0)


async def _repeat(seconds: float, act: Callable[[AmiConnection], Awaitable[None]], session: AmiConnection) -> None:
    while True:
        await asyncio.sleep(seconds)
        await act(session)


def _first(raised: BaseExceptionGroup[AmiError]) -> AmiError:
    first = raised.exceptions[0]
    return first if isinstance(first, AmiError) else _first(first)


def _nobody() -> None:
    """Nobody wants to be told."""


def _now() -> datetime:
    return datetime.now(UTC)
