"""The week, for programs."""

from datetime import date, time

import msgspec
from flask import Blueprint, Response

from obzvon.documents.store import DocumentError, ExternallyChangedError
from obzvon.domain.schedule import Schedule
from obzvon.journal import audit_messages
from web.api.http import check_precondition, json_response, parse_body
from web.api.schemas import ScheduleDocument
from web.context import app_context
from web.i18n import translate
from web.permissions import visitor
from web.problems import RequestError

week = Blueprint("api_week", __name__, url_prefix="/api/v1/week")

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MIDNIGHT = time(0)


@week.get("")
def index() -> Response:
    """The week, as `schedule.json` has it."""
    try:
        loaded = app_context().schedule.load()
    except DocumentError as error:
        if app_context().schedule.path.exists():
            raise
        raise RequestError(404, translate(error.message())) from error
    return json_response(_written(loaded.data), revision=loaded.revision)


@week.put("")
def replace() -> Response:
    """Another week; also in the place of one that is broken or missing."""
    before, present = _before()
    based = check_precondition(present)
    after = _read(parse_body(ScheduleDocument))
    revision = based
    if before != after:
        try:
            revision = app_context().schedule.save(after, based)
        except ExternallyChangedError as error:
            raise RequestError(412, revision=error.found) from error
        app_context().record(visitor().name, audit_messages.schedule_changed(before or Schedule(), after))
    return json_response(_written(after), revision=revision)


def _before() -> tuple[Schedule | None, str]:
    """The week and the revision that stand there; of one that cannot be read None, of none no revision."""
    try:
        loaded = app_context().schedule.load()
    except DocumentError as error:
        return None, error.revision
    return loaded.data, loaded.revision


def _written(week: Schedule) -> ScheduleDocument:
    return ScheduleDocument(
        **dict(zip(_DAYS, map(_clock, week.times), strict=True)),
        dates={day: _clock(at) for day, at in sorted(week.dates.items())},
    )


def _read(written: ScheduleDocument) -> Schedule:
    dates: dict[date, time | None] = {day: _start(at) for day, at in sorted(written.dates.items())}
    return Schedule(tuple(_start(getattr(written, day)) for day in _DAYS), dates)


def _clock(start: time | None) -> str:
    return f"{start or _MIDNIGHT:%H:%M}"


def _start(text: str) -> time | None:
    start = msgspec.convert(f"{text}:00", time)
    return None if start == _MIDNIGHT else start
