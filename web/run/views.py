"""«Запуск»: the run in progress or the last one, and what an operator can do about it."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime

import msgspec
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message
from obzvon.documents.store import DocumentError
from obzvon.domain.forecast import RunForecast, SkipReason
from obzvon.reports.day_conflict import is_called_elsewhere
from obzvon.reports.next_run import manual_run_forecast
from web import phone_form
from web.commands import is_night_now, submit_command
from web.context import app_context
from web.i18n import skip_reason_label, zone_city
from web.permissions import may_change
from web.phone_form import PhoneForm
from web.requests import parse_integer
from web.run.line_bar import line_bar_parts as lines_bar
from web.run.state import RunPageState, RunStateCache

run = Blueprint("run", __name__, url_prefix="/run")

#: The parts that the page refreshes by itself. A part that has not changed is left alone while somebody uses it.
PIECES = ("clock", "service", "said", "live", "lines", "actions", "results", "test")
#: Seconds until the next refresh, while something is in progress and otherwise.
_QUICK, _SLOW = 2, 10
#: Skipped rows that are named with their reasons.
_NAMED = 20


# -- the page


@run.get("")
def index() -> ResponseReturnValue:
    """Show the run."""
    return _page()


@run.get("/live")
def live() -> ResponseReturnValue:
    """Return the parts that have changed since the versions that the page has (`have`). 204 if none has."""
    page_state = _state_cache().current(app_context().clock())
    pieces = _pieces(page_state)
    have = _have(pieces)
    if request.args.get("have") == have and request.args.get("every") == str(_every(page_state)):
        return "", 204
    before = dict(part.split("-", 1) for part in request.args.get("have", "")[:500].split(".") if "-" in part)
    now = dict(part.split("-", 1) for part in have.split("."))
    changed = [_for_the_place_of_old(text) for name, text in pieces.items() if now[name] != before.get(name)]
    return render_template("run/live_answer.html", pieces=changed, have=have, every=_every(page_state))


def _page(form: PhoneForm | None = None, status: int = 200) -> ResponseReturnValue:
    page_state = _state_cache().current(app_context().clock())
    pieces = _pieces(page_state)
    return render_template(
        "run.html",
        pieces=pieces,
        have=_have(pieces),
        every=_every(page_state),
        form=form or PhoneForm(),
        once=_once(),
        night=is_night_now(),
    ), status


def _pieces(page_state: RunPageState) -> dict[str, Markup]:
    """Return each part of the page by its name."""
    now, plan, problems = app_context().clock(), None, page_state.problems
    if not problems and not page_state.active:
        try:
            plan = _state_cache().next_forecast(page_state, now)
        except UserError as error:
            problems = error.problems
    view = {**_common(now), "page_state": page_state, "plan": plan, "problems": problems}
    return {name: Markup(render_template(f"run/{name}.html", **view)) for name in PIECES}  # noqa: S704 - our templates


def _for_the_place_of_old(piece: str) -> Markup:
    """Return the part as htmx swaps it for the one with the same id."""
    return Markup(str(piece).replace(' id="run-', ' hx-swap-oob="true" id="run-', 1))  # noqa: S704 - our templates


def _have(pieces: Mapping[str, str]) -> str:
    return ".".join(f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:10]}" for name, text in pieces.items())


def _every(page_state: RunPageState) -> int:
    return _QUICK if page_state.is_moving else _SLOW


def _common(now: datetime) -> dict[str, object]:
    """Return the values that several templates need."""
    settings = app_context().settings
    return {
        "now": now.astimezone(settings.zone),
        "zone": settings.zone,
        "place": zone_city(settings.zone),
        "settings": settings,
        "bar": lines_bar,
        "archived": settings.ordinary.archive or settings.coded.archive or bool(settings.ami),
        "named": _NAMED,
        "skip_reason_label": skip_reason_label,
        "night": is_night_now(),
    }


# -- a start


class StartPreview(msgspec.Struct, frozen=True):
    """The forecast of a start, for the confirmation page. `already_called` rows have been called today."""

    rest: RunForecast
    again: RunForecast
    revision: str
    after: int
    #: Calls of today were made outside this journal: only a run for everybody can be started.
    is_called_elsewhere: bool = False
    #: What keeps the service from its work: the start would be refused.
    problems: tuple[Message, ...] = ()

    @property
    def already_called(self) -> int:
        """The number of rows that have been called today."""
        return self.rest.count_skipped().get(SkipReason.CALLED_TODAY, 0)

    @property
    def is_too_late(self) -> bool:
        """True if it is past the time after which nothing is handed over."""
        return self.rest.until is not None and self.rest.until <= self.rest.now


@run.get("/start")
def ask_start() -> ResponseReturnValue:
    """Ask whether to start a run, and show whom it would call."""
    page_state = _state_cache().current(app_context().clock())
    if refusal := _no_start(page_state):
        return refusal
    return _start_page(_choice(page_state))


@run.post("/start")
def start() -> ResponseReturnValue:
    """Start a run, unless something has changed since the confirmation page."""
    once, again = request.form.get("once", ""), request.form.get("whom") == "again"
    if not _was_sent(once):  # otherwise the form was sent twice, and only the answer is shown again
        page_state = _state_cache().current(app_context().clock())
        if refusal := _no_start(page_state):
            return refusal
        choice = _choice(page_state)
        seen = (request.form.get("revision"), request.form.get("after"))
        if not once or seen != (choice.revision, str(choice.after)):
            return _start_page(choice, changed=True, status=409)
        if is_night_now() and "night" not in request.form:
            return _start_page(choice, unticked=True, status=422)
    submit_command(
        "start",
        word="start again" if again else "start rest",
        once=once,
        again=again,
        rest=not again,
        after=_number("after"),
        list_revision=request.form.get("revision", ""),
    )
    return _back()


def _choice(page_state: RunPageState) -> StartPreview:
    at, now = app_context(), app_context().clock()
    phone_index, week, journal = at.phones.current(), at.schedule.load().data, at.journal()
    rest, again = (
        manual_run_forecast(at.settings, phone_index.phones, week, journal, now, again=again, numbering=at.phones.plan)
        for again in (False, True)
    )
    elsewhere = is_called_elsewhere(journal, now.astimezone(at.settings.zone).date())
    return StartPreview(rest, again, phone_index.revision, page_state.last_id, elsewhere, page_state.service.problems)


def _start_page(
    choice: StartPreview, *, changed: bool = False, unticked: bool = False, status: int = 200
) -> ResponseReturnValue:
    now = choice.rest.now
    today = [start for start in choice.rest.starts if start.date() == now.date()]
    return render_template(
        "run_start.html",
        choice=choice,
        changed=changed,
        unticked=unticked,
        once=_once(),
        today=today,
        **_common(now),
    ), status


def _no_start(page_state: RunPageState) -> ResponseReturnValue | None:
    """Return a redirect if the visitor cannot start a run now, else None."""
    if not may_change():
        return redirect(url_for("run.index"))
    if page_state.active:
        flash(_("A run is already in progress; this is its current state."), "note")
        return redirect(url_for("run.index"), 303)
    return None


# -- what is done to a run


@run.post("/pause", defaults={"name": "pause"})
@run.post("/resume", defaults={"name": "resume"})
def pause_or_resume(name: str) -> ResponseReturnValue:
    """Pause or resume the run."""
    if name == "resume" and is_night_now() and "night" not in request.form:
        flash(_("Nobody is called: the run is still paused. Tick the box to call people at this hour."), "warn")
        return _back()
    submit_command(name, run=_number("run"))
    return _back()


@run.post("/accept")
def accept() -> ResponseReturnValue:
    """Decide about the calls that another journal made today."""
    whom = request.form.get("whom")
    if whom in ("waiting", "rest") and is_night_now() and "night" not in request.form:
        flash(_("Nobody is called: you have not decided yet. Tick the box to call people at this hour."), "warn")
        return _back()
    if whom == "rest":
        submit_command("accept", word="accept rest", rest=True, left=_number("left"))
    else:
        submit_command("accept", call=whom == "waiting")
    return _back()


@run.post("/accept-clock")
def accept_clock() -> ResponseReturnValue:
    """Decide that the clock is right, and that the journal's later times come from a clock that was wrong."""
    if is_night_now() and "night" not in request.form:
        flash(_("Nobody is called: you have not decided yet. Tick the box to call people at this hour."), "warn")
        return _back()
    submit_command("accept", word="accept clock", clock=True)
    return _back()


@run.get("/stop")
def ask_stop() -> ResponseReturnValue:
    """Ask whether to stop the run, and show what happens to the calls in progress."""
    if not may_change():
        return redirect(url_for("run.index"))
    return _stop_page(_state_cache().current(app_context().clock()))


@run.post("/stop")
def stop() -> ResponseReturnValue:
    """Stop the run that was confirmed; with `withdraw` also take back calls that Asterisk has not started."""
    once, withdraw = request.form.get("once", ""), request.form.get("withdraw") == "1"
    page_state = _state_cache().current(app_context().clock())
    if not _was_sent(once) and (not once or _number("run") != page_state.last_id):
        return _stop_page(page_state, changed=True)
    submit_command(
        "stop", word="stop withdraw" if withdraw else "stop", once=once, withdraw=withdraw, run=_number("run")
    )
    return _back()


def _stop_page(page_state: RunPageState, *, changed: bool = False) -> ResponseReturnValue:
    if page_state.status is None or not (page_state.active or page_state.in_progress):
        flash(_("No run is in progress and no call is on its way: there is nothing to stop."), "note")
        return redirect(url_for("run.index"), 303)
    return render_template(
        "run_stop.html", page_state=page_state, changed=changed, once=_once(), **_common(app_context().clock())
    ), 409 if changed else 200


# -- one test call


@run.post("/call")
def call() -> ResponseReturnValue:
    """Make one call to the number that was typed, outside any run."""
    form = phone_form.parse_phone_form(request.form, app_context().phones.plan)
    if is_night_now() and "night" not in request.form:
        form = msgspec.structs.replace(
            form, errors={**form.errors, "night": _("Tick the box to call people at this hour")}
        )
    if form.errors:
        return _page(form, 422)
    number = app_context().phones.plan.normalize(form.number)
    submit_command("call", about=number, once=request.form.get("once", ""), number=number, code=form.code)
    return _back()


@run.get("/call")
def after_call() -> ResponseReturnValue:
    """Redirect those who reload the page after a number was refused."""
    return redirect(url_for("run.index"))


# -- the rest


@run.errorhandler(DocumentError)
def broken(caught: DocumentError) -> ResponseReturnValue:
    """Show the problems of a list or a schedule that cannot be read: a start cannot be forecast then."""
    problems: tuple[Problem, ...] = caught.problems
    return render_template("run_broken.html", problems=problems), 500


def _state_cache() -> RunStateCache:
    found: RunStateCache = current_app.extensions["obzvon.run"]
    return found


def _back() -> ResponseReturnValue:
    _state_cache().forget()
    return redirect(url_for("run.index"), 303)


def _was_sent(once: str) -> bool:
    """Return whether this form was sent before."""
    journal = app_context().journal()
    return bool(once) and journal.commands.find(once[:64]) is not None


def _number(name: str) -> int:
    text = request.form.get(name, "")
    return parse_integer(text, max_digits=9) or 0


def _once() -> str:
    return secrets.token_urlsafe(12)
