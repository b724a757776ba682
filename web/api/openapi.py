"""The OpenAPI 3.1 description of the JSON interface, made from the very classes that are decoded and encoded."""

import functools
from typing import Any, Literal, NamedTuple

import msgspec

from obzvon.common.version import installed_version
from web.api import reports
from web.api.schemas.commands import CommandDone, EmptyBody, ResumeRequest, StartRequest, StopRequest, TestCallRequest
from web.api.schemas.phones import ListChange, NewList, PhonePage, Row, SavedList, Selection
from web.api.schemas.reports import Changes, ChangesQuery, Report, ReportQuery
from web.api.schemas.schedule import ScheduleDocument
from web.api.schemas.status import ForecastDocument, Status
from web.problems import JSON as PROBLEM
from web.problems import ProblemDetails

_SCHEMAS = "#/components/schemas/{name}"
_REASONS = {
    400: "The request cannot be understood, or came from another site's page.",
    401: "A name and a password are needed.",
    403: "The user may only view.",
    413: "The body is too large.",
    415: "The body is not JSON, or is not declared as JSON.",
    422: "The body has errors; `errors` lists all of them.",
    429: "Too many wrong passwords from this address.",
    500: "It could not be done; nothing has been changed.",
    503: "The journal cannot be used at the moment.",
}
_READ_STATUSES, _CHANGE_STATUSES = (401, 429, 500, 503), (400, 401, 403, 413, 415, 422, 429, 500, 503)

_ETAG = {"ETag": {"description": "The revision.", "schema": {"type": "string"}}}
_CHANGED = {
    412: "Another revision is current, `revision`; nothing has been changed.",
    428: "Neither If-Match nor If-None-Match was sent.",
}
_SAME = {304: "The client has this revision already."}


class Operation(NamedTuple):
    """An operation of the interface: its address, its documents and its special responses."""

    path: str
    method: Literal["get", "put", "patch", "post"]
    summary: str
    answer: Any
    body: Any = None
    parameters: Any = None
    #: The description of status 404, for a document that may be missing.
    missing: str = ""
    #: Whether the document has revisions.
    revised: bool = False


_NO_FILE = "There is no such file yet: PUT one with If-None-Match: *."
OPERATIONS = (
    Operation("/phones", "get", "Rows of the list", PhonePage, None, Selection, _NO_FILE, True),
    Operation("/phones", "put", "Replace the list", SavedList, NewList, revised=True),
    Operation(
        "/phones",
        "patch",
        "Add, change and delete rows",
        SavedList,
        ListChange,
        None,
        _NO_FILE,
        True,
    ),
    Operation("/phones/{row}", "get", "A row by its key", Row, missing="There is no such row.", revised=True),
    Operation("/week", "get", "The schedule", ScheduleDocument, missing=_NO_FILE, revised=True),
    Operation("/week", "put", "Replace the schedule", ScheduleDocument, ScheduleDocument, revised=True),
    Operation("/status", "get", "The run in progress or the last one, and the service", Status),
    Operation("/plan", "get", "The forecast of the next run", ForecastDocument),
    Operation("/run/start", "post", "Start a run now, outside the schedule", CommandDone, StartRequest),
    Operation("/run/pause", "post", "Pause the run; calls in progress continue", CommandDone, EmptyBody),
    Operation("/run/resume", "post", "Resume a paused run", CommandDone, ResumeRequest),
    Operation("/run/stop", "post", "End the run: nobody else will be called", CommandDone, StopRequest),
    Operation("/run/call", "post", "Make a test call, outside any run", CommandDone, TestCallRequest),
    Operation("/report", "get", "The result of each call of a day", Report, None, ReportQuery),
    Operation("/changes", "get", "Who changed what, the newest first", Changes, None, ChangesQuery),
    Operation("/openapi.json", "get", "This description", dict[str, Any]),
)


@functools.cache
def openapi_document() -> dict[str, Any]:
    """Return the whole description. It is made once, when it is first asked for."""
    documents = [one for operation in OPERATIONS for one in (operation.answer, operation.body) if one]
    _, schemas = msgspec.json.schema_components([*dict.fromkeys(documents), ProblemDetails], ref_template=_SCHEMAS)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "obzvon",
            "version": installed_version(),
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"login": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"login": {"type": "http", "scheme": "basic"}}},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    changes = operation.method != "get"
    statuses = {status: _REASONS[status] for status in (_CHANGE_STATUSES if changes else _READ_STATUSES)}
    if operation.parameters or operation.revised:
        statuses[400] = _REASONS[400]
    if operation.missing:
        statuses[404] = operation.missing
    if operation.path.startswith("/run/"):
        statuses |= {409: "The service refuses; `detail` says why.", 503: "The service has not accepted the command."}
    if operation.revised:
        statuses |= _CHANGED if changes else _SAME
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": f"{operation.method}{operation.path.title().translate(_WITHOUT_SIGNS)}",
        "parameters": [*_parameters(operation), *_conditions(operation)],
        "responses": {
            "200": _success(operation),
            **_accepted(operation),
            **{str(status): _problem(status, what) for status, what in sorted(statuses.items())},
        },
    }
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(operation.body)}},
        }
    return described


def _success(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": _schema(operation.answer)}}
    if operation.path == "/report":
        content |= {reports.TYPES[form]: {} for form in ("csv", "xlsx")}
    return {"description": "Done.", "content": content, **({"headers": _ETAG} if operation.revised else {})}


def _accepted(operation: Operation) -> dict[str, Any]:
    if not operation.path.startswith("/run/"):
        return {}
    return {
        "202": {
            "description": "The service has taken it and has not answered yet.",
            "content": {"application/json": {"schema": _schema(operation.answer)}},
        }
    }


def _problem(status: int, what: str) -> dict[str, Any]:
    if status == 304:
        return {"description": what}
    found: dict[str, Any] = {"description": what, "content": {PROBLEM: {"schema": _schema(ProblemDetails)}}}
    if status in (401, 429):
        name = "WWW-Authenticate" if status == 401 else "Retry-After"
        found["headers"] = {name: {"schema": {"type": "string"}}}
    return found


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    if "{row}" in operation.path:
        return [
            {
                "name": "row",
                "in": "path",
                "required": True,
                "description": "The row's key.",
                "schema": {"type": "string", "minLength": 1},
            }
        ]
    if operation.parameters is None:
        return []
    schema = msgspec.json.schema_components([operation.parameters], ref_template=_SCHEMAS)[1]
    fields = schema[operation.parameters.__name__]["properties"]
    return [
        {"name": name, "in": "query", "description": field.pop("description", ""), "schema": field}
        for name, field in fields.items()
    ]


def _conditions(operation: Operation) -> list[dict[str, Any]]:
    if not operation.revised:
        return []
    if operation.method == "get":
        return [_header("If-None-Match", "A revision that the client already has.")]
    return [
        _header("If-Match", "The revision that the change is based on, or * for any."),
        *(
            [_header("If-None-Match", "*, instead of If-Match: only if there is no such file yet.")]
            if operation.method == "put"
            else []
        ),
    ]


def _header(name: str, what: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": what, "schema": {"type": "string"}}


def _schema(document: Any) -> dict[str, Any]:
    [schema], _ = msgspec.json.schema_components([document], ref_template=_SCHEMAS)
    return schema


_WITHOUT_SIGNS = str.maketrans("", "", "/{}.")
_ABOUT = """\
What the editor's pages do, for programs, with the same users and rights. Requests that change something carry
`Content-Type: application/json`; a browser's must come from the editor's own page. The list and the schedule have
revisions: a change names the one that it is based on (`If-Match`), so that nobody's change is lost. Errors are reported
as in RFC 9457, all at once, in the language of `Accept-Language` (ru, en)."""
