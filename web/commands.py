"""Commands of operators to the service: each is submitted once, awaited and recorded in the audit log."""

from flask import flash
from flask_babel import gettext as _

from obzvon.common.supervision import supervisor_command
from obzvon.common.text import upper_first
from obzvon.domain.labels import command_sentence
from obzvon.domain.schedule import is_night
from obzvon.journal.commands import CommandOutcome, CommandStatus
from obzvon.journal.journal import Journal
from web.context import app_context
from web.i18n import translate
from web.permissions import visitor

#: How long a command is awaited. A run of 100,000 numbers begins within two seconds.
WAIT_SECONDS = 15.0


def is_night_now() -> bool:
    """Return whether people are usually not called at this hour, by the clock of the settings."""
    context = app_context()
    return is_night(context.clock().astimezone(context.settings.zone))


def run_command(
    name: str, *, form_key: str | None, word: str = "", about: str = "", **params: str | int | bool
) -> CommandOutcome:
    """Submit a command, wait for its result and record both in the audit log. Raises UserError.

    `word` is the command's key in `labels.command_sentence`, if it is not the name. A command with the `form_key` of an
    earlier one is the same command: it is neither executed nor recorded again.
    """
    context, who = app_context(), visitor().name
    outcome = context.journal().commands.submit_and_wait(
        name, by=who, at=context.clock(), form_key=form_key, timeout=WAIT_SECONDS, sleep=context.sleep, **params
    )
    if outcome.is_new:
        context.record(who, command_sentence(word or name, outcome.text, about))
    return outcome


def submit_command(name: str, *, word: str = "", about: str = "", once: str = "", **params: str | int | bool) -> None:
    """Run a command of a form and show its outcome on the next page. `once` is the form's key, '' for none."""
    outcome = run_command(name, form_key=once[:64] or None, word=word, about=about, **params)
    is_fine = outcome.status in (CommandStatus.DONE, CommandStatus.NOT_ANSWERED)
    flash(_outcome_text(app_context().journal(), outcome), "note" if is_fine else "warn")


def _outcome_text(journal: Journal, outcome: CommandOutcome) -> str:
    """Return the sentence for the operator."""
    if outcome.status is CommandStatus.NOT_TAKEN:
        if journal.heartbeats.is_process_alive():
            return str(
                _("The service is busy and has not accepted the command; nothing has been done. Try again in a minute.")
            )
        return str(
            _(
                "The service is not running, and nothing has been done. The administrator starts it: %(how)s",
                how=supervisor_command("start"),
            )
        )
    if outcome.status is CommandStatus.NOT_ANSWERED:
        return not_answered_text()
    if outcome.status is CommandStatus.UNKNOWN:
        return state_unknown_text()
    return upper_first(translate(outcome.text))


def not_answered_text() -> str:
    """Return the sentence for a command that the service has taken and not answered yet."""
    return str(_("The service has accepted the command and is still working on it. This page will show the result."))


def state_unknown_text() -> str:
    """Return the sentence for a journal that failed after the command was submitted."""
    return str(
        _(
            "The journal failed while this page waited for the answer, so it is unknown whether the "
            "command is carried out. Check this page again in a minute before you repeat it."
        )
    )
