"""The report of a day and the audit log, for programs."""

import tempfile
from collections.abc import Iterator
from typing import IO, Any, cast

from flask import Blueprint, Response
from msgspec import UNSET

from obzvon.reports import call_report
from web.api.http import json_response, parse_query
from web.api.schemas.reports import Change, Changes, ChangesQuery, ReportQuery
from web.context import app_context
from web.i18n import language, translate

reports = Blueprint("api_reports", __name__, url_prefix="/api/v1")

TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_CHUNK_BYTES = 65_536


@reports.get("/report")
def day() -> Response:
    """Return the result of each call of a day."""
    wanted = parse_query(ReportQuery)
    context = app_context()
    zone, least = context.settings.zone, context.settings.delivered
    of = context.clock().astimezone(zone).date() if wanted.day is UNSET else wanted.day
    journal = context.journal()
    lines = journal.calls.records_on(of)
    # The report is complete before its first byte is sent: a slow reader does not keep the journal open, and an error
    # is a response of its own instead of half a report.
    stream = cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115 - closed after it is sent
    try:
        if wanted.form == "csv":
            call_report.write_calls_csv(lines, stream, zone=zone, language=language(), least=least)
        elif wanted.form == "xlsx":
            call_report.write_calls_xlsx(lines, stream, zone=zone, language=language(), least=least)
        else:
            call_report.write_calls_json(lines, stream, day=of, zone=zone, language=language(), least=least)
        length = stream.tell()
        stream.seek(0)
    except BaseException:
        stream.close()
        raise
    answer = Response(_chunks(stream), mimetype=TYPES[wanted.form])
    answer.call_on_close(stream.close)
    answer.content_length = length
    answer.vary.add("Accept-Language")
    if wanted.form != "json":
        answer.headers.set("Content-Disposition", "attachment", filename=f"obzvon-{of}.{wanted.form}")
    return answer


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


@reports.get("/changes")
def latest() -> Response:
    """Return who changed what, the newest first."""
    wanted = parse_query(ChangesQuery)
    journal = app_context().journal()
    before: Any = None if wanted.before is UNSET else wanted.before
    found = journal.audit.latest(wanted.limit, before=before)
    return json_response(
        Changes(
            tuple(Change(one.id, one.at, one.who, translate(one.what)) for one in found),
            found[-1].id if len(found) == wanted.limit else None,
        )
    )
