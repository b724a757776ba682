"""A stand-in for Asterisk behind AMI, which a test controls, and a service that originates its calls there."""

from collections.abc import Callable, Collection
from datetime import datetime

from obzvon.asterisk.ami.originate import Action, ActionReply, ReplyStatus
from obzvon.asterisk.ami.outcomes import AttemptOutcome, HeardSpan
from obzvon.asterisk.spool import Spool
from obzvon.asterisk.transport.ami import AmiTransport
from obzvon.asterisk.transport.failover import TransportSelector
from obzvon.asterisk.transport.outcome_matcher import OutcomeMatcher
from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.calls import CallRecord
from obzvon.domain.results import Disposition
from obzvon.service.dialer import Dialer
from obzvon.service.line_monitor import LineCounter
from tests.support.workshop import Shift, Workshop, at

TAKEN = ActionReply(ReplyStatus.ACCEPTED)
AWAY = Problem("AMI pbx:5038", say("the connection was lost"))


class Pbx:
    """An Asterisk behind a connection. It records the actions; a call is up until the test ends it."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.calls: dict[str, str] = {}
        """The number of each call that is up, by its channel."""
        self.since: datetime | None = at("08:00")
        """The time of the connection; None while there is none."""
        self.away_since = at("08:00")
        self.answer: Callable[[str], ActionReply] = lambda _: TAKEN
        self.renewed = 0
        self._over: set[str] = set()
        self._outcomes: list[AttemptOutcome] = []

    def cut(self, now: datetime) -> None:
        self.since, self.away_since = None, now

    def end(
        self, number: str, disposition: Disposition = Disposition.ANSWERED, *, rang: datetime | None = None
    ) -> None:
        [channel] = [channel for channel, one in self.calls.items() if one == number]
        del self.calls[channel]
        self._over.add(channel)
        if self.since is not None:
            self._outcomes.append(
                AttemptOutcome(
                    linkedid=channel,
                    number=number,
                    context="avtoobzvon",
                    code=None,
                    disposition=disposition,
                    begun=at("09:00"),
                    rang=rang,
                    answered=None,
                    ended=None,
                    listened=None,
                    cause=16,
                    key="",
                    complete=True,
                )
            )

    # -- as AmiTransport uses it

    def can_send(self) -> bool:
        return self.since is not None

    def outage(self) -> tuple[datetime, Problem]:
        return self.away_since, AWAY

    def originate_denied(self) -> Problem:
        return Problem("AMI pbx:5038", say("the user {user} may not originate calls", user="obzvon"))

    def originate(self, action: Action) -> ActionReply:
        if self.since is None:
            return ActionReply(ReplyStatus.NOT_SENT)
        number = str(action["Channel"]).removeprefix("local/").partition("@")[0]
        answer = self.answer(number)
        self.orders.append(number)
        if answer.status is ReplyStatus.ACCEPTED:
            self.calls[str(action["ChannelId"])] = number
        return answer

    def reconnect(self) -> None:
        self.renewed += 1

    def linkedids(self) -> set[str]:
        return set(self.calls)

    def hung_up(self, linkedids: Collection[str]) -> set[str]:
        return self._over & set(linkedids)

    def listening_since(self) -> datetime | None:
        return self.since

    def take_outcomes(self) -> list[AttemptOutcome]:
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def heard_before_loss(self) -> HeardSpan | None:
        return None

    def has_listened_since(self, moment: datetime) -> bool:
        return self.since is not None and self.since <= moment

    def has_outcomes(self) -> bool:
        return bool(self._outcomes)

    def call_starts(self) -> dict[tuple[str, str, str | None], datetime]:
        return {}


class Far(Shift):
    """A service whose Asterisk is behind a connection; with `spool` it can fall back on the spool."""

    def __init__(self, workshop: Workshop, pbx: Pbx, *, spool: bool = False) -> None:
        super().__init__(workshop)
        settings, outcomes = workshop.settings, OutcomeMatcher(pbx)
        transports = TransportSelector(
            SpoolTransport(Spool.from_settings(settings), settings.ordinary, settings.coded, outcomes)
            if spool
            else None,
            AmiTransport(pbx, pbx, settings.ordinary, settings.coded, outcomes),
            prefers_ami=True,
            outcomes=outcomes,
        )
        self.pbx = pbx
        self.dialer = Dialer(
            settings,
            self.journal,
            Spool.from_settings(settings),
            self.schedule_watch,
            line_counter=LineCounter(transports.calls_in_progress),
            transports=transports,
        )

    def came(self) -> list[str]:
        return super().came() if self.workshop.spool_folder.is_dir() else []

    def lines(self) -> dict[str, CallRecord]:
        return {line.number: line for line in self.journal.calls.records_on(at("09:00").date())}

    def todays_results(self) -> dict[str, str]:
        return self.results(at("09:00"))
