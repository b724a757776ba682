"""The schedule, for programs."""

from datetime import date, time

import msgspec
from flask import Blueprint, Response

from obzvon.documents.store import DocumentError, ExternallyChangedError
from obzvon.domain.schedule import Schedule
from obzvon.journal import audit_messages
from web.api.http import check_precondition, json_response, parse_body
from web.api.schemas.schedule import ScheduleDocument
from web.context import app_context
from web.i18n import translate
from web.permissions import visitor
from web.problems import RequestError

schedule = Blueprint("api_schedule", __name__, url_prefix="/api/v1/week")

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MIDNIGHT = time(0)


@schedule.get("")
def index() -> Response:
    """Return the schedule, in the form of `schedule.json`."""
    try:
        loaded = app_context().schedule.load()
    except DocumentError as error:
        if app_context().schedule.path.exists():
            raise
        raise RequestError(404, translate(error.message())) from error
    return json_response(_to_document(loaded.data), revision=loaded.revision)


@schedule.put("")
def replace() -> Response:
    """Replace the schedule, also one that is broken or missing."""
    before, current = _current()
    based_on = check_precondition(current)
    after = _to_schedule(parse_body(ScheduleDocument))
    revision = based_on
    if before != after:
        try:
            revision = app_context().schedule.save(after, based_on, by=visitor().name)
        except ExternallyChangedError as error:
            raise RequestError(412, revision=error.found) from error
        app_context().record(visitor().name, audit_messages.schedule_changed(before or Schedule(), after))
    return json_response(_to_document(after), revision=revision)


def _current() -> tuple[Schedule | None, str]:
    """Return the current schedule and its revision: None if it is broken, and '' if it is missing."""
    try:
        loaded = app_context().schedule.load()
    except DocumentError as error:
        return None, error.revision
    return loaded.data, loaded.revision


def _to_document(plan: Schedule) -> ScheduleDocument:
    return ScheduleDocument(
        **dict(zip(_DAYS, map(_format_start, plan.times), strict=True)),
        dates={day: _format_start(at) for day, at in sorted(plan.dates.items())},
    )


def _to_schedule(document: ScheduleDocument) -> Schedule:
    dates: dict[date, time | None] = {day: _parse_start(at) for day, at in sorted(document.dates.items())}
    return Schedule(tuple(_parse_start(getattr(document, day)) for day in _DAYS), dates)


def _format_start(start: time | None) -> str:
    return f"{start or _MIDNIGHT:%H:%M}"


def _parse_start(text: str) -> time | None:
    start = msgspec.convert(f"{text}:00", time)
    return None if start == _MIDNIGHT else start
