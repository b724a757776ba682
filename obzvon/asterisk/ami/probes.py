"""Requests over a connection that is up: pings, channel lists, group counts and extension codes.

Events alone are not enough. A peer that has fallen silent is noticed by its missing pongs only, events that were missed
show in the list of channels, and no event names a call's extension code.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from obzvon.asterisk.ami import errors
from obzvon.asterisk.ami.call_view import CallView
from obzvon.asterisk.ami.connection import AmiConnection, Message, Timeouts, text
from obzvon.asterisk.ami.errors import AmiError
from obzvon.settings.ami import AmiSettings

# Asterisk answers a ping at once, and sends events a little later.
_EVENT_LAG = timedelta(seconds=1)
_CODE = re.compile(r"[0-9*#w]*", re.ASCII)
_CODE_TRIES = 3
_CODES_AT_ONCE = 50


class ConnectionProbes:
    """Keeps a `CallView` up to date over one connection, from the login to its loss."""

    def __init__(self, ami: AmiSettings, calls: CallView, timeouts: Timeouts, *, clock: Callable[[], datetime]) -> None:
        self._ami = ami
        self._calls = calls
        self._timeouts = timeouts
        self._clock = clock
        self._has_call_events = False
        self._changed = asyncio.Event()

    async def run(self, on_up: Callable[[AmiConnection], None]) -> AmiError:
        """Connect, call `on_up` once everything is known, and probe until the connection is lost; return why.

        Raises AmiError where the connection cannot be made.
        """
        error = errors.connection_lost(self._ami)
        connection = await AmiConnection.open(self._ami, self._take_event, patience=self._timeouts.patience)
        try:
            await self._reconcile(connection, is_first=True)
            if self._ami.group:
                await self._count_group(connection)
            on_up(connection)
            async with asyncio.TaskGroup() as group:
                for seconds, act in self._periodic():
                    group.create_task(_repeat(seconds, act, connection))
                group.create_task(self._repeat_while(self._calls.has_ending_calls, self._settle, connection))
                group.create_task(self._repeat_while(self._calls.has_new_calls, self._ask_codes, connection))
                raise await connection.wait_lost()
        except* AmiError as raised:
            error = _first(raised)
        finally:
            connection.close()
        return error

    def _periodic(self) -> list[tuple[float, Callable[[AmiConnection], Awaitable[None]]]]:
        periodic: list[tuple[float, Callable[[AmiConnection], Awaitable[None]]]] = [
            (self._timeouts.ping, self._ping),
            (self._timeouts.compare, self._reconcile),
        ]
        if self._ami.group:
            periodic.append((self._timeouts.group, self._count_group))
        return periodic

    def _take_event(self, event: Message) -> None:
        self._has_call_events = self._has_call_events or text(event, "Event") == "Newchannel"
        self._calls.feed(event)
        if self._calls.has_ending_calls() or self._calls.has_new_calls():
            self._changed.set()

    async def _repeat_while(
        self,
        has_work: Callable[[], bool],
        act: Callable[[AmiConnection], Awaitable[None]],
        connection: AmiConnection,
    ) -> None:
        """Act while there is work. An idle connection sleeps until an event brings some."""
        while True:
            if not has_work():
                self._changed.clear()
                await self._changed.wait()
            await asyncio.sleep(self._timeouts.settle)
            await act(connection)

    async def _settle(self, _connection: AmiConnection) -> None:
        self._calls.settle()

    async def _ping(self, connection: AmiConnection) -> None:
        asked = self._clock()
        await connection.request("Ping")
        self._calls.set_heard_until(asked - _EVENT_LAG)

    async def _reconcile(self, connection: AmiConnection, *, is_first: bool = False) -> None:
        asked = self._clock()
        before = self._calls.channels_up()
        try:
            channels = await connection.list_channels()
        except AmiError as error:
            if is_first or error.problem != errors.shutting_down(self._ami).problem:
                raise
            return  # until Asterisk stops, the events still show how the last calls end
        unannounced = self._calls.reconcile(channels, before, is_first=is_first)
        self._changed.set()  # no event comes for channels that the list shows to be gone
        if is_first:
            self._calls.set_listening_since(asked)
        elif unannounced and not self._has_call_events:
            raise errors.events_missing(self._ami)

    async def _count_group(self, connection: AmiConnection) -> None:
        answer = await connection.request("Getvar", Variable=f"GROUP_COUNT({self._ami.group})")
        self._calls.set_group_count(text(answer, "Value"))

    async def _ask_codes(self, connection: AmiConnection) -> None:
        """Ask for the extension code of each new call: nothing else tells two calls of one number apart."""
        waiting = self._calls.take_calls_without_code()
        for start in range(0, len(waiting), _CODES_AT_ONCE):
            batch = waiting[start : start + _CODES_AT_ONCE]
            await asyncio.gather(*(self._ask_code(connection, linkedid, channel) for linkedid, channel in batch))

    async def _ask_code(self, connection: AmiConnection, linkedid: str, channel: str) -> None:
        for _ in range(_CODE_TRIES):
            answer = await connection.request("Getvar", Channel=channel, Variable="dtmf")
            if text(answer, "Response") != "Success":
                return  # it is over already
            code = text(answer, "Value")
            if code or self._calls.may_lack_code():
                break
            await asyncio.sleep(self._timeouts.settle)  # Asterisk sets a call file's variables just after its channel
        if _CODE.fullmatch(code):
            self._calls.set_code(linkedid, code)


async def _repeat(seconds: float, act: Callable[[AmiConnection], Awaitable[None]], connection: AmiConnection) -> None:
    while True:
        await asyncio.sleep(seconds)
        await act(connection)


def _first(raised: BaseExceptionGroup[AmiError]) -> AmiError:
    first = raised.exceptions[0]
    return first if isinstance(first, AmiError) else _first(first)
