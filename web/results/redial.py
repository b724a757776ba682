"""Calling some of a day's phones again: the selection, its confirmation, and a run or a list made of it."""

import io
import secrets
from datetime import date

import msgspec
from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message
from obzvon.common.text import upper_first
from obzvon.documents.store import DocumentError, ExternallyChangedError
from obzvon.domain import redial
from obzvon.domain.phones import Phone
from obzvon.domain.redial import RedialSelection
from obzvon.journal.commands import CommandOutcome, CommandStatus
from obzvon.journal.journal import Journal
from obzvon.journal.queries import CallFilter
from obzvon.reports import phone_list
from obzvon.reports.status import service_status
from web.commands import WAIT_SECONDS, is_night_now, not_answered_text, state_unknown_text
from web.context import app_context
from web.i18n import language, translate
from web.permissions import visitor
from web.phone_index import PhoneIndex
from web.results import query
from web.results.days import ResultDays
from web.results.query import ResultsQuery

#: Phones that are named where the selection is confirmed.
_NAMED = 10


class ConfirmedSelection(msgspec.Struct, frozen=True):
    """A selection from one revision of the list. The digest names both."""

    choice: RedialSelection
    phone_index: PhoneIndex

    @property
    def digest(self) -> str:
        """The digest that a confirmation is bound to: of those who are called and those who stay in the list."""
        return f"{self.choice.digest}-{self.phone_index.revision[:16]}-{len(self.choice.paused)}"

    def rows(self) -> list[Phone]:
        """Return the rows of the new list, unchanged and in the order of the old one."""
        keys = {one.phone.key for one in (*self.choice.called, *self.choice.paused)}
        return [phone for phone in self.phone_index.phones if phone.key in keys]


def show_redial() -> ResponseReturnValue:
    """Show the choice of results, then the phones with these results and what can be done with them."""
    days = ResultDays()
    view = _view(days.today)
    journal = app_context().journal()
    if view.results and not journal.is_absent:
        return _confirm(journal, view, days)
    least = app_context().settings.delivered
    queries = journal.queries(least)
    counts = dict(queries.count_results(view.day, queries.tallies(journal.runs.on_days(view.day)), view.run))
    if least:
        counts |= queries.count_deliveries(CallFilter(view.day, view.run)).counts
    return render_template(
        "results_again.html",
        view=view,
        days=days,
        counts=counts,
        missed=redial.MISSED_RESULTS,
        not_called=redial.NOT_CALLED_RESULTS,
        unticked="chosen" in request.args,
        results=redial.REDIAL_RESULTS,
        least=least,
    )


def start_redial() -> ResponseReturnValue:
    """Have the service start a run of these phones, if they are still those that were confirmed."""
    days = ResultDays()
    view = _view(days.today)
    journal, once = app_context().journal_to_write(), request.form.get("once", "")[:64]
    number, chosen = journal.commands.find(once) if once else None, None
    if number is None:  # otherwise the form was sent twice, and only the answer is shown again
        try:
            chosen = _chosen(journal, view, days.today)
        except DocumentError as error:
            return _broken(error.problems)
        if not once or not chosen.choice.called or request.form.get("digest") != chosen.digest:
            return _confirm(journal, view, days, refused=_changed())
        if is_night_now() and "night" not in request.form:
            return _confirm(
                journal,
                view,
                days,
                refused=_("Nobody has been called: tick the box to call people at this hour."),
                status=422,
            )
        outcome = _submit(journal, view, chosen, once)
    else:
        outcome = journal.commands.wait(number, timeout=WAIT_SECONDS, sleep=app_context().sleep)
    if (
        chosen is not None
        and outcome is not None
        and outcome.status
        not in (
            CommandStatus.NOT_TAKEN,
            CommandStatus.REFUSED,
        )
    ):
        app_context().record(
            visitor().name, redial.redial_started_sentence(len(chosen.choice.called), view.day, view.results)
        )
    return _show_outcome(journal, view, days, outcome)


def _show_outcome(
    journal: Journal, view: ResultsQuery, days: ResultDays, outcome: CommandOutcome | None
) -> ResponseReturnValue:
    """Return the page that says how the command ended."""
    if outcome is None or outcome.status is CommandStatus.NOT_TAKEN:
        refused = _("The service is not running: nobody is called. Ask the administrator to start it, then try again.")
        return _confirm(journal, view, days, refused=refused)
    if outcome.status is CommandStatus.REFUSED:
        return _confirm(journal, view, days, refused=_sentence(outcome.text))
    if outcome.status is CommandStatus.DONE:
        flash(upper_first(translate(outcome.text)), "note")
        return redirect(url_for("run.index"), 303)
    is_unknown = outcome.status is CommandStatus.UNKNOWN
    flash(state_unknown_text() if is_unknown else not_answered_text(), "warn")
    return redirect(url_for("run.index"), 303)


def replace_list() -> ResponseReturnValue:
    """Make the selection the list. The old one stays in the history."""
    days = ResultDays()
    view = _view(days.today)
    journal = app_context().journal_to_write()
    try:
        chosen = _chosen(journal, view, days.today)
        if request.form.get("digest") != chosen.digest:
            return _confirm(journal, view, days, refused=_changed())
        rows = chosen.rows()
        if not rows:
            return _confirm(journal, view, days)
        app_context().phones.save(rows, chosen.phone_index.revision, by=visitor().name)
    except ExternallyChangedError:
        return _confirm(journal, view, days, refused=_changed())
    except DocumentError as error:
        return _broken(error.problems)
    app_context().record(visitor().name, redial.list_created_sentence(len(rows), view.day, view.results))
    flash(
        ngettext(
            "The list now has %(num)s number. The previous one can be restored.",
            "The list now has %(num)s numbers. The previous one can be restored.",
            len(rows),
        ),
        "undo",
    )
    return redirect(url_for("phones.index"), 303)


def download_list() -> ResponseReturnValue:
    """Return the selection as a list in CSV."""
    days = ResultDays()
    view = _view(days.today)
    journal = app_context().journal()
    stream = io.BytesIO()
    try:
        rows = _chosen(journal, view, days.today).rows() if view.results else []
    except DocumentError as error:
        return _broken(error.problems)
    phone_list.write_phones_csv(rows, stream, language(), days.today)
    stream.seek(0)
    name = _("List %(day)s", day=view.day.isoformat())
    return send_file(stream, mimetype="text/csv", as_attachment=True, download_name=f"{name}.csv")


def _view(today: date) -> ResultsQuery:
    view = query.parse_results_query(request.values, today)
    return ResultsQuery(view.day, view.run, query.sort_results(view.results, redial.REDIAL_RESULTS))


def _chosen(journal: Journal, view: ResultsQuery, today: date) -> ConfirmedSelection:
    phone_index = app_context().phones.current()
    found = journal.queries(app_context().settings.delivered)
    matches = found.select_for_redial(view.day, view.results, today=today, run=view.run).phones if view.results else {}
    return ConfirmedSelection(redial.select_phones(phone_index.rows, matches), phone_index)


def _confirm(
    journal: Journal, view: ResultsQuery, days: ResultDays, *, refused: str = "", status: int = 409
) -> ResponseReturnValue:
    """Show the phones by count and name, and what can be done with them. `refused` says why nothing was done."""
    try:
        chosen = _chosen(journal, view, days.today)
    except DocumentError as error:
        return _broken(error.problems)
    rows, here = [*chosen.choice.called, *chosen.choice.paused], days.now.astimezone(days.zone)
    page = render_template(
        "results_confirm.html",
        view=view,
        days=days,
        choice=chosen.choice,
        digest=chosen.digest,
        named=rows[:_NAMED],
        rows=len(rows),
        list_size=len(chosen.phone_index.rows),
        refused=refused,
        run=journal.runs.active(),
        here=here,
        night=is_night_now(),
        once=secrets.token_urlsafe(12),
        alive=service_status(journal.heartbeats.latest(), days.now).alive,
        latest=app_context().settings.latest,
        least=app_context().settings.delivered,
    )
    return page, status if refused else 200


def _changed() -> str:
    return str(
        _("The list or the results have changed in the meantime, so nothing has been done. This is the current state.")
    )


def _submit(journal: Journal, view: ResultsQuery, chosen: ConfirmedSelection, once: str) -> CommandOutcome | None:
    """Have the service start the run, and return the outcome; None if no service is there to take the command."""
    now = app_context().clock()
    if not service_status(journal.heartbeats.latest(), now).alive:
        return None
    return journal.commands.submit_and_wait(
        "start",
        by=visitor().name,
        at=now,
        form_key=once,
        timeout=WAIT_SECONDS,
        sleep=app_context().sleep,
        only=",".join(view.results),
        day=view.day.isoformat(),
        run=view.run or 0,
        expected=chosen.choice.digest,
    )


def _broken(problems: tuple[Problem, ...]) -> ResponseReturnValue:
    return render_template(
        "error.html", code=500, title=_("The list of numbers cannot be read"), remedy="", problems=problems
    ), 500


def _sentence(text: Message) -> str:
    words = translate(text)
    return upper_first(words) + "."
