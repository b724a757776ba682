"""What an operator orders of the service: asked once, waited for, recorded, and the answer told on the next page."""

from datetime import datetime

from flask import flash
from flask_babel import gettext as _

from obzvon.domain.labels import COMMAND_NOT_ANSWERED, COMMAND_NOT_TAKEN, COMMAND_STATE_UNKNOWN, command_sentence
from obzvon.journal.commands import (
    CommandNotAnsweredError,
    CommandNotTakenError,
    CommandResult,
    CommandStateUnknownError,
    DuplicateCommandError,
)
from web.context import app_context
from web.i18n import translate
from web.permissions import visitor

WAIT_SECONDS = 15.0
"""Seconds in which a request that was taken is answered; a run of 100,000 numbers is begun in two."""
_NIGHT = (21, 8)
"""The hours between which a start by hand has to be ticked on purpose."""


def is_night(here: datetime) -> bool:
    """Whether people are usually not rung at this hour; `here` is by the clock of the settings."""
    evening, morning = _NIGHT
    return here.hour >= evening or here.hour < morning


def submit_command(name: str, *, word: str = "", about: str = "", once: str = "", **params: str | int | bool) -> None:
    """Has the service do it. `word` is that of `words.ordered`; a form with the same `once` is one order."""
    at, who = app_context(), visitor().name
    journal = at.journal()
    told, is_first = (
        _(
            "The service is not running, and nothing has been done. The administrator starts it: %(how)s",
            how="supervisorctl start obzvon",
        ),
        True,
    )
    outcome = CommandResult(False, COMMAND_NOT_TAKEN)
    if journal is not None:
        commands = journal.commands
        try:
            try:
                number = commands.submit(name, by=who, at=at.clock(), form_key=once[:64] or None, **params)
            except DuplicateCommandError as before:
                number, is_first = before.number, False
            outcome = commands.wait_for_result(number, timeout=WAIT_SECONDS, sleep=at.sleep)
            told = _sentence(translate(outcome.text))
        except CommandNotTakenError:
            if journal.heartbeats.is_process_alive():
                told = _(
                    "The service is busy and has not taken the order; nothing has been done. Try again in a minute."
                )
        except CommandStateUnknownError:
            outcome, told = CommandResult(False, COMMAND_STATE_UNKNOWN), state_unknown_text()
        except CommandNotAnsweredError:
            outcome = CommandResult(True, COMMAND_NOT_ANSWERED)
            told = _("The service has taken the order and is still at it; this page shows what comes of it.")
    if is_first:
        at.record(who, command_sentence(word or name, outcome.text, about))
    flash(told, "note" if outcome.ok else "warn")


def state_unknown_text() -> str:
    """What is said where the journal has failed since the order was left in it."""
    return str(
        _(
            "The journal failed while the answer was waited for: it is not known whether the order is carried "
            "out. Look at this page again in a minute, before you repeat it."
        )
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
