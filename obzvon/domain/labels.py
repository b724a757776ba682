"""Labels that operators read: results, states and kinds of runs, commands, roles, weekdays. Pure."""

from collections.abc import Mapping

from obzvon.common.i18n import Message, say
from obzvon.domain.calls import CallRecord
from obzvon.domain.results import (
    DELIVERED,
    NOT_DELIVERED,
    RESULTS,
    TRAITS,
    DeliveryCounts,
    is_delivered,
)

_DELIVERY = {
    DELIVERED: say("delivered"),
    NOT_DELIVERED: say("not delivered"),
}

_STATES = {
    "running": say("in progress"),
    "paused": say("paused"),
    "done": say("done"),
    "stopped": say("stopped"),
}

_KINDS = {
    "week": say("by the week"),
    "manual": say("by hand"),
    "test": say("test call"),
    "former": say("outside this journal"),
}

_COMMANDS = {
    "start": say("run started manually"),
    "start rest": say("run started manually, for phones not called today"),
    "start again": say("run started manually, for all phones, also those called today"),
    "pause": say("run paused"),
    "resume": say("run resumed"),
    "stop": say("run stopped"),
    "stop withdraw": say("run stopped and calls that had not begun withdrawn"),
    "call": say("test call"),
    "accept": say("decided about the calls of another journal"),
    "accept clock": say("decided that the clock is right"),
    "accept rest": say("decided to call only those whom no journal called today"),
}

#: Outcomes recorded for a command without an answer.
COMMAND_NOT_TAKEN = say("no service took it")
COMMAND_NOT_ANSWERED = say("taken by the service and not answered yet")
COMMAND_STATE_UNKNOWN = say(
    "the journal could not be read any more, so it is not known whether it has been done or will be"
)

#: Meaning of the keys that the dialplan's question offers (asterisk/extensions_obzvon.conf).
_KEYS = {
    "1": say("confirmed"),
    "9": say("asked not to be called today"),
    "0": say("asked for the operator"),
}

_ROLES = {
    "viewer": say("viewer"),
    "operator": say("operator"),
    "administrator": say("administrator"),
}

_WEEKDAYS = (
    say("Monday"),
    say("Tuesday"),
    say("Wednesday"),
    say("Thursday"),
    say("Friday"),
    say("Saturday"),
    say("Sunday"),
)


def result_label(result: str) -> Message:
    """Return the label of a disposition, of a call's state, or of one of `DELIVERY_RESULTS`."""
    if traits := TRAITS.get(result):
        return traits.label
    return _DELIVERY.get(result) or Message(result)


def run_state_label(state: str) -> Message:
    """Return the label of a run's state."""
    return _STATES.get(state) or Message(state)


def run_kind_label(kind: str) -> Message:
    """Return the label of the kind of a run."""
    return _KINDS.get(kind) or Message(kind)


def command_sentence(command: str, outcome: Message, about: str = "") -> Message:
    """Return the audit sentence for a command and its outcome."""
    label = _COMMANDS.get(command) or Message(command)
    if about:
        return Message("{order} {about}: {outcome}", {"order": label, "about": about, "outcome": outcome})
    return Message("{order}: {outcome}", {"order": label, "outcome": outcome})


def user_role_label(role: str) -> Message:
    """Return the label of a role of the editor."""
    return _ROLES.get(role) or Message(role)


def weekday_label(weekday: int) -> Message:
    """Return the name of a weekday, 0 = Monday."""
    return _WEEKDAYS[weekday]


def call_remark(line: CallRecord, least: float = 0.0) -> Message | None:
    """Return the remark beside a result: its reason, or the events' details of an answered call; None if there is none.

    `least` is how many seconds of the message have to be listened to.
    """
    if line.reason:
        return line.reason
    heard = None if line.listened is None else say("listened for {n} s", n=round(line.listened))
    if heard and is_delivered(line.result, line.listened, least) is False:
        heard = say("not delivered: {n} s", n=round(line.listened or 0))
    key = (_KEYS.get(line.key) or say("pressed {key}", key=line.key)) if line.key else None
    if heard and key:
        return Message("{key}; {heard}", {"key": key, "heard": heard})
    return key or heard


def format_result_counts(counts: Mapping[str, int], delivery: DeliveryCounts | None = None) -> str:
    """Return a run's counts in one line in this process's language; beside answered, how many were delivered."""
    numbers = {result: str(counts[result]) for result in RESULTS if counts.get(result)}
    if delivery is not None and "answered" in numbers:
        delivered = ", ".join(f"{result_label(how)} {many}" for how, many in delivery.counts.items())
        numbers["answered"] += f" ({delivered})"
    return ", ".join(f"{result_label(result)} {many}" for result, many in numbers.items()) or "0"
