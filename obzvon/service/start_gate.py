"""Decides whether a run may start: not while it is certain that no call can work."""

from collections.abc import Callable, Sequence
from datetime import datetime

from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.spool import Spool
from obzvon.asterisk.transport.base import TransportUnavailableError
from obzvon.checks.call_path import CallKinds, ask_call_path, find_blockers
from obzvon.checks.context import CheckContext, Machine
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.phones import Phone
from obzvon.settings.model import Settings

#: Returns what is against a run of this list at that moment. What cannot be known is not against it.
StartCheck = Callable[[Sequence[Phone], datetime], Sequence[Problem]]

_INTERNAL_DIGITS = 6


class RunHeldError(TransportUnavailableError):
    """A run is not started, because no call of it could work; a scheduled one starts by itself once that is fixed."""


class StartGate:
    """Asks everything that has a say in whether a run may start."""

    def __init__(self, *checks: StartCheck) -> None:
        self._checks = checks

    def ensure_open(self, phones: Sequence[Phone], now: datetime) -> None:
        """Raise RunHeldError with everything that is against a run of this list."""
        problems = [problem for check in self._checks for problem in check(phones, now)]
        if problems:
            raise RunHeldError(
                Problem(one.where, say("the run does not start: {why}", why=one.what), one.remedy) for one in problems
            )


class CallPathCheck:
    """Asks Asterisk, over the service's connection or by its console, whether a call can work."""

    def __init__(self, settings: Settings, spool: Spool, ami: AmiClient | None, machine: Machine | None = None) -> None:
        self._settings = settings
        self._spool = spool
        self._ami = ami
        self._machine = machine or Machine()

    def __call__(self, phones: Sequence[Phone], now: datetime) -> Sequence[Problem]:
        """Return the problems for which no call of this list can work."""
        settings = self._settings
        used = (
            (settings.ordinary, any(not phone.code for phone in phones)),
            (settings.coded, any(phone.code for phone in phones)),
        )
        kinds = CallKinds(
            tuple(form for form, is_used in used if is_used),
            needs_trunk=any(sum(map(str.isdigit, phone.number)) > _INTERNAL_DIGITS for phone in phones),
        )
        if not kinds.forms or not settings.hold_start:
            return ()
        context = CheckContext(settings, self._spool, now, self._machine)
        evaluate = self._ami.evaluate if self._ami is not None and self._ami.can_send() else None
        try:
            return find_blockers(context, ask_call_path(context, kinds.forms, evaluate), kinds)
        except OSError:  # a look that fails shows nothing
            return ()
