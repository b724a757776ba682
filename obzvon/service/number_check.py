"""Checks numbers once more at the hand-over: the journal may have been changed by somebody else since the run began."""

import logging
from collections.abc import Iterable
from datetime import datetime

from obzvon.asterisk import callfile
from obzvon.asterisk.transport.base import attempt_name
from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.calls import CallOutcome, PendingCall
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan, parse_extension_code
from obzvon.domain.results import Disposition

log = logging.getLogger("obzvon")


class NumberCheck:
    """The numbering rules of the settings, for calls that are about to be handed over."""

    def __init__(self, plan: NumberingPlan) -> None:
        self._plan = plan
        # Each call is asked for twice: before its file is written ahead, and when it goes.
        self._allowed: frozenset[PendingCall] = frozenset()

    def split(self, calls: Iterable[PendingCall], now: datetime) -> tuple[list[PendingCall], list[CallOutcome]]:
        """Return the calls that may be dialled, and the outcomes of those that may not."""
        allowed: list[PendingCall] = []
        barred: list[CallOutcome] = []
        for call in calls:
            reason = None if call in self._allowed else self.why_barred(call)
            if reason is None:
                allowed.append(call)
            else:
                barred.append(CallOutcome(call.run_id, call.position, Disposition.WITHDRAWN, now, reason))
        if allowed:
            self._allowed = frozenset(allowed)
        return allowed, barred

    def why_barred(self, call: PendingCall) -> Message | None:
        """Return why a call from the journal may not be dialled; None if it may."""
        try:
            is_as_written = self._plan.is_dialled_form(call.number) and parse_extension_code(call.code) == call.code
        except InvalidNumberError as invalid:
            return say(
                "not dialled: the journal's number was refused at the hand-over: {reason}; the journal or [Numbers] "
                "was changed after the run had begun",
                reason=invalid.reason,
            )
        if is_as_written and callfile.is_call_file_name(attempt_name(call)):
            return None
        return say("not dialled: the journal holds this call in a form that obzvon does not write; somebody changed it")


def log_barred(barred: list[CallOutcome]) -> None:
    """Log that calls of one run may not be dialled."""
    log.error(
        "%s",
        say_many(
            "run {run}: {n} call was not handed over: {reason}",
            "run {run}: {n} calls were not handed over: {reason}",
            len(barred),
            run=barred[0].run_id,
            reason=barred[0].reason or Message(""),
        ),
    )
