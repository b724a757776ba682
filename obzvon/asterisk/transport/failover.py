"""Selects the transport that the next calls take: the spool, the manager interface, or one in place of the other."""

import logging
from collections.abc import Container, Iterable
from datetime import datetime
from pathlib import Path

from obzvon.asterisk.store_lock import OtherService
from obzvon.asterisk.transport.ami import AmiTransport
from obzvon.asterisk.transport.base import Transport, TransportUnavailableError
from obzvon.asterisk.transport.outcome_matcher import OutcomeMatcher
from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.domain.calls import PendingCall

log = logging.getLogger("obzvon")


class TransportSelector:
    """The spool, the manager interface, or both. With `prefers_ami` the spool is used only while AMI is unavailable.

    Either may also be there only for the calls that it was given before the settings were changed.
    """

    def __init__(
        self,
        spool: SpoolTransport | None,
        ami: AmiTransport | None = None,
        *,
        prefers_ami: bool = False,
        outcomes: OutcomeMatcher | None = None,
    ) -> None:
        self.spool = spool
        self._ami = ami
        self.outcomes = outcomes
        self._prefers_ami = prefers_ami
        self._home = Path()
        self._degraded_by: Problem | None = None

    @property
    def degraded_by(self) -> Problem | None:
        """The problem for which calls go through the spool in place of AMI, None if there is none."""
        return self._degraded_by

    def prepare_folders(self, home: Path) -> None:
        """Make the folders that are missing; raises UserError where calls could not be handed over."""
        self._home = home
        if self.spool is not None and not self._prefers_ami:
            self.spool.prepare_folders(home)

    def other_services(self, journal: str, identity: str) -> list[OtherService]:
        """Return the other services that use our store now."""
        return self.spool.other_services(journal, identity) if self.spool is not None and self._has_store() else []

    def choose(self, now: datetime) -> Transport:
        """Return the transport for the next calls; raises TransportUnavailableError."""
        if not self._prefers_ami or self._ami is None:
            assert self.spool is not None  # noqa: S101 - there is at least one transport
            self.spool.ensure_available(now)
            return self.spool
        try:
            self._ami.ensure_available(now)
        except TransportUnavailableError as unavailable:
            # After a denied action the connection is down only to see whether the right has been given.
            may_pass = unavailable.is_transient or self._ami.is_denied
            if may_pass or self.spool is None or not self._can_use_spool(now):
                raise
            self._report_degraded(unavailable, self.spool)
            return self.spool
        if self._degraded_by is not None:
            self._degraded_by = None
            log.info("%s", say("calls go through AMI again"))
        return self._ami

    def transport_for(self, call: PendingCall) -> Transport | None:
        """Return the transport that a call was sent through, None if the settings no longer have it."""
        return self._ami if call.via else self.spool

    @property
    def has_new_outcomes(self) -> bool:
        """True if outcomes have come in since the last `refresh`."""
        return self.outcomes is not None and self.outcomes.has_new_outcomes

    def refresh(self, now: datetime) -> None:
        """Read the state of the calls on all transports."""
        for transport in self._all():
            transport.refresh(now)

    def calls_in_progress(self) -> list[str]:
        """Return the names of the calls in progress."""
        return [name for transport in self._all() for name in transport.calls_in_progress()]

    def discard_stale(self, tokens: Container[str], calls: Iterable[PendingCall]) -> None:
        """Delete the files staged by these runs (`tokens`), but not the files of these calls."""
        if self._has_store():
            assert self.spool is not None  # noqa: S101 - it has a store
            self.spool.discard_stale(tokens, calls)

    def take_out_orphaned(self, tokens: Container[str]) -> None:
        """Take out of the spool the files of these runs (`tokens`) that an Asterisk began to call before it ended."""
        if self._has_store() and self.spool is not None:
            self.spool.take_out_orphaned(tokens)

    def close(self) -> None:
        """Stop preparing calls ahead."""
        for transport in self._all():
            transport.close()

    def _all(self) -> list[Transport]:
        transports: list[Transport] = []
        if self._has_store() and self.spool is not None:
            transports.append(self.spool)
        if self._ami is not None:
            transports.append(self._ami)
        return transports

    def _has_store(self) -> bool:
        return self.spool is not None and (not self._prefers_ami or self.spool.has_folders())

    def _can_use_spool(self, now: datetime) -> bool:
        """Return whether the spool can take calls. The spool itself is Asterisk's to make, so it is not made here."""
        if self.spool is None or not self.spool.target.is_dir():
            return False
        try:
            self.spool.prepare_folders(self._home)
            self.spool.ensure_available(now)
        except UserError:
            return False
        return True

    def _report_degraded(self, unavailable: TransportUnavailableError, spool: SpoolTransport) -> None:
        if self._degraded_by is None:
            self._degraded_by = Problem(
                unavailable.problems[0].where,
                say("calls go through the spool {path} meanwhile", path=spool.target),
                say("they go through AMI again as soon as it is connected"),
            )
            log.warning("%s", self._degraded_by)
