"""How things stand, what the next run would do, and orders to the service, for programs."""

from hashlib import sha256
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext as _

from obzvon.domain.labels import command_sentence
from obzvon.journal.commands import CommandStatus
from obzvon.reports.next_run import next_run_forecast
from obzvon.reports.status import current_status
from web import phone_form
from web.api.http import json_response, parse_body
from web.api.schemas import CommandDone, EmptyBody, StartRequest, StopRequest, TestCallRequest
from web.commands import WAIT_SECONDS, is_night
from web.context import app_context
from web.i18n import language, translate
from web.permissions import visitor
from web.problems import RequestError, ValidationIssue

run = Blueprint("api_run", __name__, url_prefix="/api/v1")


@run.get("/status")
def status() -> Response:
    """The run in progress or the last one, and the service."""
    at = app_context()
    return json_response(current_status(at.settings, at.journal(), at.clock()).as_dict(language()))


@run.get("/plan")
def plan() -> Response:
    """What the next run would do."""
    at = app_context()
    foreseen = next_run_forecast(
        at.settings, at.phones.current().phones, at.schedule.load(), at.journal(), at.clock(), numbering=at.phones.plan
    )
    return json_response(foreseen.as_dict(language()))


@run.post("/run/start")
def start() -> Response:
    """Start a run now, outside the schedule."""
    wanted = parse_body(StartRequest)
    if wanted.again and wanted.rest:
        raise RequestError(422, "", [ValidationIssue(_("It excludes `again`"), pointer="#/rest")])
    here = app_context().clock().astimezone(app_context().settings.zone)
    if is_night(here) and not wanted.night:
        raise RequestError(
            422,
            "",
            [
                ValidationIssue(
                    _("It is %(time)s, when people are usually not rung: true, if that is meant", time=f"{here:%H:%M}"),
                    pointer="#/night",
                )
            ],
        )
    word = "start again" if wanted.again else "start rest" if wanted.rest else "start"
    return _order("start", word=word, once=wanted.once, again=wanted.again, rest=wanted.rest)


@run.post("/run/pause")
def pause() -> Response:
    """Pause the run; calls in progress continue."""
    parse_body(EmptyBody)
    return _order("pause")


@run.post("/run/resume")
def resume() -> Response:
    """Resume a paused run."""
    parse_body(EmptyBody)
    return _order("resume")


@run.post("/run/stop")
def stop() -> Response:
    """End the run: nobody else will be called."""
    wanted = parse_body(StopRequest)
    return _order(
        "stop", word="stop withdraw" if wanted.withdraw else "stop", once=wanted.once, withdraw=wanted.withdraw
    )


@run.post("/run/call")
def call() -> Response:
    """One test call, outside any run."""
    wanted = parse_body(TestCallRequest)
    form = phone_form.parse_phone_form({"number": wanted.number, "code": wanted.code}, app_context().phones.plan)
    if form.errors:
        raise RequestError(
            422, "", [ValidationIssue(reason, pointer=f"#/{name}") for name, reason in form.errors.items()]
        )
    return _order(
        "call", about=f"{form.number} {form.code}".strip(), once=wanted.once, number=form.number, code=form.code
    )


def _order(name: str, *, word: str = "", about: str = "", once: str = "", **params: Any) -> Response:
    """What the service says to it; raises Refusal where it refuses or says nothing. `word` is of `words.ordered`.

    With the same `once` of the same user it is the same order: it is not done again, and its answer is told again.
    """
    at, who = app_context(), visitor().name
    form_key = sha256(f"{len(who)} {who} {once}".encode("utf-8", "replace")).hexdigest() if once else None
    outcome = at.journal().commands.submit_and_wait(
        name, by=who, at=at.clock(), form_key=form_key, timeout=WAIT_SECONDS, sleep=at.sleep, **params
    )
    if outcome.is_new:
        at.record(who, command_sentence(word or name, outcome.text, about))
    if outcome.status is CommandStatus.NOT_TAKEN:
        raise RequestError(503, _("No service takes it: nothing has been done. Is it running?"))
    if outcome.status is CommandStatus.REFUSED:
        raise RequestError(409, translate(outcome.text))
    done = outcome.status is CommandStatus.DONE
    return json_response(CommandDone(translate(outcome.text)), status=200 if done else 202)
