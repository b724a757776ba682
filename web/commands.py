"""What an operator orders of the service: asked once, waited for, recorded, and the answer told on the next page."""

from datetime import datetime

from flask import flash
from flask_babel import gettext as _

from obzvon.domain.labels import command_sentence
from obzvon.journal.commands import CommandOutcome, CommandStatus
from obzvon.journal.journal import Journal
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
    outcome = journal.commands.submit_and_wait(
        name,
        by=who,
        at=at.clock(),
        form_key=once[:64] or None,
        timeout=WAIT_SECONDS,
        sleep=at.sleep,
        **params,
    )
    is_fine = outcome.status in (CommandStatus.DONE, CommandStatus.NOT_ANSWERED)
    flash(_outcome_text(journal, outcome), "note" if is_fine else "warn")
    if outcome.is_new:
        at.record(who, command_sentence(word or name, outcome.text, about))


def _outcome_text(journal: Journal, outcome: CommandOutcome) -> str:
    """Return the sentence for the operator."""
    if outcome.status is CommandStatus.NOT_TAKEN:
        if journal.heartbeats.is_process_alive():
            return str(
                _("The service is busy and has not taken the order; nothing has been done. Try again in a minute.")
            )
        return str(
            _(
                "The service is not running, and nothing has been done. The administrator starts it: %(how)s",
                how="supervisorctl start obzvon",
            )
        )
    if outcome.status is CommandStatus.NOT_ANSWERED:
        return not_answered_text()
    if outcome.status is CommandStatus.UNKNOWN:
        return state_unknown_text()
    return _sentence(translate(outcome.text))


def not_answered_text() -> str:
    """Return the sentence for a command that the service has taken and not answered yet."""
    return str(_("The service has taken the order and is still at it; this page shows what comes of it."))


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
