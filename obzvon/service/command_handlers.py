"""Does what an operator asks: start, pause, resume, stop, one test call; and says what came of it."""

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from obzvon.asterisk.spool import write_problem
from obzvon.common.errors import UserError
from obzvon.common.i18n import say, say_many
from obzvon.domain.numbering import InvalidNumberError, parse_extension_code
from obzvon.domain.redial import parse_results
from obzvon.journal.commands import Command, CommandResult
from obzvon.service.dialer import Dialer

log = logging.getLogger("obzvon")

_TAKEN_WITHIN = timedelta(minutes=1)
"""Who asks waits some seconds; what was asked of a service that was not there is not done when it comes, at night."""


def execute(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    """Carries a command out; whatever goes wrong is in the answer."""
    log.info("%s", say("{who} asks: {command}", who=command.asked_by or "?", command=command.name))
    order = _ORDERS.get(command.name)
    if order is None:
        return CommandResult(False, say("there is no command {name}", name=command.name))
    if abs(now - command.asked_at) > _TAKEN_WITHIN:  # one that the clock, set back, puts into the future is as old
        return CommandResult(
            False, say("no service took the command in time, and by now it may not be wanted; ask again")
        )
    if not dialer.is_ready and (dialer.run is None or order is _call):
        return CommandResult(False, UserError(dialer.problems).message())
    if dialer.run is not None and dialer.run.id != command.params.get("run", dialer.run.id):
        return CommandResult(
            False,
            say("run {run} is in progress by now, which was not the one that was meant; look again", run=dialer.run.id),
        )
    try:
        answer = order(dialer, command, now)
    except UserError as error:
        dialer.require_recheck()
        answer = CommandResult(False, error.message())
    except OSError as error:
        dialer.require_recheck()
        answer = CommandResult(False, write_problem(error).message())
    log.info("%s", answer.text)
    return answer


def _start(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    """A run; with `after` (the last run's id) and `list_revision` only if things are as they were for who asks."""
    if dialer.run is not None:
        return CommandResult(False, say("run {run} is in progress already; see: obzvon status", run=dialer.run.id))
    last, revision = dialer.journal.runs.latest(), command.params.get("list_revision")
    if (last.id if last else 0) != command.params.get("after", last.id if last else 0):
        return CommandResult(
            False, say("there has been another run in the meantime; look again whom this one would ring")
        )
    if "only" in command.params:  # an empty one, too: it is refused, and not taken for everybody
        return _start_again(dialer, command, parse_results(str(command.params["only"])), now)
    again, rest = bool(command.params.get("again")), bool(command.params.get("rest"))
    rung = 0 if again or rest else len(dialer.journal.calls.called_on(dialer.today(now)))
    if rung:
        return CommandResult(
            False,
            say_many(
                "{n} number was rung today already; ring it again: obzvon start --again; "
                "ring only the others: obzvon start --rest",
                "{n} numbers were rung today already; ring them again: obzvon start --again; "
                "ring only the others: obzvon start --rest",
                rung,
            ),
        )
    run = dialer.start_run(
        dialer.today(now),
        "manual",
        now=now,
        by=command.asked_by,
        again=again,
        list_revision=None if revision is None else str(revision),
    )
    waiting = dialer.journal.calls.count_results(run.id)["waiting"] if run else 0
    return CommandResult(True, say_many("the run has begun: {n} call", "the run has begun: {n} calls", waiting))


def _start_again(dialer: Dialer, command: Command, results: frozenset[str], now: datetime) -> CommandResult:
    """A run of those of a day (`day`, else today; `run`: only by that run) who have one of the results.

    `expected` is the digest of whom the asker saw: it does not begin with anybody else.
    """
    today, params = dialer.today(now), command.params
    try:
        day = date.fromisoformat(str(params["day"])) if params.get("day") else today
        run_id = int(params.get("run", 0)) or None
    except ValueError:
        return CommandResult(False, say("the day or the run cannot be understood"))
    only = dialer.journal.queries(dialer.delivered).select_for_redial(
        day, results, today=today, run=run_id, expected=str(params.get("expected", ""))
    )
    run = dialer.start_run(today, "manual", now=now, by=command.asked_by, only=only)
    calls = run.total if run else 0
    begun = say_many("the run has begun: {n} call", "the run has begun: {n} calls", calls)
    left = len(only.met) - calls
    return CommandResult(
        True,
        say("{begun}; of those who were meant, {left} are paused or not in the list any more", begun=begun, left=left)
        if left
        else begun,
    )


def _pause(dialer: Dialer, command: Command, now: datetime) -> CommandResult:  # noqa: ARG001 - an order like the others
    if dialer.run is None:
        return _NO_RUN
    if dialer.run.state == "paused":
        return CommandResult(True, say("the run is paused already"))
    dialer.change_state("paused", now)
    counts = dialer.journal.calls.count_results(dialer.run.id)
    return CommandResult(
        True,
        say(
            "paused; calls waiting: {waiting}, handed over and going on: {going}",
            waiting=counts["waiting"],
            going=dialer.handover.outstanding,
        ),
    )


def _resume(dialer: Dialer, command: Command, now: datetime) -> CommandResult:  # noqa: ARG001 - an order like the others
    if dialer.run is None:
        return _NO_RUN
    if dialer.run.state != "paused":
        return CommandResult(True, say("the run is not paused"))
    dialer.change_state("running", now)
    return CommandResult(
        True,
        say(
            "the run goes on; calls waiting: {waiting}",
            waiting=dialer.journal.calls.count_results(dialer.run.id)["waiting"],
        ),
    )


def _stop(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    withdraw = bool(command.params.get("withdraw"))
    withdrawn = 0
    if dialer.run is not None:
        withdrawn = dialer.stop_run(now, say("stopped by user {who}", who=command.asked_by or "?"))
    elif not (withdraw and dialer.handover.outstanding):  # a run ends with its last bundle, not with its last call
        return _NO_RUN
    if not withdraw:
        return CommandResult(
            True,
            say(
                "stopped; calls withdrawn: {withdrawn}, handed over and going on: {going}",
                withdrawn=withdrawn,
                going=dialer.handover.outstanding,
            ),
        )
    taken, going = dialer.handover.withdraw(now=now)
    return CommandResult(
        True,
        say(
            "stopped; calls withdrawn: {withdrawn}, taken out of the spool: {taken}, in progress and going on: {going}",
            withdrawn=withdrawn,
            taken=taken,
            going=going,
        ),
    )


def _call(dialer: Dialer, command: Command, now: datetime) -> CommandResult:
    try:
        number = dialer.plan.normalize(str(command.params.get("number", "")))
        code = parse_extension_code(str(command.params.get("code", "")))
    except InvalidNumberError as refused:
        return CommandResult(False, refused.reason)
    dialer.test_call(number, code, now=now, by=command.asked_by)
    return CommandResult(True, say("the test call to {number} is handed over", number=number))


_NO_RUN = CommandResult(False, say("no run is in progress"))

_ORDERS: Mapping[str, Callable[[Dialer, Command, datetime], CommandResult]] = {
    "start": _start,
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "call": _call,
}
