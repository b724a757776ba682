"""«Первые шаги»: the steps that are still missing until the office can rely on the calls, one after the other."""

import msgspec
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from obzvon.common.errors import UserError
from obzvon.common.supervision import supervisor_command
from obzvon.documents.store import DocumentError
from obzvon.domain.calls import CallRecord
from obzvon.domain.labels import result_label
from obzvon.domain.results import TAKEN_RESULTS
from obzvon.domain.schedule import list_next_starts
from obzvon.journal.journal import Journal
from web.admin import checks
from web.context import app_context
from web.i18n import format_day, format_phone_number, format_time, local_time, lower_first, translate
from web.permissions import may_change, may_open

first_steps = Blueprint("first_steps", __name__, url_prefix="/first-steps")

_YEAR = 31_536_000
_COOKIE = "first-steps"


class SetupStep(msgspec.Struct, frozen=True):
    """A step: whether it is done, its state in words, and the page where it is done. `action` is the link's text."""

    title: str
    done: bool
    text: str
    action: str = ""
    link: str = ""
    #: The command that the administrator types where no page does it.
    command: str = ""


@first_steps.get("")
def index() -> ResponseReturnValue:
    """Show all steps. The first that is not done is the one to do."""
    steps = _steps()
    current = next((number for number, step in enumerate(steps) if not step.done), None)
    return render_template("first_steps.html", steps=steps, current=current, done=sum(step.done for step in steps))


@first_steps.post("/leave")
def leave() -> ResponseReturnValue:
    """Make the list the first page of this browser from now on."""
    response = redirect(url_for("phones.index"), 303)
    response.set_cookie(_COOKIE, "left", max_age=_YEAR, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def is_setup_pending() -> bool:
    """Return whether to open with the first steps: for those who can do them, until all are done or a run has been."""
    if not may_change() or request.cookies.get(_COOKIE) == "left":
        return False
    try:
        journal = app_context().journal()
        if journal.runs.latest() is not None:
            return False
        return not all(step.done for step in _steps())
    except UserError:  # the page of whatever is broken says what to do
        return False


def _steps() -> list[SetupStep]:
    journal = app_context().journal()
    check = checks.last_check(journal)
    return [_service(check), _check(check), _list(), _week(journal), _test_call(journal)]


def _service(check: checks.LastCheck) -> SetupStep:
    title, done = _("The service is running"), check.state in ("alive", "cron")
    if done:
        text = (
            _("Cron starts it every minute.")
            if check.state == "cron"
            else _("It works on %(host)s.", host=check.service.host)
        )
        return SetupStep(title, True, text)
    return SetupStep(
        title,
        False,
        _("Without it nobody is called. The administrator starts it on the server:"),
        command=supervisor_command("start"),
    )


def _check(check: checks.LastCheck) -> SetupStep:
    title, link = _("The check finds no errors"), url_for("checkup.index")
    if check.examined is None and check.state in ("alive", "cron"):
        return SetupStep(
            title, False, _("The first check is under way; look again in a minute."), _("To the check"), link
        )
    if check.examined is None:
        return SetupStep(
            title, False, _("The service checks everything as soon as it is started."), _("To the check"), link
        )
    if check.errors:
        count = ngettext(
            "%(num)s error keeps calls from being made.", "%(num)s errors keep calls from being made.", check.errors
        )
        return SetupStep(title, False, count, _("See what to do"), link)
    if check.is_stale(app_context().clock()):
        return SetupStep(title, False, _("The last check is old."), _("To the check"), link)
    return SetupStep(title, True, _("Everything that a run needs is in order."))


def _list() -> SetupStep:
    title, link = _("There are numbers on the list"), url_for("imports.index")
    try:
        counts = app_context().phones.current().counts
    except DocumentError:
        return SetupStep(title, False, _("The file cannot be read."), _("See what to do"), url_for("phones.index"))
    if counts["called"]:
        return SetupStep(
            title, True, ngettext("%(num)s number is called.", "%(num)s numbers are called.", counts["called"])
        )
    text = _(
        "The list has no number that can be called yet. Bring it from Excel or paste it; single numbers are added "
        "on the page “Numbers”."
    )
    return SetupStep(title, False, text, _("Import a list"), link)


def _week(journal: Journal) -> SetupStep:
    title, at = _("The schedule has a time"), app_context()
    now = at.clock()
    today = local_time(now, at.settings)
    try:
        week = at.schedule.load().data
    except DocumentError:
        return SetupStep(title, False, _("The file cannot be read."), _("See what to do"), url_for("schedule.index"))
    starts = list_next_starts(week, now, journal.runs.scheduled_days(today.date()), zone=at.settings.zone, count=1)
    if starts:
        return SetupStep(
            title,
            True,
            _(
                "The next run: %(day)s, %(time)s.",
                time=format_time(starts[0]),
                day=lower_first(format_day(starts[0], today)),
            ),
        )
    return SetupStep(
        title,
        False,
        _("No day has a time, so nobody is called automatically."),
        _("Set the schedule"),
        url_for("schedule.index"),
    )


def _test_call(journal: Journal) -> SetupStep:
    title = _("A test call to your own number")
    call = journal.queries().last_test_call()
    if call is not None and call.result in TAKEN_RESULTS:
        return SetupStep(title, True, _of(call))
    text = _("Hear for yourself what people will hear. Nobody else is called.")
    if call is not None:
        text = f"{_of(call)} {text}"
    if may_open("run.index"):
        return SetupStep(title, False, text, _("Make a test call"), url_for("run.index") + "#test-call")
    return SetupStep(title, False, text + " " + _("On the server:"), command="obzvon call 89161111111")


def _of(call: CallRecord) -> str:
    return str(
        _(
            "%(number)s: %(result)s.",
            number=format_phone_number(call.number),
            result=translate(result_label(call.result)),
        )
    )
