"""Executes operators' commands: start, pause, resume, stop, a test call, and the decision about a foreign day."""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from obzvon.asterisk.spool import write_problem
from obzvon.common.errors import UserError
from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.costly_numbers import emergency_reason
from obzvon.domain.numbering import InvalidNumberError, parse_extension_code
from obzvon.domain.redial import parse_results
from obzvon.journal.commands import Command, CommandResult
from obzvon.reports.day_conflict import describe_counts, is_called_elsewhere
from obzvon.service.clock_guard import CLOCK_ACCEPTED, NO_LATER_TIME
from obzvon.service.day_guard import CALLS_ACCEPTED, NO_CALLS_ACCEPTED, NOTHING_TO_DECIDE, DayDecision
from obzvon.service.dialer import Dialer
from obzvon.service.run_starter import RunNotStartedError, RunRequest

log = logging.getLogger("obzvon")

#: Older commands are refused: the requester has given up, and the service may have come back hours later, at night.
_VALID_FOR = timedelta(minutes=1)
#: What a switchboard's own number looks like.
_SHORT = re.compile(r"[0-9]{2,6}")


def execute(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    """Execute a command. Failures are in the result, not raised."""
    log.info("%s", say("{who}: command {command}", who=command.asked_by or "?", command=command.name))
    if (handler := _HANDLERS.get(command.name)) is None:
        return CommandResult.refused(say("there is no command {name}", name=command.name))
    if abs(now - command.asked_at) > _VALID_FOR:  # a command from the future was given before the clock was set back
        return CommandResult.refused(
            say("no service took the command in time, and it may no longer be wanted; give it again")
        )
    if handler is not _accept and not dialer.is_ready and (dialer.run is None or handler is _call):
        return CommandResult.refused(UserError(dialer.problems).message())
    if dialer.run is not None and dialer.run.id != command.params.get("run", dialer.run.id):
        return CommandResult.refused(
            say("run {run} is in progress now, not the one that you meant; reload and look again", run=dialer.run.id)
        )
    try:
        if handler in _OF_TODAY:
            dialer.ensure_clock(now)
        result = handler(dialer, command, now)
    except RunNotStartedError as error:  # nothing was done, and a run in progress is as it was
        result = CommandResult.refused(error.message())
    except UserError as error:
        dialer.require_recheck()
        result = CommandResult.refused(error.message())
    except OSError as error:
        dialer.require_recheck()
        result = CommandResult.refused(write_problem(error).message())
    log.info("%s", result.text)
    return result


def _start(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    """Start a run by hand.

    With `after` (the id of the last run) and `list_revision` it starts only if things are as the operator saw them.
    """
    if dialer.run is not None:
        return CommandResult.refused(say("run {run} is already in progress; see: obzvon status", run=dialer.run.id))
    last, revision = dialer.journal.runs.latest(), command.params.get("list_revision")
    if (last.id if last else 0) != command.params.get("after", last.id if last else 0):
        return CommandResult.refused(say("there has been another run in the meantime; check again who would be called"))
    if "only" in command.params:  # an empty one, too: it is refused, not taken for everybody
        return _start_redial(dialer, command, parse_results(str(command.params["only"])), now)
    again, rest = bool(command.params.get("again")), bool(command.params.get("rest"))
    today = dialer.runs.today(now)
    called = 0 if again or rest else len(dialer.journal.calls.called_on(today))
    if called:
        return CommandResult.refused(
            say_many(
                "{n} number was already called today; to call it again: obzvon start --again; to call "
                "only the others: obzvon start --rest",
                "{n} numbers were already called today; to call them again: obzvon start --again; to "
                "call only the others: obzvon start --rest",
                called,
            )
        )
    if not again and is_called_elsewhere(dialer.journal, today):
        return CommandResult.refused(
            say(
                "calls of today were made outside this journal, and it does not know whom they reached; to call "
                "everybody all the same: obzvon start --again"
            )
        )
    request = RunRequest(
        "manual", command.asked_by, again=again, list_revision=None if revision is None else str(revision)
    )
    run = dialer.runs.start(today, request, now)
    waiting = dialer.journal.calls.count_results(run.id)["waiting"] if run else 0
    return CommandResult.done(say_many("the run has started: {n} call", "the run has started: {n} calls", waiting))


def _start_redial(dialer: Dialer, command: Command, results: frozenset[str], now: datetime) -> CommandResult:
    """Start a run of the phones that had one of the results on a day (`day`, else today), or in `run`.

    `expected` is the digest of the phones that the operator saw: the run starts with no others.
    """
    today, params = dialer.runs.today(now), command.params
    try:
        day = date.fromisoformat(str(params["day"])) if params.get("day") else today
        run_id = int(params.get("run", 0)) or None
    except ValueError:
        return CommandResult.refused(say("the day or the run is not valid"))
    only = dialer.journal.queries(dialer.delivered).select_for_redial(
        day, results, today=today, run=run_id, expected=str(params.get("expected", ""))
    )
    run = dialer.runs.start(today, RunRequest("manual", command.asked_by, only=only), now)
    calls = run.total if run else 0
    begun = say_many("the run has started: {n} call", "the run has started: {n} calls", calls)
    if not (left := len(only.phones) - calls):
        return CommandResult.done(begun)
    return CommandResult.done(
        say("{begun}; {left} of the chosen phones are paused or no longer in the list", begun=begun, left=left)
    )


def _pause(dialer: Dialer, _command: Command, now: datetime) -> CommandResult:
    if (active := dialer.runs.active) is None:
        return _NO_RUN
    if active.run.state == "paused":
        return CommandResult.done(say("the run is already paused"))
    dialer.runs.change_state(active, "paused", now)
    waiting = dialer.journal.calls.count_results(active.run.id)["waiting"]
    if not (going := dialer.handover.outstanding):
        return CommandResult.done(say("paused; calls waiting: {waiting}", waiting=waiting))
    return CommandResult.done(
        say("paused; calls waiting: {waiting}, already with Asterisk: {going}", waiting=waiting, going=going)
    )


def _resume(dialer: Dialer, _command: Command, now: datetime) -> CommandResult:
    if (active := dialer.runs.active) is None:
        return _NO_RUN
    if active.run.state != "paused" and not active.brake.is_held:
        return CommandResult.done(say("the run is not paused"))
    active.apply_brake(now)  # what has failed so far goes again, too
    active.brake.release()
    if active.run.state == "paused":
        dialer.runs.change_state(active, "running", now)
    waiting = dialer.journal.calls.count_results(active.run.id)["waiting"]
    return CommandResult.done(say("the run continues; calls waiting: {waiting}", waiting=waiting))


def _stop(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    withdraw = bool(command.params.get("withdraw"))
    withdrawn = 0
    if (active := dialer.runs.active) is not None:
        withdrawn = dialer.runs.stop(active, now, say("stopped by user {who}", who=command.asked_by or "?"))
    elif not (withdraw and dialer.handover.outstanding):  # a run ends with its last bundle, not with its last call
        return _NO_RUN
    taken, going = dialer.handover.withdraw(now=now) if withdraw else (0, dialer.handover.outstanding)
    if not taken and not going:
        return CommandResult.done(say("stopped; calls withdrawn: {withdrawn}", withdrawn=withdrawn))
    if not taken:
        return CommandResult.done(
            say("stopped; calls withdrawn: {withdrawn}, still with Asterisk: {going}", withdrawn=withdrawn, going=going)
        )
    return CommandResult.done(
        say(
            "stopped; calls withdrawn: {withdrawn}, taken out of the spool: {taken}, still with Asterisk: {going}",
            withdrawn=withdrawn,
            taken=taken,
            going=going,
        )
    )


def _call(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    try:
        number = dialer.plan.normalize(str(command.params.get("number", "")))
        code = parse_extension_code(str(command.params.get("code", "")))
    except InvalidNumberError as invalid:
        return CommandResult.refused(_with_internal_hint(invalid.reason, str(command.params.get("number", ""))))
    dialer.runs.make_test_call(number, code, now=now, by=command.asked_by)
    return CommandResult.done(say("the test call to {number} is handed over", number=number))


def _with_internal_hint(reason: Message, number: str) -> Message:
    """Return the reason why a test call was refused; of a short number with how the switchboard's own are allowed."""
    short = number.strip()
    if not _SHORT.fullmatch(short) or reason == emergency_reason(short):  # that one has a hint of its own
        return reason
    return say(
        "{reason}; if {number} is a number of your own switchboard, write into settings.ini, section [Numbers], for "
        "example: {example}; then restart the service and the editor",
        reason=reason,
        number=short,
        example=f"internal = [0-9]{{{len(short)}}}",
    )


def _accept(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    """Decide a conflict with the day record: `call` those who wait in this journal, `rest`, or nobody else today.

    `left` is how many the operator saw that `rest` would call. With `clock`, decide that the clock is
    right, and later times of the journal are not.
    """
    if command.params.get("clock") is True:
        if not dialer.clock_guard.accept(now):
            return CommandResult.refused(NO_LATER_TIME)
        dialer.require_recheck()
        return CommandResult.done(CLOCK_ACCEPTED)
    if command.params.get("rest") is True:
        return _accept_rest(dialer, command, now)
    may_call = command.params.get("call") is True
    decision = DayDecision.EVERYBODY if may_call else DayDecision.NOBODY
    if not dialer.day_guard.accept(now, by=command.asked_by, decision=decision):
        return CommandResult.refused(NOTHING_TO_DECIDE)
    dialer.require_recheck()
    return CommandResult.done(CALLS_ACCEPTED if may_call else NO_CALLS_ACCEPTED)


def _accept_rest(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    """Decide that only those are called who were not called today, and see to it that a run does so."""
    conflict = dialer.day_guard.find_conflict()
    if conflict is not None and conflict.left != command.params.get("left", conflict.left):
        return CommandResult.refused(
            say("the list or the calls have changed in the meantime; check again who would be called")
        )
    if conflict is None or not dialer.day_guard.accept(now, by=command.asked_by, decision=DayDecision.REST):
        return CommandResult.refused(NOTHING_TO_DECIDE)
    dialer.require_recheck()
    if not conflict.left:
        return CommandResult.done(say("accepted: nobody is left to call today"))
    try:
        what_next = _call_rest(dialer, command.asked_by, now)
    except UserError as error:
        why = error.message()
        return CommandResult.refused(
            say("accepted: {counts}; but no run has started: {why}", counts=describe_counts(conflict), why=why)
        )
    return CommandResult.done(
        say("accepted: {counts}; {what_next}", counts=describe_counts(conflict), what_next=what_next)
    )


def _call_rest(dialer: Dialer, by: str, now: datetime) -> Message:
    """Let today's run go on, or start one if none starts by itself; return which of these it is."""
    dialer.prepare(now)
    dialer.runs.start_due(now)
    if dialer.run is None and (start := dialer.runs.next_start_today(now)):
        return say("today's run starts at {time}", time=f"{start:%H:%M}")
    if dialer.run is None:
        dialer.runs.start(dialer.runs.today(now), RunRequest("manual", by), now)
    if dialer.run is not None and dialer.run.state == "paused":
        return say("the run is paused, and calls them when it continues")
    return say("the run calls them now")


_NO_RUN = CommandResult.refused(say("no run is in progress"))

#: Commands that depend on which day it is.
_OF_TODAY = (_start, _resume, _call, _accept)

_HANDLERS: Mapping[str, Callable[[Dialer, Command, datetime], CommandResult]] = {
    "start": _start,
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "call": _call,
    "accept": _accept,
}
