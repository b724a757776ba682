"""The status, the forecast and the commands of the JSON interface."""

from hashlib import sha256
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext as _

from obzvon.journal.commands import CommandStatus
from web import phone_form
from web.api.http import json_response, parse_body
from web.api.schemas.commands import CommandDone, EmptyBody, ResumeRequest, StartRequest, StopRequest, TestCallRequest
from web.commands import is_night_now, run_command
from web.context import app_context
from web.i18n import format_time, language, local_time, translate
from web.permissions import visitor
from web.problems import RequestError, ValidationIssue

run = Blueprint("api_run", __name__, url_prefix="/api/v1")


@run.get("/status")
def status() -> Response:
    """Return the run in progress or the last one, and the state of the service."""
    return json_response(app_context().current_status().as_dict(language()))


@run.get("/plan")
def plan() -> Response:
    """Return what the next run would do."""
    context = app_context()
    forecast = context.forecast_next_run(context.phones.current().phones, context.schedule.load())
    problems = context.current_status().service.problems
    spoken = [problem.in_language(language()) for problem in problems]
    return json_response(forecast.as_dict(language()) | {"problems": spoken})


@run.post("/run/start")
def start() -> Response:
    """Begin a run now, beside the scheduled one."""
    wanted = parse_body(StartRequest)
    if wanted.again and wanted.rest:
        raise RequestError(422, "", [ValidationIssue(_("It cannot be combined with `again`"), pointer="#/rest")])
    _refuse_at_night(confirmed=wanted.night)
    word = "start again" if wanted.again else "start rest" if wanted.rest else "start"
    return _submit("start", word=word, once=wanted.once, again=wanted.again, rest=wanted.rest)


@run.post("/run/pause")
def pause() -> Response:
    """Pause the hand-over; calls in progress continue."""
    parse_body(EmptyBody)
    return _submit("pause")


@run.post("/run/resume")
def resume() -> Response:
    """Resume a paused run."""
    wanted = parse_body(ResumeRequest)
    _refuse_at_night(confirmed=wanted.night)
    return _submit("resume")


@run.post("/run/stop")
def stop() -> Response:
    """End the run: phones that were not called yet are not called."""
    wanted = parse_body(StopRequest)
    return _submit(
        "stop", word="stop withdraw" if wanted.withdraw else "stop", once=wanted.once, withdraw=wanted.withdraw
    )


@run.post("/run/call")
def call() -> Response:
    """Make one test call, outside any run."""
    wanted = parse_body(TestCallRequest)
    form = phone_form.parse_phone_form({"number": wanted.number, "code": wanted.code}, app_context().phones.plan)
    if form.errors:
        raise RequestError(
            422, "", [ValidationIssue(reason, pointer=f"#/{name}") for name, reason in form.errors.items()]
        )
    _refuse_at_night(confirmed=wanted.night)
    return _submit(
        "call", about=f"{form.number} {form.code}".strip(), once=wanted.once, number=form.number, code=form.code
    )


def _refuse_at_night(*, confirmed: bool) -> None:
    """Raise RequestError at an hour when people are usually not called, unless the request says that it is meant."""
    if confirmed or not is_night_now():
        return
    now = local_time(app_context().clock(), app_context().settings)
    reason = _(
        "It is %(time)s, when people are usually not called: set it to true if you mean it", time=format_time(now)
    )
    raise RequestError(422, "", [ValidationIssue(reason, pointer="#/night")])


def _submit(name: str, *, word: str = "", about: str = "", once: str = "", **params: Any) -> Response:
    """Run a command and return the service's answer. Raises RequestError if the service refuses or does not answer.

    With the same `once` of the same user it is the same command: it is not executed again, and its answer is repeated.
    """
    who = visitor().name
    form_key = sha256(f"{len(who)} {who} {once}".encode("utf-8", "replace")).hexdigest() if once else None
    outcome = run_command(name, form_key=form_key, word=word, about=about, **params)
    if outcome.status is CommandStatus.NOT_TAKEN:
        raise RequestError(
            503, _("The service has not accepted the command, and nothing has been done. Is it running?")
        )
    if outcome.status is CommandStatus.REFUSED:
        raise RequestError(409, translate(outcome.text))
    done = outcome.status is CommandStatus.DONE
    return json_response(CommandDone(translate(outcome.text)), status=200 if done else 202)
