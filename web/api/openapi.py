"""The description of the interface in OpenAPI 3.1; its schemas are made from the very shapes that are read and sent."""

from typing import Any, Literal, NamedTuple

import msgspec

import obzvon
from web.api import reports
from web.api import schemas as shapes
from web.problems import JSON as PROBLEM
from web.problems import ProblemDetails

_SCHEMAS = "#/components/schemas/{name}"
_USUAL = {
    400: "The request cannot be understood, or came from another site's page.",
    401: "A name and a password are needed.",
    403: "The user may only look.",
    413: "The body is too large.",
    415: "The body is no JSON, or does not say that it is.",
    422: "The body cannot be taken; `errors` says why, all of it.",
    429: "Too many wrong passwords from this address.",
    500: "It could not be done; nothing has been changed.",
    503: "The journal cannot be used at the moment.",
}
_LOOKING, _CHANGING = (401, 429, 500, 503), (400, 401, 403, 413, 415, 422, 429, 500, 503)

_ETAG = {"ETag": {"description": "The revision.", "schema": {"type": "string"}}}
_CHANGED = {
    412: "Another revision stands there, `revision`; nothing has been changed.",
    428: "Neither If-Match nor If-None-Match is there.",
}
_SAME = {304: "The client has this revision already."}


class Operation(NamedTuple):
    """One thing that can be done; what it is called and does is the docstring of what does it."""

    path: str
    method: Literal["get", "put", "patch", "post"]
    what: str
    answer: Any
    body: Any = None
    parameters: Any = None
    more: dict[int, str] = {}  # noqa: RUF012 - named tuples take defaults only so
    missing: str = ""
    """Of what may not be there: when it is not."""
    revised: bool = False
    """Whether it is a document that has revisions."""


_NO_FILE = "There is no such file yet: PUT one with If-None-Match: *."
OPERATIONS = (
    Operation("/phones", "get", "Rows of the list", shapes.PhonePage, None, shapes.Selection, {}, _NO_FILE, True),
    Operation(
        "/phones", "put", "Another list in the place of this one", shapes.SavedList, shapes.NewList, revised=True
    ),
    Operation(
        "/phones",
        "patch",
        "Some rows more, less or otherwise",
        shapes.SavedList,
        shapes.ListChange,
        None,
        {},
        _NO_FILE,
        True,
    ),
    Operation("/phones/{row}", "get", "One row by its key", shapes.Row, missing="There is no such row.", revised=True),
    Operation("/week", "get", "The week", shapes.ScheduleDocument, missing=_NO_FILE, revised=True),
    Operation("/week", "put", "Another week", shapes.ScheduleDocument, shapes.ScheduleDocument, revised=True),
    Operation("/status", "get", "The run in progress or the last one, and the service", shapes.Status),
    Operation("/plan", "get", "What the next run would do", shapes.ForecastDocument),
    Operation("/run/start", "post", "Begins a run now, beside the week's", shapes.CommandDone, shapes.StartRequest),
    Operation(
        "/run/pause", "post", "Holds the hand-over; calls in progress go on", shapes.CommandDone, shapes.EmptyBody
    ),
    Operation("/run/resume", "post", "Goes on with a paused run", shapes.CommandDone, shapes.EmptyBody),
    Operation(
        "/run/stop", "post", "Ends the run: who was not rung yet will not be", shapes.CommandDone, shapes.StopRequest
    ),
    Operation("/run/call", "post", "One test call, outside any run", shapes.CommandDone, shapes.TestCallRequest),
    Operation("/report", "get", "What became of each phone on a day", shapes.Report, None, shapes.ReportQuery),
    Operation("/changes", "get", "Who changed what, the newest first", shapes.Changes, None, shapes.ChangesQuery),
    Operation("/openapi.json", "get", "This description", dict[str, Any]),
)


def openapi_document() -> dict[str, Any]:
    """All of it."""
    shaped = [one for operation in OPERATIONS for one in (operation.answer, operation.body) if one]
    _, schemas = msgspec.json.schema_components([*dict.fromkeys(shaped), ProblemDetails], ref_template=_SCHEMAS)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "obzvon",
            "version": obzvon.__version__,
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
    told = {status: _USUAL[status] for status in (_CHANGING if changes else _LOOKING)}
    if operation.parameters or operation.revised:
        told[400] = _USUAL[400]
    if operation.missing:
        told[404] = operation.missing
    if operation.path.startswith("/run/"):
        told |= {409: "The service refuses; `detail` says why.", 503: "No service takes it."}
    if operation.revised:
        told |= _CHANGED if changes else _SAME
    described: dict[str, Any] = {
        "summary": operation.what,
        "operationId": f"{operation.method}{operation.path.title().translate(_NO_SIGNS)}",
        "parameters": [*_parameters(operation), *_conditions(operation)],
        "responses": {
            "200": _done(operation),
            **_later(operation),
            **{str(status): _refused(status, what) for status, what in sorted(told.items())},
        },
    }
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(operation.body)}},
        }
    return described


def _done(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": _schema(operation.answer)}}
    if operation.path == "/report":
        content |= {reports.TYPES[form]: {} for form in ("csv", "xlsx")}
    return {"description": "Done.", "content": content, **({"headers": _ETAG} if operation.revised else {})}


def _later(operation: Operation) -> dict[str, Any]:
    if not operation.path.startswith("/run/"):
        return {}
    return {
        "202": {
            "description": "The service has taken it and has not answered yet.",
            "content": {"application/json": {"schema": _schema(operation.answer)}},
        }
    }


def _refused(status: int, what: str) -> dict[str, Any]:
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
        return [_header("If-None-Match", "A revision that the client has already.")]
    return [
        _header("If-Match", "The revision that the change is based on, or *: whatever stands there."),
        *(
            [_header("If-None-Match", "*, in place of If-Match: only if there is no such file yet.")]
            if operation.method == "put"
            else []
        ),
    ]


def _header(name: str, what: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": what, "schema": {"type": "string"}}


def _schema(shape: Any) -> dict[str, Any]:
    [schema], _ = msgspec.json.schema_components([shape], ref_template=_SCHEMAS)
    return schema


_NO_SIGNS = str.maketrans("", "", "/{}.")
_ABOUT = """\
What the editor's pages do, for programs, with the same users and rights. Requests that change something carry
`Content-Type: application/json`; a browser's must come from the editor's own page. The list and the week have
revisions: a change names the one that it is based on (`If-Match`), so that nobody's change is lost. Whatever is refused
is told as RFC 9457 has it, all at once, in the language of `Accept-Language` (ru, en)."""
