"""Hands calls over to Asterisk and finds out what became of them: the steps between the journal and the spool.

The order of the steps is what makes it safe to be stopped anywhere:

1. stage: the call files are written into the store, whole and durable; the calls still wait.
2. The journal says that these calls are being handed over, durably.
3. release: each file is renamed into the spool, and the folders are made durable.
4. The journal says that they are handed over.

So after a crash a call that is being handed over and whose file is still in the store was not rung, and one whose file
is nowhere has been in the spool and Asterisk has finished with it. Evidence decides; the journal follows it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec

from obzvon import callfile
from obzvon.ami_outcomes import Outcome
from obzvon.campaign import CallForm, Disposition
from obzvon.journal import Detail, Ending, Journal, RunCall, State
from obzvon.language import say
from obzvon.rounds import Rounds
from obzvon.spool import NotReleased, Spool
from obzvon.told import Gone, Told, own, verdict

_STATUS_LATE = timedelta(seconds=10)
"""After this an archived file without a status will not get one."""

_SETTLING = timedelta(seconds=1)
"""A file that is in the spool this long and not begun is one that Asterisk does not take now."""

_RESTARTED = say("Asterisk stopped or was restarted during the call; taken out so that it is not rung again")


class Recovered(msgspec.Struct, frozen=True):
    """What a start found of calls that were being handed over when the service stopped."""

    again: int = 0
    handed: int = 0
    unknown: int = 0


class Collected(msgspec.Struct, frozen=True):
    """What a look found: calls that ended, calls that wait for a further attempt, and files that came back un-begun."""

    endings: list[Ending]
    returned: list[RunCall]
    put_off: list[Ending] = []


class HandOver:
    """Moves calls from the journal into the spool, and their outcomes back."""

    def __init__(self, journal: Journal, spool: Spool, *, ordinary: CallForm, coded: CallForm,
                 rounds: Rounds | None = None, told: Told | None = None) -> None:
        self._journal = journal
        self._spool = spool
        self._ordinary = callfile.Template(ordinary)
        self._coded = callfile.Template(coded)
        self._forms = ordinary, coded
        self._rounds = rounds or Rounds()
        self._told = told
        self._handed: dict[str, RunCall] = {}
        self._no_status_since: dict[str, datetime] = {}
        self._gone: dict[str, Gone] = {}
        self._looked_at: datetime | None = None

    @property
    def outstanding(self) -> int:
        """Calls that Asterisk has and has not finished with, as far as it was looked."""
        return len(self._handed)

    @property
    def has_news(self) -> bool:
        """Whether Asterisk's events have told of ends since it was looked."""
        return self._told is not None and self._told.has_news

    def has_calls_of(self, run_id: int) -> bool:
        """Whether Asterisk has calls of that run."""
        return any(call.run_id == run_id for call in self._handed.values())

    def hand(self, calls: list[RunCall], bundle: int, *, now: datetime, then: list[RunCall] | None = None) -> None:
        """Hands over calls of one run that wait; raises OSError or NotReleased, and then the rest waits again.

        `then` are the calls that will most likely go next, and at once: their files are written meanwhile.
        """
        files = {_name(call): call for call in calls}
        if not self._spool.is_staged_ahead(list(files)):
            self._spool.stage(self._files(calls))
        if then:
            self._spool.stage_ahead(self._files(then))
        self._journal.begin_handing(calls, bundle)
        try:
            self._spool.release(list(files))
        except NotReleased as error:
            released = [files[name] for name in error.released]
            if released:
                self._journal.end_handing(released, at=now)
                self._remember(released, now)
            self._again(calls[len(released):])
            raise
        self._journal.end_handing(calls, at=now)
        self._remember(calls, now)

    def recover(self, *, now: datetime) -> Recovered:
        """After a stop at whatever point: finds by the files what became of the calls that were on their way."""
        again: list[RunCall] = []
        handed: list[RunCall] = []
        unknown: list[RunCall] = []
        for call in self._journal.on_the_way(State.HANDING):
            name = _name(call)
            begun = self._spool.begun_in_store(name)
            if begun is False:
                again.append(call)
            elif begun or self._spool.is_present(name) or self._spool.archived(name)[0]:
                handed.append(call)
            else:
                unknown.append(call)
        for calls in _by_run(handed):
            self._journal.end_handing(calls, at=now)
        reason = say("the service stopped while it was handing the call over, and Asterisk has finished with it since")
        self._journal.end_calls(Ending(call.run_id, call.position, Disposition.UNKNOWN, now, reason)
                                for call in unknown)
        for calls in _by_run(again):
            self._again(calls)
        self._handed.clear()
        self._remember(self._journal.on_the_way(State.HANDED), now)
        # What else lies in the store was staged for calls that still wait: it is written anew when they go.
        self._spool.discard(self._stray())
        return Recovered(len(again), len(handed), len(unknown))

    def may_put_off(self, run_id: int) -> bool:
        """Whether calls of the run that Asterisk has may come to wait for a further attempt."""
        return bool(self._rounds) and any(call.run_id == run_id for call in self._handed.values())

    def collect(self, *, now: datetime, goes_on: Callable[[int], bool] = lambda _: False) -> Collected:
        """Looks which calls Asterisk has finished with, and writes down how they ended.

        A call whose run `goes_on`, by its id, may be put off for a further attempt instead.
        """
        if self._told and self._handed:
            self._told.look(now)
        before, self._looked_at = self._looked_at or now, now
        present = set(self._spool.present()) if self._handed else set()
        endings: list[Ending] = []
        put_off: list[tuple[Ending, datetime]] = []
        returned: list[RunCall] = []
        for name, call in list(self._handed.items()):
            if name in present:
                ending = self._left_behind(name, call, now)
            elif self._spool.begun_in_store(name) is False:
                returned.append(call)
                continue
            else:
                if name not in self._gone or now < self._gone[name][1]:  # or the clock was set back
                    self._gone[name] = max(before, call.handed_at or before), now
                ending = self._finished(name, call, now)
            if ending is None:
                continue
            again = self._rounds.again(ending.disposition, call.attempt)
            if again is not None and goes_on(call.run_id):
                put_off.append((ending, ending.at + again))
            else:
                endings.append(ending)
            del self._handed[name]
        self._journal.put_off(put_off)
        if endings:
            self._journal.end_calls(endings)
            self._journal.settle()
        return Collected(endings, returned, [ending for ending, _ in put_off])

    def take_back(self, calls: list[RunCall]) -> None:
        """Calls of one run that came back from the spool without having been begun wait again."""
        for call in calls:
            self._handed.pop(_name(call), None)
        self._journal.give_back(calls, State.HANDED)
        self._spool.discard(_name(call) for call in calls)

    def give_up(self, calls: list[RunCall], *, now: datetime) -> None:
        """Calls that came back from the spool without having been begun, and whose day is over, end as withdrawn."""
        reason = say("Asterisk was down from the hand-over until the run had ended; the call was never begun")
        self._journal.end_calls([Ending(call.run_id, call.position, Disposition.WITHDRAWN, now, reason)
                                 for call in calls])
        for call in calls:
            self._handed.pop(_name(call), None)
        self._spool.discard(_name(call) for call in calls)

    def withdraw(self, *, now: datetime) -> tuple[int, int]:
        """Takes the files out of the spool whose calls Asterisk has not begun; returns how many, and how many stay."""
        endings = []
        for name, call in list(self._handed.items()):
            if call.handed_at is not None and timedelta(0) <= now - call.handed_at < _SETTLING:
                continue
            begun = self._spool.take_out(name) if self._spool.started(name) is False else None
            if begun is None:
                continue
            disposition, reason = (
                (Disposition.UNKNOWN, say("taken out of the spool at the moment when Asterisk began the call")) if begun
                else (Disposition.WITHDRAWN, say("taken out of the spool before Asterisk began the call")))
            endings.append(Ending(call.run_id, call.position, disposition, now, reason))
            del self._handed[name]
        self._journal.end_calls(endings)
        return sum(ending.disposition is Disposition.WITHDRAWN for ending in endings), len(self._handed)

    def close(self) -> None:
        """Ends what works ahead; the files are looked through at the next start."""
        self._spool.close()

    def _stray(self) -> set[str]:
        """What was staged by runs of this journal and is not handed over; another campaign may share the store."""
        tokens = self._journal.tokens()
        staged = set(self._spool.staged()) - self._handed.keys()
        return {name for name in staged if (found := callfile.parse_name(name)) and found.token in tokens}

    def _again(self, calls: list[RunCall]) -> None:
        self._journal.give_back(calls, State.HANDING)
        self._spool.discard(_name(call) for call in calls)

    def _left_behind(self, name: str, call: RunCall, now: datetime) -> Ending | None:
        if not self._spool.is_left_behind(name) or self._spool.take_out(name) is None:
            return None
        return Ending(call.run_id, call.position, Disposition.UNKNOWN, now, _RESTARTED)

    def _finished(self, name: str, call: RunCall, now: datetime) -> Ending | None:
        """How the call of a file that has gone ended; None while that may still come to be known."""
        gone = now - self._gone[name][1]
        form = self._forms[bool(call.code)]
        outcomes: list[Outcome] = []
        if self._told:
            if self._told.lasts(call, form.context):
                return None
            outcomes = own(self._told.of(call, form.context), call, form.max_retries + 1, self._gone[name])
        is_last = bool(outcomes) and (not form.max_retries or gone >= _SETTLING)
        if self._told and not is_last and self._told.may_come(call, form.context, gone):
            return None
        ending = self._by_events(call, form, outcomes, now) or self._by_archive(name, call, form, outcomes, now)
        if ending is not None:
            self._gone.pop(name, None)
            if self._told:
                self._told.forget(outcomes)
        return ending

    def _by_events(self, call: RunCall, form: CallForm, outcomes: list[Outcome], now: datetime) -> Ending | None:
        if not outcomes:
            return None
        disposition, detail = verdict(outcomes, form.max_retries + 1)
        if disposition is Disposition.UNKNOWN:
            return None
        return Ending(call.run_id, call.position, disposition, outcomes[-1].ended or now, detail=detail)

    def _by_archive(self, name: str, call: RunCall, form: CallForm, outcomes: list[Outcome], now: datetime
                    ) -> Ending | None:
        found, disposition = self._spool.archived(name)
        reason = None
        if found and disposition is None:
            since = self._no_status_since[name] = min(now, self._no_status_since.get(name, now))
            if now - since < _STATUS_LATE:
                return None
            disposition, reason = Disposition.UNKNOWN, say("Asterisk's archive tells no status")
        elif not found:
            disposition = Disposition.HANDED
            if self._spool.begun_in_store(name):
                disposition, reason = Disposition.UNKNOWN, _RESTARTED
                self._spool.discard([name])
            elif form.archive:
                disposition, reason = Disposition.UNKNOWN, say("the file is not in Asterisk's archive")
            elif self._told:
                disposition, reason = Disposition.UNKNOWN, say("Asterisk's events were not heard when the call ended")
                if len(outcomes) > form.max_retries + 1:
                    reason = say("the number was rung by others too at the same moment, and which of the calls "
                                 "ended how cannot be told")
        self._no_status_since.pop(name, None)
        detail = verdict(outcomes, form.max_retries + 1)[1] if outcomes else Detail()
        return Ending(call.run_id, call.position, disposition or Disposition.UNKNOWN, now, reason, detail)

    def _remember(self, calls: Iterable[RunCall], now: datetime) -> None:
        self._handed.update((_name(call), call if call.handed_at else msgspec.structs.replace(call, handed_at=now))
                            for call in calls)

    def _files(self, calls: Iterable[RunCall]) -> list[tuple[str, bytes]]:
        return [(_name(call), (self._coded if call.code else self._ordinary).render(call.number, call.code))
                for call in calls]


def _name(call: RunCall) -> str:
    return callfile.file_name(call.token, call.position, call.attempt)


def _by_run(calls: Iterable[RunCall]) -> list[list[RunCall]]:
    runs: dict[int, list[RunCall]] = {}
    for call in calls:
        runs.setdefault(call.run_id, []).append(call)
    return list(runs.values())
