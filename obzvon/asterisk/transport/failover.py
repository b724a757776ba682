"""The ways there are for calls to go to Asterisk, and which of them the next calls take."""

import logging
from collections.abc import Container, Iterable
from datetime import datetime
from pathlib import Path

from obzvon.asterisk.transport.ami import AmiTransport
from obzvon.asterisk.transport.base import Transport, TransportUnavailableError
from obzvon.asterisk.transport.outcome_matcher import OutcomeMatcher
from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.domain.calls import PendingCall

log = logging.getLogger("obzvon")


class TransportSelector:
    """The spool, the manager interface, or both; with `prefers_ami` the spool is only for when that is away.

    Either may also be there for no more than the calls that went that way before the settings were changed.
    """

    def __init__(
        self,
        spool: SpoolTransport | None,
        ami: AmiTransport | None = None,
        *,
        prefers_ami: bool = False,
        told: OutcomeMatcher | None = None,
    ) -> None:
        self.spool = spool
        self._ami = ami
        self._told = told
        self._prefers_ami = prefers_ami
        self._home = Path()
        self._why: Problem | None = None

    @property
    def degraded_by(self) -> Problem | None:
        """What is wrong while the spool has to stand in."""
        return self._why

    def prepare(self, home: Path) -> None:
        """Makes what is to be made; raises UserError where calls could not be handed over."""
        self._home = home
        if self.spool is not None and not self._prefers_ami:
            self.spool.prepare_folders(home)

    def other_services(self, journal: str) -> list[str]:
        """The journals of other services that work with our store now."""
        return self.spool.other_services(journal) if self.spool is not None and self._has_store() else []

    def choose(self, now: datetime) -> Transport:
        """The way that the next calls take; raises Held."""
        if not self._prefers_ami or self._ami is None:
            assert self.spool is not None  # noqa: S101 - there is one way at least
            self.spool.ensure_available(now)
            return self.spool
        try:
            self._ami.ensure_available(now)
        except TransportUnavailableError as held:
            # Where a right is lacking the connection is only away to see whether it has been given.
            if held.is_transient or self._ami.is_denied or self.spool is None or not self._stands_in(now):
                raise
            self._make_do(held, self.spool)
            return self.spool
        if self._why is not None:
            self._why = None
            log.info("%s", say("the calls go by the manager interface again"))
        return self._ami

    def transport_for(self, call: PendingCall) -> Transport | None:
        """The way that a call has gone; None if there is none of that name any more."""
        return self._ami if call.via else self.spool

    @property
    def has_new_outcomes(self) -> bool:
        """Whether Asterisk's events have told of ends since it was looked."""
        return self._told is not None and self._told.has_new_outcomes

    def refresh(self, now: datetime) -> None:
        """Takes in what there is to be seen."""
        for way in self._all():
            way.refresh(now)

    def calls_in_progress(self) -> list[str]:
        """The calls in progress, by their names."""
        return [name for way in self._all() for name in way.calls_in_progress()]

    def discard_stale(self, tokens: Container[str], calls: Iterable[PendingCall]) -> None:
        """Clears away what was made ready for calls that wait."""
        if self._has_store():
            assert self.spool is not None  # noqa: S101 - it has one
            self.spool.discard_stale(tokens, calls)

    def close(self) -> None:
        """Ends what works ahead."""
        for way in self._all():
            way.close()

    def _all(self) -> list[Transport]:
        ways: list[Transport] = []
        if self._has_store() and self.spool is not None:
            ways.append(self.spool)
        if self._ami is not None:
            ways.append(self._ami)
        return ways

    def _has_store(self) -> bool:
        return self.spool is not None and (not self._prefers_ami or self.spool.has_folders())

    def _stands_in(self, now: datetime) -> bool:
        """Whether the spool can be used; a folder that Asterisk should have made is not made for it."""
        if self.spool is None or not self.spool.target.is_dir():
            return False
        try:
            self.spool.prepare_folders(self._home)
            self.spool.ensure_available(now)
        except UserError:
            return False
        return True

    def _make_do(self, held: TransportUnavailableError, spool: SpoolTransport) -> None:
        if self._why is None:
            self._why = Problem(
                held.problems[0].where,
                say("the calls go through the spool {path} meanwhile", path=spool.target),
                say("they go by the manager interface again as soon as the connection stands"),
            )
            log.warning("%s", self._why)
